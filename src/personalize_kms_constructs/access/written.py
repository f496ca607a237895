"""The text of a statement, for those who judge how it is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .conditions import condition_keys
from .lists import as_list
from .model import Policy, Statement, Written

_SOURCE_KEYS = ("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths")
_POSITIVE = ("StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike")


def allow_statements(policies: Iterable[Policy]) -> Iterator[Written]:
    """Yield the statements that allow something."""
    for policy in policies:
        for statement in policy.statements:
            if statement.readable and statement.body.get("Effect") == "Allow":
                yield statement


def actions_of(statement: Statement, service: str) -> list[str]:
    """Return the actions of a service as they are written; for ``NotAction`` all of the service."""
    if "NotAction" in statement:
        return [f"{service}:*"]
    actions = [action for action in as_list(statement.get("Action")) if isinstance(action, str)]
    return [action for action in actions if action == "*" or action.lower().startswith(f"{service}:")]


def writes(statement: Statement, service: str) -> bool:
    """Report whether a statement is about a service."""
    return bool(actions_of(statement, service))


def resources_of(statement: Statement) -> list[str]:
    """Return the patterns of ``Resource``; for ``NotResource``, ``*``."""
    if "NotResource" in statement:
        return ["*"]
    return [each for each in as_list(statement.get("Resource")) if isinstance(each, str)]


def names_a_source(statement: Statement) -> bool:
    """Report whether a condition says for whom a service may call."""
    return any(key.lower() in _SOURCE_KEYS and _is_positive(operator) for operator, key, _ in _conditions(statement))


def lets_everybody_in(statement: Statement) -> bool:
    """Report whether a statement is for whoever calls, and no condition says who that may be."""
    principal = statement.get("Principal")
    named = as_list(principal.get("AWS")) if isinstance(principal, Mapping) else [principal]
    return "*" in named and all(key.lower() in _SOURCE_KEYS for _, key, _ in _conditions(statement))


def names_principal(statement: Statement, arn: str) -> bool:
    """Report whether a statement for an account is meant for one principal, by its ARN in a condition."""
    return any(
        key.lower() == "aws:principalarn" and _is_positive(operator) and arn in as_list(values)
        for operator, key, values in _conditions(statement)
    )


def _conditions(statement: Statement) -> Iterator[tuple[str, str, object]]:
    return condition_keys(statement.get("Condition"))


def _is_positive(operator: str) -> bool:
    return operator.rpartition(":")[2].removesuffix("IfExists") in _POSITIVE
