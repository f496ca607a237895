"""Statements that could not be attached."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from aws_cdk import CfnOutput, IResolveContext, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from ._grant.targets import PolicyKind, PolicyTarget
from ._tokens import late_text


@dataclass(frozen=True)
class PendingStatements:
    """Statements that somebody else must add to a policy."""

    policy: PolicyKind
    """``"key"`` (the key policy), ``"bucket"`` (the bucket policy) or ``"role"`` (an IAM policy of the role)."""
    resource_arn: str
    """The ARN of that key, bucket or role. Of roles it may be two, with ``iam.Role.customize_roles``: the service role
    and that of the function of ``ImportedKeyPolicy.MANAGED``."""
    statements: tuple[iam.PolicyStatement, ...]
    """The statements, complete."""


def pending_statements(policies: Iterable[PolicyTarget]) -> tuple[PendingStatements, ...]:
    """Return the statements of the policies that took none."""
    return tuple(
        PendingStatements(
            policy.kind,
            policy.arn,
            tuple(
                iam.PolicyStatement.from_json(statement.to_json())
                for statement in policy.statements
            ),
        )
        for policy in policies
        if policy.pending
    )


def pending_output(
    scope: Construct, id: str, policies: Callable[[], Iterable[PolicyTarget]]
) -> CfnOutput:
    """Add a stack output of the pending statements, with all that is known only at deployment filled in."""

    def as_json(_: IResolveContext) -> str:
        pending = [
            {
                "policy": each.kind,
                "resource": each.arn,
                "statements": [found.to_json() for found in each.statements],
            }
            for each in policies()
            if each.pending
        ]
        return Stack.of(scope).to_json_string(pending)

    return CfnOutput(
        scope,
        id,
        description="Statements that the owners of these keys, buckets and roles must add to their policies",
        value=late_text(as_json),
    )
