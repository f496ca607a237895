"""Checks at construction: each yields problems, and all of them make one ``ValueError``.

Nothing is compared while it is a token, since environment-agnostic stacks know neither account nor Region.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms

from ._environment_checks import environment_problems, reference_problems, role_reference_problems
from ._policies.bucket_encryption import KEY_ARN
from ._policies.place import Place
from ._policies.resources import BucketFacts, KeyFacts
from ._policies.roles import RoleFacts
from ._tokens import is_token, is_yet_to_be_looked_up, literal_part
from .locations import S3Location
from .options import ImportedKeyPolicy
from .resources import PersonalizeResource

# https://docs.aws.amazon.com/personalize/latest/dg/API_S3DataConfig.html
_MAX_URI_LENGTH = 256
_MAX_BUCKET_NAME_LENGTH = 63
_ACCOUNT = re.compile(r"\d{12}")


def superfluous_problems(
    key: object,
    role: object,
    role_name: object,
    removal_policy: RemovalPolicy,
    imported_key_policy: ImportedKeyPolicy,
    imported_key_policy_revision: object,
) -> Iterator[str]:
    """Report options of the key or role made here, where one is given."""
    if role is not None and role_name is not None:
        yield "role_name is for the role made here, but service_role is given: leave one out"
    if imported_key_policy is ImportedKeyPolicy.MANAGED:
        return
    if imported_key_policy_revision is not None:
        yield (
            "imported_key_policy_revision is for ImportedKeyPolicy.MANAGED, which is not chosen: leave it out, or say "
            "imported_key_policy=ImportedKeyPolicy.MANAGED"
        )
    if key is not None and removal_policy is RemovalPolicy.DESTROY:
        yield "removal_policy is for the key made here, but encryption_key is given: leave one out"


def key_problems(what: str, key: KeyFacts, here: Place, role: RoleFacts | None, *, managed: bool) -> Iterator[str]:
    """Explain why Personalize can't use a key in this stack, or why its policy can't speak of the role."""
    if key.is_alias:
        yield (
            f"{what} is an alias but Personalize takes the ARN of a key: pass the key itself, for example "
            "alias.alias_target_key or kms.Key.from_key_arn"
        )
        return
    if key.stack is None:
        yield from _key_arn_problems(what, key.arn)
    yield from environment_problems(what, key, here)
    yield from reference_problems(what, key, here, needs_export=True)
    if isinstance(key.l1, kms.CfnKey):
        yield from key_spec_problems(what, key.l1.key_spec)
    if role is None:
        return
    yield from role_reference_problems(what, key, role)
    if managed and key.stack is None and role.is_of_another_account_than(key.account):
        yield (
            f"{what} belongs to account {key.account}, and ImportedKeyPolicy.MANAGED works in the stack's "
            "account only: use ImportedKeyPolicy.PENDING and have the key's owner add the statements"
        )


def key_spec_problems(what: object, spec: object) -> Iterator[str]:
    """Explain that a key of this app, of this spec, generates no data keys."""
    # A replica has the spec of its primary key, which is of another Region and may be none of this app.
    if isinstance(spec, str) and not is_token(spec) and spec != "SYMMETRIC_DEFAULT":
        yield (
            f"{what} is a {spec} key but Personalize needs data keys, which only symmetric encryption keys generate: "
            "use KeySpec.SYMMETRIC_DEFAULT"
        )


def bucket_problems(what: str, bucket: BucketFacts, here: Place) -> Iterator[str]:
    """Explain why Personalize can't use a bucket in this stack."""
    if bucket.stack is None:
        yield from _bucket_arn_problems(what, bucket.arn)
    yield from environment_problems(what, bucket, here)
    yield from reference_problems(what, bucket, here, needs_export=bucket.l2 is None)


def resource_problems(resource: PersonalizeResource, *, in_one_bucket: bool) -> Iterator[str]:
    """Explain why Personalize can't use the locations of a resource."""
    kind = resource.permissions.resource
    source, destination = resource.source, resource.destination
    path_problems: list[str] = []
    for what, location in resource.locations():
        path_problems = [*_path_problems(what, location)]
        yield from path_problems
    # The destination comes last; what is no prefix would make no folder either.
    if destination is not None and not path_problems:
        yield from _folder_problems(f"destination of {kind}", destination)
    if in_one_bucket and source is not None and destination is not None and _same_folder(source, destination):
        yield (
            f"{kind} has the same source and destination, prefix {source.prefix!r} of one bucket, but Personalize "
            "wants another folder for the output: change one of the prefixes, or allow source and destination as two "
            "resources, if each job has paths of its own below the prefix"
        )


def _folder_problems(what: str, location: S3Location) -> Iterator[str]:
    prefix = location.prefix
    if is_yet_to_be_looked_up(prefix):
        return
    # A token at the end may become a string that ends in a slash.
    if prefix and not prefix.endswith(("/", "]}")):
        yield f"{what} has prefix {prefix!r}, which is not a folder: end it in '/', as {prefix + '/'!r}"


def _same_folder(one: S3Location, other: S3Location) -> bool:
    return one.prefix.rstrip("/") == other.prefix.rstrip("/") and not is_yet_to_be_looked_up(one.prefix)


def _path_problems(what: str, location: S3Location) -> Iterator[str]:
    prefix, literal = location.prefix, literal_part(location.prefix)
    if prefix.startswith("/") or "://" in prefix:
        yield (
            f"{what} has prefix {prefix!r}: give the key prefix below the bucket alone, without a leading slash "
            "or s3:// address, as 'import/'"
        )
    if any(special in literal for special in ("*", "?", "${")):
        yield (
            f"{what} has prefix {prefix!r}: '*', '?' and '${{' are wildcards and variables in policies and would "
            "allow other objects too; use a prefix without them"
        )
    if len("s3:///") + _MAX_BUCKET_NAME_LENGTH + len(literal) > _MAX_URI_LENGTH:
        name = location.bucket_name
        is_exact = not is_token(name) and literal == prefix
        length = len(f"s3://{literal_part(name)}/{literal}")
        if length > _MAX_URI_LENGTH:
            yield (
                f"{what} has a path of {length} characters{'' if is_exact else ' without what is known at deployment'} "
                f"but Personalize takes {_MAX_URI_LENGTH} at most: use a shorter prefix"
            )


def _key_arn_problems(what: str, arn: str) -> Iterator[str]:
    if is_token(arn):
        parts = arn.split(":")
        known = len(parts) == len(["arn", "aws", "kms", "region", "account", "key"])
        is_wrong = any(wildcard in literal_part(arn) for wildcard in "*?") or (
            known and not (is_token(parts[4]) or _ACCOUNT.fullmatch(parts[4]))
        )
    else:
        is_wrong = not KEY_ARN.fullmatch(arn)
    if is_wrong:
        yield (
            f"{what} has the ARN {arn}, which no key has: pass one of the form "
            "arn:aws:kms:REGION:ACCOUNT:key/ID, with an account of 12 digits and without wildcards"
        )


def _bucket_arn_problems(what: str, arn: str) -> Iterator[str]:
    name = literal_part(arn).rpartition(":")[2]
    if any(character in name for character in "/*?"):
        yield (
            f"{what} has the ARN {arn}, which no bucket has: pass the bucket alone, and the folder as the prefix of "
            "the S3Location"
        )
