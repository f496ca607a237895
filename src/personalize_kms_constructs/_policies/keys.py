"""The policies of keys: one statement for the role and one for the service on every key."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from .._default_key_policy import default_key_policy
from ..matrix import Actions
from .documents import append_to_property, is_document, sids_in
from .place import Place
from .policy import Policy
from .principals import PolicyPrincipal
from .resources import KeyFacts, KeyL1
from .sids import key_sid, next_suffix

AddStatements = Callable[[Sequence[iam.PolicyStatement]], None]


class KeyPolicy(Policy):
    """Our statements in a key's policy; ``*`` means this key there."""

    kind = "key"
    document_property = "keyPolicy"

    def __init__(
        self,
        key: KeyFacts,
        *,
        role: PolicyPrincipal,
        service: PolicyPrincipal,
        foreign_suffix: Callable[[], str],
        manage: Callable[[str], AddStatements] | None,
    ) -> None:
        super().__init__(key.arn, key.construct)
        self.key = key
        self.role_needs_iam = role.needs_iam
        self._principals = (role, service)
        self._foreign_suffix = foreign_suffix
        self._manage = manage
        self._add_to_managed: AddStatements | None = None
        self._chosen_suffix: str | None = None

    @property
    def l1(self) -> KeyL1 | None:
        """The L1 of a key that this app makes."""
        return self.key.l1

    @property
    def l1_of_policy(self) -> KeyL1 | None:
        """The key itself."""
        return self.l1

    @property
    def stack_of_policy(self) -> Stack | None:
        """The stack of the key."""
        return self.key.stack

    @property
    def is_of_this_app(self) -> bool:
        """True if this app makes the key."""
        return self.l1 is not None

    def collect_actions(self, needed: Iterable[Actions]) -> None:
        """Allow role and service these actions."""
        actions = [action for group in needed for action in group.actions]
        for principal in self._principals:
            self.collect(key_sid(principal.name, self._suffix), actions, "*", principal)

    @property
    def _suffix(self) -> str:
        if self._chosen_suffix is None:
            is_imported = self.l1 is None
            self._chosen_suffix = (
                self._foreign_suffix() if is_imported else next_suffix(sids_in(self._document, self.key.stack))
            )
        return self._chosen_suffix

    @cached_property
    def _document(self) -> Any:
        """The policy that the key has when its first statement is collected."""
        if self.l1 is None:
            return None
        document = self.l1.key_policy
        if document is not None:
            return document
        place = Place.of(self.l1.stack)
        return default_key_policy(f"arn:{place.partition}:iam::{place.account}:root")

    def be_first(self) -> None:
        """Take the sids without a number: nobody else has seen the key yet."""
        self._chosen_suffix = ""

    def roll_back(self) -> None:
        """Forget what was collected since it was last attached, and with it the sids, which others may take."""
        super().roll_back()
        if not self.statements:
            self._chosen_suffix = None

    def _add(self, statements: Sequence[iam.PolicyStatement]) -> bool:
        if self.l1 is not None:
            return self._add_to_l1(self.l1, statements)
        if self._manage is None:
            return False
        if self._add_to_managed is None:
            self._add_to_managed = self._manage(self.resource_arn)
        self._add_to_managed(statements)
        return True

    def _add_to_l1(self, l1: KeyL1, statements: Sequence[iam.PolicyStatement]) -> bool:
        document = self._document
        if isinstance(document, iam.PolicyDocument):
            document.add_statements(*statements)
        elif not is_document(document, Stack.of(l1)):
            return False
        elif len(statements) == len(self.statements):
            append_to_property(l1, "key_policy", document, lambda: self.statements_json)
        return True
