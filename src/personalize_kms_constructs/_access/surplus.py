"""Permissions of a statement beyond the need: actions that nothing needs, and resources that nothing uses."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from . import decision
from .answers import Answer, all_of
from .calls import Caller
from .causes import Cause, Reason, because
from .decision import Decision
from .model import Bucket, Key, Role
from .needs import IN_IAM, IN_KEY_POLICY, Need
from .values import has_unknown, matches, same
from .written import Written, actions_of, leaves_out, resources_of


@dataclass(frozen=True)
class Surplus:
    """An action on a resource, as the statement writes them."""

    action: str
    resource: str
    reason: Reason


def beyond_in_key_policy(statement: Written, key: Key, needs: Iterable[Need]) -> Iterator[Surplus]:
    """Yield the actions that nothing needs; one with a wildcard is never needed as it is."""
    wanted = {need.action.lower() for need in needs}
    for action in actions_of(statement.body, "kms"):
        if action.lower() not in wanted:
            yield Surplus(action, key.arn, because(Cause.NOT_ASKED, statement))


def beyond_in_iam(
    statement: Written,
    keys: list[tuple[Key, list[Need]]],
    decisions: Mapping[Need, Decision],
    caller: Caller,
    role: Role,
) -> Iterator[Surplus]:
    """Yield what an IAM statement allows the role on the keys that are used, and on others by a wildcard."""
    about = {
        pattern: [(key, needs) for key, needs in keys if matches(key.arn, pattern) is Answer.YES]
        for pattern in resources_of(statement.body)
    }
    concerned = [need for found in about.values() for _, needs in found for need in needs]
    wanted, in_key_policy = _wanted(concerned, decisions)
    for pattern, found in about.items():
        if not found:
            continue
        is_one_key = any(same(key.arn, pattern) is Answer.YES for key, _ in found)
        for action in actions_of(statement.body, "kms"):
            if action.lower() in wanted:
                if not is_one_key:
                    yield Surplus(action, pattern, because(Cause.OTHER_KEYS, statement))
            elif not (is_one_key and _is_denied(role, caller, action, [key for key, _ in found])):
                cause = Cause.KEY_POLICY_IS_ENOUGH if action.lower() in in_key_policy else Cause.NOT_ASKED
                yield Surplus(action, pattern, because(cause, statement))


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


def beyond_on_bucket(statement: Written, bucket: Bucket, needs: list[Need]) -> Iterator[Surplus]:
    """Yield what a statement allows on a bucket beyond what is needed there, and on others by a wildcard."""
    if leaves_out(statement.body, _everything_in(bucket)):
        return
    needed: dict[str, list[str]] = {}
    for need in needs:
        needed.setdefault(need.action.lower(), []).append(need.resource)
    resources = [bucket.arn, _everything_in(bucket), *(need.resource for need in needs)]
    for pattern in resources_of(statement.body):
        if _matches_one(resources, pattern):
            for action in actions_of(statement.body, "s3"):
                on = tuple(dict.fromkeys(needed.get(action.lower(), [])))
                cause = _beyond(pattern, bucket, on)
                if cause is not None:
                    yield Surplus(action, pattern, because(cause, statement, needed=on))


def _beyond(pattern: str, bucket: Bucket, needed: tuple[str, ...]) -> Cause | None:
    """Return how an action on a pattern goes beyond the resources on which the action is needed."""
    everything = _everything_in(bucket)
    if not needed:
        return Cause.NOT_ASKED
    if matches(f"{bucket.arn}-another", pattern) is Answer.YES:
        return Cause.OTHER_BUCKETS
    if all(resource == bucket.arn for resource in needed):
        return None  # listing, which has no effect on objects
    if matches(everything, pattern) is Answer.YES:
        return None if everything in needed else Cause.WHOLE_BUCKET
    # On the bucket itself there are no objects.
    on_bucket = matches(bucket.arn, pattern) is Answer.YES
    return None if on_bucket or _matches_one(needed, pattern) else Cause.OTHER_PREFIX


def _matches_one(resources: Collection[str], pattern: str) -> bool:
    return pattern in resources or any(matches(resource, pattern) is Answer.YES for resource in resources)


def _everything_in(bucket: Bucket) -> str:
    return f"{bucket.arn}/*"
