"""Findings of the access report, put down to what causes them, so that one fault is one line.

A cause takes the entries that it explains out of those that are left; what is left in the end speaks for itself.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..access.comparison import compare
from ..access.decision import BOUNDARY
from ..access.entries import Missing
from ..access.lists import as_list
from ..access.model import AccessModel, Key, Policy
from ..access.problems import AWS_MANAGED_KEY
from ..access.report import AccessReport
from ..access.written import actions_of, allow_statements, resources_of
from ..matrix import KMS_PAGE, SERVICE_PRINCIPAL
from .check import Addition, Check, Status
from .facts import Facts

_ORPHAN = re.compile(r"A(?:RO|ID)A[A-Z0-9]{12,}")
_IN_WORDS = {"key": "the key policy", "role": "an IAM policy of the role", "bucket": "the bucket policy"}
UNIQUE_IDS_PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids"
BOUNDARIES_PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html"


@dataclass
class Causes:
    """The causes of what a report says is missing."""

    facts: Facts
    report: AccessReport
    checks: list[Check] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._left = list(self.report.missing)
        self._explained: set[str] = set()
        """The ARNs of what is gone or can't work at all, so that its policies don't matter."""

    def find(self) -> list[Check]:
        """Return a failed check for each cause."""
        self._gone()
        self._managed_by_aws()
        self._orphans()
        self._denied()
        self._boundaries()
        for key in self.facts.model.keys.values():
            self._unknown_to(key)
        self._statements()
        return self.checks

    def is_explained(self, *arns: str) -> bool:
        """Report whether one of these is gone, or can't work at all."""
        return not self._explained.isdisjoint(arns)

    def _take(self, is_explained: Callable[[Missing], bool]) -> list[Missing]:
        taken = [each for each in self._left if is_explained(each)]
        self._left = [each for each in self._left if not is_explained(each)]
        return taken

    def _gone(self) -> None:
        facts = self.facts
        gone = [("key", arn) for arn, each in facts.keys.items() if not each.exists]
        gone += [("role", arn) for arn, each in facts.roles.items() if not each.exists]
        gone += [("bucket", arn) for arn, each in facts.buckets.items() if not each.exists]
        steps = {
            "key": "nothing brings a deleted key back: use another key, for a dataset group a new one",
            "role": "make the role anew under the same name and path, then put its ARN into the key policies again",
            "bucket": "make the bucket, or give the next job another one",
        }
        for kind, arn in gone:
            self._explained.add(arn)
            taken = self._take(lambda each, arn=arn: arn in (each.principal_arn, each.policy_of, each.resource))  # type: ignore[misc]
            self._add(f"{kind}-exists", kind, arn, f"the {kind} doesn't exist", taken, next_step=steps[kind])

    def _managed_by_aws(self) -> None:
        for arn in self.facts.model.keys:
            if arn.endswith(AWS_MANAGED_KEY):
                self._explained.add(arn)
                self._take(lambda each, arn=arn: arn in (each.policy_of, each.resource))  # type: ignore[misc]

    def _orphans(self) -> None:
        """Find ids of deleted roles and users, and whether the present role needs what they have."""
        model = self.facts.model
        ids = {each.unique_id for each in model.roles.values()}
        for owner, kind, policy in _resource_policies(model):
            for orphan in sorted(set(_ORPHAN.findall(str(_principals(policy)))) - ids):
                healed: list[Missing] = []
                role_arn = ""
                for role_arn in model.roles:
                    healed = self._healed(policy, orphan, role_arn)
                    if healed:
                        break
                statements = _renamed(policy, orphan, role_arn) if healed else []
                where = {"key": "the key policy", "bucket": "the bucket policy", "role": "the trust policy"}[kind]
                what = f"{where} names {orphan}, the id of a role or user that was deleted"
                self._add(
                    "orphaned-principal",
                    kind,
                    owner,
                    what,
                    healed,
                    status=Status.FAILED if healed else Status.WARNING,
                    because="a role that is made anew has a new id, and policies keep the old one",
                    next_step=(
                        "put these statements in the place of those with the id"
                        if healed
                        else "take the id out: AWS refuses every change of the policy that leaves it in"
                    ),
                    add=[Addition(_IN_WORDS.get(kind, "the policy"), each) for each in statements],
                    page=UNIQUE_IDS_PAGE,
                )

    def _healed(self, policy: Policy, orphan: str, role_arn: str) -> list[Missing]:
        """Take what would not be missing if the policy named the role instead."""
        if not self._left:
            return []
        as_it_would_be = Policy(_replaced(policy.document, orphan, role_arn), policy.name)
        still = compare(_with(self.facts.model, policy, as_it_would_be)).missing
        missing = {each.sort_key() for each in still}
        return self._take(lambda each: each.sort_key() not in missing)

    def _denied(self) -> None:
        by_reason: dict[tuple[str, str, str], list[Missing]] = {}
        for each in self._take(lambda each: each.add is None and each.because != BOUNDARY):
            in_iam = each.policy == "role" or "policy of the role" in each.because
            kind = "role" if in_iam else each.policy
            of = each.principal_arn if in_iam else each.policy_of
            by_reason.setdefault((_statement_of(each.because), kind, of), []).append(each)
        merged: dict[str, tuple[str, str, list[Missing]]] = {}
        for (reason, kind, of), taken in by_reason.items():
            # A denial in an IAM policy is seen in the columns of the key and of the role.
            name = reason if "the key policy" not in reason and "the bucket policy" not in reason else f"{reason} {of}"
            kind, of, before = merged.get(name, (kind, of, []))
            merged[name] = (kind, of, before + taken)
        for name, (kind, of, taken) in merged.items():
            reason = _statement_of(taken[0].because)
            if "the key policy" not in name and "the bucket policy" not in name:
                kind, of = "role", taken[0].principal_arn
            who = " and ".join(sorted({self._who(each) for each in taken}))
            self._add(
                "denied",
                kind,
                of,
                f"{who} {'are' if ' and ' in who else 'is'} denied {_actions(taken)}",
                taken,
                because=reason,
                next_step="except them from that statement, or take it out: no further statement helps",
            )

    def _boundaries(self) -> None:
        by_role: dict[str, list[Missing]] = {}
        for each in self._take(lambda each: each.because == BOUNDARY):
            by_role.setdefault(each.principal_arn, []).append(each)
        for arn, taken in by_role.items():
            boundary = self.facts.model.roles[arn].boundary
            name = boundary.name if boundary else "the permissions boundary"
            self._add(
                "boundary",
                "role",
                arn,
                f"{name} doesn't allow {_actions(taken)}",
                taken,
                because="a role may do what both its policies and its permissions boundary allow",
                next_step="add to the boundary:",
                add=[Addition("the boundary", each) for each in _statements_for(taken)],
                page=BOUNDARIES_PAGE,
            )

    def _unknown_to(self, key: Key) -> None:
        """Find a key whose policy has nothing for Personalize: another key than is meant, or statements pending."""
        if not key.policies or _names_service(key) or self.is_explained(key.arn):
            return
        if not any(each.policy_of == key.arn and each.principal == "service" for each in self._left):
            return
        meant = self._keys_that_are_meant() if self._is_default_only(key) else []
        if meant:
            (bucket, *_) = [each for each in self.facts.model.buckets.values() if each.key_arn == key.arn]
            taken = self._take(lambda each: key.arn in (each.policy_of, each.resource))
            self._add(
                "bucket-key",
                "bucket",
                bucket.arn,
                f"its default key isn't the one that the role's policies are about, but {key.arn}",
                taken,
                because=f"the role's policies are about {', '.join(meant)}",
                next_step="make that the bucket's default key again, or allow the new one:",
            )
            return
        taken = self._take(lambda each: each.add_to == "key" and each.policy_of == key.arn)
        self._add(
            "statements-pending",
            "key",
            key.arn,
            "the key policy has nothing for Personalize",
            taken,
            because="its owner hasn't added the statements, or has taken them out",
            next_step="have its owner add to the key policy:",
            page=KMS_PAGE,
        )

    def _is_default_only(self, key: Key) -> bool:
        """Whether a key is there as the default of a bucket alone, and the role's policies don't name it."""
        asked = self.facts.model.asked
        named = [each.dataset_group_key for each in asked]
        named += [place.key_arn for each in asked for place in (each.source, each.destination) if place]
        return key.arn not in named and key.arn not in self._keys_in_iam()

    def _keys_that_are_meant(self) -> list[str]:
        return sorted(self._keys_in_iam() - {self.facts.group.key_arn or ""})

    def _keys_in_iam(self) -> set[str]:
        found: set[str] = set()
        for role in self.facts.model.roles.values():
            for each in allow_statements(role.identity):
                if actions_of(each.body, "kms"):
                    found.update(arn for arn in resources_of(each.body) if ":key/" in arn and "*" not in arn)
        return found

    def _statements(self) -> None:
        """One check for each statement that is missing."""
        groups: dict[str, list[Missing]] = {}
        for each in self._left:
            groups.setdefault(f"{each.add_to} {each.principal_arn} {each.add}", []).append(each)
        for taken in groups.values():
            first = taken[0]
            in_iam = first.add_to == "role"
            kind, of = ("role", first.principal_arn) if in_iam else (first.add_to, first.policy_of)
            delegation = first.principal == "role" and first.add_to == "key" and self._leaves_nothing(first)
            resources = sorted({each.resource for each in taken})
            on = f" on {', '.join(resources)}" if in_iam or first.add_to == "bucket" else ""
            self._add(
                "delegation" if delegation else f"{first.add_to}-policy",
                kind,
                of,
                f"{self._who(first)} lacks {_actions(taken)}{on}",
                taken,
                because=(
                    "the key policy neither names the role nor leaves anything to its account, so that the role's IAM "
                    "policies have no effect on the key"
                    if delegation
                    else taken[0].because
                ),
                next_step=f"add to {_IN_WORDS[first.add_to]}:",
            )

    def _leaves_nothing(self, entry: Missing) -> bool:
        key = self.facts.model.key(entry.policy_of)
        account = self.facts.model.role(entry.principal_arn).account
        root = (f"iam::{account}:root", account, "*")
        return not any(
            str(name).endswith(root[0]) or name in (*root[1:], entry.principal_arn)
            for each in allow_statements(key.policies)
            for name in _aws_principals(each.body.get("Principal"))
        )

    def _who(self, entry: Missing) -> str:
        return "Personalize" if entry.principal == "service" else f"role {self.facts.model.label(entry.principal_arn)}"

    def _add(
        self,
        name: str,
        kind: str,
        of: str,
        title: str,
        taken: list[Missing],
        *,
        status: Status = Status.FAILED,
        because: str = "",
        next_step: str = "",
        add: list[Addition] | None = None,
        page: str = "",
    ) -> None:
        if add is None:
            label = self.facts.model.label
            add = [
                Addition(
                    f"an IAM policy of role {label(each.principal_arn)}"
                    if each.add_to == "role"
                    else f"{_IN_WORDS[each.add_to]} of {label(each.policy_of)}",
                    each.add,
                )
                for each in {str(each.add): each for each in taken if each.add is not None}.values()
            ]
        principals = sorted({each.principal_arn for each in taken})
        self.checks.append(
            Check(
                name,
                status,
                kind,
                of,
                title,
                because,
                next_step,
                add,
                sorted({by for each in taken for by in each.needed_by}),
                page or (taken[0].page if taken else ""),
                principals[0] if len(principals) == 1 else "",
                sorted({each.action for each in taken}),
                sorted({each.resource for each in taken}),
            )
        )


def _actions(taken: Iterable[Missing]) -> str:
    return ", ".join(sorted({each.action for each in taken}))


def _statement_of(because: str) -> str:
    return because.removeprefix("denied by ")


def _statements_for(taken: list[Missing]) -> Iterator[dict[str, Any]]:
    by_resource: dict[str, set[str]] = {}
    for each in taken:
        by_resource.setdefault(each.resource, set()).add(each.action)
    by_actions: dict[tuple[str, ...], list[str]] = {}
    for resource, actions in by_resource.items():
        by_actions.setdefault(tuple(sorted(actions)), []).append(resource)
    for together, resources in sorted(by_actions.items()):
        yield {"Effect": "Allow", "Action": list(together), "Resource": sorted(resources)}


def _names_service(key: Key) -> bool:
    for each in allow_statements(key.policies):
        principal = each.body.get("Principal")
        if principal == "*" or "NotPrincipal" in each.body or SERVICE_PRINCIPAL in _services(principal):
            return True
    return False


def _services(principal: Any) -> list[Any]:
    return as_list(principal.get("Service")) if isinstance(principal, dict) else []


def _aws_principals(principal: Any) -> list[Any]:
    return as_list(principal.get("AWS")) if isinstance(principal, dict) else [principal]


def _resource_policies(model: AccessModel) -> Iterator[tuple[str, str, Policy]]:
    for key in model.keys.values():
        yield from ((key.arn, "key", each) for each in key.policies)
    for bucket in model.buckets.values():
        yield from ((bucket.arn, "bucket", each) for each in bucket.policies)
    for role in model.roles.values():
        yield from ((role.arn, "role", each) for each in role.trust)


def _principals(policy: Policy) -> list[Any]:
    return [each.body.get("Principal") for each in policy.statements if each.readable]


def _renamed(policy: Policy, orphan: str, role_arn: str) -> list[Any]:
    concerned = [each.body for each in policy.statements if orphan in str(each.body.get("Principal"))]
    return [_replaced(each, orphan, role_arn) for each in concerned]


def _replaced(value: Any, old: str, new: str) -> Any:
    if isinstance(value, dict):
        return {name: _replaced(each, old, new) for name, each in value.items()}
    if isinstance(value, list):
        return [_replaced(each, old, new) for each in value]
    return new if value == old else value


def _with(model: AccessModel, policy: Policy, instead: Policy) -> AccessModel:
    changed = copy.copy(model)

    def replace(owners: dict[str, Any], attribute: str) -> dict[str, Any]:
        found = {}
        for arn, owner in owners.items():
            found[arn] = copy.copy(owner)
            policies = [instead if each is policy else each for each in getattr(owner, attribute)]
            setattr(found[arn], attribute, policies)
        return found

    changed.keys = replace(model.keys, "policies")
    changed.buckets = replace(model.buckets, "policies")
    changed.roles = replace(model.roles, "trust")
    return changed
