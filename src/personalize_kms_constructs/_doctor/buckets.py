"""S3 buckets as they are deployed."""

from __future__ import annotations

from typing import Any

from .._access.model import Bucket
from .._access.problems import AWS_MANAGED_KEY
from .._access.written import Policy
from .._values import unknown
from .asking import AbsentError, Account, NotAnsweredError


def read_bucket(account: Account, name: str) -> Bucket:
    """Read a bucket, of this account or another one.

    Its key is as the bucket has it: an ARN, an id or an alias.
    """
    arn = f"arn:{account.partition}:s3:::{name}"
    bucket = Bucket(arn, unknown(f"account of {arn}"))
    try:
        place = account.ask("s3", "GetBucketLocation", "LocationConstraint", arn, Bucket=name) or "us-east-1"
        bucket.region = "eu-west-1" if place == "EU" else place  # a name from before there were Regions
    except NotAnsweredError as error:
        bucket.unseen_region = str(error)
    except AbsentError:
        return Bucket(arn, account.id, exists=False)
    policy, bucket.unseen = account.see("s3", "GetBucketPolicy", "Policy", arn, Bucket=name)
    if policy is not None:
        bucket.policies = [Policy(policy, "the bucket policy")]
    if not bucket.unseen:
        bucket.account = account.id  # S3 shows a bucket's policy, or that there is none, to nobody else
    member = "ServerSideEncryptionConfiguration"
    encryption, bucket.unseen_encryption = account.see("s3", "GetBucketEncryption", member, arn, Bucket=name)
    bucket.key_arn = _default_key(encryption) if encryption is not None else None
    return bucket


def _default_key(encryption: Any) -> str | None:
    for rule in encryption["Rules"]:
        default = rule.get("ApplyServerSideEncryptionByDefault", {})
        if str(default.get("SSEAlgorithm", "")).startswith("aws:kms"):
            return str(default.get("KMSMasterKeyID") or AWS_MANAGED_KEY)
    return None
