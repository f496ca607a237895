"""Policy documents and their statements, as they are written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from ._declarations import Declaration
from ._values import MARK, beginning_in, matches

# In other versions, and without one, the variables of a policy are plain text
# (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html).
_WITH_VARIABLES = "2012-10-17"
_NAME_OF_VARIABLE = r"\{([a-zA-Z0-9.-]+:[^{}$:?]+)\}"
_VARIABLE = re.compile(rf"\${_NAME_OF_VARIABLE}")
_WRITTEN_VARIABLE = re.compile(rf"\${MARK}{_NAME_OF_VARIABLE}")
_ELEMENTS = frozenset({"Version", "Id", "Statement"})
_OPEN_ACTION = re.compile(r"[*?$]")

Body = dict[str, Any]
"""A statement, as JSON."""


class Position(NamedTuple):
    """The position of a statement in a policy of a template."""

    number: int
    """Its number, shared with the statement that a condition puts there instead."""
    condition: str = ""
    """The conditions of the template under which it is there, in words; empty for always."""


@dataclass(frozen=True, eq=False)
class Policy:
    """A policy document, and where it stands."""

    document: dict[str, Any] | str | None
    """The document; a hole may stand for it, or for any part of it."""
    name: str
    """Where it stands, in words: ``policy Main/Encryption/Policy``."""
    declared: Declaration | None = None
    """The resource of a template that makes it; none for a policy that exists already."""
    condition: str = ""
    """The conditions of the template under which it is there, in words; empty for always."""
    positions: tuple[Position, ...] = ()
    """The positions of its statements, where these differ from those in ``document``."""
    inline: str = ""
    """The name of an inline policy of a role; empty for other policies."""
    also_of: tuple[str, ...] = ()
    """The ARNs of the other roles, users and groups that have it, as far as templates say."""
    of_aws: bool = False
    """True if it is AWS's own, which nobody else can change."""
    is_given: bool = False
    """True if it is as AWS returned it, with the ids that AWS generated."""

    @cached_property  # Saves time, as in the others: hundreds of calls ask the same policy.
    def text(self) -> str:
        """The document as JSON without white space."""
        return json.dumps(self.document, separators=(",", ":"), ensure_ascii=False)

    @cached_property
    def not_understood(self) -> tuple[str, ...]:
        """Its elements that no policy has: a macro may put anything in their places."""
        if not isinstance(self.document, dict):
            return ()
        return tuple(sorted(map(str, self.document.keys() - _ELEMENTS)))

    @cached_property
    def statements(self) -> tuple[PolicyStatement, ...]:
        """Its statements, the same objects each time, since they are told apart by identity."""
        document = self.document if isinstance(self.document, dict) else {}
        bodies = as_list(document.get("Statement"))
        positions = self.positions or list(map(Position, range(1, len(bodies) + 1)))
        statements = []
        for body, position in zip(bodies, positions, strict=True):
            statements.append(PolicyStatement.of(body, position, self))
        return tuple(statements)

    @property
    def has_variables(self) -> bool:
        """True if its version has variables; in others ``${…}`` is plain text."""
        return isinstance(self.document, dict) and self.document.get("Version") == _WITH_VARIABLES

    @cached_property
    def allowing(self) -> tuple[PolicyStatement, ...]:
        """The statements that allow something, or may if they are there."""
        allowing = []
        for statement in self.statements:
            if statement.readable and statement.body.get("Effect") == "Allow":
                allowing.append(statement)
        return tuple(allowing)


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
    """The conditions of the template under which it is there, in words; empty for always."""
    only_actions: frozenset[str] | None
    """The only actions that it can be about, in lower case; none where a wildcard or a hole leaves
    that open."""

    @staticmethod
    def of(body: Any, position: Position, policy: Policy) -> PolicyStatement:
        """Return the statement at a position of a policy."""
        if policy.has_variables and MARK in policy.text:
            body = with_strings(body, _with_holes)
        readable = isinstance(body, dict)
        sid = body.get("Sid") if readable else None
        # An empty sid is none.
        label = sid if isinstance(sid, str) and sid else str(position.number)
        return PolicyStatement(
            body,
            label,
            f"statement {label} of {policy.name}",
            policy,
            readable,
            all_conditions(policy.condition, position.condition),
            _plain_actions(body) if readable else None,
        )

    @cached_property  # Saves time, as ``view_of`` does.
    def _beginnings(self) -> dict[str, tuple[str, ...]]:
        """The beginnings of what it can be about, by bucket; empty if it may be anything else."""
        by_bucket: dict[str, list[str]] = {}
        for pattern in as_list(self.body.get("Resource")) if self.readable else []:
            beginning = beginning_in(str(pattern))
            by_bucket.setdefault(beginning.partition("/")[0], []).append(beginning)
        return {} if "" in by_bucket else {name: tuple(known) for name, known in by_bucket.items()}

    def may_be_in(self, bucket: str, beginning: str) -> bool:
        """Report whether it may be about what begins so in a bucket, see ``beginning_in``."""
        if bucket not in self._beginnings:
            return not self._beginnings
        known = self._beginnings[bucket]
        return beginning.startswith(known) or any(one.startswith(beginning) for one in known)

    def may_be_about(self, action: str) -> bool:
        """Report whether the action may be one of its own; a plain list of actions decides it."""
        return self.only_actions is None or action.lower() in self.only_actions

    @cached_property
    def view_of(self) -> Callable[[str], object]:
        """Its view of an action, in lower case.

        Two actions of a service of which it has the same view get the same answer.
        """
        if not self.readable or _has_key_of_service(self.body):
            return str  # it may have an answer of its own for each action
        if self.only_actions is not None:
            return self.only_actions.__contains__
        patterns: list[str] = []
        for action in as_list(self.body.get("Action", self.body.get("NotAction"))):
            if isinstance(action, str):
                patterns.append(action.lower())
        return lambda action: tuple([matches(action, pattern) for pattern in patterns])


def _plain_actions(statement: Body) -> frozenset[str] | None:
    """Return the actions, in lower case; none where a wildcard or a hole leaves them open."""
    if "NotAction" in statement:
        return None
    actions = set()
    for action in as_list(statement.get("Action")):
        if not isinstance(action, str) or _OPEN_ACTION.search(action):
            return None
        actions.add(action.lower())
    return frozenset(actions) or None


def _has_key_of_service(statement: Body) -> bool:
    """Report whether a condition has a key that only some services or actions have."""
    return any(not key.lower().startswith("aws:") for _, key, _ in conditions_of(statement))


def all_conditions(*conditions: str) -> str:
    """Return conditions of a template in words, each once."""
    return " and ".join(dict.fromkeys(filter(None, conditions)))


def with_strings(value: Any, change: Callable[[str], Any]) -> Any:
    """Return a value with each string of it changed."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: with_strings(item, change) for name, item in value.items()}
    if isinstance(value, list):
        return [with_strings(item, change) for item in value]
    return value


def as_list(value: Any) -> list[Any]:
    """Return a value, or several, as a list that nobody changes; an empty list for none."""
    if type(value) is list:
        return value
    if isinstance(value, (list, tuple)):
        return list(value)
    return [] if value is None else [value]


def allow_statements(policies: Iterable[Policy]) -> Iterator[PolicyStatement]:
    """Yield the statements that allow something."""
    for policy in policies:
        yield from policy.allowing


def conditions_of(statement: Body) -> Iterator[tuple[str, str, Any]]:
    """Yield the operators, keys and values of a condition, as far as they can be read."""
    condition = statement.get("Condition")
    if not isinstance(condition, dict):
        return
    for operator, keys in condition.items():
        if isinstance(keys, dict):
            for key, values in keys.items():
                yield operator, key, values


def has_variables(text: str) -> bool:
    """Report whether a string has variables."""
    return "${" in text and _VARIABLE.search(text) is not None


def with_variables(text: str, context: Mapping[str, tuple[str | None, ...]]) -> str:
    """Put the known values of a call into the variables; the others stay, and can be anything."""

    def value(variable: re.Match[str]) -> str:
        alternatives = context.get(variable[1].lower(), ())
        known = alternatives[0] if len(alternatives) == 1 else None
        return variable[0] if known is None else known

    return _VARIABLE.sub(value, text) if has_variables(text) else text


def with_text_variables(text: str) -> str:
    """Return a string whose variables are no holes, as it was written."""
    return _VARIABLE.sub(rf"${MARK}{{\1}}", text)


def _with_holes(text: str) -> str:
    """Return a string of a statement with holes for its variables, which depend on the call."""
    return _WRITTEN_VARIABLE.sub(r"${\1}", text) if MARK in text else text
