"""Policy documents and their statements, as they are written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from .._answers import Answer
from .._values import MARK, bucket_in, matches, same, split_arn
from .declarations import Declaration

# In other versions, and without one, the variables of a policy are plain text
# (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html).
_WITH_VARIABLES = "2012-10-17"
_NAME_OF_VARIABLE = r"\{([a-zA-Z0-9.-]+:[^{}$:?]+)\}"
_VARIABLE = re.compile(rf"\${_NAME_OF_VARIABLE}")
_WRITTEN_VARIABLE = re.compile(rf"\${MARK}{_NAME_OF_VARIABLE}")
_ELEMENTS = frozenset({"Version", "Id", "Statement"})
_OPEN_ACTION = re.compile(r"[*?$]")
_POSITIVE = ("StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike")

Body = dict[str, Any]
"""A statement, as JSON."""


class Position(NamedTuple):
    """The position of a statement in a policy of a template."""

    number: int
    """Its number there, which it shares with the statement that a condition puts there instead."""
    condition: str = ""
    """The conditions on which it depends that it is there, in words; empty if it is there in any case."""


@dataclass(frozen=True, eq=False)
class Policy:
    """One policy document, and where it stands."""

    document: dict[str, Any] | str | None
    """The document; a hole may stand for it, or for any part of it."""
    name: str
    """Where it stands, in words: ``policy Main/Encryption/Policy``."""
    declared: Declaration | None = None
    """The resource of a template that makes it; none for what exists already."""
    condition: str = ""
    """The conditions of a template on which it depends that it is there, in words; empty if it is there in any case."""
    positions: tuple[Position, ...] = ()
    """The position of each of its statements, where these have others than in ``document``."""
    inline: str = ""
    """The name of an inline policy of a role; empty for other policies."""
    also_of: tuple[str, ...] = ()
    """The ARNs of others that have a role's policy: roles, users and groups, as far as templates say."""
    of_aws: bool = False
    """True if it is AWS's own, which nobody else can change."""
    whose: tuple[str, ...] = ()
    """The parts of names that aren't known, where that leaves open whose policy it is."""

    @cached_property
    def text(self) -> str:
        """The document as JSON without white space."""
        return json.dumps(self.document, separators=(",", ":"), ensure_ascii=False)

    @cached_property
    def not_understood(self) -> tuple[str, ...]:
        """Its elements that no policy has: what a macro puts in their places isn't known."""
        return tuple(sorted(map(str, self.document.keys() - _ELEMENTS))) if isinstance(self.document, dict) else ()

    @cached_property
    def statements(self) -> tuple[PolicyStatement, ...]:
        """Its statements."""
        document = self.document if isinstance(self.document, dict) else {}
        bodies = as_list(document.get("Statement"))
        positions = self.positions or [Position(number) for number in range(1, len(bodies) + 1)]
        return tuple(PolicyStatement.of(body, position, self) for body, position in zip(bodies, positions, strict=True))

    @property
    def has_variables(self) -> bool:
        """True if what is written like a variable is one."""
        return isinstance(self.document, dict) and self.document.get("Version") == _WITH_VARIABLES

    @cached_property
    def allowing(self) -> tuple[PolicyStatement, ...]:
        """The statements that allow something, or may if they are there."""
        return tuple(each for each in self.statements if each.readable and each.body.get("Effect") == "Allow")


@dataclass(frozen=True, eq=False)
class PolicyStatement:
    """A statement as it is written; a hole may stand for it."""

    body: Any
    label: str
    """Its sid, or else its number in the policy, from 1."""
    name: str
    """Its name in reports: its sid or its number, and its policy."""
    policy: Policy
    readable: bool
    """True if it is known before deployment that this is a statement."""
    condition: str
    """The conditions of a template on which it depends that it is there, in words; empty if it is there in any case."""
    only_actions: frozenset[str] | None
    """The only actions that it can be about, in lower case; none where a wildcard or a hole leaves that open."""
    tells_apart: bool
    """True if it may answer differently for two actions that it writes: by a condition on a key that not all actions
    of a service have."""

    @staticmethod
    def of(body: Any, position: Position, policy: Policy) -> PolicyStatement:
        """Return the statement at a position of a policy."""
        if policy.has_variables and MARK in policy.text:
            body = with_strings(body, _with_holes)
        readable = isinstance(body, dict)
        condition = all_conditions(policy.condition, position.condition)
        of_service = readable and any(not key.startswith("aws:") for key in condition_keys(body))
        sid = body.get("Sid") if readable else None
        # An empty sid is none.
        label = sid if isinstance(sid, str) and sid else str(position.number)
        name = f"statement {label if label == sid else f'number {label}'} of {policy.name}"
        actions = as_list(body.get("Action")) if readable and "NotAction" not in body else []
        plain = bool(actions) and not any(not isinstance(each, str) or _OPEN_ACTION.search(each) for each in actions)
        only = frozenset(each.lower() for each in actions) if plain else None
        return PolicyStatement(body, label, name, policy, readable, condition, only, of_service)

    @cached_property
    def buckets(self) -> frozenset[str]:
        """The buckets that it is about alone; empty where it may be about others, or about something else."""
        patterns = as_list(self.body.get("Resource")) if self.readable and "NotResource" not in self.body else []
        found = frozenset(bucket_in(str(each)) for each in patterns)
        return frozenset() if "" in found else found

    def may_be_about(self, action: str) -> bool:
        """Report whether the action may be one of its own; where it writes plain actions alone, whether it is."""
        return self.only_actions is None or action.lower() in self.only_actions

    @cached_property
    def view_of(self) -> Callable[[str], object]:
        """Its view of an action, in lower case: two of one service that look the same get one answer."""
        if self.tells_apart or not self.readable:
            return str
        if self.only_actions is not None:
            return self.only_actions.__contains__
        patterns = as_list(self.body.get("Action", self.body.get("NotAction")))
        patterns = [each.lower() for each in patterns if isinstance(each, str)]
        return lambda action: tuple([matches(action, each) for each in patterns])


def all_conditions(*conditions: str) -> str:
    """Return conditions of a template in words, each once."""
    return " and ".join(dict.fromkeys(filter(None, conditions)))


def with_strings(value: Any, change: Callable[[str], Any]) -> Any:
    """Return a value with each string of it changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: with_strings(item, change) for name, item in value.items()}
    return [with_strings(item, change) for item in value] if isinstance(value, list) else value


def as_list(value: Any) -> list[Any]:
    """Return a list that isn't to be changed, whether one value, many or none is written."""
    if type(value) is list:
        return value
    if isinstance(value, (list, tuple)):
        return list(value)
    return [] if value is None else [value]


def allow_statements(policies: Iterable[Policy]) -> Iterator[PolicyStatement]:
    """Yield the statements that allow something."""
    for policy in policies:
        yield from policy.allowing


def actions_of(statement: Body, service: str) -> list[str]:
    """Return the actions of a service as they are written; for ``NotAction`` all of the service, or none."""
    everything = f"{service}:*"
    if "NotAction" in statement:
        spared = [each.lower() for each in as_list(statement["NotAction"]) if isinstance(each, str)]
        return [] if any(matches(everything, each) is Answer.YES for each in spared) else [everything]
    actions = [action for action in as_list(statement.get("Action")) if isinstance(action, str)]
    return [action for action in actions if action == "*" or action.lower().startswith(f"{service}:")]


def resources_of(statement: Body) -> list[str]:
    """Return the patterns of ``Resource``; for ``NotResource``, ``*``."""
    if "NotResource" in statement:
        return ["*"]
    return [each for each in as_list(statement.get("Resource")) if isinstance(each, str)]


def leaves_out(statement: Body, resource: str) -> bool:
    """Report whether ``NotResource`` spares a resource, or may."""
    spared = [each for each in as_list(statement.get("NotResource")) if isinstance(each, str)]
    return any(matches(resource, each) is not Answer.NO for each in spared)


def principals_of(statement: Body) -> Iterator[str]:
    """Yield whom a statement is for: where a condition names principals of an account, these and not the account."""
    named = list(_compared_with(statement, "aws:principalarn"))
    principal = statement.get("Principal", "*")
    for kind, names in principal.items() if isinstance(principal, dict) else [("AWS", principal)]:
        for name in as_list(names):
            is_wide = kind == "AWS" and (name == "*" or is_account(str(name)))
            # YAML has an account without quotes as a number.
            if isinstance(name, (str, int)) and not (is_wide and named):
                yield str(name)
    yield from (each for each in named if isinstance(each, str))


def is_account(principal: str) -> bool:
    """Report whether a principal is a whole account."""
    parts = split_arn(principal)
    return principal.isdigit() if parts is None else parts[5] == "root"


def names_everybody(statement: Body) -> bool:
    """Report whether the principal of a statement is everybody, or everybody but some."""
    return "NotPrincipal" in statement or "*" in aws_principals(statement)


def aws_principals(statement: Body) -> list[Any]:
    """Return the principals of a statement that are accounts, or of accounts, and ``*``."""
    principal = statement.get("Principal")
    return as_list(principal.get("AWS") if isinstance(principal, dict) else principal)


def names_principal(statement: Body, arn: str) -> bool:
    """Report whether a statement for an account is meant for one principal, by its ARN in a condition."""
    return any(same(arn, str(each)) is Answer.YES for each in _compared_with(statement, "aws:principalarn"))


def is_by_principal_arn(statement: Body) -> bool:
    """Report whether a condition says who calls by ``aws:PrincipalArn``."""
    return any(True for _ in _compared_with(statement, "aws:principalarn"))


def source_accounts(statement: Body) -> list[str]:
    """Return the accounts that conditions name as those for which a service calls."""
    arns = (split_arn(str(each)) for each in _compared_with(statement, "aws:sourcearn"))
    found = [*_compared_with(statement, "aws:sourceaccount"), *(parts[4] for parts in arns if parts)]
    return sorted({str(each) for each in found if str(each).isdigit()})


def _compared_with(statement: Body, wanted: str) -> Iterator[Any]:
    """Yield what conditions compare a key with, as far as they can be read."""
    condition = statement.get("Condition")
    for operator, keys in condition.items() if isinstance(condition, dict) else ():
        if operator.rpartition(":")[2].removesuffix("IfExists") in _POSITIVE and isinstance(keys, dict):
            yield from (each for key, values in keys.items() if key.lower() == wanted for each in as_list(values))


def condition_keys(statement: Body) -> Iterator[str]:
    """Yield the condition keys of a statement, in lower case, as far as they can be read."""
    condition = statement.get("Condition")
    for keys in condition.values() if isinstance(condition, dict) else ():
        yield from (key.lower() for key in (keys if isinstance(keys, dict) else ()))


def has_variables(text: str) -> bool:
    """Report whether a text has variables."""
    return "${" in text and _VARIABLE.search(text) is not None


def with_variables(text: str, context: Mapping[str, tuple[str | None, ...]]) -> str:
    """Put what is known of a call into the variables; the others stay, and can be anything."""

    def value(variable: re.Match[str]) -> str:
        alternatives = context.get(variable[1].lower(), ())
        known = alternatives[0] if len(alternatives) == 1 else None
        return variable[0] if known is None else known

    return _VARIABLE.sub(value, text) if has_variables(text) else text


def with_text_variables(text: str) -> str:
    """Return a text whose variables are no holes, as it was written."""
    return _VARIABLE.sub(rf"${MARK}{{\1}}", text)


def _with_holes(text: str) -> str:
    """Return a string of a statement in which variables are holes: what they are depends on the call."""
    return _WRITTEN_VARIABLE.sub(r"${\1}", text) if MARK in text else text
