"""Tell if Personalize may assume a role, by the role's trust policy as it is in the end.

https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from .._tokens import is_function, is_token
from ..matrix import SERVICE_PRINCIPAL
from .documents import Json, statements_of

_COLONS_OF_AN_ARN = 5
_WAY_OUT = f"add iam.ServicePrincipal('{SERVICE_PRINCIPAL}') to its assumed_by, or leave service_role out"


def trust_problems(role: object, document: Any, account: str, region: str) -> Iterator[str]:
    """Explain a resolved trust policy that leaves Personalize out for certain, whatever expressions turn out to be."""
    if not isinstance(document, dict) or is_function(document) or is_function(document.get("Statement")):
        return
    statements = statements_of(document)
    if any(_effect(statement) == "Deny" and _names_personalize(statement, False) for statement in statements):
        yield (
            f"service_role {role} denies Personalize to assume it: take that statement out of its trust policy, or "
            "leave service_role out"
        )
    allowing = [
        statement for statement in statements if _effect(statement) != "Deny" and _names_personalize(statement, True)
    ]
    if not allowing:
        yield f"service_role {role} doesn't trust Personalize, which has to assume it: {_WAY_OUT}"
        return
    conditions = [statement.get("Condition", {}) if isinstance(statement, dict) else {} for statement in allowing]
    reasons = [_shut_out(condition, account, region) for condition in conditions]
    if all(reasons):
        yield (
            f"service_role {role} trusts Personalize for {reasons[0]} alone, which is not where the stack is: correct "
            "the condition of its trust policy, or leave service_role out"
        )


def _effect(statement: Any) -> str:
    return str(statement.get("Effect")) if isinstance(statement, dict) else "Allow"


def _names_personalize(statement: Any, unknown: bool) -> bool:
    """Tell if a statement is about Personalize assuming the role, or may be once expressions are known."""
    if not isinstance(statement, dict) or is_function(statement):
        return unknown
    services = statement.get("Principal")
    if isinstance(services, dict) and not is_function(services):
        # {"AWS": "*"} is "*":
        # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
        services = "*" if "*" in _listed(services.get("AWS")) else services.get("Service", [])
    # A NotAction is unknown, as an expression is.
    actions = [None] if "NotAction" in statement else _listed(statement.get("Action", []))
    is_named = any(
        service in (SERVICE_PRINCIPAL, "*") if isinstance(service, str) else unknown for service in _listed(services)
    )
    return (
        is_named
        and (unknown or not statement.get("Condition"))
        and any(
            fnmatchcase("sts:assumerole", action.lower()) if isinstance(action, str) else unknown for action in actions
        )
    )


def _shut_out(condition: Json, account: str, region: str) -> str:
    """Return the values of a condition that no call for this account and Region meets."""
    for operator, tested in condition.items():
        base = operator.removesuffix("IfExists")
        if base not in ("StringEquals", "StringLike", "ArnEquals", "ArnLike") or not isinstance(tested, Mapping):
            continue
        for key, values in tested.items():
            if key.lower() == "aws:sourceaccount" and not any(_may_match(value, account) for value in _listed(values)):
                return f"{key} {values}"
            if key.lower() == "aws:sourcearn" and not any(
                _may_be_arn(base, value, account, region) for value in _listed(values)
            ):
                return f"{key} {values}"
    return ""


def _may_be_arn(operator: str, pattern: Any, account: str, region: str) -> bool:
    if not isinstance(pattern, str):
        return True
    if (
        operator == "StringLike"
        and pattern.count(":") != len(["arn", "aws", "personalize", "region", "account", "x"]) - 1
    ):
        return True  # an asterisk spans colons there, so that parts can't be told apart
    _, _, service, in_region, of_account, *_ = [*pattern.split(":", 5), *["*"] * 5]
    return all(map(_may_match, (service, in_region, of_account), ("personalize", region, account)))


def _may_match(pattern: Any, value: str) -> bool:
    return not isinstance(pattern, str) or is_token(value) or fnmatchcase(value, pattern)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
