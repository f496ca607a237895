"""Warnings at synth about what the construct can't decide, apart from pending statements."""

import re
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import (
    ImportedKeyPolicy,
    PersonalizeEncryption,
    PersonalizeResource,
    S3Location,
)
from tests.datasets import add_ratings
from tests.life.conftest import GROUP, allowing, change, trusted_role, warnings
from tests.policies import resources


def test_nothing_allowed(stack: cdk.Stack) -> None:
    """People give key and role to L1s of their own, and forget to say so."""
    PersonalizeEncryption(stack, "Encryption")
    assert "grants nothing yet" in warnings(stack)["nothingAllowed"]


def test_something_allowed_later(stack: cdk.Stack) -> None:
    """The warning is about the end, not about the constructor."""
    PersonalizeEncryption(stack, "Encryption").allow(GROUP)
    assert warnings(stack) == {}


def test_a_resource_that_only_a_caller_is_granted(stack: cdk.Stack) -> None:
    """The job would fail, since Personalize and the role have no permissions for it."""
    encryption = allowing(stack, GROUP)
    role = iam.Role(stack, "Ci", assumed_by=iam.AccountRootPrincipal())
    export = PersonalizeResource.dataset_export_job()
    encryption.grant_create(role, GROUP, export)
    assert warnings(stack) == {
        "grantedButNotAllowed": (
            "a caller may create a dataset export job by grant_create, but Personalize and the "
            "role lack the permissions for it: allow it too, as "
            "allow(PersonalizeResource.dataset_export_job(…))"
        )
    }


def test_a_resource_that_is_allowed_after_its_caller(stack: cdk.Stack) -> None:
    """The order of the two calls makes no difference."""
    encryption = allowing(stack, GROUP)
    role = iam.Role(stack, "Ci", assumed_by=iam.AccountRootPrincipal())
    encryption.grant_create(role, PersonalizeResource.dataset_export_job())
    encryption.allow(PersonalizeResource.dataset_export_job())
    assert warnings(stack) == {}


def deleted(app: cdk.App) -> list[str]:
    """Synthesize, and return what the construct should retain, and the app deletes."""
    app.synth()
    report = Path(app.outdir, "validation-report.json").read_text("utf-8")
    return re.findall(r"what Stack/Encryption should retain \((.+?)\)", report)


@pytest.mark.parametrize(
    ("asked_for", "told"), [(cdk.RemovalPolicy.RETAIN, ["Key"]), (cdk.RemovalPolicy.DESTROY, [])]
)
def test_a_key_that_an_app_wide_helper_has_deleted(
    app: cdk.App, stack: cdk.Stack, asked_for: cdk.RemovalPolicy, told: list[str]
) -> None:
    """``RemovalPolicies.of(app).destroy()`` takes the data with it, unless that was asked for."""
    allowing(stack, GROUP, removal_policy=asked_for)
    change(stack, kms.CfnKey, lambda key: key.apply_removal_policy(cdk.RemovalPolicy.DESTROY))
    assert deleted(app) == told


def test_a_group_and_what_it_uses_that_an_app_wide_helper_has_deleted(
    app: cdk.App, stack: cdk.Stack
) -> None:
    """Everything is told in one warning, and the user's own key isn't ours to retain."""
    encryption = allowing(stack, encryption_key=kms.Key(stack, "Key"))
    add_ratings(encryption, encryption.add_dataset_group("Mo/vies", name="movies"))
    cdk.RemovalPolicies.of(stack).destroy()
    assert deleted(app) == ["Role, Mo--vies, Policy, Ratings"]


def test_a_role_alone_that_something_deletes(app: cdk.App, stack: cdk.Stack) -> None:
    """The retained group would lose its access. CloudFormation deletes what has no policy."""
    encryption = allowing(stack)
    encryption.add_dataset_group("Movies", name="movies")
    role = encryption.service_role.node.default_child
    assert isinstance(role, cdk.CfnResource)
    role.cfn_options.deletion_policy = None
    assert deleted(app) == ["Role"]


def test_a_given_role_that_something_deletes(app: cdk.App, stack: cdk.Stack) -> None:
    """It is its owner's to retain."""
    encryption = allowing(stack, service_role=trusted_role(stack))
    encryption.add_dataset_group("Movies", name="movies")
    change(stack, iam.CfnRole, lambda role: role.apply_removal_policy(cdk.RemovalPolicy.DESTROY))
    assert deleted(app) == []


def test_statements_of_an_imported_key_that_are_deleted(app: cdk.App, stack: cdk.Stack) -> None:
    """The retained data need them."""
    key = kms.Key.from_key_arn(stack, "Key", cdk.CfnParameter(stack, "KeyArn").value_as_string)
    allowing(stack, GROUP, encryption_key=key, imported_key_policy=ImportedKeyPolicy.MANAGED)
    change(
        stack,
        cdk.CfnResource,
        lambda resource: resource.apply_removal_policy(cdk.RemovalPolicy.DESTROY),
    )
    assert deleted(app) == ["KeyPolicyD2A9D055"]


@pytest.mark.parametrize(
    ("prefix", "warned"),
    [
        ("data/2026.11/ratings", True),
        ("", False),
        ("import/", False),
        ("import/ratings.csv", False),
        (f"import/{cdk.Aws.REGION}", False),
        (f"{cdk.Aws.REGION}/import", True),
    ],
    # The number of a token isn't the same in every worker.
    ids=["dots above", "whole bucket", "slash", "file", "token at the end", "token above"],
)
def test_a_source_that_others_begin_with(
    stack: cdk.Stack, bucket: s3.Bucket, prefix: str, warned: bool
) -> None:
    """Most often, a folder lacks its slash; a destination without a slash is refused."""
    jobs = [PersonalizeResource.dataset_import_job, PersonalizeResource.data_deletion_job]
    allowing(stack, *[job(S3Location(bucket, prefix)) for job in jobs])
    texts = warnings(stack)
    assert list(texts) == (["openPrefix"] if warned else [])
    shown = repr(f"{prefix}-private/".replace(cdk.Aws.REGION, "…"))
    assert (
        f"of bucket Stack/Bucket also allows {shown} and" in texts.get("openPrefix", "")
    ) is warned


@pytest.mark.parametrize(
    ("source", "destination", "warned"),
    [
        ("batch/", "batch/out/", True),
        ("", "out/", True),
        ("batch/in/", "batch/out/", False),
        ("batch", "batch-out/", False),
    ],
)
def test_an_output_below_its_input(
    stack: cdk.Stack, bucket: s3.Bucket, source: str, destination: str, warned: bool
) -> None:
    """The next job would read the last one's output."""
    batch = PersonalizeResource.batch_inference_job(
        S3Location(bucket, source), S3Location(bucket, destination)
    )
    allowing(stack, batch)
    text = warnings(stack).get("outputBelowInput", "")
    told = f"batch inference job writes to {destination!r} below its source {source!r} in one"
    assert text.startswith(told) is warned


@pytest.mark.parametrize(
    ("job_name", "told"),
    [
        (None, "/', and if the dataset is deployed, pass import_job_name= the present name,"),
        ("first", None),
    ],
)
def test_the_slash_of_a_first_import(
    stack: cdk.Stack, bucket: s3.Bucket, job_name: str | None, told: str | None
) -> None:
    """The job's name follows the prefix; a new name is a new import, which replaces the data."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    movies = encryption.add_dataset_group("Movies", name="movies")
    source = S3Location(bucket, "import")
    add_ratings(encryption, movies, import_from=source, import_job_name=job_name)
    text = warnings(stack)["openPrefix"]
    assert told in text if told else text.endswith("end it in /, as 'import/'")


TEAM = {"team": "movies"}


@pytest.mark.parametrize(
    ("tags", "excluded", "dropped"),
    [
        (None, [], "cost-center, team"),
        (TEAM, [], "cost-center"),
        ({"team": "books"}, [], "cost-center, team"),
        ({**TEAM, "cost-center": "42"}, [], None),
        (None, ["AWS::Personalize::Dataset", "AWS::Personalize::DatasetGroup"], None),
    ],
)
def test_tags_of_the_app_that_do_not_reach_what_personalize_makes(
    stack: cdk.Stack, tags: dict[str, str] | None, excluded: list[str], dropped: str | None
) -> None:
    """The warning names the dropped tags, but none that the resource has itself."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    movies = encryption.add_dataset_group("Movies", name="movies", tags=tags)
    add_ratings(encryption, movies, tags=tags)
    encryption.add_metric_attribution("Metrics", dataset_group=movies, name="metrics", metrics=[])
    for key, value in {**TEAM, "cost-center": "42"}.items():
        cdk.Tags.of(stack).add(key, value, exclude_resource_types=excluded)
    text = warnings(stack).get("droppedTags", "")
    told = (
        f"the tags {dropped} of the app don't reach Movies, Ratings, whose tags can't be changed "
        "later: pass the tags for these as tags={…} from the start, or keep the aspect that adds "
        "them (Tags.of: exclude_resource_types) from these"
    )
    assert text == ("" if dropped is None else told)


@pytest.mark.parametrize("kind", [iam.ManagedPolicy, iam.Policy])
def test_a_grantee_that_is_a_policy_itself(
    stack: cdk.Stack, security: cdk.Stack, kind: Any
) -> None:
    """The principal of a policy is no construct, so that the policy says which stack it is in."""
    encryption = PersonalizeEncryption(stack, "Encryption", role_name="personalize")
    encryption.grant_create(kind(security, "Callers", users=[iam.User(security, "User")]), GROUP)
    (policy,) = resources(security, f"AWS::IAM::{kind.__name__}").values()
    *_, passing = policy["Properties"]["PolicyDocument"]["Statement"]
    account = ["arn:", {"Ref": "AWS::Partition"}, ":iam::", {"Ref": "AWS::AccountId"}]
    assert passing["Resource"] == {"Fn::Join": ["", [*account, ":role/personalize"]]}
