"""The cost of a check, counted in calls of functions: it grows with the app, and not faster."""

from __future__ import annotations

import cProfile
import pstats
from pathlib import Path
from typing import Any

import pytest

from personalize_kms_constructs.checks import check_assembly
from tests.checks.templates import complete, dataset_group, key, policy, role, write


def calls(directory: Path, stacks: dict[str, Any], **more: Any) -> int:
    """Return the number of functions that are called to check an assembly of these stacks."""
    write(directory, stacks, **more)
    profile = cProfile.Profile()
    report = profile.runcall(check_assembly, directory)
    assert (report.missing, report.undecided, report.problems) == ((), (), ())
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


def alone(count: int) -> dict[str, Any]:
    """Stacks that have nothing to do with each other."""
    return {f"Stack{number}": complete() for number in range(count)}


def on_one_key(count: int) -> dict[str, Any]:
    """Stacks that import one key, whose policy names the role of each."""
    roles = [f"arn:aws:iam::111122223333:role/role{number}" for number in range(count)]
    exported = {"Key": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}, "Export": {"Name": "key"}}}
    imported = {"Fn::ImportValue": "key"}
    stacks: dict[str, Any] = {"Security": {"Resources": {"Key": key(roles)}, "Outputs": exported}}
    for number in range(count):
        stack = complete(Role=role(RoleName=f"role{number}"), Policy=policy(imported), Movies=dataset_group(imported))
        del stack["Resources"]["Key"]
        stacks[f"Stack{number}"] = stack
    return stacks


def in_one_template(count: int) -> dict[str, Any]:
    """One stack of so many dataset groups, each with its own key and role."""
    resources = {}
    for number in range(count):
        names = {name: f"{name}{number}" for name in ("Key", "Role", "Policy", "Movies")}
        of_key, of_role = {"Fn::GetAtt": [names["Key"], "Arn"]}, {"Fn::GetAtt": [names["Role"], "Arn"]}
        resources[names["Key"]] = key(of_role)
        resources[names["Role"]] = role()
        resources[names["Policy"]] = policy(of_key, {"Ref": names["Role"]})
        resources[names["Movies"]] = dataset_group(of_key, of_role, names["Policy"])
    return {"Main": {"Resources": resources}}


@pytest.mark.parametrize(
    ("stacks", "most"),
    [
        (alone, 4.2),
        (in_one_template, 4.2),
        # Whether a key policy is about a role is asked for each role, of each principal that it names. AWS's limit of
        # 32 KiB leaves room for three hundred.
        (on_one_key, 5.6),
    ],
    ids=["alone", "in_one_template", "on_one_key"],
)
def test_cost_grows_with_the_app_and_not_faster(stacks: Any, most: float, tmp_path: Path) -> None:
    """Four times the app is no more than four times the calls, and some for what is done once."""
    few, many = calls(tmp_path / "few", stacks(25)), calls(tmp_path / "many", stacks(100))
    assert many < most * few


def test_stacks_that_wait_for_each_other(tmp_path: Path) -> None:
    """A chain of a hundred stacks, as ``add_dependency`` makes them."""

    def chain(count: int) -> dict[str, list[str]]:
        return {f"Stack{number}": [f"Stack{number - 1}"] for number in range(1, count)}

    few = calls(tmp_path / "few", alone(25), dependencies=chain(25))
    many = calls(tmp_path / "many", alone(100), dependencies=chain(100))
    assert many < 4.2 * few
