"""S3 buckets as they are deployed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._access.model import Bucket
from .._access.policy_documents import Policy
from .._access.problems import AWS_MANAGED_KEY
from .._values import as_written, unknown
from .asking import Account


def read_bucket(account: Account, name: str) -> Bucket:
    """Read a bucket, of this account or another one.

    Its key is as the bucket has it: an ARN, an id or an alias.
    """
    arn = f"arn:{account.partition}:s3:::{name}"
    bucket = Bucket(arn, unknown(f"account of {arn}"))
    location, bucket.unseen_region = account.see("s3", "GetBucketLocation", arn, Bucket=name)
    if location is not None:
        place = location.get("LocationConstraint") or "us-east-1"
        bucket.region = "eu-west-1" if place == "EU" else place  # a name from before there were Regions
    elif not bucket.unseen_region:
        return Bucket(arn, account.id, exists=False)
    policy, bucket.unseen = account.see("s3", "GetBucketPolicy", arn, Bucket=name)
    if policy is not None:
        bucket.policies = [Policy(as_written(policy["Policy"]), "the bucket policy")]
    if not bucket.unseen:
        bucket.account = account.id  # S3 shows a bucket's policy, or that there is none, to nobody else
    encryption, bucket.unseen_encryption = account.see("s3", "GetBucketEncryption", arn, Bucket=name)
    bucket.key_arn = _default_key(encryption) if encryption is not None else None
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
    found, unseen = account.see("s3", "GetPublicAccessBlock", bucket.arn, Bucket=name, decides=False)
    unneeded = "public access isn't blocked, and Personalize doesn't need it: block it if nobody else does"
    if not unseen:
        is_blocked = found is not None and all(found["PublicAccessBlockConfiguration"].values())
        yield "public access is blocked" if is_blocked else unneeded
