"""The statements that add what is missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..matrix import SERVICE_PRINCIPAL
from .needs import IN_BOUNDARY, IN_IAM, IN_KEY_POLICY, SERVICE, Need

Json = dict[str, Any]


def statements_for(needs: list[Need], add_to: str) -> Iterator[tuple[Need, Json]]:
    """Yield each need of one principal in one policy with the statement that allows it.

    Resources that need the same actions share a statement. One for all of them would allow each action on each
    resource: to write into the folder of an import, for example.
    """
    actions: dict[str, set[str]] = {}
    for need in needs:
        actions.setdefault(need.resource, set()).add(need.action)
    alike: dict[frozenset[str], list[Need]] = {}
    for need in needs:
        alike.setdefault(frozenset(actions[need.resource]), []).append(need)
    for group in alike.values():
        found = _statement(group, add_to)
        yield from ((need, found) for need in group)


def _statement(needs: list[Need], add_to: str) -> Json:
    """Return one statement for needs of one principal in one policy.

    Personalize's carries the account check that shuts others out wherever Personalize says for whom it calls
    (https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html).
    """
    first = needs[0]
    found: Json = {"Effect": "Allow"}
    names_principal = add_to not in (IN_IAM, IN_BOUNDARY)
    if names_principal:
        is_service = first.principal == SERVICE
        found["Principal"] = {"Service": SERVICE_PRINCIPAL} if is_service else {"AWS": first.role_arn}
    found["Action"] = sorted({need.action for need in needs})
    # In a key policy, "*" is this key.
    resources = sorted({need.resource for need in needs})
    found["Resource"] = "*" if add_to == IN_KEY_POLICY else resources if len(resources) > 1 else resources[0]
    if names_principal and first.principal == SERVICE:
        found["Condition"] = {"StringEqualsIfExists": {"aws:SourceAccount": first.account}}
    return found
