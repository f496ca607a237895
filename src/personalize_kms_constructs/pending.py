"""Statements that could not be attached, and their report."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import jsii
from aws_cdk import CfnOutput, IResolveContext, IStringProducer, Lazy, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from .pasted import part_of, readable, replacements
from .pending_files import write_files
from .place import Place
from .policy import Policy, PolicyKind

_MESSAGES: dict[PolicyKind, tuple[str, str]] = {
    "key": (
        "pendingKeyPolicy",
        "the policy of key {arn} is not managed by this app, so Personalize has no access to the key until its owner "
        "adds these statements to the key policy",
    ),
    "bucket": (
        "pendingBucketPolicy",
        "the policy of bucket {arn}, which is imported, is not written here, so Personalize has no access to its "
        "objects until its owner adds these statements to the bucket policy",
    ),
    "role": (
        "pendingRolePolicy",
        "role {arn} is immutable in this app, so it lacks permissions that Personalize needs until its owner adds "
        "these statements to an IAM policy of the role",
    ),
}
_EXPRESSIONS: dict[PolicyKind, str] = {
    "key": "the policy of key {path} is an expression (Fn::If) to which nothing can be added, so Personalize has no "
    "access to the key until these statements are in it",
    "bucket": "the policy of bucket {path} is an expression (Fn::If) to which nothing can be added, so Personalize has "
    "no access to its objects until these statements are in it",
}

_OWNERS: dict[PolicyKind, str] = {
    "key": "the owner of the key{account} adds them to the statements that the key policy has",
    "bucket": "the owner of the bucket{account} adds them to the statements that the bucket policy has",
    "role": "the owner of the role{account} adds them to a policy of the role, or makes one of the file",
}
_WRITER = "add them where the policy is written, in each case of the expression"
_PAGES: dict[PolicyKind, str] = {
    "key": "Imported keys",
    "bucket": "Several buckets and keys",
    "role": "An existing role",
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


def pending_warnings(
    scope: Construct,
    here: Place,
    policies: Sequence[Policy],
    known_values: Callable[[], Mapping[str, str]],
    *,
    ways_out_of: Callable[[Policy], Iterable[str]],
) -> Iterator[tuple[str, str]]:
    """Write a file for each policy that took no statements, and yield a warning for it, by id and text.

    Args:
        scope: the construct.
        here: its place.
        policies: the policies that took none.
        known_values: tells the values of placeholders, as far as they are known.
        ways_out_of: tells what else can be done about a policy.
    """
    known, stack = known_values() if policies else {}, here.stack
    found = [
        (policy.kind, readable(policy.resource_arn, stack, known), readable(policy.statements_json, stack, known))
        for policy in policies
    ]
    for policy, (_, arn, statements), path in zip(policies, found, write_files(scope, here, found), strict=True):
        kind = policy.kind
        warning_id, message = _MESSAGES[kind]
        owner, page = _OWNERS[kind].format(account=_of_account(arn)), _PAGES[kind]
        if policy.is_of_this_app:
            message, owner, page = _EXPRESSIONS[kind], _WRITER, "Warnings"
        text = json.dumps(statements, indent=2)
        left = replacements(text)
        lines = [
            f"{message.format(arn=arn, path=policy.name)}:",
            text,
            f"- {owner}",
            f"- the same as a policy: {path}, in the folder of the synth (cdk.out)",
            *([f"- replace {left}"] if left else []),
            *(f"- {way_out}" for way_out in ways_out_of(policy)),
            f'- more: the page "{page}" of the documentation',
        ]
        yield warning_id, "\n".join(lines)


def _of_account(arn: str) -> str:
    account = part_of(arn, 4)
    return f", account {account}," if account.isdecimal() else ""
