"""Finished policy documents, judged by what must still be in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aws_cdk import Stack

from .documents import Json, statements_of
from .limits import size_problem
from .policy import Policy
from .sizes import size_of
from .statements import Statement


def document_problems(policy: Policy, document: Any) -> Iterator[str]:
    """Explain that a finished policy has lost our statements, or is larger than AWS takes."""
    by_sid: dict[object, list[Json]] = {}
    for each in statements_of(document):
        if isinstance(each, dict) and isinstance(each.get("Sid"), str):
            by_sid.setdefault(each["Sid"], []).append(each)
    for statement in policy.statements:
        found = by_sid.get(statement.sid, [])
        if len(found) > 1:
            yield (
                f"the policy of {policy.kind} {policy.name} has two statements {statement.sid}, but sids are unique in "
                "a policy: give yours another sid"
            )
        elif not found or _has_lost_a_part(policy, statement, found[0]):
            lost = "a part of the statement" if found else "the statement"
            yield (
                f"the policy of {policy.kind} {policy.name} was replaced since, and has lost {lost} {statement.sid}: "
                "add statements to it instead of replacing it, or replace it before the construct is made"
            )
    problem = size_problem(policy, size_of(document))
    if problem is not None:
        yield problem


def _has_lost_a_part(policy: Policy, ours: Statement, found: Json) -> bool:
    """Tell if a statement has a part of our actions or resources alone, as a copy has that was made too early."""
    actions = _listed(found.get("Action"))
    if len(actions) < len(ours.actions) and all(action in ours.actions for action in actions):
        return True
    resources = _listed(found.get("Resource"))
    if len(resources) >= len(ours.resources):
        return False
    l1 = policy.l1_of_policy
    if l1 is None:
        return False
    own = Stack.of(l1).resolve(list(ours.resources))
    return all(resource in own for resource in resources)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
