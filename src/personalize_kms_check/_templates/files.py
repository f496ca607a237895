"""Files of a cloud assembly, which may be anything."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .._model.declarations import STANDARD_INPUT
from .._shared.values import HOLE, as_written

Json = dict[str, Any]

# The value of StringParameter.value_from_lookup until the CLI has looked, after a synth that
# succeeds: it is as unknown as a dynamic reference.
_TO_BE_LOOKED_UP = re.compile(r"dummy-value-for-[^\"\\{}]*")
_SECTIONS = ("Resources", "Parameters", "Outputs", "Conditions", "Mappings")


class AssemblyError(ValueError):
    """A cloud assembly can't be read; the message is one line with the reason and the place."""


@contextmanager
def noting_errors(errors: list[str], path: Path) -> Iterator[None]:
    """Add the error of a part of a template to ``errors``, and go on after that part."""
    try:
        yield
    except AssemblyError as error:
        errors.append(str(error))
    except RecursionError:
        errors.append(f"{path}: something refers to itself, or is nested too deeply to be read")


def read_json(path: Path) -> Json:
    """Read a JSON object from a file, or raise an ``AssemblyError``, as all functions here do."""
    return _parsed(path, read_text(path))


def _parsed(path: Path, text: str, to_json: Callable[[str], str] = str, form: str = "JSON") -> Json:
    try:
        text = to_json(text)
        if "dummy-value-for-" in text:
            text = _TO_BE_LOOKED_UP.sub(r"{{resolve:\g<0>}}", text)
        value = as_written(text)
    except (ValueError, RecursionError) as error:
        raise _unreadable(path, error, form) from None
    if not isinstance(value, dict):
        raise AssemblyError(
            f"{path}: not a {form} object, as templates and the files of an assembly are"
        )
    return dict(value)


def read_text(path: Path) -> str:
    try:
        if str(path) == STANDARD_INPUT:
            return sys.stdin.buffer.read().decode("utf-8")
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise AssemblyError(f"{path}: no such file, though the assembly refers to it") from None
    except UnicodeDecodeError as error:
        raise _unreadable(path, error, "UTF-8") from None
    except (OSError, ValueError) as error:
        raise AssemblyError(f"{path}: can't be read: {_in_one_line(error)}") from None


def read_template(path: Path) -> Json:
    text = read_text(path)
    if text.lstrip().startswith("{"):
        body = _parsed(path, text)
    else:
        try:
            from .yaml_templates import as_json
        except ModuleNotFoundError as error:
            if error.name != "yaml":
                raise
            raise AssemblyError(f"{path}: YAML needs the extra cli of this library") from None
        body = _parsed(path, text, as_json, "YAML")
    problem = _problem_of_template(body)
    if problem:
        raise AssemblyError(f"{path}: not a CloudFormation template: {problem}")
    return body


def read_given(path: Path) -> Any:
    """Read JSON from a user's file."""
    try:
        return json.loads(path.read_text("utf-8-sig"))
    except FileNotFoundError:
        raise AssemblyError(f"{path}: no such file") from None
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(path, error, "JSON") from None


def parse_property(text: str, label: str, template: Path) -> Any:
    """Parse JSON in a property of a template, which may have holes in strings and for numbers."""
    try:
        return json.loads(text)
    except ValueError:
        pass

    def hole_or_number(hole: re.Match[str]) -> str:
        before = text[: hole.start()].replace("\\\\", "").replace('\\"', "")
        is_in_string = before.count('"') % 2 == 1
        return hole[0] if is_in_string else "0"

    try:
        return json.loads(HOLE.sub(hole_or_number, text))
    except (ValueError, RecursionError) as error:
        raise AssemblyError(f"{template}: {label} isn't JSON: {_in_one_line(error)}") from None


def is_put_in(name: str) -> bool:
    """Tell if a resource is a macro or a loop, ``Fn::Transform`` or ``Fn::ForEach::…``."""
    return name.startswith("Fn::")


def _unreadable(path: Path, error: Exception, form: str) -> AssemblyError:
    return AssemblyError(f"{path}: can't be read as {form}: {_in_one_line(error)}")


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _problem_of_template(body: Json) -> str:
    for section in _SECTIONS:
        if not isinstance(body.get(section, {}), dict):
            return f"{section} isn't an object"
    for logical_id, resource in body.get("Resources", {}).items():
        if is_put_in(logical_id):
            continue
        if not isinstance(resource, dict):
            return f"Resources.{logical_id} isn't an object, as a resource is"
        if not isinstance(resource.get("Type"), str):
            return f"Resources.{logical_id} has no Type"
        if not isinstance(resource.get("Properties", {}), dict):
            return f"Resources.{logical_id}: its Properties aren't an object"
    return ""
