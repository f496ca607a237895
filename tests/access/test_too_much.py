"""Excess: only on the keys and buckets that are used, and only where it has an effect."""

from typing import Any

import pytest

from personalize_kms_check._comparison import compare
from personalize_kms_check._model.causes import Cause
from personalize_kms_check._model.model import Key
from personalize_kms_check._model.report import AccessReport
from personalize_kms_check._model.requests import OpenQuestion
from tests.access.models import (
    ACCOUNT,
    ACCOUNT_STATEMENT,
    ANOTHER_ACCOUNT,
    BATCH_INFERENCE_JOB,
    BUCKET,
    EXPORT_JOB,
    IAM_ACTIONS,
    IMPORT_JOB,
    KEY,
    KEY_POLICY_ACTIONS,
    ON_BUCKET,
    ON_KEY,
    READ,
    ROLE,
    ROOT,
    TRUST,
    Line,
    Statement,
    asked,
    iam,
    lines,
    location,
    model_of,
    of,
    policy,
    report_of,
    role,
    service,
)

IMPORT = asked(IMPORT_JOB, name="import", source=location())
SECOND_ROLE = f"{ROLE}2"
DENIED = iam(["kms:Encrypt"], KEY, Effect="Deny")
NOT_IF = {"Bool": {"aws:SecureTransport": "false"}}
OF_ACCOUNT = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
OF_ANOTHER = {"StringEquals": {"aws:SourceAccount": ANOTHER_ACCOUNT}}
ANY, ANOTHER = Cause.FOR_ANY_ACCOUNT, Cause.FOR_ANOTHER_ACCOUNT
MAY_BE = {"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}


def in_iam(actions: str, resource: str = KEY) -> set[Line]:
    return of("role", "role", actions, resource)


@pytest.mark.parametrize(
    ("statements", "excess"),
    [
        # Actions on keys that nothing asks for, and wildcards.
        ([iam(["kms:Encrypt"])], in_iam("kms:Encrypt")),
        ([iam(["kms:Decrypt"], "*")], in_iam("kms:Decrypt", "*")),
        ([iam(["kms:Encrypt"], f"{KEY}2")], set()),
        (
            [iam(["kms:Decrypt"], "arn:aws:kms:*:*:key/*")],
            in_iam("kms:Decrypt", "arn:aws:kms:*:*:key/*"),
        ),
        ([iam(["*"], "*")], in_iam("*", "*")),
        ([{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}], in_iam("kms:* s3:*", "*")),
        ([{"Effect": "Allow", "NotAction": ["KMS:*", "s3:*"], "Resource": "*"}], set()),
        (
            [{"Effect": "Allow", "Action": "kms:Decrypt", "NotResource": f"{KEY}2"}],
            in_iam("kms:Decrypt", "*"),
        ),
        # In AWS's case, as far as its pages have it.
        ([iam(["KMS:decrypt"], "*")], in_iam("kms:Decrypt", "*")),
        ([iam(["KMS:encrypt"])], in_iam("KMS:encrypt")),
        # A condition that never holds, and one that may.
        ([iam(["kms:Encrypt"], Condition=NOT_IF)], set()),
        ([iam(["kms:Encrypt"], Condition=MAY_BE)], set()),
        # What a denial takes away again is told all the same.
        ([iam(["kms:Encrypt"]), DENIED], in_iam("kms:Encrypt")),
        ([iam(["kms:${Main.Action?}"]), DENIED], in_iam("kms:${Main.Action?}")),
        # In S3: whole buckets, other buckets, and actions that nothing asks for.
        *(
            ([iam(["s3:GetObject"], resource)], set())
            for resource in (
                f"{BUCKET}/import/2026/*",
                f"{BUCKET}/another/*",
                f"{BUCKET}/imp*",
            )
        ),
        ([iam(["s3:GetObject"], [BUCKET, "arn:aws:s3:::somebody-elses/*"])], set()),
        ([iam(["s3:ListBucket"], f"{BUCKET}/*")], set()),
        ([iam(["s3:GetObject"], f"{BUCKET}/*")], in_iam("s3:GetObject", f"{BUCKET}/*")),
        ([iam(["s3:GetObject", "s3:ListBucket"], "*")], in_iam("s3:GetObject s3:ListBucket", "*")),
        ([iam(["s3:GetObject"], f"{BUCKET}*")], in_iam("s3:GetObject", f"{BUCKET}*")),
        (
            [iam(["s3:DeleteObject"], f"{BUCKET}/import/*")],
            in_iam("s3:DeleteObject", f"{BUCKET}/import/*"),
        ),
        ([iam(["s3:Get*"], f"{BUCKET}/import/*")], in_iam("s3:Get*", f"{BUCKET}/import/*")),
        ([iam(["s3:DeleteObject"], f"{BUCKET}/another/*")], set()),
        # ``NotResource`` with the bucket, or with another one.
        ([{"Effect": "Allow", "Action": "s3:*", "NotResource": [f"{BUCKET}/*", BUCKET]}], set()),
        (
            [{"Effect": "Allow", "Action": "s3:*", "NotResource": [f"{BUCKET}-another/*"]}],
            in_iam("s3:*", "*"),
        ),
    ],
)
def test_iam_policies(statements: list[Statement], excess: set[Line]) -> None:
    """Beside what a dataset group and an import job need."""
    report = report_of(
        IMPORT, asked(), key=ON_KEY, iam=[iam(IAM_ACTIONS), *READ, *statements], bucket=ON_BUCKET
    )
    assert lines(report.excess) == excess


def test_create_grant_in_iam_for_a_key_that_names_the_role_and_one_that_delegates() -> None:
    """Too much only where every key policy concerned names the role."""
    second = f"{KEY}2"
    requests = (asked(), asked(name="books", dataset_group_key=second))
    every = iam([*IAM_ACTIONS, "kms:CreateGrant"], [KEY, second])
    model = model_of(*requests, key=ON_KEY, iam=[every])
    model.keys[second] = Key(
        second, [policy("second key policy", [ACCOUNT_STATEMENT, service(KEY_POLICY_ACTIONS)])]
    )
    assert (compare(model).missing, compare(model).excess) == ((), ())
    model.keys[second].policies = [policy("second key policy", ON_KEY)]
    assert lines(compare(model).excess) == {
        ("role", "role", "kms:CreateGrant", KEY),
        ("role", "role", "kms:CreateGrant", second),
    }


def on_condition(operator: str) -> Statement:
    """A statement for the account, under a condition on the role."""
    named = {operator: {"aws:PrincipalArn": ROLE}}
    return role(["kms:Encrypt"], Principal={"AWS": ROOT}, Condition=named)


@pytest.mark.parametrize(
    ("statement", "principals"),
    [
        (role(["kms:Encrypt"]), {"role"}),
        (role(["kms:Encrypt"], Resource=f"{KEY}2"), set()),
        (role(["kms:Encrypt"], Principal={"AWS": f"{ROLE}2"}), set()),
        (on_condition("ArnLike"), {"role"}),
        (on_condition("StringEqualsIgnoreCase"), {"role"}),
        (on_condition("ForAnyValue:StringLikeIfExists"), {"role"}),
        (on_condition("StringNotEquals"), set()),
        (on_condition("ArnNotLike"), set()),
        (service(["kms:Encrypt"]), {"service"}),
        (service(["kms:Decrypt"], Principal="*", Condition={}), {"role", "service"}),
        (ACCOUNT_STATEMENT, set()),
        # A condition that holds, as AWS's page has it, and on what is known of the role.
        (service(["kms:Encrypt"], Condition=OF_ACCOUNT), {"service"}),
        (
            role(["kms:Encrypt"], Condition={"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}),
            {"role"},
        ),
        # Every key but this one, and a principal that may be another.
        (
            {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "kms:*", "NotResource": KEY},
            set(),
        ),
        (role(["kms:Encrypt"], Principal={"AWS": "${Main.Principal?}"}), set()),
    ],
)
def test_key_policies(statement: Statement, principals: set[str]) -> None:
    """Statements for the role by name or by condition, for the service, and for everybody."""
    excess = report_of(key=[*ON_KEY, statement], iam=[iam(IAM_ACTIONS)]).excess
    (action, *_) = statement["Action"]
    assert lines(excess) == {(principal, "key", action, KEY) for principal in principals}


@pytest.mark.parametrize(
    ("condition", "on_key", "on_bucket"),
    [
        ({}, True, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, True, True),
        ({"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}}, True, True),
        ({"StringEquals": {"aws:PrincipalServiceName": "personalize.amazonaws.com"}}, False, False),
        ({"Bool": {"aws:PrincipalIsAWSService": "true"}}, False, False),
        ({"BoolIfExists": {"aws:PrincipalIsAWSService": "true"}}, False, True),
        # A condition on who calls that everybody fulfils.
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}, True, True),
        ({"ArnLike": {"aws:PrincipalArn": [ROLE, "arn:aws:iam::*:role/*"]}}, True, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/PersonalizeRole"}}, False, False),
        ({"StringEquals": {"aws:PrincipalAccount": "111122223333"}}, False, False),
        # S3 takes calls that nobody has signed, of whom a condition knows next to nothing; KMS
        # takes none.
        ({"StringEqualsIfExists": {"aws:PrincipalAccount": "111122223333"}}, False, False),
        ({"StringEquals": {"aws:PrincipalAccount": "anonymous"}}, False, True),
        ({"StringEquals": {"aws:PrincipalType": "Anonymous"}}, False, True),
        ({"StringEqualsIfExists": {"aws:userid": "AIDAEXAMPLE"}}, False, True),
        # A role has no name of a user.
        ({"StringEqualsIfExists": {"aws:username": "scientist"}}, True, True),
        (
            {"ArnLikeIfExists": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}},
            False,
            True,
        ),
        ({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-abcdefghij"}}, False, True),
        ({"StringEqualsIfExists": {"aws:SourceAccount": "444455556666"}}, True, True),
        # S3 has no such key.
        ({"StringEqualsIfExists": {"kms:CallerAccount": "111122223333"}}, False, True),
        ({"StringEquals": {"aws:PrincipalType": "AssumedRole"}}, True, True),
        ({"Bool": {"aws:PrincipalIsAWSService": "false"}}, True, True),
    ],
)
def test_statements_for_everybody(condition: Statement, on_key: bool, on_bucket: bool) -> None:
    """Only a condition on the caller narrows ``"Principal": "*"``; TLS or an exception doesn't."""
    of_key = service(["kms:Decrypt"], Principal="*", Condition=condition)
    of_bucket = service(
        ["s3:GetObject"],
        Resource=f"{BUCKET}/import/*",
        Principal={"AWS": ["*"]},
        Condition=condition,
    )
    report = report_of(IMPORT, key=[*ON_KEY, of_key], iam=READ, bucket=[*ON_BUCKET, of_bucket])
    told = [entry for entry in report.excess if entry.cause is Cause.FOR_EVERYBODY]
    policies = {entry.policy for entry in told}
    assert (("key" in policies), ("bucket" in policies)) == (on_key, on_bucket)
    assert not any(entry.page.endswith("confused-deputy-prevention.html") for entry in told)


def test_statements_for_everybody_but_some() -> None:
    """They let in whoever isn't listed."""
    of_key = iam(["kms:Decrypt"], "*", NotPrincipal={"AWS": ROLE})
    of_bucket = {**of_key, "Action": ["s3:GetObject"], "Resource": f"{BUCKET}/import/*"}
    report = report_of(IMPORT, key=[*ON_KEY, of_key], iam=READ, bucket=[*ON_BUCKET, of_bucket])
    policies = {entry.policy for entry in report.excess if entry.cause is Cause.FOR_EVERYBODY}
    assert policies == {"key", "bucket"}


@pytest.mark.parametrize(
    ("condition", "cause"),
    [
        ({}, ANY),
        ({"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}, None),
        ({"StringEqualsIfExists": {"aws:SourceAccount": [ACCOUNT, ANOTHER_ACCOUNT]}}, ANOTHER),
        ({"StringEquals": {"AWS:sourceaccount": 444455556666}}, ANOTHER),
        ({"StringEquals": {"aws:SourceAccount": ANOTHER_ACCOUNT}, **NOT_IF}, None),
        ({"StringEquals": {"aws:SourceAccount": [ACCOUNT, "4444*"]}}, None),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:personalize:*:{ANOTHER_ACCOUNT}:*"}}, ANOTHER),
        ({"StringEqualsIfExists": {"aws:SourceAccount": [ACCOUNT, "${Main.Account?}"]}}, None),
        ({"StringLikeIfExists": {"aws:SourceAccount": "*"}}, ANY),
        ({"StringNotEquals": {"aws:SourceAccount": ANOTHER_ACCOUNT}}, ANY),
        ({"ArnLikeIfExists": {"aws:SourceArn": f"arn:aws:personalize:*:{ACCOUNT}:*"}}, None),
        ({"ArnLikeIfExists": {"aws:SourceArn": "arn:aws:personalize:*:*:*"}}, ANY),
    ],
)
def test_statements_for_any_account(condition: Statement, cause: Cause | None) -> None:
    """A condition on the source narrows what Personalize may do only if its values do."""
    model = model_of(
        key=[*ON_KEY, service(["kms:Decrypt"], Condition=condition)], iam=[iam(IAM_ACTIONS)]
    )
    report = compare(model)
    assert [entry.cause for entry in report.excess] == ([cause] if cause else [])
    assert all(entry.page.endswith("confused-deputy-prevention.html") for entry in report.excess)
    # Whatever else is asked.
    model.open_questions = [OpenQuestion("Main/Job", "…")]
    assert lines(compare(model).excess) == lines(report.excess)


@pytest.mark.parametrize(
    ("sources", "of_key", "too_much", "maybe"),
    [
        # Each of several accounts; not that of the key, which owns it, nor one for which
        # Personalize uses it.
        (
            ["444455556666", "777788889999", ACCOUNT],
            ACCOUNT,
            {"444455556666", "777788889999"},
            set(),
        ),
        (["444455556666", ACCOUNT], "444455556666", set(), set()),
        # The account of a stack that doesn't say its own may be any.
        (["444455556666"], "${AWS::AccountId}", set(), {"444455556666"}),
    ],
)
def test_personalize_at_work_for_another_account(
    sources: list[str], of_key: str, too_much: set[str], maybe: set[str]
) -> None:
    """It is told with the account."""
    key, account = KEY.replace(ACCOUNT, of_key), of_key if maybe else ACCOUNT
    model = model_of(
        asked(dataset_group_key=key, account=account), iam=[iam(KEY_POLICY_ACTIONS, key)]
    )
    own = service(
        KEY_POLICY_ACTIONS, Condition={"StringEqualsIfExists": {"aws:SourceAccount": account}}
    )
    wide = service(["kms:Decrypt"], Condition={"StringEquals": {"aws:SourceAccount": sources}})
    model.keys = {key: Key(key, [policy("key policy", [role(KEY_POLICY_ACTIONS), own, wide])])}
    # Whatever else is asked.
    model.open_questions = [OpenQuestion("Main/Job", "…")]
    report = compare(model)
    told = [entry for entry in report.excess if entry.policy == "key"]
    assert {entry.because.partition("its source account is ")[2] for entry in told} == too_much
    assert {entry.action for entry in told} == ({"kms:Decrypt"} if too_much else set())
    open_ones = [entry for entry in report.undecided if entry.cause is Cause.MAY_BE_ANOTHER_ACCOUNT]
    assert {entry.because.partition("its source account is ")[2] for entry in open_ones} == maybe


def test_what_everybody_is_denied_all_the_same_is_not_too_much() -> None:
    """A statement lets nobody in whom another one of the policy keeps out."""
    wide = service(["kms:Decrypt"], Principal="*", Condition={})
    report = report_of(key=[*ON_KEY, wide, {**wide, "Effect": "Deny"}], iam=[iam(IAM_ACTIONS)])
    assert report.excess == ()


@pytest.mark.parametrize(
    ("place", "statement", "denial"),
    [
        (
            "bucket",
            service(["s3:DeleteObject"], Resource=f"{BUCKET}/*"),
            service(["s3:Delete*"], Effect="Deny"),
        ),
        ("key", role(["kms:Encrypt"]), role(["kms:Encrypt"], Effect="Deny", Principal="*")),
        ("iam", iam(["s3:DeleteObject"], f"{BUCKET}/*"), iam(["s3:Delete*"], "*", Effect="Deny")),
    ],
)
def test_what_a_denial_takes_away_again_is_too_much_all_the_same(
    place: str, statement: Statement, denial: Statement
) -> None:
    """In the policy of a bucket, a key and the role."""
    right = {"key": ON_KEY, "iam": [iam(IAM_ACTIONS), *READ], "bucket": ON_BUCKET}
    report = report_of(asked(), IMPORT, **{**right, place: [*right[place], statement, denial]})
    assert [entry.action for entry in report.excess] == statement["Action"]


def test_what_a_boundary_takes_away_again_is_too_much_all_the_same() -> None:
    """In the key policy and in IAM."""
    wide = ["kms:Encrypt"]
    model = model_of(key=[*ON_KEY, role(wide)], iam=[iam(IAM_ACTIONS), iam(wide)])
    model.roles[ROLE].boundary = policy("boundary", [iam(KEY_POLICY_ACTIONS, "*")])
    told = lines(compare(model).excess)
    assert told == {("role", "key", "kms:Encrypt", KEY), ("role", "role", "kms:Encrypt", KEY)}


@pytest.mark.parametrize(
    ("place", "statement"),
    [
        # One that never holds, one that Personalize may fulfil, and one of which nothing is
        # documented.
        ("key", service(["kms:Encrypt"], Condition=OF_ANOTHER)),
        ("key", service(["kms:Encrypt"], Condition=MAY_BE)),
        ("key", role(["kms:Encrypt"], Condition=OF_ACCOUNT)),
        ("bucket", service(["s3:DeleteObject"], Condition={"Null": {"aws:SourceAccount": "true"}})),
    ],
)
def test_a_statement_whose_condition_may_never_hold_is_not_too_much(
    place: str, statement: Statement
) -> None:
    """It may give Personalize and the role nothing."""
    right = {"key": ON_KEY, "iam": [iam(IAM_ACTIONS), *READ], "bucket": ON_BUCKET}
    assert report_of(asked(), IMPORT, **{**right, place: [*right[place], statement]}).excess == ()


@pytest.mark.parametrize(
    "condition",
    [
        {"StringNotEqualsIfExists": {"aws:SourceAccount": ACCOUNT}},
        {"ArnNotLike": {"aws:SourceArn": f"arn:aws:personalize:*:{ACCOUNT}:*"}},
    ],
)
def test_a_denial_may_keep_others_out(condition: Statement) -> None:
    """Of Personalize at work for others, in key, bucket and trust policies."""
    denial = service(["*"], Effect="Deny", Condition=condition)
    for_all = {
        "key": [role(KEY_POLICY_ACTIONS), service(KEY_POLICY_ACTIONS, Condition={})],
        "iam": [iam(IAM_ACTIONS)],
    }
    trust = {**TRUST, "Condition": {}}
    of_trust = {name: element for name, element in denial.items() if name != "Resource"}
    policies = {entry.policy for entry in report_of(**for_all, trust=[trust]).excess}
    assert policies == {"key", "trust"}
    for_all["key"].append(denial)
    assert report_of(**for_all, trust=[trust, of_trust]).excess == ()


@pytest.mark.parametrize(
    ("action", "cause"),
    [
        ("kms:CreateGrant", Cause.KEY_POLICY_IS_ENOUGH),
        ("kms:Encrypt", Cause.NOT_ASKED),
        ("kms:*", Cause.WIDER_THAN_ASKED),
        # Exports ask for it, and there is none.
        ("kms:GenerateDataKeyWithoutPlaintext", Cause.NOT_SEEN_TO_BE_ASKED),
        ("s3:PutObject", Cause.NOT_SEEN_TO_BE_ASKED),
    ],
)
def test_the_reason_says_what_aws_asks(action: str, cause: Cause) -> None:
    """The reason tells actions that no page asks for from those asked elsewhere."""
    resource = KEY if action.startswith("kms") else f"{BUCKET}/import/*"
    statements = [*READ, iam(IAM_ACTIONS), iam([action], resource)]
    (entry,) = report_of(asked(), IMPORT, key=ON_KEY, iam=statements, bucket=ON_BUCKET).excess
    assert entry.cause is cause
    assert entry.because.startswith("statement 4 of IAM policy: ")


def test_an_action_on_the_prefix_of_another_job() -> None:
    """The import reads, the export writes: reading what was exported is too much."""
    export = asked(EXPORT_JOB, name="export", destination=location("export/"))
    write = iam(["s3:PutObject"], f"{BUCKET}/export/*")
    report = report_of(
        IMPORT,
        export,
        key=[role([*KEY_POLICY_ACTIONS, "kms:GenerateDataKeyWithoutPlaintext"])],
        iam=[
            iam(IAM_ACTIONS),
            *READ,
            write,
            iam(["s3:GetObject"], [f"{BUCKET}/export/*", f"{BUCKET}/else/*"]),
        ],
    )
    assert [(entry.action, entry.resource, entry.cause) for entry in report.excess] == [
        ("s3:GetObject", f"{BUCKET}/export/*", Cause.OTHER_PREFIX)
    ]


def test_each_excess_names_the_page_that_says_what_is_asked() -> None:
    """On keys, in S3, and of the confused deputy."""
    guide = "https://docs.aws.amazon.com/personalize/latest/dg"
    report = report_of(
        IMPORT,
        key=[*ON_KEY, role(["kms:Encrypt"])],
        iam=[*READ, iam(["s3:PutObject"], f"{BUCKET}/*"), iam(["*"], "*")],
        bucket=[*ON_BUCKET, service(["s3:GetObject"], Resource=f"{BUCKET}/import/*", Condition={})],
    )
    assert {
        (entry.policy, entry.action, entry.page.removeprefix(guide)) for entry in report.excess
    } == {
        ("key", "kms:Encrypt", "/granting-personalize-key-access.html"),
        ("role", "*", "/granting-personalize-key-access.html"),
        ("role", "s3:PutObject", "/granting-personalize-s3-access.html"),
        ("bucket", "s3:GetObject", "/cross-service-confused-deputy-prevention.html"),
    }


def whole_bucket(resources: list[str]) -> AccessReport:
    """A batch job from one folder to another, with one statement, as AWS's samples have it."""
    batch = asked(BATCH_INFERENCE_JOB, source=location("in/"), destination=location("out/"))
    actions = ["s3:GetObject", "s3:PutObject", "s3:ListBucket"]
    in_iam = [iam(IAM_ACTIONS), iam(actions, resources)]
    return report_of(batch, key=ON_KEY, iam=in_iam, bucket=[service(actions, Resource=resources)])


def test_each_action_on_a_whole_bucket_has_its_own_prefix() -> None:
    """Reading and writing are too much on the whole bucket, and listing it isn't."""
    assert lines(whole_bucket([BUCKET, f"{BUCKET}/*"]).excess) == {
        ("role", "role", "s3:GetObject", f"{BUCKET}/*"),
        ("role", "role", "s3:PutObject", f"{BUCKET}/*"),
        ("service", "bucket", "s3:GetObject", f"{BUCKET}/*"),
        ("service", "bucket", "s3:PutObject", f"{BUCKET}/*"),
    }


@pytest.mark.parametrize(
    "resource", [BUCKET, BUCKET.replace("arn:aws:", "arn:${AWS::Partition}:"), f"{BUCKET[:-1]}?"]
)
def test_actions_on_objects_in_a_statement_about_the_bucket(resource: str) -> None:
    """Actions on objects allow nothing on the bucket, which is there to be listed."""
    report = whole_bucket([resource, f"{BUCKET}/in/*", f"{BUCKET}/out/*"])
    assert {entry.resource for entry in report.excess} == {f"{BUCKET}/in/*", f"{BUCKET}/out/*"}
    assert report.missing == ()


ANOTHER_ROOT = f"arn:aws:iam::{ANOTHER_ACCOUNT}:root"
OF_OTHER_ACCOUNTS = {
    ANOTHER_ACCOUNT: ANOTHER,
    ANOTHER_ROOT: ANOTHER,
    f"arn:aws:iam::{ANOTHER_ACCOUNT}:role/Somebody": ANOTHER,
    "arn:aws:iam::${Main.Account?}:root": Cause.MAY_BE_ANOTHER_ACCOUNT,
}
WITH_EXTERNAL_ID = {"StringEquals": {"sts:ExternalId": "secret"}}
OF_ROLES = {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ANOTHER_ACCOUNT}:role/*"}}


def check_trust(cause: Cause | None, **elements: Any) -> None:
    """Statements of a trust policy beside the one for Personalize are too much, never missing."""
    trust = [TRUST, {**TRUST, **elements}]
    report = report_of(key=ON_KEY, iam=[iam(IAM_ACTIONS)], trust=trust)
    assert (report.missing, report.problems) == ((), ())
    beyond = [*report.excess, *report.undecided]
    assert [entry.cause for entry in beyond] == ([cause] if cause else [])
    assert all(
        (entry.policy, entry.policy_of, entry.action) == ("trust", ROLE, "sts:AssumeRole")
        for entry in beyond
    )


@pytest.mark.parametrize(
    ("condition", "cause"),
    [
        (TRUST["Condition"], None),
        # One of both conditions is enough.
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:personalize:*:{ACCOUNT}:*"}}, None),
        ({}, ANY),
        (OF_ANOTHER, ANOTHER),
    ],
)
def test_for_whom_a_trust_policy_lets_personalize_in(
    condition: Statement, cause: Cause | None
) -> None:
    """For its own account alone; every notation is in test_statements_for_any_account."""
    check_trust(cause, Condition=condition)


@pytest.mark.parametrize(
    ("principal", "condition", "cause"),
    [
        # Everybody, and another account.
        ("*", {}, Cause.FOR_EVERYBODY),
        ("*", {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}, None),
        ("*", OF_ACCOUNT, None),
        *(({"AWS": name}, WITH_EXTERNAL_ID, cause) for name, cause in OF_OTHER_ACCOUNTS.items()),
        ({"AWS": ANOTHER_ROOT}, OF_ROLES, ANOTHER),
        ({"AWS": ROOT}, {}, None),
        ({"AWS": SECOND_ROLE}, {}, None),
        ({"Service": "lambda.amazonaws.com"}, {}, None),
        ({"AWS": ANOTHER_ACCOUNT}, TRUST["Condition"], None),
        ({"AWS": ANOTHER_ACCOUNT}, NOT_IF, None),
    ],
)
def test_whom_a_trust_policy_lets_in(
    principal: Any, condition: Statement, cause: Cause | None
) -> None:
    """Whom else, with an external id, too."""
    check_trust(cause, Principal=principal, Condition=condition)


def test_what_lets_nobody_assume_the_role_is_not_too_much() -> None:
    """A denial, and another action."""
    check_trust(None, Effect="Deny", Principal={"AWS": ANOTHER_ACCOUNT}, Condition={})
    check_trust(None, Action="sts:TagSession", Condition={})


@pytest.mark.parametrize(
    ("question", "too_much"),
    [
        # A request of this role that can't be read, or of a role that can't.
        (OpenQuestion("Main/Job", "…", role_arns=(ROLE,)), {"s3:DeleteObject"}),
        (OpenQuestion("Main/Job", "…"), {"s3:DeleteObject"}),
        # Of the key alone, of another role, and of no request.
        (
            OpenQuestion("Main/Job", "…", role_arns=(ROLE,), asks=("kms",)),
            {"s3:DeleteObject", "s3:PutObject", "s3:Get*"},
        ),
        (
            OpenQuestion("Main/Job", "…", role_arns=(SECOND_ROLE,)),
            {"s3:DeleteObject", "s3:PutObject", "s3:Get*", "kms:*", "*"},
        ),
        (
            OpenQuestion("Main/Job", "…", asks=()),
            {"s3:DeleteObject", "s3:PutObject", "s3:Get*", "kms:*", "*"},
        ),
    ],
)
def test_nothing_is_taken_out_that_an_open_request_may_need(
    question: OpenQuestion, too_much: set[str]
) -> None:
    """It is said that it isn't known; what no page asks for is too much in any case."""
    surplus = [
        iam(["s3:PutObject", "s3:Get*", "s3:DeleteObject"], f"{BUCKET}/*"),
        iam(["kms:*", "*"]),
    ]
    model = model_of(
        asked(), IMPORT, key=ON_KEY, iam=[iam(IAM_ACTIONS), *READ, *surplus], bucket=ON_BUCKET
    )
    model.open_questions = [question]
    report = compare(model)
    assert {entry.action for entry in report.excess} == too_much
    open_ones = [entry for entry in report.undecided if entry.action]
    every = {"s3:DeleteObject", "s3:PutObject", "s3:Get*", "kms:*", "*"}
    assert {entry.action for entry in open_ones} == every - too_much
    assert all(
        entry.because.partition(": ")[2]
        == "no resource in the templates needs it, and Main/Job, which can't be seen in full, may"
        for entry in open_ones
    )


def test_an_open_request_and_personalize_itself() -> None:
    """The service may need more for another role; a statement for everybody is too much."""
    public = service(["s3:GetObject"], Resource=f"{BUCKET}/import/*", Principal="*", Condition={})
    model = model_of(
        IMPORT,
        key=ON_KEY,
        iam=READ,
        bucket=[*ON_BUCKET, service(["s3:PutObject"], Resource=f"{BUCKET}/*"), public],
    )
    model.open_questions = [OpenQuestion("Main/Job", "…", role_arns=(SECOND_ROLE,))]
    report = compare(model)
    assert [entry.cause for entry in report.excess] == [Cause.FOR_EVERYBODY]
    assert [entry.action for entry in report.undecided if entry.action] == ["s3:PutObject"]
