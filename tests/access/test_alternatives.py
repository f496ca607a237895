"""Values that a condition of a template chooses: judged each, and open where they differ."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from personalize_kms_constructs._access.alternatives import NO_VALUE, Either
from personalize_kms_constructs._access.comparison import compare
from personalize_kms_constructs._access.values import as_text, open_parts
from personalize_kms_constructs._access.written import Policy
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
    ROLE,
    asked,
    iam,
    in_main,
    location,
    model,
    policy,
    role,
    service,
)

OF_ROLE, OF_SERVICE = ON_KEY
OTHER = f"arn:aws:iam::{ACCOUNT}:role/Other"
OF_OTHER = role(["kms:*"], Principal={"AWS": OTHER})
DENY = role(["kms:*"], Effect="Deny", Principal="*")
IS_PROD = "it depends on the condition Main.IsProd"
STATEMENT = "statement number 1 of key policy: "


def if_prod(then: Any, otherwise: Any = NO_VALUE, condition: str = "IsProd") -> Either:
    """One of two; as a string a hole."""
    return Either.of(f"${{Fn::If {condition} {then} {otherwise}?}}", f"Main.{condition}", then, otherwise)


def reasons(*on_key: Any, only_if: frozenset[str] = frozenset()) -> dict[str, set[str]]:
    """Tell why the role and Personalize lack something on the key, or may lack it."""
    found = compare(model(asked(only_if=only_if), key=list(on_key), iam=[iam(IAM_ACTIONS)]))
    why: dict[str, set[str]] = {}
    for each in (*found.missing, *found.undecided):
        why.setdefault(each.principal, set()).add(each.because)
    return why


@pytest.mark.parametrize(
    ("on_key", "expected"),
    [
        ([OF_ROLE, OF_SERVICE, if_prod({**DENY, "Principal": {"AWS": OTHER}}, OF_OTHER)], {}),
        ([if_prod(OF_ROLE), OF_SERVICE], {"role": f"{STATEMENT}{IS_PROD}"}),
        ([if_prod([OF_ROLE, OF_SERVICE], OF_SERVICE)], {"role": f"{STATEMENT}{IS_PROD}"}),
        ([if_prod([OF_ROLE, OF_SERVICE], [OF_SERVICE, OF_ROLE])], {}),
        ([if_prod(NO_VALUE, NO_VALUE), OF_ROLE, OF_SERVICE], {}),
        # By name, or as everybody.
        ([{**OF_ROLE, "Principal": if_prod({"AWS": ROLE}, "*")}, OF_SERVICE], {}),
        ([{**OF_SERVICE, "Principal": if_prod("*", OF_SERVICE["Principal"])}, OF_ROLE], {}),
        (
            [{**OF_ROLE, "Principal": if_prod({"AWS": OTHER}, "*")}, OF_SERVICE],
            {"role": f"{STATEMENT}{IS_PROD}"},
        ),
        # A statement of which a part is chosen has its name, and what else leaves it open is told besides.
        (
            [{**OF_ROLE, "Sid": "Role", "Principal": {"AWS": if_prod(ROLE, "${Main.Arn?}")}}, OF_SERVICE],
            {
                "role": f"statement Role of key policy: {IS_PROD}; statement Role of key policy: Principal "
                "${Main.Arn?}: Main.Arn isn't known before deployment"
            },
        ),
        ([if_prod("${Main.Statement?}", OF_ROLE), OF_SERVICE], {"role": None, "service": None}),
    ],
)
def test_what_differs_names_the_condition(on_key: list[Any], expected: dict[str, str | None]) -> None:
    """And the statement, in which nothing else is open."""
    found = reasons(*on_key)
    assert found.keys() == expected.keys()
    for principal, reason in expected.items():
        assert reason is None or found[principal] == {reason}


@pytest.mark.parametrize("principal", ["role", "service"])
def test_a_denial_that_a_condition_chooses_leaves_open_what_it_denies(principal: str) -> None:
    """And nobody else's access."""
    named = {"role": {"AWS": ROLE}, "service": {"Service": "personalize.amazonaws.com"}}[principal]
    found = reasons(*ON_KEY, if_prod({**DENY, "Principal": named}))
    assert found == {principal: {f"may be denied: statement number 3 of key policy: {IS_PROD}"}}
    assert reasons(*ON_KEY, if_prod({**DENY, "Principal": named}, {**DENY, "Principal": named}))[principal] == {
        "denied by statement number 3 of key policy"
    }


def test_a_condition_that_holds_has_chosen() -> None:
    """Where what is asked depends on it."""
    is_prod = frozenset({"Main.IsProd"})
    assert reasons(if_prod(OF_ROLE, OF_OTHER), OF_SERVICE, only_if=is_prod) == {}
    assert reasons(*ON_KEY, if_prod(OF_OTHER, DENY), only_if=is_prod) == {}
    assert reasons(if_prod(if_prod(OF_ROLE), NO_VALUE, "IsLive"), OF_SERVICE, only_if=is_prod) == {
        "role": {f"{STATEMENT}it depends on the condition Main.IsLive; {STATEMENT}{IS_PROD}"}
    }


@pytest.mark.parametrize(("number", "is_followed"), [(4, True), (5, False)])
def test_only_so_many_conditions_are_followed(number: int, is_followed: bool) -> None:
    """Each doubles the work, and beyond them it is a hole."""
    actions = [if_prod(KEY_POLICY_ACTIONS[0], KEY_POLICY_ACTIONS[0], f"Is{each}") for each in range(number)]
    statement = role([], Action=[*actions, *KEY_POLICY_ACTIONS[1:]])
    found = reasons(statement, OF_SERVICE)
    assert (found == {}) is is_followed


def test_variables_of_old_policies_are_plain_text_in_what_a_condition_chooses() -> None:
    """Either of the two, as in the rest of the statement."""
    resource = f"{BUCKET}/{as_text('${aws:PrincipalAccount}')}/*"
    of_account = asked(IMPORT_JOB, source=location(f"{ACCOUNT}/"))
    found = model(of_account, key=ON_KEY, iam=READ[1:], bucket=[*ON_BUCKET, service(["s3:GetObject"], Resource="*")])
    for version, missing in (("2012-10-17", set()), ("2008-10-17", {"s3:GetObject"})):
        statement = iam(["s3:GetObject"], if_prod(resource, [resource]))
        of_role = found.roles[ROLE]
        of_role.identity = [*of_role.identity[:1], Policy({"Version": version, "Statement": statement}, "objects")]
        assert {each.action for each in compare(found).missing} == missing
        assert compare(found).undecided == ()


def test_as_a_string_it_is_a_hole() -> None:
    """So that nothing else has to know of it."""
    assert open_parts(f"arn:{if_prod('a', 'b')}") == ["Fn::If IsProd a b"]
    changed = if_prod("a", "b").changed(str.upper)
    assert (changed.condition, changed.then, changed.otherwise) == ("Main.IsProd", "A", "B")


PROD, DEV = frozenset({"Main.IsProd"}), frozenset({"Main.IsDev"})
IN_PROD = policy("prod", [iam(IAM_ACTIONS)], only_if=PROD)


@pytest.mark.parametrize(
    ("identity", "owners", "missing", "undecided"),
    [
        ([IN_PROD], {"declared": in_main("Role")}, set(IAM_ACTIONS), set()),
        ([IN_PROD, policy("dev", [iam(IAM_ACTIONS)], only_if=DEV)], {"declared": in_main("Role")}, set(), set()),
        ([policy("all", [if_prod(iam(IAM_ACTIONS))])], {"declared": in_main("Role")}, set(IAM_ACTIONS), set()),
        ([policy("all", [if_prod(NO_VALUE, iam(IAM_ACTIONS))])], {"declared": in_main("Role")}, set(), set()),
        # Another deployment may have made the role, with its policies.
        ([IN_PROD], {}, set(), set(IAM_ACTIONS)),
        ([IN_PROD], {"declared": in_main("Role"), "only_if": PROD}, set(), set(IAM_ACTIONS)),
        ([policy("dev", [iam(IAM_ACTIONS)], only_if=DEV)], {}, set(), set()),
    ],
)
def test_what_is_not_there_where_a_condition_of_the_request_excludes_it(
    identity: list[Policy], owners: dict[str, Any], missing: set[str], undecided: set[str]
) -> None:
    """Whatever else would allow it."""
    found = model(asked(only_if=DEV | {"not Main.IsProd"}), key=ON_KEY)
    found.keys[KEY].declared = in_main("Key")
    found.roles[ROLE] = replace(found.roles[ROLE], identity=identity, **owners)
    report = compare(found)
    assert {each.action for each in report.missing} == missing
    assert {each.action for each in report.undecided} == undecided


@pytest.mark.parametrize(
    ("statement", "chosen_by"),
    [
        (iam(["kms:*"]), []),
        (iam(["kms:*"], if_prod(KEY, "*")), [set(), set(), set()]),
        (if_prod(iam(["kms:*"])), [{"Main.IsProd"}]),
        (if_prod(NO_VALUE, iam(["kms:*"])), [{"not Main.IsProd"}]),
        (iam([if_prod("kms:*", "kms:Decrypt")]), [{"Main.IsProd"}]),
        # The outer condition chooses the statement, the inner one what it is about.
        (if_prod(iam(["kms:*"], if_prod(KEY, "*", "IsLive"))), [{"Main.IsProd"}] * 2),
        # One has the action as well, on something else.
        (if_prod(iam(["kms:*"]), iam(["KMS:*"], "*")), [set(), set()]),
    ],
)
def test_what_chooses_an_action(statement: Any, chosen_by: list[set[str]]) -> None:
    """Not what chooses another part of the statement."""
    forms = policy("IAM policy", [statement], only_if=frozenset({"Main.IsBig"})).allowing
    of_action = [each for each in forms if each.writes("kms:*")]
    assert [each.chosen_for("kms:*") for each in of_action if each.policy.chosen_by or chosen_by] == chosen_by
    assert [set(each.policy_for("kms:*").only_if) for each in of_action] == [
        {"Main.IsBig", *each} for each in chosen_by or [set()]
    ]


@pytest.mark.parametrize("is_statement", [False, True])
def test_policies_of_a_key_that_another_deployment_may_have_made(is_statement: bool) -> None:
    """They may be there where the condition doesn't hold here; those of a role of the template are not."""
    only_if = frozenset() if is_statement else frozenset({"Main.IsProd"})

    def chosen(statements: list[Any]) -> list[Any]:
        return [if_prod(each) for each in statements] if is_statement else statements

    found = model(asked(only_if=frozenset({"not Main.IsProd"})))
    found.keys[KEY].policies = [policy("key policy", chosen(ON_KEY), only_if=only_if)]
    found.roles[ROLE].declared = in_main("Role")
    found.roles[ROLE].identity = [policy("IAM policy", chosen([iam(IAM_ACTIONS)]), only_if=only_if)]
    told = compare(found)
    assert {(each.principal, each.policy) for each in told.missing} == {("role", "role")}
    assert {(each.principal, each.policy) for each in told.undecided} == {("role", "key"), ("service", "key")}
