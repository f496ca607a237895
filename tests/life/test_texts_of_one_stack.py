"""Role names and prefixes with tokens in policies of other stacks, where the same token would mean something else."""

from typing import Any, cast

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from personalize_kms_constructs.checks import check_assembly
from tests.life.conftest import key_statement, l1_role, synth_error, trusted_role
from tests.policies import bucket_policy, resources, role_policy

GROUP = PersonalizeResource.dataset_group()
PARTITION = {"Ref": "AWS::Partition"}
IAM = ["arn:", PARTITION, ":iam::", {"Ref": "AWS::AccountId"}]
EXPORT = "Security:ExportsOutputFnGetAttBucket83908E77Arn063C8555"


@jsii.implements(cdk.IStringProducer)
class Folder:
    """A folder whose name is decided late."""

    name = "early"

    def produce(self, context: cdk.IResolveContext) -> str:
        """Return its name."""
        return self.name


def read_from(bucket: Any, prefix: str) -> PersonalizeResource:
    return PersonalizeResource.dataset_import_job(S3Location(bucket, prefix))


def principal_arn(statement: dict[str, Any]) -> Any:
    return statement["Condition"]["ArnEquals"]["aws:PrincipalArn"]


@pytest.fixture
def theirs(app: cdk.App) -> cdk.Stack:
    """A stack of another account."""
    return cdk.Stack(app, "Theirs", env=cdk.Environment(account="222222222222", region="eu-west-1"))


def test_the_stacks_name_in_the_name_of_the_role(stack: cdk.Stack, security: cdk.Stack) -> None:
    """``Aws.STACK_NAME`` in the policy of another stack's key would be that stack's name."""
    PersonalizeEncryption(
        stack,
        "Encryption",
        encryption_key=kms.Key(security, "Key"),
        role_name=f"p-{cdk.Aws.STACK_NAME}",
        resources=[GROUP],
    )
    assert principal_arn(key_statement(security, "PersonalizeRole")) == {"Fn::Join": ["", [*IAM, ":role/p-Stack"]]}


def test_the_stacks_name_in_the_name_of_a_role_of_a_third_stack(
    app: cdk.App, stack: cdk.Stack, security: cdk.Stack
) -> None:
    """The name is that of the stack that makes the role, whoever makes the construct and the key."""
    roles = cdk.Stack(app, "Roles", stack_name="company-roles")
    role = trusted_role(roles, role_name=f"p-{cdk.Aws.STACK_NAME}")
    PersonalizeEncryption(
        stack, "Encryption", encryption_key=kms.Key(security, "Key"), service_role=role, resources=[GROUP]
    )
    assert principal_arn(key_statement(security, "PersonalizeRole")) == {
        "Fn::Join": ["", [*IAM, ":role/p-company-roles"]]
    }


def test_the_account_in_the_name_of_the_role(app: cdk.App, concrete: cdk.Stack, theirs: cdk.Stack) -> None:
    """``Aws.ACCOUNT_ID`` in the policy of another account's bucket would be that account."""
    bucket = s3.Bucket(theirs, "Bucket", bucket_name="their-ratings")
    PersonalizeEncryption(
        concrete,
        "Encryption",
        role_name=f"p-{cdk.Aws.ACCOUNT_ID}-{cdk.Aws.REGION}",
        resources=[read_from(bucket, f"{cdk.Aws.ACCOUNT_ID}/")],
    )
    name = "p-111111111111-eu-west-1"
    statements = {statement["Sid"]: statement for statement in bucket_policy(theirs)}
    assert principal_arn(statements["PersonalizeRoleReadObjects"]) == {
        "Fn::Join": ["", ["arn:", PARTITION, f":iam::111111111111:role/{name}"]]
    }
    assert statements["PersonalizeServiceReadObjects"]["Resource"] == {
        "Fn::Join": ["", [{"Fn::GetAtt": ["Bucket83908E77", "Arn"]}, "/111111111111/*"]]
    }


def test_the_stacks_name_in_a_prefix(app: cdk.App, stack: cdk.Stack, security: cdk.Stack) -> None:
    """The bucket's policy allows what the job reads."""
    bucket = s3.Bucket(security, "Bucket")
    PersonalizeEncryption(stack, "Encryption", resources=[read_from(bucket, f"{cdk.Aws.STACK_NAME}/in/")])
    assert [statement["Resource"] for statement in bucket_policy(security)] == [
        {"Fn::GetAtt": ["Bucket83908E77", "Arn"]},
        {"Fn::Join": ["", [{"Fn::GetAtt": ["Bucket83908E77", "Arn"]}, "/Stack/in/*"]]},
    ]
    (read,) = [statement for statement in role_policy(stack) if statement["Sid"] == "ReadObjects"]
    assert read["Resource"] == {
        "Fn::Join": ["", [{"Fn::ImportValue": EXPORT}, "/", {"Ref": "AWS::StackName"}, "/in/*"]]
    }
    report = check_assembly(app.synth())
    assert not report.missing


@pytest.mark.parametrize(
    ("prefix", "there"),
    [
        (f"{cdk.Aws.PARTITION}/in/", [{"Ref": "AWS::Partition"}, "/in/*"]),
        (f"{cdk.Aws.URL_SUFFIX}/in/", [{"Ref": "AWS::URLSuffix"}, "/in/*"]),
        (f"{cdk.Fn.join('-', ['in', cdk.Aws.STACK_NAME])}/", ["in-Stack/*"]),
    ],
    ids=["partition", "suffix", "join"],
)
def test_a_prefix_that_every_stack_can_say(
    stack: cdk.Stack, security: cdk.Stack, prefix: str, there: list[Any]
) -> None:
    """What is the same everywhere stays a reference, and what is known is written out."""
    bucket = s3.Bucket(security, "Bucket")
    PersonalizeEncryption(stack, "Encryption", resources=[read_from(bucket, prefix)])
    (resource,) = bucket_policy(security)[1]["Resource"].values()
    arn, slash = {"Fn::GetAtt": ["Bucket83908E77", "Arn"]}, "/"
    first, *more = there
    parts = [arn, slash, first, *more] if isinstance(first, dict) else [arn, slash + first]
    assert resource == ["", parts]


def test_a_prefix_that_comes_late(app: cdk.App, stack: cdk.Stack, security: cdk.Stack) -> None:
    """What is lazy is read at the end, in every policy."""
    bucket = s3.Bucket(security, "Bucket")
    folder = Folder()
    token = cdk.Lazy.uncached_string(cast("cdk.IStringProducer", folder))
    PersonalizeEncryption(stack, "Encryption", resources=[read_from(bucket, f"{token}/")])
    folder.name = "late"
    assert bucket_policy(security)[1]["Resource"] == {
        "Fn::Join": ["", [{"Fn::GetAtt": ["Bucket83908E77", "Arn"]}, "/late/*"]]
    }


def test_a_prefix_of_the_parent_and_a_bucket_of_the_nested_stack(stack: cdk.Stack) -> None:
    """A parent hands its parameters on to what is nested in it."""
    nested = cdk.NestedStack(stack, "Nested")
    parameter = cdk.CfnParameter(stack, "Folder").value_as_string
    bucket = s3.Bucket(nested, "Bucket")
    PersonalizeEncryption(stack, "Encryption", resources=[read_from(bucket, f"{cdk.Aws.STACK_NAME}/{parameter}/")])
    assert bucket_policy(nested)[1]["Resource"] == {
        "Fn::Join": [
            "",
            [{"Fn::GetAtt": ["Bucket83908E77", "Arn"]}, "/Stack/", {"Ref": "referencetoStackFolder347D2336Ref"}, "/*"],
        ]
    }


def test_the_name_of_a_nested_stack(app: cdk.App, stack: cdk.Stack, security: cdk.Stack) -> None:
    """Only CloudFormation knows the name of a nested stack."""
    nested = cdk.NestedStack(stack, "Nested")
    with pytest.raises(ValueError, match="has a value of the role's own stack in it"):
        PersonalizeEncryption(
            nested,
            "Encryption",
            encryption_key=kms.Key(security, "Key"),
            role_name=f"p-{cdk.Aws.STACK_NAME}",
            resources=[GROUP],
        )


def test_a_name_by_a_condition(stack: cdk.Stack, security: cdk.Stack) -> None:
    """Another stack has no such condition."""
    condition = cdk.CfnCondition(stack, "Condition", expression=cdk.Fn.condition_equals("a", cdk.Aws.REGION))
    name = cdk.Fn.condition_if(condition.logical_id, "one", "other").to_string()
    with pytest.raises(ValueError, match="has a value of the role's own stack in it"):
        PersonalizeEncryption(
            stack, "Encryption", encryption_key=kms.Key(security, "Key"), role_name=name, resources=[GROUP]
        )


def test_a_name_that_becomes_a_parameter(app: cdk.App, stack: cdk.Stack, security: cdk.Stack) -> None:
    """The CDK would name neither the role nor what to do: two stacks need each other."""
    encryption = PersonalizeEncryption(stack, "Encryption", encryption_key=kms.Key(security, "Key"), resources=[GROUP])
    role: Any = encryption.service_role.node.default_child
    role.role_name = cdk.CfnParameter(stack, "Name").value_as_string
    assert "cyclic reference" in synth_error(app)


@pytest.mark.parametrize("name", ["none", "parameter"])
@pytest.mark.parametrize("of_nested_stack", [False, True])
def test_a_role_without_a_name_and_the_bucket_of_another_account(
    concrete: cdk.Stack, theirs: cdk.Stack, name: str, of_nested_stack: bool
) -> None:
    """The bucket's policy has to say the role's ARN, which it can't by a reference."""
    bucket = s3.Bucket(theirs, "Bucket", bucket_name="their-ratings")
    here = cdk.NestedStack(concrete, "Nested") if of_nested_stack else concrete
    role_name = None if name == "none" else cdk.CfnParameter(here, "Name").value_as_string
    with pytest.raises(ValueError, match="bucket of the source of dataset import job is in another stack, and"):
        PersonalizeEncryption(
            here,
            "Encryption",
            service_role=trusted_role(here, role_name=role_name),
            resources=[read_from(bucket, "import/")],
        )


@pytest.mark.parametrize("form", ["L1", "wrapped by its ARN"])
def test_a_role_of_another_account(concrete: cdk.Stack, theirs: cdk.Stack, form: str) -> None:
    """An L1 knows its account by its stack."""
    role: Any = l1_role(theirs, role_name="personalize")
    if form != "L1":
        role = iam.Role.from_role_arn(concrete, "Wrapped", role.attr_arn)
    with pytest.raises(ValueError, match="service_role belongs to account 222222222222 but the stack to 111111111111"):
        PersonalizeEncryption(concrete, "Encryption", service_role=role, resources=[GROUP])


@pytest.mark.parametrize("bucket_in", ["parent", "sibling"])
def test_a_bucket_beside_a_nested_stack_with_a_key_of_a_third(app: cdk.App, stack: cdk.Stack, bucket_in: str) -> None:
    """Key, bucket and construct are deployed one after the other."""
    nested, sibling, third = (cdk.NestedStack(stack, name) for name in ("Nested", "Sibling", "Third"))
    bucket_stack = {"parent": stack, "sibling": sibling}[bucket_in]
    bucket = s3.Bucket(bucket_stack, "Bucket", encryption_key=kms.Key(third, "Key"))
    PersonalizeEncryption(nested, "Encryption", resources=[read_from(bucket, "import/")])
    report = check_assembly(app.synth())
    assert (report.missing, report.undecided) == ((), ())


def test_a_bucket_of_another_stack_and_the_key_of_its_objects_in_this_one(
    app: cdk.App, stack: cdk.Stack, security: cdk.Stack
) -> None:
    """The bucket itself doesn't need the key, so that there is no cycle."""
    location = S3Location(s3.Bucket(security, "Bucket"), "import/", encryption_key=kms.Key(stack, "Key"))
    PersonalizeEncryption(stack, "Encryption", resources=[PersonalizeResource.dataset_import_job(location)])
    report = check_assembly(app.synth())
    assert (report.missing, report.undecided) == ((), ())


def test_a_bucket_in_a_nested_stack_with_a_key_of_its_parent(app: cdk.App, stack: cdk.Stack) -> None:
    """The parent's key is made first, then what is nested, then the role's policy."""
    bucket = s3.Bucket(cdk.NestedStack(stack, "Nested"), "Bucket", encryption_key=kms.Key(stack, "Key"))
    PersonalizeEncryption(stack, "Encryption", resources=[read_from(bucket, "import/")])
    report = check_assembly(app.synth())
    assert not report.missing
    assert not report.undecided


def test_a_caller_in_the_stack_of_the_bucket_and_a_role_of_a_third(
    app: cdk.App, stack: cdk.Stack, security: cdk.Stack
) -> None:
    """The role's stack needs no other, so that both can refer to it."""
    role = trusted_role(cdk.Stack(app, "Roles"))
    encryption = PersonalizeEncryption(
        stack, "Encryption", service_role=role, resources=[read_from(s3.Bucket(security, "Bucket"), "import/")]
    )
    encryption.grant_create(iam.Role(security, "Caller", assumed_by=iam.AccountRootPrincipal()), GROUP)
    app.synth()


def test_a_caller_in_the_parent_of_the_role(app: cdk.App, stack: cdk.Stack) -> None:
    """The bucket is made first, then what is nested with the role, then the caller's policy."""
    nested = cdk.NestedStack(stack, "Nested")
    encryption = PersonalizeEncryption(
        nested,
        "Encryption",
        service_role=trusted_role(nested),
        resources=[read_from(s3.Bucket(stack, "Bucket"), "import/")],
    )
    encryption.grant_create(iam.Role(stack, "Caller", assumed_by=iam.AccountRootPrincipal()), GROUP)
    report = check_assembly(app.synth())
    assert (report.missing, report.undecided) == ((), ())


def test_a_caller_in_the_stack_of_the_key(app: cdk.App, stack: cdk.Stack, security: cdk.Stack) -> None:
    """The caller's policy says the role's ARN by its name: a reference would make a cycle of stacks."""
    encryption = PersonalizeEncryption(
        stack, "Encryption", encryption_key=kms.Key(security, "Key"), role_name="personalize", resources=[GROUP]
    )
    caller = iam.Role(security, "Caller", assumed_by=iam.AccountRootPrincipal())
    encryption.grant_create(caller, GROUP)
    (policy,) = resources(security, "AWS::IAM::Policy").values()
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    (pass_role,) = [each for each in statements if each["Action"] == "iam:PassRole"]
    assert pass_role["Resource"] == {"Fn::Join": ["", [*IAM, ":role/personalize"]]}


@pytest.mark.parametrize("form", ["parameter", "SSM"])
def test_a_role_whose_arn_only_its_stack_knows(stack: cdk.Stack, security: cdk.Stack, form: str) -> None:
    """The key's policy would need the parameter, and the role's policy the key."""
    if form == "SSM":
        arn = ssm.StringParameter.value_for_string_parameter(stack, "/personalize/role")
    else:
        arn = cdk.CfnParameter(stack, "Arn").value_as_string
    role = iam.Role.from_role_arn(stack, "Role", arn)
    with pytest.raises(ValueError, match="encryption_key is in another stack, and service_role was imported by an ARN"):
        PersonalizeEncryption(
            stack, "Encryption", service_role=role, encryption_key=kms.Key(security, "Key"), resources=[GROUP]
        )


@pytest.mark.parametrize("where", ["beside", "nested", "parameter of the key's stack"])
def test_a_role_whose_arn_the_stack_of_the_key_knows(
    app: cdk.App, stack: cdk.Stack, security: cdk.Stack, where: str
) -> None:
    """A parent hands a parameter on to what is nested in it."""
    keys = {"beside": stack, "nested": cdk.NestedStack(stack, "Nested"), "parameter of the key's stack": security}[
        where
    ]
    of = security if keys is security else stack
    role = iam.Role.from_role_arn(stack, "Role", cdk.CfnParameter(of, "Arn").value_as_string)
    PersonalizeEncryption(
        stack, "Encryption", service_role=role, encryption_key=kms.Key(keys, "Key"), resources=[GROUP]
    )
    app.synth()
