"""Statements that could not be attached."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import cast

import jsii
from aws_cdk import CfnOutput, IResolveContext, IStringProducer, Lazy, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from ._grant.targets import PolicyKind, PolicyTarget


@dataclass(frozen=True)
class PendingStatements:
    """Statements that somebody else must add to a policy."""

    policy: PolicyKind
    """``"key"`` (the key policy), ``"bucket"`` (the bucket policy) or ``"role"`` (an IAM policy of the role)."""
    resource_arn: str
    """The ARN of that key, bucket or role."""
    statements: tuple[iam.PolicyStatement, ...]
    """The statements, complete."""


def pending_statements(policies: Iterable[PolicyTarget]) -> tuple[PendingStatements, ...]:
    """Return the statements of the policies that took none."""
    return tuple(
        PendingStatements(
            policy.kind,
            policy.arn,
            tuple(iam.PolicyStatement.from_json(statement.to_json()) for statement in policy.statements),
        )
        for policy in policies
        if policy.pending
    )


@jsii.implements(IStringProducer)
class _PendingJson:
    """Pending statements as JSON, when no later ``allow`` can change them any more."""

    def __init__(self, stack: Stack, policies: Callable[[], Iterable[PolicyTarget]]) -> None:
        self._stack = stack
        self._policies = policies

    def produce(self, context: IResolveContext) -> str:
        """Return the text, with tokens for what is known only at deployment."""
        pending = [policy for policy in self._policies() if policy.pending]
        return self._stack.to_json_string(
            [
                {
                    "policy": policy.kind,
                    "resource": policy.arn,
                    "statements": [statement.to_json() for statement in policy.statements],
                }
                for policy in pending
            ]
        )


def pending_output(scope: Construct, id: str, policies: Callable[[], Iterable[PolicyTarget]]) -> CfnOutput:
    """Add a stack output of the pending statements, with all that is known only at deployment filled in."""
    return CfnOutput(
        scope,
        id,
        description="Statements that the owners of these keys, buckets and roles must add to their policies",
        value=Lazy.uncached_string(cast("IStringProducer", _PendingJson(Stack.of(scope), policies))),
    )
