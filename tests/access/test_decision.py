"""Decisions on calls: elements of statements, principals, boundaries, and unseen policies."""

import json
from typing import Any

import pytest

from personalize_kms_check import matrix
from personalize_kms_check._comparison import compare
from personalize_kms_check._evaluation.addressees import Addressee, addressed_to
from personalize_kms_check._evaluation.calls import Caller
from personalize_kms_check._model.causes import Cause
from personalize_kms_check._model.model import Key
from personalize_kms_check._model.policy_documents import Policy, Position
from personalize_kms_check._shared.answers import Answer
from personalize_kms_check._shared.values import as_written
from tests.access.models import (
    ACCOUNT,
    ANOTHER_ACCOUNT,
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
    ROOT,
    SERVICE,
    TRUST,
    Statement,
    asked,
    iam,
    lacking,
    location,
    model_of,
    policy,
    report_of,
    role,
    service,
)

IMPORT = asked(IMPORT_JOB, source=location())
EVERYTHING: dict[str, list[Statement]] = {"key": ON_KEY, "iam": READ, "bucket": ON_BUCKET}
COMPLETE: dict[str, list[Statement]] = {**EVERYTHING, "trust": [TRUST]}
OTHER_ROLE = f"arn:aws:iam::{ACCOUNT}:role/Other"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/PersonalizeRole/session"
BY_ARN = {"ArnEquals": {"aws:PrincipalArn": ROLE}}
ALL = set(KEY_POLICY_ACTIONS)


def columns(entries: Any) -> set[tuple[str, str]]:
    """Return principals and policies of entries."""
    return {(entry.principal, entry.policy) for entry in entries}


def test_without_a_denial_nothing_is_missing() -> None:
    """So that the findings of the tests below come from what they change."""
    report = report_of(IMPORT, **EVERYTHING)
    assert (report.missing, report.undecided, report.excess, report.problems) == ((), (), (), ())


@pytest.mark.parametrize(
    ("statement", "missing"),
    [
        (role([], NotAction=["kms:Encrypt"]), set()),
        (
            role([], NotAction=["kms:Decrypt", "kms:*Grant*"]),
            {"kms:Decrypt", "kms:CreateGrant", "kms:ListGrants"},
        ),
        (role(["kms:*"]), set()),
        (role(["kms:D*", "kms:?reateGrant"]), {"kms:GenerateDataKey", "kms:ListGrants"}),
        (role(["KMS:decrypt"]), ALL - {"kms:Decrypt"}),
        (role([{"Ref": "Action"}, "kms:*"]), set()),
        (role(["kms:*"], Resource=f"{KEY}2"), ALL),
        (role(["kms:*"], Resource=KEY), set()),
        ({**role(["kms:*"]), "NotResource": [KEY], "Resource": None}, ALL),
        (role(["kms:*"], Principal={"AWS": f"{ROLE}2"}), ALL),
        (role(["kms:*"], Principal={"AWS": ROLE.lower()}), ALL),
        (role(["kms:*"], Principal={"AWS": ["arn:aws:iam::111122223333:role/x", ROLE]}), set()),
        (role(["kms:*"], Principal={"AWS": ROOT}), ALL),
        (role(["kms:*"], Principal="*"), set()),
        # No service, nor another account's user, nor the session of a user is the role; of strings,
        # IAM takes "*" alone.
        (role(["kms:*"], Principal={"Federated": "accounts.google.com"}), ALL),
        (role(["kms:*"], Principal={"Service": "${Main.Service?}"}), ALL),
        (role(["kms:*"], Principal={"CanonicalUser": "79a5"}), ALL),
        (
            role(["kms:*"], Principal={"AWS": SESSION.replace("assumed-role", "federated-user")}),
            ALL,
        ),
        (role(["kms:*"], Principal=ROLE), ALL),
        # KMS takes a statement without them all the same.
        (role([], Action=None), ALL),
        (role(["kms:*"], Resource=None), ALL),
    ],
)
def test_elements_of_statements(statement: Statement, missing: set[str]) -> None:
    """Wildcards, inverted elements and principals; IAM allows no KMS here, nor does delegation."""
    statement = {name: value for name, value in statement.items() if value not in ([], None)}
    report = report_of(asked(IMPORT_JOB), key=[statement, service(KEY_POLICY_ACTIONS)])
    assert {entry.action for entry in report.missing if entry.principal == "role"} == missing
    assert report.undecided == ()


@pytest.mark.parametrize("effect", ["Allow", "Deny"])
@pytest.mark.parametrize(
    ("place", "change"),
    [
        # The effect is required, and its case counts.
        *((place, {"Effect": None}) for place in ("key", "iam", "bucket", "trust")),
        *(("key", {"Effect": effect}) for effect in ("allow", "DENY", ["Deny"], "")),
        *((place, {"Principal": None}) for place in ("key", "bucket", "trust")),
        *((place, {"Action": None}) for place in ("key", "iam", "bucket", "trust")),
        *((place, {"Resource": None}) for place in ("key", "iam", "bucket")),
        ("iam", {"Principal": "*"}),
        ("iam", {"Principal": {"AWS": ROLE}}),
        ("iam", {"NotPrincipal": {"AWS": OTHER_ROLE}}),
        ("trust", {"Principal": None, "NotPrincipal": {"Service": "lambda.amazonaws.com"}}),
    ],
)
def test_a_statement_that_no_policy_of_its_kind_may_have_has_no_effect(
    place: str, change: Statement, effect: str
) -> None:
    """It denies nothing beside all that is needed, and allows nothing in the place of it."""
    of_all = {"Effect": effect, "Action": "*", "Resource": "*", "Principal": "*"}
    # The element that its kind of policy can't have.
    del of_all[{"iam": "Principal", "trust": "Resource"}.get(place, "Resource")]
    changed = {**of_all, **change}
    statement = {name: value for name, value in changed.items() if value is not None}
    report = report_of(IMPORT, **{**COMPLETE, place: [*COMPLETE[place], statement]})
    assert (report.missing, report.undecided) == ((), ())
    # AWS refuses it: see test_documents.
    assert {problem.kind for problem in report.problems} <= {"configuration"}
    without = report_of(IMPORT, **{**COMPLETE, place: [statement]})
    assert without.undecided == ()
    assert without.missing or without.problems


ALIAS = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/movies"


@pytest.mark.parametrize(
    "key_arn",
    [KEY, "${Main.KeyArn?}", f"arn:aws:kms:{REGION}:${{AWS::AccountId}}:key/${{Main.Key}}"],
)
@pytest.mark.parametrize(
    ("resources", "allowed"),
    [
        ({"Resource": ALIAS}, False),
        ({"Resource": "arn:aws:kms:*:*:alias/*"}, False),
        ({"Resource": [ALIAS, "arn:aws:kms:*:*:alias/${Main.Alias?}"]}, False),
        # An alias that is spared, or denied, spares no key.
        ({"NotResource": ALIAS}, True),
        ({"Resource": "*"}, True),
    ],
)
def test_the_arn_of_an_alias_is_never_about_its_key(
    resources: Statement, allowed: bool, key_arn: str
) -> None:
    """KMS's guide: "the policy applies to the alias, not to the KMS key", whatever key is meant."""
    model = model_of(
        asked(dataset_group_key=key_arn), iam=[{"Effect": "Allow", "Action": "kms:*", **resources}]
    )
    model.keys[key_arn] = Key(key_arn, [policy("key policy", ON_KEY)])
    of_iam = [entry for entry in compare(model).allowed if entry.policy == "role"]
    assert {entry.action for entry in of_iam} == (set(IAM_ACTIONS) if allowed else set())
    assert not [entry for entry in compare(model).undecided if entry.policy == "role"]


@pytest.mark.parametrize(
    ("resources", "answer"),
    [
        ({"Resource": "*"}, "allowed"),
        ({"Resource": ["arn:aws:cloudwatch:*:*:alarm:*", "**"]}, "allowed"),
        ({"NotResource": "arn:aws:cloudwatch:*:*:alarm:*"}, "allowed"),
        ({"Resource": "arn:aws:cloudwatch:*:*:*"}, "missing"),
        ({"NotResource": "*"}, "missing"),
        ({"Resource": "${Main.Resource?}"}, "undecided"),
    ],
)
def test_metrics_have_no_resource(resources: Statement, answer: str) -> None:
    """Only ``*`` is about metrics: the reference lists no resource for ``PutMetricData``."""
    attribution = asked(matrix.METRIC_ATTRIBUTION)
    of_keys = [
        iam(IAM_ACTIONS),
        {"Effect": "Allow", "Action": "cloudwatch:PutMetricData", **resources},
    ]
    report = report_of(attribution, key=ON_KEY, iam=of_keys)
    answers = []
    for name in ("allowed", "missing", "undecided"):
        if "cloudwatch:PutMetricData" in {entry.action for entry in getattr(report, name)}:
            answers.append(name)
    assert answers == [answer]


def test_what_is_asked_on_everything_knows_no_resource() -> None:
    """The service authorization reference lists no resource for this action alone."""
    actions: set[str] = set()
    for row in matrix.ROWS:
        for group in row.role_on_everything:
            actions.update(group.actions)
    assert actions == {"cloudwatch:PutMetricData"}


OF_ROLE = Caller(ROLE, ACCOUNT, REGION)
OF_BOUNDED_ROLE = Caller(ROLE, ACCOUNT, REGION, is_bounded=True)
OF_SERVICE = Caller(SERVICE, ACCOUNT, REGION, is_service=True)
EVERYBODY: list[tuple[Addressee, Answer, list[Cause]]] = [(Addressee.EVERYBODY, Answer.YES, [])]
OPEN = [(Addressee.EVERYBODY, Answer.MAYBE, [Cause.NOT_PRINCIPAL])]


@pytest.mark.parametrize(
    ("caller", "denies", "named", "ways"),
    [
        # Allowed is whoever isn't named.
        (OF_ROLE, False, {"AWS": f"arn:aws:iam::{ANOTHER_ACCOUNT}:root"}, EVERYBODY),
        (OF_ROLE, False, {"AWS": ROLE}, []),
        # The account without the role, or somebody who isn't known.
        (OF_ROLE, False, {"AWS": ROOT}, OPEN),
        (OF_ROLE, False, {"AWS": "${Main.RoleArn?}"}, OPEN),
        (OF_SERVICE, False, {"AWS": ROLE}, EVERYBODY),
        (OF_SERVICE, False, {"Service": SERVICE}, []),
        (OF_SERVICE, False, {"Service": "${Main.Service?}"}, OPEN),
        # Denied is whoever isn't named, and the role's session has a name that isn't documented.
        (OF_ROLE, True, {"AWS": OTHER_ROLE}, EVERYBODY),
        (OF_ROLE, True, {"AWS": ROLE}, OPEN),
        (OF_SERVICE, True, {"AWS": ROLE}, EVERYBODY),
        (OF_SERVICE, True, {"Service": SERVICE}, []),
        # Nothing spares a role that has a boundary.
        (OF_BOUNDED_ROLE, True, {"AWS": [ROLE, ROOT]}, EVERYBODY),
        (OF_BOUNDED_ROLE, False, {"AWS": ROLE}, []),
    ],
)
def test_a_statement_is_about_all_but_those_named(
    caller: Caller,
    denies: bool,
    named: dict[str, Any],
    ways: list[tuple[Addressee, Answer, list[Cause]]],
) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html"""
    addressed = addressed_to({"NotPrincipal": named}, caller, denies=denies)
    told = []
    for way in addressed:
        causes = [doubt.cause for doubt in way.doubts]
        told.append((way.whom, way.answer, causes))
    assert told == ways


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("${Main.Who?}", Answer.MAYBE),
        # An ARN or an account is nobody but itself.
        ("${Main.User.Arn?}", None),
        ("arn:aws:iam::${Main.Account?}:root", None),
        ("${AWS::AccountId}", None),
    ],
)
def test_a_principal_that_is_not_known_may_be_everybody(name: str, answer: Answer | None) -> None:
    """Personalize too: a parameter may be ``*``."""
    for named in (name, [ROOT, name]):
        ways = addressed_to({"Principal": {"AWS": named}}, OF_SERVICE, denies=False)
        assert [way.answer for way in ways] == ([] if answer is None else [answer])


@pytest.mark.parametrize(
    ("account", "doubts"),
    [
        ("${AWS::AccountId}", []),
        (ACCOUNT, [f"Principal {ACCOUNT}: AWS::AccountId isn't known before deployment"]),
    ],
)
def test_an_account_by_its_id_in_a_stack_that_does_not_know_it(
    account: str, doubts: list[str]
) -> None:
    """It is its own, whichever it is, and may be the one that is written."""
    caller = Caller(ROLE, "${AWS::AccountId}", REGION)
    (way,) = addressed_to({"Principal": {"AWS": account}}, caller, denies=False)
    assert way.whom is Addressee.ACCOUNT
    assert [doubt.sentence() for doubt in way.doubts] == doubts


BOUNDED = policy("boundary", [iam(["s3:*"], "*")])


@pytest.mark.parametrize(
    ("statement", "missing", "undecided"),
    [
        # "A policy that names a role's ARN is limited by an implicit denial in its boundary."
        (role(KEY_POLICY_ACTIONS), ALL, set()),
        (role(KEY_POLICY_ACTIONS, Principal="*", Condition=BY_ARN), set(), set()),
        (
            role(
                KEY_POLICY_ACTIONS,
                Principal={"AWS": "*"},
                Condition={"ArnLike": BY_ARN["ArnEquals"]},
            ),
            set(),
            set(),
        ),
        # What IAM's guide doesn't say of everybody, and of a session that may be Personalize's,
        # stays open.
        (role(KEY_POLICY_ACTIONS, Principal="*"), set(), ALL),
        (role(KEY_POLICY_ACTIONS, Principal={"AWS": SESSION}), set(), ALL),
        # The account delegates to IAM, where the boundary counts.
        (role(KEY_POLICY_ACTIONS, Principal={"AWS": ROOT}, Condition=BY_ARN), ALL, set()),
    ],
)
def test_a_boundary_does_not_limit_what_the_key_policy_gives_by_the_principals_arn(
    statement: Statement, missing: set[str], undecided: set[str]
) -> None:
    """IAM's guide: boundaries "do not limit permissions granted using the aws:PrincipalArn …"."""
    model = model_of(
        IMPORT,
        key=[statement, service(KEY_POLICY_ACTIONS)],
        iam=[*READ, iam(["kms:*"])],
        bucket=ON_BUCKET,
    )
    model.roles[ROLE].boundary = BOUNDED
    report = compare(model)
    assert {entry.action for entry in report.missing} == missing
    assert {entry.action for entry in report.undecided} == undecided


DELEGATED = [role(KEY_POLICY_ACTIONS, Principal={"AWS": ROOT})]
USED = {"kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"}


@pytest.mark.parametrize(
    ("key", "in_iam", "lacks"),
    [
        (ON_KEY[:1], IAM_ACTIONS, {"boundary": USED}),
        ([], [], {"boundary": USED, "key": ALL, "role": set(IAM_ACTIONS)}),
        (DELEGATED, IAM_ACTIONS, {"boundary": USED, "key": {"kms:CreateGrant"}}),
    ],
)
def test_beside_a_boundary_that_refuses_it_the_policies_that_lack_it_are_told_too(
    key: list[Statement], in_iam: list[str], lacks: dict[str, set[str]]
) -> None:
    model = model_of(key=[*key, ON_KEY[1]], iam=[iam(in_iam)])
    model.roles[ROLE].boundary = policy(
        "boundary", [iam(["kms:CreateGrant", "kms:ListGrants"], "*")]
    )
    report = compare(model)
    assert {entry.cause for entry in report.missing if entry.action in USED} == {Cause.BOUNDARY}
    assert lacking(report) == lacks


DENY, DENY_SERVICE = role(["kms:Decrypt"], Effect="Deny"), service(["s3:*"], Effect="Deny")


@pytest.mark.parametrize(
    ("key", "in_iam", "bucket", "denied", "lacks"),
    [
        ([DENY], IAM_ACTIONS, ON_BUCKET, {("role", "key")}, {"key": ALL}),
        ([*ON_KEY[:1], DENY], [], ON_BUCKET, {("role", "key")}, {"role": set(IAM_ACTIONS)}),
        (
            ON_KEY[:1],
            IAM_ACTIONS,
            [DENY_SERVICE],
            {("service", "bucket")},
            {"bucket": {"s3:GetObject", "s3:ListBucket"}},
        ),
        (ON_KEY[:1], IAM_ACTIONS, [*ON_BUCKET, DENY_SERVICE], {("service", "bucket")}, {}),
        # In one account the bucket's policy needn't allow the role anything.
        (
            ON_KEY[:1],
            IAM_ACTIONS,
            [*ON_BUCKET, role(["s3:*"], Effect="Deny")],
            {("role", "bucket")},
            {},
        ),
    ],
)
def test_beside_a_denial_the_policies_that_lack_a_statement_are_told(
    key: list[Statement],
    in_iam: list[str],
    bucket: list[Statement],
    denied: set[tuple[str, str]],
    lacks: dict[str, set[str]],
) -> None:
    """Removing the denial isn't enough without these statements."""
    report = report_of(
        asked(), IMPORT, key=[*key, ON_KEY[1]], iam=[*READ, iam(in_iam)], bucket=bucket
    )
    assert columns(entry for entry in report.missing if entry.cause is Cause.DENIED) == denied
    assert lacking(report) == lacks


@pytest.mark.parametrize(
    ("version", "missing"),
    [
        ({"Version": "2012-10-17"}, set()),
        ({"Version": "2008-10-17"}, {"s3:GetObject"}),
        ({}, {"s3:GetObject"}),
    ],
)
@pytest.mark.parametrize(
    ("prefix", "statement"),
    [
        (f"{ACCOUNT}/", iam(["s3:GetObject"], f"{BUCKET}/${{aws:PrincipalAccount}}/*")),
        # The name of an object may have colons.
        (f"a:b:{ACCOUNT}/", iam(["s3:GetObject"], f"{BUCKET}/a:b:${{aws:PrincipalAccount}}/*")),
        (
            f"{ACCOUNT}/",
            iam(
                ["s3:GetObject"],
                f"{BUCKET}/*",
                Condition={"StringEquals": {"aws:PrincipalArn": "${aws:PrincipalArn}"}},
            ),
        ),
    ],
)
def test_variables_of_policies_are_literal_before_version_2012(
    version: Statement, missing: set[str], prefix: str, statement: Statement
) -> None:
    """As in a bucket with a folder for each account, and in a condition."""
    model = model_of(asked(IMPORT_JOB, source=location(prefix)), key=ON_KEY, iam=READ[1:])
    document = as_written(json.dumps({**version, "Statement": statement}))
    model.roles[ROLE].identity.append(Policy(document, "objects"))
    report = compare(model)
    assert {entry.action for entry in report.missing if entry.policy == "role"} == missing
    assert report.undecided == ()


@pytest.mark.parametrize(
    "resource", ["arn:aws:kms:*:${aws:PrincipalAccount}:key/*", "${aws:PrincipalArn}"]
)
def test_variables_before_the_fifth_colon_of_an_arn(resource: str) -> None:
    """AWS's guide says that they can't be used there, and not what becomes of them."""
    model = model_of(key=ON_KEY)
    document = {"Version": "2012-10-17", "Statement": iam(IAM_ACTIONS, resource)}
    model.roles[ROLE].identity = [Policy(document, "IAM")]
    assert {entry.action for entry in compare(model).undecided} == set(IAM_ACTIONS)


@pytest.mark.parametrize(
    ("variable", "is_open"), [("aws:username", True), ("aws:PrincipalAccount", False)]
)
def test_a_variable_that_a_call_lacks_in_what_a_statement_spares(
    variable: str, is_open: bool
) -> None:
    """AWS may take the whole statement for invalid."""
    model = model_of(asked(IMPORT_JOB, source=location("in/")), key=ON_KEY, iam=[])
    spared = f"{BUCKET}/home/${{{variable}}}/*"
    statement = {"Effect": "Allow", "Action": "s3:*", "NotResource": spared}
    model.roles[ROLE].identity.append(
        Policy({"Version": "2012-10-17", "Statement": statement}, "objects")
    )
    report = compare(model)
    undecided = {entry.action for entry in report.undecided if entry.policy == "role"}
    allowed = {entry.action for entry in report.allowed if entry.policy == "role"}
    both = {"s3:GetObject", "s3:ListBucket"}
    assert (undecided, allowed) == ((both, set()) if is_open else (set(), both))


def test_holes_of_old_policies_stay_what_they_are() -> None:
    """The account of a template and a parameter are no variables of a policy."""
    model = model_of(key=ON_KEY)
    statement = iam(IAM_ACTIONS, "arn:aws:kms:eu-west-1:${AWS::AccountId}:key/${resolve:ssm?}")
    model.roles[ROLE].identity = [Policy({"Statement": [statement]}, "IAM")]
    assert {entry.action for entry in compare(model).undecided} == set(IAM_ACTIONS)


OF_IAM = {("role", "key"), ("role", "role")}


@pytest.mark.parametrize(
    ("unseen", "columns_of", "because"),
    [
        # What other policies allow may be taken away by one that isn't known, or that the company
        # attaches.
        (
            {"identity": [policy("IAM", [iam(IAM_ACTIONS)]), Policy("${Main.Other?}", "policy B")]},
            OF_IAM,
            "may be denied: policy B isn't known before deployment",
        ),
        ({"unseen_denials": "policy B isn't here"}, OF_IAM, "may be denied: policy B isn't here"),
        (
            {"unseen_boundary": "it isn't here"},
            OF_IAM,
            "the permissions boundary can't be seen: it isn't here",
        ),
        (
            {"trust": [], "unseen_trust": "it may not be read"},
            {("service", "trust")},
            f"the trust policy of {ROLE} can't be seen: it may not be read",
        ),
    ],
)
def test_a_policy_of_the_role_that_cannot_be_seen(
    unseen: dict[str, Any], columns_of: set[tuple[str, str]], because: str
) -> None:
    """It may deny, or not allow: nothing is missing for certain."""
    model = model_of(key=ON_KEY, iam=[iam(IAM_ACTIONS)])
    assert compare(model).undecided == ()
    for name, value in unseen.items():
        setattr(model.roles[ROLE], name, value)
    report = compare(model)
    assert report.missing == ()
    assert columns(report.undecided) == columns_of
    assert {entry.because for entry in report.undecided} == {because}


OF_ROOT = {"Principal": {"AWS": ROOT}, "Action": "kms:*"}
OF_CONTEXT = {"Null": {"kms:EncryptionContextKeys": "true"}}
OF_GRANTS = {"Bool": {"kms:GrantIsForAWSResource": "true"}}
USE_KEY = "kms:Decrypt kms:DescribeKey kms:GenerateDataKey"
OF_DATA = "kms:Decrypt kms:GenerateDataKey"
GRANT, LIST = "kms:CreateGrant", "kms:ListGrants"
PATTERNS = ["KMS:De*", "kms:List?rants"]
UNKNOWN_GRANTS = ["kms:${Main.Call?}Grants", "kms:CreateGrant"]


@pytest.mark.parametrize(
    ("key", "in_iam", "boundary", "missing", "undecided"),
    [
        ({"Action": KEY_POLICY_ACTIONS}, [], ["kms:*Grant*"], USE_KEY, ""),
        ({"Action": PATTERNS}, [], ["kms:*"], "kms:CreateGrant kms:GenerateDataKey", ""),
        ({"NotAction": "kms:CreateGrant"}, [], ["kms:*"], "kms:CreateGrant", ""),
        ({"Action": UNKNOWN_GRANTS}, [], ["kms:*"], USE_KEY, "kms:ListGrants"),
        ({"Action": "kms:*", "Condition": OF_CONTEXT}, [], ["kms:*"], "", f"{GRANT} {OF_DATA}"),
        ({"Action": "kms:*", "Condition": OF_GRANTS}, [], ["kms:*"], USE_KEY, f"{GRANT} {LIST}"),
        (OF_ROOT, IAM_ACTIONS, ["kms:*"], "kms:CreateGrant", ""),
        (OF_ROOT, KEY_POLICY_ACTIONS, ["kms:CreateGrant"], f"{USE_KEY} kms:ListGrants", ""),
    ],
)
def test_each_action_on_a_key_has_its_own_answer(
    key: Statement, in_iam: list[str], boundary: list[str], missing: str, undecided: str
) -> None:
    """Though one decision is made for actions that no statement tells apart."""
    of_role = {name: value for name, value in role([]).items() if name != "Action"}
    model = model_of(asked(), key=[ON_KEY[1], {**of_role, **key}], iam=[iam(in_iam)])
    model.roles[ROLE].boundary = policy("boundary", [iam(boundary)])
    report = compare(model)
    assert {entry.action for entry in report.missing if entry.policy == "key"} == set(
        missing.split()
    )
    assert {entry.action for entry in report.undecided if entry.policy == "key"} == set(
        undecided.split()
    )


@pytest.mark.parametrize(
    ("statement", "missing", "undecided"),
    [
        ({"Resource": f"{BUCKET}-b/*"}, {"s3:GetObject"}, set()),
        ({"Resource": [f"{BUCKET}-b/*", "arn:aws:s3:::*/import/*"]}, set(), set()),
        ({"Resource": [f"{BUCKET}-b/*", 1]}, set(), {"s3:GetObject"}),
        ({"NotResource": f"{BUCKET}-b/*"}, set(), set()),
        ("${Main.Statement?}", set(), {"s3:GetObject"}),
    ],
)
def test_a_statement_is_about_the_buckets_that_it_names(
    statement: Any, missing: set[str], undecided: set[str]
) -> None:
    given = (
        {"Effect": "Allow", "Action": "s3:GetObject", **statement}
        if isinstance(statement, dict)
        else statement
    )
    report = report_of(IMPORT, key=ON_KEY, iam=[READ[1], given], bucket=ON_BUCKET)
    assert {entry.action for entry in report.missing} == missing
    assert {
        entry.action for entry in report.undecided if entry.action == "s3:GetObject"
    } == undecided


def test_what_cannot_be_seen_beside_all_that_is_needed() -> None:
    """An unseen part of a key policy isn't taken to deny, and an unseen denial allows nothing."""
    model = model_of(key=ON_KEY, iam=[iam(IAM_ACTIONS)])
    model.keys[KEY].unseen = "only a part of it is known"
    assert (compare(model).missing, compare(model).undecided) == ((), ())
    model.roles[ROLE].identity, model.roles[ROLE].unseen_denials = (
        [],
        "a policy isn't part of the app",
    )
    assert columns(compare(model).missing) == {("role", "role")}


def test_a_statement_whose_effect_is_not_known_may_deny() -> None:
    report = report_of(
        key=[*ON_KEY, role(["kms:Decrypt"], Effect="${Main.Effect?}")], iam=[iam(IAM_ACTIONS)]
    )
    assert {(entry.policy, entry.action) for entry in report.undecided} == {("key", "kms:Decrypt")}


def test_what_cannot_be_seen_of_a_role_that_exists_already_is_said_once() -> None:
    """Its IAM policies and its trust are undecided; a key policy that names it is enough."""
    model = model_of(key=ON_KEY)
    del model.roles[ROLE]
    assert columns(compare(model).undecided) == {("role", "role"), ("service", "trust")}
    assert {entry.policy for entry in compare(model).allowed} == {"key"}


@pytest.mark.parametrize(
    ("place", "undecided"),
    [
        ("key", {("role", "key"), ("service", "key")}),
        ("bucket", {("service", "bucket")}),
        ("identity", {("role", "role")}),
        ("boundary", OF_IAM),
        ("trust", {("service", "trust")}),
    ],
)
def test_a_policy_that_depends_on_a_condition_may_not_be_there(
    place: str, undecided: set[tuple[str, str]]
) -> None:
    """Permissions by the policy are undecided, and the reason names the condition."""
    model = model_of(asked(IMPORT_JOB, source=location()), **EVERYTHING)
    key, bucket, of_role = (model.keys[KEY], model.buckets[BUCKET], model.roles[ROLE])
    if place == "key":
        key.policies = [policy("key", ON_KEY, condition="Main.IsProd")]
    elif place == "bucket":
        bucket.policies = [policy("bucket", ON_BUCKET, condition="Main.IsProd")]
    elif place == "identity":
        of_role.identity = [policy("IAM", READ, condition="Main.IsProd")]
    elif place == "boundary":
        of_role.boundary = policy("boundary", [iam(["*"], "*")], condition="Main.IsProd")
    else:
        of_role.trust = [policy("trust", [TRUST], condition="Main.IsProd")]
    report = compare(model)
    assert (report.missing, report.problems) == ((), ())
    assert columns(report.undecided) == undecided
    assert all(
        "it depends on the condition Main.IsProd" in entry.because for entry in report.undecided
    )


@pytest.mark.parametrize(
    ("condition", "positions", "because"),
    [
        ("", (Position(1), Position(2, "Main.IsProd")), {"service": "2 Main.IsProd"}),
        (
            "Main.A",
            (Position(1), Position(2, "Main.B")),
            {"role": "1 Main.A", "service": "2 Main.A and Main.B"},
        ),
    ],
)
def test_a_statement_that_depends_on_a_condition_may_not_be_there(
    condition: str, positions: tuple[Position, ...], because: dict[str, str]
) -> None:
    """Alone, or with the rest of its policy; it has its number of the template."""
    model = model_of()
    model.keys[KEY].policies = [
        policy("key policy", ON_KEY, condition=condition, positions=positions)
    ]
    report = compare(model)
    reasons = {}
    for principal, told in because.items():
        number, _, condition = told.partition(" ")
        reasons[principal] = (
            f"statement {number} of key policy: it depends on the condition {condition}"
        )
    assert {entry.principal: entry.because for entry in report.undecided} == reasons
    assert {entry.policy for entry in report.missing} == {"role"}


def test_a_policy_that_is_no_document_is_undecided() -> None:
    """A parameter may hold the whole policy."""
    model = model_of(iam=[iam(IAM_ACTIONS)])
    model.keys[KEY].policies = [Policy("${Main.Policy?}", "key policy")]
    because = "key policy isn't known before deployment"
    assert {(entry.policy, entry.because) for entry in compare(model).undecided} == {
        ("key", because)
    }
