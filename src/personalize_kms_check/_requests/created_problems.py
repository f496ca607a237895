"""Mistakes in users' declarations: see ``created``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .._shared.values import as_written
from .._templates.intrinsics import functions, names_in
from .._templates.manifest import Assembly
from ..matrix import ROWS
from .created import TO_FILL_IN, Templates, templates_of


class _Text(NamedTuple):
    """A field for a string, or for a reference in its place."""

    takes: str
    pattern: str = r"(?s).*"


_KEY = _Text(
    "an ARN, for example "
    "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    r"arn:[^:]+:kms:[^:]+:\d{12}:(key|alias)/.+",
)
_ROLE = _Text(
    "an ARN, for example arn:aws:iam::111122223333:role/Personalize",
    r"arn:[^:]+:iam::\d{12}:role/.+",
)
_BUCKET = _Text("an ARN, for example arn:aws:s3:::ratings", r"arn:[^:]+:s3:::[^:/]+")
_PREFIX = _Text(
    "a folder, for example import/", rf"(?s)(?!{TO_FILL_IN['prefix']}|/|.*(?:://|[*?])).*"
)
_ACCOUNT = _Text("a string or a reference")
_SEEN_ELSEWHERE = None

# The fields of each mapping, with what they take.
_LOCATION = {"bucket": _BUCKET, "prefix": _PREFIX, "key": _KEY, "account": _ACCOUNT}
_RESOURCES: dict[str, dict[str, Any]] = {}
for _row in ROWS:
    _RESOURCES[_row.resource] = {"resource": _SEEN_ELSEWHERE}
    if _row.source:
        _RESOURCES[_row.resource]["source"] = _LOCATION
    if _row.destination:
        _RESOURCES[_row.resource]["destination"] = _LOCATION
_ENTRY = {
    "stack": _SEEN_ELSEWHERE,
    "template": _SEEN_ELSEWHERE,
    "serviceRole": _ROLE,
    "encryptionKey": _KEY,
    "resources": _SEEN_ELSEWHERE,
}
_REQUIRED = ("serviceRole", "bucket")


def created_problems(created: Any, assemblies: Sequence[Assembly], file: str = "") -> list[str]:
    if not _is_list(created):
        begin = ", as --write-created FILE begins one"
        return [f"{file or 'created'} is {_as_given(created)}, expected a list of mappings{begin}"]
    try:
        as_written(json.dumps(created))
    except (TypeError, ValueError, RecursionError) as error:
        return [f"created can't be written as JSON: {error}"]
    templates, start = templates_of(assemblies), f"{file}: " if file else "created"
    problems: list[str] = []
    for index, entry in enumerate(created):
        problems += _problems_of_entry(f"{start}[{index}]", entry, templates)
    return problems


def _problems_of_entry(where: str, entry: Any, templates: Templates) -> Iterator[str]:
    fields = entry if isinstance(entry, Mapping) else {}
    file, files = fields.get("template"), ", ".join(sorted(templates))
    environments = {(template.account, template.region) for _, template in templates.values()}
    if file is None and len(environments) != 1:
        several = "the app has several accounts or Regions"
        yield f"{where} has no template, and {several}: add one of {files}"
    if file is not None and str(file) not in templates:
        yield f"{where}.template is {file!r}, expected one of {files}"
    file = str(file or next(iter(templates)))
    yield from _problems(where, entry, _ENTRY, templates, file)
    resources = fields.get("resources")
    if not _is_list(resources) or not resources:
        yield f"{where}.resources is {_as_given(resources)}, expected a list of mappings"
        return
    for index, resource in enumerate(resources):
        its_place = f"{where}.resources[{index}]"
        kind = resource.get("resource") if isinstance(resource, Mapping) else resource
        if str(kind) in _RESOURCES:
            yield from _problems(its_place, resource, _RESOURCES[str(kind)], templates, file)
        else:
            expected = ", ".join(_RESOURCES)
            yield f"{its_place}.resource is {_as_given(kind)}, expected one of {expected}"


def _problems(
    where: str, value: Any, fields: Mapping[str, Any], templates: Templates, file: str
) -> Iterator[str]:
    """Yield the problems with a mapping; references without a template mean the file's own."""
    if not isinstance(value, Mapping):
        yield f"{where} is {_as_given(value)}, expected a mapping"
        return
    for name in value:
        if name not in fields:
            yield f"{where} has {name}, which isn't one of {', '.join(fields)}"
    for name, field in fields.items():
        its_value, its_place = value.get(name), f"{where}.{name}"
        if its_value is None and name in _REQUIRED:
            yield f"{where} has no {name}"
        elif its_value is None or field is _SEEN_ELSEWHERE:
            continue
        elif isinstance(field, Mapping):
            yield from _problems(its_place, its_value, field, templates, file)
        elif isinstance(its_value, Mapping):
            for problem in _reference_problems(its_value, field, templates, file):
                yield f"{its_place} {problem}"
        elif not isinstance(its_value, str) or not re.fullmatch(field.pattern, its_value):
            yield f"{its_place} is {_as_given(its_value)}, expected {field.takes}"


def _reference_problems(
    reference: Mapping[str, Any], field: _Text, templates: Templates, own_file: str
) -> Iterator[str]:
    """Yield the problems with a reference: to nothing, or to a name where an ARN belongs."""
    file, logical_ids = own_file, []
    if "logicalId" in reference:
        file, logical_ids = str(reference.get("template")), [str(reference["logicalId"])]
    for function, argument in functions(as_written(json.dumps(reference))):
        logical_ids += names_in(function, argument)
    if file not in templates:
        if file != own_file:
            yield f"refers to template {file}, expected one of {', '.join(sorted(templates))}"
        return
    _, template = templates[file]
    for logical_id in dict.fromkeys(logical_ids):
        if not template.may_have(logical_id):
            yield f"refers to {logical_id or repr('')}, which {file} doesn't have"
    ref = str(reference.get("Ref"))
    if field.pattern.startswith("arn:") and ref in template.resources:
        yield f"refers to {ref} by Ref, which isn't its ARN: use Fn::GetAtt"


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _as_given(value: object) -> str:
    return f"a {type(value).__name__}" if isinstance(value, Mapping) else repr(value)
