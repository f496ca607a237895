"""Finished policy documents, judged by what must still be in them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from .documents import sids_of
from .limits import size_problem
from .policy import Policy
from .sizes import size_of


def document_problems(policy: Policy, document: Any) -> Iterator[str]:
    """Explain that a finished policy has lost our statements, or is larger than AWS takes."""
    times = Counter(sids_of(document))
    for statement in policy.statements:
        if times[statement.sid] == 0:
            yield (
                f"the policy of {policy.kind} {policy.name} was replaced since, and has lost the statement "
                f"{statement.sid}: add statements to it instead of replacing it, or replace it before the construct is "
                "made"
            )
        elif times[statement.sid] > 1:
            yield (
                f"the policy of {policy.kind} {policy.name} has two statements {statement.sid}, but sids are unique in "
                "a policy: give yours another sid"
            )
    problem = size_problem(policy, size_of(document))
    if problem is not None:
        yield problem
