"""Paths in S3 that Personalize refuses, or that would mean more in a policy than they say."""

from __future__ import annotations

from collections.abc import Iterator

from .._accepted import (
    ANOTHER_FOLDER,
    ARE_WILDCARDS,
    END_IN_SLASH,
    GIVE_THE_PREFIX,
    MAX_URI_LENGTH,
    NOT_A_FOLDER,
    USE_A_PREFIX,
    folder,
    is_folder,
    is_path,
    is_pattern,
)
from .._tokens import is_token, is_yet_to_be_looked_up, literal_part
from .._values import as_text
from .resolved import ResolvedLocation, ResolvedResource

_MAX_BUCKET_NAME_LENGTH = 63


def resource_problems(resource: ResolvedResource) -> Iterator[str]:
    """Explain why Personalize can't use the locations of a resource."""
    kind, source, destination = resource.row.resource, resource.source, resource.destination
    for what, location in resource.locations:
        problems = [*_path_problems(what, location)]
        yield from problems
        # What is no prefix would make no folder either.
        if what == f"destination of {kind}" and not problems:
            yield from folder_problems(what, location.prefix)
    if source is not None and destination is not None and _are_one_folder(source, destination):
        yield (
            f"{kind} has the same source and destination, prefix {source.prefix!r} of one bucket, "
            f"{ANOTHER_FOLDER}: change one of the prefixes, or allow source and destination as two resources, if each "
            "job has paths of its own below the prefix"
        )


def folder_problems(what: str, prefix: str) -> Iterator[str]:
    """Explain that nothing can be written below a prefix."""
    if not is_folder(prefix) and not is_yet_to_be_looked_up(prefix):
        yield f"{what} has prefix {prefix!r}, {NOT_A_FOLDER}: {END_IN_SLASH}, as {prefix + '/'!r}"


def _are_one_folder(one: ResolvedLocation, other: ResolvedLocation) -> bool:
    return one.bucket.identity == other.bucket.identity and folder(one.prefix) == folder(other.prefix)


def _path_problems(what: str, location: ResolvedLocation) -> Iterator[str]:
    prefix, literal = location.prefix, literal_part(location.prefix)
    if is_path(prefix):
        yield f"{what} has prefix {prefix!r}: {GIVE_THE_PREFIX}"
    if is_pattern(as_text(literal)):
        yield f"{what} has prefix {prefix!r}: {ARE_WILDCARDS}; {USE_A_PREFIX}"
    # Most prefixes are too short to ask for the bucket's name, a call into jsii.
    if len("s3:///") + _MAX_BUCKET_NAME_LENGTH + len(literal) > MAX_URI_LENGTH:
        # A reference to a bucket of the app doesn't say how long the name is.
        l1 = location.bucket.made_by
        name = (l1 and l1.bucket_name) or location.location.bucket_name
        is_exact = not is_token(name) and literal == prefix
        length = len(f"s3://{literal_part(name)}/{literal}")
        if length > MAX_URI_LENGTH:
            yield (
                f"{what} has a path of {length} characters{'' if is_exact else ' without what is known at deployment'} "
                f"but Personalize takes {MAX_URI_LENGTH} at most: use a shorter prefix"
            )
