"""Places in S3 that Personalize, or a construct of ours, refuses."""

from __future__ import annotations

from collections.abc import Iterator

from .._accepted import ARE_WILDCARDS, MAX_URI_LENGTH, folder, is_folder, is_path, is_pattern, least_length
from .._access.causes import Cause, Reason, because
from .._access.model import Asked, Location
from .._values import split


def refused_places(asked: Asked) -> Iterator[Reason]:
    """Yield what Personalize refuses of the places that a job reads from and writes to."""
    source, destination = asked.source, asked.destination
    for what, location in (("source", source), ("destination", destination)):
        size = 0 if location is None else least_length(_uri(location))
        if size > MAX_URI_LENGTH:
            yield because(Cause.PATH_TOO_LONG, what=what, size=size, limit=MAX_URI_LENGTH)
    if destination is not None:
        given = _uri(destination)
        if not is_folder(destination.prefix):
            yield because(Cause.DESTINATION_IS_NO_FOLDER, given=given)
        if source is not None and _folder(source) == _folder(destination):
            yield because(Cause.ONE_FOLDER, given=given)


def refused_prefixes(asked: Asked) -> Iterator[Reason]:
    """Yield prefixes that constructs refuse, since they are something else, or mean more in policies."""
    for what, location in (("source", asked.source), ("destination", asked.destination)):
        if location is not None and is_path(location.prefix):
            yield because(Cause.PREFIX_IS_PATH, what=what, given=location.prefix)
        if location is not None and is_pattern(location.prefix):
            yield because(Cause.PREFIX_IS_PATTERN, what=what, given=location.prefix, why=ARE_WILDCARDS)


def _uri(location: Location) -> str:
    return f"s3://{split(location.bucket_arn, ':')[-1]}/{location.prefix}"


def _folder(location: Location) -> tuple[str, str]:
    return location.bucket_arn, folder(location.prefix)
