"""Which of the policies decides: what a resource waits for, where a statement is added, and whether one helps."""

from __future__ import annotations

from typing import Any

import pytest

from personalize_kms_constructs._access.comparison import compare
from personalize_kms_constructs._access.model import AccessModel, Bucket, Key, Role
from personalize_kms_constructs._access.report import AccessReport
from personalize_kms_constructs._access.written import Policy
from tests.access.models import (
    ACCOUNT,
    ACCOUNT_STATEMENT,
    ANOTHER_ACCOUNT,
    BUCKET,
    IAM_ACTIONS,
    IMPORT_JOB,
    KEY,
    KEY_POLICY_ACTIONS,
    ROLE,
    TRUST,
    Statement,
    asked,
    iam,
    lines,
    location,
    model,
    policy,
    report,
    role,
    service,
)

NAMED = [role(KEY_POLICY_ACTIONS), service(KEY_POLICY_ACTIONS)]
DELEGATED = [ACCOUNT_STATEMENT, service(KEY_POLICY_ACTIONS)]
OTHERS_KEY = KEY.replace(ACCOUNT, ANOTHER_ACCOUNT)


def waiting_for(*declared: str, key: list[Statement], iam_actions: list[str], key_arn: str = KEY) -> AccessReport:
    """A dataset group that exists after these resources."""
    return compare(
        AccessModel(
            asked=[asked(dataset_group_key=key_arn, waits_for=set(declared))],
            keys={key_arn: Key(key_arn, [policy("key policy", key, declared="Key")])},
            roles={
                ROLE: Role(
                    ROLE,
                    trust=[policy("trust policy", [TRUST], declared="Role")],
                    identity=[policy("IAM policy", [iam(iam_actions, key_arn)], declared="Policy")],
                )
            },
        )
    )


@pytest.mark.parametrize(
    ("key", "key_arn", "iam_actions", "waits_for", "early"),
    [
        # Named: the key policy for what it says, IAM for what the page asks there.
        (NAMED, KEY, IAM_ACTIONS, ["Key", "Policy"], {}),
        (NAMED, KEY, IAM_ACTIONS, ["Key"], {"IAM policy": set(IAM_ACTIONS)}),
        (NAMED, KEY, IAM_ACTIONS, ["Policy"], {"key policy": set(KEY_POLICY_ACTIONS)}),
        # Delegated: both, for everything.
        (DELEGATED, KEY, KEY_POLICY_ACTIONS, ["Key", "Policy"], {}),
        (DELEGATED, KEY, KEY_POLICY_ACTIONS, ["Key"], {"IAM policy": set(KEY_POLICY_ACTIONS)}),
        (DELEGATED, KEY, KEY_POLICY_ACTIONS, ["Policy"], {"key policy": set(KEY_POLICY_ACTIONS)}),
        # In another account: both, though the key policy names the role.
        (NAMED, OTHERS_KEY, KEY_POLICY_ACTIONS, ["Key"], {"IAM policy": set(KEY_POLICY_ACTIONS)}),
        (NAMED, OTHERS_KEY, KEY_POLICY_ACTIONS, ["Policy"], {"key policy": set(KEY_POLICY_ACTIONS)}),
    ],
)
def test_a_resource_waits_for_the_policies_that_decide(
    key: Any, key_arn: str, iam_actions: list[str], waits_for: list[str], early: dict[str, set[str]]
) -> None:
    """And for no other."""
    found = waiting_for(*waits_for, key=key, iam_actions=iam_actions, key_arn=key_arn)
    assert (found.missing, found.undecided) == ((), ())
    told = {}
    for each in found.problems:
        name, _, actions = each.message.partition("before ")[2].partition(", which allows ")
        told[name] = set(actions.partition(":  ")[0].partition(": make")[0].split(", "))
    assert told == early


def test_within_a_boundary_a_resource_waits_for_the_policies_that_decide_too() -> None:
    """For CreateGrant the key policy decides, though IAM allows it as well."""
    found = model(asked(waits_for={"Key"}), key=NAMED)
    found.roles[ROLE].boundary = policy("boundary", [iam(["kms:*"], "*")])
    found.roles[ROLE].identity = [policy("IAM policy", [iam(KEY_POLICY_ACTIONS)], declared="Policy")]
    (problem,) = compare(found).problems
    actions = ", ".join(["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"])
    assert f"may be created before IAM policy, which allows {actions}: make it depend" in problem.message


def test_what_no_policy_says_is_missing_though_the_accounts_are_not_known() -> None:
    """Whether the role is of the key's account makes no difference then."""
    key_arn = KEY.replace(ACCOUNT, "${Main.Account?}")
    found = compare(
        AccessModel(
            asked=[asked(dataset_group_key=key_arn)],
            keys={key_arn: Key(key_arn, [policy("key policy", [])])},
            roles={ROLE: Role(ROLE, trust=[policy("trust policy", [TRUST])], identity=[policy("IAM", [])])},
        )
    )
    assert {each.action for each in found.missing if (each.principal, each.policy) == ("role", "key")} == set(
        KEY_POLICY_ACTIONS
    )


@pytest.mark.parametrize(
    ("key", "because", "add_to"),
    [
        ([], "the key policy has no statement that allows it", "key"),
        ([role(["kms:DescribeKey"])], "the key policy has no statement that allows it", "key"),
        (
            [ACCOUNT_STATEMENT],
            "the key policy leaves it to the role's IAM policies, which don't allow it",
            "key",
        ),
        (
            [
                role(
                    ["kms:*"],
                    Principal=ACCOUNT_STATEMENT["Principal"],
                    Condition={"ArnEquals": {"aws:PrincipalArn": ROLE}},
                )
            ],
            "the key policy leaves it to the role's IAM policies, which don't allow it",
            "role",
        ),
    ],
)
def test_where_a_statement_is_added_for_the_role(key: list[Statement], because: str, add_to: str) -> None:
    """To the key policy, but where that one leaves the role to IAM by its ARN."""
    found = [each for each in report(key=key, iam=[]).missing if each.action == "kms:CreateGrant"]
    (of_role,) = [each for each in found if each.principal == "role"]
    assert (of_role.because, of_role.add_to) == (because, add_to)


def test_the_statement_goes_into_the_boundary_where_that_lacks_the_action() -> None:
    """In the column of IAM as in that of the key policy."""
    found = model(key=NAMED, iam=[iam(IAM_ACTIONS)])
    found.roles[ROLE].boundary = policy("boundary", [iam(["kms:CreateGrant", "kms:ListGrants"], "*")])
    missing = compare(found).missing
    lacking = {"kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"}
    assert lines(missing) == {("role", column, action, KEY) for column in ("key", "role") for action in lacking}
    actions = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": KEY}
    assert [(each.add_to, each.add) for each in missing] == [("boundary", statement)] * 6


def test_create_grant_in_iam_is_too_much_within_a_boundary_too() -> None:
    """The key policy names the role, and the boundary leaves that to it."""
    found = model(key=NAMED, iam=[iam(KEY_POLICY_ACTIONS)])
    found.roles[ROLE].boundary = policy("boundary", [iam(["kms:*"], "*")])
    assert lines(compare(found).excess) == {("role", "role", "kms:CreateGrant", KEY)}


@pytest.mark.parametrize(
    ("place", "undecided"),
    [
        ("key", {("role", "key"), ("service", "key")}),
        ("bucket", {("service", "bucket")}),
        ("identity", {("role", "role")}),
        ("boundary", {("role", "role"), ("role", "key")}),
    ],
)
def test_a_policy_that_depends_on_a_condition_is_there_for_what_depends_on_it_too(
    place: str, undecided: set[tuple[str, str]]
) -> None:
    """And may not be there for everything else."""
    statements = {
        "key": NAMED,
        "bucket": [
            service(["s3:GetObject"], Resource=f"{BUCKET}/import/*"),
            service(["s3:ListBucket"], Resource=BUCKET),
        ],
        "identity": [iam(["s3:GetObject"], f"{BUCKET}/import/*"), iam(["s3:ListBucket"], BUCKET)],
        "boundary": [iam(["*"], "*")],
    }
    on_place = {place: frozenset({"Main.IsProd"})}
    policies = {
        each: Policy({"Statement": statements[each]}, each, only_if=on_place.get(each, frozenset()))
        for each in statements
    }

    def undecided_of(*conditions: str) -> set[tuple[str, str]]:
        found = compare(
            AccessModel(
                asked=[asked(IMPORT_JOB, source=location(), only_if=frozenset(conditions))],
                keys={KEY: Key(KEY, [policies["key"]])},
                buckets={BUCKET: Bucket(BUCKET, ACCOUNT, [policies["bucket"]])},
                roles={
                    ROLE: Role(
                        ROLE,
                        trust=[policy("trust policy", [TRUST])],
                        identity=[policies["identity"]],
                        boundary=policies["boundary"],
                    )
                },
            )
        )
        assert (found.missing, found.problems) == ((), ())
        return {(each.principal, each.policy) for each in found.undecided}

    assert undecided_of() == undecided
    assert undecided_of("Main.IsTest") == undecided
    assert undecided_of("Main.IsProd") == set()
    assert undecided_of("Main.IsProd", "Main.IsTest") == set()


def importing_from(account: str, *statements: Statement) -> AccessReport:
    """An import from a bucket of this account, whose policy lets Personalize in, and these statements."""
    of_service = [
        service(["s3:GetObject"], Resource=f"{BUCKET}/import/*"),
        service(["s3:ListBucket"], Resource=BUCKET),
    ]
    found = model(
        asked(IMPORT_JOB, source=location()),
        key=NAMED,
        iam=[iam(["s3:GetObject"], f"{BUCKET}/import/*"), iam(["s3:ListBucket"], BUCKET)],
    )
    found.buckets[BUCKET] = Bucket(BUCKET, account, [policy("bucket policy", [*of_service, *statements])])
    return compare(found)


OF_ROLE = [role(["s3:GetObject"], Resource=f"{BUCKET}/import/*"), role(["s3:ListBucket"], Resource=BUCKET)]
DENIED = [role(["s3:*"], Effect="Deny")]


@pytest.mark.parametrize(
    ("account", "statements", "missing"),
    [
        (ACCOUNT, [], set()),
        ("${Main.Account?}", OF_ROLE, set()),
        (ANOTHER_ACCOUNT, [], {"s3:GetObject", "s3:ListBucket"}),
        (ANOTHER_ACCOUNT, OF_ROLE[:1], {"s3:ListBucket"}),
        (ANOTHER_ACCOUNT, OF_ROLE, set()),
        (ACCOUNT, DENIED, {"s3:GetObject", "s3:ListBucket"}),
        ("${Main.Account?}", DENIED, {"s3:GetObject", "s3:ListBucket"}),
        (ANOTHER_ACCOUNT, [*OF_ROLE, *DENIED], {"s3:GetObject", "s3:ListBucket"}),
    ],
)
def test_a_bucket_of_another_account_has_to_let_the_role_in(
    account: str, statements: list[Statement], missing: set[str]
) -> None:
    """In its own account it only must not keep the role out."""
    found = importing_from(account, *statements)
    assert (found.undecided, found.problems) == ((), ())
    assert {(each.principal, each.policy) for each in found.missing} == ({("role", "bucket")} if missing else set())
    assert {each.action for each in found.missing} == missing
    assert [each.add is None for each in found.missing] == [DENIED[0] in statements] * len(missing)


def test_whether_a_bucket_is_of_the_roles_account_is_not_guessed() -> None:
    """In another one its policy would have to let the role in."""
    found = importing_from("${Main.Account?}")
    assert (found.missing, found.problems) == ((), ())
    assert {(each.principal, each.policy, each.action, each.because) for each in found.undecided} == {
        ("role", "bucket", action, "whether role and bucket are of one account isn't known")
        for action in ("s3:GetObject", "s3:ListBucket")
    }


def test_a_denial_that_depends_on_a_condition_is_there_for_what_depends_on_it_too() -> None:
    """In a bucket's policy, for the role."""
    found = model(
        asked(IMPORT_JOB, source=location()),
        key=NAMED,
        iam=[iam(["s3:GetObject"], f"{BUCKET}/import/*"), iam(["s3:ListBucket"], BUCKET)],
    )
    found.buckets[BUCKET] = Bucket(
        BUCKET, ACCOUNT, [policy("bucket policy", DENIED, only_if=frozenset({"Main.IsProd"}))]
    )
    assert {each.policy for each in compare(found).undecided if each.principal == "role"} == {"bucket"}
    found.asked = [asked(IMPORT_JOB, source=location(), only_if=frozenset({"Main.IsProd"}))]
    assert {each.policy for each in compare(found).missing if each.principal == "role"} == {"bucket"}


def test_what_cannot_be_seen_of_a_role_that_exists_already_is_said_once() -> None:
    """Of its IAM policies and its trust; where the key policy names it, that is taken for enough."""
    found = model(key=NAMED)
    del found.roles[ROLE]
    undecided = compare(found).undecided
    assert {(each.principal, each.policy) for each in undecided} == {("role", "role"), ("service", "trust")}
    assert {each.policy for each in compare(found).allowed} == {"key"}
