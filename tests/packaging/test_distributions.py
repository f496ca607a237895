"""The contents of the distributions that are published, and their metadata."""

import email.message
import os
import re
import tarfile
import zipfile
from pathlib import Path

import pytest
from readme_renderer import markdown

from tests.packaging.conftest import build
from tests.sources import ROOT, SOURCE, files, packages

_FILES_WITH_CACHES = [path for path in files(SOURCE, "*") if path.is_file()]
FILES = [path for path in _FILES_WITH_CACHES if "__pycache__" not in path.parts]
IN_PACKAGES = {path.relative_to(SOURCE).as_posix() for path in FILES}


def test_wheel_has_the_package_and_nothing_else(
    wheel: Path, metadata: email.message.Message
) -> None:
    """The wheel has all modules, the marker of types and the licence, and nothing else."""
    info = f"personalize_kms_constructs-{metadata['Version']}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    assert names > {f"{package}/py.typed" for package in packages()}
    assert names == IN_PACKAGES | {
        f"{info}/{name}"
        for name in ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
    }


def test_description_is_what_pypi_can_show(metadata: email.message.Message) -> None:
    """The description is the README with its code, in HTML that PyPI allows, with whole links."""
    description = metadata.get_payload(decode=True)
    assert isinstance(description, bytes)
    text = description.decode()
    html = markdown.render(text)
    assert html is not None

    blocks = re.findall(
        r"^```(?:python|sh)$.*?^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE
    )
    assert text.startswith("# personalize-kms-constructs\n")
    assert len(blocks) >= 4
    assert [block for block in blocks if block not in text] == []

    addresses = re.findall(r'(?:href|src|srcset)="([^"]*)"', html)
    places = {f"#{name}" for name in re.findall(r'id="([^"]*)"', html)}
    assert "https://docs.aws.amazon.com/personalize/" in addresses
    relative = [address for address in addresses if not address.startswith("https://")]
    assert set(relative) <= places
    elements = re.findall(r"<(\w+)", re.sub(r"(?s)```.*?```|`[^`\n]*`", "", text))
    assert [element for element in elements if f"<{element}" not in html] == []
    assert "```mermaid" not in text


def test_source_distribution_has_what_a_build_needs_and_the_documentation(sdist: Path) -> None:
    """As long as it has no address, messages name a page by its path.

    No tests: they need the whole repository.
    """
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    # What git ignores is what a build leaves out.
    top = {"pyproject.toml", "hatch_build.py", "LICENSE", "PKG-INFO", ".gitignore"}
    top |= {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"}
    pages = set()
    for file in (*files(ROOT / "docs", "*.*"), *files(ROOT / "skills", "*.*")):
        if file.is_file() and file.parent.name != "__pycache__":
            pages.add(file.relative_to(ROOT).as_posix())
    assert names == {f"src/{name}" for name in IN_PACKAGES} | pages | top


@pytest.mark.long
def test_source_distribution_builds_the_same_bytes(
    sdist: Path, wheel: Path, tmp_path: Path
) -> None:
    """Wheel and source distribution don't depend on the folder, or on times and modes of files."""
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (project,) = tmp_path.iterdir()
    for path in project.rglob("*"):
        os.utime(path, (1_000_000_000, 1_000_000_000))
        path.chmod(0o700 if path.is_dir() else 0o600)

    build(project, tmp_path / "again", "--sdist", "--wheel")

    assert (tmp_path / "again" / wheel.name).read_bytes() == wheel.read_bytes()
    assert (tmp_path / "again" / sdist.name).read_bytes() == sdist.read_bytes()
