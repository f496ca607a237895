"""Ids of deleted roles and users in policies, and whether one stands in the place of a service role.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from .._access.causes import Cause, Reason
from .._access.entries import Entry
from .._access.model import AccessModel, Asked, Problem
from .._access.policy_documents import PolicyStatement, as_list
from ..matrix import ASKED_ACTIONS

_PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids"

# AWS shows an id in the place of an ARN once there is no such role or user any more.
_ID = re.compile(r"A(?:RO|ID)A[A-Z0-9]{12,}")


@dataclass(frozen=True)
class _Orphan:
    id: str
    kind: str
    """``"key"``, ``"bucket"`` or ``"trust"``."""
    owner: str
    statements: list[PolicyStatement]
    """Those of a policy that name it."""


def without_orphaned(model: AccessModel, missing: Iterable[Entry]) -> tuple[list[Entry], list[Problem]]:
    """Return what is missing, less what ids in the place of a role explain, and a problem for each id.

    While a role is gone, an id may be its own, and explains nothing that others lack.
    """
    left, problems = list(missing), []
    all_exist = all(role.exists for role in model.roles.values())
    for orphan in _orphans(model):
        healed = _healed(orphan, left) if all_exist else []
        problems.append(_problem(model, orphan, healed))
        left = [each for each in left if each not in healed or _causes(each) & {Cause.BOUNDARY, Cause.DENIED}]
    return left, problems


def _orphans(model: AccessModel) -> Iterator[_Orphan]:
    living = {role.unique_id for role in model.roles.values()}
    policies = [("key", each.arn, policy) for each in model.keys.values() for policy in each.policies]
    policies += [("bucket", each.arn, policy) for each in model.buckets.values() for policy in each.policies]
    policies += [("trust", each.arn, policy) for each in model.roles.values() for policy in each.trust]
    for kind, owner, policy in policies:
        bodies = {each: each.body for each in policy.statements if each.readable}
        principals = {each: f"{body.get('Principal')} {body.get('NotPrincipal')}" for each, body in bodies.items()}
        for id in sorted({id for each in principals.values() for id in _ID.findall(each)} - living):
            yield _Orphan(id, kind, owner, [each for each, named in principals.items() if id in named])


def _healed(orphan: _Orphan, left: list[Entry]) -> list[Entry]:
    """Return what a role lacks of that which the statements with the id allow, where they have the form of ours."""
    if not (orphan.id.startswith("AROA") and all(map(_is_of_a_service_role, orphan.statements))):
        return []
    actions = {action for each in orphan.statements for action in as_list(each.body["Action"])}
    lacking = []
    for entry in left:
        is_of_role = (entry.principal, entry.policy, entry.policy_of) == ("role", "key", orphan.owner)
        if is_of_role and entry.action in actions and _causes(entry) & {Cause.NO_STATEMENT, Cause.LEFT_TO_IAM}:
            lacking.append(entry)
    return [entry for entry in lacking if entry.principal_arn == lacking[0].principal_arn]


def _causes(entry: Entry) -> set[Cause]:
    return {reason.cause for reason in (entry.reason, *entry.further)}


def _problem(model: AccessModel, orphan: _Orphan, healed: list[Entry]) -> Problem:
    cause = Cause.DELETED_PRINCIPAL if healed else Cause.UNUSED_ID
    asked: dict[Asked, None] = dict.fromkeys(asked for each in healed for asked in each.asked)
    return Problem.of(
        "configuration",
        orphan.owner,
        Reason.of(cause, column=orphan.kind, id=orphan.id),
        _PAGE,
        asked,
        label=model.label(orphan.owner),
        is_warning=not healed,
    )


def _is_of_a_service_role(statement: PolicyStatement) -> bool:
    """Tell if a statement allows nothing but what AWS's pages ask for, as those of the construct do."""
    body = statement.body
    allows_this = body.get("Effect") == "Allow" and body.get("Resource") == "*"
    actions = as_list(body.get("Action"))
    is_plain = bool(actions) and not {"Condition", "NotPrincipal"} & body.keys()
    return allows_this and is_plain and ASKED_ACTIONS.issuperset(map(str, actions))
