"""Keys and buckets of the app beside others that only the deployment knows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm

from personalize_kms_check._evaluation.calls import Call, service
from personalize_kms_constructs import PersonalizeResource, S3Location
from personalize_kms_constructs.checks import check_assembly
from tests.actions import FIVE
from tests.datasets import add_ratings
from tests.judge.apps import ENV, SCHEMA_ARN, encryption, failure, new_app, of_app, told
from tests.life.conftest import PERSONALIZE, trusted_role


def exporting(bucket: s3.IBucket, key: kms.IKey | None = None) -> PersonalizeResource:
    location = S3Location(bucket, "export/", encryption_key=key)
    return PersonalizeResource.dataset_export_job(location)


def key_of_parameter(scope: cdk.Stack) -> kms.IKey:
    arn = ssm.StringParameter.value_for_string_parameter(scope, "/data/key")
    return kms.Key.from_key_arn(scope, "OfParameter", arn)


def imported_bucket(scope: cdk.Stack) -> s3.IBucket:
    return s3.Bucket.from_bucket_name(scope, "Imported", cdk.Fn.import_value("Theirs"))


@pytest.mark.parametrize(("number", "action"), [(2, "kms:Decrypt"), (3, "s3:PutObject")])
def test_what_the_app_makes_is_taken_out_beside_an_open_value(
    number: int, action: str, app: cdk.App, stack: cdk.Stack
) -> None:
    """The parameter and the import may be anything, but the construct means what it names."""
    theirs = exporting(imported_bucket(stack), key_of_parameter(stack))
    ours = exporting(s3.Bucket(stack, "Data"))
    made = encryption(stack, resources=[PersonalizeResource.dataset_group(), ours, theirs])
    (policy,) = [
        construct
        for construct in made.node.find_all()
        if isinstance(construct, iam.CfnManagedPolicy)
    ]
    policy.add_property_deletion_override(f"PolicyDocument.Statement.{number}.Resource.0")
    assert action in failure(app.synth)
    assert told(app) == [("MissingRoleAccess", "error", "Main/Encryption")]


def test_a_denial_of_an_open_value_may_be_of_what_the_app_makes(
    app: cdk.App, stack: cdk.Stack
) -> None:
    """Others wrote it, and mean what they like."""
    role = trusted_role(stack)
    encryption(stack, service_role=role)
    denied = iam.PolicyStatement(
        effect=iam.Effect.DENY, actions=["kms:Decrypt"], resources=[key_of_parameter(stack).key_arn]
    )
    role.add_to_principal_policy(denied)
    report = check_assembly(app.synth())
    assert {(entry.action, entry.principal) for entry in report.undecided} == {
        ("kms:Decrypt", "role")
    }


def test_a_boundary_by_a_parameter_may_be_about_what_the_app_makes(
    app: cdk.App, stack: cdk.Stack
) -> None:
    """A platform team wrote it for all buckets of an environment."""
    data = s3.Bucket(stack, "Data", bucket_name="company-prod-data")
    encryption(stack, resources=[exporting(data)])
    of_environment = cdk.CfnParameter(stack, "Env").value_as_string
    statements = [
        iam.PolicyStatement(actions=["kms:*"], resources=["*"]),
        iam.PolicyStatement(
            actions=["s3:*"], resources=[f"arn:aws:s3:::company-{of_environment}-*"]
        ),
    ]
    boundary = iam.ManagedPolicy(stack, "Boundary", statements=statements)
    iam.PermissionsBoundary.of(stack).apply(boundary)
    app.synth()
    assert told(app) == []


def of_another_stack(stack: cdk.Stack) -> cdk.Stack:
    """Resources of one stack, the construct in another, beside open values."""
    other = of_app(stack, "Other")
    key, bucket = kms.Key(stack, "Key"), s3.Bucket(stack, "Data")
    made = encryption(
        other, encryption_key=key, service_role=trusted_role(stack, role_name="given")
    )
    made.allow(exporting(bucket), exporting(imported_bucket(other), key_of_parameter(other)))
    return other


def exported_and_imported_back(stack: cdk.Stack) -> None:
    bucket, key = s3.Bucket(stack, "Data"), kms.Key(stack, "Key")
    cdk.CfnOutput(stack, "Name", value=bucket.bucket_name, export_name="Theirs")
    cdk.CfnOutput(stack, "Arn", value=key.key_arn, export_name="TheirKey")
    other = of_app(stack, "Other")
    again = kms.Key.from_key_arn(other, "Again", cdk.Fn.import_value("TheirKey"))
    role = trusted_role(stack, role_name="given")
    encryption(stack, service_role=role, encryption_key=key, resources=[exporting(bucket)])
    made = encryption(other, service_role=role, encryption_key=again)
    made.allow(exporting(imported_bucket(other), key_of_parameter(other)))


def in_a_nested_stack(stack: cdk.Stack) -> None:
    nested = cdk.NestedStack(stack, "Nested")
    made = encryption(nested, encryption_key=kms.Key(stack, "Key"))
    made.allow(exporting(s3.Bucket(stack, "Data")))
    made.allow(exporting(imported_bucket(nested), key_of_parameter(nested)))


def open_to_personalize(key: kms.Key) -> None:
    principal = iam.ServicePrincipal(PERSONALIZE)
    key.add_to_resource_policy(
        iam.PolicyStatement(principals=[principal], actions=FIVE, resources=["*"])
    )


def on_a_group_whose_key_is_the_parameters(stack: cdk.Stack) -> None:
    """Others made it with the key itself; the construct knows the key by its parameter alone."""
    key, role = kms.Key(stack, "Key"), trusted_role(stack)
    open_to_personalize(key)
    books = personalize.CfnDatasetGroup(
        stack, "Books", name="books", kms_key_arn=key.key_arn, role_arn=role.role_arn
    )
    made = encryption(stack, encryption_key=key_of_parameter(stack), service_role=role)
    add_ratings(made, books, schema_arn=SCHEMA_ARN)
    made.add_metric_attribution("Clicks", dataset_group=books, name="clicks", metrics=[])


def in_a_bucket_whose_key_is_the_parameters(stack: cdk.Stack) -> None:
    key = kms.Key(of_app(stack, "Data"), "Key")
    open_to_personalize(key)
    stack.add_dependency(cdk.Stack.of(key))
    s3.Bucket(cdk.Stack.of(key), "Data", bucket_name="ratings", encryption_key=key)
    named = s3.Bucket.from_bucket_name(stack, "Named", "ratings")
    made = encryption(stack)
    books = made.add_dataset_group("Books", name="books")
    source = S3Location(named, "import/", encryption_key=key_of_parameter(stack))
    add_ratings(made, books, schema_arn=SCHEMA_ARN, import_from=source)


@pytest.mark.parametrize("is_weak", [False, True])
@pytest.mark.parametrize(
    "build",
    [
        of_another_stack,
        exported_and_imported_back,
        in_a_nested_stack,
        on_a_group_whose_key_is_the_parameters,
        in_a_bucket_whose_key_is_the_parameters,
    ],
)
def test_the_apps_own_by_another_way_passes(
    build: Callable[[cdk.Stack], Any], is_weak: bool, tmp_path: Path
) -> None:
    """With strong references and with weak ones."""
    weak = {"@aws-cdk/core:defaultCrossStackReferences": "weak"} if is_weak else {}
    app = new_app(tmp_path, context=weak)
    build(cdk.Stack(app, "Main", env=ENV))
    assert failure(app.synth) == ""
    assert not [rule for rule, severity, _ in told(app) if severity == "error"]


@pytest.mark.parametrize(
    ("action", "pattern", "is_of_others"),
    [
        ("kms:Decrypt", "${Main.Arn?}", True),
        ("kms:Decrypt", "arn:aws:kms:eu-west-1:111122223333:key/${export Id #0123abcd?}", True),
        ("s3:GetObject", "${resolve:ssm:/bucket #0123abcd?}/import/*", True),
        ("s3:GetObject", "arn:aws:s3:::${Main.Data}/${Main.Prefix?}*", False),
        ("kms:Decrypt", "${Main.Reader.Arn?}", False),
        ("kms:Decrypt", "${output Arn of Keys #0123abcd?}", False),
    ],
)
def test_values_that_others_give(action: str, pattern: str, is_of_others: bool) -> None:
    """Parameters, imports and dynamic references, and nothing that may lead back to the app."""
    call = Call(service("", ""), action, "", "", "", is_on_own=True)
    assert call.names_others(pattern) is is_of_others
