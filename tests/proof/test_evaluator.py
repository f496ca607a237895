"""Known answers from AWS's documentation, which establish the evaluator that the proofs rest on."""

from typing import Any

import pytest

from tests.proof.evaluator import Caller, addressed_to, allowed
from tests.proof.in_effect import InEffect
from tests.proof.model import Deployed, Document, Key, Role, Statement
from tests.proof.strange import not_understood, strange_principals

ACCOUNT, OTHER = "111122223333", "444455556666"
REGION = "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/personalize"
ROOT, OTHERS_ROOT = f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{OTHER}:root"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/one"
OTHERS_KEY = f"arn:aws:kms:{REGION}:{OTHER}:key/two"
SERVICE = {"Service": "personalize.amazonaws.com"}
SOURCE = f"arn:aws:personalize:{REGION}:{ACCOUNT}:dataset-group/movies"
DECRYPT = "kms:Decrypt"

Json = dict[str, Any]


def policy(*statements: Json) -> Document:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Resource": "*", **statement} for statement in statements
        ],
    }


def to(arn: str, **elements: Any) -> Json:
    return {"Principal": {"AWS": arn}, "Action": DECRYPT, **elements}


def decrypts(*statements: Json, iam: Json | None = None, key: str = KEY, role: str = ROLE) -> bool:
    """Tell if the role may decrypt with the key."""
    identity = [policy(iam)] if iam else []
    deployed = Deployed({key: Key(key, policy(*statements))}, {role: Role(role, {}, identity)})
    return InEffect(deployed).lacking_on_key(role, key, DECRYPT, REGION) is None


def serves(*statements: Json, account: str | None = ACCOUNT, arn: str | None = SOURCE) -> bool:
    """Tell if Personalize may decrypt on behalf of this source."""
    caller = Caller(service="personalize.amazonaws.com", source_account=account, source_arn=arn)
    return bool(
        allowed(addressed_to(policy(*statements), caller), caller, frozenset({DECRYPT}), KEY)
    )


IAM = {"Action": DECRYPT, "Resource": [KEY, OTHERS_KEY]}
ONE_ROLE = {"ArnEquals": {"aws:PrincipalArn": ROLE}}
SESSION = {
    "ArnEquals": {"aws:PrincipalArn": f"arn:aws:sts::{ACCOUNT}:assumed-role/personalize/session"}
}


@pytest.mark.parametrize(
    ("statement", "alone", "with_iam"),
    [
        # KMS, "Key policies in AWS KMS": without permission from the key policy, IAM policies have
        # no effect.
        (to(ROLE, Action="kms:DescribeKey"), False, False),
        (to(OTHERS_ROOT, Action="kms:*"), False, False),
        # KMS, "KMS key access and permissions": the key policy alone can control access in one
        # account.
        (to(ROLE), True, True),
        # KMS, "Default key policy": the account statement allows to use IAM policies, and nobody
        # anything by itself.
        (to(ROOT, Action="kms:*"), False, True),
        # IAM, "AWS global condition context keys": of a role's requests, it is the ARN of the role,
        # not the session's.
        (to(ROOT, Condition=ONE_ROLE), False, True),
        (to(ROOT, Condition=SESSION), False, False),
        # IAM, "AWS global condition context keys": this key is in direct calls of a service alone.
        (to(ROLE, Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}}), False, False),
        # IAM, "AWS JSON policy elements: Principal": no part of a name is matched, and a service is
        # no role.
        (to(f"arn:aws:iam::{ACCOUNT}:role/*"), False, False),
        (to(f"arn:aws-cn:iam::{ACCOUNT}:root"), False, False),
        ({"Principal": SERVICE, "Action": DECRYPT}, False, False),
        # IAM, "IAM JSON policy elements: NotAction": everything matches except the actions listed.
        ({"Principal": {"AWS": ROLE}, "NotAction": "kms:Encrypt"}, True, True),
        ({"Principal": {"AWS": ROLE}, "NotAction": ["kms:De*", "kms:Encrypt"]}, False, False),
    ],
)
def test_what_a_key_policy_gives_a_role(statement: Json, alone: bool, with_iam: bool) -> None:
    """The key policy decides by itself, or with an IAM policy that allows the action."""
    assert decrypts(statement) == alone
    assert decrypts(statement, iam=IAM) == with_iam


def test_delegation_to_one_role_is_to_no_other() -> None:
    """IAM, "AWS global condition context keys": a role's ``aws:PrincipalArn`` is the role's ARN."""
    assert not decrypts(to(ROOT, Condition=ONE_ROLE), iam=IAM, role=ROLE + "2")


@pytest.mark.parametrize(
    ("statement", "iam"),
    [
        (to(ROLE, Effect="Deny"), None),
        (to(ROOT, Effect="Deny"), None),
        # IAM, "AWS JSON policy elements: NotPrincipal": everybody is denied who is not listed.
        ({"Effect": "Deny", "NotPrincipal": {"AWS": ROLE + "2"}, "Action": DECRYPT}, None),
        (to(ROLE), {"Effect": "Deny", "Action": "kms:*"}),
    ],
)
def test_an_explicit_deny_wins_wherever_it_is(statement: Json, iam: Json | None) -> None:
    """IAM, "How AWS enforcement code logic evaluates requests": a deny overrides an allow."""
    assert not decrypts(to(ROLE), statement, iam=iam)


@pytest.mark.parametrize("theirs", [to(ROLE), to(ROOT)], ids=["named", "delegated"])
def test_a_key_of_another_account_needs_both_sides(theirs: Json) -> None:
    """KMS, "Allowing users in other accounts to use a KMS key": one policy is not sufficient."""
    assert decrypts(theirs, iam=IAM, key=OTHERS_KEY)
    assert not decrypts(theirs, key=OTHERS_KEY)
    assert not decrypts(to(OTHERS_ROOT), iam=IAM, key=OTHERS_KEY)


OF_ACCOUNT = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
ANY_OF_OURS, ANY_OF_OTHERS = (
    f"arn:aws:personalize:{REGION}:{account}:*" for account in (ACCOUNT, OTHER)
)


@pytest.mark.parametrize(
    ("condition", "account", "arn", "given"),
    [
        ({}, ACCOUNT, SOURCE, True),
        ({}, None, None, True),
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, ACCOUNT, None, True),
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, OTHER, SOURCE, False),
        ({"StringEquals": {"aws:SourceAccount": [OTHER, ACCOUNT]}}, ACCOUNT, None, True),
        ({"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}, OTHER, SOURCE, False),
        ({"ArnLike": {"aws:SourceArn": ANY_OF_OURS}}, None, SOURCE, True),
        ({"ArnLike": {"aws:SourceArn": ANY_OF_OTHERS}}, None, SOURCE, False),
        ({**OF_ACCOUNT, "ArnLike": {"aws:SourceArn": SOURCE}}, ACCOUNT, None, False),
        ({"StringEquals": {"aws:SourceArn": ANY_OF_OURS}}, None, SOURCE, False),
        ({"StringLike": {"aws:SourceArn": ANY_OF_OURS}}, None, SOURCE, True),
        # "Conditions with multiple context keys or values": the values of a negated operator are
        # NORed.
        ({"StringNotEquals": {"aws:SourceAccount": [ACCOUNT, OTHER]}}, ACCOUNT, None, False),
        # If the key is not present, the condition is false, but true for negated operators,
        # IfExists and ForAllValues.
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, None, None, False),
        ({"ArnLike": {"aws:SourceArn": SOURCE}}, None, None, False),
        ({"StringNotEquals": {"aws:SourceAccount": ACCOUNT}}, None, None, True),
        ({"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}, None, None, True),
        ({"ArnLikeIfExists": {"aws:SourceArn": SOURCE}}, None, None, True),
        ({"ForAllValues:StringEquals": {"aws:TagKeys": "team"}}, None, None, True),
        ({"Null": {"aws:SourceAccount": "true"}}, None, None, True),
    ],
)
def test_conditions_on_the_source(
    condition: Json, account: str | None, arn: str | None, given: bool
) -> None:
    """IAM, "IAM JSON policy elements: Condition operators": operators are ANDed, values ORed."""
    statement = {"Principal": SERVICE, "Action": DECRYPT, "Condition": condition}
    assert serves(statement, account=account, arn=arn) == given
    denial = {**statement, "Effect": "Deny"}
    assert serves({**statement, "Condition": {}}, denial, account=account, arn=arn) != given


def test_a_service_is_let_in_by_its_name_alone() -> None:
    """IAM, "AWS JSON policy elements: Principal": a service is no principal of an account."""
    assert not serves(to(ROOT, Action="kms:*"))
    assert not serves({"Principal": {"Service": "forecast.amazonaws.com"}, "Action": DECRYPT})
    assert serves(
        {
            "Principal": {"Service": ["s3.amazonaws.com", "personalize.amazonaws.com"]},
            "Action": DECRYPT,
        }
    )


def test_actions_ignore_case_and_resources_do_not() -> None:
    """IAM, "IAM JSON policy elements: Action", "Resource": only action names ignore case."""

    def by_iam(statement: Json) -> bool:
        return InEffect(Deployed(roles={ROLE: Role(ROLE, {}, [policy(statement)])})).by_iam(
            ROLE, DECRYPT, KEY, REGION
        )

    assert by_iam({"Action": "KMS:decrypt", "Resource": KEY})
    assert not by_iam({"Action": DECRYPT, "Resource": KEY.upper()})


@pytest.mark.parametrize(
    ("elements", "problem"),
    [
        ({"Action": []}, "no Action"),
        ({"Action": "kms:De*"}, "wildcard in action kms:De*"),
        ({"Action": "kms:Decrpyt"}, "action kms:Decrpyt, which there is not"),
        ({"Action": "s3:GetObject"}, "action s3:GetObject, which is out of place"),
        ({"NotAction": "kms:Encrypt"}, "element NotAction"),
        ({"Resource": KEY[:-1] + "*"}, f"wildcard or variable in resource {KEY[:-1]}*"),
        ({"Resource": "arn:aws:s3:::ratings/*"}, "action kms:Decrypt on arn:aws:s3:::ratings/*"),
        (
            {"Condition": {"StringEquals": {"aws:SourceAccount": "${aws:PrincipalAccount}"}}},
            "condition value ${aws:",
        ),
        (
            {"Condition": {"ArnLikeIfExists": {"aws:SourceArn": SOURCE}}},
            "condition operator ArnLikeIfExists",
        ),
    ],
)
def test_what_ministack_might_judge_otherwise_is_named(elements: Json, problem: str) -> None:
    """Elements beyond the known answers are reported in a statement of ours."""
    statement: Statement = {"Effect": "Allow", "Resource": "*", **to(ROLE), **elements}
    assert any(
        message.startswith(problem)
        for message in not_understood(statement, ["kms"], has_principal=True)
    )


def test_a_plain_statement_is_understood() -> None:
    """The forms that the construct writes are fine, and name nobody but the role."""
    statement = {"Sid": "One", "Effect": "Allow", "Resource": "*", **to(ROOT, Condition=ONE_ROLE)}
    assert list(not_understood(statement, ["kms"], has_principal=True)) == []
    assert list(strange_principals(statement, [ROLE])) == []
    assert list(strange_principals(to(ROOT), [ROLE])) == [f"principal {ROOT}"]
