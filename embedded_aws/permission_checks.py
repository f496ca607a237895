"""Compares the deployed policies with AWS's page when a Personalize resource is created."""

from __future__ import annotations

import re

from embedded_aws import deployed, kms_calls
from embedded_aws.access import Caller, Key, Location, Role, Uses, describe, in_effect, missing
from embedded_aws.errors import invalid_input
from embedded_aws.personalize_store import Fields, required
from embedded_aws.requirements import Row
from embedded_aws.s3_encryption import KEY_HEADER, SSE_HEADER

KEY_ARN = re.compile(r"arn:aws.*:kms:.*:[0-9]{12}:key/.*")
MANAGED_BY_AWS = "alias/aws/s3"


def require(row: Row, caller_arn: str, role_arn: str, uses: Uses) -> None:
    """Refuse with the name of everything that is missing, or record the calls to KMS."""
    lacks = describe(missing(row, Caller(caller_arn), _role(role_arn), uses))
    if lacks:
        name = caller_arn.split(":", 5)[5].partition("/")[2]
        raise invalid_input(f"Insufficient privileges for {row.resource} {name}: {lacks}")
    for key, _ in uses.keys(row):
        kms_calls.record(row.key_policy, key.arn, role_arn)


def usable_key(arn: str) -> Key:
    """The key an ARN names, when Personalize can work with it at all.

    `GenerateDataKey` exists for symmetric encryption keys only, and KMS is Regional (KMS developer
    guide, multi-region-keys-overview).
    """
    if not KEY_ARN.fullmatch(arn):
        raise invalid_input(
            f"Value '{arn}' at 'kmsKeyArn' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {KEY_ARN.pattern}"
        )
    if arn.split(":")[3] != deployed.caller_region():
        raise invalid_input(f"KMS key {arn} is not in {deployed.caller_region()}")
    key = deployed.key(arn)
    if key is None:
        raise invalid_input(f"KMS key {arn} does not exist")
    if key["KeyState"] != "Enabled":
        raise invalid_input(f"KMS key {arn} is not enabled: its state is {key['KeyState']}")
    if (key["KeySpec"], key["KeyUsage"]) != ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"):
        raise invalid_input(
            f"KMS key {arn} is not a symmetric encryption key: it is {key['KeySpec']} "
            f"for {key['KeyUsage']}"
        )
    return Key(arn, in_effect(key["Policy"]))


def input_location(place: Fields, field: str) -> Location:
    """A file, or every file below a prefix that ends in a slash; each may have a key of its own."""
    bucket, prefix, key = _place_in(place, field)
    objects = []
    own_keys: list[Key] = []
    for name in sorted(bucket.objects):
        if name == prefix or (name.startswith(prefix) and prefix.endswith("/")):
            objects.append(name)
            own = _customer_key(bucket.encryption_of(name), f"s3://{bucket.name}/{name}")
            if own and own not in (key, *own_keys):
                own_keys.append(own)
    # Permissions are judged before data is looked for, so an absent file still has a name to be
    # judged by.
    names = tuple(objects) or (prefix,)
    return Location(bucket.name, bucket.account, bucket.policy, names, prefix, key, tuple(own_keys))


def output_location(config: Fields) -> Location:
    """A place Personalize writes to; the object's name stands for whatever it writes there."""
    bucket, prefix, key = _place_in(required(config, "s3DataDestination"), "path")
    folder = f"{prefix.rstrip('/')}/" if prefix else ""
    written = (f"{folder}output.csv",)
    return Location(bucket.name, bucket.account, bucket.policy, written, prefix, key)


def _place_in(place: Fields, field: str) -> tuple[deployed.DeployedBucket, str, Key | None]:
    """A bucket, a prefix in it, and the key that is named with them or is the bucket's.

    The bucket is in the call's Region (PDG granting-personalize-s3-access).
    """
    path = required(place, field)
    name, _, prefix = path.removeprefix("s3://").partition("/")
    bucket = deployed.bucket(name)
    if bucket is None or not path.startswith("s3://"):
        raise invalid_input(f"Amazon S3 bucket of {path} does not exist")
    region = deployed.caller_region()
    if bucket.region != region:
        why = f"Amazon S3 bucket {name} is in {bucket.region}, and has to be in {region}"
        raise invalid_input(why)
    if place.get("kmsKeyArn"):
        return bucket, prefix, usable_key(place["kmsKeyArn"])
    return bucket, prefix, _customer_key(bucket.encryption, f"s3://{name}")


def _customer_key(encryption: dict[str, str], path: str) -> Key | None:
    """The customer managed key of a bucket or object, or None where S3 has its own keys."""
    if not encryption.get(SSE_HEADER, "").startswith("aws:kms"):
        return None
    key_id = encryption.get(KEY_HEADER, MANAGED_BY_AWS)
    if key_id.endswith(MANAGED_BY_AWS):
        raise invalid_input(
            f"{path} is encrypted with the AWS managed key aws/s3, whose key policy can't be made "
            "to allow personalize.amazonaws.com"
        )
    arn = deployed.key_arn(key_id)
    if arn is None:
        raise invalid_input(f"KMS key {key_id} of {path} does not exist")
    return usable_key(arn)


def _role(arn: str) -> Role:
    if arn.split(":")[4] != deployed.caller_account():
        raise invalid_input("Cross-account pass role is not allowed.")
    role = deployed.role(arn)
    if role is None:
        raise invalid_input(f"Role {arn} does not exist")
    return role
