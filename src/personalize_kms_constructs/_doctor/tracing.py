"""Reasons that only a look at all policies together shows, for what a statement is missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from .._access.causes import Cause, Reason, because
from .._access.entries import Missing
from .._access.model import AccessModel, Key
from .._access.written import actions_of, allow_statements, as_list, resources_of
from ..matrix import SERVICE_PRINCIPAL


def traced(model: AccessModel, missing: Iterable[Missing], group_key: str | None) -> Iterator[Missing]:
    """Yield what is missing, with a reason that says more where there is one."""
    found = list(missing)
    empty = {each.arn: _is_another(model, each, group_key) for each in _keys_without_personalize(model, found)}
    for entry in found:
        reason = None if entry.cause in (Cause.DENIED, Cause.BOUNDARY) else _reason(model, entry, empty)
        yield entry if reason is None else replace(entry, reason=reason)


def _reason(model: AccessModel, entry: Missing, empty: dict[str, Reason | None]) -> Reason | None:
    if another := empty.get(entry.policy_of) or empty.get(entry.resource):
        return another
    if entry.add_to != "key":
        return None
    if entry.policy_of in empty:
        return because(Cause.NOTHING_FOR_PERSONALIZE)
    if entry.principal == "role" and _leaves_nothing(model, entry):
        return because(Cause.NO_DELEGATION)
    return None


def _keys_without_personalize(model: AccessModel, missing: list[Missing]) -> Iterator[Key]:
    """Yield keys whose policy has nothing for Personalize: other keys than are meant, or statements pending."""
    lacking = {each.policy_of for each in missing if each.principal == "service" and each.cause is not Cause.DENIED}
    yield from (key for key in model.keys.values() if key.arn in lacking and not key.unseen and not _lets_in(key))


def _is_another(model: AccessModel, key: Key, group_key: str | None) -> Reason | None:
    """Return the reason why a bucket's default key isn't the one that is meant: the role's policies name others."""
    named = {each.dataset_group_key for each in model.asked}
    named |= {place.key_arn for each in model.asked for place in (each.source, each.destination) if place}
    in_iam = {
        arn
        for role in model.roles.values()
        for each in allow_statements(role.identity)
        if actions_of(each.body, "kms")
        for arn in resources_of(each.body)
        if ":key/" in arn and "*" not in arn
    }
    meant = () if key.arn in named | in_iam else tuple(sorted(in_iam - {group_key}))
    buckets = tuple(model.label(each.arn) for each in model.buckets.values() if each.key_arn == key.arn)
    return because(Cause.ANOTHER_DEFAULT_KEY, bucket=buckets, keys=meant) if meant else None


def _leaves_nothing(model: AccessModel, entry: Missing) -> bool:
    """Tell if a key policy neither names the role nor leaves anything to its account."""
    account = model.role(entry.principal_arn).account
    known = (account, "*", entry.principal_arn)
    return not any(
        name in known or str(name).endswith(f":iam::{account}:root")
        for each in allow_statements(model.key(entry.policy_of).policies)
        for name in _aws_principals(each.body.get("Principal"))
    )


def _lets_in(key: Key) -> bool:
    """Tell if a key policy has anything for Personalize."""
    for each in allow_statements(key.policies):
        principal = each.body.get("Principal")
        services = as_list(principal.get("Service")) if isinstance(principal, dict) else []
        if SERVICE_PRINCIPAL in services or "*" in _aws_principals(principal) or "NotPrincipal" in each.body:
            return True
    return False


def _aws_principals(principal: Any) -> list[Any]:
    return as_list(principal.get("AWS")) if isinstance(principal, dict) else [principal]
