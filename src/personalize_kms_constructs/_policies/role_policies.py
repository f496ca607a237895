"""The IAM policies of the service role: managed ones, as many as their size asks for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from ..matrix import Actions, S3Access
from .limits import MANAGED_POLICY_SIZE
from .policy import Policy
from .roles import RoleFacts
from .sids import role_sid
from .sizes import most_of
from .statements import Statement

# A changed description replaces a policy, so this one is for good:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-iam-managedpolicy.html
_DESCRIPTION = "Lets the service role of Amazon Personalize use data and customer managed KMS keys"


class RolePolicies:
    """Our statements in the IAM policies of the service role."""

    def __init__(self, scope: Construct, role: RoleFacts) -> None:
        self._scope = scope
        self._role = role
        self._policies: list[ManagedPolicy] = []

    def __iter__(self) -> Iterator[ManagedPolicy]:
        """Iterate over those that have statements."""
        return (policy for policy in self._policies if policy.statements)

    def collect_actions(self, needed: Actions, resource: str) -> None:
        """Allow the role these actions on a resource."""
        if any(policy.allows(needed, resource) for policy in self._policies):
            return
        if not self._policies or not self._policies[-1].has_room(needed, resource):
            policy_id = f"Policy{len(self._policies) + 1}" if self._policies else "Policy"
            self._policies.append(ManagedPolicy(self._scope, policy_id, self._role))
        self._policies[-1].collect(role_sid(needed), needed.actions, resource)

    def collect_access(self, access: S3Access, bucket_arn: str, prefix: str) -> None:
        """Allow the role this access to the objects below a prefix of a bucket."""
        self.collect_actions(access.on_objects, f"{bucket_arn}/{prefix}*")
        for needed in access.on_bucket:
            self.collect_actions(needed, bucket_arn)

    def refers_to(self, resource_arn: str) -> bool:
        """Tell if a policy in this app has a resource in it."""
        return any(
            resource_arn in statement.resources
            for policy in self._policies
            if policy.dependable is not None and not policy.pending
            for statement in policy.statements
        )

    def forget_empty_ones(self) -> None:
        """Forget policies that nothing was attached to, after a roll-back."""
        self._policies = [policy for policy in self._policies if policy.statements]


class ManagedPolicy(Policy):
    """One managed policy; it exists as soon as it has a statement."""

    kind = "role"

    def __init__(self, scope: Construct, id: str, role: RoleFacts) -> None:
        super().__init__(role.arn, cast("Construct", role.role))
        self.dependable: iam.ManagedPolicy | None = None
        """The policy in this app."""
        self._l1: iam.CfnManagedPolicy | None = None
        self._scope = scope
        self._id = id
        self._role = role

    def allows(self, needed: Actions, resource: str) -> bool:
        """Tell if the policy allows these actions on the resource."""
        statement = self._wanted.get(role_sid(needed))
        return statement is not None and resource in statement.resources

    def has_room(self, needed: Actions, resource: str) -> bool:
        """Tell if a statement of these actions on the resource fits in, even if it has to be a new one."""
        addition = Statement(role_sid(needed), actions=needed.actions, resources=(resource,))
        present = {"Version": "2012-10-17", "Statement": self.statements_json}
        return most_of(present) + most_of(addition.to_json()) + len(",") <= MANAGED_POLICY_SIZE

    @property
    def l1_of_policy(self) -> iam.CfnManagedPolicy | None:
        """Its L1."""
        if self._l1 is None and self.dependable is not None:
            self._l1 = cast("iam.CfnManagedPolicy | None", self.dependable.node.default_child)
        return self._l1

    @property
    def stack_of_policy(self) -> Stack:
        """The stack of the construct."""
        return self._role.here.stack

    def _add(self, statements: Sequence[iam.PolicyStatement]) -> bool:
        if not self._role.is_mutable:
            return False
        if self.dependable is not None:
            self.dependable.add_statements(*statements)
            return True
        self.dependable = self._attached_to_role(statements)
        # What is made before the app is deployed gets nothing from it; the CDK reports what it should have.
        return not self._role.is_precreated

    def _attached_to_role(self, statements: Sequence[iam.PolicyStatement]) -> iam.ManagedPolicy:
        by_name = self._role.own_l1
        policy = iam.ManagedPolicy(
            self._scope,
            self._id,
            description=_DESCRIPTION,
            statements=statements,
            roles=None if by_name is not None else [self._role.role],
        )
        if by_name is not None and not self._role.is_precreated:
            # A role that was imported by its ARN has a wrong name in the CDK if it has a path.
            cast("iam.CfnManagedPolicy", policy.node.default_child).roles = [by_name.ref]
        return policy
