"""Draws who may do what in the example of index.md, from the report of check_assembly.

Every line of the picture is an entry of the report, so it can't show anything else than
what the templates of the example allow. It comes for light and for dark pages.

    python docs/access_picture.py
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from personalize_kms_constructs._access.entries import Entry
from personalize_kms_constructs._access.grouping import by_subject
from personalize_kms_constructs._access.report import AccessReport

DOCS = Path(__file__).parent
WIDTH, MARGIN = 680, 20
CARD, TEXT = 70, 88
"""Where cards begin, and their texts, from the left."""
SECOND = 350
"""Where the box of the second principal begins."""
LINE, LETTERS = 18, 72
"""The height of a line, and how many letters of actions it takes."""
BOLD = 'font-weight="600"'
MONO = 'font-family="ui-monospace, monospace" font-size="13"'
PRINCIPALS = ("role", "service")
LANES = {"role": 30, "service": 50}
"""Where the line of each principal runs, from the left."""
POLICIES = {"key": "key policy", "bucket": "bucket policy", "role": "IAM policy"}
NAMES = {"role": "role", "service": "Personalize"}


@dataclass(frozen=True)
class Theme:
    """The colours of one kind of page."""

    text: str
    faint: str
    card: str
    border: str
    role: str
    service: str


THEMES = {
    "light": Theme("#1f2328", "#59636e", "#f6f8fa", "#d1d9e0", "#0969da", "#bc4c00"),
    "dark": Theme("#f0f6fc", "#9198a1", "#151b23", "#3d444d", "#4493f8", "#f0883e"),
}


def main() -> None:
    """Draw both pictures anew."""
    report = example_report()
    for name, theme in THEMES.items():
        (DOCS / f"access-{name}.svg").write_text(drawn(report, theme))


def example_report() -> AccessReport:
    """Run the first Python code of the page, which ends with the report."""
    code = re.search(
        r"^```python\n(.*?)^```$",
        (DOCS / "index.md").read_text(),
        re.DOTALL | re.MULTILINE,
    )
    if code is None:
        raise SystemExit("index.md has no Python code")
    names: dict[str, Any] = {}
    exec(code[1], names)
    report = names["report"]
    assert isinstance(report, AccessReport)
    return report


def drawn(report: AccessReport, theme: Theme) -> str:
    """Return the picture: the principals above, and a card for each key and bucket."""
    taps: dict[str, list[int]] = {principal: [] for principal in PRINCIPALS}
    cards: list[str] = []
    texts: list[str] = []
    y = 100
    for (kind, arn), entries in by_subject(report.allowed).items():
        top, y = y, y + 26
        title = f"{kind} {report.names[arn]}"
        texts.append(_text(TEXT, y, title, theme.text, BOLD))
        for who, policy, actions in _lines(entries):
            y += LINE + 6
            taps[who].append(y - 5)
            label = f"{NAMES[who]}, by the {policy}"
            texts.append(_text(TEXT, y, label, getattr(theme, who)))
            for part in actions:
                y += LINE
                texts.append(_text(TEXT, y, part, theme.text, MONO))
        y += 16
        cards.append(_box(CARD, top, WIDTH - CARD - 1, y - top, theme, theme.border))
        y += MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y - 18}"'
            ' role="img" font-family="system-ui, sans-serif" font-size="14">',
            f"<title>{escape(_in_words(report))}</title>",
            *cards,
            *_principals(report, theme),
            *(line for who in PRINCIPALS for line in _lane(who, taps[who], theme)),
            *texts,
            "</svg>\n",
        ]
    )


def _in_words(report: AccessReport) -> str:
    places = ", ".join(
        f"{kind} {report.names[arn]}" for kind, arn in by_subject(report.allowed)
    )
    return f"What the service role and Amazon Personalize may do with {places}"


def _principals(report: AccessReport, theme: Theme) -> Iterator[str]:
    (role_arn,) = {
        entry.principal_arn for entry in report.allowed if entry.principal == "role"
    }
    names = {
        "role": ("the service role", report.names[role_arn]),
        "service": ("Amazon Personalize", "personalize.amazonaws.com"),
    }
    for who, left in zip(PRINCIPALS, (1, SECOND), strict=True):
        name, detail = names[who]
        yield _box(left, 1, WIDTH - SECOND - 1, 58, theme, getattr(theme, who))
        yield _text(left + 16, 25, name, theme.text, BOLD)
        yield _text(left + 16, 46, detail, theme.faint)


def _lane(who: str, taps: list[int], theme: Theme) -> Iterator[str]:
    """Draw the line from a principal down to all that it may do."""
    lane, colour = LANES[who], getattr(theme, who)
    start = f"M{lane} 60" if who == "role" else f"M{SECOND + 30} 60 V80 H{lane}"
    branches = " ".join(f"M{lane} {tap} H{CARD}" for tap in taps)
    yield (
        f'<path d="{start} V{taps[-1]} {branches}" fill="none"'
        f' stroke="{colour}" stroke-width="2"/>'
    )
    for tap in taps:
        yield f'<circle cx="{CARD}" cy="{tap}" r="5" fill="{colour}"/>'


def _lines(entries: Iterable[Entry]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield a principal, a policy, and what the policy allows it, for each of them."""
    for who in PRINCIPALS:
        for policy, name in POLICIES.items():
            of_policy = [
                each.action
                for each in entries
                if (each.principal, each.policy) == (who, policy)
            ]
            if of_policy:
                actions = ", ".join(sorted(set(of_policy)))
                yield who, name, textwrap.wrap(actions, LETTERS)


def _box(left: int, top: int, width: int, height: int, theme: Theme, line: str) -> str:
    return (
        f'<rect x="{left}" y="{top}" width="{width}" height="{height}" rx="8"'
        f' fill="{theme.card}" stroke="{line}" stroke-width="1.5"/>'
    )


def _text(left: int, y: int, text: str, fill: str, style: str = "") -> str:
    return f'<text x="{left}" y="{y}" fill="{fill}" {style}>{escape(text)}</text>'


if __name__ == "__main__":
    main()
