"""Arguments that Personalize, KMS or IAM can't use are refused with all reasons in one message."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import (
    ImportedKeyPolicy,
    PersonalizeEncryption,
    PersonalizeResource,
    S3Location,
)
from tests.datasets import add_ratings
from tests.life.conftest import importing
from tests.test_arguments import refusal

Arguments = dict[str, Any]
Build = Callable[[cdk.Stack, s3.Bucket], Arguments]

KEY_ARN = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd"
ASYMMETRIC = (
    "is a RSA_2048 key but Personalize needs data keys, which only symmetric encryption keys "
    "generate: use KeySpec.SYMMETRIC_DEFAULT"
)
AN_ALIAS = (
    "encryption_key is an alias but Personalize takes the ARN of a key: pass the key itself, for "
    "example the alias_target_key of an alias made here, or kms.Key.from_lookup(…, alias_name=…)"
)
OF_ANOTHER_REGION = (
    "is in Region us-east-1 but the stack is in eu-west-1, and Personalize uses keys and buckets "
    "of its own Region only: pass one of eu-west-1, or make the stack in us-east-1"
)
ACCESS_POINT = "arn:aws:s3:eu-west-1:111111111111:accesspoint/ratings"
NO_KEY = (
    "which no key has: pass one of the form arn:aws:kms:REGION:ACCOUNT:key/ID, "
    "with an account of 12 digits and without wildcards"
)
NO_LETTER, NUL = "IAM takes no '{}' in a policy: use characters up to U+00FF".format, "\\x00"
TOO_LONG = "but Personalize takes 256 at most: use a shorter prefix"
A_BARE_PREFIX = (
    "pass only the key prefix below the bucket, "
    "without a leading slash or s3:// address, as 'import/'"
)
A_PATTERN = (
    "'*', '?' and '${' are wildcards and variables in policies and would allow other objects too; "
    "use a prefix without them"
)
ONE_FOLDER = (
    "of one bucket, but Personalize wants another folder for the output: change one of the "
    "prefixes, or allow source and destination as two resources, if each job has paths of its own "
    "below the prefix"
)
MANAGED = {"imported_key_policy": ImportedKeyPolicy.MANAGED}


@pytest.fixture
def stack(app: cdk.App) -> cdk.Stack:
    """A stack of a known account and Region."""
    return cdk.Stack(app, "Stack", env=cdk.Environment(account="111111111111", region="eu-west-1"))


def asymmetric(stack: cdk.Stack) -> kms.Key:
    return kms.Key(
        stack, "Key", key_spec=kms.KeySpec.RSA_2048, key_usage=kms.KeyUsage.ENCRYPT_DECRYPT
    )


def imported(stack: cdk.Stack, arn: str) -> kms.IKey:
    return kms.Key.from_key_arn(stack, "Key", arn)


def with_key(arn: str, **more: Any) -> Build:
    """A construct with the key of this ARN."""
    return lambda stack, _: {"encryption_key": imported(stack, arn), **more}


def with_role_of(account: str, **more: Any) -> Build:
    """A construct with a role of this account."""
    arn = f"arn:aws:iam::{account}:role/r"
    return lambda stack, _: {"service_role": iam.Role.from_role_arn(stack, "Role", arn), **more}


def reading(bucket: Any, prefix: str = "in/", **options: Any) -> Arguments:
    return {"resources": [importing(bucket, prefix, **options)]}


def writing(bucket: s3.IBucket, prefix: str) -> Arguments:
    return {"resources": [PersonalizeResource.dataset_export_job(S3Location(bucket, prefix))]}


def both(source: s3.IBucket, prefix: str, destination: s3.IBucket, other: str) -> Arguments:
    job = PersonalizeResource.batch_inference_job(
        S3Location(source, prefix), S3Location(destination, other)
    )
    return {"resources": [job]}


def named(stack: cdk.Stack, id: str, **options: Any) -> s3.IBucket:
    """A bucket imported by its name; ``s3://ratings/`` has 13 characters."""
    return s3.Bucket.from_bucket_attributes(stack, id, bucket_name="ratings", **options)


REFUSED: dict[str, tuple[Build, str]] = {
    "an asymmetric key": (
        lambda stack, _: {"encryption_key": asymmetric(stack)},
        f"encryption_key {ASYMMETRIC}",
    ),
    "a key for signatures": (
        lambda stack, _: {"encryption_key": kms.CfnKey(stack, "Key", key_spec="ECC_NIST_P256")},
        f"encryption_key {ASYMMETRIC}".replace("RSA_2048", "ECC_NIST_P256"),
    ),
    "an alias of the app": (
        lambda stack, _: {"encryption_key": kms.Key(stack, "Key").add_alias("a")},
        AN_ALIAS,
    ),
    "an imported alias": (
        lambda stack, _: {"encryption_key": kms.Alias.from_alias_name(stack, "Alias", "alias/a")},
        AN_ALIAS,
    ),
    "a key of another Region": (
        with_key(KEY_ARN.replace("eu-west-1", "us-east-1")),
        f"encryption_key {OF_ANOTHER_REGION}",
    ),
    "a bucket of another Region": (
        lambda stack, _: reading(named(stack, "Imported", region="us-east-1")),
        f"bucket of the source of dataset import job {OF_ANOTHER_REGION}",
    ),
    "a key of another account to manage": (
        with_key(KEY_ARN.replace("1" * 12, "444455556666"), **MANAGED),
        "encryption_key belongs to account 444455556666, and ImportedKeyPolicy.MANAGED works in "
        "the stack's account only: use ImportedKeyPolicy.PENDING and have the key's owner add the "
        "statements",
    ),
    "an ARN for the name of a role": (
        lambda stack, _: {
            "service_role": iam.Role.from_role_name(
                stack, "Role", "arn:aws:iam::111111111111:role/r"
            )
        },
        "service_role has the ARN arn:…:iam::111111111111:role/arn:aws:iam::111111111111:role/r, "
        "which isn't that of a role: pass iam.Role.from_role_name a name, or "
        "iam.Role.from_role_arn the ARN of a role",
    ),
    "a wildcard for keys behind a token": (
        with_key(f"arn:aws:kms:eu-west-1:{cdk.Aws.ACCOUNT_ID}:key/*"),
        f"encryption_key has the ARN arn:aws:kms:eu-west-1:${{AWS::AccountId}}:key/*, {NO_KEY}",
    ),
    "an account of four digits": (
        with_key("arn:aws:kms:eu-west-1:1111:key/1234abcd"),
        f"encryption_key has the ARN arn:aws:kms:eu-west-1:1111:key/1234abcd, {NO_KEY}",
    ),
    "a folder in the ARN of a bucket": (
        lambda stack, _: reading(
            s3.Bucket.from_bucket_arn(stack, "Imported", "arn:aws:s3:::ratings/import")
        ),
        "bucket of the source of dataset import job has the ARN arn:aws:s3:::ratings/import, "
        "which no bucket has: pass only the bucket, and the folder as the prefix of the S3Location",
    ),
    "an access point": (
        lambda stack, _: reading(s3.Bucket.from_bucket_arn(stack, "Imported", ACCESS_POINT)),
        f"bucket of the source of dataset import job has the ARN {ACCESS_POINT} of an access "
        "point, and the construct takes no access points: pass the bucket behind it",
    ),
    "a path of 257 characters": (
        lambda stack, _: reading(named(stack, "Imported"), "p" * 243 + "/"),
        f"source of dataset import job has a path of 257 characters {TOO_LONG}",
    ),
    "a path that is too long whatever the bucket": (
        lambda _, data: reading(data, "p" * 260 + "/"),
        "source of dataset import job has a path of 267 characters without what is known at "
        f"deployment {TOO_LONG}",
    ),
    "one folder for both ends": (
        lambda _, data: both(data, "x", data, "x/"),
        f"batch inference job has the same source and destination, prefix 'x' {ONE_FOLDER}",
    ),
    "one folder of a bucket imported twice": (
        lambda stack, _: both(named(stack, "In"), "x/", named(stack, "Out"), "x/"),
        f"batch inference job has the same source and destination, prefix 'x/' {ONE_FOLDER}",
    ),
    "a name for a role that is given": (
        with_role_of("111111111111", role_name="other"),
        "role_name is for the role made here, but service_role is set: leave one out",
    ),
    "a revision without MANAGED": (
        with_key(KEY_ARN, imported_key_policy_revision="2"),
        "imported_key_policy_revision is for ImportedKeyPolicy.MANAGED, which is not chosen: "
        "leave it out, or set imported_key_policy=ImportedKeyPolicy.MANAGED",
    ),
}
PREFIXES: dict[str, tuple[Callable[..., Arguments], str, str]] = {
    "a path from the root": (reading, "/in/", f"'/in/': {A_BARE_PREFIX}"),
    "an address": (writing, "s3://ratings/out", f"'s3://ratings/out': {A_BARE_PREFIX}"),
    "an asterisk": (writing, "out*", f"'out*': {A_PATTERN}"),
    "a wildcard behind a token": (
        reading,
        f"{cdk.Aws.STACK_NAME}/*/",
        f"'${{AWS::StackName}}/*/': {A_PATTERN}",
    ),
    "a letter that IAM takes in no policy": (
        reading,
        "für/東/",
        f"'für/東/', but {NO_LETTER('東')}",
    ),
    "a control character": (
        writing,
        f"{cdk.Aws.REGION}/\x00/",
        f"'${{AWS::Region}}/\\x00/', but {NO_LETTER(NUL)}",
    ),
    "no folder": (writing, "out", "'out', which is not a folder: end it in /, as 'out/'"),
    "a file": (
        writing,
        "export/out.csv",
        "'export/out.csv', which is not a folder: end it in /, as 'export/'",
    ),
}

TAKEN: dict[str, Build] = {
    "a key that the CLI has yet to look up": lambda stack, _: {
        "encryption_key": kms.Key.from_lookup(stack, "Key", alias_name="alias/a")
    },
    "a key of tokens": with_key(
        f"arn:{cdk.Aws.PARTITION}:kms:{cdk.Aws.REGION}:{cdk.Aws.ACCOUNT_ID}:key/1"
    ),
    "an imported value": with_key(cdk.Fn.import_value("KeyArn")),
    "a multi-Region key": with_key(KEY_ARN.replace("/", "/mrk-")),
    "a key of this account to manage": with_key(KEY_ARN, **MANAGED),
    "a key of nobody knows whose account to manage": with_key(
        KEY_ARN.replace("1" * 12, cdk.Aws.ACCOUNT_ID), **MANAGED
    ),
    "a key spec that the deployment knows": lambda stack, _: {
        "encryption_key": kms.CfnKey(
            stack, "Key", key_spec=cdk.CfnParameter(stack, "Spec").value_as_string
        )
    },
    "a path of 256 characters": lambda stack, _: reading(named(stack, "Imported"), "p" * 242 + "/"),
    "a folder that a token may be": lambda _, data: writing(data, f"out/{cdk.Aws.STACK_NAME}"),
    "a folder whose name begins alike": lambda _, data: both(data, "dataX/", data, "data/"),
    "one prefix of two buckets": lambda stack, data: both(data, "x/", named(stack, "Other"), "x/"),
}


@pytest.mark.parametrize(("build", "reason"), REFUSED.values(), ids=REFUSED)
def test_the_construct_refuses(
    stack: cdk.Stack, bucket: s3.Bucket, build: Build, reason: str
) -> None:
    """The message says what it got, expected, and what to change; tokens are not compared."""
    arguments = build(stack, bucket)
    assert refusal(lambda: PersonalizeEncryption(stack, "Encryption", **arguments)) == [reason]


@pytest.mark.parametrize(("given", "prefix", "told"), PREFIXES.values(), ids=PREFIXES)
def test_prefixes_that_are_refused(
    stack: cdk.Stack, bucket: s3.Bucket, given: Callable[..., Arguments], prefix: str, told: str
) -> None:
    """The policies couldn't name what is there; and Personalize writes to folders alone."""
    arguments = given(bucket, prefix)
    end = "source of dataset import" if given is reading else "destination of dataset export"
    reasons = refusal(lambda: PersonalizeEncryption(stack, "Encryption", **arguments))
    assert reasons == [f"{end} job has prefix {told}"]


@pytest.mark.parametrize("build", TAKEN.values(), ids=TAKEN)
def test_the_construct_takes(stack: cdk.Stack, bucket: s3.Bucket, build: Build) -> None:
    """The messages' advice, limits, and values of a look-up or the deployment are accepted."""
    PersonalizeEncryption(stack, "Encryption", **build(stack, bucket))


def test_another_region_is_fine_while_that_of_the_stack_is_unknown(app: cdk.App) -> None:
    """Nothing is compared while it is a token."""
    agnostic = cdk.Stack(app, "Agnostic")
    PersonalizeEncryption(agnostic, "Encryption", encryption_key=imported(agnostic, KEY_ARN))


def test_allow_refuses_as_the_constructor_does(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """``allow`` checks like the constructor, wires nothing if it refuses, and refuses again."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    good, bad = (
        reading(bucket)["resources"],
        reading(bucket, "out/", encryption_key=asymmetric(stack))["resources"],
    )
    reasons = [refusal(lambda: encryption.allow(*good, *bad)) for _ in range(2)]
    assert reasons == [[f"key of the source of dataset import job {ASYMMETRIC}"]] * 2
    assert bucket.policy is None


ELSEWHERE = "arn:aws:personalize:us-east-1:222222222222:dataset-group/movies"


def not_a_name(what: str, name: str) -> str:
    return (
        f"{what} {name!r} is not a name that Personalize takes: use 1 to 63 letters, digits, "
        "hyphens and underscores, and begin with a letter or digit"
    )


@pytest.mark.parametrize(
    "name",
    ["", "-movies", "m" * 64, "movies\n", f"-{cdk.Aws.REGION}", f"{'m' * 63}{cdk.Aws.REGION}"],
    ids=["empty", "hyphen", "long", "line", "hyphen before a token", "long before a token"],
)
def test_names_outside_of_the_pattern(stack: cdk.Stack, name: str) -> None:
    """They are refused; a token counts as at least a letter."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    reasons = refusal(lambda: encryption.add_dataset_group("Movies", name=name))
    shown = name.replace(cdk.Aws.REGION, "${AWS::Region}")
    assert reasons == [not_a_name("name of the dataset group", shown)]


@pytest.mark.parametrize(
    "name",
    ["m", "0", "Movies_2-b", "m" * 63, f"{'m' * 61}_{cdk.Aws.STACK_NAME}"],
    ids=["letter", "digit", "all", "long", "long with a token"],
)
def test_names_inside_of_the_pattern(stack: cdk.Stack, name: str) -> None:
    """Names of 63 characters, and names known only at deployment, are accepted."""
    PersonalizeEncryption(stack, "Encryption").add_dataset_group("Movies", name=name)


@pytest.mark.parametrize("domain", ["ecommerce", ""])
def test_a_domain_that_there_is_not(stack: cdk.Stack, domain: Any) -> None:
    """Case counts, and values of the deployment are accepted."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    assert refusal(
        lambda: encryption.add_dataset_group("Movies", name="movies", domain=domain)
    ) == [
        f"domain is {domain!r} but Personalize takes 'ECOMMERCE', 'VIDEO_ON_DEMAND': use one of "
        "them"
    ]
    parameter: Any = cdk.CfnParameter(stack, "Domain").value_as_string
    encryption.add_dataset_group("Later", name="m", domain=parameter)


def test_everything_wrong_with_a_dataset(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """Its names, its schema, its type, its dataset group and its location in one message."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    schema = personalize.CfnSchema(stack, "Schema", name="ratings", schema="{}")
    wrong: Arguments = {
        "dataset_group": ELSEWHERE,
        "schema_arn": schema,
        "name": "rat ings",
        "dataset_type": "Films",
        "import_from": S3Location(bucket, "/in"),
        "import_job_name": "job!",
    }
    assert refusal(lambda: encryption.add_dataset("Ratings", **wrong)) == [
        not_a_name("name of the dataset", "rat ings"),
        f"dataset_group is '{ELSEWHERE}', of Region us-east-1 instead of eu-west-1 and of account "
        "222222222222 instead of 111111111111, but dataset groups, schemas and datasets are in "
        "one account and Region: pass an ARN of the stack's account and Region",
        "schema_arn is an object of type CfnSchema, expected the ARN of a schema: pass one, the "
        "attr_schema_arn of a personalize.CfnSchema for example",
        "dataset_type is 'Films' but Personalize takes 'Interactions', 'Items', 'Users', "
        "'Actions', 'Action_Interactions': use one of them",
        not_a_name("import_job_name", "job!"),
        f"source of dataset import job has prefix '/in': {A_BARE_PREFIX}",
    ]


def test_a_name_that_is_derived_is_not_told_of(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """Nobody gave the name of the import job, which has the dataset's in it."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    wrong: Arguments = {"name": "rat ings", "import_from": S3Location(bucket, "in/")}
    assert refusal(lambda: add_ratings(encryption, **wrong)) == [
        not_a_name("name of the dataset", "rat ings")
    ]


def test_a_job_name_without_a_job(stack: cdk.Stack) -> None:
    """An argument that would be ignored is refused."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    assert refusal(lambda: add_ratings(encryption, import_job_name="job")) == [
        "import_job_name is 'job' but there is nothing to import: set import_from"
    ]


def test_a_bucket_may_have_the_name_of_an_access_point(stack: cdk.Stack) -> None:
    """Only the form of an ARN says that it is one."""
    data = s3.Bucket.from_bucket_name(stack, "Data", "accesspoint-data")
    PersonalizeEncryption(stack, "Encryption", **reading(data))


def test_tokens_of_numbers_and_lists_are_told_in_words(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """The CDK writes them as numbers and strings that nobody can read."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    number: Any = cdk.CfnParameter(stack, "Number", type="Number").value_as_number
    (first,) = names = cdk.CfnParameter(stack, "Names", type="CommaDelimitedList").value_as_list
    source = PersonalizeResource.dataset_import_job(S3Location(bucket, f"{first}*"))
    told = [
        *refusal(lambda: encryption.add_dataset_group("Movies", name=number)),
        *refusal(
            lambda: encryption.add_dataset_group("Movies", name="movies", tags={"size": number})
        ),
        *refusal(lambda: encryption.add_dataset_group("Movies", name=first)),
        *refusal(lambda: encryption.allow(source)),
        *refusal(lambda: encryption.allow(*names)),  # type: ignore[arg-type]
    ]
    element = "${an element of a list, which takes Fn.select}"
    assert [line[: line.index(":")] for line in told] == [
        "name of the dataset group an object of type float is not a name that Personalize takes",
        "tags has an object of type float, expected a mapping of strings",
        f"name of the dataset group '{element}' is not a name that Personalize takes",
        f"source of dataset import job has prefix '{element}*'",
        f"'{element}' is not a resource",
    ]


@pytest.mark.parametrize("name", ["team-*", "*/reco", "${aws:username}/reco"])
def test_the_arn_of_a_role_is_no_pattern(stack: cdk.Stack, name: str) -> None:
    """IAM takes these characters in a path, but ``ArnEquals`` compares patterns."""
    arn = f"arn:aws:iam::111111111111:role/{name}"
    role = iam.Role.from_role_arn(stack, "Role", arn)
    with pytest.raises(ValueError, match="which isn't that of a role") as error:
        PersonalizeEncryption(stack, "Encryption", service_role=role)
    assert f"service_role has the ARN {arn}, which" in str(error.value)
