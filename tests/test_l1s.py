"""Personalize resources made by the construct: wired, and ordered after the policies they need."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, S3Location
from tests.policies import key_policy, resources, role_policy

SCHEMA_ARN = "arn:aws:personalize:eu-west-1:111111111111:schema/interactions"
KEY = {"Fn::GetAtt": ["EncryptionKey3A692D6E", "Arn"]}
ROLE = {"Fn::GetAtt": ["EncryptionRole2D2265A5", "Arn"]}
BUCKET_NAME = {"Ref": "EncryptedBucket6730B3DC"}
DATASET_GROUP_ARN = {"Fn::GetAtt": ["EncryptionMoviesB1966C99", "DatasetGroupArn"]}


@pytest.fixture
def encryption(stack: cdk.Stack) -> PersonalizeEncryption:
    return PersonalizeEncryption(stack, "Encryption")


@pytest.fixture
def movies(encryption: PersonalizeEncryption) -> personalize.CfnDatasetGroup:
    return encryption.add_dataset_group("Movies", name="movies")


def only(stack: cdk.Stack, resource_type: str) -> dict[str, Any]:
    (resource,) = resources(stack, resource_type).values()
    return dict(resource)


def test_a_dataset_group_has_key_role_and_order(
    stack: cdk.Stack, encryption: PersonalizeEncryption, movies: personalize.CfnDatasetGroup
) -> None:
    """Key and role come together, and the dataset group waits for the role's policy."""
    assert only(stack, "AWS::Personalize::DatasetGroup") == {
        "Type": "AWS::Personalize::DatasetGroup",
        "Properties": {"Name": "movies", "KmsKeyArn": KEY, "RoleArn": ROLE},
        "DependsOn": ["EncryptionPolicy3F28E3E0"],
    }


def test_a_dataset_group_is_allowed_by_itself(stack: cdk.Stack, movies: personalize.CfnDatasetGroup) -> None:
    """The statements of ``dataset_group()`` are there without being chosen."""
    assert [statement["Sid"] for statement in role_policy(stack)] == ["UseKey"]
    assert len(key_policy(stack, "EncryptionKey3A692D6E")) == 2


def test_a_dataset_group_can_have_domain_and_tags(stack: cdk.Stack, encryption: PersonalizeEncryption) -> None:
    """Both are as given."""
    encryption.add_dataset_group("Movies", name="movies", domain="VIDEO_ON_DEMAND", tags={"team": "movies"})
    assert only(stack, "AWS::Personalize::DatasetGroup")["Properties"] == {
        "Name": "movies",
        "Domain": "VIDEO_ON_DEMAND",
        "KmsKeyArn": KEY,
        "RoleArn": ROLE,
        "Tags": [{"Key": "team", "Value": "movies"}],
    }


def test_a_dataset_imports_with_the_role(
    stack: cdk.Stack,
    encryption: PersonalizeEncryption,
    movies: personalize.CfnDatasetGroup,
    encrypted_bucket: s3.Bucket,
) -> None:
    """The import job reads the location with the role, after bucket policy and role policy."""
    encryption.add_dataset(
        "Ratings",
        dataset_group=movies,
        schema_arn=SCHEMA_ARN,
        name="ratings",
        dataset_type="Interactions",
        import_from=S3Location(encrypted_bucket, "import/ratings.csv"),
    )
    assert only(stack, "AWS::Personalize::Dataset") == {
        "Type": "AWS::Personalize::Dataset",
        "Properties": {
            "Name": "ratings",
            "DatasetGroupArn": DATASET_GROUP_ARN,
            "DatasetType": "Interactions",
            "SchemaArn": SCHEMA_ARN,
            "DatasetImportJob": {
                "JobName": "ratings-import",
                "DataSource": {"DataLocation": {"Fn::Join": ["", ["s3://", BUCKET_NAME, "/import/ratings.csv"]]}},
                "RoleArn": ROLE,
            },
        },
        "DependsOn": ["DataKey17AFBB84", "EncryptedBucketPolicy0FE5B3AE", "EncryptionPolicy3F28E3E0"],
    }
    assert len(key_policy(stack, "DataKey17AFBB84")) == 2


def test_a_dataset_without_data_has_no_import_job(
    stack: cdk.Stack, encryption: PersonalizeEncryption, movies: personalize.CfnDatasetGroup
) -> None:
    """Data can come by events or later jobs."""
    encryption.add_dataset(
        "Ratings", dataset_group=movies, schema_arn=SCHEMA_ARN, name="ratings", dataset_type="Interactions"
    )
    assert only(stack, "AWS::Personalize::Dataset")["Properties"] == {
        "Name": "ratings",
        "DatasetGroupArn": DATASET_GROUP_ARN,
        "DatasetType": "Interactions",
        "SchemaArn": SCHEMA_ARN,
    }


def test_an_import_job_has_the_name_that_was_given(
    stack: cdk.Stack, encryption: PersonalizeEncryption, movies: personalize.CfnDatasetGroup, bucket: s3.Bucket
) -> None:
    """The name of the dataset has no say then."""
    encryption.add_dataset(
        "Ratings",
        dataset_group=movies,
        schema_arn=SCHEMA_ARN,
        name="ratings",
        dataset_type="Interactions",
        import_from=S3Location(bucket, "import/"),
        import_job_name="first-ratings",
    )
    import_job = only(stack, "AWS::Personalize::Dataset")["Properties"]["DatasetImportJob"]
    assert import_job["JobName"] == "first-ratings"


def test_the_default_name_of_an_import_job_is_never_too_long(
    stack: cdk.Stack, encryption: PersonalizeEncryption, movies: personalize.CfnDatasetGroup, bucket: s3.Bucket
) -> None:
    """A dataset name of 63 characters leaves room for the suffix."""
    encryption.add_dataset(
        "Ratings",
        dataset_group=movies,
        schema_arn=SCHEMA_ARN,
        name="r" * 63,
        dataset_type="Interactions",
        import_from=S3Location(bucket, "import/"),
    )
    job = only(stack, "AWS::Personalize::Dataset")["Properties"]["DatasetImportJob"]
    assert job["JobName"] == "r" * 56 + "-import"


def test_a_dataset_of_a_group_that_is_known_by_its_arn(stack: cdk.Stack, encryption: PersonalizeEncryption) -> None:
    """Another stack may have made the dataset group, or nobody by CloudFormation."""
    arn = "arn:aws:personalize:eu-west-1:111111111111:dataset-group/movies"
    encryption.add_dataset(
        "Ratings", dataset_group=arn, schema_arn=SCHEMA_ARN, name="ratings", dataset_type="Interactions"
    )
    assert only(stack, "AWS::Personalize::Dataset")["Properties"]["DatasetGroupArn"] == arn


def test_a_metric_attribution_of_a_group_that_is_known_by_its_arn(
    stack: cdk.Stack, encryption: PersonalizeEncryption
) -> None:
    """As with datasets."""
    arn = "arn:aws:personalize:eu-west-1:111111111111:dataset-group/movies"
    encryption.add_metric_attribution("Metrics", dataset_group=arn, name="metrics", metrics=[])
    assert only(stack, "AWS::Personalize::MetricAttribution")["Properties"]["DatasetGroupArn"] == arn


def test_a_metric_attribution_writes_with_role_and_key(
    stack: cdk.Stack,
    encryption: PersonalizeEncryption,
    movies: personalize.CfnDatasetGroup,
    encrypted_bucket: s3.Bucket,
) -> None:
    """The destination's key is the one that Personalize encrypts its reports with."""
    encryption.add_metric_attribution(
        "Metrics",
        dataset_group=movies,
        name="metrics",
        metrics=[
            personalize.CfnMetricAttribution.MetricAttributeProperty(
                metric_name="RATINGS", event_type="rating", expression="SAMPLECOUNT()"
            )
        ],
        destination=S3Location(encrypted_bucket, "metrics/"),
    )
    assert only(stack, "AWS::Personalize::MetricAttribution") == {
        "Type": "AWS::Personalize::MetricAttribution",
        "Properties": {
            "Name": "metrics",
            "DatasetGroupArn": DATASET_GROUP_ARN,
            "Metrics": [{"MetricName": "RATINGS", "EventType": "rating", "Expression": "SAMPLECOUNT()"}],
            "MetricsOutputConfig": {
                "RoleArn": ROLE,
                "S3DataDestination": {
                    "Path": {"Fn::Join": ["", ["s3://", BUCKET_NAME, "/metrics/"]]},
                    "KmsKeyArn": {"Fn::GetAtt": ["DataKey17AFBB84", "Arn"]},
                },
            },
        },
        "DependsOn": ["EncryptedBucketPolicy0FE5B3AE", "EncryptionPolicy3F28E3E0"],
    }


def test_a_metric_attribution_writes_to_a_bucket_without_a_key(
    stack: cdk.Stack, encryption: PersonalizeEncryption, movies: personalize.CfnDatasetGroup, bucket: s3.Bucket
) -> None:
    """No key is named then."""
    destination = S3Location(bucket, "metrics/")
    encryption.add_metric_attribution(
        "Metrics", dataset_group=movies, name="metrics", metrics=[], destination=destination
    )
    output = only(stack, "AWS::Personalize::MetricAttribution")["Properties"]["MetricsOutputConfig"]
    assert list(output["S3DataDestination"]) == ["Path"]


def test_a_metric_attribution_can_publish_to_cloudwatch_alone(
    stack: cdk.Stack, encryption: PersonalizeEncryption, movies: personalize.CfnDatasetGroup
) -> None:
    """Without a destination there is no S3 output."""
    encryption.add_metric_attribution("Metrics", dataset_group=movies, name="metrics", metrics=[])
    output = only(stack, "AWS::Personalize::MetricAttribution")["Properties"]["MetricsOutputConfig"]
    assert output == {"RoleArn": ROLE}


def test_tags_of_the_app_do_not_reach_dataset_groups_and_datasets(
    app: cdk.App, stack: cdk.Stack, encryption: PersonalizeEncryption
) -> None:
    """Their tags are create-only: a tag added to the app later would fail the update or empty the dataset group."""
    tagged = encryption.add_dataset_group("Tagged", name="tagged", tags={"team": "movies"})
    encryption.add_dataset_group("Untagged", name="untagged")
    encryption.add_dataset(
        "Ratings", dataset_group=tagged, schema_arn=SCHEMA_ARN, name="ratings", dataset_type="Interactions"
    )
    cdk.Tags.of(app).add("cost-center", "42")
    (key,) = resources(stack, "AWS::KMS::Key").values()
    assert key["Properties"]["Tags"] == [{"Key": "cost-center", "Value": "42"}]
    groups = resources(stack, "AWS::Personalize::DatasetGroup").values()
    assert [group["Properties"].get("Tags") for group in groups] == [[{"Key": "team", "Value": "movies"}], None]
    assert "Tags" not in only(stack, "AWS::Personalize::Dataset")["Properties"]


def test_resources_of_the_user_wait_for_policies_allowed_later(
    stack: cdk.Stack, encryption: PersonalizeEncryption, movies: personalize.CfnDatasetGroup, bucket: s3.Bucket
) -> None:
    """``permissions`` holds every policy, also those that come after the dependency was added."""
    solution = personalize.CfnSolution(stack, "Solution", name="s", dataset_group_arn=movies.attr_dataset_group_arn)
    solution.node.add_dependency(encryption.permissions)
    encryption.add_dataset(
        "Ratings",
        dataset_group=movies,
        schema_arn=SCHEMA_ARN,
        name="ratings",
        dataset_type="Interactions",
        import_from=S3Location(bucket, "import/"),
    )
    assert only(stack, "AWS::Personalize::Solution")["DependsOn"] == [
        "BucketPolicyE9A3008A",
        "EncryptionPolicy3F28E3E0",
    ]


def test_an_import_waits_for_a_key_that_nothing_else_refers_to(
    stack: cdk.Stack, encryption: PersonalizeEncryption, movies: personalize.CfnDatasetGroup, data_key: kms.Key
) -> None:
    """The key of an imported bucket is in no IAM policy for imports, so the order has to be explicit."""
    bucket = s3.Bucket.from_bucket_name(stack, "Imported", "ratings")
    encryption.add_dataset(
        "Ratings",
        dataset_group=movies,
        schema_arn=SCHEMA_ARN,
        name="ratings",
        dataset_type="Interactions",
        import_from=S3Location(bucket, "import/", encryption_key=data_key),
    )
    assert "DataKey17AFBB84" in only(stack, "AWS::Personalize::Dataset")["DependsOn"]
