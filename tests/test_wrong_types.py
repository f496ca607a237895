"""Arguments of another type are refused in the library's words: what was given, and what to pass instead."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from personalize_kms_constructs import ImportedKeyPolicy, PersonalizeEncryption, PersonalizeResource, S3Location

KEY_ARN = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ROLE_ARN = "arn:aws:iam::111111111111:role/personalize"
FUNCTION_ARN = "arn:aws:lambda:eu-west-1:111111111111:function:start"
A_KEY = "a key is expected: pass a kms.Key or a CfnKey, or kms.Key.from_key_arn for an ARN"
A_BUCKET = "a bucket is expected: pass an s3.Bucket or a CfnBucket, or s3.Bucket.from_bucket_name for a name"
A_ROLE = "a role is expected: pass an iam.Role or a CfnRole, or iam.Role.from_role_arn for an ARN"
A_LIST = "a list is expected: pass [PersonalizeResource.dataset_group()] or the like"
A_POLICY = "a member of the enumeration is expected: use ImportedKeyPolicy.PENDING or ImportedKeyPolicy.MANAGED"
A_CHECK = (
    "a member of the enumeration is expected: use SourceAccountCheck.IF_PRESENT or SourceAccountCheck.REQUIRED or "
    "SourceAccountCheck.NONE"
)
A_REMOVAL = "RETAIN or DESTROY is expected: use RemovalPolicy.RETAIN or RemovalPolicy.DESTROY"
A_RESOURCE = "is not a resource: call a factory, as in PersonalizeResource.dataset_group(), and unpack lists with *"
A_LOCATION = "a location is expected: pass S3Location(bucket, prefix)"
A_DATASET_GROUP = (
    "a dataset group is expected: pass what add_dataset_group returned, a personalize.CfnDatasetGroup or an ARN"
)
A_MAPPING = "a mapping of strings is expected: pass {'key': 'value'}"
STRINGS = "a mapping of strings is expected: pass {'key': 'value'}"
AN_ID = "an id is expected: pass a string that is known at synth, as 'Movies'"
METRICS = "a list of metrics is expected: pass [personalize.CfnMetricAttribution.MetricAttributeProperty(…)]"
A_CALLER = "a caller is expected: pass a role, a user or a function, or iam.Role.from_role_arn for an ARN"
A_TARGET = "a target of a rule is expected: wrap it, as in aws_events_targets.SnsTopic(topic)"


@pytest.fixture
def encryption(stack: cdk.Stack) -> PersonalizeEncryption:
    return PersonalizeEncryption(stack, "Encryption")


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(ValueError, match=r".") as error:
        call()
    return str(error.value)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"encryption_key": KEY_ARN}, f"encryption_key is '{KEY_ARN}' but {A_KEY}"),
        ({"service_role": ROLE_ARN}, f"service_role is '{ROLE_ARN}' but {A_ROLE}"),
        (
            {"service_role": personalize.CfnDatasetGroup(cdk.Stack(), "Movies", name="movies", role_arn=ROLE_ARN)},
            f"service_role is an object of type CfnDatasetGroup but {A_ROLE}",
        ),
        ({"resources": None}, f"resources is None but {A_LIST}"),
        ({"resources": "dataset_group"}, f"resources is 'dataset_group' but {A_LIST}"),
        (
            {"resources": PersonalizeResource.dataset_group()},
            f"resources is an object of type PersonalizeResource but {A_LIST}",
        ),
        ({"resources": iter(())}, f"resources is an object of type tuple_iterator but {A_LIST}"),
        ({"resources": ["dataset_group"]}, f"'dataset_group' {A_RESOURCE}"),
        (
            {"resources": [PersonalizeResource.dataset_group]},
            f"the function PersonalizeResource.dataset_group {A_RESOURCE}",
        ),
        ({"resources": [PersonalizeResource]}, f"the class PersonalizeResource {A_RESOURCE}"),
        ({"imported_key_policy": "MANAGED"}, f"imported_key_policy is 'MANAGED' but {A_POLICY}"),
        (
            {"imported_key_policy": ImportedKeyPolicy.MANAGED, "imported_key_policy_revision": 2},
            "imported_key_policy_revision is 2 but a string is expected: use any, for example '2'",
        ),
        ({"imported_key_policy": None}, f"imported_key_policy is None but {A_POLICY}"),
        ({"source_account_check": "REQUIRED"}, f"source_account_check is 'REQUIRED' but {A_CHECK}"),
        ({"source_account_check": True}, f"source_account_check is True but {A_CHECK}"),
        ({"removal_policy": "DESTROY"}, f"removal_policy is 'DESTROY' but {A_REMOVAL}"),
        (
            {"removal_policy": cdk.RemovalPolicy.SNAPSHOT},
            f"removal_policy is RemovalPolicy.SNAPSHOT but {A_REMOVAL}",
        ),
        (
            {"role_name": "my role"},
            "role_name is 'my role' but IAM takes 1 to 64 letters, digits and characters of '+=,.@-_': use a name of "
            "these",
        ),
    ],
)
def test_an_argument_of_the_construct(stack: cdk.Stack, arguments: dict[str, Any], reason: str) -> None:
    """ARNs for objects, one for many, strings for members."""
    assert refusal(lambda: PersonalizeEncryption(stack, "Encryption", **arguments)) == f"Stack/Encryption: {reason}"


def test_everything_wrong_with_the_construct(stack: cdk.Stack) -> None:
    """One message has it all, a line each: wrong types, names, options and what Personalize can't work with."""
    bucket = s3.Bucket(stack, "Bucket")
    wrong: Any = {
        "encryption_key": KEY_ARN,
        "service_role": ROLE_ARN,
        "resources": ["dataset_group", PersonalizeResource.dataset_export_job(S3Location(bucket, "out"))],
        "role_name": "my role",
        "removal_policy": "DESTROY",
        "source_account_check": True,
        "imported_key_policy": "MANAGED",
    }
    assert refusal(lambda: PersonalizeEncryption(stack, "Encryption", **wrong)).split("\n") == [
        "Stack/Encryption: ",
        f"- encryption_key is '{KEY_ARN}' but {A_KEY}",
        f"- service_role is '{ROLE_ARN}' but {A_ROLE}",
        f"- removal_policy is 'DESTROY' but {A_REMOVAL}",
        f"- source_account_check is True but {A_CHECK}",
        f"- imported_key_policy is 'MANAGED' but {A_POLICY}",
        "- role_name is for the role made here, but service_role is given: leave one out",
        "- role_name is 'my role' but IAM takes 1 to 64 letters, digits and characters of '+=,.@-_': use a name of "
        "these",
        f"- 'dataset_group' {A_RESOURCE}",
        "- destination of dataset export job has prefix 'out', which is not a folder: end it in '/', as 'out/'",
    ]


def test_what_the_cdk_imports_is_taken(stack: cdk.Stack) -> None:
    """Imported keys, roles and buckets have no type of their own in Python."""
    key = kms.Key.from_key_arn(stack, "Key", KEY_ARN)
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", "ratings")
    PersonalizeEncryption(
        stack,
        "Encryption",
        encryption_key=key,
        service_role=iam.Role.from_role_arn(stack, "Role", ROLE_ARN),
        imported_key_policy=ImportedKeyPolicy.PENDING,
        resources=(PersonalizeResource.dataset_import_job(S3Location(bucket, "in/", encryption_key=key)),),
    )


def test_a_list_for_allow(encryption: PersonalizeEncryption) -> None:
    """``allow`` takes resources one by one."""
    wrong: Any = [PersonalizeResource.dataset_group()]
    assert refusal(lambda: encryption.allow(wrong)) == f"Stack/Encryption: an object of type list {A_RESOURCE}"


@pytest.mark.parametrize("given", ["ratings", None])
def test_no_bucket_of_a_location(given: Any) -> None:
    """The name of a bucket, or nothing."""
    assert refusal(lambda: S3Location(given, "in/")) == f"S3Location: bucket is {given!r} but {A_BUCKET}"


def test_everything_wrong_with_a_location(stack: cdk.Stack) -> None:
    """A bucket as prefix, a prefix as bucket, and an ARN as key."""
    bucket: Any = s3.Bucket(stack, "Bucket")
    wrong: Any = {"encryption_key": KEY_ARN}
    assert refusal(lambda: S3Location("in/", bucket, **wrong)) == (  # type: ignore[arg-type]
        f"S3Location: \n- bucket is 'in/' but {A_BUCKET}\n- prefix is an object of type Bucket but a string is "
        f"expected: pass the key prefix below the bucket, as 'import/'\n- encryption_key is '{KEY_ARN}' but {A_KEY}"
    )


@pytest.mark.parametrize("wrong", ["s3://ratings/in/", ("ratings", "in/")])
def test_no_location_of_a_resource(wrong: Any) -> None:
    """An address is no location: it doesn't know the bucket's key."""
    got = repr(wrong) if isinstance(wrong, str) else "an object of type tuple"
    assert refusal(lambda: PersonalizeResource.dataset_import_job(wrong)) == (
        f"PersonalizeResource: source of dataset import job is {got} but {A_LOCATION}"
    )


def test_no_location_to_write_to() -> None:
    """The message says which of the locations it is."""
    wrong: Any = "s3://ratings/out/"
    assert refusal(lambda: PersonalizeResource.dataset_export_job(wrong)) == (
        f"PersonalizeResource: destination of dataset export job is 's3://ratings/out/' but {A_LOCATION}"
    )


def test_no_location_of_a_dataset(encryption: PersonalizeEncryption) -> None:
    """A dataset's import job is a resource like any other."""
    wrong: Any = {"import_from": "s3://ratings/in/"}
    movies = encryption.add_dataset_group("Movies", name="movies")
    reason = refusal(
        lambda: encryption.add_dataset(
            "Ratings",
            dataset_group=movies,
            schema_arn="arn:aws:personalize:::schema/s",
            name="ratings",
            dataset_type="Interactions",
            **wrong,
        )
    )
    assert reason.endswith(f"source of dataset import job is 's3://ratings/in/' but {A_LOCATION}")


@pytest.mark.parametrize("name", [None, 5])
def test_a_name_that_is_no_string(encryption: PersonalizeEncryption, name: Any) -> None:
    """The reason is the same as for a string that isn't a name."""
    assert f"name of the dataset group {name} is not a name that Personalize takes" in refusal(
        lambda: encryption.add_dataset_group("Movies", name=name)
    )


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ([cdk.CfnTag(key="team", value="movies")], f"tags is an object of type list but {A_MAPPING}"),
        ({"team": "movies", "cost": 3}, f"tags has 3 but {STRINGS}"),
        ({"team": None}, f"tags has None but {STRINGS}"),
        ({1: "movies"}, f"tags has 1 but {STRINGS}"),
    ],
)
def test_tags_that_are_none(encryption: PersonalizeEncryption, tags: Any, words: str) -> None:
    """L1s take lists, and nobody takes numbers."""
    assert refusal(lambda: encryption.add_dataset_group("Movies", name="movies", tags=tags)) == (
        f"Stack/Encryption: {words}"
    )


def test_texts_that_are_none(encryption: PersonalizeEncryption) -> None:
    """The ARN of a schema is told together with all else, and so are the rule's texts."""
    wrong: Any = personalize.CfnSchema(encryption, "Schema", name="movies", schema="{}")
    location: Any = "s3://ratings/in/"
    assert refusal(
        lambda: encryption.add_dataset(
            "Key", dataset_group="movies", schema_arn=wrong, name="my items", dataset_type="Films", import_from=location
        )
    ).split("\n") == [
        "Stack/Encryption: ",
        "- id 'Key' is that of another child of the construct: use another id, such as 'KeyResource'",
        "- name of the dataset 'my items' is not a name that Personalize takes: use 1 to 63 letters, digits, hyphens "
        "and underscores, and begin with a letter or digit",
        f"- dataset_group is 'movies' but {A_DATASET_GROUP}",
        "- schema_arn is an object of type CfnSchema but the ARN of a schema is expected: pass one, the "
        "attr_schema_arn of a personalize.CfnSchema for example",
        "- dataset_type is 'Films' but Personalize takes 'Interactions', 'Items', 'Users', 'Actions', "
        "'Action_Interactions': use one of them",
        f"- source of dataset import job is 's3://ratings/in/' but {A_LOCATION}",
    ]
    assert refusal(lambda: encryption.on_key_access_changed("Rule", description=wrong, rule_name=wrong)).split(
        "\n"
    ) == [
        "Stack/Encryption: ",
        "- description is an object of type CfnSchema but a string is expected: pass one",
        "- rule_name is an object of type CfnSchema but a string is expected: pass one",
    ]


@pytest.mark.parametrize("wrong", ["movies", "arn:aws:personalize:eu-west-1:111111111111:schema/movies"])
def test_no_arn_of_a_dataset_group(encryption: PersonalizeEncryption, wrong: str) -> None:
    """Datasets take the dataset group itself or its ARN; a name, or an ARN of something else, is neither."""
    assert (
        refusal(
            lambda: encryption.add_dataset(
                "Ratings",
                dataset_group=wrong,
                schema_arn="arn:aws:personalize:::schema/s",
                name="ratings",
                dataset_type="Interactions",
            )
        )
        == f"Stack/Encryption: dataset_group is '{wrong}' but {A_DATASET_GROUP}"
    )


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        ([{"eventType": "click"}], "metrics has an object of type dict"),
        ("click", "metrics is 'click'"),
        (["click"], "metrics has 'click'"),
        ([None], "metrics has None"),
        ([PersonalizeResource.metric_attribution()], "metrics has an object of type PersonalizeResource"),
    ],
)
def test_metrics_that_jsii_would_not_take(encryption: PersonalizeEncryption, metrics: Any, words: str) -> None:
    """And would tell of on half a page."""
    movies = encryption.add_dataset_group("Movies", name="movies")
    assert (
        refusal(lambda: encryption.add_metric_attribution("M", dataset_group=movies, name="clicks", metrics=metrics))
        == f"Stack/Encryption: {words} but {METRICS}"
    )


def test_no_location_of_a_metric_attribution(encryption: PersonalizeEncryption) -> None:
    """It is told together with all else."""
    wrong: Any = {"destination": "s3://ratings/out/"}
    assert refusal(
        lambda: encryption.add_metric_attribution("M", dataset_group="movies", name="clicks", metrics=[], **wrong)
    ).split("\n") == [
        "Stack/Encryption: ",
        f"- dataset_group is 'movies' but {A_DATASET_GROUP}",
        f"- destination of metric attribution is 's3://ratings/out/' but {A_LOCATION}",
    ]


def test_no_arn_of_a_dataset_group_for_metrics(encryption: PersonalizeEncryption) -> None:
    """Metric attributions take the same."""
    assert (
        refusal(lambda: encryption.add_metric_attribution("M", dataset_group="movies", name="clicks", metrics=[]))
        == f"Stack/Encryption: dataset_group is 'movies' but {A_DATASET_GROUP}"
    )


@pytest.mark.parametrize("grantee", [ROLE_ARN, None])
def test_no_caller(encryption: PersonalizeEncryption, grantee: Any) -> None:
    """An ARN has no policies."""
    assert refusal(lambda: encryption.grant_create(grantee, PersonalizeResource.dataset_group())) == (
        f"Stack/Encryption: grantee is {grantee!r} but {A_CALLER}"
    )


def test_no_resource_for_a_caller(stack: cdk.Stack, encryption: PersonalizeEncryption) -> None:
    """The likely slips are those of ``allow``."""
    wrong: Any = [PersonalizeResource.dataset_group()]
    assert refusal(lambda: encryption.grant_create(iam.User(stack, "User"), wrong)) == (
        f"Stack/Encryption: an object of type list {A_RESOURCE}"
    )


def test_nothing_for_a_caller(stack: cdk.Stack, encryption: PersonalizeEncryption) -> None:
    """A grant of nothing would show at run time alone, as a call that is refused."""
    assert refusal(lambda: encryption.grant_create(iam.User(stack, "User"))) == (
        "Stack/Encryption: the grantee is given nothing to create: name the resources, as "
        "grant_create(grantee, PersonalizeResource.dataset_group()); those of the construct aren't taken"
    )


def test_an_imported_caller_is_taken(stack: cdk.Stack, encryption: PersonalizeEncryption) -> None:
    """Imported roles are callers, and imported functions whose role is known."""
    role = iam.Role.from_role_arn(stack, "Role", ROLE_ARN)
    function = lambda_.Function.from_function_attributes(stack, "Function", function_arn=FUNCTION_ARN, role=role)
    encryption.grant_create(function, PersonalizeResource.dataset_group())
    encryption.grant_create(role, PersonalizeResource.dataset_group())


@pytest.mark.parametrize(
    ("grantee", "principal"),
    [
        (lambda _: iam.ServicePrincipal("lambda.amazonaws.com"), "ServicePrincipal"),
        (lambda _: iam.AccountPrincipal("111111111111"), "AccountPrincipal"),
        (lambda stack: lambda_.Function.from_function_arn(stack, "Function", FUNCTION_ARN), "UnknownPrincipal"),
    ],
    ids=["a service", "an account", "an imported function"],
)
def test_a_caller_that_takes_no_policies(
    stack: cdk.Stack, encryption: PersonalizeEncryption, grantee: Callable[[cdk.Stack], Any], principal: str
) -> None:
    """The statements would be lost: a service and an account have no policies, an imported function no known role."""
    caller = grantee(stack)
    assert refusal(lambda: encryption.grant_create(caller, PersonalizeResource.dataset_group())) == (
        f"Stack/Encryption: grantee is an object of type {principal}, which takes no IAM policy: pass the role, user "
        "or group that calls Personalize"
    )


def test_a_target_that_is_not_wrapped(stack: cdk.Stack, encryption: PersonalizeEncryption) -> None:
    """Rules take targets, and a topic is none."""
    wrong: Any = sns.Topic(stack, "Topic")
    assert refusal(lambda: encryption.on_key_access_changed("Changed", target=wrong)) == (
        f"Stack/Encryption: target is an object of type Topic but {A_TARGET}"
    )
