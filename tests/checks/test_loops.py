"""``Fn::ForEach``: resources, conditions and outputs that a template has once for each value of a list."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.checks.templates import IN_IAM, check, complete, managed, policy

DECRYPT = [each for each in IN_IAM if each != "kms:Decrypt"]
WILD = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}


def looped(variable: str, values: Any, **more: Any) -> dict[str, Any]:
    """A template in which a loop makes the policies of a role."""
    one = managed(WILD, ManagedPolicyName={"Fn::Sub": f"use-{variable}"}, **more)
    template = complete(Policy=policy(actions=DECRYPT))
    template["Resources"]["Fn::ForEach::Policies"] = ["Name", values, {f"Use{variable}": one}]
    template["Resources"]["Movies"]["DependsOn"] = ["Policy", "UseKey"]
    return template


def outcome(directory: Path, template: dict[str, Any]) -> tuple[set[str], set[str]]:
    """The actions that are missing, and why something is undecided."""
    report = check(directory, template)
    assert report.problems == ()
    return {each.action for each in report.missing}, {each.because for each in report.undecided}


@pytest.mark.parametrize("variable", ["${Name}", "&{Name}"])
def test_resources_of_a_loop(variable: str, tmp_path: Path) -> None:
    """They are made for each value, whose name others wait for."""
    assert outcome(tmp_path / "1", looped(variable, ["Key", "Other"])) == (set(), set())
    assert outcome(tmp_path / "2", looped(variable, ["Key"], Roles=["another"])) == ({"kms:Decrypt"}, set())


def test_a_value_by_ref_and_a_loop_in_a_loop(tmp_path: Path) -> None:
    """The identifier is a name for ``Ref``, and the inner loop has that of the outer."""
    loop = looped("${Name}", ["Key"], Roles=[{"Ref": "Owner"}])["Resources"].pop("Fn::ForEach::Policies")
    template = looped("${Name}", [])
    template["Resources"]["Role"]["Properties"]["RoleName"] = "movies"
    template["Resources"]["Fn::ForEach::Owners"] = ["Owner", ["movies"], {"Fn::ForEach::Policies${Owner}": loop}]
    assert outcome(tmp_path, template) == (set(), set())


@pytest.mark.parametrize("loop", [["Name", {"Ref": "Stage"}, {}], ["Name", ["Key", "Other"], {"Ref": "Name"}]])
def test_a_loop_that_is_not_known(loop: Any, tmp_path: Path) -> None:
    """Over a parameter, or no loop over resources: what it makes isn't known, and the report says so."""
    template = looped("${Name}", [])
    template["Resources"] |= {"Fn::ForEach::Policies": loop, "Policy": policy()}
    missing, reasons = outcome(tmp_path, template)
    assert missing == set()
    assert reasons == {"the values of its list aren't in the template, so what it makes isn't known"}
