"""Ids of deleted roles and users in policies, and what the policies would give if they named a role instead.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from .._access.causes import Cause, because
from .._access.comparison import compare
from .._access.entries import Missing
from .._access.model import AccessModel, Asked, Problem
from .._access.written import Policy, Written, as_list
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
    policy: Policy


def without_orphaned(model: AccessModel, missing: Iterable[Missing]) -> tuple[list[Missing], list[Problem]]:
    """Return what is missing, less what ids in the place of a role explain, and a problem for each id.

    While a role is gone, an id may be its own, and it is told that the role is gone.
    """
    left, problems = list(missing), []
    if all(role.exists for role in model.roles.values()):
        for orphan in _orphans(model):
            healed, role_arn = _healed(model, orphan, left)
            problems.append(_problem(model, orphan, healed, role_arn))
            left = [each for each in left if each not in healed]
    return left, problems


def _orphans(model: AccessModel) -> Iterator[_Orphan]:
    living = {role.unique_id for role in model.roles.values()}
    policies = [("key", each.arn, policy) for each in model.keys.values() for policy in each.policies]
    policies += [("bucket", each.arn, policy) for each in model.buckets.values() for policy in each.policies]
    policies += [("trust", each.arn, policy) for each in model.roles.values() for policy in each.trust]
    for kind, owner, policy in policies:
        principals = [each.body.get("Principal") for each in policy.statements if each.readable]
        for found in sorted(set(_ID.findall(str(principals))) - living):
            yield _Orphan(found, kind, owner, policy)


def _healed(model: AccessModel, orphan: _Orphan, left: list[Missing]) -> tuple[list[Missing], str]:
    """Return what would not be missing if the policy named a role, and the role's ARN.

    A statement with more than AWS's pages ask for is that of an administrator who left, and never the service role's;
    nor is the id of a user.
    """
    may_be_a_service_role = orphan.id.startswith("AROA") and all(map(_has_what_is_asked, _statements_with(orphan)))
    for role_arn in model.roles if left and may_be_a_service_role else ():
        instead = replace(orphan.policy, document=_replaced(orphan.policy.document, orphan.id, role_arn))
        found = compare(_with(model, orphan.policy, instead), with_excess=False)
        still = {each.sort_key() for each in found.missing}
        if healed := [each for each in left if each.sort_key() not in still]:
            return healed, role_arn
    return [], ""


def _problem(model: AccessModel, orphan: _Orphan, healed: list[Missing], role_arn: str) -> Problem:
    cause = Cause.DELETED_PRINCIPAL if healed else Cause.UNUSED_ID
    asked: dict[Asked, None] = dict.fromkeys(asked for each in healed for asked in each.asked)
    return Problem.of(
        "configuration",
        orphan.owner,
        because(cause, policy=orphan.kind, id=orphan.id),
        _PAGE,
        asked,
        label=model.label(orphan.owner),
        is_warning=not healed,
        add=tuple(_for_role(each.body, orphan.id, role_arn) for each in _statements_with(orphan)) if healed else (),
    )


def _statements_with(orphan: _Orphan) -> list[Written]:
    return [each for each in orphan.policy.statements if orphan.id in str(each.body.get("Principal"))]


def _has_what_is_asked(statement: Written) -> bool:
    """Tell if AWS's pages ask for all that a statement allows."""
    actions = as_list(statement.body.get("Action"))
    return statement.body.get("Effect") == "Allow" and bool(actions) and ASKED_ACTIONS.issuperset(map(str, actions))


def _for_role(body: Any, id: str, role_arn: str) -> Any:
    """Return a statement with a role in the place of an id, and without others: AWS refuses what names one."""
    found = _replaced(body, id, role_arn)
    named = [each for each in as_list(found["Principal"]["AWS"]) if not _ID.fullmatch(str(each))]
    principal = {**found["Principal"], "AWS": named if len(named) > 1 else named[0]}
    return {**found, "Principal": principal}


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {name: _replaced(each, old, new) for name, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, old, new) for each in value]
    return new if value == old else value


def _with(model: AccessModel, policy: Policy, instead: Policy) -> AccessModel:
    """Return a model with another policy in the place of one; the given model stays as it is."""

    def changed(policies: list[Policy]) -> list[Policy]:
        return [instead if each is policy else each for each in policies]

    return replace(
        model,
        keys={arn: replace(each, policies=changed(each.policies)) for arn, each in model.keys.items()},
        buckets={arn: replace(each, policies=changed(each.policies)) for arn, each in model.buckets.items()},
        roles={arn: replace(each, trust=changed(each.trust)) for arn, each in model.roles.items()},
    )
