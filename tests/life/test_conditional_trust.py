"""Trust policies with expressions in them: what a condition decides is unknown, and fails no synth."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource
from tests.life.conftest import PERSONALIZE, judged

GROUP = PersonalizeResource.dataset_group()
ALLOW = {"Effect": "Allow", "Principal": {"Service": PERSONALIZE}, "Action": "sts:AssumeRole"}
ELSEWHERE = {"StringEquals": {"aws:SourceAccount": "222222222222"}}


def either(one: Any, other: Any) -> dict[str, Any]:
    return {"Fn::If": ["Yes", one, other]}


UNKNOWN: dict[str, Any] = {
    "the policy": either({"Statement": [ALLOW]}, {"Statement": []}),
    "the statements": {"Statement": either([ALLOW], [])},
    "one statement": {"Statement": [either(ALLOW, {"Ref": "AWS::NoValue"})]},
    "the effect": {"Statement": [{**ALLOW, "Effect": either("Allow", "Deny")}]},
    "the principal": {"Statement": [{**ALLOW, "Principal": either({"Service": PERSONALIZE}, {"AWS": "*"})}]},
    "the service": {"Statement": [{**ALLOW, "Principal": {"Service": either(PERSONALIZE, "lambda.amazonaws.com")}}]},
    "the action": {"Statement": [{**ALLOW, "Action": either("sts:AssumeRole", "sts:TagSession")}]},
    "the actions that it is not": {
        "Statement": [{"Effect": "Allow", "Principal": {"Service": PERSONALIZE}, "NotAction": "sts:TagSession"}]
    },
    "everybody": {"Statement": [{**ALLOW, "Principal": "*"}]},
    "everybody, written in full": {"Statement": [{**ALLOW, "Principal": {"AWS": ["222222222222", "*"]}}]},
    "the condition": {"Statement": [{**ALLOW, "Condition": either(ELSEWHERE, {"Ref": "AWS::NoValue"})}]},
    "the keys of the condition": {
        "Statement": [{**ALLOW, "Condition": {"StringEquals": either(ELSEWHERE["StringEquals"], {})}}]
    },
    "the account": {
        "Statement": [
            {**ALLOW, "Condition": {"StringEquals": {"aws:SourceAccount": either("222222222222", "111111111111")}}}
        ]
    },
    "a Deny": {"Statement": [ALLOW, either({**ALLOW, "Effect": "Deny"}, {"Ref": "AWS::NoValue"})]},
    "what a Deny is on": {
        "Statement": [
            ALLOW,
            {**ALLOW, "Effect": "Deny", "Condition": either(ELSEWHERE, {"Ref": "AWS::NoValue"})},
            {**ALLOW, "Effect": "Deny", "Principal": either({"Service": PERSONALIZE}, {"AWS": "*"})},
            {**ALLOW, "Effect": "Deny", "Action": either("sts:AssumeRole", "sts:TagSession")},
        ]
    },
}


def role(stack: cdk.Stack, trust: Any) -> iam.CfnRole:
    chosen = cdk.CfnParameter(stack, "Chosen").value_as_string
    cdk.CfnCondition(stack, "Yes", expression=cdk.Fn.condition_equals(chosen, "yes"))
    return iam.CfnRole(stack, "Trusting", assume_role_policy_document=trust)


@pytest.mark.parametrize("trust", UNKNOWN.values(), ids=UNKNOWN)
def test_what_a_condition_decides_is_unknown(app: cdk.App, concrete: cdk.Stack, trust: Any) -> None:
    """It may be right at deployment."""
    PersonalizeEncryption(concrete, "Encryption", service_role=role(concrete, trust), resources=[GROUP])
    app.synth()


@pytest.mark.parametrize(
    "trust",
    [
        {"Statement": []},
        {"Statement": [{**ALLOW, "Principal": {"AWS": {"Ref": "Account"}}}]},
        {"Statement": [{**ALLOW, "Principal": {"Service": "lambda.amazonaws.com"}}]},
        {"Statement": [{**ALLOW, "Action": "sts:TagSession"}]},
    ],
)
def test_an_l1_that_trusts_somebody_else_is_told_by_its_path(app: cdk.App, concrete: cdk.Stack, trust: Any) -> None:
    """The message names the user's construct, not what the library makes of it."""
    cdk.CfnParameter(concrete, "Account")
    PersonalizeEncryption(concrete, "Encryption", service_role=role(concrete, trust), resources=[GROUP])
    assert judged(app) == {("Trust", "Concrete/Trusting")}


@pytest.mark.parametrize("principal", [{"Service": PERSONALIZE}, "*", {"AWS": "*"}])
def test_a_deny_beside_an_expression_is_told(app: cdk.App, concrete: cdk.Stack, principal: Any) -> None:
    """What is written out is certain, whatever is beside it."""
    deny = {**ALLOW, "Effect": "Deny", "Principal": principal}
    trust = {"Statement": [either(ALLOW, {"Ref": "AWS::NoValue"}), deny]}
    PersonalizeEncryption(concrete, "Encryption", service_role=role(concrete, trust), resources=[GROUP])
    assert judged(app) == {("Trust", "Concrete/Trusting")}


def test_a_condition_of_another_account_in_each_statement_is_told(app: cdk.App, concrete: cdk.Stack) -> None:
    """Both statements shut Personalize out."""
    trust = {"Statement": [{**ALLOW, "Condition": ELSEWHERE}, {**ALLOW, "Condition": ELSEWHERE}]}
    PersonalizeEncryption(concrete, "Encryption", service_role=role(concrete, trust), resources=[GROUP])
    assert judged(app) == {("Trust", "Concrete/Trusting")}


def test_the_other_messages_name_the_users_role(app: cdk.App, concrete: cdk.Stack) -> None:
    """Twenty-one policies are too many for it."""
    policies = [f"arn:aws:iam::111111111111:policy/p{number}" for number in range(21)]
    trusting = role(concrete, {"Statement": [ALLOW]})
    trusting.managed_policy_arns = policies
    PersonalizeEncryption(concrete, "Encryption", service_role=trusting, resources=[GROUP])
    assert judged(app) == {("Limit", "Concrete/Trusting")}
