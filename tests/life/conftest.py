"""Fixtures and helpers for apps that go on living after the constructor."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import assertions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct, IDependable

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.actions import FIVE
from tests.judge.apps import told
from tests.policies import bucket_policy, resources, sids_of

PERSONALIZE = "personalize.amazonaws.com"
KEY_ARN = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ACTIONS = FIVE
GROUP = PersonalizeResource.dataset_group()
# In the policy of a key of which nothing else is known: the CDK's own statement, and those of one
# construct.
KEY_SIDS = [None, "PersonalizeRole", "PersonalizeService"]
BUCKET_SIDS = ["PersonalizeServiceListBucket", "PersonalizeServiceReadObjects"]


def allowing(
    scope: Construct, *resources: PersonalizeResource, **props: Any
) -> PersonalizeEncryption:
    """A construct that allows these."""
    return PersonalizeEncryption(scope, "Encryption", resources=resources, **props)


def importing(bucket: Any, prefix: str = "import/", **props: Any) -> PersonalizeResource:
    return PersonalizeResource.dataset_import_job(S3Location(bucket, prefix, **props))


@jsii.implements(cdk.IAspect)
class Changing:
    """An aspect that changes each construct of a type."""

    def __init__(self, kind: type, change: Callable[[Any], None]) -> None:
        self._kind = kind
        self._change = change

    def visit(self, node: Any) -> None:
        """Change the construct if it has the type."""
        if isinstance(node, self._kind):
            self._change(node)


def change(scope: Any, kind: type, how: Callable[[Any], None]) -> None:
    """Have an aspect change each construct of a type below a scope."""
    cdk.Aspects.of(scope).add(Changing(kind, how))


def trusted_role(scope: cdk.Stack, id: str = "ServiceRole", **props: Any) -> iam.Role:
    return iam.Role(scope, id, assumed_by=iam.ServicePrincipal(PERSONALIZE), **props)


def l1_role(scope: cdk.Stack, id: str = "L1Role", **props: Any) -> iam.CfnRole:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": PERSONALIZE},
        "Action": "sts:AssumeRole",
    }
    return iam.CfnRole(
        scope,
        id,
        assume_role_policy_document={"Version": "2012-10-17", "Statement": [statement]},
        **props,
    )


def l1_key(scope: cdk.Stack, id: str = "L1Key", **props: Any) -> kms.CfnKey:
    return kms.CfnKey(
        scope, id, key_policy={"Version": "2012-10-17", "Statement": [account_statement()]}, **props
    )


def encrypted_by(key: str | None, algorithm: str = "aws:kms") -> Any:
    """The encryption of an L1 bucket by default."""
    default = s3.CfnBucket.ServerSideEncryptionByDefaultProperty(
        sse_algorithm=algorithm, kms_master_key_id=key
    )
    rule = s3.CfnBucket.ServerSideEncryptionRuleProperty(server_side_encryption_by_default=default)
    return s3.CfnBucket.BucketEncryptionProperty(server_side_encryption_configuration=[rule])


@jsii.implements(cdk.IStableAnyProducer)
class Late:
    """A value that isn't decided before the synth."""

    def __init__(self, value: Any = "early") -> None:
        self.value = value

    def produce(self) -> Any:
        """Return the value; the CDK keeps the first one that it gets."""
        return self.value

    def as_any(self) -> cdk.IResolvable:
        """The value as a token."""
        return cdk.Lazy.any(cast("cdk.IStableAnyProducer", self))


def late(text: str) -> str:
    """A string that the synth knows, and no constructor."""
    return cdk.Token.as_string(Late(text).as_any())


def account_statement() -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Principal": {"AWS": cdk.Fn.sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")},
        "Action": "kms:*",
        "Resource": "*",
    }


def key_statement(stack: cdk.Stack, sid: str) -> dict[str, Any]:
    """The statement of this sid in the only key policy of the stack that has it."""
    statements = []
    for key in resources(stack, "AWS::KMS::Key").values():
        statements += key["Properties"]["KeyPolicy"]["Statement"]
    (of_sid,) = [statement for statement in statements if statement.get("Sid") == sid]
    return dict(of_sid)


def key_sids(stack: cdk.Stack, logical_id: str | None = None) -> list[str | None]:
    """The sids in the policy of a key, the only one by default."""
    keys = resources(stack, "AWS::KMS::Key")
    (key,) = keys.values() if logical_id is None else [keys[logical_id]]
    return sids_of(key["Properties"]["KeyPolicy"]["Statement"])


def bucket_sids(stack: cdk.Stack) -> list[str | None]:
    """The sids in the only bucket policy."""
    return sids_of(bucket_policy(stack))


def logical_id(construct: Any) -> str:
    l1: Any = construct.node.default_child or construct
    return str(cdk.Stack.of(construct).resolve(l1.logical_id))


def warnings(stack: cdk.Stack) -> dict[str, str]:
    """Our warnings, by the last part of their ids."""
    texts = {}
    for annotation in assertions.Annotations.from_stack(stack).find_warning(
        "*", assertions.Match.any_value()
    ):
        text, _, warning_id = str(annotation.entry.data).rpartition(" [ack: ")
        if warning_id.startswith("personalize-kms-constructs:"):
            texts[warning_id.removeprefix("personalize-kms-constructs:").rstrip("]")] = text
    return texts


def for_owners(stack: cdk.Stack) -> dict[str, Any]:
    """Synthesize, and return the statements in the files for owners, by the kind of policy."""
    warnings(stack)
    stage: Any = cdk.Stage.of(stack)
    files = (Path(stage.outdir) / "personalize-kms-pending").glob("*.json")
    return {file.name.split(".")[1]: json.loads(file.read_text())["Statement"] for file in files}


def synth_error(app: cdk.App) -> str:
    """Return the error that fails the synth."""
    with pytest.raises(RuntimeError) as error:
        app.synth()
    return str(error.value)


def judged(app: cdk.App) -> set[tuple[str, str]]:
    """Synthesize, and return the errors of the check: the rule, and the construct it names."""
    error = synth_error(app)
    assert "ValidationFailed" in error, error
    return {(rule, place) for rule, severity, place in told(app) if severity == "error"}


def judge_warnings(app: cdk.App) -> set[tuple[str, str]]:
    """Synthesize, and return the warnings of the judge, likewise."""
    app.synth()
    return {(rule, place) for rule, severity, place in told(app) if severity == "warning"}


@pytest.fixture
def security(app: cdk.App) -> cdk.Stack:
    """The stack of another team."""
    return cdk.Stack(app, "Security")


@pytest.fixture
def theirs(app: cdk.App) -> cdk.Stack:
    """A stack of another account."""
    return cdk.Stack(app, "Theirs", env=cdk.Environment(account="222222222222", region="eu-west-1"))


def waits_for(stack: cdk.Stack, permissions: IDependable) -> list[str]:
    """Return the dependencies of a user's resource that depends on the permissions."""
    solution = cdk.CfnResource(stack, "Solution", type="AWS::Personalize::Solution")
    solution.node.add_dependency(permissions)
    return list(resources(stack, "AWS::Personalize::Solution")["Solution"]["DependsOn"])
