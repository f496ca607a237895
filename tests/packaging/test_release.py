"""The files that a release relies on: changelog, lowest requirements, Makefile and workflows."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.conftest import build, help_of, metadata_of
from tests.sources import ROOT, files

(VERSION,) = re.findall(r'^version = "(.*)"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
WORKFLOWS = files(ROOT / ".github" / "workflows", "*.yml")


def makefile_targets() -> list[str]:
    """Return the targets that are for people."""
    (phony,) = re.findall(r"^\.PHONY: (help .*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    return str(phony).split()


def test_changelog_begins_with_what_is_not_released_or_with_this_version() -> None:
    """The latest heading is "Unreleased", or pyproject.toml's version with its date."""
    headings = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)

    released = rf"\[?{re.escape(VERSION)}\]? - \d{{4}}-\d{{2}}-\d{{2}}"
    assert re.fullmatch(rf"\[?Unreleased\]?|{released}", headings[0])


@pytest.mark.parametrize(
    ("version", "notes"),
    [
        ("0.2.0", "\n### Added\n\n- More.\n\n"),
        ("0.3.0", None),  # without a date
    ],
)
def test_release_notes_are_those_of_the_version(
    version: str, notes: str | None, tmp_path: Path
) -> None:
    """The workflow makes them from the changelog, and stops without a section that has a date."""
    (tmp_path / "scripts").mkdir()
    script = shutil.copy(ROOT / "scripts" / "release-notes", tmp_path / "scripts")
    (tmp_path / "CHANGELOG.md").write_text(
        "# Changelog\n\n## Unreleased\n\nSoon.\n\n## 0.3.0\n\nNo date.\n\n"
        "## 0.2.0 - 2026-12-01\n\n### Added\n\n- More.\n\n## [0.1.0] - 2026-11-30\n"
    )

    made = subprocess.run([script, version], capture_output=True, text=True)

    assert (made.returncode, made.stdout) == ((0, notes) if notes is not None else (1, ""))


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A copy of what a release writes and reads."""
    for name in ("docs", "scripts", "src", "skills", ".github"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("README.md", "CHANGELOG.md", "pyproject.toml", "hatch_build.py", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def release(repository: Path, *arguments: str) -> tuple[int, list[str]]:
    """Run the script, and return its exit code and the places that it finds."""
    command = [sys.executable, str(repository / "scripts" / "release"), *arguments]
    completed = subprocess.run(command, cwd=repository, capture_output=True, text=True)
    places = [line.partition(":")[0] for line in completed.stdout.splitlines()]
    return completed.returncode, places


SITE = "https://owner.example/project/"
REPOSITORY = "https://host.example/owner/project"
ADDRESS = "src/personalize_kms_check/_shared/address.py"
UNRELEASED = [
    "README.md",
    "CHANGELOG.md",
    "docs/index.md",
    "docs/first-stack.md",
    "docs/how-to/check.md",
    "docs/how-to/doctor.md",
    "docs/reviewers.md",
    "skills/personalize-kms/SKILL.md",
    ADDRESS,
]
TO_FILL_IN = [ADDRESS, "docs/how-to/test-and-ci.md", "docs/versions.md", ".github/CODEOWNERS"]


def fill_in_the_address(repository: Path) -> None:
    """Write what a person writes: who the author is, and where the repository is."""
    file = repository / ADDRESS
    text = file.read_text().replace('REPOSITORY = ""', f'REPOSITORY = "{REPOSITORY}"')
    file.write_text(text.replace('AUTHOR = ""', 'AUTHOR = "Somebody"'))


def test_a_release_is_refused_until_every_place_says_so(repository: Path) -> None:
    """A command writes all but the maintainers, whom a person names; then nothing is left."""
    latest = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[0]
    version = VERSION
    if latest == "Unreleased":
        code, places = release(repository, "--check", version)
        assert (code, set(places)) == (1, {*UNRELEASED, *TO_FILL_IN})
        assert set(release(repository, "0.2.0", SITE)[1]) == set(TO_FILL_IN)
        version = "0.2.0"
    for name in TO_FILL_IN:
        page = repository / name
        page.write_text(re.sub("TO FILL IN|example.com/", "somebody/", page.read_text()))
    fill_in_the_address(repository)

    assert release(repository, "--check", version) == (0, [])
    assert set(release(repository, "--check", "0.0.9")[1]) == {"CHANGELOG.md", "pyproject.toml"}


def git(repository: Path, *arguments: str) -> None:
    """Run git as somebody without a configuration."""
    somebody = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com"]
    command = ["git", *somebody, *arguments]
    subprocess.run(command, cwd=repository, check=True, capture_output=True)


def public_names(repository: Path, version: str) -> subprocess.CompletedProcess[str]:
    """Compare the public names with those of the last tag."""
    command = [sys.executable, str(repository / "scripts" / "check-api"), version]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True)


@pytest.mark.long
def test_a_public_name_breaks_only_in_a_version_that_may(repository: Path) -> None:
    """A patch release that takes a parameter out is refused; a private module may change in any."""
    git(repository, "init", "--quiet")
    git(repository, "add", "src")
    git(repository, "commit", "--quiet", "--message", "Release")
    git(repository, "tag", "v0.1.0")
    package = repository / "src" / "personalize_kms_constructs"
    (package / "_pasted.py").write_text("")
    assert public_names(repository, "0.1.1").returncode == 0

    resources = package / "resources.py"
    text = resources.read_text()
    resources.write_text(
        text.replace(
            "def dataset_import_job(source: S3Location | None = None)", "def dataset_import_job()"
        )
    )
    assert resources.read_text() != text

    refused = public_names(repository, "0.1.1")
    assert (refused.returncode, refused.stderr) == (1, "")
    assert "dataset_import_job(source): Parameter was removed (since v0.1.0)\n" in refused.stdout
    allowed = public_names(repository, "0.2.0")
    assert (allowed.returncode, allowed.stdout) == (0, "")
    assert "dataset_import_job(source): Parameter was removed" in allowed.stderr


@pytest.mark.long
def test_an_address_leads_from_everywhere(repository: Path) -> None:
    """Metadata, README and messages have the set address, but for pages that aren't on the site."""
    release(repository, "0.2.0", SITE)
    fill_in_the_address(repository)
    build(repository, repository / "dist", "--wheel")
    (wheel,) = (repository / "dist").glob("*.whl")
    metadata = metadata_of(wheel)
    description = metadata.get_payload(decode=True)

    assert metadata["Author"] == "Somebody"
    urls = metadata.get_all("Project-URL")
    assert urls == [f"Documentation, {SITE}", f"Support, {SITE}versions/", f"Source, {REPOSITORY}"]
    assert isinstance(description, bytes)
    assert f"[your first stack]({SITE}first-stack/)" in description.decode()
    assert f"[documentation]({SITE})" in description.decode()
    assert f"[changelog]({REPOSITORY}/blob/HEAD/CHANGELOG.md)" in description.decode()
    assert "](docs/" not in description.decode()
    assert f"Documentation: {SITE}how-to/check/" in help_of(wheel)
    links = (repository / "docs" / "llms.txt").read_text()
    assert f"[Overview]({SITE}):" in links
    assert f"[Your first stack]({SITE}first-stack/):" in links
    assert "rev: v0.2.0\n" in (repository / "docs" / "how-to" / "test-and-ci.md").read_text()


def test_lowest_requirements_are_the_lowest_that_are_admitted() -> None:
    """The lower end that ``make versions`` tests is where the range of each dependency begins."""
    project = (ROOT / "pyproject.toml").read_text()
    lowest = re.findall(r'^    "([a-z-]+)>=([\d.]+),<\d+",$', project, re.MULTILINE)
    pinned = (ROOT / "requirements" / "lowest.txt").read_text().splitlines()

    assert [name for name, _ in lowest] == ["aws-cdk-lib", "constructs"]
    for name, version in lowest:
        assert any(line.startswith(f"{name}=={version} ") for line in pinned), name


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_run_only_targets_that_there_are(workflow: Path) -> None:
    """A target that is renamed would be missed only when the workflow runs."""
    text = workflow.read_text()
    named = re.findall(r"run: make ([a-z]+)", text)
    for targets in re.findall(r"target: \[(.*)\]", text):
        named += targets.split(", ")

    assert named
    assert set(named) <= set(makefile_targets())
