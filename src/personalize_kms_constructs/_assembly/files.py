"""Files of a cloud assembly, which may be anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict

from .errors import AssemblyError

Json = dict[str, Any]

_SECTIONS = ("Resources", "Parameters", "Outputs", "Conditions", "Mappings")


class Body(TypedDict):
    """A template."""

    body: Json
    reads_outputs: bool


def read_json(path: Path) -> Json:
    """Read a file that is a JSON object.

    Raises:
        AssemblyError: if it can't be read, or is something else.
    """
    return _parsed(read_text(path), path)


def read_text(path: Path) -> str:
    """Read a file.

    Raises:
        AssemblyError: if it can't be read.
    """
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise AssemblyError(f"{path}: no such file, though the assembly refers to it") from None
    except (OSError, ValueError) as error:
        raise _unreadable(path, error) from None


def read_template(path: Path) -> Body:
    """Read a template.

    Raises:
        AssemblyError: if it can't be read, or has not the form of a template.
    """
    text = read_text(path)
    body = _parsed(text, path)
    wrong = next(_wrong_in(body), None)
    if wrong is not None:
        raise AssemblyError(f"{path}: not a CloudFormation template: {wrong}")
    return {"body": body, "reads_outputs": "Fn::ImportValue" in text or "Fn::GetStackOutput" in text}


def is_object(value: object) -> bool:
    """Report whether a value is a JSON object."""
    return isinstance(value, dict)


def _parsed(text: str, path: Path) -> Json:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, error) from None
    if not is_object(found):
        raise AssemblyError(f"{path}: a JSON object is expected, but it is a {type(found).__name__}")
    return dict(found)


def _unreadable(path: Path, error: Exception) -> AssemblyError:
    return AssemblyError(f"{path}: can't be read as JSON: {' '.join(str(error).split())}")


def _wrong_in(body: Json) -> Iterator[str]:
    for section in _SECTIONS:
        if not is_object(body.get(section, {})):
            yield f"{section} is no object"
    for logical_id, resource in body.get("Resources", {}).items():
        if not is_object(resource):
            yield f"Resources.{logical_id} is no object, as a resource is"
        elif not isinstance(resource.get("Type"), str):
            yield f"Resources.{logical_id} has no Type"
        elif not is_object(resource.get("Properties", {})):
            yield f"Resources.{logical_id}: its Properties are no object"
