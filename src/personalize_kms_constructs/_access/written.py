"""The text of a statement, for those who judge how it is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .answers import Answer
from .conditions import condition_keys
from .lists import as_list
from .model import Policy, Statement, Written
from .values import matches

_SOURCE_KEYS = ("aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths")
# The beginnings of the keys that say who calls, or from where.
_CALLER_KEYS = (
    "aws:principal",
    "aws:userid",
    "aws:username",
    "aws:sourceidentity",
    "aws:sourceip",
    "aws:sourcevpc",
    "aws:vpcsourceip",
    "aws:calledvia",
    "kms:calleraccount",
    "kms:viaservice",
    "s3:dataaccesspoint",
)
_POSITIVE = ("StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike")


def allow_statements(policies: Iterable[Policy]) -> Iterator[Written]:
    """Yield the statements that allow something."""
    for policy in policies:
        for statement in policy.statements:
            if statement.readable and statement.body.get("Effect") == "Allow":
                yield statement


def actions_of(statement: Statement, service: str) -> list[str]:
    """Return the actions of a service as they are written; for ``NotAction`` all of the service, or none."""
    everything = f"{service}:*"
    if "NotAction" in statement:
        spared = [each.lower() for each in as_list(statement["NotAction"]) if isinstance(each, str)]
        return [] if any(matches(everything, each) is Answer.YES for each in spared) else [everything]
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


def leaves_out(statement: Statement, resource: str) -> bool:
    """Report whether ``NotResource`` spares a resource, or may."""
    spared = [each for each in as_list(statement.get("NotResource")) if isinstance(each, str)]
    return any(matches(resource, each) is not Answer.NO for each in spared)


def names_a_source(statement: Statement) -> bool:
    """Report whether a condition says for whom a service may call."""
    return any(key.lower() in _SOURCE_KEYS and _is_positive(operator) for operator, key, _ in _conditions(statement))


def lets_everybody_in(statement: Statement) -> bool:
    """Report whether a statement is for whoever calls, and no condition says who that may be."""
    principal = statement.get("Principal")
    named = as_list(principal.get("AWS")) if isinstance(principal, Mapping) else [principal]
    return "*" in named and not any(_says_who(operator, key) for operator, key, _ in _conditions(statement))


def names_principal(statement: Statement, arn: str) -> bool:
    """Report whether a statement for an account is meant for one principal, by its ARN in a condition."""
    return any(
        key.lower() == "aws:principalarn" and _is_positive(operator) and arn in as_list(values)
        for operator, key, values in _conditions(statement)
    )


def _conditions(statement: Statement) -> Iterator[tuple[str, str, object]]:
    return condition_keys(statement.get("Condition"))


def _says_who(operator: str, key: str) -> bool:
    comparison = operator.rpartition(":")[2].removesuffix("IfExists")
    return key.lower().startswith(_CALLER_KEYS) and comparison in (*_POSITIVE, "Bool", "IpAddress")


def _is_positive(operator: str) -> bool:
    return operator.rpartition(":")[2].removesuffix("IfExists") in _POSITIVE
