"""Resources created by code and shown by no template, declared in the form of metadata."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from .._evaluation.elements import calls_of
from .._model.causes import Cause
from .._model.finding import Finding
from .._model.policy_documents import as_list
from .._shared.values import as_written
from .._templates.manifest import Assembly
from .._templates.template import Template
from ..matrix import ROWS, Permissions

Templates = Mapping[str, tuple[Assembly, Template]]
"""All templates with their assemblies, by file name; by path where names are equal."""

TO_FILL_IN = {"bucket": "<bucket ARN>", "prefix": "<folder/>"}
"""The location in an entry that is begun."""


def entries_to_complete(
    undecided: Iterable[Finding], assemblies: Sequence[Assembly]
) -> list[dict[str, Any]]:
    """Return an entry, with gaps like ``<role ARN>``, for each role with which code may create."""
    templates = templates_of(assemblies)
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
    undecided: Iterable[Finding], templates: Templates
) -> dict[tuple[str, str], set[str]]:
    """Return the calls of creators by file and logical id of the role, which is empty outside."""
    files: dict[str, str] = {}
    roles: dict[str, tuple[str, str]] = {}
    for file, (_, template) in templates.items():
        files[str(template.path)] = file
        for logical_id in template.resources:
            roles[template.declaration_of(logical_id).path] = (file, logical_id)
    calls: dict[tuple[str, str], set[str]] = {}
    for creator in undecided:
        if creator.cause is not Cause.NOT_DECLARED:
            continue
        outside = (files[creator.places[0].template], "")
        allowed: set[str] = set()
        for action in as_list(creator.reason.values["actions"]):
            allowed |= calls_of(action)
        for path in as_list(creator.reason.values["roles"]):
            calls.setdefault(roles.get(path, outside), set()).update(allowed)
    return calls


def _resource_to_complete(row: Permissions) -> dict[str, Any]:
    resource: dict[str, Any] = {"resource": row.resource}
    if row.source:
        resource["source"] = TO_FILL_IN
    if row.destination:
        resource["destination"] = TO_FILL_IN
    return resource


def with_created(created: Any, assemblies: Sequence[Assembly]) -> dict[Assembly, Assembly]:
    """Return the assemblies with declarations, which have no problems, in their metadata."""
    templates = templates_of(assemblies)
    metadata = {assembly: [*assembly.metadata] for assembly in assemblies}
    for entry in as_written(json.dumps(created)):
        name = entry.get("template") or next(iter(templates))
        assembly, template = templates[name]
        path = str(entry.get("stack") or template.name)
        data = {**entry, "template": template.path.name, "isDeclared": True}
        metadata[assembly].append((template, path, data))
    return {assembly: replace(assembly, metadata=metadata[assembly]) for assembly in assemblies}


def templates_of(assemblies: Iterable[Assembly]) -> Templates:
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
