"""Actions and resources of a statement beyond the needs, as the statement writes them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from .._evaluation.elements import actions_of, leaves_out, resources_of
from .._model.causes import Cause, Reason
from .._model.model import Bucket, Key
from .._model.policy_documents import PolicyStatement
from .._needs.need import IN_KEY_POLICY, Need
from .._shared.answers import Answer
from .._shared.values import matches
from ..matrix import ASKED_ACTIONS

_IN_AWS_CASE = {action.lower(): action for action in ASKED_ACTIONS}


class Surplus(NamedTuple):
    """An excessive permission: an action on a pattern of resources, as a statement writes them."""

    action: str
    pattern: str
    reason: Reason


def beyond_in_key_policy(
    statement: PolicyStatement, key: Key, needs: Iterable[Need]
) -> Iterator[Surplus]:
    """Yield the unneeded actions; nothing needs a wildcard as it is."""
    if not is_about(statement, key):
        return
    wanted = {need.action.lower() for need in needs if need.column == IN_KEY_POLICY}
    for action in actions_of(statement.body, "kms"):
        if action.lower() not in wanted:
            yield Surplus(action, key.arn, Reason.of(why_not_asked(action, wanted), statement))


def is_about(statement: PolicyStatement, key: Key) -> bool:
    for pattern in resources_of(statement.body):
        if matches(key.arn, pattern) is Answer.YES:
            return not leaves_out(statement.body, key.arn)
    return False


def beyond_on_bucket(
    statement: PolicyStatement, bucket: Bucket, needs: Iterable[Need]
) -> Iterator[Surplus]:
    """Yield the permissions beyond the needs on a bucket, and those on others by a wildcard."""
    arns = [bucket.arn, f"{bucket.arn}/*"]
    needed: dict[str, list[str]] = {}
    for need in needs:
        arns.append(need.resource_arn)
        needed.setdefault(need.action.lower(), []).append(need.resource_arn)
    if all(leaves_out(statement.body, arn) for arn in arns):
        return
    for pattern in resources_of(statement.body):
        if not _matches_one(arns, pattern):
            continue
        for action in actions_of(statement.body, "s3"):
            on = needed.get(action.lower(), [])
            cause = _how_far(pattern, bucket, on) if on else why_not_asked(action, needed)
            if cause is not None:
                yield Surplus(action, pattern, Reason.of(cause, statement))


def _how_far(pattern: str, bucket: Bucket, needed: Collection[str]) -> Cause | None:
    everything = f"{bucket.arn}/*"
    if matches(f"{bucket.arn}-another", pattern) is Answer.YES:
        return Cause.OTHER_BUCKETS
    if set(needed) == {bucket.arn}:
        return None  # listing, which has no effect on objects
    if matches(everything, pattern) is Answer.YES:
        return None if everything in needed else Cause.WHOLE_BUCKET
    # On the bucket itself there are no objects.
    is_on_bucket = matches(bucket.arn, pattern) is Answer.YES
    return None if is_on_bucket or _matches_one(needed, pattern) else Cause.OTHER_PREFIX


def why_not_asked(action: str, wanted: Iterable[str]) -> Cause:
    """Return the cause why an action is too much. No request asks for it as it is written."""
    if any(matches(other, action.lower()) is not Answer.NO for other in wanted):
        return Cause.WIDER_THAN_ASKED
    return Cause.NOT_SEEN_TO_BE_ASKED if is_asked_somewhere(action) else Cause.NOT_ASKED


def is_asked_somewhere(action: str) -> bool:
    return any(matches(known, action.lower()) is not Answer.NO for known in _IN_AWS_CASE)


def in_aws_case(action: str) -> str:
    return _IN_AWS_CASE.get(action.lower(), action)


def _matches_one(values: Collection[str], pattern: str) -> bool:
    return pattern in values or any(matches(value, pattern) is Answer.YES for value in values)
