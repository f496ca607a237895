"""Actions on resources that a statement has, as it writes them, beyond what is needed on one key or bucket.

https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..matrix import ASKED_ACTIONS
from .answers import Answer
from .causes import Cause, Reason, because
from .decision import Decision
from .model import Bucket, Key
from .needs import IN_IAM, IN_KEY_POLICY, Need
from .values import bucket_in, matches
from .written import Written, actions_of, leaves_out, resources_of


@dataclass(frozen=True)
class Surplus:
    """An action on a resource, as the statement writes them."""

    action: str
    resource: str
    reason: Reason


def beyond_in_key_policy(statement: Written, key: Key, needs: Iterable[Need]) -> Iterator[Surplus]:
    """Yield the actions that nothing needs; one with a wildcard is never needed as it is."""
    wanted = {need.action.lower() for need in needs if need.policy == IN_KEY_POLICY}
    is_about = any(matches(key.arn, each) is Answer.YES for each in resources_of(statement.body))
    for action in actions_of(statement.body, "kms") if is_about and not leaves_out(statement.body, key.arn) else ():
        if action.lower() not in wanted:
            yield Surplus(action, key.arn, because(why_not_asked(action, wanted), statement))


def wanted_of(needs: list[Need], decisions: Mapping[Need, Decision]) -> tuple[set[str], set[str]]:
    """The actions that belong into IAM policies for these keys, and those that belong into their key policies.

    What a key policy asks for belongs into IAM as well where one of the key policies leaves the role to IAM.
    """
    in_iam = {need.action.lower() for need in needs if need.policy == IN_IAM}
    in_key_policy = [need for need in needs if need.policy == IN_KEY_POLICY]
    left_to_iam = {need.action.lower() for need in in_key_policy if not decisions[need].named}
    return in_iam | left_to_iam, {need.action.lower() for need in in_key_policy}


def why_not_asked(action: str, wanted: Iterable[str]) -> Cause:
    """Return why an action that nothing asks for as it is written is too much."""
    if any(matches(each, action.lower()) is not Answer.NO for each in wanted):
        return Cause.WIDER_THAN_ASKED
    return Cause.NOT_SEEN_TO_BE_ASKED if is_asked_somewhere(action) else Cause.NOT_ASKED


def is_asked_somewhere(action: str) -> bool:
    """Tell if AWS's pages ask for an action, or for one of those that a pattern stands for."""
    return any(matches(each.lower(), action.lower()) is not Answer.NO for each in ASKED_ACTIONS)


def by_bucket(patterns: Iterable[str], named: Mapping[str, list[str]]) -> Iterator[tuple[str, list[str]]]:
    """Yield the buckets, of those with known names, that patterns of ``Resource`` may be about, each with these."""
    found: dict[str, list[str]] = {}
    for pattern in patterns:
        found.setdefault(bucket_in(pattern), []).append(pattern)
    of_any = found.pop("", [])
    for name in named if of_any else found:
        for arn in named.get(name, ()):
            yield arn, [*of_any, *found.get(name, ())]


def beyond_on_bucket(
    statement: Written, patterns: Iterable[str], bucket: Bucket, needs: list[Need]
) -> Iterator[Surplus]:
    """Yield what a statement allows on a bucket beyond what is needed there, and on others by a wildcard."""
    resources = [bucket.arn, f"{bucket.arn}/*", *(need.resource for need in needs)]
    if all(leaves_out(statement.body, each) for each in resources):
        return
    needed: dict[str, list[str]] = {}
    for need in needs:
        needed.setdefault(need.action.lower(), []).append(need.resource)
    for pattern in patterns:
        if _matches_one(resources, pattern):
            for action in actions_of(statement.body, "s3"):
                on = tuple(dict.fromkeys(needed.get(action.lower(), [])))
                cause = _how_far(pattern, bucket, on) if on else why_not_asked(action, needed)
                if cause is not None:
                    yield Surplus(action, pattern, because(cause, statement))


def _how_far(pattern: str, bucket: Bucket, needed: tuple[str, ...]) -> Cause | None:
    """Return how an action on a pattern goes beyond the resources on which the action is needed."""
    everything = f"{bucket.arn}/*"
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
