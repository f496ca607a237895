"""What statements allow on keys beyond what is needed there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from . import decision
from .answers import Answer, all_of
from .calls import Caller
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
    statement: Statement, keys: list[Key], needs: Iterable[Need], caller: Caller, role: Role
) -> Iterator[Surplus]:
    """Yield what an IAM statement allows the role on the keys that are used, and on others by a wildcard."""
    about = {
        pattern: [key for key in keys if matches(key.arn, pattern) is Answer.YES] for pattern in resources_of(statement)
    }
    concerned = list({key.arn: key for found in about.values() for key in found}.values())
    if not concerned:
        return
    wanted, in_key_policy = _wanted(concerned, needs, caller)
    for pattern, found in about.items():
        if not found:
            continue
        is_one_key = any(same(key.arn, pattern) is Answer.YES for key in found)
        for action in actions_of(statement, "kms"):
            if action.lower() in wanted:
                if not is_one_key:
                    yield Surplus(action, pattern, "on other keys than those that are used", "name the keys' ARNs")
            elif not (is_one_key and _is_denied(role, caller, action, found)):
                named = action.lower() in in_key_policy
                why = "every key policy concerned names the role, and AWS's page asks for it there alone"
                yield Surplus(action, pattern, why if named else NOT_ASKED, TAKE_OUT)


def _wanted(keys: list[Key], needs: Iterable[Need], caller: Caller) -> tuple[set[str], set[str]]:
    """The actions that belong into IAM policies for these keys, and those that belong into their key policies.

    What a key policy asks for belongs into IAM as well where one of the key policies leaves the role to IAM.
    """
    by_arn = {key.arn: key for key in keys}
    own = [need for need in needs if need.owner in by_arn]
    in_iam = {need.action for need in own if need.policy == IN_IAM}
    in_key_policy = {need.action for need in own if need.policy == IN_KEY_POLICY}
    left_to_iam = {
        need.action
        for need in own
        if need.policy == IN_KEY_POLICY
        and decision.names_role(caller, by_arn[need.owner], need.action) is not Answer.YES
    }
    return {each.lower() for each in in_iam | left_to_iam}, {each.lower() for each in in_key_policy}


def _is_denied(role: Role, caller: Caller, action: str, keys: list[Key]) -> bool:
    """Whether another statement or the boundary takes the permission away again."""
    if "*" in action or "?" in action or has_unknown(action):
        return False
    answers = [decision.role_by_iam(caller, role, action, key.arn, key).answer for key in keys]
    return all_of(answers) is Answer.NO
