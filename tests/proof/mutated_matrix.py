"""The library's own table, broken in every single way: ``make mutation`` runs it.

The tool that breaks the code leaves out what isn't in a function, as this table.
"""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from personalize_kms_check import matrix
from personalize_kms_check.matrix import Actions, KeyAccess, Permissions, S3Access
from tests.proof.on_keys_and_buckets import several_keys
from tests.proof.proving import all_differences

ROWS = {name: row for name, row in vars(matrix).items() if isinstance(row, Permissions)}
GROUPS = {name: group for name, group in vars(matrix).items() if isinstance(group, Actions)}


def mutants(row: Permissions) -> Iterator[tuple[str, Permissions]]:
    """The row with a single change, and the change's name."""
    # On everything the role has these already, and a statement names no resource that a pattern of
    # it covers.
    equal = tuple(f"role_policies with {group.name}" for group in row.role_on_everything)
    for field, change, value in changes(row):
        if change not in equal:
            yield f"{field} {change}", dataclasses.replace(row, **{field: value})


def changes(row: Permissions) -> Iterator[tuple[str, str, Any]]:
    """A field of the row, the change's name, and the changed field."""
    for change, access in on_key(row.on_dataset_group_key):
        yield "on_dataset_group_key", change, access
    for change, groups in of_groups(row.role_on_everything):
        yield "role_on_everything", change, groups
    for field in ("source", "destination"):
        location: S3Access | None = getattr(row, field)
        if location is None:
            continue
        yield field, "dropped", None
        for change, on_bucket in of_groups(location.on_bucket):
            yield field, f"on_bucket {change}", dataclasses.replace(location, on_bucket=on_bucket)
        for change, key in on_key(location.on_key):
            yield field, change, dataclasses.replace(location, on_key=key)
        for name, group in GROUPS.items():
            if name.endswith("_OBJECTS") and group != location.on_objects:
                yield field, f"on_objects {name}", dataclasses.replace(location, on_objects=group)


def on_key(access: KeyAccess) -> Iterator[tuple[str, KeyAccess]]:
    """The changes on one key, and the access that each makes."""
    for field in ("key_policy", "role_policies"):
        for change, groups in of_groups(getattr(access, field)):
            yield f"{field} {change}", dataclasses.replace(access, **{field: groups})


def of_groups(groups: tuple[Actions, ...]) -> Iterator[tuple[str, tuple[Actions, ...]]]:
    """The groups with a group dropped, an action dropped, or a group added."""
    for index, group in enumerate(groups):
        before, after = groups[:index], groups[index + 1 :]
        yield f"without {group.name}", (*before, *after)
        for action in group.actions if len(group.actions) > 1 else ():
            rest = tuple(other for other in group.actions if other != action)
            # Under a name of its own: groups of one name share a statement of the role, which has
            # the actions of all.
            yield f"without {action}", (*before, Actions(f"Other{group.name}", rest), *after)
    for group in GROUPS.values():
        if group not in groups:
            yield f"with {group.name}", (*groups, group)


CASES = []
for row_name, row in ROWS.items():
    for change, broken in mutants(row):
        case_id = f"{row.resource}-{change}".replace(" ", "_")
        CASES.append(pytest.param(row_name, broken, id=case_id))


@pytest.mark.parametrize(("name", "mutant"), CASES)
def test_a_broken_table_is_noticed(
    name: str, mutant: Permissions, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By the evaluator, which knows nothing of the table."""
    monkeypatch.setattr(matrix, name, mutant)
    assert all_differences(several_keys, tmp_path, kinds=[mutant.resource])


@pytest.mark.parametrize("name", ROWS)
def test_the_table_as_it_is_differs_in_nothing(name: str, tmp_path: Path) -> None:
    """So differences reported above come from the change."""
    assert all_differences(several_keys, tmp_path, kinds=[ROWS[name].resource]) == []
