"""Policies taken by AWS, but not as meant: placeholders left as text, names taken twice."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from .._model.causes import Cause, Reason
from .._model.finding import Finding
from .._model.model import AccessModel, Bucket, Key, PolicyOwner, Role
from .._model.policy_documents import Policy
from .._model.requests import Request, declared_of
from .._needs.need import users_of
from .._shared.values import MARK

PUT_PAGE = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html"
SUB_PAGE = (
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/"
    "intrinsic-function-reference-sub.html"
)

# Variables of IAM have a colon, or are the characters that are special in patterns.
_NOT_OF_IAM = re.compile(rf"\${MARK}\{{(?:AWS::\w+|[\w.]+)\}}")


def misunderstood_policies(model: AccessModel) -> Iterator[Finding]:
    users = users_of(model)
    by_policy: dict[Policy, list[Request]] = {}
    for owner in model.owners:
        for policy in _policies_of(owner):
            by_policy.setdefault(policy, []).extend(users.get(owner.arn, []))
    for policy, requests in by_policy.items():
        yield from _written_as_text(policy, requests)
    for role in model.roles.values():
        yield from _inline_names_taken(role, model.label(role.arn), users.get(role.arn, []))


def _policies_of(owner: PolicyOwner) -> list[Policy]:
    if isinstance(owner, Role):
        boundary = [owner.boundary] if owner.boundary else []
        return [*owner.trust, *owner.identity, *boundary]
    return owner.policies if isinstance(owner, (Key, Bucket)) else []


def _written_as_text(policy: Policy, requests: list[Request]) -> Iterator[Finding]:
    if MARK not in policy.text:
        return
    for statement in policy.statements:
        body = json.dumps(statement.body, ensure_ascii=False)
        texts = tuple(dict.fromkeys(_NOT_OF_IAM.findall(body)))
        if texts:
            yield Finding(
                kind="configuration",
                subject=policy.name,
                label=statement.name,
                reason=Reason.of(Cause.WRITTEN_AS_TEXT, texts=texts),
                page=SUB_PAGE,
                requests=tuple(requests),
                places=declared_of([policy]),
                is_warning=True,
            )


def _inline_names_taken(role: Role, label: str, requests: list[Request]) -> Iterator[Finding]:
    """Yield those with another one's name and other statements. Both are there in any case."""
    unconditional: list[Policy] = []
    for policy in role.identity:
        if not policy.inline or policy.condition:
            continue
        for other in unconditional:
            if _is_rival(other, policy):
                paths = (other.name, policy.name)
                yield Finding(
                    kind="configuration",
                    subject=policy.name,
                    label=label,
                    reason=Reason.of(Cause.INLINE_NAME_TAKEN, name=policy.inline, paths=paths),
                    page=PUT_PAGE,
                    requests=tuple(requests),
                    places=declared_of((other, policy)),
                )
                break
        unconditional.append(policy)


def _is_rival(one: Policy, other: Policy) -> bool:
    """Tell if two policies have one name and different statements."""
    if one.inline != other.inline:
        return False
    bodies = [statement.body for statement in one.statements]
    return bodies != [statement.body for statement in other.statements]
