"""Aspects and escape hatches that change the construct's statements, names and conditions: all of it is told."""

from collections.abc import Callable
from typing import Any, cast

import aws_cdk as cdk
import jsii
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location, SourceAccountCheck
from personalize_kms_constructs.checks import check_assembly
from tests.life.conftest import change, judge_warnings, judged, trusted_role, warnings

GROUP = PersonalizeResource.dataset_group()


@jsii.implements(cdk.IAnyProducer)
class Edited:
    """A policy document whose statement of one sid was edited."""

    def __init__(self, document: iam.PolicyDocument, sid: str, edit: Callable[[dict[str, Any]], Any]) -> None:
        self._document = document
        self._sid = sid
        self._edit = edit

    def produce(self, context: cdk.IResolveContext) -> Any:
        """Return the document."""
        document = dict(context.resolve(self._document))
        for statement in document["Statement"]:
            if statement.get("Sid") == self._sid:
                self._edit(statement)
        return document


def edit(app: cdk.App, sid: str, how: Callable[[dict[str, Any]], Any]) -> None:
    """Have an aspect edit a statement in every key policy and managed policy."""

    def of_key(key: kms.CfnKey) -> None:
        key.key_policy = cdk.Lazy.uncached_any(Edited(key.key_policy, sid, how))

    def of_role(policy: iam.CfnManagedPolicy) -> None:
        policy.policy_document = cdk.Lazy.uncached_any(Edited(policy.policy_document, sid, how))

    change(app, kms.CfnKey, of_key)
    change(app, iam.CfnManagedPolicy, of_role)


ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-1a2b3c4d5e"}}


@pytest.mark.parametrize(
    ("sid", "how", "rule"),
    [
        ("PersonalizeRole", lambda each: each.update(Effect="Deny"), "MissingKeyAccess"),
        (
            "PersonalizeService",
            lambda each: each.update(Principal={"Service": "lambda.amazonaws.com"}),
            "MissingKeyAccess",
        ),
        (
            "PersonalizeRole",
            lambda each: each.update(Principal={"Service": "personalize.amazonaws.com"}),
            "MissingKeyAccess",
        ),
        (
            "PersonalizeRole",
            lambda each: each.update(Action=["kms:Encrypt", *each["Action"][1:]]),
            "MissingKeyAccess",
        ),
        ("PersonalizeService", lambda each: each.update(Condition=ORGANIZATION), "MissingKeyAccess"),
        ("UseKey", lambda each: each.update(Effect="Deny"), "MissingRoleAccess"),
        ("UseKey", lambda each: each.update(Action="kms:Decrypt*"), "MissingRoleAccess"),
    ],
)
def test_a_statement_that_is_changed_fails_the_synth(
    app: cdk.App, stack: cdk.Stack, sid: str, how: Callable[[dict[str, Any]], Any], rule: str
) -> None:
    """It has its sid and its resources still, and grants something else."""
    PersonalizeEncryption(stack, "Encryption", resources=[GROUP])
    edit(app, sid, how)
    assert (rule, "Stack/Encryption") in judged(app)


FEWER_WORDS = ["kms:CreateGrant", "kms:decrypt", "kms:DescribeKey*", "kms:GenerateDataKey*", "KMS:ListGrants"]


@pytest.mark.parametrize(
    "element",
    [
        {"Action": "kms:*"},
        {"Action": ["kms:*", "s3:*"]},
        {"Action": "*"},
        {"Action": FEWER_WORDS},
        {"Action": {"Fn::If": ["Yes", FEWER_WORDS, "kms:*"]}},
        {"Principal": "*"},
        {"Principal": {"AWS": "*"}},
        {"Principal": {"AWS": {"Fn::If": ["Yes", "111111111111", "222222222222"]}}},
    ],
    ids=str,
)
def test_a_statement_that_is_written_in_another_way_is_the_users_own_affair(
    app: cdk.App, stack: cdk.Stack, element: dict[str, Any]
) -> None:
    """Nothing need be missing; the check evaluates it, and says what is too much."""
    cdk.CfnCondition(stack, "Yes", expression=cdk.Fn.condition_equals(cdk.Aws.REGION, "eu-west-1"))
    PersonalizeEncryption(stack, "Encryption", resources=[GROUP])
    edit(app, "PersonalizeRole", lambda each: each.update(element))
    app.synth()


@pytest.mark.parametrize("sid", ["PersonalizeRole", "UseKey"])
def test_a_condition_that_may_keep_personalize_out_is_warned_of(app: cdk.App, stack: cdk.Stack, sid: str) -> None:
    """A company's aspect may know what holds for the role; a template doesn't say it."""
    PersonalizeEncryption(stack, "Encryption", resources=[GROUP])
    edit(app, sid, lambda each: each.update(Condition=ORGANIZATION))
    assert judge_warnings(app) == {("Undecided", "Stack/Encryption")}


def test_a_required_source_account_is_the_users_choice(app: cdk.App, stack: cdk.Stack) -> None:
    """Nobody knows if Personalize sends the account; whoever chooses REQUIRED was told so."""
    check = SourceAccountCheck.REQUIRED
    PersonalizeEncryption(stack, "Encryption", resources=[GROUP], source_account_check=check)
    assert judge_warnings(app) == set()


def test_a_value_of_a_condition_is_the_users_own_affair(app: cdk.App, stack: cdk.Stack) -> None:
    """A list of accounts in place of one, for example."""
    PersonalizeEncryption(stack, "Encryption", resources=[GROUP])
    accounts = ["111111111111", "222222222222"]
    edit(
        app,
        "PersonalizeService",
        lambda each: each.update(Condition={"StringEqualsIfExists": {"AWS:SourceAccount": accounts}}),
    )
    assert warnings(stack) == {}


def condition(stack: cdk.Stack) -> cdk.CfnCondition:
    return cdk.CfnCondition(stack, "Encrypted", expression=cdk.Fn.condition_equals(cdk.Aws.REGION, "eu-west-1"))


def put_under(condition: cdk.CfnCondition, *constructs: Any) -> None:
    for construct in constructs:
        for each in construct.node.find_all():
            if isinstance(each, cdk.CfnResource):
                each.cfn_options.condition = condition


def test_a_construct_under_a_condition_and_a_key_that_is_not(app: cdk.App, stack: cdk.Stack) -> None:
    """CloudFormation refuses the template where the condition doesn't hold, for the role's ARN in the key policy."""
    encryption = PersonalizeEncryption(stack, "Encryption", encryption_key=kms.Key(stack, "Key"), resources=[GROUP])
    encryption.add_dataset_group("Movies", name="movies")
    put_under(condition(stack), encryption)
    assert ("Configuration", "Stack/Key/Resource") in judge_warnings(app)


@pytest.mark.parametrize("left_out", ["Policy", "Movies"])
def test_a_role_under_a_condition_and_something_of_the_construct_that_is_not(
    app: cdk.App, stack: cdk.Stack, left_out: str
) -> None:
    """Whatever refers to the role has to come and go with it."""
    encryption = PersonalizeEncryption(stack, "Encryption", resources=[GROUP])
    encryption.add_dataset_group("Movies", name="movies")
    put_under(condition(stack), encryption)
    child: Any = encryption.node.find_child(left_out)
    (child if left_out == "Movies" else child.node.default_child).cfn_options.condition = None
    path = "Stack/Encryption/Policy/Resource" if left_out == "Policy" else "Stack/Encryption/Movies"
    assert ("Configuration", path) in judge_warnings(app)


@pytest.mark.parametrize("what", ["dataset", "key"])
def test_what_else_refers_to_something_under_a_condition(
    app: cdk.App, stack: cdk.Stack, bucket: s3.Bucket, what: str
) -> None:
    """A dataset names the role for its import, and a dataset group the key."""
    encryption = PersonalizeEncryption(stack, "Encryption", resources=[GROUP])
    group = encryption.add_dataset_group("Movies", name="movies")
    dataset = encryption.add_dataset(
        "Ratings",
        dataset_group=group,
        schema_arn="arn:aws:personalize:::schema/s",
        name="ratings",
        dataset_type="Interactions",
        import_from=S3Location(bucket, "import/"),
    )
    key: Any = encryption.encryption_key
    put_under(condition(stack), encryption if what == "dataset" else key)
    dataset.cfn_options.condition = None
    path = f"Stack/Encryption/{'Ratings' if what == 'dataset' else 'Movies'}"
    assert ("Configuration", path) in judge_warnings(app)


@pytest.mark.parametrize("how", ["and", "if", "pending"])
def test_references_to_something_under_a_condition_that_are_never_followed(
    app: cdk.App, stack: cdk.Stack, how: str
) -> None:
    """A narrower condition, an expression that chooses, and a policy that the construct doesn't write."""
    yes = condition(stack)
    if how == "pending":
        policy = {"Fn::If": [yes.logical_id, {"Statement": []}, {"Statement": []}]}
        key: Any = kms.CfnKey(stack, "Key", key_policy=policy)
    else:
        key = kms.Key(stack, "Key")
    encryption = PersonalizeEncryption(stack, "Encryption", encryption_key=key, resources=[GROUP])
    group = encryption.add_dataset_group("Movies", name="movies")
    put_under(yes, encryption, key if how != "pending" else encryption)
    if how == "if":
        arn = encryption.service_role.role_arn
        group.role_arn = cdk.Token.as_string(cdk.Fn.condition_if(yes.logical_id, arn, cdk.Aws.NO_VALUE))
        group.cfn_options.condition = None
        key_arn = encryption.encryption_key.key_arn
        group.kms_key_arn = cdk.Token.as_string(cdk.Fn.condition_if(yes.logical_id, key_arn, cdk.Aws.NO_VALUE))
    if how == "and":
        more = cdk.Fn.condition_and(
            cast("cdk.ICfnConditionExpression", yes), cdk.Fn.condition_equals(cdk.Aws.PARTITION, "aws")
        )
        group.cfn_options.condition = cdk.CfnCondition(stack, "More", expression=more)
    assert judge_warnings(app) == set()


def test_a_role_under_a_condition_and_the_key_of_another_stack(stack: cdk.Stack, security: cdk.Stack) -> None:
    """That one's policy has the role's name, which needs no role."""
    encryption = PersonalizeEncryption(stack, "Encryption", encryption_key=kms.Key(security, "Key"), resources=[GROUP])
    put_under(condition(stack), encryption)
    assert warnings(stack) == {}


def test_everything_under_one_condition(app: cdk.App, stack: cdk.Stack) -> None:
    """It is there or it isn't; the check knows that Personalize is asked for nothing in the second case."""
    key = kms.Key(stack, "Key")
    encryption = PersonalizeEncryption(stack, "Encryption", encryption_key=key, resources=[GROUP])
    encryption.add_dataset_group("Movies", name="movies")
    put_under(condition(stack), encryption, key)
    assert warnings(stack) == {}
    report = check_assembly(app.synth())
    assert (report.missing, report.undecided, report.problems) == ((), (), ())


@pytest.mark.parametrize(
    "name", ["personalize", "Personalize", f"personalize-{cdk.Aws.REGION}"], ids=["same", "other case", "expression"]
)
def test_two_roles_of_one_name(app: cdk.App, stack: cdk.Stack, name: str) -> None:
    """Names are unique in an account, in upper and lower case alike; it happens when a construct is copied."""
    PersonalizeEncryption(stack, "One", role_name="personalize" if name == "Personalize" else name, resources=[GROUP])
    PersonalizeEncryption(stack, "Two", role_name=name, resources=[GROUP])
    assert {("Configuration", "Stack/One/Role/Resource"), ("Configuration", "Stack/Two/Role/Resource")} <= judged(app)


def test_roles_of_one_name_that_do_not_meet(app: cdk.App, stack: cdk.Stack, concrete: cdk.Stack) -> None:
    """In two stacks, of which one may be deployed only, and by conditions of their own."""
    for number, scope in enumerate((concrete, stack)):
        PersonalizeEncryption(scope, f"Encryption{number}", role_name="personalize", resources=[GROUP])
    here = cdk.Fn.condition_equals(cdk.Aws.REGION, "eu-west-1")
    for id, expression in (("Here", here), ("There", cdk.Fn.condition_not(here))):
        encryption = PersonalizeEncryption(stack, id, role_name="chosen", resources=[GROUP])
        put_under(cdk.CfnCondition(stack, f"If{id}", expression=expression), encryption)
    app.synth()


def test_a_role_that_several_constructs_share(app: cdk.App, stack: cdk.Stack) -> None:
    """It is one role, and has its name once."""
    role = trusted_role(stack, role_name="personalize")
    for id in ("One", "Two"):
        PersonalizeEncryption(stack, id, service_role=role, resources=[GROUP])
    app.synth()
