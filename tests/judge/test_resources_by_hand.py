"""Resources by hand on the key or the role of a construct: the judge answers for them, too."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from personalize_kms_constructs.checks import (
    PersonalizeAccessChecks,
    check_assembly,
    declare_created,
)
from tests.actions import FIVE, FOUR
from tests.datasets import SCHEMA_ARN
from tests.judge.apps import ENV, encryption, export_job, failure, of_app, told
from tests.life.conftest import PERSONALIZE, importing, trusted_role

ALLOW = "use key and role of one PersonalizeEncryption, and allow it with encryption.allow("
ADD = "add these actions to that policy: a new RoleArn would replace the dataset group"


def group(scope: Construct, of: PersonalizeEncryption, **props: Any) -> personalize.CfnDatasetGroup:
    """A dataset group by hand, by default on the construct's key and with its role."""
    key, role = of.encryption_key.key_arn, of.service_role.role_arn
    arns = {"kms_key_arn": key, "role_arn": role}
    return personalize.CfnDatasetGroup(scope, "Books", name="books", **{**arns, **props})


def waiting(scope: Construct, of: PersonalizeEncryption, **props: Any) -> None:
    group(scope, of, **props).node.add_dependency(of.permissions)


def dataset(of: PersonalizeEncryption, bucket: s3.IBucket, prefix: str = "import/") -> None:
    """A dataset by hand, whose import job is on the construct's key."""
    books = of.add_dataset_group("Books", name="books")
    source = personalize.CfnDataset.DataSourceProperty(
        data_location=bucket.s3_url_for_object(prefix)
    )
    job = personalize.CfnDataset.DatasetImportJobProperty(
        job_name="books", data_source=source, role_arn=of.service_role.role_arn
    )
    ratings = personalize.CfnDataset(
        cdk.Stack.of(of),
        "Ratings",
        name="ratings",
        dataset_type="Interactions",
        dataset_group_arn=books.attr_dataset_group_arn,
        schema_arn=SCHEMA_ARN,
        dataset_import_job=job,
    )
    ratings.node.add_dependency(of.permissions)


def machine(stack: cdk.Stack, of: PersonalizeEncryption, bucket: s3.IBucket) -> sfn.StateMachine:
    """A state machine by hand that starts an export."""
    output = {"S3DataDestination": {"Path": bucket.s3_url_for_object("export/")}}
    parameters = {
        "JobName": "books",
        "DatasetArn": "arn:aws:personalize:eu-west-1:111122223333:dataset/books/INTERACTIONS",
        "RoleArn": of.service_role.role_arn,
        "JobOutput": output,
    }
    export = tasks.CallAwsService(
        stack,
        "Export",
        service="personalize",
        action="createDatasetExportJob",
        parameters=parameters,
        iam_resources=["*"],
    )
    return sfn.StateMachine(
        stack, "Machine", definition_body=sfn.DefinitionBody.from_chainable(export)
    )


def exporting(bucket: s3.IBucket) -> PersonalizeResource:
    return PersonalizeResource.dataset_export_job(S3Location(bucket, "export/"))


def without_role(stack: cdk.Stack) -> None:
    waiting(stack, encryption(stack), role_arn=None)


def without_dependency(stack: cdk.Stack) -> None:
    group(stack, encryption(stack))


def without_statements(stack: cdk.Stack) -> None:
    waiting(stack, encryption(stack, resources=[]))


def with_a_role_without_statements(stack: cdk.Stack) -> None:
    waiting(stack, encryption(stack), role_arn=trusted_role(stack).role_arn)


def on_another_key(stack: cdk.Stack) -> None:
    waiting(stack, encryption(stack), kms_key_arn=kms.Key(stack, "Other").key_arn)


def at_another_prefix(stack: cdk.Stack) -> None:
    bucket = s3.Bucket(stack, "Data")
    of = encryption(stack, resources=[importing(bucket, "other/")])
    dataset(of, bucket)


def by_a_machine_without_rights(stack: cdk.Stack) -> None:
    bucket = s3.Bucket(stack, "Data")
    machine(stack, encryption(stack, resources=[exporting(bucket)]), bucket)


@pytest.mark.parametrize(
    ("build", "finding", "remedy"),
    [
        (without_role, "Configuration error Main/Books", "set its RoleArn as well, or remove its "),
        (
            without_dependency,
            "Ordering warning Main/Books",
            "make it wait with node.add_dependency(encryption.permissions), or for that policy",
        ),
        (without_statements, "MissingKeyAccess error Main/Books", ALLOW),
        (with_a_role_without_statements, "MissingKeyAccess error Main/Books", ADD),
        (on_another_key, "MissingKeyAccess error Main/Books", ALLOW),
        (at_another_prefix, "MissingRoleAccess error Main/Ratings", ALLOW),
        (
            by_a_machine_without_rights,
            "MissingRoleAccess error Main/Machine/Resource",
            "allow the caller with encryption.grant_create(…)",
        ),
    ],
)
def test_a_mistake_is_told(
    build: Callable[[cdk.Stack], None], finding: str, remedy: str, app: cdk.App, stack: cdk.Stack
) -> None:
    """In the construct's words; an order is a warning, since the group may exist already."""
    build(stack)
    failure(app.synth)
    said = (Path(app.outdir) / "validation-report.json").read_text(encoding="utf-8")
    assert remedy in said
    assert finding in {" ".join(violation) for violation in told(app)}


def with_all_it_needs(stack: cdk.Stack) -> None:
    of = encryption(stack, resources=[])
    of.allow(PersonalizeResource.dataset_group())
    waiting(stack, of)


def wire_by_hand(stack: cdk.Stack, key: kms.Key, role: iam.Role) -> iam.ManagedPolicy:
    """Let Personalize and a role use a key, as the guide says."""
    for principal in (iam.ServicePrincipal(PERSONALIZE), iam.ArnPrincipal(role.role_arn)):
        key.add_to_resource_policy(
            iam.PolicyStatement(principals=[principal], actions=FIVE, resources=["*"])
        )
    reading = iam.PolicyStatement(actions=FOUR, resources=[key.key_arn])
    return iam.ManagedPolicy(stack, "OfRole", statements=[reading], roles=[role])


def in_another_stack(stack: cdk.Stack) -> None:
    waiting(of_app(stack, "Others"), encryption(stack))


def half_way_through_a_migration(stack: cdk.Stack) -> None:
    key, role = kms.Key(stack, "Key"), trusted_role(stack)
    policy = wire_by_hand(stack, key, role)
    of = encryption(stack, encryption_key=key)
    group(stack, of, role_arn=role.role_arn).node.add_dependency(policy)
    of.add_dataset_group("Movies", name="movies")


def on_the_key_of_two_constructs(stack: cdk.Stack) -> None:
    of = encryption(stack)
    other = encryption(of_app(stack, "Others"), encryption_key=of.encryption_key)
    waiting(cdk.Stack.of(other), other)


def declared(stack: cdk.Stack) -> None:
    bucket = s3.Bucket(stack, "Data")
    made = [importing(bucket), PersonalizeResource.dataset_group()]
    of = encryption(stack, resources=made)
    key, role = of.encryption_key, of.service_role
    declare_created(stack, *made, service_role=role, encryption_key=key)


def jobs(stack: cdk.Stack) -> None:
    bucket = s3.Bucket(stack, "Data")
    of = encryption(stack, resources=[importing(bucket), exporting(bucket)])
    dataset(of, bucket)
    of.grant_create(machine(stack, of, bucket), exporting(bucket))
    job = export_job(of, destination=S3Location(bucket, "nightly/"))
    sfn.StateMachine(stack, "Ours", definition_body=sfn.DefinitionBody.from_chainable(job))


@pytest.mark.parametrize(
    "build",
    [
        with_all_it_needs,
        in_another_stack,
        half_way_through_a_migration,
        on_the_key_of_two_constructs,
        declared,
        jobs,
    ],
)
def test_what_is_right_passes(
    build: Callable[[cdk.Stack], None], app: cdk.App, stack: cdk.Stack
) -> None:
    """Without a word, and the whole check has nothing to add that is missing or wrong."""
    build(stack)
    report = check_assembly(app.synth())
    assert told(app) == []
    assert report.asked
    assert not report.missing
    assert not report.problems


@pytest.mark.parametrize("is_imported", [False, True])
def test_a_key_policy_may_be_enough_for_a_role_of_others(
    is_imported: bool, app: cdk.App, stack: cdk.Stack
) -> None:
    """It names the role, or can't be seen; AWS's page asks for statements in IAM as well."""
    role, key = trusted_role(stack), kms.Key(stack, "Key")
    arn = f"arn:aws:kms:eu-west-1:{ENV.account}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    wired = wire_by_hand(stack, key, role)
    stack.node.try_remove_child(wired.node.id)
    given = kms.Key.from_key_arn(stack, "Imported", arn) if is_imported else key
    group(stack, encryption(stack, encryption_key=given), role_arn=role.role_arn)
    app.synth()
    assert {severity for _, severity, _ in told(app)} <= {"warning"}


def test_the_order_of_others_is_an_error_of_the_whole_check(app: cdk.App, stack: cdk.Stack) -> None:
    """Beside it the judge's warning changes nothing."""
    cdk.Validations.of(app).add_plugins(PersonalizeAccessChecks())
    without_dependency(stack)
    assert "ValidationFailed" in failure(app.synth)
    assert ("Ordering", "error", "Main/Books") in told(app)
