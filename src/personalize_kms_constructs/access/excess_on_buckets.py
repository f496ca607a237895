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
    for pattern in resources_of(statement):
        if _is_about(pattern, bucket, needs):
            for action in actions_of(statement, "s3"):
                yield from _beyond(action, pattern, bucket, needs)


def _is_about(pattern: str, bucket: Bucket, needs: list[Need]) -> bool:
    resources = [bucket.arn, _everything_in(bucket), *(need.resource for need in needs)]
    return any(matches(resource, pattern) is Answer.YES for resource in resources)


def _beyond(action: str, pattern: str, bucket: Bucket, needs: list[Need]) -> Iterator[Surplus]:
    here = [need for need in needs if need.action.lower() == action.lower()]
    prefixes = ", ".join(dict.fromkeys(need.resource for need in here))
    narrower = f"allow it on {prefixes} alone, in a statement of its own"
    everything = _everything_in(bucket)
    if not here:
        yield Surplus(action, pattern, NOT_ASKED, TAKE_OUT)
    elif matches(f"{bucket.arn}-another", pattern) is Answer.YES:
        yield Surplus(action, pattern, "on other buckets than those that are used", narrower)
    elif all(need.resource == bucket.arn for need in here):
        return  # listing, which has no effect on objects
    elif matches(everything, pattern) is Answer.YES:
        if not any(need.resource == everything for need in here):
            yield Surplus(action, pattern, "on the whole bucket, not only the prefix that is used", narrower)
    elif matches(bucket.arn, pattern) is Answer.YES:
        return  # on the bucket itself, where there are no objects
    elif not any(matches(need.resource, pattern) is Answer.YES for need in here):
        yield Surplus(action, pattern, "on a prefix for which nothing asks for it", TAKE_OUT)


def _everything_in(bucket: Bucket) -> str:
    return f"{bucket.arn}/*"
