"""Resources that code creates and no template shows, declared in the form of ``_metadata``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .._access.causes import Cause
from .._access.entries import Entry
from .._access.policy_documents import as_list
from .._values import as_written
from ..matrix import ROWS, Permissions
from .manifest import Assembly
from .references import functions, names_in
from .templates import Template
from .undeclared import calls_of

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
_Templates = Mapping[str, tuple[Assembly, Template]]
_ROWS = {row.resource: row for row in ROWS}
_A_LIST = "a list of mappings"
_A_MAPPING = "a mapping"
_TO_FILL_IN = {"bucket": "<bucket ARN>", "prefix": "<folder/>"}


def created_problems(created: Any, assemblies: Sequence[Assembly], file: str = "") -> list[str]:
    """Return the reasons why declarations, of a file or in Python, can't be read."""
    if not _is_list(created):
        return [f"{file or 'created'} is {_shown(created)}, expected {_A_LIST}"]
    try:
        as_written(json.dumps(created))
    except (TypeError, ValueError, RecursionError) as error:
        return [f"created can't be written as JSON: {error}"]
    templates, start = _templates_of(assemblies), f"{file}: " if file else "created"
    problems: list[str] = []
    for index, entry in enumerate(created):
        problems += _problems(f"{start}[{index}]", entry, templates)
    return problems


def entries_to_complete(
    undecided: Iterable[Entry], assemblies: Sequence[Assembly]
) -> list[dict[str, Any]]:
    """Return an entry for each role with which code may create resources.

    Its gaps are written like ``<bucket ARN>``.
    """
    templates = _templates_of(assemblies)
    calls = _calls_by_role(undecided, templates)
    entries: list[dict[str, Any]] = []
    for (file, logical_id), allowed in calls.items():
        entry = {
            "serviceRole": {"Fn::GetAtt": [logical_id, "Arn"]} if logical_id else "<role ARN>",
            "encryptionKey": "<key ARN of the dataset group>",
            "resources": [
                _resource_to_complete(row) for row in ROWS if row.create_action in allowed
            ],
        }
        entries.append(entry if len(templates) == 1 else {"template": file, **entry})
    return entries


def _calls_by_role(
    undecided: Iterable[Entry], templates: _Templates
) -> dict[tuple[str, str], set[str]]:
    """Return the calls of creators by file and logical id of the role, which is empty outside."""
    files: dict[str, str] = {}
    roles: dict[str, tuple[str, str]] = {}
    for file, (_, template) in templates.items():
        files[str(template.path)] = file
        for logical_id in template.resources:
            roles[template.path_of(logical_id)] = (file, logical_id)
    calls: dict[tuple[str, str], set[str]] = {}
    for creator in undecided:
        if creator.cause is not Cause.NOT_DECLARED:
            continue
        outside = (files[creator.declared[0].template], "")
        allowed: set[str] = set()
        for action in as_list(creator.reason.values["actions"]):
            allowed |= calls_of(action)
        for path in as_list(creator.reason.values["roles"]):
            calls.setdefault(roles.get(path, outside), set()).update(allowed)
    return calls


def _resource_to_complete(row: Permissions) -> dict[str, Any]:
    resource: dict[str, Any] = {"resource": row.resource}
    if row.source:
        resource["source"] = _TO_FILL_IN
    if row.destination:
        resource["destination"] = _TO_FILL_IN
    return resource


def add_created(created: Any, assemblies: Sequence[Assembly]) -> None:
    """Add declarations, which have no problems, to the metadata of the assemblies."""
    templates = _templates_of(assemblies)
    for entry in as_written(json.dumps(created)):
        name = entry.get("template") or next(iter(templates))
        assembly, template = templates[name]
        path = str(entry.get("stack") or template.name)
        data = {**entry, "template": template.path.name, "isDeclared": True}
        assembly.metadata.append((template, path, data))


def _templates_of(assemblies: Sequence[Assembly]) -> dict[str, tuple[Assembly, Template]]:
    """Return all templates with their assemblies, by file name; by path where names are equal."""
    by_path: dict[Path, tuple[Assembly, Template]] = {}
    for assembly in assemblies:
        for template in assembly.with_nested():
            by_path[template.path] = (assembly, template)
    names = [path.name for path in by_path]
    templates: dict[str, tuple[Assembly, Template]] = {}
    for path, assembly_and_template in by_path.items():
        name = path.name if names.count(path.name) == 1 else path.as_posix()
        templates[name] = assembly_and_template
    return templates


@dataclass(frozen=True)
class _Beside:
    """The templates that references may be to."""

    templates: _Templates
    file: str
    """The template of references that don't name theirs."""


def _problems(where: str, entry: Any, templates: _Templates) -> list[str]:
    if not isinstance(entry, Mapping):
        return [f"{where} is {_shown(entry)}, expected {_A_MAPPING}"]
    problems = _unknown_fields(where, entry, _FIELDS)
    environments = {(template.account, template.region) for _, template in templates.values()}
    files = ", ".join(sorted(templates))
    file = entry.get("template")
    if "template" in entry and (not isinstance(file, str) or file not in templates):
        problems.append(f"{where}.template is {_shown(file)}, expected one of {files}")
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
        problems.append(f"{where}.resources is {_shown(resources)}, expected {_A_LIST}")
    else:
        for index, resource in enumerate(resources):
            problems += _problems_of_resource(f"{where}.resources[{index}]", resource, beside)
    return problems


def _problems_of_resource(where: str, resource: Any, beside: _Beside) -> list[str]:
    if not isinstance(resource, Mapping):
        return [f"{where} is {_shown(resource)}, expected {_A_MAPPING}"]
    problems = _unknown_fields(where, resource, _OF_RESOURCE)
    kind = resource.get("resource")
    row = _ROWS.get(kind) if isinstance(kind, str) else None
    if row is None:
        expected = ", ".join(_ROWS)
        problems.append(f"{where}.resource is {_shown(kind)}, expected one of {expected}")
        return problems
    for name, access in (("source", row.source), ("destination", row.destination)):
        location = resource.get(name)
        if location is None:
            continue
        if access is None:
            problems.append(f"{where} has {name}, which a {row.resource} doesn't have")
        elif not isinstance(location, Mapping):
            problems.append(f"{where}.{name} is {_shown(location)}, expected {_A_MAPPING}")
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
                problems.append(f"{where}.{name} is {_shown(value)}, expected {expected}")
    return problems


def _expected(name: str, value: Any) -> str:
    """Return what to pass instead of a value, or nothing if the value is good."""
    if not isinstance(value, str):
        return "a string or a reference"
    if name in _ARNS and not _ARNS[name][0].fullmatch(value):
        return f"an ARN, for example {_ARNS[name][1]}"
    if value == _TO_FILL_IN.get(name):
        return "a folder, for example import/"
    return ""


def _reference_problems(name: str, reference: Mapping[str, Any], beside: _Beside) -> list[str]:
    """Return the problems with a reference: to nothing, or to a name where an ARN belongs."""
    problems: list[str] = []
    file = beside.file
    logical_ids: list[str] = []
    if "logicalId" in reference:
        file = str(reference.get("template"))
        logical_ids.append(str(reference["logicalId"]))
        if file not in beside.templates:
            expected = ", ".join(sorted(beside.templates))
            problems.append(f"refers to template {file}, expected one of {expected}")
    else:
        for function, argument in functions(as_written(json.dumps(reference))):
            logical_ids += names_in(function, argument)
    if file not in beside.templates:
        return problems
    _, template = beside.templates[file]
    for logical_id in dict.fromkeys(logical_ids):
        if not template.may_have(logical_id):
            problems.append(f"refers to {logical_id or repr('')}, which {file} doesn't have")
    ref = str(reference.get("Ref"))
    if name in _ARNS and ref in template.resources:
        problems.append(f"refers to {ref} by Ref, which isn't its ARN: use Fn::GetAtt")
    return problems


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _shown(value: object) -> str:
    return f"a {type(value).__name__}" if isinstance(value, Mapping) else repr(value)
