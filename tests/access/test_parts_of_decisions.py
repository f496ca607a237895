"""The parts of IAM's decision by themselves, at the edges that a whole report seldom shows."""

from dataclasses import replace
from typing import Any

import pytest

from personalize_kms_constructs._access.addressed import Addressed, addressed_to
from personalize_kms_constructs._access.answers import Answer
from personalize_kms_constructs._access.calls import Caller
from personalize_kms_constructs._access.causes import Cause
from personalize_kms_constructs._access.conditions import condition_answer
from personalize_kms_constructs._access.decision import trust
from personalize_kms_constructs._access.model import Role
from tests.access.models import ACCOUNT, ANOTHER_ACCOUNT, REGION, ROLE, ROOT, SERVICE, TRUST, policy

OTHER_ROLE = f"arn:aws:iam::{ACCOUNT}:role/Other"
OF_ROLE = Caller(ROLE, ACCOUNT, REGION)
OF_BOUNDED_ROLE = Caller(ROLE, ACCOUNT, REGION, is_bounded=True)
OF_SERVICE = Caller(SERVICE, ACCOUNT, REGION, is_service=True)
YES, MAYBE = Answer.YES, Answer.MAYBE
EVERYBODY: list[tuple[Addressed, Answer, list[Cause]]] = [(Addressed.EVERYBODY, YES, [])]
OPEN = [(Addressed.EVERYBODY, MAYBE, [Cause.NOT_PRINCIPAL])]


@pytest.mark.parametrize(
    ("caller", "denies", "named", "ways"),
    [
        # Allowed is whoever isn't named.
        (OF_ROLE, False, {"AWS": OTHER_ROLE}, EVERYBODY),
        (OF_ROLE, False, {"AWS": f"arn:aws:iam::{ANOTHER_ACCOUNT}:root"}, EVERYBODY),
        (OF_ROLE, False, {"Service": SERVICE}, EVERYBODY),
        (OF_ROLE, False, {"AWS": ROLE}, []),
        (OF_ROLE, False, {"AWS": [OTHER_ROLE, ROLE]}, []),
        # The account without the role, or somebody who isn't known.
        (OF_ROLE, False, {"AWS": ROOT}, OPEN),
        (OF_ROLE, False, {"AWS": "${Main.RoleArn?}"}, OPEN),
        (OF_SERVICE, False, {"AWS": ROLE}, EVERYBODY),
        (OF_SERVICE, False, {"Service": SERVICE}, []),
        (OF_SERVICE, False, {"Service": "${Main.Service?}"}, OPEN),
        # Denied is whoever isn't named, and the role's session has a name that isn't documented.
        (OF_ROLE, True, {"AWS": OTHER_ROLE}, EVERYBODY),
        (OF_ROLE, True, {"AWS": ROLE}, OPEN),
        (OF_ROLE, True, {"AWS": [ROLE, ROOT]}, OPEN),
        (OF_SERVICE, True, {"AWS": ROLE}, EVERYBODY),
        (OF_SERVICE, True, {"Service": SERVICE}, []),
        # Nothing spares a role that has a boundary.
        (OF_BOUNDED_ROLE, True, {"AWS": [ROLE, ROOT]}, EVERYBODY),
        (OF_BOUNDED_ROLE, False, {"AWS": ROLE}, []),
    ],
)
def test_a_statement_is_about_all_but_those_named(
    caller: Caller, denies: bool, named: dict[str, Any], ways: list[tuple[Addressed, Answer, list[Cause]]]
) -> None:
    """https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html"""
    found = addressed_to({"NotPrincipal": named}, caller, denies=denies)
    assert [(way.whom, way.answer, [doubt.cause for doubt in way.doubts]) for way in found] == ways


@pytest.mark.parametrize(
    ("operator", "smaller", "equal", "larger"),
    [
        ("NumericEquals", False, True, False),
        ("NumericNotEquals", True, False, True),
        ("NumericLessThan", True, False, False),
        ("NumericLessThanEquals", True, True, False),
        ("NumericGreaterThan", False, False, True),
        ("NumericGreaterThanEquals", False, True, True),
    ],
)
def test_numbers_are_compared(operator: str, smaller: bool, equal: bool, larger: bool) -> None:
    """The value of the call is 10, as a string; the condition's may be a number."""
    for expected, holds in (("11", smaller), (10.0, equal), (9, larger)):
        answer, doubts = condition_answer({operator: {"s3:max-keys": expected}}, {"s3:max-keys": ("10",)})
        assert (answer, doubts) == (Answer.of(holds), [])


def test_what_is_no_number_leaves_the_answer_open() -> None:
    """And so does a comparison that isn't known."""
    for operator, expected in (("NumericEquals", "ten"), ("NumericLike", "10")):
        assert condition_answer({operator: {"s3:max-keys": expected}}, {"s3:max-keys": ("10",)})[0] is MAYBE


def test_a_trust_policy_under_a_condition_counts_where_the_condition_holds() -> None:
    """What asks for the role under the same condition is there only with the policy."""
    only_if = frozenset({"Main.IsProd"})
    role = Role(ROLE, trust=[policy("trust policy", [TRUST], only_if=only_if)])
    assert trust(replace(OF_SERVICE, only_if=only_if), role).answer is YES
    assert trust(OF_SERVICE, role).answer is MAYBE


def test_a_trust_policy_that_cant_be_seen_is_told_by_its_role() -> None:
    """The report names the role, and why."""
    (reason,) = trust(OF_SERVICE, Role(ROLE, unseen_trust="it may not be read")).reason.doubts
    assert (reason.cause, reason.values) == (
        Cause.POLICY_UNSEEN,
        {"policy": "trust", "arn": ROLE, "why": "it may not be read"},
    )
