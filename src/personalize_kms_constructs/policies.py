"""The policies of keys and buckets, and what they have in common with the role's.

Statements are collected by ``allow`` and reach their policy with ``attach``. A policy that doesn't take them
(imported key, imported bucket, immutable role) leaves ``pending`` true.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import DependencyGroup

from .matrix import SERVICE_PRINCIPAL, Actions, S3Access
from .service_role import RolePrincipal
from .statements import Statement

PolicyKind = Literal["key", "bucket", "role"]

_SERVICE = {"Service": SERVICE_PRINCIPAL}


class Policy(ABC):
    """Our statements in one policy."""

    kind: ClassVar[PolicyKind]

    def __init__(self, resource_arn: str) -> None:
        self.resource_arn = resource_arn
        self.pending = False
        self._statements: dict[str, Statement] = {}
        self._attached = 0

    @abstractmethod
    def _add(self, statements: Sequence[iam.PolicyStatement]) -> bool:
        """Add statements to the policy; false when it doesn't take them."""

    def attach(self) -> None:
        """Add what is new to the policy; statements that come together are in the order of their sids."""
        new = sorted(list(self._statements.values())[self._attached :], key=lambda statement: statement.sid)
        self._attached += len(new)
        if new and not self.pending:
            self.pending = not self._add([statement.attachable() for statement in new])

    @property
    def statements(self) -> tuple[iam.PolicyStatement, ...]:
        """The statements as the CDK takes them, in the order of their sids."""
        return tuple(self._statements[sid].attachable() for sid in sorted(self._statements))

    @property
    def statements_json(self) -> list[dict[str, Any]]:
        """The statements as IAM JSON, in the order of their sids."""
        return [self._statements[sid].to_json() for sid in sorted(self._statements)]


class KeyPolicy(Policy):
    """A key's policy, with one statement for the role and one for the service.

    They are two because only the service's calls carry ``aws:SourceAccount`` and ``aws:SourceArn``: a condition on
    these keys would shut the role out.
    """

    kind = "key"

    def __init__(
        self,
        key: kms.IKey,
        key_arn: str,
        *,
        sid: str,
        role: RolePrincipal,
        service_condition: Mapping[str, Any] | None,
    ) -> None:
        super().__init__(key_arn)
        self.role_needs_iam = role.needs_iam
        self._key = key
        self._role = Statement(f"PersonalizeRole{sid}", role.principal, role.condition)
        self._service = Statement(f"PersonalizeService{sid}", _SERVICE, service_condition)

    def allow(self, needed: Iterable[Actions]) -> None:
        """Allow the role and the service these actions; ``*`` in a key policy means this key."""
        actions = [action for group in needed for action in group.actions]
        for statement in (self._role, self._service):
            self._statements.setdefault(statement.sid, statement).grow(actions, ["*"])

    def _add(self, statements: Sequence[iam.PolicyStatement]) -> bool:
        # ``Grant.success`` says true for an imported key all the same; only ``statement_added`` tells.
        results = [self._key.add_to_resource_policy(statement) for statement in statements]
        return all(result.statement_added for result in results)


class BucketPolicy(Policy):
    """A bucket's policy, where only the service needs statements: the role has its IAM policies."""

    kind = "bucket"

    def __init__(
        self,
        bucket: s3.IBucket,
        bucket_arn: str,
        *,
        sid: str,
        service_condition: Mapping[str, Any] | None,
        permissions: DependencyGroup,
    ) -> None:
        super().__init__(bucket_arn)
        self._bucket = bucket
        self.encryption_key = bucket.encryption_key
        self._sid = sid
        self._service_condition = service_condition
        self._permissions = permissions

    def allow(self, access: S3Access, prefix: str) -> None:
        """Allow the service this access to the objects below the prefix."""
        self._allow(access.on_objects, f"{self.resource_arn}/{prefix}*")
        for needed in access.on_bucket:
            self._allow(needed, self.resource_arn)

    def _allow(self, needed: Actions, resource: str) -> None:
        sid = f"Personalize{needed.name}{self._sid}"
        statement = self._statements.setdefault(sid, Statement(sid, _SERVICE, self._service_condition))
        statement.grow(needed.actions, [resource])

    def _add(self, statements: Sequence[iam.PolicyStatement]) -> bool:
        results = [self._bucket.add_to_resource_policy(statement) for statement in statements]
        if results[0].policy_dependable is not None:
            self._permissions.add(results[0].policy_dependable)
        return all(result.statement_added for result in results)
