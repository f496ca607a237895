"""Permissions on keys beyond what is needed there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from . import decision
from .answers import Answer, all_of
from .calls import Caller
from .decision import Decision
from .model import Key, Role, Statement
from .needs import IN_IAM, IN_KEY_POLICY, Need
from .surplus import NOT_ASKED, TAKE_OUT, Surplus
from .values import has_unknown, matches, same
from .written import actions_of, resources_of


def beyond_in_key_policy(statement: Statement, key: Key, needs: Iterable[Need]) -> Iterator[Surplus]:
    """Yield the actions that nothing needs; one with a wildcard is never needed as it is."""
    wanted = {need.action.lower() for need in needs}
    for action in actions_of(statement, "kms"):
        if action.lower() not in wanted:
            yield Surplus(action, key.arn, NOT_ASKED, TAKE_OUT)


def beyond_in_iam(
    statement: Statement,
    keys: list[tuple[Key, list[Need]]],
    decisions: Mapping[Need, Decision],
    caller: Caller,
    role: Role,
) -> Iterator[Surplus]:
    """Yield what an IAM statement allows the role on the keys that are used, and on others by a wildcard."""
    about = {
        pattern: [(key, needs) for key, needs in keys if matches(key.arn, pattern) is Answer.YES]
        for pattern in resources_of(statement)
    }
    concerned = [need for found in about.values() for _, needs in found for need in needs]
    wanted, in_key_policy = _wanted(concerned, decisions)
    for pattern, found in about.items():
        if not found:
            continue
        is_one_key = any(same(key.arn, pattern) is Answer.YES for key, _ in found)
        for action in actions_of(statement, "kms"):
            if action.lower() in wanted:
                if not is_one_key:
                    yield Surplus(action, pattern, "on other keys than those that are used", "name the keys' ARNs")
            elif not (is_one_key and _is_denied(role, caller, action, [key for key, _ in found])):
                named = action.lower() in in_key_policy
                why = "every key policy concerned names the role, and AWS's page asks for it there alone"
                yield Surplus(action, pattern, why if named else NOT_ASKED, TAKE_OUT)


def _wanted(needs: list[Need], decisions: Mapping[Need, Decision]) -> tuple[set[str], set[str]]:
    """The actions that belong into IAM policies for these keys, and those that belong into their key policies.

    What a key policy asks for belongs into IAM as well where one of the key policies leaves the role to IAM.
    """
    in_iam = {need.action.lower() for need in needs if need.policy == IN_IAM}
    in_key_policy = [need for need in needs if need.policy == IN_KEY_POLICY]
    left_to_iam = {need.action.lower() for need in in_key_policy if not decisions[need].named}
    return in_iam | left_to_iam, {need.action.lower() for need in in_key_policy}


def _is_denied(role: Role, caller: Caller, action: str, keys: list[Key]) -> bool:
    """Tell if another statement or the boundary takes the permission away again."""
    if "*" in action or "?" in action or has_unknown(action):
        return False
    answers = [decision.role_by_iam(caller, role, action, key.arn, key).answer for key in keys]
    return all_of(answers) is Answer.NO
