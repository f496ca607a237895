"""Refusals at construction, with all the reasons in one message."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import ImportedKeyPolicy, PersonalizeEncryption, PersonalizeResource, S3Location

ASYMMETRIC = (
    "is a RSA_2048 key but Personalize needs data keys, which only symmetric encryption keys generate: "
    "use KeySpec.SYMMETRIC_DEFAULT"
)


@pytest.fixture
def concrete() -> cdk.Stack:
    """A stack of a known account and Region."""
    environment = cdk.Environment(account="111111111111", region="eu-west-1")
    return cdk.Stack(cdk.App(analytics_reporting=False), "Stack", env=environment)


def refusal(construct: Callable[[], object]) -> str:
    with pytest.raises(ValueError, match=r"^Stack/Encryption: ") as error:
        construct()
    return str(error.value)


def importing(stack: cdk.Stack, *locations: S3Location) -> str:
    jobs = [PersonalizeResource.dataset_import_job(location) for location in locations]
    return refusal(lambda: PersonalizeEncryption(stack, "Encryption", resources=jobs))


def test_an_asymmetric_key(stack: cdk.Stack) -> None:
    """Only symmetric encryption keys generate data keys."""
    key = kms.Key(stack, "Key", key_spec=kms.KeySpec.RSA_2048, key_usage=kms.KeyUsage.ENCRYPT_DECRYPT)
    message = refusal(lambda: PersonalizeEncryption(stack, "Encryption", encryption_key=key))
    assert message.endswith(f"encryption_key {ASYMMETRIC}")


@pytest.mark.parametrize(
    ("spec", "usage"),
    [
        (kms.KeySpec.ECC_NIST_P256, kms.KeyUsage.SIGN_VERIFY),
        (kms.KeySpec.HMAC_256, kms.KeyUsage.GENERATE_VERIFY_MAC),
    ],
)
def test_a_key_for_something_else(stack: cdk.Stack, spec: kms.KeySpec, usage: kms.KeyUsage) -> None:
    """Keys for signatures and codes are refused as well."""
    key = kms.Key(stack, "Key", key_spec=spec, key_usage=usage)
    message = refusal(lambda: PersonalizeEncryption(stack, "Encryption", encryption_key=key))
    assert f"encryption_key is a {spec.value} key but Personalize needs data keys" in message


def test_an_asymmetric_key_of_a_location(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """The keys of locations are looked at too."""
    key = kms.Key(stack, "Key", key_spec=kms.KeySpec.RSA_2048, key_usage=kms.KeyUsage.ENCRYPT_DECRYPT)
    message = importing(stack, S3Location(bucket, "in/", encryption_key=key))
    assert f"key of the source of dataset import job {ASYMMETRIC}" in message


def test_an_alias_of_the_app(stack: cdk.Stack) -> None:
    """Personalize takes the ARN of a key, not of an alias."""
    alias = kms.Key(stack, "Key").add_alias("personalize")
    message = refusal(lambda: PersonalizeEncryption(stack, "Encryption", encryption_key=alias))
    assert message.endswith(
        "encryption_key is an alias but Personalize takes the ARN of a key: pass the key itself, for "
        "example alias.alias_target_key or kms.Key.from_key_arn"
    )


def test_an_imported_alias(stack: cdk.Stack) -> None:
    """An alias imported by name is one too."""
    alias = kms.Alias.from_alias_name(stack, "Alias", "alias/personalize")
    message = refusal(lambda: PersonalizeEncryption(stack, "Encryption", encryption_key=alias))
    assert "encryption_key is an alias" in message


def test_the_key_of_an_alias_is_taken(stack: cdk.Stack) -> None:
    """The advice of the message works."""
    alias = kms.Key(stack, "Key").add_alias("personalize")
    PersonalizeEncryption(stack, "Encryption", encryption_key=alias.alias_target_key)


def test_a_key_of_another_region(concrete: cdk.Stack) -> None:
    """Personalize uses keys of its own Region."""
    key = kms.Key.from_key_arn(concrete, "Key", "arn:aws:kms:us-east-1:111111111111:key/1234abcd")
    message = refusal(lambda: PersonalizeEncryption(concrete, "Encryption", encryption_key=key))
    assert message == (
        "Stack/Encryption: encryption_key is in Region us-east-1 but the stack is in eu-west-1, and Personalize uses "
        "keys and buckets of its own Region only: pass one of eu-west-1, or make the stack in us-east-1"
    )


def test_a_bucket_of_another_region(concrete: cdk.Stack) -> None:
    """Personalize reads and writes in its own Region."""
    bucket = s3.Bucket.from_bucket_attributes(concrete, "Bucket", bucket_name="ratings", region="us-east-1")
    message = importing(concrete, S3Location(bucket, "in/"))
    assert "bucket of the source of dataset import job is in Region us-east-1 but the stack is in eu-west-1" in message


def test_another_region_is_fine_while_one_is_unknown(stack: cdk.Stack) -> None:
    """Nothing is compared while it is a token."""
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:us-east-1:111111111111:key/1234abcd")
    PersonalizeEncryption(stack, "Encryption", encryption_key=key)


def test_managing_the_key_of_another_account(concrete: cdk.Stack) -> None:
    """Its policy is out of reach for the stack's function."""
    key = kms.Key.from_key_arn(concrete, "Key", "arn:aws:kms:eu-west-1:444455556666:key/1234abcd")
    managed = ImportedKeyPolicy.MANAGED
    message = refusal(
        lambda: PersonalizeEncryption(concrete, "Encryption", encryption_key=key, imported_key_policy=managed)
    )
    assert message == (
        "Stack/Encryption: encryption_key belongs to account 444455556666, and ImportedKeyPolicy.MANAGED works in the "
        "stack's account only: use ImportedKeyPolicy.PENDING and have the key's owner add the statements"
    )


@pytest.mark.parametrize("account", ["111111111111", cdk.Aws.ACCOUNT_ID], ids=["this account's", "anybody's"])
def test_managing_a_key_of_this_account_or_of_nobody_knows_whose(concrete: cdk.Stack, account: str) -> None:
    """Only what is known to be of another account is refused."""
    key = kms.Key.from_key_arn(concrete, "Key", f"arn:aws:kms:eu-west-1:{account}:key/1234abcd")
    managed = ImportedKeyPolicy.MANAGED
    PersonalizeEncryption(concrete, "Encryption", encryption_key=key, imported_key_policy=managed)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "-movies",
        "movies!",
        "m" * 64,
        "mo vies",
        "movies\n",
        pytest.param(f"{cdk.Aws.REGION}.movies", id="token and a character"),
        pytest.param(f"-{cdk.Aws.REGION}", id="start before a token"),
        pytest.param(f"{'m' * 63}{cdk.Aws.REGION}", id="long with a token"),
    ],
)
def test_names_outside_of_the_pattern(stack: cdk.Stack, name: str) -> None:
    """Names of dataset groups are checked as Personalize does."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    message = refusal(lambda: encryption.add_dataset_group("Movies", name=name))
    assert message.endswith(
        f"name of the dataset group {name!r} is not a name that Personalize takes: use 1 to 63 letters, digits, "
        "hyphens and underscores, and begin with a letter or digit"
    )


TOKENS = [
    pytest.param(cdk.Aws.STACK_NAME, id="token"),
    pytest.param(f"{'m' * 61}_{cdk.Aws.STACK_NAME}", id="long with a token"),
]


@pytest.mark.parametrize("name", ["m", "0", "Movies_2-b", "m" * 63, *TOKENS])
def test_names_inside_of_the_pattern(stack: cdk.Stack, name: str) -> None:
    """Values that Personalize takes, or that are known only at deployment, are taken."""
    PersonalizeEncryption(stack, "Encryption").add_dataset_group("Movies", name=name)


def test_every_name_of_a_dataset(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """The dataset's and its job's, and the location's problem, in one message."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    movies = encryption.add_dataset_group("Movies", name="movies")
    message = refusal(
        lambda: encryption.add_dataset(
            "Ratings",
            dataset_group=movies,
            schema_arn="arn:aws:personalize:::schema/s",
            name="rat ings",
            dataset_type="Interactions",
            import_from=S3Location(bucket, "/in"),
            import_job_name="job!",
        )
    )
    assert "name of the dataset 'rat ings'" in message
    assert "import_job_name 'job!'" in message
    assert "prefix '/in'" in message


def test_a_name_that_is_derived_is_not_told_of(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """Nobody gave the name of the import job, which has the dataset's in it."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    movies = encryption.add_dataset_group("Movies", name="movies")
    message = refusal(
        lambda: encryption.add_dataset(
            "Ratings",
            dataset_group=movies,
            schema_arn="arn:aws:personalize:::schema/s",
            name="rat ings",
            dataset_type="Interactions",
            import_from=S3Location(bucket, "in/"),
        )
    )
    assert "name of the dataset 'rat ings'" in message
    assert "import_job_name" not in message


def test_a_job_name_without_a_job(stack: cdk.Stack) -> None:
    """An argument that would be ignored is refused."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    movies = encryption.add_dataset_group("Movies", name="movies")
    message = refusal(
        lambda: encryption.add_dataset(
            "Ratings",
            dataset_group=movies,
            schema_arn="arn:aws:personalize:::schema/s",
            name="ratings",
            dataset_type="Interactions",
            import_job_name="job",
        )
    )
    assert "import_job_name is 'job' but there is nothing to import: give import_from" in message


def test_the_name_of_a_metric_attribution(stack: cdk.Stack) -> None:
    """Metric attributions have the pattern of names, too."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    movies = encryption.add_dataset_group("Movies", name="movies")
    message = refusal(lambda: encryption.add_metric_attribution("M", dataset_group=movies, name="a b", metrics=[]))
    assert "name of the metric attribution 'a b'" in message


@pytest.mark.parametrize("prefix", ["same/", "same"])
def test_a_batch_job_that_writes_where_it_reads(stack: cdk.Stack, bucket: s3.Bucket, prefix: str) -> None:
    """Personalize wants another folder for the output."""
    job = PersonalizeResource.batch_inference_job(S3Location(bucket, prefix), S3Location(bucket, "same/"))
    message = refusal(lambda: PersonalizeEncryption(stack, "Encryption", resources=[job]))
    assert message.endswith(
        f"batch inference job has the same source and destination, prefix {prefix!r} of one bucket, but Personalize "
        "wants another folder for the output: change one of the prefixes, or allow source and destination as two "
        "resources, if each job has paths of its own below the prefix"
    )


def test_a_batch_job_that_writes_where_it_reads_by_another_import_of_the_bucket(stack: cdk.Stack) -> None:
    """A bucket that was imported twice is one place."""
    source, destination = (s3.Bucket.from_bucket_name(stack, id, "ratings") for id in ("Source", "Destination"))
    job = PersonalizeResource.batch_segment_job(S3Location(source, "x/"), S3Location(destination, "x/"))
    message = refusal(lambda: PersonalizeEncryption(stack, "Encryption", resources=[job]))
    assert "batch segment job has the same source and destination, prefix 'x/' of one bucket" in message


@pytest.mark.parametrize(("source", "destination"), [("dataX/", "data/"), ("data/", "dataX/")])
def test_a_folder_whose_name_begins_alike_is_another(
    stack: cdk.Stack, bucket: s3.Bucket, source: str, destination: str
) -> None:
    """Nothing but the slash at the end is left out of the comparison."""
    job = PersonalizeResource.batch_segment_job(S3Location(bucket, source), S3Location(bucket, destination))
    PersonalizeEncryption(stack, "Encryption", resources=[job])


def test_the_same_prefix_of_two_buckets_is_fine(
    stack: cdk.Stack, bucket: s3.Bucket, encrypted_bucket: s3.Bucket
) -> None:
    """Another bucket is another place."""
    job = PersonalizeResource.batch_segment_job(S3Location(bucket, "x/"), S3Location(encrypted_bucket, "x/"))
    PersonalizeEncryption(stack, "Encryption", resources=[job])


def test_a_path_over_256_characters(stack: cdk.Stack) -> None:
    """The whole path counts where the bucket's name is known."""
    bucket = s3.Bucket.from_bucket_name(stack, "Imported", "ratings")  # s3://ratings/ has 13 characters
    PersonalizeEncryption(
        stack, "Fits", resources=[PersonalizeResource.dataset_import_job(S3Location(bucket, "p" * 242 + "/"))]
    )
    message = importing(stack, S3Location(bucket, "p" * 243 + "/"))
    assert "source of dataset import job has a path of 257 characters but Personalize takes 256 at most" in message


def test_a_path_over_256_characters_whatever_the_bucket(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """Where the name is chosen at deployment, what is known of the path counts."""
    message = importing(stack, S3Location(bucket, "p" * 260 + "/"))
    assert (
        "has a path of 267 characters without what is known at deployment but Personalize takes 256 at most" in message
    )


def test_a_destination_that_is_no_folder(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """Personalize writes into folders, which end in a slash."""
    job = PersonalizeResource.dataset_export_job(S3Location(bucket, "export"))
    message = refusal(lambda: PersonalizeEncryption(stack, "Encryption", resources=[job]))
    assert "destination of dataset export job has prefix 'export', which is not a folder" in message
    assert "as 'export/'" in message


@pytest.mark.parametrize("prefix", ["export/{}", "{}"])
def test_a_token_at_the_end_may_be_a_folder(stack: cdk.Stack, bucket: s3.Bucket, prefix: str) -> None:
    """Nothing is judged while it is a token."""
    folder = prefix.format(cdk.CfnParameter(stack, "Folder").value_as_string)
    job = PersonalizeResource.dataset_export_job(S3Location(bucket, folder))
    PersonalizeEncryption(stack, "Encryption", resources=[job])


@pytest.mark.parametrize("prefix", ["s3://ratings/export", "export/*"])
def test_what_is_no_prefix_is_not_called_a_file(stack: cdk.Stack, bucket: s3.Bucket, prefix: str) -> None:
    """A slash at its end would not mend it."""
    job = PersonalizeResource.dataset_export_job(S3Location(bucket, prefix))
    message = refusal(lambda: PersonalizeEncryption(stack, "Encryption", resources=[job]))
    assert f"has prefix {prefix!r}" in message
    assert "end it in '/'" not in message


@pytest.mark.parametrize("prefix", ["/import/", "s3://ratings/import/"])
def test_a_prefix_that_is_none(stack: cdk.Stack, bucket: s3.Bucket, prefix: str) -> None:
    """A leading slash or an address would allow access to other objects than meant."""
    assert importing(stack, S3Location(bucket, prefix)).endswith(
        f"source of dataset import job has prefix {prefix!r}: give the key prefix below the bucket alone, without a "
        "leading slash or s3:// address, as 'import/'"
    )


@pytest.mark.parametrize("prefix", ["import*/", "?/", "${aws:username}/"])
def test_a_prefix_that_means_something_in_a_policy(stack: cdk.Stack, bucket: s3.Bucket, prefix: str) -> None:
    """Wildcards and policy variables would allow access to other objects."""
    assert importing(stack, S3Location(bucket, prefix)).endswith(
        f"source of dataset import job has prefix {prefix!r}: '*', '?' and '${{' are wildcards and variables in "
        "policies and would allow other objects too; use a prefix without them"
    )


def test_something_that_is_no_resource(stack: cdk.Stack) -> None:
    """A factory that wasn't called is the likely slip."""
    wrong = [PersonalizeResource.dataset_group]
    message = refusal(lambda: PersonalizeEncryption(stack, "Encryption", resources=wrong))  # type: ignore[arg-type]
    assert "is not a resource: call a factory, as in PersonalizeResource.dataset_group()" in message


def test_a_name_for_a_role_that_is_given(stack: cdk.Stack) -> None:
    """A prop that would be ignored is refused."""
    role = iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::111111111111:role/personalize")
    message = refusal(lambda: PersonalizeEncryption(stack, "Encryption", service_role=role, role_name="other"))
    assert message.endswith(": role_name is for the role made here, but service_role is given: leave one out")


def test_a_removal_policy_for_a_key_that_is_given(stack: cdk.Stack, data_key: kms.Key) -> None:
    """The removal policy of a key of the user's is the user's."""
    message = refusal(
        lambda: PersonalizeEncryption(
            stack, "Encryption", encryption_key=data_key, removal_policy=cdk.RemovalPolicy.DESTROY
        )
    )
    assert message.endswith(": removal_policy is for the key made here, but encryption_key is given: leave one out")


def test_what_follows_something_that_is_no_resource(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """It is looked at, too."""
    wrong: Any = [PersonalizeResource.dataset_group, PersonalizeResource.dataset_export_job(S3Location(bucket, "out"))]
    message = refusal(lambda: PersonalizeEncryption(stack, "Encryption", resources=wrong))
    assert "is not a resource" in message
    assert "is not a folder" in message


def test_all_problems_are_in_one_message(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """One deployment attempt is enough to learn of every mistake, a line each."""
    alias = kms.Alias.from_alias_name(stack, "Alias", "alias/personalize")
    jobs = [
        PersonalizeResource.dataset_export_job(S3Location(bucket, "export")),
        PersonalizeResource.batch_segment_job(S3Location(bucket, "x/"), S3Location(bucket, "x/")),
    ]
    message = refusal(lambda: PersonalizeEncryption(stack, "Encryption", encryption_key=alias, resources=jobs))
    assert message.split("\n") == [
        "Stack/Encryption: ",
        "- encryption_key is an alias but Personalize takes the ARN of a key: pass the key itself, for example "
        "alias.alias_target_key or kms.Key.from_key_arn",
        "- destination of dataset export job has prefix 'export', which is not a folder: end it in '/', as 'export/'",
        "- batch segment job has the same source and destination, prefix 'x/' of one bucket, but Personalize wants "
        "another folder for the output: change one of the prefixes, or allow source and destination as two resources, "
        "if each job has paths of its own below the prefix",
    ]


def test_what_is_refused_later(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """``allow`` checks like the constructor, and wires nothing when it refuses."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    good = PersonalizeResource.dataset_import_job(S3Location(bucket, "in/"))
    bad = PersonalizeResource.dataset_export_job(S3Location(bucket, "export"))
    assert "is not a folder" in refusal(lambda: encryption.allow(good, bad))
    assert bucket.policy is None


def test_what_was_refused_once_is_refused_again(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """A key is not taken for good because its problem has been told before."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    key = kms.Key(stack, "Key", key_spec=kms.KeySpec.RSA_2048, key_usage=kms.KeyUsage.ENCRYPT_DECRYPT)
    job = PersonalizeResource.dataset_import_job(S3Location(bucket, "in/", encryption_key=key))
    first, second = refusal(lambda: encryption.allow(job)), refusal(lambda: encryption.allow(job))
    assert ASYMMETRIC in first
    assert second == first


def test_a_revision_without_managed(stack: cdk.Stack) -> None:
    """Nothing is put back where nobody writes the key policy."""
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:us-east-1:111122223333:key/1")
    message = refusal(
        lambda: PersonalizeEncryption(stack, "Encryption", encryption_key=key, imported_key_policy_revision="2")
    )
    assert message.endswith(
        ": imported_key_policy_revision is for ImportedKeyPolicy.MANAGED, which is not chosen: leave it out, or say "
        "imported_key_policy=ImportedKeyPolicy.MANAGED"
    )
