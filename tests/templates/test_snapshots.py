"""Whole templates, compared with earlier snapshots, which users keep too.

After a change that is meant, ``python -m pytest -n 0 tests/templates/test_snapshots.py
--snapshot-update`` writes the snapshots anew; read the difference line by line. A changed logical
id replaces a key or a role in somebody's production, and a changed sid or order shows up as a
change in everybody's stacks: these are breaking changes, for a major version and the changelog. A
new version of aws-cdk-lib may change templates as well; that belongs in a commit of its own.
"""

import json
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.json import JSONSnapshotExtension

from tests.templates import arrangements, stacks

# The CDK's feature flags change the order of lists in their statements, and nothing in the other
# templates.
CHANGED_BY_FLAGS = ["Everything", "SeveralKeys"]


@pytest.mark.parametrize("stack", stacks.STACKS)
def test_template_is_the_one_that_users_have(
    stack: str, synthesized: Path, snapshot: SnapshotAssertion
) -> None:
    """Every logical id, sid and statement keeps its place and order.

    None of it comes from a set, whose order changes with the seed of hashes, another one in each
    process.
    """
    assert template(synthesized, "recommended_flags", stack) == snapshot(
        extension_class=JSONSnapshotExtension
    )


@pytest.mark.parametrize("stack", CHANGED_BY_FLAGS)
def test_template_is_the_one_that_users_have_without_flags(
    stack: str, synthesized: Path, snapshot: SnapshotAssertion
) -> None:
    """Templates without the feature flags keep theirs as well."""
    assert template(synthesized, "flags_off", stack) == snapshot(
        extension_class=JSONSnapshotExtension
    )


@pytest.mark.parametrize(
    "stack", [stack for stack in stacks.STACKS if stack not in CHANGED_BY_FLAGS]
)
def test_flags_change_nothing_else(stack: str, synthesized: Path) -> None:
    """A single snapshot is enough for both."""
    assert template(synthesized, "flags_off", stack) == template(
        synthesized, "recommended_flags", stack
    )


def template(synthesized: Path, flags: str, stack: str) -> OrderedDict[str, Any]:
    text = (synthesized / flags / f"{stack}.template.json").read_text()
    # Syrupy sorts the keys of other dictionaries.
    parsed: OrderedDict[str, Any] = json.loads(text, object_pairs_hook=OrderedDict)
    return parsed


@pytest.mark.parametrize("template", arrangements.TEMPLATES)
def test_arrangement_is_the_one_that_users_have(
    template: str, arranged: Path, snapshot: SnapshotAssertion
) -> None:
    """The same holds for less usual arrangements, without the function's code."""
    text = (arranged / f"{template}.template.json").read_text()
    parsed = json.loads(text, object_pairs_hook=OrderedDict)
    for resource in parsed["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            resource["Properties"]["Code"] = "…"

    assert parsed == snapshot(extension_class=JSONSnapshotExtension)


def test_arrangements_have_no_other_templates(arranged: Path) -> None:
    """A stack added to an arrangement belongs in the test above."""
    assert set(stacks.template_files(arranged)) == {
        f"{template}.template.json" for template in arrangements.TEMPLATES
    }


def test_same_stacks_in_another_app_give_the_same_bytes(synthesized: Path, tmp_path: Path) -> None:
    """Nothing that is counted or remembered in a process gets into a template."""
    stacks.synthesize(tmp_path)

    written = stacks.template_files(synthesized)
    assert stacks.template_files(tmp_path) == written
    assert len(written) == len(stacks.FLAGS) * len(stacks.STACKS)
