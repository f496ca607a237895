"""Resources wait for every policy that they need, and say so where the template doesn't."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, S3Location
from tests.datasets import GROUP_ARN, METRIC, add_ratings
from tests.life.conftest import GROUP, allowing, l1_key, logical_id
from tests.policies import resources, template

OF_THE_BUCKET = ["DataKey17AFBB84", "EncryptedBucketPolicy0FE5B3AE"]
KEY, POLICY = "EncryptionKey3A692D6E", "EncryptionPolicy3F28E3E0"


def dataset_waits_for(encryption: PersonalizeEncryption, source: S3Location) -> list[str]:
    """The dependencies of a dataset and of its import job."""
    dataset = add_ratings(encryption, import_from=source)
    (resource,) = resources(dataset.stack, "AWS::Personalize::Dataset").values()
    return list(resource["DependsOn"])


SOURCES: dict[str, Callable[[cdk.Stack, kms.Key], S3Location]] = {
    "bucket imported with it": lambda stack, key: S3Location(
        s3.Bucket.from_bucket_attributes(
            stack, "Imported", bucket_name="ratings", encryption_key=key
        ),
        "",
    ),
    "given with the location": lambda stack, key: S3Location(
        s3.Bucket(stack, "Made"), "", encryption_key=key
    ),
}


@pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)
@pytest.mark.parametrize("make_key", [kms.Key, l1_key], ids=["L2", "L1"])
def test_an_import_waits_for_a_key_that_nothing_else_refers_to(
    stack: cdk.Stack,
    source: Callable[[cdk.Stack, kms.Key], S3Location],
    make_key: Callable[..., Any],
) -> None:
    """For imports alone the role's policy refers to no key, so the order has to be explicit."""
    key = make_key(stack, "TheKey")
    as_l2: Any = key if make_key is kms.Key else kms.Key.from_key_arn(stack, "Same", key.attr_arn)
    encryption = PersonalizeEncryption(stack, "Encryption")
    assert logical_id(key) in dataset_waits_for(encryption, source(stack, as_l2))


def test_an_import_from_a_bucket_of_the_app(stack: cdk.Stack, encrypted_bucket: s3.Bucket) -> None:
    """That the bucket refers to its key is said again, and no fault."""
    encryption = allowing(stack, GROUP)
    assert dataset_waits_for(encryption, S3Location(encrypted_bucket, "")) == [
        *OF_THE_BUCKET,
        POLICY,
    ]


@pytest.mark.parametrize("immutable", [True, False])
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_the_order_of_calls_does_not_show(
    stack: cdk.Stack, encrypted_bucket: s3.Bucket, immutable: bool, order: tuple[int, ...]
) -> None:
    """Nothing waits for a key that it refers to, or that a policy of the role refers to."""
    role = iam.Role.from_role_arn(
        stack, "Role", "arn:aws:iam::111111111111:role/p", mutable=not immutable
    )
    encryption = PersonalizeEncryption(stack, "Encryption", service_role=role)
    waiting = cdk.CfnResource(stack, "Waiting", type="Custom::Waiting")
    location = S3Location(encrypted_bucket, "import/")
    calls: list[Callable[[], Any]] = [
        lambda: encryption.add_dataset_group("Movies", name="movies"),
        lambda: add_ratings(encryption, import_from=location),
        lambda: encryption.add_metric_attribution(
            "Metrics", dataset_group=GROUP_ARN, name="m", metrics=[METRIC], destination=location
        ),
        lambda: waiting.node.add_dependency(encryption.permissions),
    ]
    for index in order:
        calls[index]()

    every = template(stack)["Resources"]
    bucket_key, bucket_policy = OF_THE_BUCKET
    keys = {bucket_key, KEY} if immutable else set()
    others = {bucket_policy} if immutable else {bucket_policy, POLICY}
    waited_for = {id: set(resource.get("DependsOn", ())) for id, resource in every.items()}
    assert waited_for["Waiting"] == keys | others
    assert waited_for["EncryptionRatingsB9604DAC"] == keys | others
    assert waited_for["EncryptionMoviesB1966C99"] == (keys | others) - {KEY}
    assert waited_for["EncryptionMetrics1F650766"] == (keys | others) - {bucket_key}
