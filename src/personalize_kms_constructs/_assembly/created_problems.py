"""Mistakes in users' declarations: see ``created``."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from .._values import as_written
from ..matrix import ROWS
from .created import TO_FILL_IN, Templates, templates_of
from .manifest import Assembly
from .references import functions, names_in

_FIELDS = (
    "stack",
    "template",
    "serviceRole",
    "encryptionKey",
    "resources",
    "pending",
    "isDeclared",
)
_OF_RESOURCE = ("resource", "source", "destination")
_OF_LOCATION = ("bucket", "prefix", "key", "account")
_KEY_ARN = re.compile(r"arn:[^:]+:kms:[^:]+:\d{12}:(key|alias)/.+")
_ROLE_ARN = re.compile(r"arn:[^:]+:iam::\d{12}:role/.+")
_EXAMPLE_OF_KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
# The ARNs of each field, with an example.
_ARNS = {
    "serviceRole": (_ROLE_ARN, "arn:aws:iam::111122223333:role/Personalize"),
    "encryptionKey": (_KEY_ARN, _EXAMPLE_OF_KEY),
    "bucket": (re.compile(r"arn:[^:]+:s3:::[^:/]+"), "arn:aws:s3:::ratings"),
    "key": (_KEY_ARN, _EXAMPLE_OF_KEY),
}
_ROWS = {row.resource: row for row in ROWS}
_A_LIST = "a list of mappings"
_A_MAPPING = "a mapping"


def created_problems(created: Any, assemblies: Sequence[Assembly], file: str = "") -> list[str]:
    """Return the reasons why declarations, of a file or in Python, can't be read."""
    if not _is_list(created):
        begin = ", as --write-created FILE begins one"
        return [f"{file or 'created'} is {_as_given(created)}, expected {_A_LIST}{begin}"]
    try:
        as_written(json.dumps(created))
    except (TypeError, ValueError, RecursionError) as error:
        return [f"created can't be written as JSON: {error}"]
    templates, start = templates_of(assemblies), f"{file}: " if file else "created"
    problems: list[str] = []
    for index, entry in enumerate(created):
        problems += _problems(f"{start}[{index}]", entry, templates)
    return problems


class _Beside(NamedTuple):
    """The templates that references may be to."""

    templates: Templates
    file: str
    """The template of references that don't name theirs."""


def _problems(where: str, entry: Any, templates: Templates) -> list[str]:
    if not isinstance(entry, Mapping):
        return [f"{where} is {_as_given(entry)}, expected {_A_MAPPING}"]
    problems = _unknown_fields(where, entry, _FIELDS)
    environments = {(template.account, template.region) for _, template in templates.values()}
    files = ", ".join(sorted(templates))
    file = entry.get("template")
    if "template" in entry and (not isinstance(file, str) or file not in templates):
        problems.append(f"{where}.template is {_as_given(file)}, expected one of {files}")
    elif "template" not in entry and len(environments) != 1:
        problems.append(
            f"{where} has no template, and the app has several accounts or Regions: "
            f"add one of {files}"
        )
    beside = _Beside(templates, str(file or next(iter(templates))))
    problems += _field_problems(where, entry, ("serviceRole", "encryptionKey"), beside)
    resources = entry.get("resources")
    if "resources" not in entry:
        problems.append(f"{where} has no resources")
    elif not _is_list(resources) or not resources:
        problems.append(f"{where}.resources is {_as_given(resources)}, expected {_A_LIST}")
    else:
        for index, resource in enumerate(resources):
            problems += _problems_of_resource(f"{where}.resources[{index}]", resource, beside)
    return problems


def _problems_of_resource(where: str, resource: Any, beside: _Beside) -> list[str]:
    if not isinstance(resource, Mapping):
        return [f"{where} is {_as_given(resource)}, expected {_A_MAPPING}"]
    problems = _unknown_fields(where, resource, _OF_RESOURCE)
    kind = resource.get("resource")
    row = _ROWS.get(kind) if isinstance(kind, str) else None
    if row is None:
        expected = ", ".join(_ROWS)
        problems.append(f"{where}.resource is {_as_given(kind)}, expected one of {expected}")
        return problems
    for name, access in (("source", row.source), ("destination", row.destination)):
        location = resource.get(name)
        if location is None:
            continue
        if access is None:
            problems.append(f"{where} has {name}, which a {row.resource} doesn't have")
        elif not isinstance(location, Mapping):
            problems.append(f"{where}.{name} is {_as_given(location)}, expected {_A_MAPPING}")
        else:
            problems += _unknown_fields(f"{where}.{name}", location, _OF_LOCATION)
            problems += _field_problems(f"{where}.{name}", location, _OF_LOCATION, beside)
    return problems


def _unknown_fields(where: str, mapping: Mapping[str, Any], known: Sequence[str]) -> list[str]:
    expected = ", ".join(known)
    return [
        f"{where} has {name}, which isn't one of {expected}"
        for name in mapping
        if name not in known
    ]


def _field_problems(
    where: str, mapping: Mapping[str, Any], names: Sequence[str], beside: _Beside
) -> list[str]:
    """Return the problems with fields that are strings or references; the first is required."""
    required = names[0]
    problems: list[str] = []
    if required not in mapping:
        problems.append(f"{where} has no {required}")
    for name in names:
        value = mapping.get(name)
        is_given = value is not None or (name == required and name in mapping)
        if not is_given:
            continue
        if isinstance(value, Mapping):
            for problem in _reference_problems(name, value, beside):
                problems.append(f"{where}.{name} {problem}")
        else:
            expected = _expected(name, value)
            if expected:
                problems.append(f"{where}.{name} is {_as_given(value)}, expected {expected}")
    return problems


def _expected(name: str, value: Any) -> str:
    """Return what to pass instead of a value, or nothing if the value is good."""
    if not isinstance(value, str):
        return "a string or a reference"
    if name in _ARNS and not _ARNS[name][0].fullmatch(value):
        return f"an ARN, for example {_ARNS[name][1]}"
    if value == TO_FILL_IN.get(name):
        return "a folder, for example import/"
    return ""


def _reference_problems(name: str, reference: Mapping[str, Any], beside: _Beside) -> list[str]:
    """Return the problems with a reference: to nothing, or to a name where an ARN belongs."""
    file = beside.file
    logical_ids: list[str] = []
    if "logicalId" in reference:
        file = str(reference.get("template"))
        logical_ids.append(str(reference["logicalId"]))
    for function, argument in functions(as_written(json.dumps(reference))):
        logical_ids += names_in(function, argument)
    if file not in beside.templates:
        expected = ", ".join(sorted(beside.templates))
        problem = f"refers to template {file}, expected one of {expected}"
        return [] if file == beside.file else [problem]
    _, template = beside.templates[file]
    problems: list[str] = []
    for logical_id in dict.fromkeys(logical_ids):
        if not template.may_have(logical_id):
            problems.append(f"refers to {logical_id or repr('')}, which {file} doesn't have")
    ref = str(reference.get("Ref"))
    if name in _ARNS and ref in template.resources:
        problems.append(f"refers to {ref} by Ref, which isn't its ARN: use Fn::GetAtt")
    return problems


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _as_given(value: object) -> str:
    return f"a {type(value).__name__}" if isinstance(value, Mapping) else repr(value)
