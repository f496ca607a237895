"""Random policies and questions: decisions are right, whatever unknown values turn out to be.

Ministack's evaluator is another implementation of IAM, by other people. Where the two differ, the
difference is one of ``EXPLAINED``, and AWS's documentation is on the side of ours. A question that
ours leaves open isn't compared: the test counts them.
"""

import random
import re
from collections import Counter
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from embedded_aws import access
from personalize_kms_check._evaluation import decision
from personalize_kms_check._evaluation.calls import Caller, call_on
from personalize_kms_check._model.model import Bucket, Key, Role
from personalize_kms_check._model.policy_documents import Policy
from personalize_kms_check._owners.policies_in_properties import policy_in
from personalize_kms_check._shared.answers import Answer
from personalize_kms_check._templates.choices import NO_VALUE, Either
from tests.access.models import (
    ACCOUNT,
    ANOTHER_ACCOUNT,
    BUCKET,
    KEY,
    REGION,
    ROLE,
    ROOT,
    SERVICE,
    policy,
)

QUESTIONS, CERTAIN = 1500, 200
OBJECT = f"{BUCKET}/import/ratings.csv"
OF_ROLE = Caller(ROLE, ACCOUNT, REGION)
OF_MEMBER = OF_ROLE._replace(organization="o-1a2b3c4d5e")
OF_SERVICE = Caller(SERVICE, ACCOUNT, REGION, is_service=True)
ORGANIZATION = "o-1a2b3c4d5e"
SOURCE = f"arn:aws:personalize:{REGION}:{ACCOUNT}:dataset-group/movies"

Statement = dict[str, Any]

PRINCIPALS: tuple[Any, ...] = (
    "*",
    {"AWS": "*"},
    {"AWS": ROLE},
    {"AWS": ROOT},
    {"AWS": ACCOUNT},
    {"AWS": [f"{ROLE}2", ROLE]},
    {"AWS": f"arn:aws:iam::{ACCOUNT}:role/other"},
    {"AWS": f"arn:aws:iam::{ACCOUNT}:role/*"},
    {"AWS": ROLE.swapcase().replace("ARN:AWS:IAM", "arn:aws:iam")},
    {"AWS": f"arn:aws:iam::{ANOTHER_ACCOUNT}:root"},
    {"Service": SERVICE},
    {"Service": ["lambda.amazonaws.com", SERVICE]},
    {"Service": "lambda.amazonaws.com"},
    {"AWS": ROLE, "Service": SERVICE},
)
KMS_ACTIONS = (
    "kms:*",
    "*",
    "kms:Decrypt",
    "KMS:decrypt",
    "kms:De*",
    "kms:Decryp?",
    "kms:Encrypt",
    ["kms:CreateGrant", "kms:Decrypt"],
    "kms:D*y",
    "s3:*",
)
S3_ACTIONS = (
    "s3:*",
    "*",
    "s3:GetObject",
    "s3:Get*",
    "s3:GetObject*",
    "s3:PutObject",
    ["s3:ListBucket", "s3:GetObject"],
)
KEY_RESOURCES = (
    "*",
    KEY,
    [KEY, f"{KEY}2"],
    f"{KEY}2",
    f"arn:aws:kms:*:{ACCOUNT}:key/*",
    "arn:aws:kms:*:*:alias/x",
    f"{KEY[:-1]}?",
)
OBJECT_RESOURCES = (
    "*",
    OBJECT,
    f"{BUCKET}/*",
    BUCKET,
    f"{BUCKET}/import/*",
    f"{BUCKET}/export/*",
    f"{BUCKET}*",
    f"{BUCKET}/import/????????csv",
)
ROLE_CONDITIONS: tuple[dict[str, Any], ...] = (
    {"ArnEquals": {"aws:PrincipalArn": ROLE}},
    {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/*"}},
    {"ArnNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/other*"}},
    {"StringEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/other"}},
    {"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}},
    {"StringLike": {"aws:PrincipalArn": [f"{ROLE}2", f"{ROLE[:-1]}?"]}},
    {"StringEquals": {"aws:PrincipalType": "AssumedRole"}},
    {"Bool": {"aws:SecureTransport": "false"}},
    {"Bool": {"aws:SecureTransport": True}},
    {"BoolIfExists": {"aws:PrincipalIsAWSService": "false"}},
    {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
    {"StringEqualsIfExists": {"aws:SourceAccount": ANOTHER_ACCOUNT}},
    {"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}},
    {"StringNotEqualsIfExists": {"aws:SourceVpce": "vpce-1a2b3c4d"}},
    {"Null": {"aws:SourceAccount": "true"}},
    {"Null": {"aws:PrincipalArn": "true"}},
    {"ForAllValues:StringEquals": {"aws:SourceVpc": ["vpc-1"]}},
    {"ForAnyValue:StringEquals": {"aws:PrincipalAccount": [ACCOUNT, ANOTHER_ACCOUNT]}},
    {"StringEquals": {"aws:RequestedRegion": REGION}},
    {"StringNotEquals": {"aws:RequestedRegion": [REGION, "us-east-1"]}},
    {"StringEqualsIgnoreCase": {"aws:PrincipalType": "assumedrole"}},
    {"Null": {"aws:SourceVpce": ["false"]}},
    {"StringNotLikeIfExists": {"aws:PrincipalAccount": ["1*"]}},
    {"ForAnyValue:StringNotEquals": {"aws:PrincipalAccount": [ACCOUNT]}},
    {"ForAllValues:StringNotLike": {"aws:RequestedRegion": ["us-*", "ap-*"]}},
    {"BoolIfExists": {"aws:SecureTransport": ["true", "false"]}},
    {"StringNotEquals": {"aws:ResourceAccount": ACCOUNT}},
    {"StringEquals": {"kms:CallerAccount": ACCOUNT}},
    {"StringNotEquals": {"kms:EncryptionContext:purpose": "ratings"}},
    {"StringEquals": {"kms:EncryptionContext:purpose": "ratings"}},
    {"Null": {"kms:EncryptionContextKeys": "true"}},
    {"StringNotEquals": {"s3:x-amz-storage-class": "GLACIER"}},
    {"StringEqualsIfExists": {"s3:max-keys": "10"}},
    {"ArnNotEquals": {"aws:PrincipalArn": [f"arn:aws:iam::{ACCOUNT}:role/other", ROLE]}},
    {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}},
    {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-9z8y7x6w5v"}},
    {"StringNotEquals": {"aws:SourceAccount": ACCOUNT}, "Null": {"aws:SourceAccount": "false"}},
)
SERVICE_CONDITIONS: tuple[dict[str, Any], ...] = (
    {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}},
    {"ArnLikeIfExists": {"aws:SourceArn": f"arn:aws:personalize:*:{ACCOUNT}:*"}},
    {"Bool": {"aws:SecureTransport": "false"}},
    {"Bool": {"aws:PrincipalIsAWSService": "true"}},
    {"StringEquals": {"aws:PrincipalServiceName": SERVICE}},
    {"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}},
    {"StringNotEqualsIfExists": {"aws:SourceAccount": ACCOUNT}},
    {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1a2b3c4d5e"}},
    {"StringNotEquals": {"aws:PrincipalOrgID": "o-1a2b3c4d5e"}},
    {"Null": {"aws:SourceVpce": "true"}},
    {"ForAnyValue:StringEquals": {"aws:RequestedRegion": [REGION, "us-east-1"]}},
    {"StringLike": {"aws:SourceArn": f"arn:aws:personalize:*:{ACCOUNT}:*"}},
    {"StringEquals": {"aws:SourceAccount": ANOTHER_ACCOUNT}},
    {"ArnNotLike": {"aws:SourceArn": "arn:aws:lambda:*:*:*"}},
    {"ArnNotEquals": {"aws:PrincipalArn": [f"arn:aws:iam::{ACCOUNT}:role/other", ROLE]}},
    {"StringNotLike": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/oth*"}},
    {"ArnEquals": {"aws:PrincipalArn": ROLE}},
    {"StringNotEqualsIfExists": {"aws:PrincipalArn": ROLE}},
    {"StringNotEquals": {"kms:EncryptionContext:purpose": "ratings"}},
    {"StringEqualsIfExists": {"kms:GrantOperations": "Decrypt"}},
    {"StringEquals": {"s3:x-amz-storage-class": "GLACIER"}},
    {"Null": {"s3:x-amz-acl": "true"}},
    {"StringNotEquals": {"aws:SourceAccount": ACCOUNT}, "Null": {"aws:SourceAccount": "false"}},
)
METRICS = (
    "*",
    "**",
    "arn:aws:cloudwatch:*:*:*",
    ["arn:aws:cloudwatch:*:*:alarm:*", "*"],
    "arn:*",
    "arn:aws:s3:::*",
)
METRIC_ACTIONS = ("cloudwatch:*", "*", "cloudwatch:PutMetricData", "cloudwatch:Put*", "kms:*")
# Those with an encryption context, and those without.
ON_KEYS = ("kms:Decrypt", "kms:Decrypt", "kms:DescribeKey", "kms:ListGrants", "kms:CreateGrant")


def element(draw: random.Random, name: str, values: tuple[Any, ...]) -> Statement:
    inverted = draw.random() < 0.15
    return {f"Not{name}" if inverted else name: draw.choice(values)}


def statement(
    draw: random.Random, actions: tuple[Any, ...], resources: tuple[Any, ...], conditions: Any
) -> Statement:
    drawn = {"Effect": "Deny" if draw.random() < 0.25 else "Allow"}
    drawn |= element(draw, "Action", actions) | element(draw, "Resource", resources)
    if draw.random() < 0.5:
        drawn["Condition"] = condition(draw, conditions)
    return drawn


def condition(draw: random.Random, conditions: Any) -> Any:
    """Combine one to three conditions, all of which have to hold."""
    drawn: dict[str, Any] = {}
    for _ in range(draw.choice((1, 1, 2, 3))):
        for operator, keys in draw.choice(conditions).items():
            drawn[operator] = {**drawn.get(operator, {}), **keys}
    return drawn


def statements(
    draw: random.Random, most: int, *choices: Any, principals: bool = False
) -> list[Statement]:
    drawn = [statement(draw, *choices) for _ in range(draw.randint(0, most))]
    if principals:
        for drawn_statement in drawn:
            drawn_statement["Principal"] = draw.choice(PRINCIPALS)
    # Now and then a statement has an effect that isn't known, or lacks an element that its kind of
    # policy needs.
    return [refused(draw, valid) if draw.random() < 0.06 else valid for valid in drawn]


def refused(draw: random.Random, valid: Statement) -> Statement:
    """Return a statement without its effect, with another, or without its principal."""
    without = draw.choice([name for name in ("Effect", "Principal") if name in valid])
    left = {name: value for name, value in valid.items() if name != without}
    return (
        left
        if draw.random() < 0.7
        else {**left, "Effect": draw.choice(("allow", "deny", "Permit"))}
    )


def role_on_key(draw: random.Random) -> tuple[Answer, bool, Any]:
    """The role on a key, maybe of another account, with IAM policies and maybe a boundary."""
    choices = (KMS_ACTIONS, KEY_RESOURCES, ROLE_CONDITIONS)
    on_key = statements(draw, 3, *choices, principals=True)
    in_iam, boundary = (
        statements(draw, 3, *choices),
        statements(draw, 2, *choices) if draw.random() < 0.3 else None,
    )
    arn = KEY if draw.random() < 0.8 else KEY.replace(ACCOUNT, ANOTHER_ACCOUNT)
    key = Key(arn, [policy("key policy", on_key)])
    role = Role(ROLE, identity=[policy("IAM", in_iam)])
    if boundary is not None:
        role.boundary = policy("boundary", boundary)
    action = draw.choice(ON_KEYS)
    call = call_on(key, OF_ROLE, action, arn)
    ours = decision.role_by_both(call, role, key).answer
    documents = access.Role(
        ROLE, {}, ({"Statement": in_iam},), None if boundary is None else {"Statement": boundary}
    )
    theirs = (
        access.on_key(documents, access.Key(arn, {"Statement": on_key}), action, REGION) is None
    )
    return ours, theirs, on_key


def service_on_key(draw: random.Random) -> tuple[Answer, bool, Any]:
    """Personalize on a key."""
    on_key = statements(draw, 4, KMS_ACTIONS, KEY_RESOURCES, SERVICE_CONDITIONS, principals=True)
    key = Key(KEY, [policy("key policy", on_key)])
    action = draw.choice(ON_KEYS)
    ours = decision.by_owner(call_on(key, OF_SERVICE, action, KEY), key).answer
    theirs = access.by_service({"Statement": on_key}, action, KEY, access.Caller(SOURCE))
    return ours, theirs, on_key


def service_on_bucket(draw: random.Random) -> tuple[Answer, bool, Any]:
    """Personalize on an object."""
    on_bucket = statements(
        draw, 4, S3_ACTIONS, OBJECT_RESOURCES, SERVICE_CONDITIONS, principals=True
    )
    bucket = Bucket(BUCKET, ACCOUNT, [policy("bucket policy", on_bucket)])
    ours = decision.by_owner(call_on(bucket, OF_SERVICE, "s3:GetObject", OBJECT), bucket).answer
    theirs = access.by_service(
        {"Statement": on_bucket}, "s3:GetObject", OBJECT, access.Caller(SOURCE)
    )
    return ours, theirs, on_bucket


def role_by_iam(draw: random.Random) -> tuple[Answer, bool, Any]:
    """The role's IAM policies alone, on an object."""
    in_iam = statements(draw, 4, S3_ACTIONS, OBJECT_RESOURCES, ROLE_CONDITIONS)
    role = Role(ROLE, identity=[policy("IAM", in_iam)])
    call = call_on(Bucket(BUCKET, ACCOUNT), OF_MEMBER, "s3:GetObject", OBJECT)
    ours = decision.role_by_iam(call, role).answer
    documents = access.Role(ROLE, {}, ({"Statement": in_iam},))
    organization = {"aws:PrincipalOrgID": ORGANIZATION}
    return ours, access.by_iam(documents, "s3:GetObject", OBJECT, REGION, **organization), []


def metrics_by_iam(draw: random.Random) -> tuple[Answer, bool, Any]:
    """The role's IAM policies on metrics, which aren't a resource."""
    in_iam = statements(draw, 4, METRIC_ACTIONS, METRICS, ROLE_CONDITIONS)
    role = Role(ROLE, identity=[policy("IAM", in_iam)])
    call = call_on(None, OF_ROLE, "cloudwatch:PutMetricData", "*")
    documents = access.Role(ROLE, {}, ({"Statement": in_iam},))
    return (
        decision.role_by_iam(call, role).answer,
        access.by_iam(documents, call.action, "*", REGION),
        [],
    )


def _principals(policy_statements: list[Statement]) -> Iterator[Any]:
    for policy_statement in policy_statements:
        principal = policy_statement.get("Principal")
        values = principal.values() if isinstance(principal, dict) else [principal]
        for value in values:
            yield from value if isinstance(value, list) else [value]


def _has_wildcard_in_a_principal(policy_statements: list[Statement]) -> bool:
    """IAM's guide: "You cannot use a wildcard to match part of a principal name or ARN".

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
    """
    return f"arn:aws:iam::{ACCOUNT}:role/*" in _principals(policy_statements)


def _allows_everybody_with_the_roles_arn(policy_statements: list[Statement]) -> bool:
    """IAM's guide: boundaries don't limit such a statement.

    "Permissions boundaries … do not limit permissions granted using the aws:PrincipalArn condition
    key with a wildcard(*) in the Principal element"
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-iam.html).
    """
    for policy_statement in policy_statements:
        is_for_everybody = policy_statement.get("Principal") in ("*", {"AWS": "*"})
        names_an_arn = "aws:PrincipalArn" in str(policy_statement)
        if policy_statement.get("Effect") == "Allow" and is_for_everybody and names_an_arn:
            return True
    return False


def _names_the_role_in_another_case(policy_statements: list[Statement]) -> bool:
    """Names of principals are compared with their case."""
    names = [name for name in _principals(policy_statements) if isinstance(name, str)]
    return any(name.lower() == ROLE.lower() for name in names if name != ROLE)


# Differences to ministack, with AWS's documentation on our side.
EXPLAINED = (
    _has_wildcard_in_a_principal,
    _allows_everybody_with_the_roles_arn,
    _names_the_role_in_another_case,
)


@pytest.mark.parametrize(
    "question", [role_on_key, service_on_key, service_on_bucket, role_by_iam, metrics_by_iam]
)
def test_random_questions_are_answered_as_by_another_evaluator(
    question: Callable[[random.Random], tuple[Answer, bool, list[Statement]]],
) -> None:
    """Each kind has enough allowed and denied answers for an agreement to say something."""
    draw = random.Random(question.__name__)
    answers: Counter[Answer] = Counter()
    differences = []
    for _ in range(QUESTIONS):
        ours, theirs, policy_statements = question(draw)
        answers[ours] += 1
        is_explained = any(explains(policy_statements) for explains in EXPLAINED)
        if ours is not Answer.MAYBE and (ours is Answer.YES) != theirs and not is_explained:
            differences.append((ours, theirs, policy_statements))
    assert differences == []
    assert answers[Answer.YES] > QUESTIONS / 20
    assert answers[Answer.NO] > QUESTIONS / 20
    assert answers[Answer.MAYBE] < QUESTIONS / 5


# Parts of strings that a parameter stands in the place of, and what a parameter may turn out to be.
# It is no "*": a principal that isn't known is taken for somebody, and not for everybody,
# Personalize included.
PARTS = (
    ACCOUNT,
    REGION,
    "PersonalizeRole",
    "role/other",
    "key/",
    "true",
    "AssumedRole",
    ROLE,
    KEY,
    "personalize",
)
VALUES = (*PARTS, ANOTHER_ACCOUNT, "us-east-1", "false", "other", "role/a:b", "")


def changed(value: Any, change: Callable[[str], str]) -> Any:
    """Return statements with other principals, resources and values of conditions."""
    if isinstance(value, dict):
        fixed = ("Effect", "Action", "NotAction")
        return {
            name: part if name in fixed else changed(part, change) for name, part in value.items()
        }
    if isinstance(value, list):
        return [changed(part, change) for part in value]
    return change(value) if isinstance(value, str) else value


def read(name: str, statements: list[Any]) -> Policy:
    """A policy as it is read from a template, whatever conditions choose in it."""
    resource: Any = SimpleNamespace(declared=None)
    return policy_in({"Version": "2012-10-17", "Statement": statements}, resource, name)


def decided(on_key: Any, for_service: Any, in_iam: Any, boundary: Any) -> tuple[Answer, Answer]:
    """Return the decisions for the role and for Personalize, each on a key."""
    role = Role(ROLE, identity=[read("IAM", in_iam)])
    if boundary is not None:
        role.boundary = policy("boundary", boundary)
    caller = Caller(ROLE, ACCOUNT, REGION, is_bounded=boundary is not None)
    key, other = Key(KEY, [read("key", on_key)]), Key(KEY, [read("key", for_service)])
    call = call_on(key, caller, "kms:Decrypt", KEY)
    return (
        decision.role_by_both(call, role, key).answer,
        decision.by_owner(call_on(other, OF_SERVICE, "kms:Decrypt", KEY), other).answer,
    )


def test_what_is_decided_stays_decided() -> None:
    """The judge relies on it: it fails a synth only for certain faults."""
    draw = random.Random(22)
    of_role = (KMS_ACTIONS, KEY_RESOURCES, ROLE_CONDITIONS)

    def parameter(text: str) -> str:
        part = draw.choice([part for part in PARTS if part in text] or [text])
        return (
            text.replace(part, f"${{Main.Parameter{draw.randrange(4)}?}}")
            if draw.random() < 0.3
            else text
        )

    answers: Counter[Answer] = Counter()
    wrong = []
    for _ in range(CERTAIN):
        on_key = statements(draw, 3, *of_role, principals=True)
        for_service = statements(
            draw, 3, KMS_ACTIONS, KEY_RESOURCES, SERVICE_CONDITIONS, principals=True
        )
        boundary = statements(draw, 2, *of_role) if draw.random() < 0.3 else None
        question = changed(
            [on_key, for_service, statements(draw, 2, *of_role), boundary], parameter
        )
        unknown = decided(*question)
        answers.update(unknown)
        for _ in range(4):
            values = [draw.choice(VALUES) for _ in range(4)]
            known = changed(
                question,
                lambda text: re.sub(
                    r"\$\{Main\.Parameter(\d)\?\}",
                    lambda hole: values[int(hole[1])],  # noqa: B023
                    text,
                ),
            )
            for before, after in zip(unknown, decided(*known), strict=True):
                if before is not Answer.MAYBE and before is not after:
                    wrong.append((before, after, values, question))
    assert wrong == []
    assert min(answers.values()) > CERTAIN / 20


def chosen(draw: random.Random, drawn: list[Statement], others: list[Statement]) -> list[Any]:
    """Return statements of which conditions choose some, or parts of some, by pairs."""
    choices: list[Any] = []
    for drawn_statement, other in zip(drawn, others, strict=False):
        if draw.random() < 0.3:
            choices.append((draw.randrange(2), drawn_statement, draw.choice((other, None))))
            continue
        elements: Statement = {}
        for name, value in drawn_statement.items():
            is_chosen = draw.random() < 0.3
            elements[name] = (draw.randrange(2), value, other.get(name)) if is_chosen else value
        choices.append(elements)
    return choices


def written(value: Any, world: tuple[bool, bool] | None) -> Any:
    """Return the elements that these conditions choose, or values that leave it open."""
    if isinstance(value, tuple):
        number, then, otherwise = value
        if world is not None:
            return written(then if world[number] else otherwise, world)
        one = NO_VALUE if then is None else written(then, None)
        other = NO_VALUE if otherwise is None else written(otherwise, None)
        return Either.of("Main", f"Is{number}", one, other)
    if isinstance(value, dict):
        elements = {name: written(element, world) for name, element in value.items()}
        return {name: element for name, element in elements.items() if element is not None}
    if isinstance(value, list):
        parts = [written(part, world) for part in value]
        return [part for part in parts if part is not None]
    return value


def without_boundary(question: list[Any]) -> tuple[Answer, Answer]:
    """Return the decisions for a role without a boundary."""
    on_key, for_service, in_iam = question
    return decided(on_key, for_service, in_iam, None)


def test_what_a_condition_chooses_is_decided_only_where_it_makes_no_difference() -> None:
    """A decision holds in every world, in which the conditions are decided."""
    draw = random.Random(6)
    of_role = (KMS_ACTIONS, KEY_RESOURCES, ROLE_CONDITIONS)
    of_service = (KMS_ACTIONS, KEY_RESOURCES, SERVICE_CONDITIONS)
    answers: Counter[Answer] = Counter()
    wrong = []
    for _ in range(4 * CERTAIN):
        question = [
            chosen(
                draw,
                statements(draw, 3, *of_role, principals=True),
                statements(draw, 3, *of_role, principals=True),
            ),
            chosen(
                draw,
                statements(draw, 3, *of_service, principals=True),
                statements(draw, 3, *of_service, principals=True),
            ),
            chosen(draw, statements(draw, 3, *of_role), statements(draw, 3, *of_role)),
        ]
        decisions = without_boundary(written(question, None))
        answers.update(decisions)
        for world in ((True, True), (True, False), (False, True), (False, False)):
            for before, after in zip(
                decisions, without_boundary(written(question, world)), strict=True
            ):
                if before is not Answer.MAYBE and before is not after:
                    wrong.append((before, after, world, question))
    assert wrong == []
    assert min(answers.values()) > CERTAIN / 20
