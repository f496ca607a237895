"""Personalize resources made by the construct: wired, and ordered after the policies they need."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, S3Location
from tests.datasets import GROUP_ARN, METRIC, SCHEMA_ARN, add_ratings
from tests.policies import key_policy, resources

STACK_NAME = {"Ref": "AWS::StackName"}
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


RETAINED = {"DeletionPolicy": "RetainExceptOnCreate", "UpdateReplacePolicy": "Retain"}


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
        **RETAINED,
    }


def test_a_dataset_group_can_have_domain_and_tags(
    stack: cdk.Stack, encryption: PersonalizeEncryption
) -> None:
    """Both are as given."""
    tags = {"team": "movies", "cost-center": "42"}
    encryption.add_dataset_group("Movies", name="movies", domain="VIDEO_ON_DEMAND", tags=tags)
    assert only(stack, "AWS::Personalize::DatasetGroup")["Properties"] == {
        "Name": "movies",
        "Domain": "VIDEO_ON_DEMAND",
        "KmsKeyArn": KEY,
        "RoleArn": ROLE,
        # Sorted, as the CDK does: another order would be a change of a create-only property.
        "Tags": [{"Key": "cost-center", "Value": "42"}, {"Key": "team", "Value": "movies"}],
    }


def test_a_dataset_imports_with_the_role(
    stack: cdk.Stack,
    encryption: PersonalizeEncryption,
    movies: personalize.CfnDatasetGroup,
    encrypted_bucket: s3.Bucket,
) -> None:
    """The import job reads the location with the role, after bucket policy and role policy."""
    add_ratings(encryption, movies, import_from=S3Location(encrypted_bucket, "import/ratings.csv"))
    assert only(stack, "AWS::Personalize::Dataset") == {
        "Type": "AWS::Personalize::Dataset",
        "Properties": {
            "Name": "ratings",
            "DatasetGroupArn": DATASET_GROUP_ARN,
            "DatasetType": "Interactions",
            "SchemaArn": SCHEMA_ARN,
            "DatasetImportJob": {
                "JobName": "ratings-import-d1be08ea",
                "DataSource": {
                    "DataLocation": {
                        "Fn::Join": ["", ["s3://", BUCKET_NAME, "/import/ratings.csv"]]
                    }
                },
                "RoleArn": ROLE,
            },
        },
        "DependsOn": [
            "DataKey17AFBB84",
            "EncryptedBucketPolicy0FE5B3AE",
            "EncryptionPolicy3F28E3E0",
        ],
        **RETAINED,
    }
    assert len(key_policy(stack, "DataKey17AFBB84")) == 2


def test_the_ref_of_a_group_becomes_its_arn(
    stack: cdk.Stack, encryption: PersonalizeEncryption, movies: personalize.CfnDatasetGroup
) -> None:
    """Sources differ on what ``Ref`` is."""
    add_ratings(encryption, movies.ref)
    dataset = only(stack, "AWS::Personalize::Dataset")
    assert dataset["Properties"]["DatasetGroupArn"] == DATASET_GROUP_ARN


def test_a_metric_attribution_writes_with_role_and_key(
    stack: cdk.Stack,
    encryption: PersonalizeEncryption,
    movies: personalize.CfnDatasetGroup,
    encrypted_bucket: s3.Bucket,
) -> None:
    """Personalize encrypts its reports with the destination's key."""
    encryption.add_metric_attribution(
        "Metrics",
        dataset_group=movies,
        name="metrics",
        metrics=[METRIC],
        destination=S3Location(encrypted_bucket, "metrics/"),
    )
    assert only(stack, "AWS::Personalize::MetricAttribution") == {
        "Type": "AWS::Personalize::MetricAttribution",
        "Properties": {
            "Name": "metrics",
            "DatasetGroupArn": DATASET_GROUP_ARN,
            "Metrics": [
                {"MetricName": "RATINGS", "EventType": "rating", "Expression": "SAMPLECOUNT()"}
            ],
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


def test_tags_of_the_app_do_not_reach_dataset_groups_and_datasets(
    app: cdk.App, stack: cdk.Stack, encryption: PersonalizeEncryption
) -> None:
    """Their tags are create-only: a later tag would fail the update or empty the dataset group."""
    tagged = encryption.add_dataset_group("Tagged", name="tagged", tags={"team": "movies"})
    encryption.add_dataset_group("Untagged", name="untagged")
    add_ratings(encryption, tagged)
    add_ratings(encryption, tagged, id="TaggedRatings", name="tagged", tags={"team": "ratings"})
    cdk.Tags.of(app).add("cost-center", "42")
    (key,) = resources(stack, "AWS::KMS::Key").values()
    assert key["Properties"]["Tags"] == [{"Key": "cost-center", "Value": "42"}]
    groups = resources(stack, "AWS::Personalize::DatasetGroup").values()
    tags = [group["Properties"].get("Tags") for group in groups]
    assert tags == [[{"Key": "team", "Value": "movies"}], None]
    datasets = resources(stack, "AWS::Personalize::Dataset").values()
    tags = [dataset["Properties"].get("Tags") for dataset in datasets]
    assert tags == [None, [{"Key": "team", "Value": "ratings"}]]


@pytest.mark.parametrize(
    ("props", "name"),
    [
        ({}, "ratings-import-693a48cb"),
        ({"import_job_name": "first-ratings"}, "first-ratings"),
        ({"name": "r" * 63}, "r" * 47 + "-import-07e6bb72"),
        # Two names that begin alike.
        ({"name": "r" * 62}, "r" * 47 + "-import-4b9763aa"),
        # Half a token is no name.
        (
            {"name": f"{cdk.Aws.STACK_NAME}-{'r' * 36}"},
            {"Fn::Join": ["", [STACK_NAME, f"-{'r' * 36}-import-cadfcfdd"]]},
        ),
        ({"prefix": "import/2026.csv"}, "ratings-import-4143007f"),
        # What CloudFormation generates has no say.
        ({"prefix": f"{cdk.Aws.REGION}import/2026.csv"}, "ratings-import-4143007f"),
    ],
    ids=[
        "default",
        "given",
        "never too long",
        "one letter less",
        "a token",
        "another file",
        "a token in the path",
    ],
)
def test_the_name_of_an_import_job(
    stack: cdk.Stack,
    encryption: PersonalizeEncryption,
    bucket: s3.Bucket,
    props: dict[str, Any],
    name: Any,
) -> None:
    """By default it is the dataset's name and a suffix, which differs for another file."""
    source = S3Location(bucket, props.pop("prefix", "import/"))
    add_ratings(encryption, import_from=source, **props)
    job = only(stack, "AWS::Personalize::Dataset")["Properties"]["DatasetImportJob"]
    assert job["JobName"] == name


def group(scope: cdk.Stack, name: str) -> personalize.CfnDatasetGroup:
    return personalize.CfnDatasetGroup(scope, "Group", name=name)


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (lambda stack: group(stack, "movies"), "ratings-import-693a48cb"),
        (lambda stack: group(stack, "movies").attr_dataset_group_arn, "ratings-import-693a48cb"),
        (lambda _: GROUP_ARN, "ratings-import-693a48cb"),
        (
            lambda stack: stack.format_arn(
                service="personalize", resource="dataset-group", resource_name="movies"
            ),
            "ratings-import-693a48cb",
        ),
        (lambda stack: group(stack, "books"), "ratings-import-4de452d0"),
        # Only the stack tells the last two from those of another environment; a parameter has it in
        # its name.
        (lambda stack: group(stack, f"{cdk.Aws.REGION}-movies"), "ratings-import-06405cb4"),
        (
            lambda stack: group(stack, cdk.CfnParameter(stack, "Group1").value_as_string),
            "ratings-import-1f5c045a",
        ),
        (
            lambda stack: group(stack, cdk.CfnParameter(stack, "Group2").value_as_string),
            "ratings-import-2e60cf34",
        ),
        (lambda stack: group(stack, f"{cdk.Aws.STACK_NAME}-movies"), "ratings-import-422f9afb"),
        (lambda _: cdk.Fn.import_value("movies"), "ratings-import-4ac60c4b"),
    ],
    ids=[
        "L1",
        "its ARN",
        "an ARN",
        "an ARN of the stack's account",
        "another",
        "the Region's",
        "a parameter",
        "another parameter",
        "the stack's",
        "unknown",
    ],
)
def test_the_name_of_an_import_job_follows_the_dataset_group(
    stack: cdk.Stack, encryption: PersonalizeEncryption, bucket: s3.Bucket, make: Any, name: str
) -> None:
    """Datasets of one name in two dataset groups have two job names, in each form of the group."""
    add_ratings(encryption, make(stack), import_from=S3Location(bucket, "import/"))
    job = only(stack, "AWS::Personalize::Dataset")["Properties"]["DatasetImportJob"]
    assert job["JobName"] == name


def test_the_name_of_an_import_job_stays_in_another_stack(bucket: s3.Bucket, app: cdk.App) -> None:
    """``cdk refactor`` may move it to another stack; two stacks nested in it have two names."""
    names: list[Any] = []
    for scope in (
        cdk.Stack(app, "One"),
        cdk.Stack(app, "Two"),
        cdk.NestedStack(cdk.Stack(app, "Three"), "Nested"),
    ):
        for movies in (f"{cdk.Aws.REGION}-movies", f"{cdk.Aws.STACK_NAME}-movies"):
            stack = cdk.Stack.of(scope)
            encryption = PersonalizeEncryption(stack, f"Encryption{len(names)}")
            dataset = personalize.CfnDatasetGroup(stack, f"Group{len(names)}", name=movies)
            made: Any = add_ratings(encryption, dataset, import_from=S3Location(bucket, "import/"))
            names.append(made.dataset_import_job.job_name)
    assert (len({*names[::2]}), len({*names[1::2]})) == (1, 3)


@pytest.mark.parametrize(
    "make",
    [
        lambda stack: s3.Bucket(stack, "Data"),
        lambda stack: s3.Bucket.from_bucket_name(stack, "Data", "ratings-111111111111"),
    ],
    ids=["generated", "imported by a literal"],
)
def test_the_name_of_an_import_job_says_nothing_of_the_bucket(
    stack: cdk.Stack, encryption: PersonalizeEncryption, make: Any
) -> None:
    """A bucket that is spelled otherwise is no new import, which would replace the data."""
    add_ratings(encryption, import_from=S3Location(make(stack), "import/"))
    job = only(stack, "AWS::Personalize::Dataset")["Properties"]["DatasetImportJob"]
    assert job["JobName"] == "ratings-import-693a48cb"


@pytest.mark.parametrize("to_s3", [False, True])
def test_a_metric_attribution_publishes_to_its_destination(
    stack: cdk.Stack,
    encryption: PersonalizeEncryption,
    movies: personalize.CfnDatasetGroup,
    bucket: s3.Bucket,
    to_s3: bool,
) -> None:
    """Only to CloudWatch without a destination; no key is named where the bucket has none."""
    destination = S3Location(bucket, "metrics/") if to_s3 else None
    encryption.add_metric_attribution(
        "Metrics", dataset_group=movies, name="metrics", metrics=[], destination=destination
    )
    output = only(stack, "AWS::Personalize::MetricAttribution")["Properties"]["MetricsOutputConfig"]
    assert output["RoleArn"] == ROLE
    assert list(output.get("S3DataDestination", {})) == (["Path"] if to_s3 else [])
