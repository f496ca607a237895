"""The pages on errors and warnings have every message of the library, and none that it doesn't have."""

import ast
import re
from pathlib import Path

import pytest

from personalize_kms_constructs.pending import _MESSAGES

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "personalize_kms_constructs"
TROUBLESHOOTING = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
WARNINGS = (ROOT / "docs" / "warnings.md").read_text(encoding="utf-8")
FUNCTION = PACKAGE / "_managed_key_policy" / "function.py"


def headings(section: str) -> list[str]:
    """The messages that a section of the page has as headings, with ``…`` for what differs."""
    (text,) = re.findall(rf"^## {section}$(.*?)^## ", TROUBLESHOOTING, re.MULTILINE | re.DOTALL)
    return re.findall(r"^#### (.+)$", text, re.MULTILINE)


def template(node: ast.AST) -> str | None:
    """A text of the source, with ``…`` for what differs."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(template(part) or "…" for part in node.values)
    return None


def refusals() -> list[str]:
    """What the library refuses: the texts that its ``…_problems`` yield or return, and those beside them."""
    found: list[ast.AST] = []
    for file in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.endswith(
                ("problems", "not_a_resource", "not_a_location")
            ):
                values = [part.value for part in ast.walk(node) if isinstance(part, (ast.Yield, ast.Return))]
                for value in filter(None, values):
                    found += value.elts if isinstance(value, ast.List) else [value]
            elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "append":
                found += node.args if getattr(node.func.value, "id", "") == "problems" else []  # type: ignore[attr-defined]
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "refuse":
                found += [argument.elt for argument in node.args if isinstance(argument, ast.GeneratorExp)]
    return [text for text in dict.fromkeys(map(template, found)) if text]


def reasons() -> list[str]:
    """Why the function of MANAGED fails: what it raises, and the problems it puts behind ``no time is left``."""
    found: list[ast.AST] = []
    for node in ast.walk(ast.parse(FUNCTION.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "RefusedError":
            found += node.args
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "problem":
            found.append(node.value)
        elif isinstance(node, ast.FunctionDef) and node.name == "_explained":
            found += [part.value for part in ast.walk(node) if isinstance(part, ast.Return) and part.value]
    return [text for text in map(template, found) if text]


def says(message: str, heading: str) -> bool:
    """Whether the heading is this message, or a part of it."""
    pattern = ".*".join(re.escape(part.strip()) for part in heading.split("…"))
    return re.search(pattern, message) is not None


def test_the_texts_are_found() -> None:
    """A change of how messages are written must not make these tests pass for want of messages."""
    assert "role_name is for the role made here, but service_role is given: leave one out" in refusals()
    assert len(refusals()) >= 35
    assert len(reasons()) >= 6


@pytest.mark.parametrize("message", refusals())
def test_every_refusal_is_on_the_page(message: str) -> None:
    """Somebody will search for it."""
    assert [heading for heading in headings("Errors of this library") if says(message, heading)]


@pytest.mark.parametrize("heading", headings("Errors of this library"))
def test_the_library_refuses_what_is_on_the_page(heading: str) -> None:
    """And in these words."""
    assert [message for message in refusals() if says(message, heading)]


@pytest.mark.parametrize("reason", reasons())
def test_every_failure_of_the_function_is_on_the_page(reason: str) -> None:
    """CloudFormation's user sees nothing else of the function."""
    known = headings("Errors of the MANAGED custom resource")
    assert [heading for heading in known if says(reason, heading) or says(heading, reason)]


@pytest.mark.parametrize("heading", headings("Errors of the MANAGED custom resource"))
def test_the_function_fails_as_the_page_says(heading: str) -> None:
    """Where the source has what differs, the page may have KMS's own words."""
    assert [reason for reason in reasons() if says(reason, heading) or says(heading, reason)]


def test_the_errors_of_the_state_machines_are_those_of_the_source() -> None:
    """The names and the fixed words of the causes."""
    source = (PACKAGE / "jobs" / "_language.py").read_text(encoding="utf-8")
    for text in (
        "Personalize.PersonalizeException",
        "Personalize.LimitExceededException",
        "Personalize.ResourceAlreadyExistsException",
        "is older than this execution: give another job_name, or none",
        "no reason given for",
    ):
        assert text in source
        assert text in TROUBLESHOOTING
    assert 'f"{noun}Failed"' in source


@pytest.mark.parametrize(("warning_id", "message"), _MESSAGES.values())
def test_every_warning_is_on_its_page(warning_id: str, message: str) -> None:
    """Its id, and its text up to the JSON."""
    assert f"| `{warning_id}` |" in WARNINGS
    assert f"\n## {warning_id.partition(':')[2]}\n" in WARNINGS
    before, after = message.split("{arn}")
    assert re.search(f"WARNING {re.escape(before)}arn:.*{re.escape(after)}: \\[", WARNINGS)


def test_no_other_warning_is_on_the_page() -> None:
    """One that was renamed would be searched for in vain."""
    named = set(re.findall(r"personalize-kms-constructs:\w+", WARNINGS + TROUBLESHOOTING))
    assert named == {warning_id for warning_id, _ in _MESSAGES.values()}
