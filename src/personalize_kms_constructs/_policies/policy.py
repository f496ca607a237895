"""Our statements in one policy, whatever it belongs to."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, ClassVar, Literal

from aws_cdk import CfnResource, Stack
from aws_cdk import aws_iam as iam
from constructs import IConstruct

from .principals import PolicyPrincipal
from .statements import Statement

PolicyKind = Literal["key", "bucket", "role"]


class Policy(ABC):
    """The statements of one construct in the policy of a key, a bucket or a role.

    They are plain data while they are collected. ``attach`` puts what is new into the app, ``roll_back`` forgets it.
    """

    kind: ClassVar[PolicyKind]
    document_property: ClassVar[str] = "policyDocument"
    """The property of the L1 that has the policy."""

    def __init__(self, resource_arn: str, construct: IConstruct | None) -> None:
        self.resource_arn = resource_arn
        self.construct = construct
        self.pending = False
        """True if the policy took no statements, so that somebody else must add them."""
        self._wanted: dict[str, Statement] = {}
        self._attached: dict[str, Statement] = {}
        self._objects: dict[str, iam.PolicyStatement] = {}

    @cached_property
    def name(self) -> str:
        """The resource, for people."""
        return self.resource_arn if self.construct is None else self.construct.node.path

    def __str__(self) -> str:
        """The resource with its kind; messages ask for it, so that the CDK isn't asked where there is none."""
        return f"{self.kind} {self.name}"

    @property
    def is_of_this_app(self) -> bool:
        """True if this app makes what the policy belongs to."""
        return False

    @property
    def l1_of_policy(self) -> CfnResource | None:
        """The L1 in this app that has the policy as a property; none for a policy of others."""
        return None

    @property
    def stack_of_policy(self) -> Stack | None:
        """The stack of that L1, where it is known without asking."""
        return None

    @property
    def statements(self) -> list[Statement]:
        """The statements, in the order of their sids."""
        return [self._wanted[sid] for sid in sorted(self._wanted)]

    @property
    def statements_json(self) -> list[dict[str, Any]]:
        """The statements as IAM JSON, in the order of their sids."""
        return [statement.to_json() for statement in self.statements]

    def collect(
        self, sid: str, actions: Iterable[str], resource: str, principal: PolicyPrincipal | None = None
    ) -> None:
        """Add actions and a resource to the statement of this sid."""
        statement = self._wanted.get(sid)
        if statement is None and principal is not None:
            statement = Statement(sid, principal.principal, principal.condition)
        if statement is None:
            statement = Statement(sid)
        self._wanted[sid] = statement.grown(actions, resource)

    def roll_back(self) -> None:
        """Forget what was collected since it was last attached."""
        self._wanted = dict(self._attached)

    @property
    def has_news(self) -> bool:
        """True if there is something to attach."""
        return self._wanted != self._attached

    @property
    def is_frozen(self) -> bool:
        """True if a statement has to grow that the CDK changes no more, since something has resolved its policy."""
        before = self._attached
        return any(
            before[sid] != statement and self._objects[sid].frozen
            for sid, statement in self._wanted.items()
            if sid in self._objects
        )

    def attach(self) -> None:
        """Put what was collected into the app; statements that come together are in the order of their sids."""
        before, self._attached = self._attached, dict(self._wanted)
        new = []
        for statement in self.statements:
            if statement.sid not in self._objects:
                self._objects[statement.sid] = iam.PolicyStatement.from_json(statement.to_json())
                new.append(self._objects[statement.sid])
            elif statement != before[statement.sid]:
                _grow(self._objects[statement.sid], before[statement.sid], statement)
        if new and not self.pending:
            self.pending = not self._add(new)

    @abstractmethod
    def _add(self, statements: Sequence[iam.PolicyStatement]) -> bool:
        """Add statements to the policy in the app; return False if it takes none."""


def _grow(written: iam.PolicyStatement, before: Statement, after: Statement) -> None:
    if actions := after.actions[len(before.actions) :]:
        written.add_actions(*actions)
    if resources := after.resources[len(before.resources) :]:
        written.add_resources(*resources)
