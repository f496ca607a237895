"""Arguments of another type are refused with what was given and what to pass instead."""

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from personalize_kms_constructs import (
    ImportedKeyPolicy,
    PersonalizeEncryption,
    PersonalizeResource,
    S3Location,
)
from personalize_kms_constructs.checks import declare_created
from tests.datasets import GROUP_ARN, METRIC
from tests.life.conftest import trusted_role

KEY_ARN = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ROLE_ARN = "arn:aws:iam::111111111111:role/personalize"
FUNCTION_ARN = "arn:aws:lambda:eu-west-1:111111111111:function:start"
URI: Any = "s3://ratings/in/"
GROUP = PersonalizeResource.dataset_group()

A_KEY = "expected a key: pass a kms.Key or a CfnKey, or kms.Key.from_key_arn for an ARN"
A_BUCKET = (
    "expected a bucket: pass an s3.Bucket or a CfnBucket, or s3.Bucket.from_bucket_name for a "
    "name, and the folder as prefix"
)
A_ROLE = "expected a role: pass an iam.Role or a CfnRole, or iam.Role.from_role_arn for an ARN"
A_LIST = "expected a list: pass one, as [PersonalizeResource.dataset_import_job(source=…)]"
A_POLICY = (
    "expected a member of the enumeration: "
    "use ImportedKeyPolicy.PENDING or ImportedKeyPolicy.MANAGED"
)
A_CHECK = (
    "expected a member of the enumeration: use SourceAccountCheck.IF_PRESENT or "
    "SourceAccountCheck.REQUIRED or SourceAccountCheck.NONE"
)
A_REMOVAL = "expected RETAIN or DESTROY: use RemovalPolicy.RETAIN or RemovalPolicy.DESTROY"
CALL_IT = "is not a resource: call a factory, as in PersonalizeResource.dataset_group()"
UNPACK_IT = "is not a resource: unpack it, as *resources"
A_LOCATION = "expected a location: pass S3Location(bucket, prefix)"
A_DATASET_GROUP = (
    "expected a dataset group: pass what add_dataset_group returned, "
    "a personalize.CfnDatasetGroup or an ARN"
)
A_SCHEMA = (
    "expected the ARN of a schema: pass one, "
    "the attr_schema_arn of a personalize.CfnSchema for example"
)
STRINGS = "expected a mapping of strings: pass {'key': 'value'}"
METRICS = (
    "expected a list of metrics: pass [personalize.CfnMetricAttribution.MetricAttributeProperty(…)]"
)
A_CALLER = (
    "expected a caller: pass a role, a user or a function, or iam.Role.from_role_arn for an ARN"
)
NO_POLICY = ", which takes no IAM policy: pass the calling role, user or group"
A_TARGET = "expected a target of a rule: wrap it, as in aws_events_targets.SnsTopic(topic)"


@pytest.fixture
def encryption(stack: cdk.Stack) -> PersonalizeEncryption:
    return PersonalizeEncryption(stack, "Encryption")


def refusal(call: Callable[[], object], where: str = "Stack/Encryption") -> list[str]:
    """Return the reasons for which a call is refused."""
    with pytest.raises(ValueError, match=f"^{where}: ") as error:
        call()
    return str(error.value).removeprefix(f"{where}: ").removeprefix("\n- ").split("\n- ")


def test_a_location_in_the_place_of_a_resource(
    stack: cdk.Stack, encryption: PersonalizeEncryption
) -> None:
    """The advice is to pass it to a factory."""
    location = S3Location(s3.Bucket(stack, "Data"), "in/")
    assert refusal(lambda: encryption.allow(location)) == [  # type: ignore[arg-type]
        "an object of type S3Location is not a resource: pass it to one, as "
        "PersonalizeResource.dataset_import_job(source=…)"
    ]
    assert refusal(
        lambda: PersonalizeEncryption(stack, "Other", resources=location),  # type: ignore[arg-type]
        "Stack/Other",
    ) == [f"resources is an object of type S3Location, {A_LIST}"]


@pytest.mark.parametrize("form", ["L1", "imported"])
def test_a_bucket_in_the_place_of_a_resource(
    form: str, stack: cdk.Stack, encryption: PersonalizeEncryption
) -> None:
    """The advice names the job that uses the bucket, and not a resource without locations."""
    l1: Any = s3.CfnBucket(stack, "Data")
    imported: Any = s3.Bucket.from_bucket_name(stack, "Imported", "ratings")
    bucket = l1 if form == "L1" else imported
    (reason,) = refusal(lambda: encryption.allow(bucket))
    assert reason.startswith("an object of type ")
    assert reason.endswith(
        " is not a resource: name the job that uses it, as "
        "PersonalizeResource.dataset_import_job(source=S3Location(bucket, 'import/'))"
    )
    assert refusal(
        lambda: PersonalizeEncryption(stack, "Other", resources=[bucket]), "Stack/Other"
    ) == [reason]


@pytest.mark.parametrize(
    ("argument", "value", "reason"),
    [
        ("encryption_key", KEY_ARN, f"encryption_key is '{KEY_ARN}', {A_KEY}"),
        ("service_role", ROLE_ARN, f"service_role is '{ROLE_ARN}', {A_ROLE}"),
        (
            "service_role",
            personalize.CfnDatasetGroup(cdk.Stack(), "Movies", name="movies", role_arn=ROLE_ARN),
            f"service_role is an object of type CfnDatasetGroup, {A_ROLE}",
        ),
        ("resources", None, f"resources is None, {A_LIST}"),
        ("resources", GROUP, f"resources is an object of type PersonalizeResource, {A_LIST}"),
        ("resources", ["dataset_group"], f"'dataset_group' {CALL_IT}"),
        (
            "resources",
            [PersonalizeResource.dataset_group],
            f"the function PersonalizeResource.dataset_group {CALL_IT}",
        ),
        ("resources", [[GROUP]], f"an object of type list {UNPACK_IT}"),
        ("imported_key_policy", "MANAGED", f"imported_key_policy is 'MANAGED', {A_POLICY}"),
        ("source_account_check", True, f"source_account_check is True, {A_CHECK}"),
        ("removal_policy", "DESTROY", f"removal_policy is 'DESTROY', {A_REMOVAL}"),
        (
            "removal_policy",
            cdk.RemovalPolicy.SNAPSHOT,
            f"removal_policy is RemovalPolicy.SNAPSHOT, {A_REMOVAL}",
        ),
    ],
)
def test_an_argument_of_the_construct(
    stack: cdk.Stack, argument: str, value: Any, reason: str
) -> None:
    """ARNs as objects, a value as a list, and strings as members are refused."""
    assert refusal(lambda: PersonalizeEncryption(stack, "Encryption", **{argument: value})) == [
        reason
    ]


def test_everything_wrong_with_the_construct(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """The message has everything: wrong types, names, options and values that nothing can use."""
    wrong: Any = {
        "encryption_key": KEY_ARN,
        "service_role": ROLE_ARN,
        "resources": [
            "dataset_group",
            PersonalizeResource.dataset_export_job(S3Location(bucket, "out")),
        ],
        "role_name": "my role",
        "removal_policy": "DESTROY",
        "source_account_check": True,
        "imported_key_policy": "MANAGED",
    }
    reasons = refusal(lambda: PersonalizeEncryption(stack, "Encryption", **wrong))
    assert [reason.split(" ")[0] for reason in reasons] == [
        *(
            "encryption_key",
            "service_role",
            "removal_policy",
            "source_account_check",
            "imported_key_policy",
        ),
        *("role_name", "role_name", "'dataset_group'", "destination"),
    ]


def test_a_revision_is_a_string(stack: cdk.Stack) -> None:
    """The documented number in quotes: a number would be in the template as it is."""
    key = kms.Key.from_key_arn(stack, "Key", KEY_ARN)
    wrong: Any = {
        "encryption_key": key,
        "imported_key_policy": ImportedKeyPolicy.MANAGED,
        "imported_key_policy_revision": 1,
    }
    assert refusal(lambda: PersonalizeEncryption(stack, "Encryption", **wrong)) == [
        "imported_key_policy_revision is 1, expected a string: pass one, as '2'"
    ]


def test_metrics_are_any_sequence(encryption: PersonalizeEncryption) -> None:
    """``jsii`` takes only lists."""
    encryption.add_metric_attribution(
        "Metrics", dataset_group=GROUP_ARN, name="metrics", metrics=(METRIC,)
    )


def test_the_scope_of_a_declaration(stack: cdk.Stack) -> None:
    """``Stack.of`` has an error of jsii's for it."""
    role, scope = trusted_role(stack), PurePosixPath("stack")
    assert refusal(
        lambda: declare_created(scope, GROUP, service_role=role),  # type: ignore[arg-type]
        "declare_created",
    ) == ["scope is an object of type PurePosixPath, expected a construct: pass the stack"]


def test_everything_wrong_with_a_location(bucket: s3.Bucket) -> None:
    """An address for a bucket, a bucket for a prefix, and an ARN for a key."""
    wrong: Any = {"bucket": URI, "prefix": bucket, "encryption_key": KEY_ARN}
    assert refusal(lambda: S3Location(**wrong), "S3Location") == [
        f"bucket is '{URI}', {A_BUCKET}",
        "prefix is an object of type Bucket, expected a string: pass the key prefix below the "
        "bucket, as 'import/'",
        f"encryption_key is '{KEY_ARN}', {A_KEY}",
    ]


@pytest.mark.parametrize(
    ("job", "part"),
    [
        (PersonalizeResource.dataset_import_job, "source"),
        (PersonalizeResource.dataset_export_job, "destination"),
    ],
)
def test_no_location_of_a_resource(job: Any, part: str) -> None:
    """An address is no location: it doesn't know the bucket's key."""
    where = f"PersonalizeResource.{job.__name__}"
    assert refusal(lambda: job(URI), where) == [f"{part} is '{URI}', {A_LOCATION}"]


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ([cdk.CfnTag(key="team", value="movies")], "is an object of type list"),
        ({"team": "movies", "cost": 3}, "has 3"),
    ],
)
def test_tags_that_are_none(encryption: PersonalizeEncryption, tags: Any, words: str) -> None:
    """L1s take lists, and nobody takes numbers."""
    reasons = refusal(lambda: encryption.add_dataset_group("Movies", name="movies", tags=tags))
    assert reasons == [f"tags {words}, {STRINGS}"]


def test_a_dataset_with_the_attributes_of_something_else(encryption: PersonalizeEncryption) -> None:
    """The attribute of a reference tells what it becomes."""
    movies = encryption.add_dataset_group("Movies", name="movies")
    schema = personalize.CfnSchema(encryption, "Schema", name="movies", schema="{}")
    wrong: Any = {
        "dataset_group": schema.attr_schema_arn,
        "schema_arn": movies.attr_dataset_group_arn,
    }
    assert refusal(
        lambda: encryption.add_dataset("Ratings", dataset_type="Items", name="ratings", **wrong)
    ) == [
        f"dataset_group is '${{Stack/Encryption/Schema.SchemaArn}}', {A_DATASET_GROUP}",
        f"schema_arn is '${{Stack/Encryption/Movies.DatasetGroupArn}}', {A_SCHEMA}",
    ]


@pytest.mark.parametrize(
    "group", [None, "arn:aws:personalize:eu-west-1:111111111111:dataset/movies/ITEMS"]
)
def test_everything_wrong_with_a_metric_attribution(
    encryption: PersonalizeEncryption, group: Any
) -> None:
    """An ARN of something else is no dataset group either."""
    given = f"'{group}'" if isinstance(group, str) else str(group)
    wrong: Any = {"dataset_group": group, "metrics": "click", "destination": URI}
    name, *others = refusal(lambda: encryption.add_metric_attribution("M", name="a b", **wrong))
    assert name.startswith("name of the metric attribution 'a b' is not a name")
    assert others == [
        f"dataset_group is {given}, {A_DATASET_GROUP}",
        f"metrics is 'click', {METRICS}",
        f"destination is '{URI}', {A_LOCATION}",
    ]


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ({"eventType": "click"}, "an object of type dict"),
        (None, "None"),
    ],
)
def test_metrics_that_jsii_would_not_take(
    encryption: PersonalizeEncryption, metric: Any, words: str
) -> None:
    """They are refused in a line; jsii's error would take half a page."""
    movies = encryption.add_dataset_group("Movies", name="movies")
    reasons = refusal(
        lambda: encryption.add_metric_attribution(
            "M", dataset_group=movies, name="clicks", metrics=[metric]
        )
    )
    assert reasons == [f"metrics has {words}, {METRICS}"]


@pytest.mark.parametrize(
    ("grantee", "reason"),
    [
        (lambda _: ROLE_ARN, f"grantee is '{ROLE_ARN}', {A_CALLER}"),
        (
            lambda _: iam.ServicePrincipal("lambda.amazonaws.com"),
            f"grantee is an object of type ServicePrincipal{NO_POLICY}",
        ),
        (
            lambda stack: lambda_.Function.from_function_arn(stack, "Function", FUNCTION_ARN),
            f"grantee is an object of type UnknownPrincipal{NO_POLICY}",
        ),
    ],
    ids=["an ARN", "a service", "an imported function"],
)
def test_a_caller_that_takes_no_policies(
    stack: cdk.Stack,
    encryption: PersonalizeEncryption,
    grantee: Callable[[cdk.Stack], Any],
    reason: str,
) -> None:
    """The statements would be lost; other problems are in the same message."""
    caller, listed = grantee(stack), [GROUP]
    assert refusal(lambda: encryption.grant_create(caller, listed)) == [  # type: ignore[arg-type]
        reason,
        f"an object of type list {UNPACK_IT}",
    ]
    assert refusal(lambda: encryption.grant_create(caller)) == [
        reason,
        "nothing is granted: name the resources, as grant_create(grantee, "
        "PersonalizeResource.dataset_group())",
    ]


def test_an_imported_caller_is_taken(stack: cdk.Stack, encryption: PersonalizeEncryption) -> None:
    """Imported roles are callers, and imported functions whose role is known."""
    role = iam.Role.from_role_arn(stack, "Role", ROLE_ARN)
    function = lambda_.Function.from_function_attributes(
        stack, "Function", function_arn=FUNCTION_ARN, role=role
    )
    encryption.grant_create(function, GROUP)
    encryption.grant_create(role, GROUP)


def test_a_target_that_is_not_wrapped(stack: cdk.Stack, encryption: PersonalizeEncryption) -> None:
    """Rules take targets, and a topic is none."""
    wrong: Any = sns.Topic(stack, "Topic")
    reasons = refusal(lambda: encryption.on_key_access_changed("Changed", target=wrong))
    assert reasons == [f"target is an object of type Topic, {A_TARGET}"]
