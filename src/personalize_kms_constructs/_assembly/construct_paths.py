"""Construct paths of resources, which the manifest has for a stack and all that are nested in it together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .assembly import Template

# The CDK puts the resource that stands for a nested stack beside the construct.
_NESTED = re.compile(r"(?P<construct>.+)\.NestedStack/[^/]+\.NestedStackResource")


def add_construct_paths(template: Template, found: Iterable[tuple[str, str]]) -> Mapping[str, Template]:
    """Give the templates the paths of their resources: pairs of a path and a logical id.

    A logical id is unique in its template only. Of equal ones, each path is below the construct of its own stack.
    Return the templates by the constructs that are stacks.
    """
    paths: dict[str, list[str]] = {}
    of_construct = {template.name: template}
    pairs = list(found)
    # From the outside to the inside, so that the template that a nested stack stands in is known.
    for path, logical_id in sorted(pairs, key=lambda pair: pair[0].count("/")):
        nested_in = _NESTED.fullmatch(path)
        if nested_in:
            nested = template_of(path, of_construct, template).nested.get(logical_id)
            if nested is not None:
                of_construct[nested_in["construct"]] = nested
    for path, logical_id in pairs:
        paths.setdefault(logical_id, []).append(path)
        own = template_of(path, of_construct, template)
        if logical_id in own.resources:
            own.paths.setdefault(logical_id, path)
    for each in template.with_nested():
        for logical_id in each.resources:
            # Where the nested stack itself isn't found by its path, as that of another library's construct.
            if logical_id not in each.paths and len(paths.get(logical_id, ())) == 1:
                each.paths[logical_id] = paths[logical_id][0]
    return of_construct


def template_of(path: str, of_construct: Mapping[str, Template], default: Template) -> Template:
    """Return the template of the innermost construct around a path that is a stack."""
    around = path
    while "/" in around:
        around = around.rpartition("/")[0]
        if around in of_construct:
            return of_construct[around]
    return default
