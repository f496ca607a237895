"""Permissions on buckets beyond what is needed there."""

from __future__ import annotations

from collections.abc import Iterator

from .answers import Answer
from .model import Bucket, Statement
from .needs import Need
from .surplus import NOT_ASKED, TAKE_OUT, Surplus
from .values import matches
from .written import actions_of, leaves_out, resources_of


def beyond_on_bucket(statement: Statement, bucket: Bucket, needs: list[Need]) -> Iterator[Surplus]:
    """Yield what a statement allows on a bucket beyond what is needed there, and on others by a wildcard."""
    if leaves_out(statement, _everything_in(bucket)):
        return
    needed: dict[str, list[str]] = {}
    for need in needs:
        needed.setdefault(need.action.lower(), []).append(need.resource)
    resources = [bucket.arn, _everything_in(bucket), *(need.resource for need in needs)]
    for pattern in resources_of(statement):
        if _matches_one(resources, pattern):
            for action in actions_of(statement, "s3"):
                yield from _beyond(action, pattern, bucket, needed.get(action.lower(), []))


def _beyond(action: str, pattern: str, bucket: Bucket, needed: list[str]) -> Iterator[Surplus]:
    """Yield how an action on a pattern goes beyond the resources on which the action is needed."""
    everything = _everything_in(bucket)
    narrower = f"allow it on {', '.join(dict.fromkeys(needed))} alone, in a statement of its own"
    if not needed:
        yield Surplus(action, pattern, NOT_ASKED, TAKE_OUT)
    elif matches(f"{bucket.arn}-another", pattern) is Answer.YES:
        yield Surplus(action, pattern, "on other buckets than those that are used", narrower)
    elif all(resource == bucket.arn for resource in needed):
        return  # listing, which has no effect on objects
    elif matches(everything, pattern) is Answer.YES:
        if everything not in needed:
            yield Surplus(action, pattern, "on the whole bucket, not only the prefix that is used", narrower)
    elif matches(bucket.arn, pattern) is Answer.YES:
        return  # on the bucket itself, where there are no objects
    elif not _matches_one(needed, pattern):
        yield Surplus(action, pattern, "on a prefix for which nothing asks for it", TAKE_OUT)


def _matches_one(resources: list[str], pattern: str) -> bool:
    return pattern in resources or any(matches(resource, pattern) is Answer.YES for resource in resources)


def _everything_in(bucket: Bucket) -> str:
    return f"{bucket.arn}/*"
