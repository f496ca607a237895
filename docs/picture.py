"""Draws who needs which statement in which policy, from the rows of the constructs.

There is a picture for screens, and one for phones. Both are for light and dark pages:
they take the colors that the reader prefers, on a ground of their own.

    python docs/picture.py
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from textwrap import wrap

from personalize_kms_check.matrix import (
    PASS_ROLE,
    ROWS,
    SERVICE_PRINCIPAL,
    TAG,
    Actions,
    Permissions,
)

IMAGES = Path(__file__).with_name("images")
TITLE = "Who needs which statement in which policy"

# In pixels, at the width of the picture.
MARGIN, GAP, WIDTH, NARROW_WIDTH = 16, 12, 940, 340
WHO_WIDTH = 186
COLUMN_WIDTHS = (224, 286, 176)
LINE, PADDING, HEADER = 17, 14, 44
NOTE_LENGTH = 40

STYLE = """
.ground { fill: #ffffff; stroke: #d0d7de; }
.who { fill: #eaf2fb; stroke: #54748f; }
.cell { fill: #f6f8fa; stroke: #d0d7de; }
text { font: 13px system-ui, sans-serif; fill: #1f2328; }
.title { font-weight: 600; }
.action { font: 12px ui-monospace, monospace; }
.note { font-size: 11px; fill: #57606a; }
.arrow { stroke: #54748f; stroke-width: 1.5; fill: none; marker-end: url(#tip); }
.tip { fill: #54748f; }
@media (prefers-color-scheme: dark) {
  .ground { fill: #0d1117; stroke: #3d444d; }
  .who { fill: #16273a; stroke: #7ea6c9; }
  .cell { fill: #151b23; stroke: #3d444d; }
  text { fill: #f0f6fc; }
  .note { fill: #9198a1; }
  .arrow { stroke: #7ea6c9; }
  .tip { fill: #7ea6c9; }
}
"""


@dataclass(frozen=True)
class Statement:
    """Actions that stand together, and a note in gray below them."""

    actions: tuple[str, ...]
    note: str = ""

    def lines(self) -> list[tuple[str, str]]:
        """Return the lines to draw, each with its class of the style."""
        actions = [("action", action) for action in self.actions]
        return [*actions, *(("note", line) for line in wrap(self.note, NOTE_LENGTH))]


@dataclass(frozen=True)
class Who:
    """A principal: a row of the picture, with a cell for each kind of policy."""

    name: str
    about: tuple[str, ...]
    iam: list[Statement] = field(default_factory=list)
    key: list[Statement] = field(default_factory=list)
    bucket: list[Statement] = field(default_factory=list)

    def cells(self) -> tuple[list[Statement], ...]:
        """Return the statements of each kind of policy."""
        return (self.iam, self.key, self.bucket)

    def height(self) -> int:
        """Return the height of the row."""
        cells = [_lines(cell) for cell in self.cells()]
        most = max(len(self.about) + 1, *(len(lines) for lines in cells))
        return most * LINE + 2 * PADDING


COLUMNS = (
    ("IAM policies", "of the caller, of the service role"),
    ("Key policy", "of the dataset group's key and of each bucket's"),
    ("Bucket policy", "of each bucket with data"),
)


def main() -> None:
    """Draw the pictures anew."""
    rows = principals()
    for name, lines in (
        ("who-needs-what.svg", drawn(rows)),
        ("who-needs-what-narrow.svg", drawn_narrow(rows)),
    ):
        (IMAGES / name).write_text("\n".join(lines) + "\n")


def principals() -> tuple[Who, ...]:
    """Return who needs something, from the rows of the matrix."""
    in_key_policies = grouped(in_key_policies_for)
    data = on_data()
    caller = Statement(
        (PASS_ROLE, "personalize:Create…", "personalize:Describe…", TAG),
        "on the service role, and on what it creates",
    )
    return (
        Who(
            "A caller",
            ("starts a job, or creates", "a resource: a person,", "a function, CI"),
            iam=[caller],
        ),
        Who(
            "The service role",
            ("is passed by the caller,", "and assumed by", "Personalize"),
            iam=[*grouped(in_role_policies_for), *data, *grouped(on_everything_for)],
            key=in_key_policies,
        ),
        Who(
            "Personalize",
            (SERVICE_PRINCIPAL, "calls KMS and S3 itself,", "too"),
            key=in_key_policies,
            bucket=data,
        ),
    )


def in_key_policies_for(row: Permissions) -> list[str]:
    """Return the actions in the policies of the keys of a resource."""
    return actions_of(on_key.key_policy for on_key in row.on_keys())


def in_role_policies_for(row: Permissions) -> list[str]:
    """Return the actions on the keys of a resource in the role's policies."""
    return actions_of(on_key.role_policies for on_key in row.on_keys())


def on_everything_for(row: Permissions) -> list[str]:
    """Return the actions that take no narrower resource."""
    return actions_of([row.role_on_everything])


def actions_of(groups: Iterable[Iterable[Actions]]) -> list[str]:
    """Return single actions, each once."""
    names: list[str] = []
    for group in groups:
        for actions in group:
            names += actions.actions
    return list(dict.fromkeys(names))


def grouped(needs: Callable[[Permissions], list[str]]) -> list[Statement]:
    """Return the actions of all rows, with a note where only some rows need them."""
    by_note: dict[str, list[str]] = {"": []}
    actions_of_rows = chain.from_iterable(needs(row) for row in ROWS)
    for action in dict.fromkeys(actions_of_rows):
        note = note_on([row for row in ROWS if action in needs(row)])
        by_note.setdefault(note, []).append(action)
    return [Statement(tuple(actions), note) for note, actions in by_note.items()]


def note_on(rows: list[Permissions]) -> str:
    """Say for which resources an action is, if not for all."""
    others = [row for row in ROWS if row not in rows]
    if not others:
        return ""
    if len(rows) <= len(others):
        return f"for {plurals(rows)}"
    return f"not for {plurals(others)}"


def plurals(rows: list[Permissions]) -> str:
    """Name resources."""
    return " and ".join(f"{row.resource}s" for row in rows)


def on_data() -> list[Statement]:
    """Return the actions on what Personalize reads and writes."""
    reads: list[str] = []
    writes: list[str] = []
    lists: list[str] = []
    for row in ROWS:
        if row.source is not None:
            reads += row.source.on_objects.actions
        if row.destination is not None:
            writes += row.destination.on_objects.actions
        lists += actions_of(access.on_bucket for access in row.locations())
    by_note = {
        "on what it reads": reads,
        "on what it writes": writes,
        "on the bucket": lists,
    }
    return [
        Statement(tuple(dict.fromkeys(actions)), note)
        for note, actions in by_note.items()
    ]


def drawn(rows: tuple[Who, ...]) -> Iterator[str]:
    """Yield the lines of the picture: a row for each principal, a column a policy."""
    top = MARGIN + HEADER + GAP
    yield from _begin(rows, WIDTH, top + sum(who.height() + GAP for who in rows) + 4)
    for left, (title, about) in zip(_lefts(), COLUMNS, strict=True):
        yield _text("title", left, MARGIN + 16, title)
        yield _text("note", left, MARGIN + 34, about)
    for who in rows:
        yield from _row(who, top)
        if who is not rows[-1]:
            yield from _arrow(who, rows, top)
        top += who.height() + GAP
    yield "</svg>"


def drawn_narrow(rows: tuple[Who, ...]) -> Iterator[str]:
    """Yield the lines of the picture for phones: below each principal its policies."""
    width = NARROW_WIDTH - 2 * MARGIN
    boxes: list[tuple[str, int, list[tuple[str, str]]]] = []
    for who in rows:
        about = [("note", line) for line in wrap(" ".join(who.about), NOTE_LENGTH)]
        boxes.append(("who", GAP, [("title", who.name), *about]))
        for (title, _), cell in zip(COLUMNS, who.cells(), strict=True):
            if cell:
                boxes.append(("cell", 0, [("title", title), *_lines(cell)]))
    height = MARGIN
    drawing = []
    for style, gap, lines in boxes:
        height += gap
        box_height = len(lines) * LINE + PADDING
        drawing.append(_box(style, MARGIN, height, width, box_height))
        for number, (of_line, line) in enumerate(lines, start=1):
            drawing.append(
                _text(of_line, MARGIN + 12, height + number * LINE + 3, line)
            )
        height += box_height
    yield from _begin(rows, NARROW_WIDTH, height + MARGIN)
    yield from drawing
    yield "</svg>"


def _begin(rows: tuple[Who, ...], width: int, height: int) -> Iterator[str]:
    """Yield the beginning of a picture: its words, its style and its ground."""
    size = f'viewBox="0 0 {width} {height}"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
    yield f"<title>{TITLE}</title>"
    yield f"<desc>{description(rows)}</desc>"
    yield f"<style>{STYLE}</style>"
    yield '<marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" orient="auto"'
    yield 'markerWidth="8" markerHeight="8">'
    yield '<path class="tip" d="M0 0L8 4L0 8z"/></marker>'
    yield _box("ground", 0.5, 0.5, width - 1, height - 1)


def description(rows: tuple[Who, ...]) -> str:
    """Return the picture in words, for readers who don't see it."""
    sentences = []
    for who in rows:
        cells = {"IAM": who.iam, "key": who.key, "bucket": who.bucket}
        for policy, cell in cells.items():
            needs = " ".join(text for _, text in _lines(cell)) or "nothing"
            sentences.append(f"{who.name}, {policy} policy: {needs}.")
    return " ".join(sentences)


def _row(who: Who, top: int) -> Iterator[str]:
    yield _box("who", MARGIN, top, WHO_WIDTH, who.height())
    yield _text("title", MARGIN + PADDING, top + PADDING + 12, who.name)
    for number, line in enumerate(who.about, start=1):
        yield _text("note", MARGIN + PADDING, top + PADDING + 12 + number * LINE, line)
    cells = zip(_lefts(), COLUMN_WIDTHS, who.cells(), strict=True)
    for left, width, cell in cells:
        yield _box("cell", left, top, width, who.height())
        lines = _lines(cell) or [("note", "nothing")]
        for number, (style, line) in enumerate(lines):
            yield _text(style, left + PADDING, top + PADDING + 12 + number * LINE, line)


def _arrow(who: Who, rows: tuple[Who, ...], top: int) -> Iterator[str]:
    """Yield an arrow to the service role, from the caller or from Personalize."""
    bottom = top + who.height()
    is_down = who is rows[0]
    start, end = (bottom, bottom + GAP) if is_down else (bottom + GAP, bottom)
    x = MARGIN + WHO_WIDTH - 24
    yield f'<path class="arrow" d="M{x} {start}V{end}"/>'


def _lines(cell: list[Statement]) -> list[tuple[str, str]]:
    lines: list[tuple[str, str]] = []
    for statement in cell:
        lines += statement.lines()
    return lines


def _lefts() -> list[int]:
    left, lefts = MARGIN + WHO_WIDTH + GAP, []
    for width in COLUMN_WIDTHS:
        lefts.append(left)
        left += width + GAP
    return lefts


def _box(style: str, left: float, top: float, width: float, height: float) -> str:
    place = f'x="{left}" y="{top}" width="{width}" height="{height}"'
    return f'<rect class="{style}" {place} rx="6"/>'


def _text(style: str, left: float, top: float, text: str) -> str:
    return f'<text class="{style}" x="{left}" y="{top}">{text}</text>'


if __name__ == "__main__":
    main()
