"""The policies of keys and buckets, and what they have in common with the role's.

Statements are collected by ``allow`` and reach their policy with ``attach``. A policy that doesn't take them
(imported key, imported bucket, immutable role) leaves ``pending`` true.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any, ClassVar, Literal, cast

from aws_cdk import IResource
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from .dependencies import Dependencies
from .matrix import Actions, S3Access
from .principals import PolicyPrincipal
from .sizes import size_of
from .statements import Statement

PolicyKind = Literal["key", "bucket", "role"]


class Policy(ABC):
    """Our statements in one policy."""

    kind: ClassVar[PolicyKind]

    def __init__(self, resource: IResource, resource_arn: str) -> None:
        self.resource = resource
        self.resource_arn = resource_arn
        self.pending = False
        self.size = size_of({"Version": "2012-10-17", "Statement": []})
        self._statements: dict[str, Statement] = {}
        self._attached = 0

    def size_with(self, statement: Statement) -> int:
        """The size of the policy, in bytes, with one more statement."""
        return self.size + size_of(statement.to_json()) + (len(",") if self._statements else 0)

    @abstractmethod
    def _add(self, statements: Sequence[iam.PolicyStatement]) -> bool:
        """Add statements to the policy; false when it doesn't take them."""

    def attach(self) -> None:
        """Add what is new to the policy; statements that come together are in the order of their sids."""
        new = sorted(list(self._statements.values())[self._attached :], key=lambda statement: statement.sid)
        self._attached += len(new)
        if new and not self.pending:
            self.pending = not self._add([statement.attachable() for statement in new])

    def _grow(self, sid: str, principal: PolicyPrincipal | None, actions: Iterable[str], resource: str) -> None:
        statement = self._statements.get(sid)
        if statement is None:
            statement = Statement(
                sid, principal.principal if principal else None, principal.condition if principal else None
            )
            statement.grow(actions, [resource])
            self.size = self.size_with(statement)
            self._statements[sid] = statement
        else:
            self.size += sum(size_of(new) + len(",") for new in statement.grow(actions, [resource]))

    @property
    def statements(self) -> tuple[iam.PolicyStatement, ...]:
        """The statements as the CDK takes them, in the order of their sids."""
        return tuple(self._statements[sid].attachable() for sid in sorted(self._statements))

    @property
    def statements_json(self) -> list[dict[str, Any]]:
        """The statements as IAM JSON, in the order of their sids."""
        return [self._statements[sid].to_json() for sid in sorted(self._statements)]


class KeyPolicy(Policy):
    """A key's policy: one statement for the role and one for the service."""

    kind = "key"

    def __init__(
        self,
        key: kms.IKey,
        key_arn: str,
        *,
        sid: str,
        role: PolicyPrincipal,
        service: PolicyPrincipal,
        manage: Callable[[str], iam.PolicyDocument] | None,
    ) -> None:
        super().__init__(key, key_arn)
        self._manage = manage
        self.role_needs_iam = role.needs_iam
        self._key = key
        self._sid = sid
        self._principals = (role, service)

    @cached_property
    def l1(self) -> kms.CfnKey | None:
        """The L1 of a key that the app makes."""
        return cast("kms.CfnKey", self._key.node.default_child) if isinstance(self._key, kms.Key) else None

    def allow(self, needed: Iterable[Actions]) -> None:
        """Allow role and service these actions; ``*`` in a key policy means this key."""
        actions = [action for group in needed for action in group.actions]
        for principal in self._principals:
            self._grow(f"Personalize{principal.name}{self._sid}", principal, actions, "*")

    def _add(self, statements: Sequence[iam.PolicyStatement]) -> bool:
        document = self.l1.key_policy if self.l1 is not None else None
        if isinstance(document, iam.PolicyDocument):
            # What ``add_to_resource_policy`` does, for all statements in one crossing into jsii.
            document.add_statements(*statements)
            return True
        # ``Grant.success`` says true for an imported key all the same; only ``statement_added`` tells.
        results = [self._key.add_to_resource_policy(statement) for statement in statements]
        if all(result.statement_added for result in results):
            return True
        if self._manage is None:
            return False
        self._manage(self.resource_arn).add_statements(*statements)
        return True


class BucketPolicy(Policy):
    """A bucket's policy: statements for the service, and for a role of another account.

    In one account the role's IAM policies are enough; across accounts both sides have to allow.
    """

    kind = "bucket"

    def __init__(
        self,
        bucket: s3.IBucket,
        bucket_arn: str,
        *,
        sid: str,
        role: PolicyPrincipal | None,
        service: PolicyPrincipal,
        permissions: Dependencies,
    ) -> None:
        super().__init__(bucket, bucket_arn)
        self._bucket = bucket
        self.encryption_key = bucket.encryption_key
        self._sid = sid
        self._principals = (service,) if role is None else (role, service)
        self._permissions = permissions

    def allow(self, access: S3Access, prefix: str) -> None:
        """Allow this access to the objects below the prefix."""
        for needed, resource in (
            (access.on_objects, f"{self.resource_arn}/{prefix}*"),
            *((needed, self.resource_arn) for needed in access.on_bucket),
        ):
            for principal in self._principals:
                sid = f"Personalize{principal.name}{needed.name}{self._sid}"
                self._grow(sid, principal, needed.actions, resource)

    def _add(self, statements: Sequence[iam.PolicyStatement]) -> bool:
        first, *others = statements
        result = self._bucket.add_to_resource_policy(first)
        if not result.statement_added:
            return False
        policy = cast("s3.BucketPolicy", result.policy_dependable)
        self._permissions.add(policy)
        if others:
            # In one crossing into jsii.
            policy.document.add_statements(*others)
        return True
