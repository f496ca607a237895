"""README and pages as a repository and PyPI show them: without the site's build."""

import re
from functools import cache
from pathlib import Path

import pytest
from readme_renderer import markdown

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")] + sorted(
    (ROOT / "docs").rglob("*.md")
)


@cache
def rendered(page: Path) -> str:
    """Return the page's HTML, without its code."""
    html = markdown.render(page.read_text(encoding="utf-8"))
    assert html is not None
    return re.sub(r"(?s)<pre.*?</pre>|<code>.*?</code>", "", html)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere_unbuilt(page: Path) -> None:
    """Links lead to files and their headings, but for anchors that the build makes."""
    broken = []
    for link in re.findall(r'href="([^"]*)"', rendered(page)):
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link) or anchor.startswith(
            ("user-content-", "personalize_kms_constructs.")
        ):
            continue
        target = (page.parent / path).resolve() if path else page
        is_there = target.exists() and (
            not anchor or f'id="user-content-{anchor}"' in rendered(target)
        )
        if link and not is_there:
            broken.append(link)
    assert broken == []
