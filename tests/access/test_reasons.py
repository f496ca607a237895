"""In which words a decision says why: the policy, whose it is, and what can't be seen of it."""

from dataclasses import replace
from typing import Any

import pytest

from personalize_kms_check._comparison import compare
from personalize_kms_check._evaluation import calls, decision
from personalize_kms_check._evaluation.statements import verdict_of
from personalize_kms_check._model.causes import Cause
from personalize_kms_check._model.model import AccessModel, Key, Role
from personalize_kms_check._model.policy_documents import Policy
from personalize_kms_check._model.requests import Location
from personalize_kms_check._shared.answers import Answer
from tests.access.models import (
    ACCOUNT,
    BUCKET,
    IAM_ACTIONS,
    IMPORT_JOB,
    KEY,
    KEY_POLICY_ACTIONS,
    ON_BUCKET,
    ON_KEY,
    READ,
    REGION,
    ROLE,
    TRUST,
    asked,
    iam,
    in_main,
    location,
    model_of,
    policy,
    role,
    service,
)

GIVEN = {"key": ON_KEY, "iam": READ, "bucket": ON_BUCKET}
NOT_IN_KEY_POLICY = "the key policy has no statement that allows it"
NOT_IN_IAM = "no IAM policy of the role allows it"
LEFT_TO_IAM = "the key policy leaves it to the role's IAM policies, which don't allow it"
BOTH_SIDES = (
    "no IAM policy of the role allows it, and across accounts the key policy has to allow it too: "
    "statement 1 of key policy: Principal ${Main.P?}: Main.P isn't known before deployment"
)
NOT_IN_BUCKET_POLICY = "the bucket policy has no statement that allows it"
KEY_UNSEEN = f"the key policy of {KEY} can't be seen: it is imported"
BUCKET_UNSEEN = f"the bucket policy of {BUCKET} can't be seen: it is imported"
ROLE_UNSEEN = f"not all policies of role {ROLE} can be seen: it is imported"
BOUNDARY_UNSEEN = "the permissions boundary can't be seen: it is imported"
BY_EVERYBODY = [role(KEY_POLICY_ACTIONS, Principal="*"), service(KEY_POLICY_ACTIONS)]


UNSEEN, BY_ANOTHER = {"unseen": "it is imported"}, {"account": "222222222222"}


@pytest.mark.parametrize(
    ("emptied", "changes", "principals", "reason"),
    [
        ("key", {}, ["role", "service"], NOT_IN_KEY_POLICY),
        ("key", UNSEEN, ["role", "service"], KEY_UNSEEN),
        ("bucket", {}, ["service"], NOT_IN_BUCKET_POLICY),
        ("bucket", UNSEEN, ["service"], BUCKET_UNSEEN),
        ("bucket", BY_ANOTHER, ["role", "service"], NOT_IN_BUCKET_POLICY),
        ("bucket", {**BY_ANOTHER, **UNSEEN}, ["role", "service"], BUCKET_UNSEEN),
        ("iam", UNSEEN, ["role"], ROLE_UNSEEN),
    ],
)
def test_a_reason_names_the_policy(
    emptied: str, changes: dict[str, Any], principals: list[str], reason: str
) -> None:
    """A missing statement, and a policy that can't be seen, for the role and for Personalize."""
    model = model_of(asked(IMPORT_JOB, source=location()), **{**GIVEN, emptied: []})
    owners = {"key": model.keys[KEY], "bucket": model.buckets[BUCKET], "iam": model.roles[ROLE]}
    for name, value in changes.items():
        setattr(owners[emptied], name, value)
    column = emptied.replace("iam", "role")
    assert reasons_of(model) == {(principal, column, reason) for principal in principals}


@pytest.mark.parametrize(
    ("account", "principal", "reasons"),
    [
        (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root", {NOT_IN_IAM, LEFT_TO_IAM}),
        # As YAML has it without quotes.
        (ACCOUNT, int(ACCOUNT), {NOT_IN_IAM, LEFT_TO_IAM}),
        (ACCOUNT, "${Main.P?}", {NOT_IN_IAM}),
        (ACCOUNT, "222222222222", {NOT_IN_IAM, NOT_IN_KEY_POLICY}),
        ("222222222222", "${Main.P?}", {BOTH_SIDES}),
    ],
)
def test_a_reason_names_the_sides_that_lack_it(
    account: str, principal: str | int, reasons: set[str]
) -> None:
    """Key policy and IAM, for a role without any statement in IAM."""
    arn = KEY.replace(ACCOUNT, account)
    statement = role(KEY_POLICY_ACTIONS, Principal={"AWS": principal})
    model = model_of(asked(dataset_group_key=arn), iam=[])
    model.keys[arn] = Key(arn, policies=[policy("key policy", [statement])])
    lacking = [entry for entry in compare(model).missing if entry.principal == "role"]
    assert {entry.because for entry in lacking} == reasons


def test_a_reason_says_what_a_boundary_leaves_open() -> None:
    """It can't be seen, or refuses what everybody has."""
    model = model_of(asked(IMPORT_JOB, source=location()), **GIVEN)
    model.roles[ROLE].unseen_boundary = "it is imported"
    told = reasons_of(model)
    assert told == {("role", "key", BOUNDARY_UNSEEN), ("role", "role", BOUNDARY_UNSEEN)}
    model = model_of(asked(IMPORT_JOB, source=location()), **{**GIVEN, "key": BY_EVERYBODY})
    model.roles[ROLE].boundary = policy("boundary", [iam(["s3:*"], "*")])
    because = (
        "statement 1 of key policy: whether a permissions boundary limits what it allows "
        "isn't documented; the role's permissions boundary doesn't allow it"
    )
    assert reasons_of(model) == {("role", "key", because)}


def reasons_of(model: AccessModel) -> set[tuple[str, str, str]]:
    """Return why anything is missing or undecided, with the principal and the policy."""
    report = compare(model)
    entries = [*report.missing, *report.undecided]
    return {(entry.principal, entry.policy, entry.because) for entry in entries}


UNKNOWN_ACTION = {"Ref": "Actions"}
FROM_AN_ADDRESS = {"StringEquals": {"aws:SourceIp": "10.0.0.1"}}
OF_ADDRESS = "condition StringEquals aws:SourceIp: the check doesn't know what Personalize sends"
SESSION = ROLE.replace(":iam:", ":sts:").replace(":role/", ":assumed-role/") + "/x"
IS_UNKNOWN = "isn't known before deployment"
OF_RESOURCE = f"Resource ${{Main.Key?}}: Main.Key {IS_UNKNOWN}"


def of_key_policy(*statements: dict[str, Any]) -> set[str]:
    """Return why the role lacks something on its key, or may; elements of None are left out."""
    key = []
    for statement in statements:
        key.append({name: value for name, value in statement.items() if value is not None})
    report = compare(model_of(key=[*key, service(KEY_POLICY_ACTIONS)], iam=[iam(IAM_ACTIONS)]))
    return {entry.because for entry in (*report.missing, *report.undecided)}


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ({"Effect": "${Main.Effect?}"}, f"Effect (Main.Effect) {IS_UNKNOWN}"),
        ({"Principal": "${Main.Principal?}"}, f"Principal (Main.Principal) {IS_UNKNOWN}"),
        ({"Principal": {"AWS": [{"Ref": "Role"}]}}, f"Principal {IS_UNKNOWN}"),
        ({"Principal": {"Anybody": ROLE}}, "Principal Anybody isn't understood"),
        (
            {"Principal": {"AWS": SESSION}},
            f"Principal {SESSION}: which session Personalize has isn't documented",
        ),
        (
            {"Principal": {"AWS": "${Main.Role?}"}},
            f"Principal ${{Main.Role?}}: Main.Role {IS_UNKNOWN}",
        ),
        (
            {"Principal": {"AWS": ["${Main.A?}", "${Main.B?}"]}},
            f"Principal ${{Main.A?}}: Main.A {IS_UNKNOWN}; statement 1 of key policy: "
            f"Principal ${{Main.B?}}: Main.B {IS_UNKNOWN}",
        ),
        (
            {"Principal": {"AWS": "AROAEXAMPLEID"}},
            "Principal AROAEXAMPLEID is the id of a role, which may have been deleted",
        ),
        ({"Action": [UNKNOWN_ACTION]}, f"Action {IS_UNKNOWN}"),
        ({"Actions": "kms:*"}, "element Actions isn't understood"),
        ({"Action": "${Main.Actions?}"}, f"Action ${{Main.Actions?}}: Main.Actions {IS_UNKNOWN}"),
        ({"Resource": "${Main.Key?}"}, OF_RESOURCE),
        (
            {"Condition": {"StringEquals": "x"}},
            "condition operator StringEquals without condition keys",
        ),
        (
            {"Condition": "${Main.If?} and ${Main.Or?}"},
            f"Condition (Main.If, Main.Or) {IS_UNKNOWN}",
        ),
        (
            {"Condition": {"Bool": "${Main.Keys?}"}},
            f"condition operator Bool (Main.Keys) {IS_UNKNOWN}",
        ),
        # All that leaves it open is told, and nothing that doesn't.
        (
            {"Resource": "${Main.Key?}", "Condition": FROM_AN_ADDRESS},
            f"{OF_RESOURCE}; statement 1 of key policy: {OF_ADDRESS}",
        ),
        ({"Action": [UNKNOWN_ACTION, "kms:*"], "Condition": FROM_AN_ADDRESS}, OF_ADDRESS),
    ],
)
def test_a_reason_names_what_leaves_a_statement_open(elements: dict[str, Any], reason: str) -> None:
    statement = {**role(KEY_POLICY_ACTIONS), **elements}
    assert of_key_policy(statement) == {f"statement 1 of key policy: {reason}"}


def test_a_reason_names_each_statement_that_allows_it_or_may() -> None:
    reasons = [f"statement {number} of key policy: {OF_ADDRESS}" for number in (1, 2)]
    assert of_key_policy(*[role(KEY_POLICY_ACTIONS, Condition=FROM_AN_ADDRESS)] * 2) == {
        "; ".join(reasons)
    }
    holes: Any = ["${Main.One?}", "${Main.Other?}"]
    unknown = compare(model_of(key=holes, iam=[iam(IAM_ACTIONS)])).undecided
    reasons = [f"statement {number} of key policy {IS_UNKNOWN}" for number in (1, 2)]
    assert {entry.because for entry in unknown} == {"; ".join(reasons)}
    both = "statement 1 of key policy; statement 2 of key policy"
    for second in (role(KEY_POLICY_ACTIONS), BY_EVERYBODY[0]):
        allowed = compare(model_of(key=[role(KEY_POLICY_ACTIONS), second])).allowed
        assert {entry.because for entry in allowed if entry.principal == "role"} == {both}


NAMED_BY_AWS, OF_A_STACK = "arn:aws:s3:::${Main.Data}", "arn:aws:s3:::data-${AWS::AccountId}"


@pytest.mark.parametrize(
    ("bucket", "pattern", "why"),
    [
        (NAMED_BY_AWS, "arn:aws:s3:::main-data-*", "the name of Main.Data isn't in the template"),
        (OF_A_STACK, f"arn:aws:s3:::data-{ACCOUNT}/*", f"AWS::AccountId {IS_UNKNOWN}"),
        (
            BUCKET,
            f"{BUCKET}/import/a*",
            "is about a part of what is needed, and which part Personalize uses isn't documented",
        ),
        # What both have in common leaves nothing open.
        (
            "arn:aws:s3:::${Main.Name?}",
            "arn:aws:s3:::${Main.Name?}/import/a*",
            "is about a part of what is needed, and which part Personalize uses isn't documented",
        ),
    ],
)
def test_a_reason_tells_a_name_that_is_not_known_from_a_pattern_that_is_narrow(
    bucket: str, pattern: str, why: str
) -> None:
    """The bucket's own name may be what leaves it open."""
    request = asked(IMPORT_JOB, source=Location(bucket, "import/"))
    report = compare(model_of(request, key=ON_KEY, iam=[iam(["s3:GetObject"], pattern)]))
    in_iam = [entry for entry in report.undecided if entry.policy == "role"]
    (because,) = [entry.because for entry in in_iam if entry.action == "s3:GetObject"]
    told = because.removeprefix(f"statement 1 of IAM policy: Resource {pattern}").strip(": ")
    assert told == why


@pytest.mark.parametrize(
    ("arn", "pattern", "why"),
    [
        (
            f"arn:aws:iam::{ACCOUNT}:role/${{Main.Role}}",
            "main-role-*",
            "the name of Main.Role isn't in the template",
        ),
        (f"arn:aws:iam::{ACCOUNT}:role/${{Main.Name?}}", "main-role-*", f"Main.Name {IS_UNKNOWN}"),
    ],
)
def test_a_reason_says_that_a_role_s_name_is_not_known(arn: str, pattern: str, why: str) -> None:
    """Where a condition has a pattern of it."""
    named = arn.partition("role/")[0] + f"role/{pattern}"
    of_account = role(KEY_POLICY_ACTIONS, Principal={"AWS": f"{arn.partition(':role')[0]}:root"})
    statement = {**of_account, "Condition": {"ArnLike": {"aws:PrincipalArn": named}}}
    model = model_of(asked(role_arn=arn), key=[statement, service(KEY_POLICY_ACTIONS)])
    identity = [policy("IAM", [iam(KEY_POLICY_ACTIONS)])]
    model.roles = {arn: Role(arn, trust=[policy("trust", [TRUST])], identity=identity)}
    told = {
        entry.because.partition("; ")[0]
        for entry in compare(model).undecided
        if entry.policy == "key"
    }
    assert told == {f"statement 1 of key policy: condition ArnLike aws:PrincipalArn: {why}"}


def test_a_reason_says_that_a_statement_is_unknown() -> None:
    """A parameter may hold all of it; it may allow, or deny."""
    model = model_of(asked(IMPORT_JOB, source=location()), **GIVEN)
    unknown: list[Any] = ["${Main.Statement?}"]
    model.roles[ROLE].identity = [policy("IAM policy", READ + unknown)]
    assert {entry.because for entry in compare(model).undecided} == {
        f"may be denied: statement 3 of IAM policy {IS_UNKNOWN}"
    }


def test_a_reason_says_that_the_name_of_the_role_is_unknown() -> None:
    """Where the policy names one by its ARN."""
    role_arn = "${Main.RoleArn?}"
    model = model_of(asked(role_arn=role_arn), key=ON_KEY)
    model.roles = {role_arn: Role(role_arn, trust=[policy("trust policy", [TRUST])])}
    reasons = {entry.because for entry in compare(model).undecided if entry.policy == "key"}
    assert reasons == {
        f"statement 1 of key policy: Principal {ROLE}: the role {IS_UNKNOWN}; "
        "it isn't known whether role and key are in one account"
    }


NOT_OF_THE_APP = "it isn't part of the app"
PASS_POLICY = f"pass what it says with --policy {KEY}=FILE, for a synth in cdk.json"


@pytest.mark.parametrize(
    ("owner", "remedy"),
    [
        (Key(KEY, unseen=NOT_OF_THE_APP), PASS_POLICY),
        (Key(KEY.replace(":aws:", ":${AWS::Partition}:"), unseen=NOT_OF_THE_APP), PASS_POLICY),
        (Key(KEY, unseen="it is imported"), ""),
        (Key(KEY.replace("1234", "${Main.Id?}"), unseen=NOT_OF_THE_APP), "pass --parameters Id=…"),
        # No policy of a role can be passed by its ARN.
        (Role(ROLE, unseen_trust=NOT_OF_THE_APP), ""),
    ],
)
def test_a_remedy_names_what_settles_an_unseen_policy(owner: Key | Role, remedy: str) -> None:
    call = calls.call_on(owner, calls.service(ACCOUNT, REGION), "kms:Decrypt", owner.arn)
    (doubt,) = decision.by_owner(call, owner).reason.doubts
    assert doubt.remedy == remedy


def test_what_is_not_seen_of_a_role() -> None:
    """A parameter may say which it is, if it isn't the app's."""
    unseen = Role(ROLE.replace("Role", "${Main.Role?}"), unseen="it may have more")
    call = calls.call_on(Key(KEY), calls.role(unseen, REGION), "kms:Decrypt", KEY)
    (doubt,) = decision.by_iam(unseen, call).caller.doubts
    assert (doubt.cause, doubt.remedy) == (Cause.POLICIES_UNSEEN, "pass --parameters Role=…")
    declared = replace(unseen, declared=in_main("Role"), unseen_boundary="x")
    (doubt,) = decision.by_iam(declared, call).caller.doubts
    assert (doubt.cause, doubt.remedy) == (Cause.NOT_KNOWN, "")
    (of_boundary,) = decision.by_boundary(declared, call).caller.doubts
    assert of_boundary.values == {"arn": unseen.arn, "why": "x"}


def test_a_boundary_may_mean_the_app_s_own_by_a_parameter() -> None:
    """Whoever wrote it, a construct's own request counts as any other."""
    bound = Role(ROLE, trust=[], boundary=policy("boundary", [iam(["kms:*"], "${Main.Key?}")]))
    call = calls.call_on(Key(KEY), calls.role(bound, REGION), "kms:Decrypt", KEY)
    own = replace(call, is_on_own=True)
    assert decision.by_boundary(bound, own).allowed.answer is Answer.MAYBE


OWN_BY_PARAMETER = {"Action": "kms:*", "Resource": "${Main.Key?}"}


@pytest.mark.parametrize(
    ("elements", "answer"),
    [
        (OWN_BY_PARAMETER, Answer.NO),
        ({"Action": "kms:*", "Resource": ["${Main.Key?}", "*"]}, Answer.YES),
        ({"Action": "kms:*", "NotResource": "${Main.Key?}"}, Answer.MAYBE),
        ({"Action": "${Main.Action?}", "Resource": "*"}, Answer.MAYBE),
    ],
)
def test_a_parameter_is_never_the_app_s_own_key(elements: Any, answer: Answer) -> None:
    """For a construct's own request; what a denial means by it isn't known."""
    own = calls.call_on(Key(KEY), calls.role(Role(ROLE), REGION), "kms:Decrypt", KEY)
    own = replace(own, is_on_own=True)
    allows, denies = [
        [policy("IAM policy", [{"Effect": effect, **elements}])] for effect in ("Allow", "Deny")
    ]
    assert verdict_of(allows, own, of_resource=False).allowed.answer is answer
    denied = verdict_of(denies, own, of_resource=False).denied
    assert denied.answer is max(answer, Answer.MAYBE)


@pytest.mark.parametrize(("is_given", "answer"), [(True, Answer.MAYBE), (False, Answer.NO)])
def test_a_policy_as_aws_returned_it_has_ids(is_given: bool, answer: Answer) -> None:
    """One of them may be that of the app's own key; a template has none that AWS generated."""
    own = "arn:aws:kms:eu-west-1:111122223333:key/${Main.Key}"
    call = calls.call_on(Key(own), calls.role(Role(ROLE), REGION), "kms:Decrypt", own)
    document = {"Statement": [iam("kms:Decrypt", own.replace("${Main.Key}", "1234abcd"))]}
    found = verdict_of([Policy(document, "policy", is_given=is_given)], call, of_resource=False)
    assert found.allowed.answer is answer


def test_a_reason_names_what_several_policies_say() -> None:
    """The statements that deny, and what leaves statements open."""
    denial = {"Effect": "Deny", "Action": "kms:*", "Resource": "*"}
    report = compare(
        model_of(key=[*ON_KEY, {**denial, "Principal": "*"}], iam=[iam(IAM_ACTIONS), denial])
    )
    (entry,) = [entry for entry in report.missing if entry.action == "kms:CreateGrant"][:1]
    assert entry.because == "denied by statement 3 of key policy; statement 2 of IAM policy"
    in_iam = iam("kms:Decrypt", "${Main.Key?}", Sidd="x", Effect="Deny")
    in_key_policy = role("kms:Decrypt", Sidd="x", Effect="Deny")
    report = compare(model_of(key=[*ON_KEY, in_key_policy], iam=[iam(IAM_ACTIONS), in_iam]))
    (entry,) = [entry for entry in report.undecided if entry.policy == "key"]
    assert entry.because == (
        "may be denied: statement 3 of key policy: element Sidd isn't understood; "
        "statement 2 of IAM policy: Resource ${Main.Key?}: Main.Key isn't known before deployment; "
        "statement 2 of IAM policy: element Sidd isn't understood"
    )


def test_a_policy_with_elements_that_no_policy_has() -> None:
    """What they stand for isn't known."""
    model = model_of(asked(), key=ON_KEY)
    document = {"Statement": [], "Fn::Transform": {"Name": "AWS::Include"}, "Fn::More": 1}
    model.roles[ROLE].identity = [Policy(document, "Included")]
    of_role = [entry for entry in compare(model).undecided if entry.policy == "role"]
    assert {entry.action for entry in of_role} == set(IAM_ACTIONS)
    assert {entry.because for entry in of_role} == {
        "element Fn::More, Fn::Transform isn't understood"
    }
