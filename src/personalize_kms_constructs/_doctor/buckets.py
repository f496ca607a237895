"""S3 buckets as they are deployed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._access.model import Bucket
from .._access.problems import AWS_MANAGED_KEY
from .._access.values import as_written, unknown
from .._access.written import Policy
from .asking import AbsentError, Account, NotAnsweredError


def read_bucket(account: Account, name: str) -> Bucket:
    """Read a bucket, of this account or another one.

    Its key is as the bucket has it: an ARN, an id or an alias.
    """
    arn = f"arn:{account.partition}:s3:::{name}"
    bucket = Bucket(arn, unknown(f"account of {arn}"))
    try:
        place = account.ask("s3", "GetBucketLocation", arn, Bucket=name).get("LocationConstraint") or "us-east-1"
        bucket.region = "eu-west-1" if place == "EU" else place  # a name from before there were Regions
    except AbsentError:
        return Bucket(arn, account.id, exists=False)
    except NotAnsweredError as error:
        bucket.unseen_region = str(error)
    try:
        found = account.ask("s3", "GetBucketPolicy", arn, Bucket=name)["Policy"]
        bucket.policies = [Policy(as_written(found), "the bucket policy")]
        bucket.account = account.id  # S3 shows a bucket's policy to nobody else
    except AbsentError:
        bucket.account = account.id
    except NotAnsweredError as error:
        bucket.unseen = str(error)
    try:
        bucket.key_arn = _default_key(account.ask("s3", "GetBucketEncryption", arn, Bucket=name))
    except AbsentError:
        pass
    except NotAnsweredError as error:
        bucket.unseen_encryption = str(error)
    bucket.notes = tuple(_notes(account, name, bucket))
    return bucket


def _default_key(answer: Any) -> str | None:
    for rule in answer["ServerSideEncryptionConfiguration"]["Rules"]:
        default = rule.get("ApplyServerSideEncryptionByDefault", {})
        if str(default.get("SSEAlgorithm", "")).startswith("aws:kms"):
            return str(default.get("KMSMasterKeyID") or AWS_MANAGED_KEY)
    return None


def _notes(account: Account, name: str, bucket: Bucket) -> Iterator[str]:
    if bucket.region:
        yield f"it is in {bucket.region}"
    if not bucket.unseen_encryption:
        yield f"it is encrypted with {bucket.key_arn or 'a key of S3, which needs no permission'}"
    try:
        found = account.ask("s3", "GetPublicAccessBlock", bucket.arn, Bucket=name, decides=False)
        is_blocked = all(found["PublicAccessBlockConfiguration"].values())
    except AbsentError:
        is_blocked = False
    except NotAnsweredError:
        return
    unneeded = "public access isn't blocked, and Personalize doesn't need it: block it if nobody else does"
    yield "public access is blocked" if is_blocked else unneeded
