"""Names that several resources have: buckets and their policies, and roles.

An unknown value, for example a Region, is one value in a stack and the stacks nested in it. In
another stack it may be another value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .._access.causes import Cause, Reason
from .._access.model import OpenQuestion, Problem
from .._values import has_unknown, without_case
from ..matrix import IMPORT_PAGE
from .physical import nearest, role_name
from .stacks import Resource, Stack


def one_of_each_deployment(name: str, buckets: Iterable[Resource]) -> list[Resource]:
    """Return the first bucket of a name, and others that may be made beside it.

    Others are made under another condition, or by another stack if a part of the name isn't known.
    """
    apart: dict[tuple[Stack | None, str], Resource] = {}
    for bucket in buckets:
        of_stack = bucket.stack.top if has_unknown(name) else None
        apart.setdefault((of_stack, bucket.condition), bucket)
    return list(apart.values())


def bucket_policy_problems(
    arn: str, name: str, policies: Iterable[Resource], buckets: list[Resource]
) -> list[Problem]:
    """Return a problem for each bucket of a name that has several policies at once."""
    by_bucket: dict[tuple[str, Stack | None], list[Resource]] = {}
    for policy in policies:
        # Under a condition another policy may be left out.
        if policy.condition:
            continue
        label = nearest(buckets, policy.stack).path if buckets else arn
        is_of_stack = has_unknown(name) and not buckets
        bucket = (label, policy.stack.top if is_of_stack else None)
        by_bucket.setdefault(bucket, []).append(policy)
    problems: list[Problem] = []
    for (label, _), rivals in by_bucket.items():
        if len(rivals) == 1:
            continue
        paths = " and ".join(sorted(policy.path for policy in rivals))
        reason = Reason.of(Cause.BUCKET_POLICIES, number=len(rivals), paths=paths)
        declared = (rivals[-1].declared,)
        problems.append(
            Problem("configuration", arn, reason, label, IMPORT_PAGE, declared=declared)
        )
    return problems


def not_told_apart(others: Sequence[Resource]) -> str:
    """Return the reason why other buckets of its name hide the policy and key of a bucket."""
    if not others:
        return ""
    apart = "set the account and Region of each stack by env"
    if any(bucket.condition for bucket in others):
        apart = "which of them is made depends on conditions: pass their parameters"
    return f"{_same_name(others)}, so it isn't known whose policies and keys are whose: {apart}"


def name_in_account(role: Resource) -> str:
    """Return the account and the name of a role in lower case, which no two roles can share."""
    return f"{role.stack.template.account}/{without_case(role_name(role))}"


def not_known_whose(role: Resource, of_this_name: Iterable[Resource]) -> str:
    """Return the reason why the policies of a role can't be told: other roles have its name."""
    others = [other for other in of_this_name if other is not role]
    if not others:
        return ""
    return f"{_same_name(others)}, so it isn't known whose policies are whose"


def question_of_one_role_name(role: Resource, of_this_name: Sequence[Resource]) -> OpenQuestion:
    """Return the question for roles of one name, in stacks whose accounts may differ."""
    apart = "name each differently"
    stacks = {other.stack.top for other in of_this_name}
    if len(stacks) == len(of_this_name) and has_unknown(role.stack.template.account):
        apart = "set the account of each stack by env, or put them into stages"
    reason = f"{not_known_whose(role, of_this_name)}: {apart}"
    return OpenQuestion(role.path, reason, role.declared, asks=())


def _same_name(others: Iterable[Resource]) -> str:
    return f"{', '.join(other.path for other in others)} has the same name"
