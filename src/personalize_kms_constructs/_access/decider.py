"""Needs, decided: those that differ in nothing but the action together, where no statement tells them apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from . import decision
from .answers import Answer
from .callers import Callers
from .calls import Caller
from .decision import Decision
from .lists import as_list
from .model import AccessModel, Asked, Bucket, Key, Policy
from .needs import EVERYTHING, IN_IAM, IN_KEY_POLICY, SERVICE, Need, conditions_of
from .values import matches


class Decider:
    """Decides whether needs are met."""

    def __init__(self, model: AccessModel, callers: Callers) -> None:
        self._model = model
        self._callers = callers
        self._fingerprints: dict[tuple[Policy, str], tuple[Any, ...]] = {}

    def decide(self, needs: Mapping[Need, list[Asked]]) -> dict[Need, Decision]:
        """Decide whether needs are met."""
        groups: dict[tuple[str, ...], list[Need]] = {}
        for need in needs:
            groups.setdefault((*need[:3], *need[4:], need.action[:4]), []).append(need)
        found: dict[Need, Decision] = {}
        for group in groups.values():
            caller, owner = self._callers.of(group[0]), self._owner(group[0])
            policies = self._policies(group[0], owner)
            alike: dict[Any, Decision] = {}
            for need in group:
                only_if = conditions_of(needs[need])
                fingerprint = (only_if, *(self._fingerprint(policy, need.action) for policy in policies))
                if fingerprint not in alike:
                    alike[fingerprint] = self._decide(need, caller, owner, only_if)
                found[need] = alike[fingerprint]
        return {need: found[need] for need in needs}

    def denied_in_buckets(self, needs: Mapping[Need, list[Asked]]) -> Iterator[tuple[Need, Decision]]:
        """Yield what a bucket's policy keeps from the role, though its IAM policies may allow it."""
        for need in needs:
            if need.policy == IN_IAM and need.action.startswith("s3:"):
                bucket = self._model.bucket(need.owner, need.account)
                caller, only_if = self._callers.of(need), conditions_of(needs[need])
                found = decision.role_in_bucket(caller, bucket, need.action, need.resource, only_if=only_if)
                if found.answer is not Answer.YES:
                    yield need, found

    def _decide(self, need: Need, caller: Caller, owner: Key | Bucket | None, only_if: frozenset[str]) -> Decision:
        if need.principal == SERVICE:
            if isinstance(owner, Key):
                return decision.service_on_key(caller, owner, need.action, only_if=only_if)
            bucket = self._model.bucket(need.owner, need.account)
            return decision.service_on_bucket(caller, bucket, need.action, need.resource, only_if=only_if)
        role = self._model.role(need.role_arn)
        if need.policy == IN_KEY_POLICY:
            return decision.role_on_key(caller, role, self._model.key(need.owner), need.action, only_if=only_if)
        return decision.role_by_iam(caller, role, need.action, need.resource, owner, only_if=only_if)

    def _policies(self, need: Need, owner: Key | Bucket | None) -> list[Policy]:
        """Every policy that has a say."""
        if need.principal == SERVICE:
            return owner.policies if owner is not None else []
        role = self._model.role(need.role_arn)
        found = [*role.identity, *([role.boundary] if role.boundary else [])]
        return [*found, *owner.policies] if need.policy == IN_KEY_POLICY and owner is not None else found

    def _fingerprint(self, policy: Policy, action: str) -> tuple[Any, ...]:
        """Return what tells an action from others in a policy: those with one fingerprint are decided alike."""
        if policy.is_plain:
            return policy.about(action.lower())
        name = (policy, action)
        if name not in self._fingerprints:
            self._fingerprints[name] = _fingerprint(policy, action)
        return self._fingerprints[name]

    def _owner(self, need: Need) -> Key | Bucket | None:
        if need.resource == EVERYTHING:
            return None
        if need.action.startswith("kms:"):
            return self._model.key(need.owner)
        return self._model.bucket(need.owner, need.account)


def _fingerprint(policy: Policy, action: str) -> tuple[Any, ...]:
    """Return the statements that are about an action, and how surely."""
    lower = action.lower()
    found: list[Any] = []
    for statement in policy.about(lower):
        if not statement.readable:
            found.append(statement)
            continue
        about = Answer.YES if statement.only_actions is not None else _by_wildcards(statement.body, lower)
        if about is not Answer.NO:
            found.append((statement, about, action if statement.has_action_keys else ""))
    return tuple(found)


def _by_wildcards(body: Any, action: str) -> Answer | str:
    """Answer whether a pattern of a statement matches an action; the action itself where more than that counts."""
    patterns = as_list(body.get("Action")) if "NotAction" not in body else []
    if not patterns or not all(isinstance(each, str) and "$" not in each for each in patterns):
        return action
    return max(matches(action, each.lower()) for each in patterns)
