"""What a release relies on: the changelog, the lowest requirements, the Makefile and the workflows."""

import re
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def makefile_targets() -> list[str]:
    """What the Makefile says can be made, but files."""
    (phony,) = re.findall(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return str(phony).split()


def test_changelog_begins_with_what_is_not_released_or_with_this_version() -> None:
    """The latest heading is "Unreleased", or the version in pyproject.toml with the date of its release."""
    (version,) = re.findall(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    released = rf"\[?{re.escape(version)}\]? - \d{{4}}-\d{{2}}-\d{{2}}"
    assert re.fullmatch(rf"\[?Unreleased\]?|{released}", headings[0])


def test_changelog_has_only_headings_of_keep_a_changelog() -> None:
    """Readers look for what was removed or fixed under the usual names."""
    kinds = set(re.findall(r"^### (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE))

    assert kinds <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def test_lowest_requirements_are_the_lowest_that_are_admitted() -> None:
    """What ``make versions`` tests at the lower end is where the range of each dependency begins."""
    (block,) = re.findall(r"^dependencies = \[\n(.*?)^\]$", (ROOT / "pyproject.toml").read_text(), re.M | re.S)
    admitted = [Requirement(text) for text in re.findall(r'"(.*)"', block)]
    lowest = {each.name: spec.version for each in admitted for spec in each.specifier if spec.operator == ">="}
    pinned = dict(re.findall(r"^([a-z-]+)==(\S+)", (ROOT / "requirements" / "lowest.txt").read_text(), re.MULTILINE))

    assert lowest == {"aws-cdk-lib": pinned["aws-cdk-lib"], "constructs": pinned["constructs"]}


def test_make_lists_every_target() -> None:
    """``make`` alone shows each of them on a line of its own, with what it is for in one column."""
    listed = subprocess.run(["make", "-s"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()

    assert [line.split()[1] for line in listed] == makefile_targets()
    assert len({line.index(line.split(maxsplit=2)[2]) for line in listed}) == 1
    assert max(map(len, listed)) <= 120


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_run_only_targets_that_there_are(workflow: Path) -> None:
    """A target that is renamed would be missed only when the workflow runs."""
    text = workflow.read_text()
    named = re.findall(r"run: make ([a-z]+)", text)
    for targets in re.findall(r"target: \[(.*)\]", text):
        named += targets.split(", ")

    assert named
    assert set(named) <= set(makefile_targets())


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_have_few_permissions_and_fixed_actions(workflow: Path) -> None:
    """They read the repository, publishing has its own identity besides, and no action changes under its name."""
    text = workflow.read_text()

    assert "\npermissions:\n  contents: read\n" in text
    assert text.count(": write") == (1 if workflow.name == "release.yml" else 0)
    assert re.findall(r"^(?! *(?:- )?uses: \S+@[0-9a-f]{40} # v\d+\.\d+\.\d+$).*\buses:.*$", text, re.MULTILINE) == []
