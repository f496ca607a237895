"""Known answers from AWS's documentation, which establish the evaluator that the proofs rest on."""

from __future__ import annotations

from typing import Any

import pytest
from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document

from tests.proof.evaluator import Caller, addressed_to, allowed, not_understood
from tests.proof.judge import Judge
from tests.proof.model import Bucket, Deployed, Document, Key, Role, Statement

ACCOUNT, OTHER = "111122223333", "444455556666"
REGION = "eu-west-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/personalize"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/one"
OTHERS_KEY = f"arn:aws:kms:{REGION}:{OTHER}:key/two"
SERVICE = {"Service": "personalize.amazonaws.com"}
SOURCE = f"arn:aws:personalize:{REGION}:{ACCOUNT}:dataset-group/movies"
DECRYPT = "kms:Decrypt"

Json = dict[str, Any]


def policy(*statements: Json) -> Document:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", **each} for each in statements]}


def for_role(**elements: Any) -> Json:
    return {"Principal": {"AWS": ROLE}, "Action": DECRYPT, **elements}


def for_account(account: str = ACCOUNT, **elements: Any) -> Json:
    return {"Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*", **elements}


def decrypts(*statements: Json, iam: Json | None = None, key: str = KEY, role: str = ROLE) -> bool:
    """Tell if the role may decrypt with the key."""
    identity = [policy(iam)] if iam else []
    deployed = Deployed({key: Key(key, policy(*statements))}, {role: Role(role, {}, identity)})
    return Judge(deployed).on_key(role, key, DECRYPT, REGION) is None


def serves(*statements: Json, account: str | None = ACCOUNT, arn: str | None = SOURCE) -> bool:
    """Tell if Personalize may decrypt on behalf of this source."""
    caller = Caller(service="personalize.amazonaws.com", source_account=account, source_arn=arn)
    given = bool(allowed(addressed_to(policy(*statements), caller), caller, [DECRYPT], KEY))
    assert Judge(Deployed({KEY: Key(KEY, policy(*statements))})).allows_service(KEY, caller, DECRYPT, KEY) == given
    return given


IAM_DECRYPT = {"Action": DECRYPT, "Resource": [KEY, OTHERS_KEY]}


def test_iam_alone_gives_nothing_on_a_key() -> None:
    """KMS, "Key policies in AWS KMS": without permission from the key policy, IAM policies have no effect."""
    assert not decrypts(for_role(Action="kms:DescribeKey"), iam=IAM_DECRYPT)
    assert not decrypts(for_account(OTHER), iam=IAM_DECRYPT)


def test_a_key_policy_alone_gives_access_to_a_role_that_it_names() -> None:
    """KMS, "KMS key access and permissions": the key policy alone can control access in one account."""
    assert decrypts(for_role())


@pytest.mark.parametrize("name", [f"arn:aws:iam::{ACCOUNT}:root", ACCOUNT])
def test_the_account_as_principal_delegates_to_iam(name: str) -> None:
    """KMS, "Default key policy": the account statement allows to use IAM policies, and nobody anything by itself."""
    assert decrypts(for_account(Principal={"AWS": name}), iam=IAM_DECRYPT)
    assert not decrypts(for_account(Principal={"AWS": name}))


def test_delegation_can_be_narrowed_to_one_role() -> None:
    """IAM, "AWS global condition context keys": of a role's requests, ``aws:PrincipalArn`` is the ARN of the role."""
    narrowed = for_account(Condition={"ArnEquals": {"aws:PrincipalArn": ROLE}})
    assert decrypts(narrowed, iam=IAM_DECRYPT)
    assert not decrypts(narrowed)
    assert not decrypts(narrowed, iam=IAM_DECRYPT, role=ROLE + "2")


def test_the_arn_of_a_session_is_no_value_of_principal_arn() -> None:
    """IAM, "AWS global condition context keys": don't specify the assumed role session ARN for ``aws:PrincipalArn``."""
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/personalize/session"
    assert not decrypts(for_account(Condition={"ArnEquals": {"aws:PrincipalArn": session}}), iam=IAM_DECRYPT)


@pytest.mark.parametrize(
    ("statement", "iam"),
    [
        (for_role(Effect="Deny"), None),
        (for_role(Effect="Deny", Principal="*"), None),
        (for_account(Effect="Deny"), None),
        (for_role(Effect="Deny", Principal="*", Action="kms:D*"), None),
        (for_role(), {"Effect": "Deny", "Action": "kms:*"}),
        (for_role(), {"Effect": "Deny", "NotAction": "s3:*"}),
    ],
    ids=["role", "everybody", "account", "wildcard", "iam", "iam, NotAction"],
)
def test_an_explicit_deny_wins_wherever_it_is(statement: Json, iam: Json | None) -> None:
    """IAM, "How AWS enforcement code logic evaluates requests": an explicit deny overrides an explicit allow."""
    assert not decrypts(for_role(), statement, iam=iam)


def test_a_deny_of_something_else_denies_nothing() -> None:
    """IAM, "IAM JSON policy elements: Action": a statement is about the actions that it lists."""
    assert decrypts(for_role(), for_role(Effect="Deny", Action="kms:Encrypt"))
    assert decrypts(for_role(), for_role(Effect="Deny", Principal={"AWS": ROLE + "2"}))


def test_a_deny_for_all_but_somebody_denies_the_rest() -> None:
    """IAM, "AWS JSON policy elements: NotPrincipal": everybody is denied who is not listed."""
    others = {"Effect": "Deny", "Action": DECRYPT, "NotPrincipal": {"AWS": ROLE + "2"}}
    assert not decrypts(for_role(), others)
    assert decrypts(for_role(), {**others, "NotPrincipal": {"AWS": [ROLE, f"arn:aws:iam::{ACCOUNT}:root"]}})


@pytest.mark.parametrize("theirs", [for_role(), for_account()], ids=["named", "delegated"])
def test_a_key_of_another_account_needs_both_sides(theirs: Json) -> None:
    """KMS, "Allowing users in other accounts to use a KMS key": neither of the two policies alone is sufficient."""
    assert decrypts(theirs, iam=IAM_DECRYPT, key=OTHERS_KEY)
    assert not decrypts(theirs, key=OTHERS_KEY)
    assert not decrypts(for_account(OTHER), iam=IAM_DECRYPT, key=OTHERS_KEY)


@pytest.mark.parametrize(
    ("condition", "account", "arn", "given"),
    [
        ({}, ACCOUNT, SOURCE, True),
        ({}, None, None, True),
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, ACCOUNT, None, True),
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, OTHER, SOURCE, False),
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, None, SOURCE, False),
        ({"StringEquals": {"AWS:sourceaccount": ACCOUNT}}, ACCOUNT, None, True),
        ({"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}, ACCOUNT, SOURCE, True),
        ({"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}, OTHER, SOURCE, False),
        ({"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}, None, None, True),
        ({"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}, None, SOURCE, True),
        ({"StringEquals": {"aws:SourceAccount": [OTHER, ACCOUNT]}}, ACCOUNT, None, True),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:personalize:{REGION}:{ACCOUNT}:*"}}, None, SOURCE, True),
        ({"ArnEquals": {"aws:SourceArn": f"arn:aws:personalize:*:{ACCOUNT}:*"}}, None, SOURCE, True),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:personalize:{REGION}:{OTHER}:*"}}, None, SOURCE, False),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:personalize:{REGION}:{ACCOUNT}:*"}}, None, None, False),
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}, "ArnLike": {"aws:SourceArn": SOURCE}}, ACCOUNT, None, False),
        ({"StringEquals": {"aws:SourceArn": f"arn:aws:personalize:{REGION}:{ACCOUNT}:*"}}, None, SOURCE, False),
        ({"StringLike": {"aws:SourceArn": f"arn:aws:personalize:{REGION}:{ACCOUNT}:*"}}, None, SOURCE, True),
    ],
)
def test_conditions_on_the_source(condition: Json, account: str | None, arn: str | None, given: bool) -> None:
    """IAM, "IAM JSON policy elements: Condition operators": operators are ANDed, values ORed."""
    statement = {"Principal": SERVICE, "Action": DECRYPT, "Condition": condition}
    assert serves(statement, account=account, arn=arn) == given


@pytest.mark.parametrize(
    ("operator", "key", "value", "holds"),
    [
        ("StringNotEquals", "aws:SourceAccount", ACCOUNT, True),
        ("StringNotLike", "aws:SourceAccount", "1111*", True),
        ("ArnNotLike", "aws:SourceArn", SOURCE, True),
        ("ArnNotEquals", "aws:SourceArn", SOURCE, True),
        ("StringEqualsIfExists", "aws:SourceAccount", ACCOUNT, True),
        ("ArnLikeIfExists", "aws:SourceArn", SOURCE, True),
        ("ForAllValues:StringEquals", "aws:TagKeys", "team", True),
        ("ForAnyValue:StringEquals", "aws:TagKeys", "team", False),
        ("Null", "aws:SourceAccount", "true", True),
        ("Null", "aws:SourceAccount", "false", False),
        ("StringEquals", "aws:SourceAccount", ACCOUNT, False),
        ("StringLike", "aws:SourceAccount", "*", False),
        ("ArnLike", "aws:SourceArn", SOURCE, False),
    ],
)
def test_a_condition_on_an_absent_key(operator: str, key: str, value: str, holds: bool) -> None:
    """IAM, "IAM JSON policy elements: Condition operators", "Single-valued vs. multivalued context keys": the same.

    If the key is not present, the condition is false, but true for negated operators, ``IfExists`` and
    ``ForAllValues``.
    """
    condition = {operator: {key: value}}
    statement = {"Principal": SERVICE, "Action": DECRYPT, "Condition": condition}
    assert serves(statement, account=None, arn=None) == holds
    assert serves({**statement, "Condition": {}}, {**statement, "Effect": "Deny"}, account=None, arn=None) != holds


@pytest.mark.parametrize(("account", "given"), [(ACCOUNT, False), (OTHER, False), ("999988887777", True)])
def test_values_of_negated_operators_are_all_excluded(account: str, given: bool) -> None:
    """IAM, "Conditions with multiple context keys or values": the values of a negated operator are NORed."""
    condition = {"StringNotEquals": {"aws:SourceAccount": [ACCOUNT, OTHER]}}
    assert serves({"Principal": SERVICE, "Action": DECRYPT, "Condition": condition}, account=account) == given


def test_a_condition_on_the_source_shuts_roles_out() -> None:
    """IAM, "AWS global condition context keys": ``aws:SourceAccount`` is in direct calls of a service alone."""
    assert not decrypts(for_role(Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}}))


def test_a_service_is_let_in_by_its_name_alone() -> None:
    """IAM, "AWS JSON policy elements: Principal": a service principal is no principal of an account."""
    assert not serves(for_account())
    assert not serves({"Principal": {"Service": "forecast.amazonaws.com"}, "Action": DECRYPT})
    assert serves({"Principal": {"Service": ["s3.amazonaws.com", "personalize.amazonaws.com"]}, "Action": DECRYPT})
    assert not decrypts({"Principal": SERVICE, "Action": DECRYPT}, iam=IAM_DECRYPT)


def test_all_actions_but_some_are_all_the_others() -> None:
    """IAM, "IAM JSON policy elements: NotAction": everything matches except the actions listed."""
    assert decrypts({"Principal": {"AWS": ROLE}, "NotAction": "kms:Encrypt"})
    assert not decrypts({"Principal": {"AWS": ROLE}, "NotAction": ["kms:De*", "kms:Encrypt"]})


def test_actions_ignore_case_and_resources_do_not() -> None:
    """IAM, "IAM JSON policy elements: Action", "Resource": action names are case-insensitive, ARNs are not."""

    def by_iam(statement: Json) -> bool:
        return Judge(Deployed(roles={ROLE: Role(ROLE, {}, [policy(statement)])})).by_iam(ROLE, DECRYPT, KEY, REGION)

    assert by_iam({"Action": "KMS:decrypt", "Resource": KEY})
    assert not by_iam({"Action": DECRYPT, "Resource": KEY.upper()})


def test_iam_is_enough_in_a_bucket_of_the_same_account() -> None:
    """IAM, "Policy evaluation for requests within a single account": an allow in either policy is enough."""
    arn, action = "arn:aws:s3:::ratings/import/a.csv", "s3:GetObject"
    role = Role(ROLE, {}, [policy({"Action": action, "Resource": "arn:aws:s3:::ratings/import/*"})])
    denied = policy({"Effect": "Deny", "Principal": "*", "Action": "s3:*"})
    named = policy({"Principal": {"AWS": ROLE}, "Action": action})
    bucket = "arn:aws:s3:::ratings"

    def in_bucket(owned: Bucket, resource: str = arn) -> str | None:
        judge = Judge(Deployed(roles={ROLE: role}, buckets={bucket: owned}))
        return judge.in_bucket(ROLE, bucket, action, resource, REGION)

    assert in_bucket(Bucket(bucket, ACCOUNT)) is None
    assert in_bucket(Bucket(bucket, ACCOUNT, denied)) == "bucket policy"
    assert in_bucket(Bucket(bucket, ACCOUNT), "arn:aws:s3:::ratings/a.csv") is not None
    assert in_bucket(Bucket(bucket, OTHER)) == "bucket policy"
    assert in_bucket(Bucket(bucket, OTHER, named)) is None


def _ministack(statement: Json, **context: Any) -> bool:
    """Return the answer of ministack alone."""
    request = {
        "principal_arn": ROLE,
        "principal_type": "AssumedRole",
        "principal_account": ACCOUNT,
        "action": DECRYPT,
        "resource_arn": KEY,
        "region": REGION,
        **context,
    }
    return bool(evaluate(EvalContext(**request), [parse_policy_document(policy(statement))]).decision == "Allow")


@pytest.mark.xfail(
    strict=True, reason="ministack takes the session's ARN for aws:PrincipalArn: callers give the role's"
)
def test_ministack_knows_the_role_of_a_session() -> None:
    """IAM, "AWS global condition context keys": ``aws:PrincipalArn`` is the ARN of the role."""
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/personalize/session"
    condition = {"ArnEquals": {"aws:PrincipalArn": ROLE}}
    assert _ministack({"Action": DECRYPT, "Condition": condition}, principal_arn=session)


@pytest.mark.xfail(
    strict=True, reason="ministack lets a wildcard in an ARN operator span colons: not_understood names it"
)
def test_ministack_compares_the_parts_of_an_arn() -> None:
    """IAM, "IAM JSON policy elements: Condition operators": each of the six parts of an ARN is checked separately."""
    condition = {"ArnLike": {"aws:PrincipalArn": "arn:aws:*/personalize"}}
    assert not _ministack({"Action": DECRYPT, "Condition": condition})


@pytest.mark.xfail(strict=True, reason="ministack knows no policy variables: not_understood names them")
def test_ministack_replaces_policy_variables() -> None:
    """IAM, "IAM policy elements: Variables and tags": ``${…}`` stands for a value of the request."""
    resource = f"arn:aws:kms:{REGION}:${{aws:PrincipalAccount}}:key/one"
    assert _ministack({"Action": DECRYPT, "Resource": resource})


@pytest.mark.xfail(
    strict=True, reason="ministack takes an empty list of actions for all actions: not_understood names it"
)
def test_ministack_allows_nothing_by_no_actions() -> None:
    """IAM, "Grammar of the IAM JSON policy language": a statement lists actions."""
    assert not _ministack({"Action": []})


LAX_PRINCIPALS = {
    "a wildcard in a name": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"},
    "another case": {"AWS": ROLE.replace("personalize", "Personalize")},
    "an account of another partition": {"AWS": f"arn:aws-cn:iam::{ACCOUNT}:root"},
}


@pytest.mark.parametrize("principal", LAX_PRINCIPALS.values(), ids=LAX_PRINCIPALS)
def test_principals_are_matched_as_a_whole(principal: Json) -> None:
    """IAM, "AWS JSON policy elements: Principal": a wildcard can't match a part of a principal's name or ARN."""
    assert not decrypts({"Principal": principal, "Action": DECRYPT}, iam=IAM_DECRYPT)


@pytest.mark.xfail(strict=True, reason="ministack's matcher of principals is lax: addressed_to comes before it")
@pytest.mark.parametrize("principal", LAX_PRINCIPALS.values(), ids=LAX_PRINCIPALS)
def test_ministack_matches_principals_as_a_whole(principal: Json) -> None:
    """IAM, "AWS JSON policy elements: Principal": a wildcard can't match a part of a principal's name or ARN."""
    from embedded_aws import access

    key = access.Key(KEY, policy({"Principal": principal, "Action": DECRYPT}))
    role = access.Role(ROLE, {}, (policy(IAM_DECRYPT),))
    assert access.on_key(role, key, DECRYPT, REGION) is not None


@pytest.mark.parametrize(
    ("elements", "problem"),
    [
        ({"Action": []}, "no Action"),
        ({"Action": "kms:De*"}, "wildcard in action kms:De*"),
        ({"Action": "kms:Decrpyt"}, "action kms:Decrpyt, which there is not"),
        ({"Action": "s3:GetObject"}, "action s3:GetObject, which is out of place"),
        ({"NotAction": "kms:Encrypt"}, "element NotAction"),
        ({"NotPrincipal": {"AWS": ROLE}}, "element NotPrincipal"),
        ({"Effect": "Deny"}, "effect 'Deny'"),
        ({"Resource": "arn:aws:kms:*"}, "resource arn:aws:kms:*, which is no ARN"),
        ({"Resource": KEY[:-1] + "*"}, f"wildcard or variable in resource {KEY[:-1]}*"),
        ({"Resource": "arn:aws:s3:::ratings/*"}, "action kms:Decrypt on arn:aws:s3:::ratings/*"),
        ({"Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:*"}}}, "condition value arn:aws:*"),
        ({"Condition": {"StringEquals": {"aws:SourceAccount": "${aws:PrincipalAccount}"}}}, "condition value ${aws:"),
        ({"Condition": {"ArnLikeIfExists": {"aws:SourceArn": SOURCE}}}, "condition operator ArnLikeIfExists"),
        ({"Condition": {"StringEquals": {"kms:ViaService": "personalize"}}}, "condition key kms:ViaService"),
    ],
)
def test_what_ministack_might_judge_otherwise_is_named(elements: Json, problem: str) -> None:
    """A statement of ours has nothing that needs more than what the known answers establish."""
    statement: Statement = {"Effect": "Allow", "Resource": "*", **for_role(), **elements}
    assert any(found.startswith(problem) for found in not_understood(statement, ["kms"], has_principal=True))


def test_a_plain_statement_is_understood() -> None:
    """The forms that the construct writes are fine."""
    condition = {"ArnEquals": {"aws:PrincipalArn": ROLE}}
    statement = {"Sid": "One", "Effect": "Allow", "Resource": "*", **for_role(Condition=condition)}
    assert list(not_understood(statement, ["kms"], has_principal=True)) == []
