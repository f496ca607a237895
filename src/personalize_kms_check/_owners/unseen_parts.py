"""Unseen parts of an app: nested stacks with templates elsewhere, modules, and macros."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from .._model.declarations import Declaration
from .._model.requests import OpenQuestion
from .._templates.stacks import Resource, Stack
from .._templates.template import NESTED_STACKS, Template
from .policies_in_properties import all_reasons


def questions_of_unseen_parts(
    resources: Iterable[Resource], stacks: Iterable[Stack], *, is_asked: bool
) -> Iterator[OpenQuestion]:
    """Without a request, only parts about Personalize count."""
    for resource in resources:
        is_nested_elsewhere = (
            resource.type in NESTED_STACKS and resource.logical_id not in resource.stack.nested
        )
        if not is_nested_elsewhere and not resource.type.endswith("::MODULE"):
            continue
        if not is_asked and "personalize" not in json.dumps(resource.body).lower():
            continue
        url = resource.body.get("Properties", {}).get(NESTED_STACKS.get(resource.type))
        is_file = isinstance(url, str) and "://" not in url
        its_template = f"its template {url}" if is_file else "its template"
        there = "in the assembly" if resource.declared.is_of_cdk else "there"
        reason = f"{its_template} isn't {there}, so what it does to policies isn't known"
        if resource.type in NESTED_STACKS and not resource.declared.is_of_cdk:
            name = NESTED_STACKS[resource.type]
            reason += f" (put it beside this file, with its path as {name})"
        yield OpenQuestion(resource.path, reason, resource.declared)
    for stack in stacks:
        template = stack.template
        if template.macros and (is_asked or template.speaks_of_personalize):
            reason = f"{_put_in(template)}, so what becomes of its policies isn't known"
            declared = Declaration(str(template.path), stack.name)
            yield OpenQuestion(stack.name, reason, declared)


def put_in_around(stack: Stack) -> str:
    """Return what the macros of a stack, and of stacks nested beside it, leave open in policies."""
    templates = [beside.template for beside in stack.top.with_nested()]
    return all_reasons(*(_put_in(template) for template in templates if template.macros))


def _put_in(template: Template) -> str:
    return f"what {', '.join(template.macros)} puts in isn't in the template"
