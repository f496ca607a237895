"""Bad input: all that is wrong in one message, a line each, whatever kind of mistake it is."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.life.conftest import KEY_ARN, judged

GROUP = PersonalizeResource.dataset_group()


def test_everything_at_once(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """Wrong types, bad names, wrong locations and superfluous options, each on a line of its own."""
    wrong: Any = {
        "encryption_key": "arn:aws:kms:eu-west-1:111111111111:key/1234abcd",
        "service_role": "personalize",
        "role_name": "a b",
        "removal_policy": cdk.RemovalPolicy.SNAPSHOT,
        "source_account_check": "REQUIRED",
        "imported_key_policy": "MANAGED",
    }
    export = PersonalizeResource.dataset_export_job(S3Location(bucket, "export"))
    with pytest.raises(ValueError, match=r"^Stack/Encryption: \n- ") as error:
        PersonalizeEncryption(stack, "Encryption", resources=[export], **wrong)
    _, *lines = str(error.value).split("\n")
    assert [line.split(" ")[1] for line in lines] == [
        "encryption_key",
        "service_role",
        "removal_policy",
        "source_account_check",
        "imported_key_policy",
        "role_name",
        "role_name",
        "destination",
    ]
    assert all(": " in line for line in lines)


def test_a_role_that_is_wrong_and_a_key_that_is_wrong(concrete: cdk.Stack) -> None:
    """Every problem that is known is told with the others."""
    role = iam.Role.from_role_arn(concrete, "Role", "arn:aws:iam::222222222222:role/personalize")
    key = kms.Key.from_key_arn(concrete, "Key", KEY_ARN.replace("eu-west-1", "us-east-1"))
    with pytest.raises(ValueError, match="service_role belongs to account 222222222222") as error:
        PersonalizeEncryption(concrete, "Encryption", service_role=role, encryption_key=key, resources=[GROUP])
    assert "encryption_key is in Region us-east-1" in str(error.value)


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:kms:eu-west-1:111111111111:key/*",
        "arn:aws:kms:eu-west-1:1111:key/1234abcd",
        f"arn:aws:kms:eu-west-1:{cdk.Aws.ACCOUNT_ID}:key/*",
    ],
    ids=["wildcard", "short account", "wildcard behind a token"],
)
def test_an_arn_that_no_key_has(stack: cdk.Stack, arn: str) -> None:
    """A wildcard would allow every key, and an account has 12 digits."""
    key = kms.Key.from_key_arn(stack, "Key", arn)
    with pytest.raises(ValueError, match=r"encryption_key has the ARN .*, which no key has: pass one of the form"):
        PersonalizeEncryption(stack, "Encryption", encryption_key=key)


@pytest.mark.parametrize(
    "arn",
    [
        f"arn:{cdk.Aws.PARTITION}:kms:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:key/1234abcd",
        "arn:aws-us-gov:kms:us-gov-west-1:111111111111:key/mrk-1234abcd12ab34cd56ef1234567890ab",
        cdk.Fn.import_value("KeyArn"),
    ],
    ids=["tokens", "another partition", "one token"],
)
def test_an_arn_that_a_key_can_have(stack: cdk.Stack, arn: str) -> None:
    """Tokens, other partitions and multi-Region keys are fine."""
    PersonalizeEncryption(stack, "Encryption", encryption_key=kms.Key.from_key_arn(stack, "Key", arn))


def test_a_folder_in_a_bucket_arn(stack: cdk.Stack) -> None:
    """The folder is the location's prefix."""
    bucket = s3.Bucket.from_bucket_arn(stack, "Bucket", "arn:aws:s3:::ratings/import")
    job = PersonalizeResource.dataset_import_job(S3Location(bucket))
    with pytest.raises(ValueError, match="which no bucket has: pass the bucket alone, and the folder as the prefix"):
        PersonalizeEncryption(stack, "Encryption", resources=[job])


@pytest.mark.parametrize(
    "prefix",
    [f"*/{cdk.Aws.REGION}/", f"{cdk.Aws.REGION}/?/", f"${{aws:username}}/{cdk.Aws.REGION}/"],
    ids=["asterisk", "question mark", "variable"],
)
def test_a_token_hides_no_wildcard(stack: cdk.Stack, bucket: s3.Bucket, prefix: str) -> None:
    """The part of the prefix that is known is checked."""
    job = PersonalizeResource.dataset_import_job(S3Location(bucket, prefix))
    with pytest.raises(ValueError, match="are wildcards and variables in policies"):
        PersonalizeEncryption(stack, "Encryption", resources=[job])


@pytest.mark.parametrize("domain", ["ecommerce", "MOVIES", ""])
def test_a_domain_that_there_is_not(stack: cdk.Stack, domain: str) -> None:
    """Domains are checked as the jobs' enumerations are."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    with pytest.raises(
        ValueError, match=f"domain is '{domain}' but Personalize takes 'ECOMMERCE', 'VIDEO_ON_DEMAND': use one of them"
    ):
        encryption.add_dataset_group("Movies", name="movies", domain=domain)


def test_a_dataset_type_that_there_is_not(stack: cdk.Stack) -> None:
    """The same for types of datasets."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    movies = encryption.add_dataset_group("Movies", name="movies")
    with pytest.raises(ValueError, match="dataset_type is 'Ratings' but Personalize takes 'Interactions', 'Items'"):
        encryption.add_dataset(
            "R", dataset_group=movies, schema_arn="arn:aws:personalize:::schema/s", name="r", dataset_type="Ratings"
        )


@pytest.mark.parametrize("conditions", [[], ["One"], ["Two"]])
def test_two_dataset_groups_of_one_name(app: cdk.App, stack: cdk.Stack, conditions: list[str]) -> None:
    """Names are unique in an account and Region; each construct tells of the other's."""
    one, two = (PersonalizeEncryption(stack, id).add_dataset_group("Movies", name="movies") for id in ("One", "Two"))
    for id, group in (("One", one), ("Two", two)):
        if id in conditions:
            group.cfn_options.condition = cdk.CfnCondition(stack, "Condition")
    assert judged(app) == {("Configuration", "Stack/One/Movies"), ("Configuration", "Stack/Two/Movies")}


@pytest.mark.parametrize("how", ["later", "by an L1", "by an L1 that follows"])
def test_a_name_that_is_taken_in_the_end(app: cdk.App, stack: cdk.Stack, how: str) -> None:
    """A name that is changed later counts, and so does a dataset group of the user's."""
    if how == "by an L1":
        personalize.CfnDatasetGroup(stack, "First", name="movies")
    elif how == "later":
        PersonalizeEncryption(stack, "First").add_dataset_group("Series", name="series").name = "movies"
    PersonalizeEncryption(stack, "Second").add_dataset_group("Movies", name="movies")
    if how == "by an L1 that follows":
        personalize.CfnDatasetGroup(stack, "First", name="movies")
    path = "Stack/First/Series" if how == "later" else "Stack/First"
    assert judged(app) == {("Configuration", path), ("Configuration", "Stack/Second/Movies")}


def test_a_name_that_is_free_in_the_end(app: cdk.App, stack: cdk.Stack) -> None:
    """An aspect that puts something before every name, or a correction of the L1, leaves two names."""
    for id in ("First", "Second"):
        PersonalizeEncryption(stack, id).add_dataset_group("Movies", name="movies").name = f"movies-{id}"
    app.synth()


def test_two_dataset_groups_of_one_name_of_which_one_is_made(app: cdk.App, stack: cdk.Stack) -> None:
    """A condition may choose between two, which the template says only in the end."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    groups = [encryption.add_dataset_group(id, name="movies") for id in ("One", "Two")]
    here = cdk.Fn.condition_equals(cdk.Aws.REGION, "eu-west-1")
    for group, expression in zip(groups, (here, cdk.Fn.condition_not(here)), strict=True):
        group.cfn_options.condition = cdk.CfnCondition(group, "Condition", expression=expression)
    app.synth()


def test_two_dataset_groups_of_one_name_under_one_condition(app: cdk.App, stack: cdk.Stack) -> None:
    """Where it holds, both are made."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    condition = cdk.CfnCondition(stack, "Condition", expression=cdk.Fn.condition_equals(cdk.Aws.REGION, "eu-west-1"))
    for id in ("One", "Two"):
        encryption.add_dataset_group(id, name="movies").cfn_options.condition = condition
    assert judged(app) == {("Configuration", "Stack/Encryption/One"), ("Configuration", "Stack/Encryption/Two")}


def test_an_id_that_is_used_twice(stack: cdk.Stack) -> None:
    """The second one is refused, and allows nothing."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    encryption.on_key_access_changed("Movies")
    with pytest.raises(RuntimeError, match="There is already a Construct with name 'Movies'"):
        encryption.add_dataset_group("Movies", name="movies")
    assert encryption.permissions


@pytest.mark.parametrize("dataset_group", ["movies", 7, None, "arn:aws:personalize:eu-west-1:1:dataset/movies/ITEMS"])
def test_a_dataset_group_that_is_none(stack: cdk.Stack, dataset_group: Any) -> None:
    """An L1 or an ARN is taken, and nothing else."""
    encryption = PersonalizeEncryption(stack, "Encryption", resources=[GROUP])
    with pytest.raises(ValueError, match="but a dataset group is expected: pass what add_dataset_group returned"):
        encryption.add_dataset(
            "Ratings",
            dataset_group=dataset_group,
            schema_arn="arn:aws:personalize:::schema/s",
            name="r",
            dataset_type="Interactions",
        )


def test_a_lost_policy_and_a_wrong_trust_are_told_together(app: cdk.App, stack: cdk.Stack) -> None:
    """The synth tells everything at once, too."""
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    key = kms.Key(stack, "Key")
    PersonalizeEncryption(stack, "Encryption", encryption_key=key, service_role=role, resources=[GROUP])
    l1: Any = key.node.default_child
    l1.key_policy = {"Version": "2012-10-17", "Statement": []}
    assert judged(app) == {("Trust", "Stack/Role/Resource"), ("MissingKeyAccess", "Stack/Encryption")}


def test_arns_of_elsewhere(concrete: cdk.Stack) -> None:
    """Of another Region or account, or of something else; all in one message."""
    encryption = PersonalizeEncryption(concrete, "Encryption")
    with pytest.raises(ValueError, match=r"^Concrete/Encryption: ") as refused:
        encryption.add_dataset(
            "Ratings",
            dataset_group="arn:aws:personalize:us-east-1:222222222222:dataset-group/movies",
            schema_arn="ratings",
            name="ratings",
            dataset_type="Interactions",
        )
    assert str(refused.value).splitlines()[1:] == [
        "- dataset_group is 'arn:aws:personalize:us-east-1:222222222222:dataset-group/movies', of Region us-east-1 "
        "instead of eu-west-1 and of account 222222222222 instead of 111111111111, but dataset groups, schemas and "
        "datasets are in one account and Region: pass the ARN of one in those of the stack",
        "- schema_arn is 'ratings' but the ARN of a schema is expected: pass one, the attr_schema_arn of a "
        "personalize.CfnSchema for example",
    ]


def test_a_metric_attribution_of_a_dataset_group_elsewhere(concrete: cdk.Stack) -> None:
    """The same for what else belongs to a dataset group."""
    encryption = PersonalizeEncryption(concrete, "Encryption")
    with pytest.raises(ValueError, match="of Region us-east-1 instead of eu-west-1"):
        encryption.add_metric_attribution(
            "Metrics",
            dataset_group="arn:aws:personalize:us-east-1:111111111111:dataset-group/movies",
            name="metrics",
            metrics=[],
        )
