"""The files that a release relies on: changelog, lowest requirements, Makefile and workflows."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def makefile_targets() -> list[str]:
    """Return the targets that are for people."""
    (phony,) = re.findall(r"^\.PHONY: (help .*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return str(phony).split()


def test_changelog_begins_with_what_is_not_released_or_with_this_version() -> None:
    """The latest heading is "Unreleased", or the version in pyproject.toml with the date of its release."""
    (version,) = re.findall(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    released = rf"\[?{re.escape(version)}\]? - \d{{4}}-\d{{2}}-\d{{2}}"
    assert re.fullmatch(rf"\[?Unreleased\]?|{released}", headings[0])


@pytest.mark.parametrize(
    ("version", "notes"),
    [
        ("0.2.0", "\n### Added\n\n- More.\n\n"),
        ("0.1.0", "\nThe first.\n"),
        ("0.3.0", None),  # without a date
        ("0.2", None),
        ("Unreleased", None),
    ],
)
def test_release_notes_are_those_of_the_version(version: str, notes: str | None, tmp_path: Path) -> None:
    """The workflow makes them from the changelog, and stops without a section that has a date."""
    (tmp_path / "scripts").mkdir()
    script = shutil.copy(ROOT / "scripts" / "release-notes", tmp_path / "scripts")
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n## Unreleased\n\nSoon.\n\n## 0.3.0\n\nNo date.\n\n"
        "## 0.2.0 - 2026-12-01\n\n### Added\n\n- More.\n\n## [0.1.0] - 2026-11-30\n\nThe first.\n"
    )

    made = subprocess.run([script, version], capture_output=True, text=True)

    assert (made.returncode, made.stdout) == ((0, notes) if notes is not None else (1, ""))


def test_pages_say_that_nothing_is_released_where_the_release_looks() -> None:
    """The workflow finds the words on a line; a page that breaks them over two would be released with them."""
    workflow = (ROOT / ".github" / "workflows" / "release.yml").read_text()
    (pages,) = re.findall(r'grep -n "not released yet" (.*)$', workflow, re.MULTILINE)
    latest = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[0]
    saying = [page for page in pages.split() if "not released yet" in (ROOT / page).read_text()]

    assert saying == (pages.split() if latest == "Unreleased" else [])


def test_lowest_requirements_are_the_lowest_that_are_admitted() -> None:
    """The lower end that ``make versions`` tests is where the range of each dependency begins."""
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
