"""The documentation as it is built: nothing broken, nothing missing, nothing loaded from elsewhere."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest

import personalize_kms_constructs
from personalize_kms_constructs import jobs

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
GUIDE = "https://docs.aws.amazon.com/personalize/latest/dg"


class Page(HTMLParser):
    """What the tests look at in a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: set[str] = set()
        self.loaded: list[str] = []
        self.rows: list[list[str]] = []
        """Each table row as its links and words."""
        self._in_row = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes ids, links in tables, and what a browser would load."""
        attributes = {name: value or "" for name, value in attrs}
        self.ids.add(attributes.get("id", ""))
        if tag in ("script", "img", "iframe", "source", "embed"):
            self.loaded.append(attributes.get("src", ""))
        elif tag == "link" and attributes.get("rel") not in ("canonical", "prev", "next"):
            self.loaded.append(attributes.get("href", ""))
        elif tag == "tr":
            self._in_row = True
            self.rows.append([])
        elif tag == "a" and self._in_row:
            self.rows[-1].append(attributes["href"])

    def handle_data(self, data: str) -> None:
        """Notes the words of a table."""
        if self._in_row and data.strip():
            self.rows[-1].append(data.strip())

    def handle_endtag(self, tag: str) -> None:
        """Notes the end of a table's row."""
        if tag == "tr":
            self._in_row = False


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site. Broken links, missing anchors and pages that are in no menu fail the build."""
    directory = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(directory)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return directory


@pytest.fixture(scope="session")
def pages(site: Path) -> dict[str, Page]:
    """Every page by its path."""
    return {path.relative_to(site).as_posix(): Page(path.read_text()) for path in site.rglob("*.html")}


@pytest.mark.parametrize("module", [personalize_kms_constructs, jobs])
def test_everything_public_is_in_the_reference(module: ModuleType, pages: dict[str, Page]) -> None:
    """Each name of ``__all__``, and each public member of its class: one without a docstring would be missing."""
    documented = {anchor for path, page in pages.items() if path.startswith("reference/") for anchor in page.ids}

    public = set()
    for name in module.__all__:
        members = {*vars(getattr(module, name)), *getattr(module, name).__annotations__}
        public.add(f"{module.__name__}.{name}")
        public |= {f"{module.__name__}.{name}.{member}" for member in members if not member.startswith("_")}
    assert public - documented == set()


def test_nothing_is_loaded_from_elsewhere(site: Path, pages: dict[str, Page]) -> None:
    """The site works without a network: scripts, styles, fonts and images are its own."""
    loaded = [address for page in pages.values() for address in page.loaded]
    for style in site.rglob("*.css"):
        loaded += re.findall(r"(?:url\(|@import)\s*[\"']?([^\"')]+)", style.read_text())

    assert [address for address in loaded if re.match(r"(?!data:)[a-z]+:|//", address)] == []
    # Material would load Mermaid from a CDN.
    assert not any('class="mermaid"' in (site / path).read_text() for path in pages)


def test_no_page_knows_the_machine_it_was_built_on(site: Path, pages: dict[str, Page]) -> None:
    """Sources are named by their path in the repository."""
    assert [path for path in pages if str(ROOT) in (site / path).read_text()] == []


def test_every_python_block_is_run() -> None:
    """Sybil passes over a block with anything but the language after its fence; the root conftest runs the others."""
    fences = [
        line
        for path in DOCS.rglob("*.md")
        for line in path.read_text().splitlines()
        if re.match(r"\s*[`~]{3,}\s*py", line)
    ]
    assert set(fences) == {"```python"}


def test_matrix_links_each_action_to_its_page(pages: dict[str, Page]) -> None:
    """KMS actions come from the page on keys, everything else from the page of the resource."""
    kms, imports = f"{GUIDE}/granting-personalize-key-access.html", f"{GUIDE}/granting-personalize-s3-access.html"
    rows = pages["matrix/index.html"].rows

    five = ["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]
    five_linked = [part for action in five for part in (kms, action)]
    key_policy = ["key policy", "of every key involved, for the role and for the service", *five_linked]
    both = ["role's IAM policy", ", and", "bucket policy"]
    import_job = [
        ["policy", "actions"],
        key_policy,
        ["role's IAM policy", ", on every key involved", kms, "none"],
        [*both, "for the service, on the data it reads", imports, "s3:GetObject"],
        [*both, "for the service, on the bucket of the data it reads", imports, "s3:ListBucket"],
    ]
    assert rows.count(key_policy) == 7
    # A dataset group has two rows and a heading before it.
    assert rows[3:8] == import_job
    # A data deletion job has the same rows.
    assert [rows[start : start + 5] for start in range(len(rows))].count(import_job) == 2


def test_matrix_says_that_the_pages_differ(site: Path) -> None:
    """On data deletion jobs, and which of them was followed."""
    page = (site / "matrix" / "index.html").read_text()
    section = page.partition('id="data-deletion-job"')[2].partition("<table>")[0]
    assert "AWS's pages differ: the page on KMS doesn't list data deletion jobs" in section
    assert "Chosen: the KMS permissions of dataset import jobs." in section
