"""Role names, role paths and prefixes in policies of other stacks, until the end of the synth."""

import json
from collections.abc import Callable
from typing import Any, cast

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import ImportedKeyPolicy, PersonalizeEncryption
from personalize_kms_constructs.checks import check_assembly
from tests.life.conftest import (
    GROUP,
    KEY_ARN,
    allowing,
    change,
    for_owners,
    importing,
    key_statement,
    l1_role,
    trusted_role,
)
from tests.policies import bucket_policy, resources

REGION = {"Ref": "AWS::Region"}
IAM = ["arn:", {"Ref": "AWS::Partition"}, ":iam::", {"Ref": "AWS::AccountId"}]
BUCKET_ARN = {"Fn::GetAtt": ["Bucket83908E77", "Arn"]}


def arn(*name: object) -> dict[str, Any]:
    """The ARN of a role of this account by its path and name."""
    first, *rest = name
    return {"Fn::Join": ["", [*IAM, f":role{first}", *rest]]}


def principal_arn(statement: dict[str, Any]) -> Any:
    return statement["Condition"]["ArnEquals"]["aws:PrincipalArn"]


NAMES: dict[str, tuple[str, Any]] = {
    "literal": ("personalize", arn("/personalize")),
    # In the policy of another stack's key it would be that stack's name.
    "with the stack's name": (f"p-{cdk.Aws.STACK_NAME}", arn("/p-Stack")),
    "with the Region": (f"p-{cdk.Aws.REGION}", arn("/p-", REGION)),
    "Sub": (cdk.Fn.sub("p-${AWS::Region}"), arn("/p-", REGION)),
}


@pytest.mark.parametrize(("name", "elsewhere"), NAMES.values(), ids=NAMES)
def test_a_name_in_the_policy_of_another_stacks_key(
    stack: cdk.Stack, security: cdk.Stack, name: str, elsewhere: Any
) -> None:
    """A part that is equal everywhere stays a reference, and a known part is written out."""
    role = trusted_role(stack, role_name=name)
    allowing(stack, GROUP, encryption_key=kms.Key(security, "Key"), service_role=role)
    assert principal_arn(key_statement(security, "PersonalizeRole")) == elsewhere


def test_name_and_prefix_in_the_policy_of_another_accounts_bucket(
    concrete: cdk.Stack, theirs: cdk.Stack
) -> None:
    """``Aws.ACCOUNT_ID`` would be that account there."""
    bucket = s3.Bucket(theirs, "Bucket", bucket_name="their-ratings")
    allowing(
        concrete,
        importing(bucket, f"{cdk.Aws.ACCOUNT_ID}/"),
        role_name=f"p-{cdk.Aws.ACCOUNT_ID}-{cdk.Aws.REGION}",
    )
    statements = {statement["Sid"]: statement for statement in bucket_policy(theirs)}
    assert principal_arn(statements["PersonalizeRoleReadObjects"]) == {
        "Fn::Join": [
            "",
            ["arn:", {"Ref": "AWS::Partition"}, ":iam::111111111111:role/p-111111111111-eu-west-1"],
        ]
    }
    assert statements["PersonalizeServiceReadObjects"]["Resource"] == {
        "Fn::Join": ["", [BUCKET_ARN, "/111111111111/*"]]
    }


@jsii.implements(cdk.IStringProducer)
class Folder:
    """A folder whose name is decided late."""

    name = "early"

    def produce(self, context: cdk.IResolveContext) -> str:
        """Return its name."""
        return self.name


FOLDER = Folder()
PREFIXES: dict[str, tuple[str, list[Any]]] = {
    "stack's name": (f"{cdk.Aws.STACK_NAME}/in/", ["/Stack/in/*"]),
    "suffix": (f"{cdk.Aws.URL_SUFFIX}/in/", ["/", {"Ref": "AWS::URLSuffix"}, "/in/*"]),
    "Join": (f"{cdk.Fn.join('-', ['in', cdk.Aws.STACK_NAME])}/", ["/in-Stack/*"]),
    "Sub": (f"{cdk.Fn.sub('${AWS::StackName}-in')}/", ["/Stack-in/*"]),
    "late": (f"{cdk.Lazy.uncached_string(cast('cdk.IStringProducer', FOLDER))}/", ["/late/*"]),
}


@pytest.mark.parametrize("form", PREFIXES)
def test_a_prefix_in_the_policy_of_another_stacks_bucket(
    app: cdk.App, stack: cdk.Stack, security: cdk.Stack, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """It allows the paths that the job reads, also if a lazy value is decided at the end."""
    prefix, there = PREFIXES[form]
    allowing(stack, importing(s3.Bucket(security, "Bucket"), prefix))
    monkeypatch.setattr(FOLDER, "name", "late")
    assert bucket_policy(security)[1]["Resource"] == {"Fn::Join": ["", [BUCKET_ARN, *there]]}
    assert not check_assembly(app.synth()).missing


def test_a_prefix_of_the_parent_and_a_bucket_of_the_nested_stack(stack: cdk.Stack) -> None:
    """A parent passes its parameters on to its nested stack."""
    nested = cdk.NestedStack(stack, "Nested")
    parameter = cdk.CfnParameter(stack, "Folder").value_as_string
    bucket = s3.Bucket(nested, "Bucket")
    allowing(stack, importing(bucket, f"{cdk.Aws.STACK_NAME}/{parameter}/"))
    assert bucket_policy(nested)[1]["Resource"] == {
        "Fn::Join": [
            "",
            [BUCKET_ARN, "/Stack/", {"Ref": "referencetoStackFolder347D2336Ref"}, "/*"],
        ]
    }


def test_a_caller_in_the_stack_of_the_key(stack: cdk.Stack, security: cdk.Stack) -> None:
    """The caller's policy has the role's ARN by name: a reference would make a cycle of stacks."""
    encryption = allowing(
        stack, GROUP, encryption_key=kms.Key(security, "Key"), role_name="personalize"
    )
    encryption.grant_create(
        iam.Role(security, "Caller", assumed_by=iam.AccountRootPrincipal()), GROUP
    )
    (policy,) = resources(security, "AWS::IAM::Policy").values()
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    (pass_role,) = [statement for statement in statements if statement["Action"] == "iam:PassRole"]
    assert pass_role["Resource"] == arn("/personalize")


@pytest.mark.parametrize("form", ["imported", "L1", "L1 wrapped by its ARN"])
def test_a_role_of_another_account(concrete: cdk.Stack, theirs: cdk.Stack, form: str) -> None:
    """Personalize takes none; an L1 knows its account by its stack."""
    role: Any = l1_role(theirs, role_name="personalize")
    if form != "L1":
        given = role.attr_arn if "wrapped" in form else "arn:aws:iam::222222222222:role/personalize"
        role = iam.Role.from_role_arn(concrete, "Role", given)
    with pytest.raises(ValueError, match=r"^Concrete/Encryption: ") as error:
        allowing(concrete, GROUP, service_role=role)
    assert str(error.value) == (
        "Concrete/Encryption: service_role belongs to account 222222222222 but the stack to "
        "111111111111, and Personalize takes no role in another account: pass a role in this "
        "account, or leave service_role out and have one made"
    )


def move_to_path(role: iam.CfnRole) -> None:
    role.path = "/personalize/"


def put_prefix(role: iam.CfnRole) -> None:
    role.role_name = f"corp-{role.role_name}"


@pytest.mark.parametrize(
    ("how", "name", "form"),
    [
        (move_to_path, "/personalize/service", "made here"),
        (put_prefix, "/corp-service", "given role"),
        (move_to_path, "/personalize/service", "role wrapped by its ARN"),
    ],
)
def test_a_role_that_an_aspect_changes(
    stack: cdk.Stack, security: cdk.Stack, how: Callable[[iam.CfnRole], None], name: str, form: str
) -> None:
    """Companies set a path or prefixes for all roles; reading the name before freezes nothing."""
    props: dict[str, Any] = {"role_name": "service"}
    if form != "made here":
        role = trusted_role(stack, role_name="service")
        wrapped = iam.Role.from_role_arn(stack, "Wrapped", role.role_arn)
        props = {"service_role": wrapped if "wrapped" in form else role}
    key = kms.Key(security, "Key")
    PersonalizeEncryption(stack, "Encryption", encryption_key=key, resources=[GROUP], **props)
    policy: Any = key.node.default_child
    assert principal_arn(security.resolve(policy.key_policy)["Statement"][1]) == arn("/service")
    change(stack, iam.CfnRole, how)
    assert principal_arn(key_statement(security, "PersonalizeRole")) == arn(name)


@pytest.mark.parametrize("managed", [False, True], ids=["pending", "managed"])
def test_a_role_that_changes_and_an_imported_key(
    app: cdk.App, stack: cdk.Stack, managed: bool
) -> None:
    """The key owner's file and the custom resource have the final ARN."""
    encryption = allowing(
        stack,
        GROUP,
        encryption_key=kms.Key.from_key_arn(stack, "Key", KEY_ARN),
        role_name="service",
        imported_key_policy=ImportedKeyPolicy.MANAGED if managed else ImportedKeyPolicy.PENDING,
    )
    change(app, iam.CfnRole, move_to_path)
    if managed:
        (resource,) = resources(stack, "Custom::PersonalizeKeyPolicy").values()
        assert json.dumps(arn("/personalize/service")) in json.dumps(resource)
    else:
        of_role, _ = for_owners(stack)["key"]
        moved = "arn:aws:iam::${AWS::AccountId}:role/personalize/service"
        assert of_role["Condition"] == {"ArnEquals": {"aws:PrincipalArn": moved}}
        (pending,) = encryption.pending_statements
        assert principal_arn(stack.resolve(pending.statements[0].to_statement_json())) == arn(
            "/personalize/service"
        )
