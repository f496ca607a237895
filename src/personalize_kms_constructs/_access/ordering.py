"""Resources that don't wait for the policies they need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .answers import Answer
from .decision import Decision
from .model import Asked, Policy, Problem
from .needs import Need


def ordering_problems(needs: Mapping[Need, list[Asked]], decisions: Mapping[Need, Decision]) -> Iterator[Problem]:
    """Yield each policy that a resource of a template needs but may be created before."""
    early: dict[tuple[Asked, Policy], list[Need]] = {}
    for need, found in decisions.items():
        if found.answer is Answer.YES:
            for asked in needs[need]:
                for alternatives in found.by:
                    if not any(_is_there(asked, each.policy) for each in alternatives):
                        early.setdefault((asked, alternatives[0].policy), []).append(need)
    for (asked, policy), for_these in early.items():
        actions = ", ".join(dict.fromkeys(need.action for need in for_these))
        message = (
            f"{asked} may be created before {policy.name}, which allows {actions}: make it depend on that policy, for "
            "example by node.add_dependency"
        )
        yield Problem("ordering", message, str(asked), asked.declared, asked.permissions.page_of(for_these[0].action))


def _is_there(asked: Asked, policy: Policy) -> bool:
    return asked.waits_for is None or not policy.declared or policy.declared in asked.waits_for
