"""What is known of the conditions of a template, where some are known to hold or not."""

from __future__ import annotations

from operator import ne
from typing import Any

import pytest

from personalize_kms_constructs._assembly.implications import Known, with_implied


def stage(name: str) -> Any:
    return {"Fn::Equals": [{"Ref": "Stage"}, name]}


def named(name: str) -> Any:
    return {"Condition": name}


CONDITIONS: dict[str, Any] = {
    "Prod": stage("prod"),
    "Test": stage("test"),
    "Dev": stage("dev"),
    "Same": named("Prod"),
    "NotProd": {"Fn::Not": [named("Prod")]},
    "NotDev": {"Fn::Not": [stage("dev")]},
    "Any": {"Fn::Or": [named("Prod"), named("Test")]},
    "Big": {"Fn::Equals": [{"Ref": "Size"}, "big"]},
    "BigProd": {"Fn::And": [named("Same"), named("Big"), {"Fn::Equals": [{"Ref": "Other"}, "x"]}]},
    "Broken": ["Prod"],
}
PROD = {("Same", True), ("NotProd", False), ("Any", True), ("Test", False), ("Dev", False), ("NotDev", True)}
NOT_PROD = {("Same", False), ("NotProd", True), ("BigProd", False)}


@pytest.mark.parametrize(
    ("known", "implied"),
    [
        (("Prod", True), PROD),
        (("Same", True), PROD | {("Prod", True)}),
        (("NotProd", False), PROD | {("Prod", True)}),
        (("BigProd", True), PROD | {("Prod", True), ("Big", True)}),
        (("Prod", False), NOT_PROD),
        (("NotProd", True), NOT_PROD | {("Prod", False)}),
        (("Any", True), set()),
        (("Any", False), NOT_PROD | {("Prod", False), ("Test", False)}),
        (("BigProd", False), set()),
        (("NotDev", True), {("Dev", False)}),
        (("Big", True), set()),
        (("Absent", True), set()),
        (("Broken", True), set()),
    ],
)
def test_what_a_condition_implies(known: Known, implied: set[Known]) -> None:
    """Through whatever functions, in both directions."""
    assert with_implied([known], CONDITIONS, {}, ne) == {known, *implied}


@pytest.mark.parametrize(
    ("values", "kind", "known", "implied"),
    [
        (["prod", "dev"], "String", [("Dev", False)], {("Prod", True)}),
        (["prod", "dev", "test"], "String", [("Dev", False)], set()),
        (["prod", "dev", "test"], "String", [("Dev", False), ("Prod", False)], {("Test", True)}),
        # One that no condition is about may be left.
        (["prod", "dev", "other"], "String", [("Dev", False), ("Prod", False)], set()),
        (["prod", "dev"], "AWS::SSM::Parameter::Value<String>", [("Dev", False)], set()),
        # It can't be none of them.
        (["prod", "dev"], "String", [("Dev", False), ("Prod", False)], {("Prod", True)}),
    ],
)
def test_the_last_value_that_a_parameter_may_have(
    values: list[str], kind: str, known: list[Known], implied: set[Known]
) -> None:
    """The conditions of all others don't hold."""
    parameters = {"Stage": {"Type": kind, "AllowedValues": values}, "Size": {"Type": "String"}, "Broken": "String"}
    conditions = {name: CONDITIONS[name] for name in ("Prod", "Test", "Dev")}
    found = with_implied(known, conditions, parameters, lambda *_: False)
    assert found - set(known) == implied
