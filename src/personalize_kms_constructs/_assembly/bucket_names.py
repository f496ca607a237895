"""Names of buckets: those that several buckets have, and policies that name one bucket."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .._access.alternatives import may_coexist
from .._access.causes import Cause, because
from .._access.model import Problem
from .._access.values import has_unknown
from ..matrix import IMPORT_PAGE
from .physical import nearest
from .stacks import Resource, Stack


def one_of_each_deployment(name: str, found: Iterable[Resource]) -> list[Resource]:
    """Return the first bucket of a name, or of each stack where not all of the name is known.

    What isn't known is one value in a stack, but in two stacks the Region for example need not be.
    """
    apart: dict[Stack | None, Resource] = {}
    for each in found:
        apart.setdefault(each.stack.top if has_unknown(name) else None, each)
    return list(apart.values())


def bucket_policy_problems(
    arn: str, name: str, policies: Iterable[Resource], buckets: list[Resource]
) -> Iterator[Problem]:
    """Yield the buckets of a name that have more than one policy, those left out that aren't made at once."""
    by_owner: dict[tuple[str, Stack | None], list[Resource]] = {}
    for each in policies:
        of_stack = each.stack.top if has_unknown(name) else None
        owner = (nearest(buckets, each.stack).path, None) if buckets else (arn, of_stack)
        by_owner.setdefault(owner, []).append(each)
    for (label, _), own in by_owner.items():
        rivals = [
            each for each in own if any(each != other and may_coexist(each.only_if, other.only_if) for other in own)
        ]
        if rivals:
            paths = " and ".join(sorted(each.path for each in rivals))
            reason = because(Cause.BUCKET_POLICIES, number=len(rivals), paths=paths)
            certain = sum(not each.only_if for each in rivals) > 1
            declared = (rivals[-1].declared,)
            yield Problem("configuration", arn, reason, label, IMPORT_PAGE, declared=declared, certain=certain)


def not_told_apart(others: Iterable[Resource]) -> str:
    """Return the reason why policy and key of a bucket can't be seen: other buckets have its name."""
    paths = ", ".join(each.path for each in others)
    return paths and (
        f"{paths} has the same name, so it isn't known whose policies and keys are whose: set the account and Region "
        "of each stack by env"
    )
