"""Compares the deployed policies with AWS's page when a Personalize resource is created."""

from __future__ import annotations

import re

from embedded_aws import deployed, kms_calls
from embedded_aws.access import Caller, Key, Location, Role, Uses, describe, missing
from embedded_aws.errors import invalid_input
from embedded_aws.import_data import split_path
from embedded_aws.personalize_store import Fields, required
from embedded_aws.requirements import Row

KEY_ARN = re.compile(r"arn:aws.*:kms:.*:[0-9]{12}:key/.*")


def require(row: Row, caller_arn: str, role_arn: str, uses: Uses) -> None:
    """Refuse with the name of everything that is missing, or record the calls to KMS."""
    lacking = missing(row, Caller(caller_arn), _role(role_arn), uses)
    if lacking:
        name = caller_arn.split(":", 5)[5].partition("/")[2]
        raise invalid_input(
            f"Insufficient privileges for {row.resource} {name}: {describe(lacking)}"
        )
    for key in (uses.source_key, uses.destination_key, uses.dataset_group_key):
        if key is not None:
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
    if key.state != "Enabled":
        raise invalid_input(f"KMS key {arn} is not enabled: its state is {key.state}")
    if (key.spec, key.usage) != ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"):
        raise invalid_input(
            f"KMS key {arn} is not a symmetric encryption key: it is {key.spec} for {key.usage}"
        )
    return key


def bucket_at(path: str) -> deployed.DeployedBucket:
    """The bucket of an s3:// path, in the call's Region (PDG granting-personalize-s3-access)."""
    name, _ = split_path(path)
    bucket = deployed.bucket(name)
    if bucket is None:
        raise invalid_input(f"Amazon S3 bucket {name} does not exist")
    if bucket.region != deployed.caller_region():
        raise invalid_input(
            f"Amazon S3 bucket {name} is in {bucket.region}, and has to be in "
            f"{deployed.caller_region()}"
        )
    return bucket


def encryption_key_of(bucket: deployed.DeployedBucket) -> Key | None:
    """The customer managed key of a bucket, or None where S3 encrypts with its own keys."""
    if not bucket.algorithm.startswith("aws:kms"):
        return None
    if bucket.key_id is None:
        raise invalid_input(
            f"Amazon S3 bucket {bucket.name} is encrypted with the AWS managed key aws/s3, "
            "whose key policy can't be made to allow personalize.amazonaws.com"
        )
    arn = deployed.key_arn(bucket.key_id)
    if arn is None:
        raise invalid_input(
            f"KMS key {bucket.key_id} of Amazon S3 bucket {bucket.name} does not exist"
        )
    return usable_key(arn)


def place_in(config: Fields, field: str) -> tuple[str, Key | None]:
    """A path, and the key that is named with it or is the bucket's."""
    place = required(config, field)
    path = required(place, "path")
    own_key = place.get("kmsKeyArn")
    return path, usable_key(own_key) if own_key else encryption_key_of(bucket_at(path))


def input_location(path: str, key: Key | None) -> Location:
    """A file, or every file below a prefix that ends in a slash."""
    bucket = bucket_at(path)
    _, prefix = split_path(path)
    objects = bucket.object_keys(prefix)
    if not prefix.endswith("/"):
        objects = tuple(key for key in objects if key == prefix)
    # Permissions are judged before data is looked for, so an absent file still has a name to be
    # judged by.
    return Location(bucket.name, bucket.account, bucket.policy, objects or (prefix,), prefix, key)


def output_location(path: str, key: Key | None) -> Location:
    """A place Personalize writes to; the object's name stands for whatever it writes there."""
    bucket = bucket_at(path)
    _, prefix = split_path(path)
    folder = f"{prefix.rstrip('/')}/" if prefix else ""
    return Location(
        bucket.name, bucket.account, bucket.policy, (f"{folder}output.csv",), prefix, key
    )


def _role(arn: str) -> Role:
    if arn.split(":")[4] != deployed.caller_account():
        raise invalid_input("Cross-account pass role is not allowed.")
    role = deployed.role(arn)
    if role is None:
        raise invalid_input(f"Role {arn} does not exist")
    return role
