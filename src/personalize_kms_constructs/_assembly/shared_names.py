"""Names that several resources have: buckets and their policies, and roles.

What isn't known is one value in a stack and those nested in it, and may be two in two: the Region for example.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .._access.causes import Cause, Reason
from .._access.model import OpenQuestion, Problem
from .._values import has_unknown, without_case
from ..matrix import IMPORT_PAGE
from .physical import nearest, role_name
from .stacks import Resource, Stack


def one_of_each_deployment(name: str, found: Iterable[Resource]) -> list[Resource]:
    """Return the first bucket of a name, or of each stack where not all of the name is known, and of each condition."""
    apart: dict[tuple[Stack | None, str], Resource] = {}
    for each in found:
        apart.setdefault((each.stack.top if has_unknown(name) else None, each.condition), each)
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
        rivals = [each for each in own if not each.condition]
        if len(rivals) > 1:
            paths = " and ".join(sorted(each.path for each in rivals))
            reason = Reason.of(Cause.BUCKET_POLICIES, number=len(rivals), paths=paths)
            yield Problem("configuration", arn, reason, label, IMPORT_PAGE, declared=(rivals[-1].declared,))


def not_told_apart(others: Iterable[Resource]) -> str:
    """Return the reason why policy and key of a bucket can't be seen: other buckets have its name."""
    paths = ", ".join(each.path for each in others)
    apart = "which of them is made depends on conditions: pass their parameters"
    if not any(each.condition for each in others):
        apart = "set the account and Region of each stack by env"
    return paths and f"{paths} has the same name, so it isn't known whose policies and keys are whose: {apart}"


def name_in_account(role: Resource) -> tuple[str, str]:
    """Return what only one role can have: its account, and its name in lower case."""
    return role.stack.template.account, without_case(role_name(role))


def not_known_whose(role: Resource, of_this_name: Iterable[Resource]) -> str:
    """Return the reason why the policies of a role can't be told: other roles have its name."""
    others = ", ".join(each.path for each in of_this_name if each is not role)
    return others and f"{others} has the same name, so it isn't known whose policies are whose"


def question_of_one_role_name(role: Resource, of_this_name: Sequence[Resource]) -> OpenQuestion:
    """Return what is open where roles have one name: stacks that don't say their accounts may be for two."""
    apart = "name each differently"
    is_one_a_stack = len({each.stack.top for each in of_this_name}) == len(of_this_name)
    if is_one_a_stack and has_unknown(role.stack.template.account):
        apart = "set the account of each stack by env, or put them into stages"
    because = f"{not_known_whose(role, of_this_name)}: {apart}"
    return OpenQuestion(role.path, because, role.declared, asks=())
