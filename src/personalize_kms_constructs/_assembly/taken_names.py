"""Names of Personalize's resources that several have, of which an account has one in a Region."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .._access.alternatives import may_coexist
from .._access.causes import Cause, because
from .._access.model import Problem
from .._access.values import has_unknown
from . import physical
from .stacks import Resource
from .templates import Unread, noted

# What has an ARN of account, Region and name alone:
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonpersonalize.html
_KINDS = {
    physical.DATASET_GROUP: "dataset group",
    physical.SCHEMA: "schema",
    physical.SOLUTION: "solution",
    physical.DATASET: "dataset import job",
}
_PAGE = "https://docs.aws.amazon.com/personalize/latest/dg/API_Create{call}.html"


def taken_names(resources: Iterable[Resource], unread: list[Unread]) -> Iterator[Problem]:
    """Yield each resource of an app and its stages that has the name of an earlier one, and may exist beside it."""
    found: dict[tuple[str, ...], list[Resource]] = {}
    users: dict[str, list[str]] = {}
    for resource in resources:
        if resource.type in _KINDS:
            with noted(unread, resource.stack.template):
                found.setdefault(_one_of_a_name(resource), []).append(resource)
                if resource.type == physical.DATASET:
                    users.setdefault(resource.text("SchemaArn") or "", []).append(resource.path)
    for (type, name, *_), of_one_name in found.items():
        for number, resource in enumerate(of_one_name):
            rival = next((each for each in of_one_name[:number] if may_coexist(each.only_if, resource.only_if)), None)
            if rival is not None:
                kind, paths = _KINDS[type], (rival.path, resource.path)
                datasets = users.get(physical.schema_arn(resource), ()) if type == physical.SCHEMA else ()
                yield Problem(
                    "configuration",
                    resource.path,
                    because(Cause.NAME_TAKEN, name=name, kind=kind, paths=paths),
                    page=_PAGE.format(call=kind.title().replace(" ", "")),
                    needed_by=(*paths, *datasets),
                    declared=(rival.declared, resource.declared),
                )


def _one_of_a_name(resource: Resource) -> tuple[str, ...]:
    """Return what only one resource can have: its type, its name, and where it is."""
    name = resource.name_in("Name")
    if resource.type == physical.DATASET:
        # A dataset itself has its dataset group and its type in the place of a name.
        job = resource.get("DatasetImportJob")
        given = job.get("JobName") if isinstance(job, dict) else None
        name = given if isinstance(given, str) else resource.generated_id
    top = resource.stack.top.template
    found = (resource.type, name, top.account, top.region)
    # What isn't known is one value in a stack and those nested in it, and may be two in two.
    return (*found, str(top.path)) if has_unknown("".join(found)) else found
