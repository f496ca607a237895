"""Policies that AWS takes in silence, but not as they were meant: placeholders left as text, names taken twice."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from .._values import MARK
from .causes import Cause, Reason
from .model import AccessModel, Asked, Bucket, Key, PolicyOwner, Problem, Role, declared_of
from .needs import users_of
from .policy_documents import Policy

PUT_PAGE = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html"
SUB_PAGE = (
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-sub.html"
)

# Variables of IAM have a colon, or are the characters that are special in patterns.
_NOT_OF_IAM = re.compile(rf"\${MARK}\{{(?:AWS::\w+|[\w.]+)\}}")


def misunderstood_policies(model: AccessModel) -> Iterator[Problem]:
    """Yield the policies with a placeholder that is plain text, and inline policies of which a role keeps one alone."""
    users = users_of(model)
    requests_of: dict[Policy, list[Asked]] = {}
    for owner in model.owners:
        for policy in _policies_of(owner):
            requests_of.setdefault(policy, []).extend(users.get(owner.arn, []))
    for policy, asks in requests_of.items():
        yield from _written_as_text(policy, asks)
    for role in model.roles.values():
        yield from _inline_names_taken(role, model.label(role.arn), users.get(role.arn, []))


def _policies_of(owner: PolicyOwner) -> list[Policy]:
    """Return all policies of a key, a bucket or a role."""
    if isinstance(owner, Role):
        return [*owner.trust, *owner.identity, *([owner.boundary] if owner.boundary else [])]
    return owner.policies if isinstance(owner, (Key, Bucket)) else []


def _written_as_text(policy: Policy, asks: list[Asked]) -> Iterator[Problem]:
    """Yield the statements of a policy in which a placeholder is plain text."""
    for statement in policy.statements if MARK in policy.text else ():
        if texts := tuple(dict.fromkeys(_NOT_OF_IAM.findall(json.dumps(statement.body, ensure_ascii=False)))):
            yield Problem.of(
                "configuration",
                policy.name,
                Reason.of(Cause.WRITTEN_AS_TEXT, texts=texts),
                SUB_PAGE,
                asks,
                label=statement.name,
                declared=declared_of([policy]),
                is_warning=True,
                certain=not policy.condition,
            )


def _inline_names_taken(role: Role, label: str, asks: list[Asked]) -> Iterator[Problem]:
    """Yield inline policies of a role with other statements than one of the same name; both are there in any case."""
    inline = [policy for policy in role.identity if policy.inline and not policy.condition]
    for index, policy in enumerate(inline):
        rival = next((other for other in inline[:index] if _is_rival(other, policy)), None)
        if rival is not None:
            yield Problem.of(
                "configuration",
                policy.name,
                Reason.of(Cause.INLINE_NAME_TAKEN, name=policy.inline, paths=(rival.name, policy.name)),
                PUT_PAGE,
                asks,
                label=label,
                declared=declared_of((rival, policy)),
                certain=False,  # what is lost may be of no use to Personalize
            )


def _is_rival(one: Policy, other: Policy) -> bool:
    says_else = [statement.body for statement in one.statements] != [statement.body for statement in other.statements]
    return says_else and one.inline == other.inline
