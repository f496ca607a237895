"""The IAM policies of the service role: managed ones, as many as their size asks for."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from constructs import Construct

from .dependencies import Dependencies
from .limits import fits_managed_policy
from .matrix import Actions, S3Access
from .policies import Policy
from .service_role import ServiceRole
from .statements import Statement


class RolePolicies:
    """What this construct has to say in the IAM policies of the service role."""

    def __init__(self, scope: Construct, role: ServiceRole, permissions: Dependencies) -> None:
        self._scope = scope
        self._role = role
        self._permissions = permissions
        self.policies: list[_ManagedPolicy] = []

    def allow(self, needed: Actions, resource: str) -> None:
        """Allow the role these actions on a resource."""
        if any(policy.allows(needed, resource) for policy in self.policies):
            return
        if not self.policies or not self.policies[-1].has_room(needed, resource):
            policy_id = f"Policy{len(self.policies) + 1}" if self.policies else "Policy"
            self.policies.append(_ManagedPolicy(self._scope, policy_id, self._role, self._permissions))
        self.policies[-1].allow(needed, resource)

    def allow_location(self, access: S3Access, bucket_arn: str, prefix: str) -> None:
        """Allow the role this access to the objects below a prefix of a bucket."""
        self.allow(access.on_objects, f"{bucket_arn}/{prefix}*")
        for needed in access.on_bucket:
            self.allow(needed, bucket_arn)


class _ManagedPolicy(Policy):
    """One managed policy; it exists as soon as it has a statement."""

    kind = "role"

    def __init__(self, scope: Construct, id: str, role: ServiceRole, permissions: Dependencies) -> None:
        super().__init__(role.role, role.arn)
        self._scope = scope
        self._id = id
        self._role = role
        self._permissions = permissions
        self._policy: iam.ManagedPolicy | None = None

    def allows(self, needed: Actions, resource: str) -> bool:
        statement = self._statements.get(needed.name)
        return statement is not None and resource in statement.resources

    def has_room(self, needed: Actions, resource: str) -> bool:
        addition = Statement(needed.name, actions=list(needed.actions), resources=[resource])
        return fits_managed_policy(self.size_with(addition))

    def allow(self, needed: Actions, resource: str) -> None:
        self._grow(needed.name, None, needed.actions, resource)

    def _add(self, statements: Sequence[iam.PolicyStatement]) -> bool:
        if self._policy is not None:
            self._policy.add_statements(*statements)
            return True
        if not self._role.takes_policies:
            return False
        self._policy = iam.ManagedPolicy(self._scope, self._id, statements=statements, roles=[self._role.role])
        self._permissions.add(self._policy)
        return True
