"""The page on messages has the library's words, its warnings and the function's failures."""

import ast
import re
from functools import cache

import pytest

from personalize_kms_constructs._synth import _MESSAGES
from tests.sources import ROOT, SOURCE, files

PACKAGE = SOURCE / "personalize_kms_constructs"
CHECK = SOURCE / "personalize_kms_check"
PAGE = (ROOT / "docs" / "messages.md").read_text(encoding="utf-8")
# A heading that is no message.
OF_THE_PAGE = "A policy of the app that is an expression"
FUNCTION = PACKAGE / "_managed_key_policy" / "function.py"


@cache
def headings(section: str) -> list[str]:
    """The messages that a section of the page has as headings, with ``…`` for what differs."""
    (text,) = re.findall(rf"^## {section}$(.*?)^## ", PAGE, re.MULTILINE | re.DOTALL)
    found = re.findall(r"^### (.+)$", text, re.MULTILINE)
    return [heading for heading in found if heading != OF_THE_PAGE]


@cache
def nodes() -> list[ast.AST]:
    """Return all nodes of the package's source, less reports, whose messages say what to do."""
    nodes: list[ast.AST] = []
    reports = files(PACKAGE / "checks")
    for file in (*files(PACKAGE), *files(CHECK / "_shared" / "accepted.py")):
        if file not in reports:
            nodes += ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    return nodes


def template(node: ast.AST) -> str | None:
    """A text of the source, with ``…`` for what differs."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(template(part) or "…" for part in node.values)
    return None


@cache
def warnings() -> set[str]:
    """Return the ids of warnings."""
    ids = {id for id, _ in _MESSAGES.values()}
    for node in nodes():
        values: list[ast.expr] = []
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "warn":
            values = node.args[1:]
        elif isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple):
            values = node.value.elts
        if values and isinstance(values[0], ast.Constant):
            ids.add(str(values[0].value))
    return ids


@cache
def reasons() -> list[str]:
    """Return the failures of MANAGED's function: its errors, and the problems of lost time."""
    values: list[ast.AST] = []
    for node in ast.walk(ast.parse(FUNCTION.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "RefusedError":
            values += node.args
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "problem":
            values.append(node.value)
        elif isinstance(node, ast.FunctionDef) and node.name == "_explained":
            for part in ast.walk(node):
                if isinstance(part, ast.Return) and part.value:
                    values.append(part.value)
    return [text for text in map(template, values) if text]


def alike(reason: str, heading: str) -> bool:
    """Tell if the reason and the heading are the same message, or one a part of the other."""
    return says(reason, heading) or says(heading, reason)


def says(message: str, heading: str) -> bool:
    """Tell if the heading is this message, or a part of it."""
    pattern = ".*".join(re.escape(part.strip()) for part in heading.split("…"))
    return re.search(pattern, message) is not None


def test_the_texts_are_found() -> None:
    """A change of how messages are written must not make these tests pass for want of messages."""
    assert len(reasons()) >= 6
    assert len(warnings()) >= 8


@pytest.mark.parametrize("heading", headings("Errors"))
def test_the_library_says_what_is_on_the_page(heading: str) -> None:
    """Whoever has the message searches the page for it."""
    assert any(says(template(node) or "", heading) for node in nodes())


@pytest.mark.parametrize("heading", headings("Errors of MANAGED"))
def test_the_function_fails_as_the_page_says(heading: str) -> None:
    """The page may have KMS's own words where the source has a placeholder."""
    assert any(alike(reason, heading) for reason in reasons())


def test_the_warnings_are_those_of_the_page() -> None:
    """By their ids, in the first column; the old id of a renamed one would be searched in vain."""
    (table,) = re.findall(r"^\| id, after .*?\n(.*?)\n\n", PAGE, re.MULTILINE | re.DOTALL)
    first_cells = " ".join(line.split(" | ")[0] for line in table.splitlines())
    assert set(re.findall(r"`(\w+)`", first_cells)) == warnings()
    assert set(re.findall(r"personalize-kms-constructs:(\w+)", PAGE)) <= warnings()
