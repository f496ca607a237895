"""The worst order CloudFormation may choose, and events that show it.

CloudFormation promises an order only where one resource refers to another or names it in
`DependsOn`. An order that happens to be kind hides a missing dependency, so this one is never kind:
each Personalize resource comes as soon as its references are there, and policies it doesn't wait
for come after everything else. Deletion goes backwards, so those policies are the first to
disappear. Stack events of one millisecond have no order.
"""

from __future__ import annotations

from typing import Any

from ministack.services.cloudformation import changesets, engine, stacks

POLICY_TYPES = frozenset(
    {"AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::IAM::RolePolicy", "AWS::S3::BucketPolicy"}
)


def register() -> None:
    """Replace ministack's alphabetical order."""
    for module in (engine, stacks, changesets):
        # The modules don't export this name.
        setattr(module, "_topological_sort", worst_order)  # noqa: B010


def worst_order(resources: dict[str, Any], conditions: dict[str, bool]) -> list[str]:
    """Logical ids in an order that respects every dependency and nothing else."""
    active = set()
    for name, definition in resources.items():
        if not definition.get("Condition") or conditions.get(definition["Condition"], True):
            active.add(name)
    needs = {name: engine._extract_deps(resources[name], active) - {name} for name in active}
    ancestors = {name: _ancestors(name, needs) for name in active}
    circular = sorted(name for name in active if name in ancestors[name])
    if circular:
        # ministack's own words, which are CloudFormation's
        raise ValueError(f"Circular dependency detected among resources: {', '.join(circular)}")

    def is_policy(name: str) -> bool:
        return resources[name].get("Type") in POLICY_TYPES

    def waits(name: str) -> tuple[int, int, str]:
        # What a resource needs is a subset of what its dependents need, so fewer ancestors means
        # earlier.
        return sum(is_policy(need) for need in ancestors[name]), len(ancestors[name]), name

    personalize = [
        name for name in active if str(resources[name].get("Type")).startswith("AWS::Personalize::")
    ]
    others = [name for name in active if not is_policy(name)]
    order: dict[str, None] = {}
    for goals in (personalize, others, active):
        for goal in sorted(goals, key=waits):
            order.update(dict.fromkeys(sorted(ancestors[goal], key=waits)))
            order[goal] = None
    return list(order)


def _ancestors(name: str, needs: dict[str, set[str]]) -> set[str]:
    """Everything `name` needs, directly or not; `name` itself when it is part of a circle."""
    ancestors: set[str] = set()
    to_visit = list(needs[name])
    while to_visit:
        need = to_visit.pop()
        if need not in ancestors:
            ancestors.add(need)
            to_visit.extend(needs[need])
    return ancestors
