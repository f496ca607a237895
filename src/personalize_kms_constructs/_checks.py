"""What is refused at construction: each check yields problems, and all of them make one ``ValueError``.

Nothing is compared while it is a token, since environment-agnostic stacks know neither account nor Region.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aws_cdk import IResource, Stack
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from ._argument_types import shown
from ._tokens import is_token
from .locations import S3Location
from .policies import KeyPolicy
from .resources import PersonalizeResource

# https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDatasetGroup.html; jobs, datasets and metric
# attributions have the same pattern.
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_]{0,62}")
# https://docs.aws.amazon.com/personalize/latest/dg/API_S3DataConfig.html
_MAX_URI_LENGTH = 256
_MAX_BUCKET_NAME_LENGTH = 63


def name_problems(what: str, name: object) -> Iterator[str]:
    """A name that Personalize's API would refuse."""
    if not isinstance(name, str) or not (is_token(name) or _NAME.fullmatch(name)):
        yield (
            f"{what} {shown(name)} is not a name that Personalize takes: use 1 to 63 letters, digits, hyphens and "
            "underscores, and begin with a letter or digit"
        )


def key_problems(what: str, key: KeyPolicy, stack: Stack, made_in: Stack | None) -> Iterator[str]:
    """A key, made in a stack of the app or imported, that Personalize can't use in this stack."""
    if isinstance(key.resource, kms.Alias) or ":alias/" in key.resource_arn:
        yield (
            f"{what} is an alias but Personalize takes the ARN of a key: pass the key itself, as "
            "alias.alias_target_key or kms.Key.from_key_arn"
        )
        return
    if key.l1 is not None:
        yield from _usage_problems(what, key.l1)
    yield from _region_problems(what, key.resource, stack, made_in)


def resource_problems(resource: PersonalizeResource) -> Iterator[str]:
    """Locations that Personalize can't use for this resource."""
    kind = resource.permissions.resource
    source, destination = resource.source, resource.destination
    path_problems: list[str] = []
    for what, location in resource.locations():
        path_problems = [*_path_problems(what, location)]
        yield from path_problems
    # The destination comes last; what is no prefix would make no folder either.
    if destination is not None and not path_problems:
        yield from _folder_problems(f"destination of {kind}", destination)
    if source is not None and destination is not None and _same_place(source, destination):
        yield (
            f"{kind} has the same source and destination, prefix {source.prefix!r} of one bucket, but Personalize "
            "wants another folder for the output: change one of the prefixes"
        )


def bucket_problems(what: str, bucket: s3.IBucket, stack: Stack, made_in: Stack | None) -> Iterator[str]:
    """A bucket, made in a stack of the app or imported, that Personalize can't use in this stack."""
    yield from _region_problems(what, bucket, stack, made_in)


def _folder_problems(what: str, location: S3Location) -> Iterator[str]:
    prefix = location.prefix
    # A token at the end may become a text that ends in a slash.
    if prefix and not prefix.endswith(("/", "]}")):
        yield f"{what} has prefix {prefix!r}, which is not a folder: end it in '/', as {prefix + '/'!r}"


def _same_place(one: S3Location, other: S3Location) -> bool:
    same_prefix = one.prefix.rstrip("/") == other.prefix.rstrip("/")
    return same_prefix and (one.bucket is other.bucket or one.bucket.bucket_arn == other.bucket.bucket_arn)


def _path_problems(what: str, location: S3Location) -> Iterator[str]:
    prefix = location.prefix
    if prefix.startswith("/") or "://" in prefix:
        yield (
            f"{what} has prefix {prefix!r}: give the key prefix below the bucket alone, without a leading slash "
            "or s3:// address, as 'import/'"
        )
    if is_token(prefix):
        return
    if any(special in prefix for special in ("*", "?", "${")):
        yield (
            f"{what} has prefix {prefix!r}: '*', '?' and '${{' are wildcards and variables in policies and would "
            "allow other objects too; use a prefix without them"
        )
    if len("s3:///") + _MAX_BUCKET_NAME_LENGTH + len(prefix) > _MAX_URI_LENGTH:
        name = location.bucket.bucket_name
        length = len(f"s3://{'' if is_token(name) else name}/{prefix}")
        if length > _MAX_URI_LENGTH:
            yield (
                f"{what} has a path of {length} characters{' without the name of the bucket' * is_token(name)} but "
                f"Personalize takes {_MAX_URI_LENGTH} at most: use a shorter prefix"
            )


def _usage_problems(what: str, key: kms.CfnKey) -> Iterator[str]:
    spec = key.key_spec or "SYMMETRIC_DEFAULT"
    # The CDK itself refuses a symmetric key for anything but encryption.
    if not is_token(spec) and spec != "SYMMETRIC_DEFAULT":
        yield (
            f"{what} is a {spec} key but Personalize needs data keys, which only symmetric encryption keys generate: "
            "use KeySpec.SYMMETRIC_DEFAULT"
        )


def _region_problems(what: str, resource: IResource, stack: Stack, made_in: Stack | None) -> Iterator[str]:
    if made_in is stack:
        return
    region, stack_region = resource.env.region, stack.region
    if not is_token(region) and not is_token(stack_region) and region != stack_region:
        yield (
            f"{what} is in Region {region} but the stack is in {stack_region}, and Personalize uses keys and buckets "
            f"of its own Region only: pass one of {stack_region}, or make the stack in {region}"
        )
