"""The pages on errors and warnings have the library's words, warnings and function's failures."""

import ast
import re
from functools import cache

import pytest

from personalize_kms_constructs._synth import _MESSAGES
from tests.sources import ROOT, SOURCE, files

PACKAGE = SOURCE / "personalize_kms_constructs"
CHECK = SOURCE / "personalize_kms_check"
TROUBLESHOOTING = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
WARNINGS = (ROOT / "docs" / "warnings.md").read_text(encoding="utf-8")
FUNCTION = PACKAGE / "_managed_key_policy" / "function.py"


@cache
def headings(section: str) -> list[str]:
    """The messages that a section of the page has as headings, with ``…`` for what differs."""
    (text,) = re.findall(rf"^## {section}$(.*?)^## ", TROUBLESHOOTING, re.MULTILINE | re.DOTALL)
    return re.findall(r"^#### (.+)$", text, re.MULTILINE)


@cache
def nodes() -> list[ast.AST]:
    """Return all nodes of the package's source, less reports, whose messages say what to do."""
    nodes: list[ast.AST] = []
    reports = files(PACKAGE / "checks")
    for file in (*files(PACKAGE), *files(CHECK / "_accepted.py")):
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
def warnings() -> dict[str, str]:
    """Return the first lines of warnings by id."""
    texts = {id: re.sub(r"\{\w+\}", "…", message) for id, _, message in _MESSAGES.values()}
    for node in nodes():
        pair: list[ast.expr] = []
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "warn":
            pair = node.args[1:]
        elif isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple):
            pair = node.value.elts
        if pair and isinstance(pair[0], ast.Constant):
            texts[str(pair[0].value)] = (template(pair[1]) or "").partition("\n")[0]
    return texts


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


@pytest.mark.parametrize("heading", headings("Errors of this library"))
def test_the_library_says_what_is_on_the_page(heading: str) -> None:
    """Whoever has the message searches the page for it."""
    assert any(says(template(node) or "", heading) for node in nodes())


@pytest.mark.parametrize("reason", reasons())
def test_every_failure_of_the_function_is_on_the_page(reason: str) -> None:
    """CloudFormation's user sees nothing else of the function."""
    known = headings("Errors of the MANAGED custom resource")
    assert any(alike(reason, heading) for heading in known)


@pytest.mark.parametrize("heading", headings("Errors of the MANAGED custom resource"))
def test_the_function_fails_as_the_page_says(heading: str) -> None:
    """The page may have KMS's own words where the source has a placeholder."""
    assert any(alike(reason, heading) for reason in reasons())


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("_language", "PersonalizeException"),
        ("_language", "LimitExceededException"),
        ("_language", "Personalize.ResourceAlreadyExistsException"),
        ("_language", "ResourceInUseException"),
        ("_language", "no reason given for"),
        ("_language", "is still"),
        ("_language", "has a status that is not documented:"),
        ("_job_locations", " is empty in this execution: "),
        ("_job_locations", " has no value"),
        (
            "_job_locations",
            " in this execution, and a folder or file in it has no name, or is null, . or ..",
        ),
    ],
)
def test_the_errors_of_the_state_machines_are_those_of_the_source(module: str, text: str) -> None:
    """The names and the fixed words of the causes."""
    assert text in (PACKAGE / "jobs" / f"{module}.py").read_text(encoding="utf-8")
    assert text in TROUBLESHOOTING


@pytest.mark.parametrize("warning_id", warnings())
def test_every_warning_is_on_its_page(warning_id: str) -> None:
    """By its id, in the table and as a heading."""
    assert f"| `personalize-kms-constructs:{warning_id}` |" in WARNINGS
    assert f"\n## {warning_id}\n" in WARNINGS


@pytest.mark.parametrize("message", [*filter(None, warnings().values())])
def test_the_text_of_every_warning_is_on_its_page(message: str) -> None:
    """As the CDK's CLI prints it; a text in which only the rest differs is shown up to there."""
    parts = [re.escape(part.rstrip()) for part in message.split("…")]
    assert re.search(f"^WARNING {'.*'.join(parts)}", WARNINGS, re.MULTILINE)


def test_no_other_warning_is_on_the_page() -> None:
    """The old id of a renamed warning would be searched for in vain."""
    named = set(re.findall(r"personalize-kms-constructs:(\w+)", WARNINGS + TROUBLESHOOTING))
    assert named == {*warnings(), "policies"}
