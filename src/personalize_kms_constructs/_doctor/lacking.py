"""Permissions missing for want of a statement: in a key that isn't the one that is meant, or in the right one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .._access.entries import Missing
from .._access.model import Key
from .._access.written import actions_of as actions_in
from .._access.written import allow_statements, as_list, resources_of
from ..matrix import KMS_PAGE, SERVICE_PRINCIPAL
from .check import Addition
from .facts import Facts
from .findings import IN_WORDS, Findings, actions_of

_NO_DELEGATION = (
    "the key policy neither names the role nor leaves anything to its account, so that the role's IAM policies have no "
    "effect on the key"
)


def find_lacking(findings: Findings) -> None:
    """Make a failed check of each statement that is missing."""
    for key in findings.facts.model.keys.values():
        _without_personalize(findings, key)
    _statements(findings)


def _without_personalize(findings: Findings, key: Key) -> None:
    """Find a key whose policy has nothing for Personalize: another key than is meant, or statements pending."""
    lacks = any(each.policy_of == key.arn and each.principal == "service" for each in findings.left)
    if not lacks or key.unseen or _names_service(key):
        return
    facts = findings.facts
    if meant := _keys_that_are_meant(facts, key):
        (bucket, *_) = [each for each in facts.model.buckets.values() if each.key_arn == key.arn]
        findings.add(
            "bucket-key",
            "bucket",
            bucket.arn,
            f"its default key is {key.arn}, and isn't the one that the policies are about",
            findings.take_about(key.arn),
            because=f"the role's policies are about {', '.join(meant)}",
            next_step="make that the default key again, or allow the new one:",
        )
        return
    findings.add(
        "statements-pending",
        "key",
        key.arn,
        "the key policy has nothing for Personalize",
        findings.take(lambda each: each.add_to == "key" and each.policy_of == key.arn),
        because="its owner hasn't added the statements, or has taken them out",
        next_step="have its owner add to the key policy:",
        page=KMS_PAGE,
    )


def _keys_that_are_meant(facts: Facts, key: Key) -> list[str]:
    """Return the keys of buckets that the role's policies name instead of one that is but a bucket's default."""
    asked = facts.model.asked
    named = {each.dataset_group_key for each in asked}
    named |= {place.key_arn for each in asked for place in (each.source, each.destination) if place}
    in_iam = {
        arn
        for role in facts.model.roles.values()
        for each in allow_statements(role.identity)
        if actions_in(each.body, "kms")
        for arn in resources_of(each.body)
        if ":key/" in arn and "*" not in arn
    }
    return [] if key.arn in named | in_iam else sorted(in_iam - {facts.group.key_arn or ""})


def _statements(findings: Findings) -> None:
    groups: dict[str, list[Missing]] = {}
    for each in findings.left:
        statement = each.add or {}
        # One statement of an IAM policy can be about several keys; those for the folders of a bucket are one finding.
        on_keys = each.add_to == "role" and each.action.startswith("kms:")
        what = statement.get("Action") if on_keys else (each.action.partition(":")[0], statement.get("Condition"))
        owner = "" if each.add_to == "role" else each.policy_of
        groups.setdefault(f"{each.add_to} {each.principal_arn} {owner} {what}", []).append(each)
    for taken in groups.values():
        first = taken[0]
        in_iam = first.add_to == "role"
        kind, of = ("role", first.principal_arn) if in_iam else (first.add_to, first.policy_of)
        delegation = first.principal == "role" and first.add_to == "key" and _leaves_nothing(findings.facts, first)
        on = f" on {', '.join(sorted({each.resource for each in taken}))}" if first.add_to != "key" else ""
        findings.add(
            "delegation" if delegation else f"{first.add_to}-policy",
            kind,
            of,
            f"{'it' if in_iam else findings.who(first)} lacks {actions_of(taken)}{on}",
            taken,
            because=_NO_DELEGATION if delegation else first.because,
            next_step=f"add to {IN_WORDS[first.add_to]}:",
            add=[Addition(IN_WORDS["role"], each) for each in _by_actions(taken)] if in_iam else None,
        )


def _leaves_nothing(facts: Facts, entry: Missing) -> bool:
    account = facts.model.role(entry.principal_arn).account
    known = (account, "*", entry.principal_arn)
    return not any(
        name in known or str(name).endswith(f":iam::{account}:root")
        for each in allow_statements(facts.model.key(entry.policy_of).policies)
        for name in _aws_principals(each.body.get("Principal"))
    )


def _names_service(key: Key) -> bool:
    for each in allow_statements(key.policies):
        principal = each.body.get("Principal")
        services = as_list(principal.get("Service")) if isinstance(principal, dict) else []
        if SERVICE_PRINCIPAL in services or "*" in _aws_principals(principal) or "NotPrincipal" in each.body:
            return True
    return False


def _aws_principals(principal: Any) -> list[Any]:
    return as_list(principal.get("AWS")) if isinstance(principal, dict) else [principal]


def _by_actions(taken: Iterable[Missing]) -> Iterator[dict[str, Any]]:
    """Yield statements of an IAM policy, those with the same actions as one for several keys or buckets."""
    alike: dict[str, list[dict[str, Any]]] = {}
    for statement in (each.add for each in taken if each.add):
        alike.setdefault(str(statement["Action"]), []).append(statement)
    for statements in alike.values():
        resources = sorted({str(resource) for each in statements for resource in as_list(each["Resource"])})
        yield {**statements[0], "Resource": resources if len(resources) > 1 else resources[0]}
