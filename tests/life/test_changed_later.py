"""Changes after the constructor, by aspects, escape hatches and tree operations, are reported."""

import json
from collections.abc import Callable
from typing import Any, cast

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import (
    PersonalizeEncryption,
    PersonalizeResource,
    SourceAccountCheck,
)
from personalize_kms_constructs.checks import PersonalizeAccessChecks, check_assembly
from tests.judge.apps import told
from tests.life.conftest import (
    GROUP,
    Late,
    allowing,
    change,
    encrypted_by,
    importing,
    judge_warnings,
    judged,
    l1_role,
    trusted_role,
)

EMPTY: dict[str, Any] = {"Version": "2012-10-17", "Statement": []}


@pytest.fixture
def imports(stack: cdk.Stack, encrypted_bucket: s3.Bucket) -> PersonalizeEncryption:
    """A construct that imports from a bucket with a key of its own."""
    return allowing(stack, GROUP, importing(encrypted_bucket))


def l1(scope: Any, path: str) -> Any:
    """The L1 of a construct of the stack, by its path."""
    for id in path.split("/"):
        scope = scope.node.find_child(id)
    return scope if isinstance(scope, cdk.CfnResource) else scope.node.default_child


def setting(path: str, name: str, value: Any) -> Callable[[cdk.Stack], Any]:
    return lambda stack: setattr(l1(stack, path), name, value)


def removing(path: str, id: str) -> Callable[[cdk.Stack], Any]:
    return lambda stack: stack.node.find_child(path).node.try_remove_child(id)


def copying(path: str, name: str, allowed_later: Callable[[cdk.Stack], PersonalizeResource]) -> Any:
    """Copy a policy, and then allow something more."""

    def copy(stack: cdk.Stack) -> None:
        policy = l1(stack, path)
        setattr(policy, name, getattr(policy, name).to_json())
        encryption: Any = stack.node.find_child("Encryption")
        encryption.allow(allowed_later(stack))

    return copy


def with_another_prefix(stack: cdk.Stack) -> PersonalizeResource:
    bucket: Any = stack.node.find_child("EncryptedBucket")
    return importing(bucket, "other/")


def encrypt_anew(stack: cdk.Stack) -> None:
    rules = encrypted_by(kms.Key(stack, "Other").key_arn)
    change(stack, s3.CfnBucket, lambda bucket: setattr(bucket, "bucket_encryption", rules))


def second_policy(stack: cdk.Stack) -> None:
    bucket: Any = stack.node.find_child("EncryptedBucket")
    s3.CfnBucketPolicy(stack, "Second", bucket=bucket.bucket_name, policy_document=EMPTY)


def rename(name: Callable[[str], str]) -> Callable[[cdk.Stack], Any]:
    return lambda stack: change(
        stack, iam.CfnRole, lambda role: setattr(role, "role_name", name(role.role_name))
    )


CHANGES: dict[str, dict[str, Callable[[cdk.Stack], Any]]] = {
    "MissingKeyAccess at Encryption": {
        "key policy replaced": setting("Encryption/Key", "key_policy", EMPTY),
        "key policy copied too early": copying(
            "Encryption/Key", "key_policy", lambda _: PersonalizeResource.dataset_export_job()
        ),
        "bucket with another key": encrypt_anew,
    },
    "MissingBucketAccess at Encryption": {
        "bucket policy copied too early": copying(
            "EncryptedBucket/Policy", "policy_document", with_another_prefix
        ),
        "bucket policy taken out": removing("EncryptedBucket", "Policy"),
    },
    "MissingRoleAccess at Encryption": {
        "managed policy without role": setting("Encryption/Policy", "roles", []),
        "managed policy taken out": removing("Encryption", "Policy"),
    },
    "Configuration at Encryption": {
        "role taken out": removing("Encryption", "Role"),
        "another kind of key": setting("Encryption/Key", "key_spec", "RSA_2048"),
    },
    "Configuration at Second": {"second bucket policy": second_policy},
    "Trust at Encryption/Role/Resource": {
        "trust taken away": setting("Encryption/Role", "assume_role_policy_document", EMPTY)
    },
}
FAULTS = {f"{name}: {rule}": how for rule in CHANGES for name, how in CHANGES[rule].items()}


@pytest.mark.usefixtures("imports")
@pytest.mark.parametrize("fault", FAULTS)
def test_a_later_fault_fails_the_synth(app: cdk.App, stack: cdk.Stack, fault: str) -> None:
    """The construct has done its part by then, so the check reads the final templates."""
    rule, _, place = fault.partition(": ")[2].partition(" at ")
    FAULTS[fault](stack)
    assert (rule, f"Stack/{place}") in judged(app)


def test_usual_changes_fail_nothing(
    app: cdk.App, stack: cdk.Stack, imports: PersonalizeEncryption
) -> None:
    """A copied key policy, a longer role name, and usual tags and boundaries change nothing."""
    key = l1(stack, "Encryption/Key")
    key.key_policy = stack.resolve(key.key_policy)
    rename(lambda name: f"corp-{name}")(stack)
    cdk.Tags.of(app).add("team", "movies")
    iam.PermissionsBoundary.of(app).apply(
        iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "boundary")
    )
    app.synth()


FEWER_WORDS = [
    "kms:CreateGrant",
    "kms:decrypt",
    "kms:DescribeKey*",
    "kms:GenerateDataKey*",
    "KMS:ListGrants",
]
ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-1a2b3c4d5e"}}


@pytest.mark.usefixtures("imports")
@pytest.mark.parametrize(
    ("element", "value", "warned"),
    [
        ("Action", FEWER_WORDS, False),
        # A company's aspect may know what holds for the role; a template doesn't say it.
        ("Condition", ORGANIZATION, True),
    ],
)
def test_a_statement_that_is_written_in_another_way(
    app: cdk.App, stack: cdk.Stack, element: str, value: Any, warned: bool
) -> None:
    """A rewritten statement is accepted if nothing is missing, and else reported as undecided."""
    l1(stack, "Encryption/Key").add_property_override(f"KeyPolicy.Statement.1.{element}", value)
    assert judge_warnings(app) == ({("Undecided", "Stack/Encryption")} if warned else set())


def put_under_a_condition(encryption: PersonalizeEncryption, default: str) -> None:
    """Make all of it where a parameter says yes."""
    stack = cdk.Stack.of(encryption)
    parameter = cdk.CfnParameter(stack, "Encrypted", default=default).value_as_string
    is_yes = cdk.Fn.condition_equals(parameter, "yes")
    is_encrypted = cdk.CfnCondition(stack, "IsEncrypted", expression=is_yes)
    for made in encryption.node.find_all():
        if isinstance(made, cdk.CfnResource):
            made.cfn_options.condition = is_encrypted


def test_everything_under_one_condition(app: cdk.App, stack: cdk.Stack) -> None:
    """It is there or it isn't; the check is told which, or takes the default."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    encryption.add_dataset_group("Movies", name="movies")
    put_under_a_condition(encryption, default="no")
    assembly = app.synth()
    report = check_assembly(assembly, parameters={"Encrypted": "yes"})
    assert (report.missing, report.undecided, report.problems) == ((), (), ())
    assert len(report.allowed) == 14
    report = check_assembly(assembly)
    assert (report.asked, report.assumed) == ((), {"Stack.Encrypted": "no"})
    assert (report.missing, report.undecided) == ((), ())


def test_the_judge_warns_once_of_what_conditions_leave_open(app: cdk.App, stack: cdk.Stack) -> None:
    """It takes no defaults, and fails nothing."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    encryption.add_dataset_group("Movies", name="movies")
    encryption.add_dataset_group("Books", name="books")
    encryption.allow(PersonalizeResource.metric_attribution())
    put_under_a_condition(encryption, default="yes")
    app.synth()
    assert told(app) == [("Undecided", "warning", "Stack/Encryption")]


@pytest.mark.parametrize("has_checks", [False, True])
def test_a_key_that_a_condition_leaves_out_is_warned_of(
    app: cdk.App, stack: cdk.Stack, has_checks: bool
) -> None:
    """It is warned of once, and the checks report other undecided resources, at the first."""
    movies = PersonalizeEncryption(stack, "Encryption").add_dataset_group("Movies", name="movies")
    cdk.CfnCondition(
        stack, "IsDev", expression=cdk.Fn.condition_equals(cdk.Aws.REGION, "eu-west-1")
    )
    for name, attribute in (("KmsKeyArn", movies.kms_key_arn), ("RoleArn", movies.role_arn)):
        without = {"Fn::If": ["IsDev", {"Ref": "AWS::NoValue"}, stack.resolve(attribute)]}
        movies.add_property_override(name, without)
        group = {"Name": name.lower(), "KmsKeyArn": without, "RoleArn": without}
        cdk.CfnResource(stack, f"By{name}", type="AWS::Personalize::DatasetGroup", properties=group)
    expected = [("Undecided", "warning", "Stack/Encryption/Movies")]
    if has_checks:
        cdk.Validations.of(app).add_plugins(PersonalizeAccessChecks())
        expected.append(("Undecided", "warning", "Stack/ByKmsKeyArn"))
    app.synth()
    assert sorted(line for line in told(app) if line[0] == "Undecided") == sorted(expected)


def test_a_required_source_account_is_the_users_choice(app: cdk.App, stack: cdk.Stack) -> None:
    """Nobody knows if Personalize sends the account; choosing REQUIRED is no cause to warn."""
    check = SourceAccountCheck.REQUIRED
    allowing(stack, GROUP, source_account_check=check)
    assert judge_warnings(app) == set()


def by_late_algorithm(stack: cdk.Stack, late: Any) -> PersonalizeEncryption:
    encryption = encrypted_by(None, cdk.Token.as_string(late))
    return importing_from(s3.CfnBucket(stack, "Bucket", bucket_encryption=encryption))


def importing_from(bucket: Any) -> PersonalizeEncryption:
    return allowing(bucket.stack, importing(bucket))


def with_late_key_policy(stack: cdk.Stack, late: Any) -> PersonalizeEncryption:
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": cdk.Token.as_string(late),
        "Resource": "*",
    }
    key = kms.CfnKey(stack, "Key", key_policy={"Version": "2012-10-17", "Statement": [statement]})
    return allowing(stack, GROUP, encryption_key=key)


def with_late_role_name(stack: cdk.Stack, late: Any) -> PersonalizeEncryption:
    role = l1_role(stack, role_name=cdk.Token.as_string(late))
    return allowing(stack, GROUP, service_role=role)


def with_late_role_name_elsewhere(stack: cdk.Stack, late: Any) -> PersonalizeEncryption:
    role = trusted_role(stack, role_name=cdk.Token.as_string(late))
    key = kms.Key(cdk.Stack(cast("cdk.App", stack.node.root), "Security"), "Key")
    return allowing(stack, GROUP, encryption_key=key, service_role=role)


LATE_VALUES: dict[str, Callable[[cdk.Stack, Any], PersonalizeEncryption]] = {
    "name of a bucket": lambda stack, late: importing_from(
        s3.CfnBucket(stack, "Bucket", bucket_name=cdk.Token.as_string(late))
    ),
    "encryption of a bucket": by_late_algorithm,
    "policy of a key": with_late_key_policy,
    "name of a role": with_late_role_name,
    "name of a role, in the policy of another stack's key": with_late_role_name_elsewhere,
    "name of an imported bucket": lambda stack, late: importing_from(
        s3.Bucket.from_bucket_name(stack, "Imported", cdk.Token.as_string(late))
    ),
    "part of the ARN of an imported bucket": lambda stack, late: importing_from(
        s3.Bucket.from_bucket_arn(
            stack, "Imported", f"arn:aws:s3:::data-{cdk.Token.as_string(late)}"
        )
    ),
    "part of the ARN of an imported key": lambda stack, late: allowing(
        stack,
        GROUP,
        encryption_key=kms.Key.from_key_arn(
            stack,
            "Key",
            cdk.Fn.sub("arn:aws:kms:eu-west-1:1:key/${Id}", {"Id": cdk.Token.as_string(late)}),
        ),
    ),
}
# The others are names.
VALUES = {"encryption of a bucket": "AES256", "policy of a key": "kms:*"}


@pytest.mark.parametrize("what", LATE_VALUES)
def test_lazy_values_of_others_stay_lazy(app: cdk.App, stack: cdk.Stack, what: str) -> None:
    """An early resolve would freeze the value."""
    late = Late()
    LATE_VALUES[what](stack, late.as_any())
    late.value = VALUES.get(what, "later-on")
    assert late.value in json.dumps([stack.template for stack in app.synth().stacks])
