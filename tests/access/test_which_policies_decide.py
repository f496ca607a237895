"""Policies that a resource waits for, and the policy that lacks a permission."""

from typing import Any

import pytest

from personalize_kms_check import matrix
from personalize_kms_check._comparison import compare
from personalize_kms_check._model.causes import Cause
from personalize_kms_check._model.declarations import Declaration
from personalize_kms_check._model.model import AccessModel, Bucket, Key, Role
from personalize_kms_check._model.report import AccessReport
from tests.access.models import (
    ACCOUNT,
    ACCOUNT_STATEMENT,
    ANOTHER_ACCOUNT,
    BUCKET,
    IAM_ACTIONS,
    IMPORT_JOB,
    KEY,
    KEY_POLICY_ACTIONS,
    ON_BUCKET,
    ON_KEY,
    READ,
    ROLE,
    TRUST,
    Statement,
    asked,
    iam,
    in_main,
    lacking,
    lines,
    location,
    model_of,
    policy,
    role,
    service,
)

DELEGATED = [ACCOUNT_STATEMENT, service(KEY_POLICY_ACTIONS)]
BY_ARN = role(KEY_POLICY_ACTIONS, Principal=ACCOUNT_STATEMENT["Principal"]) | {
    "Condition": {"ArnEquals": {"aws:PrincipalArn": ROLE}}
}
OTHERS_KEY = KEY.replace(ACCOUNT, ANOTHER_ACCOUNT)
IMPORT = asked(IMPORT_JOB, source=location())


def on_key_of(
    key_arn: str, key: list[Statement], iam_actions: list[str], waits_for: set[str] | None = None
) -> AccessModel:
    """A dataset group with a key, maybe of another account, that exists after these resources."""
    before = None if waits_for is None else set(map(in_main, waits_for))
    return AccessModel(
        requests=[asked(dataset_group_key=key_arn, waits_for=before)],
        keys={key_arn: Key(key_arn, [policy("key policy", key, declared=in_main("Key"))])},
        roles={
            ROLE: Role(
                ROLE,
                trust=[policy("trust policy", [TRUST], declared=in_main("Role"))],
                identity=[
                    policy("IAM policy", [iam(iam_actions, key_arn)], declared=in_main("Policy"))
                ],
            )
        },
    )


def early(report: AccessReport) -> dict[Any, Any]:
    """Return the policies that aren't waited for, with what they allow."""
    values = [
        problem.reason.values
        for problem in report.problems
        if problem.cause is Cause.NOT_WAITED_FOR
    ]
    assert len(values) == len(report.problems)
    return {early_policy["before"]: early_policy["actions"] for early_policy in values}


@pytest.mark.parametrize(
    ("key", "key_arn", "iam_actions", "waits_for", "expected"),
    [
        # Named: the key policy for what it says, IAM for what the page asks there.
        (ON_KEY, KEY, IAM_ACTIONS, {"Key", "Policy"}, {}),
        (ON_KEY, KEY, IAM_ACTIONS, {"Key"}, {"IAM policy": IAM_ACTIONS}),
        (ON_KEY, KEY, IAM_ACTIONS, {"Policy"}, {"key policy": KEY_POLICY_ACTIONS}),
        # Delegated: both, for everything.
        (DELEGATED, KEY, KEY_POLICY_ACTIONS, {"Key"}, {"IAM policy": KEY_POLICY_ACTIONS}),
        (DELEGATED, KEY, KEY_POLICY_ACTIONS, {"Policy"}, {"key policy": KEY_POLICY_ACTIONS}),
        # In another account: both, though the key policy names the role.
        (ON_KEY, OTHERS_KEY, KEY_POLICY_ACTIONS, {"Key"}, {"IAM policy": KEY_POLICY_ACTIONS}),
        (ON_KEY, OTHERS_KEY, KEY_POLICY_ACTIONS, {"Policy"}, {"key policy": KEY_POLICY_ACTIONS}),
    ],
)
def test_a_resource_waits_for_the_policies_that_decide(
    key: list[Statement],
    key_arn: str,
    iam_actions: list[str],
    waits_for: set[str],
    expected: dict[str, list[str]],
) -> None:
    """And for no other."""
    report = compare(on_key_of(key_arn, key, iam_actions, waits_for))
    assert (report.missing, report.undecided) == ((), ())
    assert {name: set(actions) for name, actions in early(report).items()} == {
        name: set(actions) for name, actions in expected.items()
    }


def test_a_key_of_another_account_wants_both_sides() -> None:
    """Named in its policy, the role needs every action in IAM as well."""
    report = compare(on_key_of(OTHERS_KEY, ON_KEY, IAM_ACTIONS))
    assert lines(report.missing) == {("role", "key", "kms:CreateGrant", OTHERS_KEY)}
    assert lacking(report) == {"role": {"kms:CreateGrant"}}
    report = compare(on_key_of(OTHERS_KEY, ON_KEY, KEY_POLICY_ACTIONS))
    assert (report.missing, report.excess) == ((), ())
    report = compare(on_key_of(OTHERS_KEY, ON_KEY[1:], []))
    assert lacking(report) == {"key": set(KEY_POLICY_ACTIONS), "role": set(KEY_POLICY_ACTIONS)}
    # Of a key policy that can't be seen, nothing is known to be missing.
    unseen = on_key_of(OTHERS_KEY, [], [])
    unseen.keys[OTHERS_KEY] = Key(OTHERS_KEY, unseen="it isn't part of the app")
    causes = {entry.cause for entry in compare(unseen).missing}
    assert causes == {Cause.BOTH_SIDES}
    assert lacking(compare(unseen)) == {"role": set(KEY_POLICY_ACTIONS)}


def test_what_no_policy_says_is_missing_though_the_accounts_are_not_known() -> None:
    """Both policies lack it, whether or not the role is of the key's account."""
    key_arn = KEY.replace(ACCOUNT, "${Main.Account?}")
    report = compare(on_key_of(key_arn, [], []))
    told = tuple(
        entry for entry in report.missing if (entry.principal, entry.policy) == ("role", "key")
    )
    assert lines(told) == {("role", "key", action, key_arn) for action in KEY_POLICY_ACTIONS}
    assert lacking(report) == {"key": set(KEY_POLICY_ACTIONS), "role": set(KEY_POLICY_ACTIONS)}


@pytest.mark.parametrize(
    ("key", "template", "cause", "lacks"),
    [
        ([], "Main", Cause.NO_STATEMENT, "key"),
        ([ACCOUNT_STATEMENT], "Main", Cause.LEFT_TO_IAM, "key"),
        ([BY_ARN], "Other", Cause.LEFT_TO_IAM, "role"),
        ([ACCOUNT_STATEMENT], "Other", Cause.LEFT_TO_IAM, "role"),
        ([{**BY_ARN, "Action": ["kms:DescribeKey"]}], "Main", Cause.NO_STATEMENT, "key"),
    ],
)
def test_which_policy_lacks_what_the_role_needs(
    key: list[Statement], template: str, cause: Cause, lacks: str
) -> None:
    """The key policy does, unless it leaves a role of another stack to IAM."""
    model = model_of(key=[*key, ON_KEY[1]], iam=[iam(IAM_ACTIONS)])
    model.keys[KEY].declared = in_main("Key")
    model.roles[ROLE].declared = Declaration(template, "Role", "Role")
    report = compare(model)
    (entry,) = [entry for entry in report.missing if entry.action == "kms:CreateGrant"]
    assert (entry.principal, entry.cause) == ("role", cause)
    assert "kms:CreateGrant" in lacking(report)[lacks]


OF_ROLE = [
    role(["s3:GetObject"], Resource=f"{BUCKET}/import/*"),
    role(["s3:ListBucket"], Resource=BUCKET),
]
DENIED = [role(["s3:*"], Effect="Deny")]
BOTH = {"s3:GetObject", "s3:ListBucket"}


@pytest.mark.parametrize(
    ("account", "statements", "missing"),
    [
        (ACCOUNT, [], set()),
        ("${Main.Account?}", OF_ROLE, set()),
        (ANOTHER_ACCOUNT, [], BOTH),
        (ANOTHER_ACCOUNT, OF_ROLE[:1], {"s3:ListBucket"}),
        (ANOTHER_ACCOUNT, OF_ROLE, set()),
        (ACCOUNT, DENIED, BOTH),
        ("${Main.Account?}", DENIED, BOTH),
        (ANOTHER_ACCOUNT, [*OF_ROLE, *DENIED], BOTH),
    ],
)
def test_a_bucket_of_another_account_has_to_let_the_role_in(
    account: str, statements: list[Statement], missing: set[str]
) -> None:
    """In its own account it only must not keep the role out."""
    model = model_of(IMPORT, key=ON_KEY, iam=READ)
    model.buckets[BUCKET] = Bucket(
        BUCKET, account, [policy("bucket policy", [*ON_BUCKET, *statements])]
    )
    report = compare(model)
    assert (report.undecided, report.problems) == ((), ())
    assert {
        (entry.principal, entry.policy, entry.policy_of, entry.action) for entry in report.missing
    } == {("role", "bucket", BUCKET, action) for action in missing}
    assert lacking(report) == (
        {"bucket": missing} if missing and DENIED[0] not in statements else {}
    )


@pytest.mark.parametrize("action", ["s3express:CreateSession", "kms:Decrypt", "sts:AssumeRole"])
def test_the_bucket_decides_on_every_action_that_a_row_has_there(action: str) -> None:
    """A row of the matrix says where an action is needed; its prefix says nothing."""
    row = matrix.Permissions(
        "dataset import job",
        "https://docs.aws.amazon.com/personalize/latest/dg/made-up.html",
        source=matrix.S3Access(
            matrix.READ_OBJECTS,
            "DataSource.DataLocation",
            on_bucket=(matrix.Actions("MadeUp", (action,)),),
        ),
    )
    refusing = {"Effect": "Deny", "Principal": {"AWS": ROLE}, "Action": action, "Resource": BUCKET}
    model = model_of(
        asked(row, source=location()),
        key=ON_KEY,
        iam=[*READ, iam(IAM_ACTIONS), iam([action], BUCKET)],
        bucket=[*ON_BUCKET, refusing],
    )
    told = lines(compare(model).missing)
    assert told == {("role", "bucket", action, BUCKET), ("service", "bucket", action, BUCKET)}


def test_whether_a_bucket_is_of_the_roles_account_is_not_guessed() -> None:
    """In another one its policy would have to let the role in."""
    model = model_of(IMPORT, key=ON_KEY, iam=READ, bucket=ON_BUCKET)
    model.buckets[BUCKET].account = "${Main.Account?}"
    report = compare(model)
    assert (report.missing, report.problems) == ((), ())
    assert {
        (entry.principal, entry.policy, entry.action, entry.because) for entry in report.undecided
    } == {
        ("role", "bucket", action, "it isn't known whether role and bucket are in one account")
        for action in BOTH
    }
