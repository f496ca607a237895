"""Random accounts with many faults: each report is followed literally until nothing fails.

What AWS's pages ask for is judged by the embedded AWS, whose evaluator and transcript of the pages
are others than the doctor's. Nothing is called missing that is there, what is left missing is
undecided, and no list gives more than the pages ask for.
"""

from __future__ import annotations

import random
from typing import Any

import pytest

from embedded_aws import access, requirements
from personalize_kms_check import matrix
from tests.doctor.fake_account import (
    ACCOUNT,
    ADMIN,
    BASE_4,
    BUCKET,
    BUCKET_KEY,
    DEAD,
    DEAD_USER,
    EXPORT_6,
    GROUP,
    KEY,
    OTHER_DEAD,
    ROLE,
    ROOT,
    SERVICE,
    FakeAccount,
    Statements,
    allow,
    document,
    trust,
)
from tests.doctor.following import ID, apply, of_others

WORLDS = 100
KEY_OF_OTHERS = KEY.replace(ACCOUNT, "444455556666")
PERSONALIZE = SERVICE["Service"]
SEVERAL = ([DEAD, OTHER_DEAD], [DEAD_USER, ROLE], [ADMIN, DEAD])
OF_ROLE = (ROLE, ROLE, DEAD, DEAD_USER, *SEVERAL, ADMIN, ROOT["AWS"], ACCOUNT)
ADMINISTRATORS = (ADMIN, DEAD, DEAD_USER, [OTHER_DEAD, ROOT["AWS"]])
CONSOLE = ["kms:Create*", "kms:Describe*", "kms:Put*", "kms:ScheduleKeyDeletion", "kms:CreateGrant"]
CONDITIONS: tuple[Any, ...] = (
    None,
    None,
    {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}},
    {"StringEqualsIfExists": {"aws:SourceAccount": "444455556666"}},
)
SPARED: tuple[Any, ...] = (
    None,
    {"ArnNotEquals": {"aws:PrincipalArn": [ADMIN]}},
    {"ArnNotEquals": {"aws:PrincipalArn": ROLE}},
)
DENIED = (
    ("GetKeyPolicy", BUCKET_KEY),
    ("DescribeKey", KEY),
    ("GetBucketPolicy", ""),
    ("GetBucketLocation", ""),
    ("GetBucketEncryption", ""),
    ("GetRole", ""),
    ("ListRolePolicies", ""),
)
S3 = ["s3:GetObject", "s3:ListBucket", "s3:PutObject"]
ROWS = {
    row.resource: row for row in vars(requirements).values() if isinstance(row, requirements.Row)
}

Lacking = set[tuple[str, str, str]]


def some(draw: random.Random, actions: list[str]) -> list[str]:
    """All of them, mostly."""
    return actions if draw.random() < 0.6 else draw.sample(actions, draw.randint(1, len(actions)))


def denials(draw: random.Random, actions: list[str], resource: Any, **more: Any) -> Statements:
    if draw.random() < 0.85:
        return []
    denial = {"Effect": "Deny", "Action": draw.sample(actions, 2), "Resource": resource, **more}
    condition = draw.choice(SPARED) if more else None
    return [{**denial, "Condition": condition} if condition else denial]


def key_policy(draw: random.Random) -> Statements:
    statements = []
    if draw.random() < 0.8:
        statements.append(allow(some(draw, EXPORT_6), {"AWS": draw.choice(OF_ROLE)}))
    if draw.random() < 0.8:
        condition = draw.choice(CONDITIONS)
        statement = allow(some(draw, EXPORT_6), SERVICE)
        statements.append({**statement, "Condition": condition} if condition else statement)
    if draw.random() < 0.4:
        statements.append(
            allow(draw.choice((["kms:*"], CONSOLE)), {"AWS": draw.choice(ADMINISTRATORS)})
        )
    return statements + denials(
        draw, EXPORT_6, "*", Principal=draw.choice(("*", {"AWS": ROLE}, SERVICE))
    )


def world(draw: random.Random) -> FakeAccount:
    account = FakeAccount()
    for row in draw.sample([row for row in matrix.ROWS if row.made_for], draw.randint(1, 4)):
        named = draw.choice((None, None, BUCKET_KEY, KEY_OF_OTHERS))
        account.add(row, row.arn_type, destination=("s3://ratings/out/", named))
    account.keys = {key: key_policy(draw) for key in (KEY, BUCKET_KEY, KEY_OF_OTHERS)}
    account.default_key = draw.choice((None, BUCKET_KEY, BUCKET_KEY, KEY_OF_OTHERS))
    resource = draw.choice(("*", "*", [KEY, BUCKET, f"{BUCKET}/in/*"]))
    of_role = allow(some(draw, [*BASE_4, *S3]), None, resource)
    statements = draw.sample([of_role, allow(["cloudwatch:PutMetricData"])], draw.randint(0, 2))
    account.policies = {"P": statements + denials(draw, [*BASE_4, *S3], "*")}
    if draw.random() < 0.3:
        account.boundary = [allow(some(draw, [*EXPORT_6, *S3, "cloudwatch:PutMetricData"]))]
    account.bucket_policy = (
        [] if draw.random() < 0.2 else [allow(some(draw, S3), SERVICE, [BUCKET, f"{BUCKET}/*"])]
    )
    account.bucket_policy += denials(draw, S3, f"{BUCKET}/*", Principal=draw.choice(("*", SERVICE)))
    denied = [trust(SERVICE), trust(SERVICE, "Deny")]
    account.trust = draw.choice(
        ([trust(SERVICE)], [trust(SERVICE)], [], [trust({"AWS": DEAD})], denied)
    )
    account.answer("GetKeyPolicy", "NotFoundException", KEY_OF_OTHERS)
    for operation, about in DENIED:
        if draw.random() < 0.07:
            account.answer(operation, "AccessDenied", about)
    return account


def lacking(account: FakeAccount) -> Lacking:
    """Permissions that AWS's pages ask for and the policies don't give, by the embedded AWS."""
    role = access.Role(
        ROLE,
        document(account.trust),
        tuple(document(policy) for policy in account.policies.values()),
        None if account.boundary is None else document(account.boundary),
    )
    keys = {arn: access.Key(arn, document(policy)) for arn, policy in account.keys.items()}
    lacked: Lacking = set()
    for row in matrix.ROWS:
        for made in account.made[row.noun]:
            places = []
            for access_to, folder in ((row.source, "in"), (row.destination, "out")):
                named = (
                    value(made, access_to.key_argument)
                    if access_to and access_to.key_argument
                    else None
                )
                key = keys.get(named or account.default_key or "")
                place = access.Location(
                    "ratings",
                    ACCOUNT,
                    document(account.bucket_policy),
                    (f"{folder}/*",),
                    f"{folder}/",
                    key,
                )
                places.append(place if access_to else None)
            caller, of_page = access.Caller(f"{GROUP}/one"), ROWS[row.resource]
            source, destination = places
            uses = access.Uses(source, destination, keys[KEY])
            missing = access.missing(of_page, caller, role, uses)
            lacked |= {
                (permission.principal, permission.action, permission.resource)
                for permission in missing
            }
    return lacked


def value(made: Any, argument: str) -> Any:
    for name in argument.split("."):
        made = made.get(name[0].lower() + name[1:], {})
    return made or None


def told(report: Any, *kinds: str) -> Lacking:
    permissions: Lacking = set()
    for kind in kinds:
        for entry in report[kind]:
            permissions.add((entry["principal_arn"], entry["action"], entry["resource"]))
    return permissions


ASKED = {
    PERSONALIZE: {*EXPORT_6, *S3, "sts:AssumeRole"},
    ROLE: {*EXPORT_6, *S3, "cloudwatch:PutMetricData"},
}
RESOURCES = {KEY, BUCKET_KEY, KEY_OF_OTHERS, BUCKET, f"{BUCKET}/in/*", f"{BUCKET}/out/*"}


def assert_no_more_than_asked(kind: str, statement: Any) -> None:
    actions = [statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"]
    principal = statement.get("Principal", {"AWS": ROLE})
    named: list[str] = []
    for names in principal.values():
        named += [names] if isinstance(names, str) else names
    assert PERSONALIZE in named or ROLE in named
    assert not ID.search(str(named))
    for name in named:
        assert name not in ASKED or set(actions) <= ASKED[name], statement
    assert set(named) <= {PERSONALIZE, ROLE}
    resources = statement.get("Resource", "*")
    # A boundary allows nothing by itself.
    everything = kind != "role" or actions == ["cloudwatch:PutMetricData"]
    assert (resources == "*" and everything) or RESOURCES.issuperset(
        [resources] if isinstance(resources, str) else resources
    )


@pytest.mark.parametrize("start", range(0, WORLDS, 50))
def test_what_policies_should_have_heals_and_gives_no_more(start: int) -> None:
    """A report may show what another hid; after a few there is nothing to do."""
    most = 0
    for seed in range(start, start + 50):
        account, rounds = world(random.Random(seed)), 0
        while True:
            report = account.look()
            missing, certain = lacking(account), told(report, "missing")
            assert certain <= missing, (seed, certain - missing)
            if not certain and not report["problems"]:
                break
            rounds += 1
            assert rounds < 4, seed
            # Nobody sees what that key's policy says.
            assert KEY_OF_OTHERS not in {policy["policy_of"] for policy in report["policies"]}
            before = of_others(account, {ROLE, PERSONALIZE})
            for kind, statement in apply(account, report):
                assert_no_more_than_asked(kind, statement)
            assert before == of_others(account, {ROLE, PERSONALIZE}), seed
        most = max(most, rounds)
        hidden = {account.default_key} if "encryption-unseen" in str(report["undecided"]) else set()
        silent = set()
        for principal, action, resource in missing - told(report, "undecided"):
            if resource not in hidden:
                silent.add((principal, action, resource))
        assert not silent, (seed, silent)
    assert most
