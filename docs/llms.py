"""Writes llms.txt, which lists the pages for programs: https://llmstxt.org.

python docs/llms.py
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from personalize_kms_check._shared.address import SITE, page_at

DOCS = Path(__file__).absolute().parent
# What can be left out where there is little room, by the format.
OPTIONAL = "For maintainers"


def main() -> None:
    """Write the file anew."""
    project = tomllib.loads((DOCS.parent / "zensical.toml").read_text())["project"]
    (DOCS / "llms.txt").write_text("\n".join(lines(project)) + "\n")


def lines(project: dict[str, Any]) -> Iterator[str]:
    """Yield the title, a summary, and a list of links for each part of the menu."""
    yield f"# {project['site_name']}"
    yield ""
    yield f"> {project['site_description']}"
    pages, sections = [], {}
    for entry in project["nav"]:
        for name, target in entry.items():
            if isinstance(target, str):
                pages.append({name: target})
            else:
                sections[name] = target
    sections["Optional"] = sections.pop(OPTIONAL)
    for title, entries in {"Start": pages, **sections}.items():
        yield ""
        yield f"## {title}"
        yield ""
        for entry in entries:
            for name, page in entry.items():
                address = page_at(page) if SITE else page
                yield f"- [{name}]({address}): {summary((DOCS / page).read_text())}"


def summary(page: str) -> str:
    """Return the first sentence of a page, or two if that is short, without links."""
    text = re.sub(r"<!--.*?-->", "", page, flags=re.DOTALL)
    blocks = text.split("\n\n")[1:]
    paragraph = next(block for block in blocks if re.match(r"[A-Z`\[*]", block))
    words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(paragraph.split()))
    return re.sub(r"^(.{40}.*?)[.:]( .*)?$", r"\1", words).rstrip(".:")


if __name__ == "__main__":
    main()
