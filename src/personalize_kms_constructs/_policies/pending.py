"""Statements that could not be attached, and their report."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import jsii
from aws_cdk import CfnOutput, IResolveContext, IStringProducer, Lazy, Reference, Stack, Tokenization
from aws_cdk import aws_iam as iam
from constructs import Construct

from .._tokens import TOKEN
from .policy import Policy, PolicyKind

_MESSAGES: dict[PolicyKind, tuple[str, str]] = {
    "key": (
        "pendingKeyPolicy",
        "the policy of key {arn} is not managed by this app, so Personalize has no access to the key until its owner "
        "adds these statements to the key policy",
    ),
    "bucket": (
        "pendingBucketPolicy",
        "the policy of bucket {arn} is not managed by this app, so Personalize has no access to its objects until "
        "its owner adds these statements to the bucket policy",
    ),
    "role": (
        "pendingRolePolicy",
        "role {arn} is immutable in this app, so it lacks permissions that Personalize needs until its owner adds "
        "these statements to an IAM policy of the role",
    ),
}


@dataclass(frozen=True)
class PendingStatements:
    """Statements that somebody else must add to a policy."""

    policy: PolicyKind
    """``"key"`` (the key policy), ``"bucket"`` (the bucket policy) or ``"role"`` (an IAM policy of the role)."""
    resource_arn: str
    """The ARN of that key, bucket or role."""
    statements: tuple[iam.PolicyStatement, ...]
    """The statements, complete."""


def pending_statements(policies: Iterable[Policy]) -> tuple[PendingStatements, ...]:
    """Return the statements of the policies that took none."""
    return tuple(
        PendingStatements(
            policy.kind,
            policy.resource_arn,
            tuple(iam.PolicyStatement.from_json(statement) for statement in policy.statements_json),
        )
        for policy in policies
        if policy.pending
    )


@jsii.implements(IStringProducer)
class _PendingJson:
    """Pending statements as JSON, when no later ``allow`` can change them any more."""

    def __init__(self, stack: Stack, policies: Callable[[], Iterable[Policy]]) -> None:
        self._stack = stack
        self._policies = policies

    def produce(self, context: IResolveContext) -> str:
        """Return the text, with tokens for what is known only at deployment."""
        pending = [policy for policy in self._policies() if policy.pending]
        return self._stack.to_json_string(
            [
                {"policy": policy.kind, "resource": policy.resource_arn, "statements": policy.statements_json}
                for policy in pending
            ]
        )


def pending_output(scope: Construct, id: str, policies: Callable[[], Iterable[Policy]]) -> CfnOutput:
    """Add a stack output of the pending statements, with all that is known only at deployment filled in."""
    return CfnOutput(
        scope,
        id,
        description="Statements that the owners of these keys, buckets and roles must add to their policies",
        value=Lazy.uncached_string(cast("IStringProducer", _PendingJson(Stack.of(scope), policies))),
    )


def pending_warnings(stack: Stack, policies: Iterable[Policy]) -> Iterator[tuple[str, str]]:
    """Yield a warning, by id and text, for each policy that took no statements."""
    for policy in policies:
        if policy.pending:
            warning_id, message = _MESSAGES[policy.kind]
            arn = readable(policy.resource_arn, stack)
            statements = json.dumps(readable(policy.statements_json, stack), indent=2)
            yield warning_id, f"{message.format(arn=arn)}: {statements}"


def readable(value: Any, stack: Stack) -> Any:
    """Return JSON with what is known only at deployment as ``${…}``, in the notation of ``Fn::Sub``."""
    if isinstance(value, list):
        return [readable(item, stack) for item in value]
    if isinstance(value, dict):
        return {key: readable(item, stack) for key, item in value.items()}
    return TOKEN.sub(lambda token: _placeholder(token[0], stack), value)


def _placeholder(token: str, stack: Stack) -> str:
    reference = Tokenization.reverse_string(token).first_token
    if Reference.is_reference(reference):
        target = cast("Reference", reference).target
        if Stack.of(target) is not stack:
            # Its logical id would say nothing here, and its path says in which stack it is.
            return f"${{{target.node.path}.{cast('Reference', reference).display_name}}}"
    return _as_sub(stack.resolve(token))


def _as_sub(value: Any) -> str:
    if isinstance(value, str):
        return value
    (function, argument), *_ = value.items()
    if function == "Ref":
        return f"${{{argument}}}"
    if function == "Fn::GetAtt":
        return f"${{{'.'.join(argument)}}}"
    if function == "Fn::Join":
        return str(argument[0]).join(_as_sub(part) for part in argument[1])
    return json.dumps(value)
