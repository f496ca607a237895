"""The statements that add what is missing, and the policies that they belong in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..matrix import PASS_ROLE, SERVICE_PRINCIPAL
from .answers import Answer
from .causes import Cause
from .decision import Decision
from .model import AccessModel
from .needs import IN_BOUNDARY, IN_BUCKET_POLICY, IN_IAM, IN_KEY_POLICY, SERVICE, Need
from .values import same
from .written import allow_statements, names_principal

Json = dict[str, Any]


def statements_to_add(
    model: AccessModel, decisions: Mapping[Need, Decision], *, in_bucket: bool
) -> dict[Need, tuple[str, Json]]:
    """Return for each need that a statement helps the policy that takes it, and the statement.

    Resources that need the same actions share a statement. One for all of them would allow each action on each
    resource: to write into the folder of an import, for example.
    """
    lacking: dict[tuple[str, ...], list[Need]] = {}
    for need, found in decisions.items():
        if found.answer is Answer.NO and found.reason.cause is not Cause.DENIED:
            add_to = IN_BUCKET_POLICY if in_bucket else _add_to(model, need, found)
            lacking.setdefault((need.principal_arn, need.account, need.owner, add_to), []).append(need)
    added: dict[Need, tuple[str, Json]] = {}
    for (*_, add_to), needs in lacking.items():
        actions: dict[str, set[str]] = {}
        for need in needs:
            actions.setdefault(need.resource, set()).add(need.action)
        alike: dict[frozenset[str], list[Need]] = {}
        for need in needs:
            alike.setdefault(frozenset(actions[need.resource]), []).append(need)
        for group in alike.values():
            added |= dict.fromkeys(group, (add_to, _statement(group, add_to)))
    return added


def _add_to(model: AccessModel, need: Need, found: Decision) -> str:
    """Return whose policy should take what is missing.

    What a key policy leaves to IAM goes into IAM where the key policy can't name the role: for a key of another
    account or stack, and one whose policy speaks of the role by a condition already.
    """
    if found.reason.cause is Cause.BOUNDARY:
        return IN_BOUNDARY
    if found.reason.cause is not Cause.LEFT_TO_IAM:
        return need.policy
    key, role = model.key(need.owner), model.role(need.role_arn)
    in_two_stacks = key.declared.rpartition("#")[0] != role.declared.rpartition("#")[0]
    by_condition = any(names_principal(each.body, role.arn) for each in allow_statements(key.policies))
    across = same(key.account, role.account) is not Answer.YES
    return IN_IAM if across or by_condition or in_two_stacks else IN_KEY_POLICY


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
    if first.action == PASS_ROLE:
        found["Condition"] = {"StringEquals": {"iam:PassedToService": SERVICE_PRINCIPAL}}
    return found
