"""Later calls, other constructs and app-wide helpers: everything that they lose is told."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import pipelines

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.life.conftest import KEY_ARN, change, judge_warnings, judged, trusted_role, warnings
from tests.policies import resources

GROUP = PersonalizeResource.dataset_group()


def importing(bucket: Any, **props: Any) -> PersonalizeResource:
    return PersonalizeResource.dataset_import_job(S3Location(bucket, "import/", **props))


def test_what_is_allowed_after_a_stage_was_synthesized_fails(app: cdk.App) -> None:
    """CDK Pipelines synthesize a stage as soon as it is added; what comes later is in no template."""
    pipeline_stack = cdk.Stack(app, "Pipeline")
    source = pipelines.CodePipelineSource.s3(s3.Bucket(pipeline_stack, "Source"), "source.zip")
    pipeline = pipelines.CodePipeline(
        pipeline_stack, "Pipeline", synth=pipelines.ShellStep("Synth", input=source, commands=["cdk synth"])
    )
    stage = cdk.Stage(app, "Production")
    stack = cdk.Stack(stage, "Stack")
    encryption = PersonalizeEncryption(stack, "Encryption", resources=[GROUP])
    pipeline.add_stage(stage)
    encryption.allow(GROUP)  # changes nothing, and so loses nothing
    with pytest.raises(ValueError, match=r"^Production/Stack/Encryption: the stage was synthesized already"):
        encryption.allow(PersonalizeResource.dataset_export_job())


def test_what_is_added_after_a_stage_was_synthesized_fails(app: cdk.App) -> None:
    """No template has it, with or without new statements."""
    stage = cdk.Stage(app, "Production")
    stack = cdk.Stack(stage, "Stack")
    source = S3Location(s3.Bucket(stack, "Bucket"), "import/")
    encryption = PersonalizeEncryption(
        stack, "Encryption", resources=[GROUP, PersonalizeResource.dataset_import_job(source)]
    )
    group = encryption.add_dataset_group("Before", name="before")
    stage.synth()
    dataset = {"schema_arn": "arn:aws:personalize:::schema/s", "name": "items", "dataset_type": "Items"}
    for add in (
        lambda: encryption.add_dataset_group("After", name="after"),
        lambda: encryption.add_dataset("Items", dataset_group=group, import_from=source, **dataset),
        lambda: encryption.on_key_access_changed("Rule"),
        lambda: encryption.output_pending_statements(),
    ):
        with pytest.raises(ValueError, match="the stage was synthesized already"):
            add()
    assert encryption.node.try_find_child("After") is None


def test_what_the_cdk_can_not_add_any_more_fails(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """It changes no statement that something has resolved, and says so; a resource that needs one isn't left behind."""
    encryption = PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    stack.resolve(bucket.policy.document)  # type: ignore[union-attr]
    with pytest.raises(RuntimeError, match="can no longer be modified"):
        encryption.add_dataset(
            "Items",
            dataset_group="arn:aws:personalize:eu-west-1:111111111111:dataset-group/movies",
            schema_arn="arn:aws:personalize:::schema/s",
            name="items",
            dataset_type="Items",
            import_from=S3Location(bucket, "other/"),
        )
    assert encryption.node.try_find_child("Items") is None


def test_a_refused_construct_leaves_nothing_behind(stack: cdk.Stack) -> None:
    """Its id is free for another try."""
    for _ in range(2):
        with pytest.raises(ValueError, match="role_name"):
            PersonalizeEncryption(stack, "Encryption", role_name="a b", resources=[GROUP])
    assert stack.node.children == []


def test_nothing_allowed_is_told(stack: cdk.Stack) -> None:
    """People give key and role to L1s of their own, and forget to say so."""
    PersonalizeEncryption(stack, "Encryption")
    assert "nothing is allowed" in warnings(stack)["nothingAllowed"]


def test_something_allowed_later_is_enough(stack: cdk.Stack) -> None:
    """The warning is about the end, not about the constructor."""
    PersonalizeEncryption(stack, "Encryption").allow(GROUP)
    assert warnings(stack) == {}


def test_a_key_that_an_app_wide_helper_has_deleted(app: cdk.App, stack: cdk.Stack) -> None:
    """``RemovalPolicies.of(app).destroy()`` is for test stacks; here it takes the data with it."""
    PersonalizeEncryption(stack, "Encryption", resources=[GROUP])
    change(app, kms.CfnKey, lambda key: key.apply_removal_policy(cdk.RemovalPolicy.DESTROY))
    assert "the key should be retained" in warnings(stack)["retainedResourceIsDeleted"]


def test_a_key_that_is_to_be_deleted(app: cdk.App, stack: cdk.Stack) -> None:
    """A deletion that was asked for is not warned of."""
    PersonalizeEncryption(stack, "Encryption", resources=[GROUP], removal_policy=cdk.RemovalPolicy.DESTROY)
    change(app, kms.CfnKey, lambda key: key.apply_removal_policy(cdk.RemovalPolicy.DESTROY))
    assert warnings(stack) == {}


@pytest.mark.parametrize(
    "principal",
    [
        iam.ServicePrincipal("lambda.amazonaws.com"),
        iam.AccountPrincipal("222222222222"),
        iam.ArnPrincipal("arn:aws:iam::111111111111:user/me"),
    ],
    ids=["service", "account", "arn"],
)
def test_a_grantee_that_takes_no_policy_is_refused(stack: cdk.Stack, principal: iam.IPrincipal) -> None:
    """The CDK would drop the statements without a word."""
    encryption = PersonalizeEncryption(stack, "Encryption", resources=[GROUP])
    with pytest.raises(ValueError, match="which takes no IAM policy: pass the role, user or group"):
        encryption.grant_create(principal, GROUP)


@pytest.mark.parametrize("kind", [iam.ManagedPolicy, iam.Policy])
def test_a_grantee_that_is_a_policy_itself(stack: cdk.Stack, security: cdk.Stack, kind: Any) -> None:
    """The principal of a policy is no construct, so that the policy says which stack it is in."""
    encryption = PersonalizeEncryption(stack, "Encryption", role_name="personalize")
    policy = kind(security, "Callers", users=[iam.User(security, "User")])
    encryption.grant_create(policy, GROUP)
    (found,) = resources(security, f"AWS::IAM::{kind.__name__}").values()
    *_, passing = found["Properties"]["PolicyDocument"]["Statement"]
    assert passing == {
        "Action": "iam:PassRole",
        "Condition": {"StringEquals": {"iam:PassedToService": "personalize.amazonaws.com"}},
        "Effect": "Allow",
        "Resource": {
            "Fn::Join": [
                "",
                ["arn:", {"Ref": "AWS::Partition"}, ":iam::", {"Ref": "AWS::AccountId"}, ":role/personalize"],
            ]
        },
    }


@pytest.mark.parametrize("account", ["111111111111", "222222222222"], ids=["immutable", "of another account"])
def test_a_grantee_that_is_immutable_is_told(app: cdk.App, concrete: cdk.Stack, account: str) -> None:
    """Its owner learns what to add."""
    encryption = PersonalizeEncryption(concrete, "Encryption", resources=[GROUP])
    role = iam.Role.from_role_arn(concrete, "Caller", f"arn:aws:iam::{account}:role/ci", mutable=False)
    encryption.grant_create(role, GROUP)
    text = warnings(concrete)["pendingCallerPolicy"]
    assert f"role arn:aws:iam::{account}:role/ci is immutable in this app" in text
    assert "personalize:CreateDatasetGroup" in text
    assert "iam:PassRole" in text


def test_a_grantee_that_is_mutable_is_not_told_of(stack: cdk.Stack) -> None:
    """The statements are in the template."""
    encryption = PersonalizeEncryption(stack, "Encryption", resources=[GROUP])
    function = lambda_.Function(
        stack,
        "Function",
        runtime=lambda_.Runtime.PYTHON_3_12,
        handler="index.handler",
        code=lambda_.Code.from_inline("def handler(*_): pass"),
    )
    encryption.grant_create(function, GROUP)
    encryption.grant_create(iam.Role.from_role_arn(stack, "Caller", "arn:aws:iam::111111111111:role/ci"), GROUP)
    assert warnings(stack) == {}


def test_a_rule_on_a_key_of_another_account_is_told(app: cdk.App, concrete: cdk.Stack) -> None:
    """CloudTrail tells the owner's account alone of its owner's calls."""
    key = kms.Key.from_key_arn(concrete, "Key", KEY_ARN.replace("111111111111", "222222222222"))
    encryption = PersonalizeEncryption(concrete, "Encryption", encryption_key=key, resources=[GROUP])
    encryption.on_key_access_changed("KeyAccess")
    assert "sees the calls of account 111111111111 alone" in warnings(concrete)["keyOfAnotherAccount"]


def test_a_job_name_is_not_cut_from_a_token(stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """Half a token is no name."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    movies = encryption.add_dataset_group("Movies", name="movies")
    name = f"{cdk.Aws.STACK_NAME}-{cdk.Aws.REGION}-{cdk.Aws.ACCOUNT_ID}-interactions"
    encryption.add_dataset(
        "Ratings",
        dataset_group=movies,
        schema_arn="arn:aws:personalize:::schema/s",
        name=name,
        dataset_type="Interactions",
        import_from=S3Location(bucket, "in/"),
    )
    (dataset,) = resources(stack, "AWS::Personalize::Dataset").values()
    dashed = ["AWS::StackName", "AWS::Region", "AWS::AccountId"]
    parts: list[Any] = [{"Ref": dashed[0]}, "-", {"Ref": dashed[1]}, "-", {"Ref": dashed[2]}, "-interactions-import"]
    assert dataset["Properties"]["DatasetImportJob"]["JobName"] == {"Fn::Join": ["", parts]}


def test_the_role_of_ten_policies(app: cdk.App, stack: cdk.Stack) -> None:
    """An eleventh policy is over the default quota, which can be raised."""
    role = trusted_role(stack)
    for number in range(10):
        role.add_managed_policy(
            iam.ManagedPolicy(
                stack, f"P{number}", statements=[iam.PolicyStatement(actions=["s3:ListBucket"], resources=["*"])]
            )
        )
    PersonalizeEncryption(stack, "Encryption", service_role=role, resources=[GROUP])
    assert judge_warnings(app) == {("Limit", "Stack/ServiceRole/Resource")}


@pytest.mark.parametrize("attached", ["by the role", "by the policy"])
def test_the_role_of_twenty_policies(app: cdk.App, stack: cdk.Stack, attached: str) -> None:
    """A twenty-first is never taken, whichever side attaches it."""
    role = trusted_role(stack)
    statement = iam.PolicyStatement(actions=["s3:ListBucket"], resources=["*"])
    for number in range(20):
        if attached == "by the role":
            role.add_managed_policy(iam.ManagedPolicy.from_aws_managed_policy_name(f"P{number}"))
        else:
            iam.ManagedPolicy(stack, f"P{number}", statements=[statement], roles=[role])
    PersonalizeEncryption(stack, "Encryption", service_role=role, resources=[GROUP])
    assert judged(app) == {("Limit", "Stack/ServiceRole/Resource")}


def policies_of_others(stack: cdk.Stack, role: iam.IRole, number: int) -> None:
    """So many managed policies of the user's in a stack, attached to a role."""
    statement = iam.PolicyStatement(actions=["s3:ListBucket"], resources=["*"])
    for each in range(number):
        iam.ManagedPolicy(stack, f"P{each}", statements=[statement], roles=[role])


@pytest.mark.parametrize("number", [19, 20])
def test_policies_that_another_stack_attaches(app: cdk.App, stack: cdk.Stack, number: int) -> None:
    """They are attached by the role's name, which that stack imports."""
    role = trusted_role(stack)
    policies_of_others(cdk.Stack(app, "Other"), role, number)
    PersonalizeEncryption(stack, "Encryption", service_role=role, resources=[GROUP])
    told = judged(app) if number == 20 else judge_warnings(app)
    assert told == {("Limit", "Stack/ServiceRole/Resource")}


@pytest.mark.parametrize("where", ["construct's stack", "another stack"])
def test_policies_of_an_imported_role(app: cdk.App, stack: cdk.Stack, where: str) -> None:
    """Its name is all that they have in common; what others attach to it is known to nobody."""
    arn = "arn:aws:iam::111111111111:role/personalize"
    other = stack if where == "construct's stack" else cdk.Stack(app, "Other")
    policies_of_others(other, iam.Role.from_role_arn(other, "Same", arn), 20)
    role = iam.Role.from_role_arn(stack, "Role", arn)
    PersonalizeEncryption(stack, "Encryption", service_role=role, resources=[GROUP])
    assert judged(app) == {("Limit", "Stack/Encryption")}


def test_policies_of_a_role_of_one_logical_id(app: cdk.App, stack: cdk.Stack) -> None:
    """Another stack's role is another role, though both templates refer to theirs in the same words."""
    other = cdk.Stack(app, "Other")
    policies_of_others(other, trusted_role(other), 20)
    # A policy there that is attached to a role elsewhere, so that the stack is looked at.
    policies_of_others(cdk.Stack(app, "Third"), iam.Role.from_role_name(other, "Named", "named"), 1)
    iam.ManagedPolicy(
        other,
        "Foreign",
        statements=[iam.PolicyStatement(actions=["s3:ListBucket"], resources=["*"])],
        roles=[iam.Role.from_role_name(other, "Literal", "literal")],
    )
    PersonalizeEncryption(stack, "Encryption", service_role=trusted_role(stack), resources=[GROUP])
    app.synth()
    assert warnings(stack) == {}


def test_a_bucket_policy_that_has_lost_its_l1(app: cdk.App, stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """Its statements are in no template."""
    PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    assert bucket.policy is not None
    bucket.policy.node.try_remove_child("Resource")
    assert judged(app) == {("MissingBucketAccess", "Stack/Encryption")}


def test_the_users_own_statements_count(app: cdk.App, stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """A bucket policy has 20 KB, ours and theirs together."""
    for number in range(20):
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                actions=["s3:GetObject"],
                resources=[f"arn:aws:s3:::{number}-{'x' * 1000}/*"],
                principals=[iam.AccountPrincipal("222222222222")],
            )
        )
    PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)])
    assert judged(app) == {("Limit", "Stack/Bucket/Policy/Resource")}


def foreign_sids(app: cdk.App, stack: cdk.Stack) -> tuple[str, ...]:
    imported = kms.Key.from_key_arn(stack, "Imported", KEY_ARN)
    encryption = PersonalizeEncryption(stack, "Encryption", encryption_key=imported, resources=[GROUP])
    (pending, *_) = encryption.pending_statements
    return tuple(str(statement.sid) for statement in pending.statements)


def test_deployments_of_one_app_share_no_sid_in_a_central_key() -> None:
    """Other stack names, accounts and nested stacks: none takes out what another wrote."""
    found: list[str] = []
    for stack_name in ("one", "two"):
        for account in ("222222222222", "333333333333"):
            app = cdk.App(analytics_reporting=False)
            env = cdk.Environment(account=account, region="eu-west-1")
            stack = cdk.Stack(app, "Stack", stack_name=stack_name, env=env)
            found += foreign_sids(app, stack)
            found += foreign_sids(app, cdk.NestedStack(stack, "Nested"))
    assert len(set(found)) == len(found) == 16


def test_app_wide_tags_and_aspects_break_no_statement(app: cdk.App, stack: cdk.Stack, bucket: s3.Bucket) -> None:
    """The usual helpers of companies leave nothing to tell."""
    cdk.Tags.of(app).add("team", "movies")
    iam.PermissionsBoundary.of(app).apply(iam.ManagedPolicy.from_managed_policy_name(stack, "Boundary", "boundary"))
    PersonalizeEncryption(stack, "Encryption", resources=[importing(bucket)]).add_dataset_group("Movies", name="m")
    assert warnings(stack) == {}
    app.synth()
