"""Finished policy documents, judged by what must still be in them, as far as it can be without evaluating them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from aws_cdk import Stack

from .documents import Json, statements_of
from .limits import size_problem, size_warning
from .policy import Policy
from .sizes import size_of
from .statements import Statement


class FinishedPolicy:
    """A policy of ours as it is in the end, with all that others have in it."""

    def __init__(self, policy: Policy, document: Any) -> None:
        self._policy = policy
        self._size = size_of(document)
        self._by_sid: dict[str, list[Json]] = {}
        for each in statements_of(document):
            if isinstance(each, dict) and isinstance(each.get("Sid"), str):
                self._by_sid.setdefault(each["Sid"], []).append(each)

    def problems(self) -> Iterator[str]:
        """Explain that it has lost our statements, or is larger than AWS takes."""
        policy = self._policy
        for statement in policy.statements:
            found = self._by_sid.get(statement.sid, [])
            if len(found) > 1:
                yield (
                    f"the policy of {policy.kind} {policy.name} has two statements {statement.sid}, but sids are "
                    "unique in a policy: give yours another sid"
                )
            elif not found or _has_lost_a_part(policy, statement, found[0]):
                lost = "a part of the statement" if found else "the statement"
                yield (
                    f"the policy of {policy.kind} {policy.name} was replaced since, and has lost {lost} "
                    f"{statement.sid}: add statements to it instead of replacing it, or replace it before the "
                    "construct is made"
                )
            elif changed := " and ".join(_changed_parts(statement, found[0])):
                yield (
                    f"statement {statement.sid} in the policy of {policy.kind} {policy.name} was changed since, in its "
                    f"{changed}: leave it as it is, and put what you add into a statement of your own"
                )
        problem = size_problem(policy, self._size)
        if problem is not None:
            yield problem

    def warnings(self) -> Iterator[tuple[str, str]]:
        """Explain that our statements have other conditions than they were given, or that it may be too large."""
        policy = self._policy
        for statement in policy.statements:
            for found in self._by_sid.get(statement.sid, [])[:1]:
                ours, theirs = _conditions(statement.condition), _conditions(found.get("Condition"))
                differing = [shown for each, shown in theirs.items() if each not in ours]
                differing += [f"not {shown}" for each, shown in ours.items() if each not in theirs]
                if differing:
                    yield (
                        "changedConditions",
                        f"statement {statement.sid} in the policy of {policy.kind} {policy.name} has other conditions "
                        f"than the construct gave it ({', '.join(differing)}), so that it may let Personalize in no "
                        "more, or others too: leave it out of what changes the conditions of policies",
                    )
        text = size_warning(policy, self._size)
        if text is not None:
            yield "policyMayBeTooLarge", text


def _conditions(condition: Any) -> dict[str, str]:
    """Return the operators of a condition with their keys, which have no case; their values may be expressions."""
    operators = condition if isinstance(condition, Mapping) else {}
    found = [
        f"{operator} {key}" for operator, keys in operators.items() if isinstance(keys, Mapping) for key in sorted(keys)
    ]
    return {each.lower(): each for each in found}


def _changed_parts(ours: Statement, found: Json) -> Iterable[str]:
    """Yield the elements of a statement that no longer say what ours says."""
    if found.get("Effect") != "Allow":
        yield "Effect"
    if _has_lost_its_principal(ours, found.get("Principal")):
        yield "Principal"
    written = _listed(found.get("Action"))
    if all(map(_is_text, written)) and not all(_is_matched(action, written) for action in ours.actions):
        yield "Action"


def _has_lost_its_principal(ours: Statement, principal: Any) -> bool:
    if ours.principal is None or not isinstance(principal, Mapping) or "*" in _listed(principal.get("AWS")):
        return False
    ((kind, name),) = ours.principal.items()
    names = _listed(principal.get(kind))
    # An ARN is an expression, and others may be.
    return names in ([], [None]) or (kind == "Service" and name not in names and all(map(_is_text, names)))


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_matched(action: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns)


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
