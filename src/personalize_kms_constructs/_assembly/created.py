"""Resources that code creates and no template shows, as users tell them: in the form of ``_metadata``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
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

_FIELDS = ("stack", "template", "serviceRole", "encryptionKey", "resources", "pending", "isDeclared")
_OF_LOCATION = ("bucket", "prefix", "key", "account")
_OF_KEY = re.compile(r"arn:[^:]+:kms:[^:]+:\d{12}:(key|alias)/.+")
# The ARNs of each field, with an example of one.
_ARNS = {
    "serviceRole": (re.compile(r"arn:[^:]+:iam::\d{12}:role/.+"), "arn:aws:iam::111122223333:role/Personalize"),
    "encryptionKey": (_OF_KEY, "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
    "bucket": (re.compile(r"arn:[^:]+:s3:::[^:/]+"), "arn:aws:s3:::ratings"),
    "key": (_OF_KEY, "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"),
}
_Templates = Mapping[str, tuple[Assembly, Template]]
_ROWS = {row.resource: row for row in ROWS}
_A_LIST = "a list of mappings is expected"
_TO_FILL_IN = {"bucket": "<bucket ARN>", "prefix": "<folder/>"}


def created_problems(created: Any, assemblies: Sequence[Assembly], file: str = "") -> list[str]:
    """Return why what is told, by a file or in Python, can't be read, if it can't."""
    if not _is_list(created):
        return [f"{file or 'created'} is {_shown(created)} but {_A_LIST}"]
    try:
        as_written(json.dumps(created))
    except (TypeError, ValueError, RecursionError) as error:
        return [f"created can't be written as JSON: {error}"]
    templates, start = _templates_of(assemblies), f"{file}: " if file else "created"
    problems: list[str] = []
    for index, told in enumerate(created):
        problems += _problems(f"{start}[{index}]", told, templates)
    return problems


def entries_to_complete(undecided: Iterable[Entry], assemblies: Sequence[Assembly]) -> list[dict[str, Any]]:
    """Return an entry for each role with which code may create something, with places like ``<bucket ARN>``."""
    templates = _templates_of(assemblies)
    files = {str(template.path): file for file, (_, template) in templates.items()}
    roles: dict[str, tuple[str, str]] = {}
    for file, (_, template) in templates.items():
        roles |= {template.path_of(logical_id): (file, logical_id) for logical_id in template.resources}
    calls: dict[tuple[str, str], set[str]] = {}
    for creator in undecided:
        if creator.cause is Cause.NOT_DECLARED:
            values, outside = creator.reason.values, (files[creator.declared[0].template], "")
            for role in as_list(values["roles"]):
                of_role = calls.setdefault(roles.get(role, outside), set())
                of_role.update(*map(calls_of, as_list(values["actions"])))
    entries: list[dict[str, Any]] = []
    for (file, logical_id), allowed in calls.items():
        entry = {
            "serviceRole": {"Fn::GetAtt": [logical_id, "Arn"]} if logical_id else "<role ARN>",
            "encryptionKey": "<key ARN of the dataset group>",
            "resources": [_resource_to_complete(row) for row in ROWS if row.create_action in allowed],
        }
        entries.append(entry if len(templates) == 1 else {"template": file, **entry})
    return entries


def _resource_to_complete(row: Permissions) -> dict[str, Any]:
    locations = {"source": row.source, "destination": row.destination}
    return {"resource": row.resource} | {name: _TO_FILL_IN for name, access in locations.items() if access}


def add_created(created: Any, assemblies: Sequence[Assembly]) -> None:
    """Add what is told, which has no problems, to the metadata of the assemblies."""
    templates = _templates_of(assemblies)
    for told in as_written(json.dumps(created)):
        name = told.get("template") or next(iter(templates))
        assembly, template = templates[name]
        path = str(told.get("stack") or template.name)
        assembly.metadata.append((template, path, {**told, "template": template.path.name, "isDeclared": True}))


def _templates_of(assemblies: Sequence[Assembly]) -> dict[str, tuple[Assembly, Template]]:
    """Return all templates, each with its assembly, by the names of their files; by paths where files have one name."""
    templates = {}
    for assembly in assemblies:
        for top in assembly.templates:
            templates.update({template.path: (assembly, template) for template in top.with_nested()})
    names = [path.name for path in templates]
    return {
        path.as_posix() if names.count(path.name) > 1 else path.name: assembly_and_template
        for path, assembly_and_template in templates.items()
    }


def _problems(where: str, each: Any, templates: _Templates) -> Iterator[str]:
    if not isinstance(each, Mapping):
        yield f"{where} is {_shown(each)} but a mapping is expected"
        return
    yield from _unknown_fields(where, each, _FIELDS)
    environments = {(template.account, template.region) for _, template in templates.values()}
    names = ", ".join(sorted(templates))
    if "template" in each and (not isinstance(each["template"], str) or each["template"] not in templates):
        yield f"{where}.template is {_shown(each['template'])} but one of {names} is expected"
    elif "template" not in each and len(environments) != 1:
        yield f"{where} has no template, and the app has several accounts or Regions: add one of {names}"
    beside = str(each.get("template") or next(iter(templates)))
    yield from _references(where, each, templates, beside, required="serviceRole", optional=("encryptionKey",))
    if "resources" not in each:
        yield f"{where} has no resources"
    elif not _is_list(each["resources"]) or not each["resources"]:
        yield f"{where}.resources is {_shown(each['resources'])} but {_A_LIST}"
    else:
        for index, resource in enumerate(each["resources"]):
            yield from _of_resource(f"{where}.resources[{index}]", resource, templates, beside)


def _of_resource(where: str, resource: Any, templates: _Templates, beside: str) -> Iterator[str]:
    if not isinstance(resource, Mapping):
        yield f"{where} is {_shown(resource)} but a mapping is expected"
        return
    yield from _unknown_fields(where, resource, ("resource", "source", "destination"))
    kind = resource.get("resource")
    row = _ROWS.get(kind) if isinstance(kind, str) else None
    if row is None:
        yield f"{where}.resource is {_shown(kind)} but one of {', '.join(_ROWS)} is expected"
        return
    for name, access in (("source", row.source), ("destination", row.destination)):
        location = resource.get(name)
        if location is None:
            continue
        if access is None:
            yield f"{where} has {name}, which a {row.resource} doesn't have"
        elif not isinstance(location, Mapping):
            yield f"{where}.{name} is {_shown(location)} but a mapping is expected"
        else:
            yield from _unknown_fields(f"{where}.{name}", location, _OF_LOCATION)
            more = _OF_LOCATION[1:]
            yield from _references(f"{where}.{name}", location, templates, beside, required="bucket", optional=more)


def _unknown_fields(where: str, given: Mapping[str, Any], known: Sequence[str]) -> Iterator[str]:
    for name in given:
        if name not in known:
            yield f"{where} has {name}, which isn't one of {', '.join(known)}"


def _references(
    where: str, given: Mapping[str, Any], templates: _Templates, beside: str, *, required: str, optional: Sequence[str]
) -> Iterator[str]:
    if required not in given:
        yield f"{where} has no {required}"
    for name in (required, *optional):
        value = given.get(name)
        if value is None and (name not in given or name != required):
            continue
        if not isinstance(value, (str, Mapping)):
            yield f"{where}.{name} is {_shown(value)} but a string or a reference is expected"
        elif isinstance(value, str) and name in _ARNS and not _ARNS[name][0].fullmatch(value):
            yield f"{where}.{name} is {_shown(value)} but an ARN is expected, for example {_ARNS[name][1]}"
        elif value == _TO_FILL_IN.get(name):
            yield f"{where}.{name} is {_shown(value)} but a folder is expected, for example import/"
        elif isinstance(value, Mapping):
            yield from (f"{where}.{name} {problem}" for problem in _of_reference(name, value, templates, beside))


def _of_reference(name: str, value: Mapping[str, Any], templates: _Templates, beside: str) -> Iterator[str]:
    """Yield why a reference isn't one: it is to nothing, or it is the name of a resource where its ARN belongs."""
    if "logicalId" in value:
        beside, named = str(value.get("template")), [str(value["logicalId"])]
        if beside not in templates:
            yield f"refers to template {beside}, but one of {', '.join(sorted(templates))} is expected"
    else:
        written = functions(as_written(json.dumps(value)))
        named = [each for function, argument in written for each in names_in(function, argument)]
    if beside not in templates:
        return
    template = templates[beside][1]
    for each in dict.fromkeys(named):
        if not template.may_have(each):
            yield f"refers to {each or repr(each)}, which {beside} doesn't have"
    if name in _ARNS and str(value.get("Ref")) in template.resources:
        yield f"refers to {value['Ref']} by Ref, which isn't its ARN: use Fn::GetAtt"


def _is_list(value: object) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _shown(value: object) -> str:
    return f"a {type(value).__name__}" if isinstance(value, Mapping) else repr(value)
