"""Resources wait for every policy that they need, and say so where the template doesn't."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.life.conftest import l1_key
from tests.policies import resources

GROUP_ARN = "arn:aws:personalize:eu-west-1:111111111111:dataset-group/movies"
GROUP = PersonalizeResource.dataset_group()


def waits_for(stack: cdk.Stack, resource_type: str) -> list[str]:
    (resource,) = resources(stack, resource_type).values()
    return list(resource.get("DependsOn", []))


def add_ratings(encryption: PersonalizeEncryption, bucket: Any, dataset_group: Any, **props: Any) -> None:
    encryption.add_dataset(
        "Ratings",
        dataset_group=dataset_group,
        schema_arn="arn:aws:personalize:::schema/s",
        name="ratings",
        dataset_type="Interactions",
        import_from=S3Location(bucket, "import/", **props),
    )


def data_key_id(stack: cdk.Stack, key: kms.Key) -> str:
    l1: Any = key.node.default_child
    return str(stack.resolve(l1.logical_id))


def test_an_import_from_a_bucket_imported_with_its_key(stack: cdk.Stack, data_key: kms.Key) -> None:
    """Nothing in the template refers to the key but the statement of the dataset."""
    bucket = s3.Bucket.from_bucket_attributes(stack, "Imported", bucket_name="ratings", encryption_key=data_key)
    encryption = PersonalizeEncryption(stack, "Encryption")
    add_ratings(encryption, bucket, encryption.add_dataset_group("Movies", name="movies"))
    assert data_key_id(stack, data_key) in waits_for(stack, "AWS::Personalize::Dataset")


def test_an_import_with_an_l1_key(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """The same for a key that is given with the location."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    movies = encryption.add_dataset_group("Movies", name="movies")
    add_ratings(encryption, bucket, movies, encryption_key=l1_key(stack))
    assert "L1Key" in waits_for(stack, "AWS::Personalize::Dataset")


def test_an_import_from_a_bucket_of_the_app(stack: cdk.Stack, encrypted_bucket: s3.Bucket) -> None:
    """The role's policy refers to no key for imports alone; that the bucket does is said again, and no fault."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    add_ratings(encryption, encrypted_bucket, encryption.add_dataset_group("Movies", name="movies"))
    assert waits_for(stack, "AWS::Personalize::Dataset") == [
        "DataKey17AFBB84",
        "EncryptedBucketPolicy0FE5B3AE",
        "EncryptionPolicy3F28E3E0",
    ]


def test_a_dataset_of_a_group_that_is_known_by_its_arn(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """ARNs are taken; without a role policy that refers to the key, the dataset says that it waits for it."""
    role = iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::111111111111:role/personalize", mutable=False)
    encryption = PersonalizeEncryption(stack, "Encryption", service_role=role)
    add_ratings(encryption, bucket, GROUP_ARN)
    (dataset,) = resources(stack, "AWS::Personalize::Dataset").values()
    assert dataset["Properties"]["DatasetGroupArn"] == GROUP_ARN
    assert dataset["DependsOn"] == ["BucketPolicyE9A3008A", "EncryptionKey3A692D6E"]


def test_a_dataset_group_of_an_immutable_role(stack: cdk.Stack) -> None:
    """No policy of the role refers to the key; that the dataset group does is said again, and no fault."""
    role = iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::111111111111:role/personalize", mutable=False)
    PersonalizeEncryption(stack, "Encryption", service_role=role).add_dataset_group("Movies", name="movies")
    assert waits_for(stack, "AWS::Personalize::DatasetGroup") == ["EncryptionKey3A692D6E"]


@pytest.mark.parametrize("immutable", [True, False])
def test_permissions_have_the_key_of_the_app(stack: cdk.Stack, immutable: bool) -> None:
    """An L1 of the user's may refer to nothing of ours; the role's policy refers to the key, where there is one."""
    role = iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::111111111111:role/p", mutable=not immutable)
    encryption = PersonalizeEncryption(stack, "Encryption", service_role=role, resources=[GROUP])
    solution = personalize.CfnSolution(stack, "Solution", name="solution", dataset_group_arn=GROUP_ARN)
    solution.node.add_dependency(encryption.permissions)
    expected = "EncryptionKey3A692D6E" if immutable else "EncryptionPolicy3F28E3E0"
    assert waits_for(stack, "AWS::Personalize::Solution") == [expected]


def test_permissions_that_come_later_are_waited_for(stack: cdk.Stack, encrypted_bucket: s3.Bucket) -> None:
    """Whoever asked early waits for what is allowed late."""
    encryption = PersonalizeEncryption(stack, "Encryption", resources=[GROUP])
    solution = personalize.CfnSolution(stack, "Solution", name="solution", dataset_group_arn=GROUP_ARN)
    solution.node.add_dependency(encryption.permissions)
    encryption.allow(PersonalizeResource.dataset_import_job(S3Location(encrypted_bucket, "import/")))
    assert set(waits_for(stack, "AWS::Personalize::Solution")) == {
        "DataKey17AFBB84",
        "EncryptedBucketPolicy0FE5B3AE",
        "EncryptionPolicy3F28E3E0",
    }


def test_a_dataset_of_the_user_waits_by_its_dataset_group(stack: cdk.Stack, encrypted_bucket: s3.Bucket) -> None:
    """Its import needs the bucket's policy, and it refers to nothing but the dataset group."""
    job = PersonalizeResource.dataset_import_job(S3Location(encrypted_bucket, "import/"))
    PersonalizeEncryption(stack, "Encryption", resources=[job]).add_dataset_group("Movies", name="movies")
    assert waits_for(stack, "AWS::Personalize::DatasetGroup") == [
        "DataKey17AFBB84",
        "EncryptedBucketPolicy0FE5B3AE",
        "EncryptionKey3A692D6E",
        "EncryptionPolicy3F28E3E0",
    ]
