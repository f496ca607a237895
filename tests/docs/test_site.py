"""The built documentation: nothing broken, nothing missing, nothing loaded from elsewhere."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import personalize_kms_constructs
from personalize_kms_constructs import jobs
from tests.sources import ROOT, SOURCE, files

DOCS = ROOT / "docs"
KINDS = {"kms": "key", "s3": "bucket"}
POLICIES = {"key": "key policy", "role": "IAM policy", "bucket": "bucket policy"}


# A member without an underscore that users have no use for.
INTERNAL = {"personalize_kms_constructs.PersonalizeResource.permissions"}


class Page(HTMLParser):
    """The parts of a page that the tests look at."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note ids, links, and what a browser would load."""
        attributes = {name: value or "" for name, value in attrs}
        self.ids.add(attributes.get("id", ""))
        if tag in ("script", "img", "iframe", "source", "embed"):
            self.loaded.append(attributes.get("src", ""))
        elif tag == "link" and attributes.get("rel") not in ("canonical", "prev", "next"):
            self.loaded.append(attributes.get("href", ""))
        elif tag == "a":
            self.links.append(attributes.get("href", ""))


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the site's sources, with the workflow's address, to build the site in."""
    directory = tmp_path_factory.mktemp("project")
    for name in ("docs", "src"):
        shutil.copytree(ROOT / name, directory / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "zensical.toml", directory)
    workflow = (ROOT / ".github" / "workflows" / "docs.yml").read_text()
    (command,) = re.findall(r"run: (sed .*)$", workflow, re.MULTILINE)
    environment = {**os.environ, "BASE_URL": "https://owner.github.io/project"}
    subprocess.run(["sh", "-c", command], cwd=directory, env=environment, check=True)
    return directory


@pytest.fixture(scope="session")
def site(project: Path) -> Path:
    """The site. Broken links, missing anchors and warnings of any kind fail the build."""
    built = subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=project,
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    # What mkdocstrings warns of doesn't make a strict build fail.
    assert built.stderr == "No issues found\n"
    assert re.fullmatch(r"Build started\nBuild finished in \S+\n", built.stdout)
    return project / "site"


@pytest.fixture(scope="session")
def pages(site: Path) -> dict[str, Page]:
    """Every page by its path."""
    return {
        path.relative_to(site).as_posix(): Page(path.read_text()) for path in site.rglob("*.html")
    }


@pytest.mark.long
@pytest.mark.parametrize("module", [personalize_kms_constructs, jobs])
def test_everything_public_is_in_the_reference(module: ModuleType, pages: dict[str, Page]) -> None:
    """The reference has all names of ``__all__`` and their public members with a docstring."""
    documented: set[str] = set()
    for path, page in pages.items():
        if path.startswith("reference/"):
            documented.update(page.ids)

    public = set()
    for name in module.__all__:
        members = {*vars(getattr(module, name)), *getattr(module, name).__annotations__}
        public.add(f"{module.__name__}.{name}")
        public |= {
            f"{module.__name__}.{name}.{member}" for member in members if not member.startswith("_")
        }
    assert public - documented - INTERNAL == set()


@pytest.mark.long
def test_nothing_is_loaded_from_elsewhere(site: Path, pages: dict[str, Page]) -> None:
    """The site works without a network: scripts, styles, fonts and images are its own."""
    loaded: list[str] = []
    for page in pages.values():
        loaded += page.loaded
    for style in site.rglob("*.css"):
        loaded += re.findall(r"(?:url\(|@import)\s*[\"']?([^\"')]+)", style.read_text())

    assert [address for address in loaded if re.match(r"(?!data:)[a-z]+:|//", address)] == []
    # The theme would load Mermaid from a CDN.
    assert not any('class="mermaid"' in (site / path).read_text() for path in pages)


def test_every_public_name_has_its_place_in_the_reference() -> None:
    """The build writes there what the docstrings say."""
    texts = "".join(path.read_text() for path in (DOCS / "reference").glob("*.md"))
    named = re.findall(r"^::: (\S+)$", texts, re.MULTILINE)
    names = {f"personalize_kms_constructs.{name}" for name in personalize_kms_constructs.__all__}
    assert {*names, "personalize_kms_constructs.jobs"} <= set(named)


def test_every_python_block_is_run() -> None:
    """The root conftest runs blocks that have nothing but the language after the fence."""
    fences: set[str] = set()
    for path in DOCS.rglob("*.md"):
        lines = path.read_text().splitlines()
        fences.update(line for line in lines if re.match(r"\s*[`~]{3,}\s*py", line))
    assert fences == {"```python"}


def test_every_page_is_in_the_menu() -> None:
    """A page that is in no menu is found by nobody, and an entry without a page leads nowhere."""
    nav = tomllib.loads((ROOT / "zensical.toml").read_text())["project"]["nav"]

    def targets(entries: list[dict[str, Any]]) -> list[str]:
        pages: list[str] = []
        for entry in entries:
            for target in entry.values():
                pages += targets(target) if isinstance(target, list) else [target]
        return pages

    assert sorted(targets(nav)) == sorted(
        path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")
    )


def test_a_page_has_one_name() -> None:
    """In the menu, as its title, and in the table of the overview."""
    table = (ROOT / "docs" / "index.md").read_text("utf-8").partition("| you have |")[2]
    linked = {target: name for name, target in re.findall(r"\[([^]]+)\]\(([^)]+)\)", table)}
    menu = re.findall(r'"([^"]+)" = "([^"]+\.md)"', (ROOT / "zensical.toml").read_text())
    assert len(menu) > 20
    for name, target in menu[1:]:
        page = (ROOT / "docs" / target).read_text("utf-8")
        assert page.startswith(f"# {name}\n"), target
        assert linked.get(target, name) == name


def test_readme_shows_what_the_report_of_its_example_allows() -> None:
    """Below the example is a table of who may do what."""
    text = (ROOT / "README.md").read_text()
    readme = re.search(
        r"^```python\n(.*?)^```$.*?^\|---.*?\n(.*?)^$", text, re.DOTALL | re.MULTILINE
    )
    assert readme is not None

    names: dict[str, Any] = {}
    exec(readme[1], names)
    report = names["report"]
    allowed: dict[tuple[str, str], set[str]] = defaultdict(set)
    for entry in report.allowed:
        service, _, action = entry.action.partition(":")
        owner = entry.resource.partition("/import/")[0].partition("/export/")[0]
        subject = f"{KINDS[service]} {report.names[owner]}".replace("Recommendations/", "")
        allowed[f"{subject}: {POLICIES[entry.policy]}", entry.principal].add(action)
    shown = {}
    subject = ""
    for line in readme[2].replace("`", "").splitlines():
        of, policy, role, service = (cell.strip() for cell in line.split("|")[1:-1])
        subject = of or subject
        shown[f"{subject}: {policy}", "role"] = set(role.split(", "))
        shown[f"{subject}: {policy}", "service"] = set(
            (role if service == "the same" else service).split(", ")
        )
    assert {key: actions for key, actions in shown.items() if actions != {""}} == allowed


def test_pages_that_messages_name_are_there() -> None:
    """A renamed page would be named by its old path."""
    texts = "".join(path.read_text() for path in files(SOURCE))
    named = set(re.findall(r"""["']([\w/-]+\.md)["']""", texts))
    assert {"how-to/imported-key.md", "how-to/check.md"} < named
    assert [name for name in named if not (DOCS / name).is_file()] == []


def test_nothing_is_installed_by_its_name() -> None:
    """Until the release pip gets a path, since the name on PyPI may be somebody else's."""
    latest = re.findall(r"^## (.*)$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)[0]
    pages = [ROOT / "README.md"]
    for name in ("docs", "skills", "src"):
        pages += files(ROOT / name, "*.[mp][dy]")
    advice = []
    for page in pages:
        advice += [line for line in page.read_text().splitlines() if "pip install" in line]

    assert advice
    by_name = [line for line in advice if not re.search(r"pip install (?:'?\./|-r |click )", line)]
    assert latest != "Unreleased" or by_name == []


@pytest.mark.parametrize(
    ("name", "writes"),
    [
        ("matrix.md", "permission_matrix.py"),
        ("images/who-needs-what.svg", "picture.py"),
        ("images/who-needs-what-narrow.svg", "picture.py"),
        ("how-to/reports.md", "reports.py"),
        ("llms.txt", "llms.py"),
    ],
)
def test_page_is_as_it_is_written_anew(name: str, writes: str, project: Path) -> None:
    """``make snapshots`` writes it after a change of the matrix or of a report's words."""
    page = project / "docs" / name
    before = page.read_bytes()

    subprocess.run([sys.executable, str(project / "docs" / writes)], check=True)

    assert page.read_bytes() == before
