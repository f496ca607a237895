"""Elements of statements as they are written: actions, resources, principals and conditions."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from .._model.policy_documents import Body, as_list, conditions_of
from .._shared.answers import Answer
from .._shared.values import matches, same, split_arn
from ..matrix import ROWS
from .conditions import OF_TEXT


def actions_of(statement: Body, service: str) -> list[str]:
    """Return the actions as they are written; for ``NotAction`` all of the service, or none."""
    everything = f"{service}:*"
    if "NotAction" in statement:
        for excluded in _strings_of(statement["NotAction"]):
            if matches(everything, excluded.lower()) is Answer.YES:
                return []
        return [everything]
    actions = []
    for action in _strings_of(statement.get("Action")):
        if action == "*" or action.lower().startswith(f"{service}:"):
            actions.append(action)
    return actions


def calls_of(action: str) -> set[str]:
    """Return the calls, of those with a role, allowed by an action of a policy."""
    names, pattern = {row.create_action for row in ROWS}, action.lower()
    return {name for name in names if matches(name.lower(), pattern) is Answer.YES}


def resources_of(statement: Body) -> list[str]:
    """Return the patterns of ``Resource``; for ``NotResource``, ``*``."""
    return ["*"] if "NotResource" in statement else _strings_of(statement.get("Resource"))


def leaves_out(statement: Body, arn: str) -> bool:
    """Tell if ``NotResource`` excludes a resource, or may."""
    excluded = _strings_of(statement.get("NotResource"))
    return any(matches(arn, pattern) is not Answer.NO for pattern in excluded)


def principals_of(statement: Body) -> Iterator[str]:
    """Yield the principals; those that a condition names take the place of their account."""
    named = _strings_of(list(_compared_with(statement, "aws:principalarn")))
    principal = statement.get("Principal", "*")
    by_kind = principal if isinstance(principal, dict) else {"AWS": principal}
    for kind, names in by_kind.items():
        for name in as_list(names):
            is_wide = kind == "AWS" and (name == "*" or is_account(str(name)))
            if is_wide and named:
                yield from named
            elif isinstance(name, (str, int)):
                # YAML has an account without quotes as a number.
                yield str(name)


def is_for(statement: Body, principals: Collection[str]) -> bool:
    return any(is_one_of(name, principals) for name in principals_of(statement))


def is_one_of(name: str, principals: Collection[str]) -> bool:
    return any(same(name, principal) is Answer.YES for principal in principals)


def without(principals: Collection[str], statement: Body) -> Body | None:
    """Return a statement for its other principals alone, if it has any and can be written so."""
    names = ("aws:principalarn",) if is_by_principal_arn(statement) else ("aws", "service")

    def others(value: Any, element: str = "") -> Any:
        if isinstance(value, dict):
            parts = {name: others(part, name.lower()) for name, part in value.items()}
            return {name: part for name, part in parts.items() if part != []}
        if element not in names:
            return value
        return [name for name in as_list(value) if not is_one_of(str(name), principals)]

    wanted = {name for name in principals_of(statement) if not is_one_of(name, principals)}
    rest: Body = others(statement)
    is_for_them = "Principal" in rest and set(principals_of(rest)) == wanted
    return rest if wanted and is_for_them else None


def is_account(principal: str) -> bool:
    parts = split_arn(principal)
    return principal.isdigit() if parts is None else parts[5] == "root"


def names_everybody(statement: Body) -> bool:
    """Tell if the principal of a statement is everybody, or everybody but some."""
    return "NotPrincipal" in statement or "*" in aws_principals(statement)


def aws_principals(statement: Body) -> list[Any]:
    principal = statement.get("Principal")
    return as_list(principal.get("AWS") if isinstance(principal, dict) else principal)


def is_by_principal_arn(statement: Body) -> bool:
    return bool(list(_compared_with(statement, "aws:principalarn")))


def source_accounts(statement: Body) -> list[str]:
    """Return the accounts named in conditions as those for which a service calls."""
    accounts = set(map(str, _compared_with(statement, "aws:sourceaccount")))
    for arn in _compared_with(statement, "aws:sourcearn"):
        parts = split_arn(str(arn))
        if parts is not None:
            accounts.add(parts[4])
    return sorted(filter(str.isdigit, accounts))


def _compared_with(statement: Body, wanted: str) -> Iterator[Any]:
    """Yield the values compared with a key in conditions, as far as they can be read."""
    for operator, key, values in conditions_of(statement):
        is_positive = operator.rpartition(":")[2].removesuffix("IfExists") in OF_TEXT
        if is_positive and key.lower() == wanted:
            yield from as_list(values)


def _strings_of(value: Any) -> list[str]:
    return [item for item in as_list(value) if isinstance(item, str)]
