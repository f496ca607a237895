"""Statements for others to add, since this app can't."""

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
    """The kind of policy: ``"key"``, ``"bucket"``, or ``"role"`` for an IAM policy of the role."""
    resource_arn: str
    """The ARN of that key, bucket or role."""
    statements: tuple[iam.PolicyStatement, ...]
    """The complete statements."""


def pending_statements(targets: Iterable[PolicyTarget]) -> tuple[PendingStatements, ...]:
    """Return the statements of those policies to which this app can't add them."""
    pending = []
    for target in targets:
        if target.is_pending:
            statements = [
                iam.PolicyStatement.from_json(statement.to_json())
                for statement in target.statements
            ]
            pending.append(PendingStatements(target.kind, target.arn, tuple(statements)))
    return tuple(pending)


def pending_output(
    scope: Construct, id: str, targets: Callable[[], Iterable[PolicyTarget]]
) -> CfnOutput:
    """Add a stack output of the pending statements, in which CloudFormation fills in all values."""

    def as_json(_: IResolveContext) -> str:
        pending = []
        for target in targets():
            if target.is_pending:
                statements = [statement.to_json() for statement in target.statements]
                pending.append(
                    {"policy": target.kind, "resource": target.arn, "statements": statements}
                )
        return Stack.of(scope).to_json_string(pending)

    return CfnOutput(
        scope,
        id,
        description=(
            "Statements that the owners of these keys, buckets and roles must add to their policies"
        ),
        value=late_text(as_json),
    )
