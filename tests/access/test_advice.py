"""The advice of a report, followed to the letter: nothing that is needed is taken away, and nothing stays too much."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest

from personalize_kms_constructs import matrix
from personalize_kms_constructs._access.causes import Cause
from personalize_kms_constructs._access.comparison import compare
from personalize_kms_constructs._access.declarations import Declaration
from personalize_kms_constructs._access.model import AccessModel, Key, OpenQuestion, Role
from personalize_kms_constructs._access.report import AccessReport
from personalize_kms_constructs._access.written import Policy
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
    SERVICE,
    TRUST,
    Statement,
    asked,
    iam,
    in_main,
    lines,
    location,
    model,
    policy,
    report,
    role,
    service,
)

IMPORT = asked(IMPORT_JOB, name="import", source=location())
SECOND_KEY = f"{KEY}2"
SECOND_ROLE = f"{ROLE}2"
ONE_STATEMENT = [
    asked(),
    IMPORT,
    asked(BATCH_INFERENCE_JOB, name="b", source=location("in/"), destination=location("out/")),
]
ALL = ["s3:GetObject", "s3:PutObject", "s3:ListBucket"]
BOTH = {"AWS": ROLE, "Service": SERVICE}
ANY_CONDITION = {"StringLike": {"aws:SourceAccount": "*"}}
OF_OTHERS = {"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}}
DELEGATED = {"Principal": {"AWS": ROOT}, "Condition": {"ArnEquals": {"aws:PrincipalArn": ROLE}}}


def all_but(resource: str) -> Statement:
    return {"Effect": "Allow", "NotResource": resource}


def documents(found: AccessModel) -> Iterator[tuple[str, str, list[Policy]]]:
    """The policies of a model, by kind and owner."""
    for key in found.keys.values():
        yield "key", key.arn, key.policies
    for bucket in found.buckets.values():
        yield "bucket", bucket.arn, bucket.policies
    for each in found.roles.values():
        yield "role", each.arn, each.identity
        yield "trust", each.arn, each.trust


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def followed(found: AccessModel, advice: AccessReport) -> AccessModel:
    """The model once each action is taken out of the statement that its entry names, and replaced."""
    for kind, owner, policies in documents(found):
        concerned = [each for each in advice.excess if (each.policy, each.policy_of) == (kind, owner)]
        for index, each in enumerate(policies):
            document: Any = copy.deepcopy(each.document)
            kept = []
            for number, statement in enumerate(document["Statement"], 1):
                name = f"statement {statement.get('Sid', f'number {number}')} of {each.name}"
                taken = {entry.action for entry in concerned if name in entry.because}
                if taken and "NotAction" in statement:
                    statement["NotAction"] = [*as_list(statement["NotAction"]), *taken]
                elif taken:
                    statement["Action"] = [action for action in as_list(statement["Action"]) if action not in taken]
                if statement.get("Action") != []:
                    kept.append(statement)
                for entry in concerned:
                    if name in entry.because and not entry.make_for:
                        kept += [new for new in entry.instead if new not in kept]
            policies[index] = Policy({**document, "Statement": kept}, each.name, each.declared)
    for number, entry in enumerate(advice.excess):
        if entry.make_for:
            found.roles[entry.make_for].identity.append(policy(f"new policy {number}", list(entry.instead)))
    return found


ALL_BUT_THE_SECOND = {"Effect": "Allow", "NotPrincipal": {"AWS": SECOND_ROLE}, "Action": "kms:*", "Resource": "*"}


@pytest.mark.parametrize(
    "statements",
    [
        # Wildcards in IAM, alone and beside what is right, in one statement and in several that give the same.
        {"iam": [iam(["kms:*"]), iam(["s3:*"], "*")]},
        {
            "iam": [
                iam(["kms:GenerateDataKey*", "kms:Describe*", "kms:Decrypt", "kms:List*"]),
                iam(["s3:*"], [BUCKET, f"{BUCKET}/*"]),
            ]
        },
        {"iam": [iam(["*"], "*")]},
        {"iam": [iam(["kms:*"]), iam(["kms:*"]), iam(ALL, "*"), iam(ALL, "*")]},
        {"iam": [iam(["*"], "*"), iam(["kms:*", "s3:*"], "*")]},
        {"iam": [iam(IAM_ACTIONS), *READ, iam(["*"], "*")]},
        {
            "iam": [
                iam([*IAM_ACTIONS, "kms:Encrypt", "kms:CreateGrant"], "*"),
                iam(["s3:GetObject*", "s3:List*", "s3:Put*"], "*"),
            ]
        },
        {
            "iam": [
                iam(["KMS:*"], "arn:aws:kms:*:*:key/*"),
                iam(["s3:Get?bject", "s3:PutObject", "s3:ListBucket"], f"{BUCKET}*"),
            ]
        },
        {"iam": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]},
        {"iam": [{"Effect": "Allow", "NotAction": ["iam:*", "logs:*"], "NotResource": "arn:aws:sns:*:*:*"}]},
        {"iam": [iam(["kms:*"], Condition={"Bool": {"aws:SecureTransport": "true"}}), iam(ALL, "*")]},
        # One action is right on one of two prefixes.
        {"iam": [iam(IAM_ACTIONS), iam(ALL, [BUCKET, f"{BUCKET}/in/*", f"{BUCKET}/out/*", f"{BUCKET}/import/*"])]},
        # Key policies: wildcards, one statement for both, by the account, for everybody, for any account.
        {"key": [role(["kms:*"]), service(["kms:*"])]},
        {"key": [role(["kms:*"], Principal=BOTH)]},
        {"key": [role(["kms:*"], Principal=BOTH), *ON_KEY]},
        {"key": [role([*KEY_POLICY_ACTIONS, "kms:Encrypt"], Principal=BOTH, Condition=None)]},
        {"key": [role(["*"]), service(["*"], Condition=ANY_CONDITION), service(KEY_POLICY_ACTIONS)]},
        {
            "key": [role(["kms:*"], **DELEGATED), service(["kms:*"])],
            "iam": [iam([*IAM_ACTIONS, "kms:CreateGrant"]), iam(["s3:*"], "*")],
        },
        {"key": [role(["kms:*"], Principal="*")]},
        {"key": [role(KEY_POLICY_ACTIONS, Principal="*")]},
        {
            "key": [
                role(["kms:*"], Principal="*", Condition={"ArnEquals": {"aws:PrincipalArn": ROLE}}),
                service(["kms:*"], Condition={}),
            ]
        },
        {"key": [*ON_KEY, role(["kms:*"], Principal="*", Condition=OF_OTHERS)]},
        {"key": [{"Effect": "Allow", "Principal": BOTH, "NotAction": "kms:ScheduleKeyDeletion", "Resource": "*"}]},
        {
            "key": [
                role(["kms:*"]),
                service(["kms:*"], Condition={"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-abcdefghij"}}),
            ]
        },
        # Bucket policies.
        {"bucket": [service(["s3:*"], Resource=[BUCKET, f"{BUCKET}/*"])]},
        {"bucket": [service(ALL, Resource=[BUCKET, f"{BUCKET}/*"], Condition={})]},
        {"bucket": [service(["s3:GetObject*", "s3:PutObject*", "s3:List*"], Resource=["*"])]},
        {"bucket": [service(ALL, Resource=[BUCKET, f"{BUCKET}/*"], Principal="*")]},
        {
            "bucket": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": SERVICE},
                    "NotAction": "s3:DeleteBucket",
                    "NotResource": f"{BUCKET}/logs/*",
                }
            ]
        },
        # All of the bucket but a part.
        *(
            {"bucket": [{**all_but(f"{BUCKET}/logs/*"), "Principal": principal, "Action": actions}]}
            for principal in ({"Service": SERVICE}, "*")
            for actions in ("*", "s3:*", ["s3:Get*", "s3:Put*", "s3:List*"], ALL)
        ),
        {"iam": [iam(IAM_ACTIONS), {**all_but(f"{BUCKET}/logs/*"), "Action": "s3:*"}]},
        # Trust policies.
        {"trust": [{**TRUST, "Condition": {}}]},
        {"trust": [{**TRUST, "Condition": {}}, {**TRUST, "Condition": ANY_CONDITION}]},
        {"trust": [{**TRUST, "Principal": "*", "Condition": {}}]},
        {"trust": [TRUST, {**TRUST, "Principal": {"AWS": ANOTHER_ACCOUNT}, "Condition": {}}]},
    ],
)
def test_every_form_of_a_statement(statements: dict[str, Any]) -> None:
    """Beside what is right for a dataset group, an import and a batch job."""
    right = {
        "key": ON_KEY,
        "iam": [iam(IAM_ACTIONS), *objects(iam)],
        "bucket": [*objects(lambda actions, resource: service(actions, Resource=resource))],
        "trust": [TRUST],
    }
    assert lines(report(*ONE_STATEMENT, **right).excess) == set()
    found = model(*ONE_STATEMENT, **{**right, **statements})
    before = compare(found)
    assert before.excess
    assert not before.missing
    after = compare(followed(found, before))
    assert (lines(after.missing), lines(after.excess), lines(after.undecided)) == (
        set(),
        set(),
        lines(before.undecided),
    )
    assert (len(after.allowed), after.problems) == (len(before.allowed), ())
    assert not [each for each in before.excess if each.instead and each.fix == "remove it"]


def objects(statement: Any) -> Iterator[Statement]:
    """What an import and a batch job need in the bucket."""
    yield statement(["s3:GetObject"], f"{BUCKET}/import/*")
    yield statement(["s3:GetObject"], f"{BUCKET}/in/*")
    yield statement(["s3:PutObject"], f"{BUCKET}/out/*")
    yield statement(["s3:ListBucket"], BUCKET)


def test_policies_of_several_roles_and_keys() -> None:
    """A statement that serves two roles, a managed policy that both have, and two keys of one statement."""
    third = asked(name="third", role_arn=SECOND_ROLE, dataset_group_key=f"{KEY}3")
    export = asked(EXPORT_JOB, name="export", role_arn=SECOND_ROLE, destination=location("export/"))
    of_second = asked(name="books", dataset_group_key=SECOND_KEY)
    every = [*KEY_POLICY_ACTIONS, "kms:GenerateDataKeyWithoutPlaintext"]
    found = model(
        asked(), of_second, export, third, key=[role(every, Principal={"AWS": [ROLE, SECOND_ROLE]}), service(every)]
    )
    found.keys[SECOND_KEY] = Key(SECOND_KEY, [policy("key policy 2", [ACCOUNT_STATEMENT, service(["kms:*"])])])
    found.keys[f"{KEY}3"] = Key(f"{KEY}3", [policy("key policy 3", [ACCOUNT_STATEMENT, service(["kms:*"])])])
    found.buckets[BUCKET].policies = [policy("bucket policy", [service(["s3:*"], Resource=[BUCKET, f"{BUCKET}/*"])])]
    both = policy("managed policy", [iam(["kms:*", "s3:*"], "*")], declared=in_main("Policy"))
    found.roles[ROLE].identity = [both]
    found.roles[SECOND_ROLE] = Role(SECOND_ROLE, trust=[policy("trust policy 2", [TRUST])], identity=[both])
    before = compare(found)
    # The policy is both roles', so each gets one of its own.
    assert {
        each.make_for: {new["Resource"] for new in each.instead} for each in before.excess if each.action == "kms:*"
    } == {"": {"*"}, ROLE: {KEY, SECOND_KEY}, SECOND_ROLE: {KEY, f"{KEY}3"}}
    after = compare(followed(found, before))
    assert before.missing == after.missing == ()
    assert (lines(after.excess), len(after.allowed)) == (set(), len(before.allowed))


def test_what_a_statement_leaves_to_iam_names_no_role() -> None:
    """It names a role and its account, which has another role that needs more."""
    every = [*KEY_POLICY_ACTIONS, "kms:GenerateDataKeyWithoutPlaintext"]
    export = asked(EXPORT_JOB, name="export", role_arn=SECOND_ROLE, destination=location("export/"))
    both = role(["kms:*"], Principal={"AWS": [ROLE, ROOT]})
    found = model(asked(), export, key=[both, service(every)], iam=[iam(IAM_ACTIONS)])
    write = [iam(every), iam(["s3:PutObject"], f"{BUCKET}/export/*"), iam(["s3:ListBucket"], BUCKET)]
    second = Role(SECOND_ROLE, trust=[policy("trust policy 2", [TRUST])], identity=[policy("IAM policy 2", write)])
    found.roles |= {SECOND_ROLE: second}
    before = compare(found)
    after = compare(followed(found, before))
    assert {each.action for each in before.excess} == {"kms:*"}
    assert (lines(after.missing), lines(after.excess)) == (lines(before.missing), set())


@pytest.mark.parametrize(
    ("action", "cause"),
    [
        ("kms:CreateGrant", Cause.KEY_POLICY_IS_ENOUGH),
        ("kms:GenerateDataKeyWithoutPlaintext", Cause.NOT_SEEN_TO_BE_ASKED),
        ("kms:Generate*", Cause.WIDER_THAN_ASKED),
    ],
)
def test_what_is_too_much_for_one_role_and_needed_by_another(action: str, cause: Cause) -> None:
    """Both have one managed policy, so the other gets a policy of its own with what is taken out."""
    export = asked(EXPORT_JOB, name="export", role_arn=SECOND_ROLE, dataset_group_key=SECOND_KEY)
    every = [*KEY_POLICY_ACTIONS, "kms:GenerateDataKeyWithoutPlaintext"]
    found = model(asked(), export, key=ON_KEY)
    found.keys[SECOND_KEY] = Key(SECOND_KEY, [policy("key policy 2", [ACCOUNT_STATEMENT, service(every)])])
    both = policy("managed policy", [iam([*IAM_ACTIONS, action], "arn:aws:kms:*:*:key/*")], declared=in_main("Policy"))
    found.roles[ROLE].identity = [both]
    found.roles[SECOND_ROLE] = Role(SECOND_ROLE, trust=[policy("trust policy 2", [TRUST])], identity=[both])
    before = compare(found)
    assert {each.cause for each in before.excess if (each.policy_of, each.action) == (ROLE, action)} == {cause}
    (entry,) = [each for each in before.excess if each.action == action and each.make_for == SECOND_ROLE]
    new = f"remove it, and put what is needed into a new AWS::IAM::Policy of role {SECOND_ROLE}"
    assert (entry.fix, entry.instead[0]["Resource"]) == (new, SECOND_KEY)
    after = compare(followed(found, before))
    assert (lines(after.missing), lines(after.excess)) == (lines(before.missing), set())


@pytest.mark.parametrize(
    ("policies", "excess"),
    [
        # A condition that never holds, one that Personalize may fulfil, and one of which nothing is documented.
        (
            {"key": [service(["kms:Encrypt"], Condition={"StringEquals": {"aws:SourceAccount": ANOTHER_ACCOUNT}})]},
            False,
        ),
        ({"key": [service(["kms:Encrypt"], Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}})]}, True),
        ({"key": [service(["kms:Encrypt"], Condition={"Bool": {"aws:SecureTransport": "false"}})]}, False),
        ({"key": [service(["kms:*"], Condition={"Bool": {"aws:SecureTransport": "false"}})]}, False),
        (
            {"key": [service(["kms:Encrypt"], Condition={"StringEquals": {"kms:ViaService": "s3.amazonaws.com"}})]},
            False,
        ),
        ({"key": [role(["kms:Encrypt"], Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}})]}, False),
        ({"key": [role(["kms:Encrypt"], Condition={"StringEquals": {"aws:PrincipalAccount": ACCOUNT}})]}, True),
        (
            {
                "bucket": [
                    service(
                        ["s3:DeleteObject"], Resource=f"{BUCKET}/*", Condition={"Null": {"aws:SourceAccount": "true"}}
                    )
                ]
            },
            False,
        ),
        ({"bucket": [service(["s3:*"], Resource="*", Condition={"Bool": {"aws:SecureTransport": "false"}})]}, False),
        ({"bucket": [role(["s3:DeleteObject"], Resource=f"{BUCKET}/*"), role(["s3:D*"], Effect="Deny")]}, False),
        # A denial that has to be changed: it takes what is needed too.
        ({"bucket": [role(["s3:DeleteObject"], Resource=f"{BUCKET}/*"), role(["s3:*"], Effect="Deny")]}, True),
        (
            {
                "bucket": [
                    role(["s3:DeleteObject"], Resource=f"{BUCKET}/*"),
                    role(["s3:*"], Effect="Deny"),
                    role(["s3:D*"], Effect="Deny"),
                ]
            },
            False,
        ),
        ({"key": [service(["*"]), service(["kms:*"], Effect="Deny", Condition={})]}, True),
        ({"key": [role(["kms:Encrypt"]), role(["kms:*"], Effect="Deny", Principal="*")]}, True),
        ({"iam": [iam(["kms:Encrypt"]), iam(["kms:*"], "*", Effect="Deny")]}, True),
        ({"iam": [iam(["kms:Encrypt"])], "key": [role(["kms:*"], Effect="Deny")]}, True),
        ({"iam": [iam(["s3:DeleteObject"], f"{BUCKET}/*"), iam(["s3:*"], "*", Effect="Deny")]}, True),
        # A denial of all of it, of a part, and of another principal.
        ({"key": [service(["kms:Encrypt"]), service(["kms:Encrypt"], Effect="Deny")]}, False),
        ({"key": [service(["kms:E*"]), service(["kms:Enc*"], Effect="Deny", Condition={})]}, True),
        ({"key": [service(["kms:Enc*"]), service(["kms:E*"], Effect="Deny", Condition={})]}, False),
        ({"key": [role(["kms:Encrypt"]), role(["kms:Encrypt"], Effect="Deny", Principal="*")]}, False),
        ({"key": [role(["kms:Encrypt"]), service(["kms:Encrypt"], Effect="Deny")]}, True),
        ({"key": [role(["kms:Encrypt"])], "iam": [iam(["kms:Encrypt"], Effect="Deny")]}, False),
        ({"key": [role(["kms:Encrypt"], Effect="Deny")], "iam": [iam(["kms:Encrypt"])]}, False),
        ({"key": [role(["kms:Encrypt"], Effect="Deny")], "iam": [iam(["kms:Encrypt"], "*")]}, True),
        ({"iam": [iam(["kms:Encrypt"], "*"), iam(["kms:E*"], "*", Effect="Deny")]}, False),
        ({"iam": [iam(["s3:DeleteObject"], f"{BUCKET}/*"), iam(["s3:Delete*"], "*", Effect="Deny")]}, False),
        (
            {
                "iam": [
                    iam(["s3:DeleteObject"], f"{BUCKET}/*"),
                    iam(["s3:Delete*"], f"{BUCKET}/import/*", Effect="Deny"),
                ]
            },
            True,
        ),
        (
            {"bucket": [service(["s3:DeleteObject"], Resource=f"{BUCKET}/*"), service(["s3:Delete*"], Effect="Deny")]},
            False,
        ),
        (
            {
                "bucket": [
                    service(["s3:DeleteObject"], Resource="*"),
                    service(["s3:*"], Effect="Deny", Resource=f"{BUCKET}/a"),
                ]
            },
            True,
        ),
    ],
)
def test_what_has_no_effect_is_not_too_much(policies: dict[str, list[Statement]], excess: bool) -> None:
    """A statement that gives Personalize and the role nothing, as far as is documented."""
    right = {"key": ON_KEY, "iam": [iam(IAM_ACTIONS), *READ], "bucket": ON_BUCKET}
    given = {kind: [*right[kind], *policies.get(kind, [])] for kind in right}
    assert bool(report(asked(), IMPORT, **given).excess) is excess


def test_a_boundary_may_take_all_of_it_away() -> None:
    """Of one action, not of a wildcard, of which it leaves a part."""
    for action, excess in (("kms:Encrypt", set()), ("kms:E*", {"kms:E*"}), ("kms:EnableKe?", {"kms:EnableKe?"})):
        found = model(key=[*ON_KEY, role([action])], iam=[iam(IAM_ACTIONS), iam([action])])
        found.roles[ROLE].boundary = policy("boundary", [iam([*KEY_POLICY_ACTIONS, "kms:EnableKey"], "*")])
        assert {each.action for each in compare(found).excess} == excess


def test_a_replacement_keeps_the_conditions_of_what_it_replaces() -> None:
    """In IAM and in key policies."""
    over_tls = {"Bool": {"aws:SecureTransport": "true"}}
    found = report(key=[role(["kms:*"], Condition=over_tls), ON_KEY[1]], iam=[iam(["kms:*"], Condition=over_tls)])
    assert {each.policy: each.instead for each in found.excess} == {
        "key": (role(sorted(KEY_POLICY_ACTIONS), Condition=over_tls),),
        "role": (iam(sorted(IAM_ACTIONS), Condition=over_tls),),
    }


def test_a_replacement_is_for_no_other_account() -> None:
    """Beside what else the condition says."""
    over_tls = {"Bool": {"aws:SecureTransport": "true"}}
    condition = {"StringEqualsIfExists": {"aws:SourceAccount": [ACCOUNT, "444455556666"]}, **over_tls}
    found = report(key=[role(KEY_POLICY_ACTIONS), service(["kms:*"], Condition=condition)], iam=[iam(IAM_ACTIONS)])
    (instead,) = {str(each.instead) for each in found.excess if each.instead}
    checked = {**over_tls, "StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}
    assert instead == str((service(sorted(KEY_POLICY_ACTIONS), Condition=checked),))


@pytest.mark.parametrize(
    ("is_first", "principal", "condition"),
    [(True, {"AWS": ROLE}, None), (False, "*", {"ArnEquals": {"aws:PrincipalArn": ROLE}})],
)
def test_a_replacement_names_a_role_that_is_there_first(
    is_first: bool, principal: Any, condition: Statement | None
) -> None:
    """A key of another stack refers to it; of a role that comes later it knows the name alone."""
    found = model(key=[role(["kms:*"]), ON_KEY[1]], iam=[iam(IAM_ACTIONS)])
    own = found.roles[ROLE].declared = in_main("Role")
    found.keys[KEY].declared = Declaration("Other", "Other/Key", "Key")
    found.keys[KEY].waits_for = {own} if is_first else ()
    (instead,) = {json.dumps(each.instead): each.instead[0] for each in compare(found).excess}.values()
    assert (instead["Principal"], instead.get("Condition")) == (principal, condition)


@pytest.mark.parametrize(("account", "beside"), [(ACCOUNT, ["Other/Key"]), (ANOTHER_ACCOUNT, [])])
def test_a_stack_of_another_account_makes_no_policy_of_the_role(account: str, beside: list[str]) -> None:
    """Where the key waits for the role, what refers to the key is made in its stack, in the role's own account."""
    arn = KEY.replace(ACCOUNT, account)
    found = model(asked(dataset_group_key=arn))
    own = found.roles[ROLE].declared = in_main("Role")
    where = Declaration("Other", "Other/Key", "Key")
    found.keys[arn] = Key(arn, [policy("key policy", ON_KEY)], declared=where, waits_for={own})
    told = [each for each in compare(found).missing if each.add_to == "role"]
    assert told
    assert all([place.construct_path for place in each.beside] == beside for each in told)


@pytest.mark.parametrize("questions", [[], [OpenQuestion("Main/Job", "…", role_arns=(ROLE,))]])
@pytest.mark.parametrize(
    "statements",
    [
        [role(["kms:*"], Principal="*", Condition={"ArnEquals": {"aws:PrincipalArn": ROLE}})],
        [role(["kms:*"], Principal={"AWS": "*"}, Condition={"ArnLike": {"aws:PrincipalArn": f"{ROLE[:-3]}*"}})],
        [role(["kms:*"], Principal="*", Condition={"StringEqualsIgnoreCase": {"aws:PrincipalArn": ROLE.upper()}})],
        [role(["kms:*"], Principal="*")],
        [role(KEY_POLICY_ACTIONS, Principal={"AWS": "*"})],
        [role(["kms:*"], Principal="*", Condition={"StringEquals": {"aws:PrincipalAccount": ACCOUNT}})],
        [role(["kms:*"], Principal="*", Condition={"ArnNotEquals": {"aws:PrincipalArn": SECOND_ROLE}})],
        [ALL_BUT_THE_SECOND],
        [{**ALL_BUT_THE_SECOND, "Condition": {"ArnEquals": {"aws:PrincipalArn": ROLE}}}],
        # One that names the role gives it no more than its boundary.
        [role(KEY_POLICY_ACTIONS, Principal="*"), ON_KEY[0]],
    ],
)
def test_a_replacement_keeps_the_principal_that_gets_past_the_boundary(
    statements: list[Statement], questions: list[OpenQuestion]
) -> None:
    """``*`` by ``aws:PrincipalArn``, which a permissions boundary doesn't limit, and ``*`` alone, which it may not."""

    def bounded() -> AccessModel:
        found = model(key=[*statements, ON_KEY[1]], iam=[iam(IAM_ACTIONS)])
        found.roles[ROLE].boundary = policy("boundary", [iam(IAM_ACTIONS, "*")])
        found.open_questions = questions
        return found

    before = compare(bounded())
    after = compare(followed(bounded(), before))
    assert [before.missing, after.missing, after.excess] == [(), (), ()]
    assert before.excess or questions
    assert "kms:CreateGrant" in {each.action for each in after.allowed} or not before.excess


def test_nothing_gets_past_a_boundary_across_accounts() -> None:
    """What replaces a statement for everybody names the role there."""
    arn, condition = KEY.replace(ACCOUNT, ANOTHER_ACCOUNT), {"ArnLike": {"aws:PrincipalArn": f"{ROLE[:-3]}*"}}
    found = model(asked(dataset_group_key=arn), iam=[iam(["kms:Decrypt"], "*")])
    found.keys[arn] = Key(arn, [policy("key policy", [role(["kms:*"], Principal="*", Condition=condition)])])
    found.roles[ROLE].boundary = policy("boundary", [iam(["s3:*"], "*")])
    told = {new["Principal"]["AWS"] for each in compare(found).excess if each.policy == "key" for new in each.instead}
    assert told == {ROLE}


@pytest.mark.parametrize(
    ("key", "actions", "account", "of_role", "instead"),
    [
        # The statement to add names the role, so that IAM keeps what AWS's page asks for there.
        ([ON_KEY[1]], ["kms:*"], ACCOUNT, "Main", {"kms:*": (iam(sorted(IAM_ACTIONS)),)}),
        ([ON_KEY[1]], [*IAM_ACTIONS, "kms:CreateGrant"], ACCOUNT, "Main", {"kms:CreateGrant": ()}),
        # What the key policy leaves to IAM stays there, and across accounts both have to allow; the policy of a key in
        # another stack names the account.
        ([ON_KEY[1]], ["kms:*"], ACCOUNT, "Other", {"kms:*": (iam(sorted(KEY_POLICY_ACTIONS)),)}),
        ([ACCOUNT_STATEMENT, ON_KEY[1]], ["kms:*"], ACCOUNT, "Main", {"kms:*": (iam(sorted(KEY_POLICY_ACTIONS)),)}),
        ([ON_KEY[1]], ["kms:*"], ANOTHER_ACCOUNT, "Main", {"kms:*": (iam(sorted(KEY_POLICY_ACTIONS)),)}),
    ],
)
def test_what_is_added_and_what_is_replaced_go_together(
    key: list[Statement], actions: list[str], account: str, of_role: str, instead: dict[str, tuple[Statement, ...]]
) -> None:
    """In one report, a statement that names the role is added, and nothing put into IAM that it makes needless."""
    arn = KEY.replace(ACCOUNT, account)
    found = model(asked(dataset_group_key=arn), iam=[iam(actions, arn)])
    found.keys[arn] = Key(arn, [policy("key policy", key)], declared=in_main("Key"))
    found.roles[ROLE].declared = in_main("Role")._replace(template=of_role)
    told = {each.action: each.instead for each in compare(found).excess if each.policy == "role"}
    assert told == {action: tuple({**new, "Resource": arn} for new in found) for action, found in instead.items()}


def test_a_policy_that_may_not_be_there_replaces_nothing() -> None:
    """What another policy gives only under a condition of the template has to be put in."""
    found = model(key=ON_KEY)
    surplus, conditional = policy("one", [iam(["kms:*"])]), policy("other", [iam(IAM_ACTIONS)], condition="A")
    found.roles[ROLE].identity = [surplus, conditional]
    assert [each.instead for each in compare(found).excess] == [(iam(sorted(IAM_ACTIONS)),)]


def test_a_bucket_of_another_account_has_to_let_the_role_in() -> None:
    """What is taken out of its policy is replaced for the role too."""
    found = model(IMPORT, key=ON_KEY, iam=READ, bucket=[*ON_BUCKET, role(["s3:*"], Resource=[BUCKET, f"{BUCKET}/*"])])
    found.buckets[BUCKET].account = ANOTHER_ACCOUNT
    before = compare(found)
    after = compare(followed(found, before))
    assert (len(before.excess), lines(before.missing)) == (2, set())
    assert (lines(after.missing), lines(after.excess)) == (set(), set())


def test_a_role_of_two_regions_has_a_trust_statement_for_each() -> None:
    """Each names the source as AWS's page does."""
    requests = [asked(), asked(name="books", region="us-east-1", dataset_group_key=None)]
    # The second trusts Personalize in one of them already.
    for trust, regions in (([], ("eu-west-1", "us-east-1")), ([TRUST], ("us-east-1",))):
        wide = {**TRUST, "Condition": {}}
        found = report(*requests, key=ON_KEY, iam=[iam(IAM_ACTIONS)], trust=[*trust, wide])
        (entry,) = found.excess
        assert [each["Condition"]["ArnLike"]["aws:SourceArn"] for each in entry.instead] == [
            f"arn:aws:personalize:{region}:{ACCOUNT}:*" for region in regions
        ]


KEPT_OUT = [
    {"StringNotEquals": {"aws:SourceAccount": ACCOUNT}},
    {"StringNotEqualsIfExists": {"aws:SourceAccount": ACCOUNT}},
    {"ArnNotLike": {"aws:SourceArn": f"arn:aws:personalize:*:{ACCOUNT}:*"}},
]


@pytest.mark.parametrize("condition", KEPT_OUT)
def test_a_denial_may_keep_others_out(condition: Statement) -> None:
    """Of Personalize at work for others, in key, bucket and trust policies."""
    denial = {
        "Effect": "Deny",
        "Principal": {"Service": SERVICE},
        "Action": "*",
        "Resource": "*",
        "Condition": condition,
    }
    for_all = {"key": [role(KEY_POLICY_ACTIONS), service(KEY_POLICY_ACTIONS, Condition={})], "iam": [iam(IAM_ACTIONS)]}
    trust = {**TRUST, "Condition": {}}
    of_trust = {name: element for name, element in denial.items() if name != "Resource"}
    assert {each.policy for each in report(**for_all, trust=[trust]).excess} == {"key", "trust"}
    for_all["key"].append(denial)
    assert report(**for_all, trust=[trust, of_trust]).excess == ()


@pytest.mark.parametrize(
    ("statement", "causes"),
    [
        (TRUST, []),
        # One of both conditions is enough, in whatever notation.
        ({**TRUST, "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}}, []),
        ({**TRUST, "Condition": {"StringLike": {"aws:SourceArn": f"arn:aws:personalize:*:{ACCOUNT}:*"}}}, []),
        ({**TRUST, "Condition": {"ArnLike": {"aws:SourceArn": f"arn:aws:personalize:*:{ACCOUNT}:*"}}}, []),
        ({**TRUST, "Condition": {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}}, []),
        ({**TRUST, "Condition": {"StringEquals": {"aws:SourceAccount": "${Main.Account?}"}}}, []),
        # Nothing of the source, or any source.
        ({**TRUST, "Condition": {}}, [Cause.FOR_ANY_ACCOUNT]),
        ({**TRUST, "Condition": {"StringLike": {"aws:SourceAccount": "*"}}}, [Cause.FOR_ANY_ACCOUNT]),
        (
            {**TRUST, "Condition": {"ArnLike": {"aws:SourceArn": "arn:aws:personalize:*:*:*"}}},
            [Cause.FOR_ANY_ACCOUNT],
        ),
        ({**TRUST, "Condition": {"Bool": {"aws:SecureTransport": "true"}}}, [Cause.FOR_ANY_ACCOUNT]),
        # For another account, alone or beside its own.
        *(
            ({**TRUST, "Condition": {"StringEquals": {"aws:SourceAccount": source}}}, [Cause.FOR_ANOTHER_ACCOUNT])
            for source in (ANOTHER_ACCOUNT, [ANOTHER_ACCOUNT, ACCOUNT])
        ),
        # Everybody, and another account.
        ({**TRUST, "Principal": "*", "Condition": {}}, [Cause.FOR_EVERYBODY]),
        ({**TRUST, "Principal": {"AWS": "*"}, "Condition": {}}, [Cause.FOR_EVERYBODY]),
        ({**TRUST, "Principal": "*", "Condition": {"StringEquals": {"aws:PrincipalAccount": ACCOUNT}}}, []),
        ({**TRUST, "Principal": "*", "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}}, []),
        *(
            ({**TRUST, "Principal": {"AWS": name}, "Condition": condition}, [cause])
            for condition in ({}, {"StringEquals": {"sts:ExternalId": "secret"}})
            for name, cause in (
                (ANOTHER_ACCOUNT, Cause.FOR_ANOTHER_ACCOUNT),
                (f"arn:aws:iam::{ANOTHER_ACCOUNT}:root", Cause.FOR_ANOTHER_ACCOUNT),
                (f"arn:aws:iam::{ANOTHER_ACCOUNT}:role/Somebody", Cause.FOR_ANOTHER_ACCOUNT),
                ("arn:aws:iam::${Main.Account?}:root", Cause.MAY_BE_ANOTHER_ACCOUNT),
            )
        ),
        (
            {
                **TRUST,
                "Principal": {"AWS": f"arn:aws:iam::{ANOTHER_ACCOUNT}:root"},
                "Condition": {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{ANOTHER_ACCOUNT}:role/*"}},
            },
            [Cause.FOR_ANOTHER_ACCOUNT],
        ),
        ({**TRUST, "Principal": {"AWS": ROOT}, "Condition": {}}, []),
        ({**TRUST, "Principal": {"AWS": SECOND_ROLE}, "Condition": {}}, []),
        ({**TRUST, "Principal": {"Service": "lambda.amazonaws.com"}, "Condition": {}}, []),
        ({**TRUST, "Principal": {"AWS": ANOTHER_ACCOUNT}}, []),
        ({**TRUST, "Principal": {"AWS": ANOTHER_ACCOUNT}, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}, []),
        ({**TRUST, "Effect": "Deny", "Principal": {"AWS": ANOTHER_ACCOUNT}, "Condition": {}}, []),
        ({**TRUST, "Action": "sts:TagSession", "Condition": {}}, []),
    ],
)
def test_whom_a_trust_policy_lets_in(statement: Statement, causes: list[Cause]) -> None:
    """Beside Personalize for its own account, in the role that it takes: too much, and never missing."""
    found = report(key=ON_KEY, iam=[iam(IAM_ACTIONS)], trust=[TRUST, statement])
    assert (found.missing, found.problems) == ((), ())
    beyond = [*found.excess, *found.undecided]
    assert [each.cause for each in beyond] == causes
    assert all((each.policy, each.policy_of, each.action) == ("trust", ROLE, "sts:AssumeRole") for each in beyond)
    # What is needed is there.
    assert [each.instead for each in found.excess] == [()] * len(found.excess)
    in_its_place = "put the account in which Personalize works in its place, or only remove it where that is named too"
    assert {each.fix for each in found.excess} <= {"remove it", "remove that one, or the statement", in_its_place}


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
        (OpenQuestion("Main/Job", "…", asks=()), {"s3:DeleteObject", "s3:PutObject", "s3:Get*", "kms:*", "*"}),
    ],
)
def test_nothing_is_taken_out_that_an_open_request_may_need(question: OpenQuestion, too_much: set[str]) -> None:
    """It is said that it isn't known; what no page asks for is too much in any case."""
    surplus = [iam(["s3:PutObject", "s3:Get*", "s3:DeleteObject"], f"{BUCKET}/*"), iam(["kms:*", "*"])]
    found = model(asked(), IMPORT, key=ON_KEY, iam=[iam(IAM_ACTIONS), *READ, *surplus], bucket=ON_BUCKET)
    found.open_questions = [question]
    result = compare(found)
    assert {each.action for each in result.excess} == too_much
    open_ones = [each for each in result.undecided if each.action]
    every = {"s3:DeleteObject", "s3:PutObject", "s3:Get*", "kms:*", "*"}
    assert {each.action for each in open_ones} == every - too_much
    assert all(
        each.because.partition(": ")[2]
        == "nothing that can be seen asks for it, and Main/Job, which can't be seen in full, may"
        for each in open_ones
    )


def test_an_open_request_and_personalize_itself() -> None:
    """Whatever role it has, the service may need more; a statement for everybody is too much all the same."""
    public = service(["s3:GetObject"], Resource=f"{BUCKET}/import/*", Principal="*", Condition={})
    found = model(
        IMPORT, key=ON_KEY, iam=READ, bucket=[*ON_BUCKET, service(["s3:PutObject"], Resource=f"{BUCKET}/*"), public]
    )
    found.open_questions = [OpenQuestion("Main/Job", "…", role_arns=(SECOND_ROLE,))]
    result = compare(found)
    assert [each.cause for each in result.excess] == [Cause.FOR_EVERYBODY]
    assert [each.action for each in result.undecided if each.action] == ["s3:PutObject"]


OPEN_OBJECTS = service(["s3:GetObject", "s3:PutObject"], Resource=f"{BUCKET}/*", Condition={})
CHECKED = {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}


@pytest.mark.parametrize(
    ("statements", "instead"),
    [
        # Wildcards in a key policy, alone and beside what no page asks for, for the service and for everybody.
        ({"key": [*ON_KEY[:1], service(["kms:*"], Condition={})]}, [service(["kms:*"])]),
        (
            {"key": [*ON_KEY[:1], service(["kms:Encrypt", "kms:*"], Condition={}, Sid="All")]},
            [service(["kms:*"])],
        ),
        (
            {"key": [*ON_KEY[:1], service([*KEY_POLICY_ACTIONS, "kms:Generate*"], Condition={})]},
            [service([*KEY_POLICY_ACTIONS, "kms:Generate*"])],
        ),
        ({"key": [service(["kms:*"], Principal=BOTH, Condition={})]}, [service(["kms:*"], Principal=BOTH)]),
        (
            {"key": [role(["kms:*"], Principal="*")]},
            [role(["kms:*"]), service(["kms:*"])],
        ),
        # Everything but something, and what another statement gives already, with a condition.
        (
            {
                "key": [
                    *ON_KEY[:1],
                    {
                        "Effect": "Allow",
                        "Principal": {"Service": SERVICE},
                        "NotAction": "kms:ScheduleKeyDeletion",
                        "NotResource": "arn:aws:sns:*:*:*",
                    },
                ]
            },
            [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": SERVICE},
                    "NotAction": "kms:ScheduleKeyDeletion",
                    "Condition": CHECKED,
                    "NotResource": "arn:aws:sns:*:*:*",
                }
            ],
        ),
        ({"key": [*ON_KEY, service(["kms:*"], Condition={})]}, [service(["kms:*"])]),
        # Two that give the same, to others too.
        (
            {"key": [service(["kms:*"], Condition={}), service(["kms:*"], Principal=BOTH, Condition={})]},
            [service(["kms:*"]), service(["kms:*"], Principal=BOTH)],
        ),
        # The whole bucket, other prefixes, and what they are listed with.
        (
            {"bucket": [OPEN_OBJECTS, ON_BUCKET[1]]},
            [{**OPEN_OBJECTS, "Condition": CHECKED}],
        ),
        (
            {"bucket": [{**OPEN_OBJECTS, "Resource": [f"{BUCKET}/import/*", f"{BUCKET}/else/*"]}, ON_BUCKET[1]]},
            [{**OPEN_OBJECTS, "Resource": [f"{BUCKET}/import/*", f"{BUCKET}/else/*"], "Condition": CHECKED}],
        ),
        (
            {"bucket": [service(["s3:*"], Resource=[BUCKET, f"{BUCKET}/*"], Condition=ANY_CONDITION)]},
            [service(["s3:*"], Resource=[BUCKET, f"{BUCKET}/*"], Condition={**ANY_CONDITION, **CHECKED})],
        ),
        (
            {
                "bucket": [
                    service(["s3:Get*", "s3:List*"], Resource=[BUCKET, f"{BUCKET}/*"], Principal="*", Condition={})
                ]
            },
            [service(["s3:Get*", "s3:List*"], Resource=[BUCKET, f"{BUCKET}/*"])],
        ),
        (
            {"bucket": [{**OPEN_OBJECTS, "Principal": {"AWS": "*", "Service": SERVICE}}, ON_BUCKET[1]]},
            [{**OPEN_OBJECTS, "Condition": CHECKED}],
        ),
    ],
)
def test_a_statement_for_any_account_of_which_an_open_request_may_need_all(
    statements: dict[str, Any], instead: list[Statement]
) -> None:
    """It gets the condition and loses nothing, whatever of it is seen to be needed."""

    def asks() -> AccessModel:
        found = model(
            asked(), IMPORT, **{"key": ON_KEY, "iam": [iam(IAM_ACTIONS), *READ], "bucket": ON_BUCKET, **statements}
        )
        found.open_questions = [OpenQuestion("Main/Job", "…")]
        return found

    before = compare(asks())
    too_much = [each for each in before.excess if each.action != "kms:Encrypt"]
    assert [new for each in too_much for new in each.instead if new not in instead] == []
    assert all(each.instead for each in too_much)
    after = compare(followed(asks(), before))
    assert (lines(after.missing), lines(after.excess)) == (set(), set())
    # A role's own reach into a bucket is that of its IAM policies.
    assert {each for each in lines(before.undecided) if each[:2] != ("role", "bucket")} == lines(after.undecided)
    assert len(after.allowed) == len(before.allowed)


MATRIX_ACTIONS = {action for row in matrix.ROWS for group in row.groups() for action in group.actions}


def test_no_remedy_has_an_action_that_no_page_asks_for() -> None:
    """Whatever the statements are that it replaces or adds to: those of the matrix, and what a trust policy has."""
    wide = {"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:sns:*:*:*"}
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}
    requests = [
        asked(row, name=row.resource, role_arn=arn, source=location("in/"), destination=location("out/"))
        for row in matrix.ROWS
        for arn in (ROLE, SECOND_ROLE)
    ]
    remedies: list[Any] = []
    for statements in ([], [wide], [iam(["*", "logs:*", "kms:Encrypt"], "*")]):
        for of_resource in ([], [everybody], [role(["kms:*", "s3:*"], Principal=BOTH)]):
            found = model(*requests, key=of_resource, bucket=of_resource, iam=statements, trust=[everybody])
            found.roles[SECOND_ROLE] = Role(SECOND_ROLE, boundary=policy("boundary", statements))
            result = compare(found)
            remedies += [each.add for each in result.missing if each.add is not None]
            remedies += [each for entry in result.excess for each in entry.instead]
            remedies += [each for problem in result.problems for each in problem.add]
    actions = {action for remedy in remedies for action in as_list(remedy["Action"])}
    assert actions == {*MATRIX_ACTIONS, "sts:AssumeRole"}
