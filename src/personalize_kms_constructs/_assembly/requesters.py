"""Resources that ask Personalize for something: its own, and state machines.

What others create (schedules, custom resources, functions) is declared: see ``created`` and ``undeclared``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .._access.model import OpenQuestion
from .._values import unknown
from .choices import Either
from .physical import DATASET
from .requests import KINDS, Request, call_not_known, lower_case, may_call_otherwise
from .stacks import Resource
from .state_machines import STATE_MACHINES, of_state_machine

_PREFIX = "AWS::Personalize::"


def requests_of(resource: Resource) -> Iterator[Request | OpenQuestion]:
    """Yield what a resource of a template asks Personalize for."""
    if resource.type.startswith(_PREFIX):
        yield from _and_others(resource, _of_personalize(resource))
    elif resource.type in STATE_MACHINES:
        yield from _and_others(resource, of_state_machine(resource))


def _and_others(resource: Resource, found: Iterable[Request | OpenQuestion]) -> Iterator[Request | OpenQuestion]:
    """Yield what a resource asks for, and that it may ask for more where that can't be read."""
    known = list(found)
    yield from known
    is_told = any(isinstance(each, OpenQuestion) for each in known)
    may_be_put_in = resource.is_added_to and resource.stack.template.speaks_of_personalize
    if not is_told and (may_be_put_in or may_call_otherwise(resource, len(known))):
        yield call_not_known(resource, resource.path)


def _of_personalize(resource: Resource) -> Iterator[Request]:
    if resource.type == DATASET:
        job, own = resource.get("DatasetImportJob"), {name: resource.get(name) for name in ("Name", "DatasetGroupArn")}
        if isinstance(job, dict) and job:
            yield _request(resource, "createdatasetimportjob", {**job, **own})
        elif job:
            arguments = job if isinstance(job, Either) else unknown(f"DatasetImportJob of {resource.path}")
            yield _request(resource, "createdatasetimportjob", arguments)
        return
    call = f"create{resource.type.removeprefix(_PREFIX).lower()}"
    if call in KINDS:
        properties = {name: resource.get(name) for name in resource.body.get("Properties", {})}
        yield _request(resource, call, properties)


def _request(resource: Resource, call: str, arguments: Any) -> Request:
    return Request(resource, resource.path, KINDS[call], lower_case(arguments), at_deployment=True)
