"""Paths in S3 that Personalize refuses, or that would allow more in a policy than they name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .._tokens import TOKEN, is_replaced_later, is_token, literal_part
from .resolved import ResolvedLocation, ResolvedResource

# https://docs.aws.amazon.com/personalize/latest/dg/API_S3DataConfig.html
MAX_URI_LENGTH = 256
_MAX_BUCKET_NAME_LENGTH = 63
# Wildcards and variables in policies.
PATTERN = re.compile(r"[*?]|\$\{")
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
FOR_NO_POLICY = re.compile(r"[^\t\n\r\x20-\xff]")
_OPEN_END = re.compile(f"(?:{TOKEN.pattern})$")


def resource_problems(resource: ResolvedResource) -> Iterator[str]:
    """Explain why Personalize can't use the locations of a resource."""
    kind, source, destination = resource.row.resource, resource.source, resource.destination
    for subject, location in resource.locations:
        problems = [*_path_problems(subject, location)]
        yield from problems
        # A wrong prefix can't be a folder either.
        if subject == f"destination of {kind}" and not problems:
            yield from folder_problems(subject, location.prefix)
    folders = {
        (location.bucket.identity, folder(location.prefix)) for _, location in resource.locations
    }
    if source is not None and destination is not None and len(folders) == 1:
        yield (
            f"{kind} has the same source and destination, prefix {source.prefix!r} of one bucket, "
            "but Personalize wants another folder for the output: change one of the prefixes, or "
            "allow source and destination as two resources, if each job has paths of its own below "
            "the prefix"
        )


def output_below_input(resource: ResolvedResource) -> Iterator[tuple[str, str]]:
    """Yield the id and the text of a warning if a job reads what the last one wrote."""
    source, destination = resource.source, resource.destination
    if source is None or destination is None:
        return
    inputs = f"{folder(source.prefix)}/" if source.prefix else ""
    is_below = destination.prefix.startswith(inputs)
    if is_below and source.bucket.identity == destination.bucket.identity:
        yield (
            "outputBelowInput",
            f"{resource.row.resource} writes to {destination.prefix!r} below its source "
            f"{source.prefix!r} in one bucket, so the next job reads the last one's output: use "
            "two folders, for example 'batch/in/' and 'batch/out/'",
        )


def folder_problems(subject: str, prefix: str) -> Iterator[str]:
    """Explain that a prefix is not a folder; a destination must be one."""
    is_folder = not prefix or prefix.endswith("/") or _OPEN_END.search(prefix) is not None
    if not is_folder and not is_replaced_later(prefix):
        folders, _, last = prefix.rpartition("/")
        example = f"{folders if '.' in last and folders else prefix}/"
        yield f"{subject} has prefix {prefix!r}, which is not a folder: end it in /, as {example!r}"


def folder(prefix: str) -> str:
    """Return a prefix without its final slash, to compare folders."""
    return prefix.rstrip("/")


def _path_problems(subject: str, location: ResolvedLocation) -> Iterator[str]:
    prefix, literal = location.prefix, literal_part(location.prefix)
    if prefix.startswith("/") or "://" in prefix:
        yield (
            f"{subject} has prefix {prefix!r}: pass only the key prefix below the bucket, without "
            "a leading slash or s3:// address, as 'import/'"
        )
    if PATTERN.search(literal):
        yield (
            f"{subject} has prefix {prefix!r}: '*', '?' and '${{' are wildcards and variables in "
            "policies and would allow other objects too; use a prefix without them"
        )
    foreign = FOR_NO_POLICY.search(literal)
    if foreign is not None:
        yield (
            f"{subject} has prefix {prefix!r}, but IAM takes no {foreign[0]!r} in a policy: use "
            "characters up to U+00FF"
        )
    # Saves time: the bucket's name is a call into jsii, and most prefixes are short enough.
    if len("s3:///") + _MAX_BUCKET_NAME_LENGTH + len(literal) > MAX_URI_LENGTH:
        # A reference to a bucket of the app doesn't say how long the name is.
        l1 = location.bucket.made_by
        name = (l1 and l1.bucket_name) or location.location.bucket_name
        is_exact = not is_token(name) and literal == prefix
        length = len(f"s3://{literal_part(name)}/{literal}")
        if length > MAX_URI_LENGTH:
            counted = "characters" if is_exact else "characters without what is known at deployment"
            yield (
                f"{subject} has a path of {length} {counted} but Personalize takes "
                f"{MAX_URI_LENGTH} at most: use a shorter prefix"
            )
