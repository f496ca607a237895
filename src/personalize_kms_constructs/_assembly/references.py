"""References in templates: what refers to what, and what to that which is made under a condition only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .._access.causes import Cause, because
from .._access.declarations import Declaration
from .._access.model import AccessModel, Asked, Problem, declared_of
from .._access.needs import keys_of
from .._access.written import as_list
from .intrinsics import VARIABLE_OF_SUB
from .stacks import Resource, Stack

_PAGE = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/conditions-section-structure.html"


def functions(value: Any, *, but: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every function in a value, with its argument, but for one function and all that is in it."""
    pending = [value]
    while pending:
        value = pending.pop()
        if type(value) is list:
            pending += value
        elif type(value) is dict:
            if len(value) == 1:
                ((name, argument),) = value.items()
                if name == but:
                    continue
                if name == "Ref" or name.startswith("Fn::"):
                    yield name, argument
            pending += value.values()


def names_in(function: str, argument: Any) -> list[str]:
    """Return the names that a function refers to, of resources and of other things."""
    first, more, *_ = [*as_list(argument), "", ""]
    if function == "Ref":
        return [str(first)]
    if function == "Fn::GetAtt":
        return [str(first).partition(".")[0]]
    if function == "Fn::Sub":
        given: dict[str, Any] = more if isinstance(more, dict) else {}
        return [each.partition(".")[0] for each in VARIABLE_OF_SUB.findall(str(first)) if each not in given]
    return []


def conditional_references(model: AccessModel, resources: Iterable[Resource]) -> Iterator[Problem]:
    """Yield the references to roles, keys and buckets of a model that may not be made where what refers to them is."""
    judged = {*declared_of(model.owners)}
    by_stack: dict[Stack, list[Resource]] = {}
    for each in resources:
        by_stack.setdefault(each.stack, []).append(each)
    for stack, own in by_stack.items():
        for target in own:
            if target.declared in judged and target.only_if - stack.made_only_if:
                asked = tuple(each for each in model.asked if target.declared in _used_by(model, each))
                for user in own:
                    conditions = tuple(sorted(target.only_if - stack.implied(user.logical_id)))
                    if conditions and refers_to(user.body.get("Properties"), target.logical_id):
                        yield Problem(
                            "configuration",
                            target.path,
                            because(Cause.CONDITIONAL_REFERENCE, user=user.path, conditions=conditions),
                            page=_PAGE,
                            needed_by=(user.path,),
                            declared=(user.declared,),
                            asked=asked,
                            is_warning=True,
                            certain=False,
                        )


def _used_by(model: AccessModel, asked: Asked) -> tuple[Declaration, ...]:
    buckets = (model.bucket(each.bucket_arn, asked.account) for each in asked.locations)
    return declared_of([model.role(asked.role_arn), *map(model.key, keys_of(model, asked)), *buckets])


def refers_to(value: Any, logical_id: str) -> bool:
    """Tell if an expression refers to a resource, other than by ``Fn::If``, which may see to it that it exists."""
    return any(logical_id in names_in(name, argument) for name, argument in functions(value, but="Fn::If"))
