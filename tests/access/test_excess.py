"""Excess: only on the keys and buckets that are used, and only where it has an effect."""

from __future__ import annotations

import pytest

from personalize_kms_constructs._access.causes import Cause
from personalize_kms_constructs._access.comparison import compare
from personalize_kms_constructs._access.model import Key
from personalize_kms_constructs._access.report import AccessReport
from tests.access.models import (
    ACCOUNT_STATEMENT,
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
    Line,
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

IMPORT = asked(IMPORT_JOB, name="import", source=location())


@pytest.mark.parametrize(
    ("statement", "excess"),
    [
        (iam(["kms:Encrypt"]), {("role", "role", "kms:Encrypt", KEY)}),
        (iam(["kms:Decrypt"], "*"), {("role", "role", "kms:Decrypt", "*")}),
        (iam(["kms:Encrypt"], f"{KEY}2"), set()),
        (iam(["kms:Decrypt"], "arn:aws:kms:*:*:key/*"), {("role", "role", "kms:Decrypt", "arn:aws:kms:*:*:key/*")}),
        (iam(["*"], "*"), {("role", "role", "*", "*")}),
        ({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}, {("role", "role", "kms:*", "*")}),
        (
            {"Effect": "Allow", "Action": "kms:Decrypt", "NotResource": f"{KEY}2"},
            {("role", "role", "kms:Decrypt", "*")},
        ),
        (iam(["logs:PutLogEvents", "s3:GetObject"], "*"), set()),
        # A condition that never holds, and one that may.
        (iam(["kms:Encrypt"], Condition={"Bool": {"aws:SecureTransport": "false"}}), set()),
        (iam(["kms:Encrypt"], Condition={"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}), set()),
    ],
)
def test_iam_on_keys(statement: Statement, excess: set[Line]) -> None:
    """Actions that nothing asks for, and wildcards."""
    found = report(key=ON_KEY, iam=[iam(IAM_ACTIONS), statement])
    assert lines(found.excess) == excess
    assert all(each.fix for each in found.excess)


def test_what_a_denial_takes_away_again_is_not_too_much() -> None:
    """In effect the role can't do it."""
    deny = {"Effect": "Deny", "Action": "kms:Encrypt", "Resource": "*"}
    found = report(key=ON_KEY, iam=[iam([*IAM_ACTIONS, "kms:Encrypt"]), deny])
    assert found.excess == ()


@pytest.mark.parametrize(
    ("of_policy", "of_group", "is_too_much"),
    [([], [], True), (["A"], [], False), (["A"], ["B"], False), (["A"], ["A"], True), (["A"], ["A", "B"], True)],
)
def test_a_policy_that_may_not_be_there(of_policy: list[str], of_group: list[str], is_too_much: bool) -> None:
    """It is there for what depends on the same conditions, in a nested stack for example."""
    found = model(asked(only_if=frozenset(of_group)), key=ON_KEY)
    statements = [iam([*IAM_ACTIONS, "kms:Encrypt"])]
    found.roles[ROLE].identity = [policy("IAM", statements, only_if=frozenset(of_policy))]
    assert [each.action for each in compare(found).excess] == (["kms:Encrypt"] if is_too_much else [])


def test_create_grant_in_iam_for_a_key_that_names_the_role_and_one_that_delegates() -> None:
    """Too much only where every key policy concerned names the role."""
    second = f"{KEY}2"
    requests = (asked(), asked(name="books", dataset_group_key=second))
    every = iam([*IAM_ACTIONS, "kms:CreateGrant"], [KEY, second])
    found = model(*requests, key=ON_KEY, iam=[every])
    found.keys[second] = Key(second, [policy("second key policy", [ACCOUNT_STATEMENT, service(KEY_POLICY_ACTIONS)])])
    assert (compare(found).missing, compare(found).excess) == ((), ())
    found.keys[second].policies = [policy("second key policy", ON_KEY)]
    assert lines(compare(found).excess) == {
        ("role", "role", "kms:CreateGrant", KEY),
        ("role", "role", "kms:CreateGrant", second),
    }


@pytest.mark.parametrize(
    ("statement", "excess"),
    [
        (role(["kms:Encrypt"]), {("role", "key", "kms:Encrypt", KEY)}),
        (role(["kms:*"]), {("role", "key", "kms:*", KEY)}),
        (role(["kms:Encrypt"], Resource=f"{KEY}2"), set()),
        (role(["kms:Encrypt"], Principal={"AWS": f"{ROLE}2"}), set()),
        (
            role(
                ["kms:Encrypt"],
                Principal={"AWS": "arn:aws:iam::111122223333:root"},
                Condition={"ArnEquals": {"aws:PrincipalArn": ROLE}},
            ),
            {("role", "key", "kms:Encrypt", KEY)},
        ),
        (service(["kms:Encrypt"]), {("service", "key", "kms:Encrypt", KEY)}),
        (service(["kms:Decrypt"], Condition={}), {("service", "key", "kms:Decrypt", KEY)}),
        (
            service(["kms:Decrypt"], Condition={"Bool": {"aws:SecureTransport": "true"}}),
            {("service", "key", "kms:Decrypt", KEY)},
        ),
        (service(["kms:Decrypt"], Condition={"ArnLike": {"aws:SourceArn": "arn:aws:personalize:*:*:*"}}), set()),
        (service(["kms:Decrypt"], Condition={"StringEquals": {"aws:SourceOrgID": "o-1"}}), set()),
        (
            {"Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"},
            {("role", "key", "kms:Decrypt", KEY), ("service", "key", "kms:Decrypt", KEY)},
        ),
        (ACCOUNT_STATEMENT, set()),
    ],
)
def test_key_policies(statement: Statement, excess: set[Line]) -> None:
    """The role by its name or by a condition, the service with and without a check of the account, everybody."""
    assert lines(report(key=[*ON_KEY, statement], iam=[iam(IAM_ACTIONS)]).excess) == excess


@pytest.mark.parametrize(
    ("actions", "resource", "excess"),
    [
        ("s3:GetObject", f"{BUCKET}/import/*", set()),
        ("s3:GetObject", f"{BUCKET}/import/2026/*", set()),
        ("s3:GetObject", f"{BUCKET}/another/*", set()),
        ("s3:GetObject", f"{BUCKET}/imp*", set()),
        ("s3:GetObject", BUCKET, set()),
        ("s3:ListBucket", f"{BUCKET}/*", set()),
        ("s3:GetObject", f"{BUCKET}/*", {("role", "role", "s3:GetObject", f"{BUCKET}/*")}),
        ("s3:GetObject", "*", {("role", "role", "s3:GetObject", "*")}),
        ("s3:GetObject", "arn:aws:s3:::*", {("role", "role", "s3:GetObject", "arn:aws:s3:::*")}),
        ("s3:GetObject", f"{BUCKET}*", {("role", "role", "s3:GetObject", f"{BUCKET}*")}),
        ("s3:ListBucket", "*", {("role", "role", "s3:ListBucket", "*")}),
        ("s3:DeleteObject", f"{BUCKET}/import/*", {("role", "role", "s3:DeleteObject", f"{BUCKET}/import/*")}),
        ("s3:Get*", f"{BUCKET}/import/*", {("role", "role", "s3:Get*", f"{BUCKET}/import/*")}),
        ("s3:DeleteObject", f"{BUCKET}/another/*", set()),
        ("s3:GetObject", "arn:aws:s3:::somebody-elses/*", set()),
    ],
)
def test_iam_on_buckets(actions: str, resource: str, excess: set[Line]) -> None:
    """Whole buckets, other buckets, and actions that nothing asks for."""
    found = report(IMPORT, key=ON_KEY, iam=[*READ, iam([actions], resource)], bucket=ON_BUCKET)
    assert lines(found.excess) == excess


def test_a_whole_bucket_is_right_where_all_of_it_is_used() -> None:
    """An import from the root of the bucket."""
    everything = [service(["s3:GetObject"], Resource=f"{BUCKET}/*"), service(["s3:ListBucket"], Resource=BUCKET)]
    found = report(
        asked(IMPORT_JOB, source=location("")),
        key=ON_KEY,
        iam=[iam(["s3:GetObject"], f"{BUCKET}/*"), iam(["s3:ListBucket"], BUCKET)],
        bucket=everything,
    )
    assert (found.missing, found.excess) == ((), ())


def test_bucket_policies() -> None:
    """Objects beyond the prefix, and an account that isn't checked."""
    wide = service(["s3:GetObject", "s3:PutObject"], Resource=f"{BUCKET}/*", Condition={})
    found = report(IMPORT, key=ON_KEY, iam=READ, bucket=[*ON_BUCKET, wide])
    assert lines(found.excess) == {
        ("service", "bucket", "s3:GetObject", f"{BUCKET}/*"),
        ("service", "bucket", "s3:PutObject", f"{BUCKET}/*"),
        ("service", "bucket", "s3:GetObject", f"{BUCKET}/import/*"),
    }
    fixes = {each.resource: each.fix for each in found.excess if each.action == "s3:GetObject"}
    assert fixes == {
        f"{BUCKET}/*": f"allow it on {BUCKET}/import/* alone, in a statement of its own",
        f"{BUCKET}/import/*": 'add "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}}',
    }


@pytest.mark.parametrize(
    ("condition", "everybody"),
    [
        ({}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"NumericGreaterThanEquals": {"s3:TlsVersion": 1.2}}, True),
        ({"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}}, True),
        ({"StringEquals": {"aws:PrincipalServiceName": "personalize.amazonaws.com"}}, False),
        ({"Bool": {"aws:PrincipalIsAWSService": "true"}}, False),
        ({"StringNotEquals": {"aws:PrincipalServiceName": "lambda.amazonaws.com"}}, True),
        # A condition on who calls that everybody fulfils.
        ({"StringLike": {"aws:PrincipalArn": "*"}}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}, True),
        ({"ArnLike": {"aws:PrincipalArn": [ROLE, "arn:aws:iam::*:role/*"]}}, True),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/PersonalizeRole"}}, False),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}}, False),
        ({"StringEquals": {"aws:PrincipalAccount": "111122223333"}}, False),
        ({"StringEqualsIfExists": {"aws:PrincipalAccount": "111122223333"}}, True),
        ({"StringEquals": {"aws:PrincipalType": "AssumedRole"}}, True),
        ({"Bool": {"aws:PrincipalIsAWSService": "false"}}, True),
        ({"Bool": {"aws:PrincipalIsAWSService": ["true", "false"]}}, True),
    ],
)
def test_statements_for_everybody(condition: Statement, everybody: bool) -> None:
    """Only a condition that says who calls narrows ``"Principal": "*"``; one on TLS, or on who doesn't, lets all in."""
    on_key = service(["kms:Decrypt"], Principal="*", Condition=condition)
    on_bucket = service(["s3:GetObject"], Resource=f"{BUCKET}/import/*", Principal={"AWS": ["*"]}, Condition=condition)
    found = report(IMPORT, key=[*ON_KEY, on_key], iam=READ, bucket=[*ON_BUCKET, on_bucket])
    assert any(each.cause is Cause.FOR_EVERYBODY for each in found.excess) is everybody


@pytest.mark.parametrize(
    ("condition", "any_account"),
    [
        ({}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, True),
        ({"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}}, False),
        ({"StringEqualsIfExists": {"aws:SourceAccount": ["111122223333", "444455556666"]}}, False),
        ({"StringEqualsIfExists": {"aws:SourceAccount": ["111122223333", "${Main.Account?}"]}}, False),
        ({"StringLikeIfExists": {"aws:SourceAccount": "*"}}, True),
        ({"StringLikeIfExists": {"aws:SourceAccount": ["111122223333", "*"]}}, True),
        ({"StringNotEquals": {"aws:SourceAccount": "444455556666"}}, True),
        ({"ArnLikeIfExists": {"aws:SourceArn": "arn:aws:personalize:*:111122223333:*"}}, False),
        ({"ArnLikeIfExists": {"aws:SourceArn": "arn:aws:personalize:*:*:*"}}, True),
        ({"StringLikeIfExists": {"aws:SourceArn": "arn:*:*"}}, True),
    ],
)
def test_statements_for_any_account(condition: Statement, any_account: bool) -> None:
    """A condition on the source narrows what Personalize may do only if its values do."""
    found = report(key=[*ON_KEY, service(["kms:Decrypt"], Condition=condition)], iam=[iam(IAM_ACTIONS)])
    assert [each.cause for each in found.excess] == [Cause.FOR_ANY_ACCOUNT] * any_account


@pytest.mark.parametrize(
    ("action", "why"),
    [
        ("kms:CreateGrant", "every key policy concerned names the role, and AWS's page asks for it there alone"),
        ("kms:Encrypt", "AWS's pages don't ask for it"),
        ("kms:*", "AWS's pages don't ask for it"),
    ],
)
def test_the_reason_says_what_aws_asks(action: str, why: str) -> None:
    """In IAM, of what no page asks for, and of what one asks for elsewhere."""
    found = report(key=ON_KEY, iam=[iam(IAM_ACTIONS), iam([action])])
    assert [each.because for each in found.excess] == [f"statement number 2 of IAM policy: {why}"]


def test_what_is_denied_on_one_key_is_too_much_on_the_others() -> None:
    """A denial takes away what a statement about this key allows, and not what one about all keys does."""
    denial = iam(["kms:Encrypt"], KEY, Effect="Deny")
    assert report(key=ON_KEY, iam=[iam(IAM_ACTIONS), iam(["kms:Encrypt"], KEY), denial]).excess == ()
    found = report(key=ON_KEY, iam=[iam(IAM_ACTIONS), iam(["kms:Encrypt"], "*"), denial])
    assert lines(found.excess) == {("role", "role", "kms:Encrypt", "*")}


@pytest.mark.parametrize("action", ["kms:Encryp?", "kms:Encryp*", "kms:${Main.Action?}"])
def test_a_pattern_of_actions_is_too_much_though_one_of_them_is_denied(action: str) -> None:
    """What else it stands for isn't looked up."""
    found = report(key=ON_KEY, iam=[iam(IAM_ACTIONS), iam([action], KEY), iam(["kms:Encrypt"], KEY, Effect="Deny")])
    assert lines(found.excess) == {("role", "role", action, KEY)}


@pytest.mark.parametrize(
    ("spared", "excess"),
    [
        ([f"{BUCKET}/*", BUCKET], set()),
        (["arn:aws:s3:::*"], set()),
        ([f"{BUCKET}-another/*"], {("role", "role", "s3:*", "*")}),
    ],
)
def test_buckets_that_a_statement_leaves_out(spared: list[str], excess: set[Line]) -> None:
    """``NotResource`` with the bucket, or with another one."""
    statement = {"Effect": "Allow", "Action": "s3:*", "NotResource": spared}
    found = report(IMPORT, key=ON_KEY, iam=[*READ, statement], bucket=ON_BUCKET)
    assert lines(found.excess) == excess


def test_an_action_on_the_prefix_of_another_job() -> None:
    """The import reads, the export writes: reading what was exported is too much."""
    export = asked(EXPORT_JOB, name="export", destination=location("export/"))
    write = iam(["s3:PutObject"], f"{BUCKET}/export/*")
    found = report(
        IMPORT,
        export,
        key=[role([*KEY_POLICY_ACTIONS, "kms:GenerateDataKeyWithoutPlaintext"])],
        iam=[iam(IAM_ACTIONS), *READ, write, iam(["s3:GetObject"], [f"{BUCKET}/export/*", f"{BUCKET}/else/*"])],
    )
    assert [(each.action, each.resource, each.because) for each in found.excess] == [
        (
            "s3:GetObject",
            f"{BUCKET}/export/*",
            "statement number 5 of IAM policy: on a prefix for which nothing asks for it",
        )
    ]


@pytest.mark.parametrize(
    ("more", "excess"),
    [
        ({"iam": [iam(["s3:PutObject"], f"{BUCKET}/*")]}, {("role", "role", "s3:PutObject", f"{BUCKET}/*")}),
        # A condition that never holds.
        ({"iam": [iam(["s3:PutObject"], f"{BUCKET}/*", Condition={"Bool": {"aws:SecureTransport": "false"}})]}, set()),
        ({"key": [role(["kms:Encrypt"])]}, {("role", "key", "kms:Encrypt", KEY)}),
        # Every key but this one, and a principal that may be another.
        ({"key": [{"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": "kms:*", "NotResource": KEY}]}, set()),
        ({"key": [role(["kms:Encrypt"], Principal={"AWS": "${Main.Principal?}"})]}, set()),
    ],
)
def test_what_has_no_effect_or_may_be_for_others_is_not_too_much(
    more: dict[str, list[Statement]], excess: set[Line]
) -> None:
    """In IAM and in key policies."""
    found = report(
        IMPORT,
        asked(),
        key=[*ON_KEY, *more.get("key", [])],
        iam=[iam(IAM_ACTIONS), *READ, *more.get("iam", [])],
        bucket=ON_BUCKET,
    )
    assert lines(found.excess) == excess


def test_each_excess_names_the_page_that_says_what_is_asked() -> None:
    """On keys, in S3, and of the confused deputy."""
    guide = "https://docs.aws.amazon.com/personalize/latest/dg"
    found = report(
        IMPORT,
        key=[*ON_KEY, role(["kms:Encrypt"])],
        iam=[*READ, iam(["s3:PutObject"], f"{BUCKET}/*"), iam(["*"], "*")],
        bucket=[*ON_BUCKET, service(["s3:GetObject"], Resource=f"{BUCKET}/import/*", Condition={})],
    )
    assert {(each.policy, each.action, each.page.removeprefix(guide)) for each in found.excess} == {
        ("key", "kms:Encrypt", "/granting-personalize-key-access.html"),
        ("role", "*", "/granting-personalize-key-access.html"),
        ("role", "s3:PutObject", "/granting-personalize-s3-access.html"),
        ("bucket", "s3:GetObject", "/cross-service-confused-deputy-prevention.html"),
    }


def whole_bucket(resources: list[str]) -> AccessReport:
    """A batch job that reads one folder and writes another, by one statement, as AWS's samples have it."""
    batch = asked(BATCH_INFERENCE_JOB, source=location("in/"), destination=location("out/"))
    actions = ["s3:GetObject", "s3:PutObject", "s3:ListBucket"]
    return report(
        batch,
        key=ON_KEY,
        iam=[iam(IAM_ACTIONS), iam(actions, resources)],
        bucket=[service(actions, Resource=resources)],
    )


def test_each_action_on_a_whole_bucket_has_its_own_prefix() -> None:
    """What helps one of them would take the other's permission away."""
    text = whole_bucket([BUCKET, f"{BUCKET}/*"]).to_text()
    for principal, where in ((f"role {ROLE}", "IAM"), ("Personalize", "bucket policy")):
        for action, prefix in (("s3:GetObject", "in"), ("s3:PutObject", "out")):
            one_line = " ".join(text.split())
            start = one_line.index(f"too much: {principal} may {action} on {BUCKET}/* ({where})")
            assert (
                one_line[start:]
                .split("→ ")[1]
                .startswith(f"allow it on {BUCKET}/{prefix}/* alone, in a statement of its own http")
            )


@pytest.mark.parametrize("resource", [BUCKET, BUCKET.replace("arn:aws:", "arn:${AWS::Partition}:"), f"{BUCKET[:-1]}?"])
def test_actions_on_objects_in_a_statement_about_the_bucket(resource: str) -> None:
    """They allow nothing there, in whatever notation, and the bucket can't be taken out: it is there to be listed."""
    found = whole_bucket([resource, f"{BUCKET}/in/*", f"{BUCKET}/out/*"])
    assert {each.resource for each in found.excess} == {f"{BUCKET}/in/*", f"{BUCKET}/out/*"}
    assert found.missing == ()
