"""S3 buckets as they are deployed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from .asking import Account
from .errors import AbsentError, NotAnsweredError

AWS_MANAGED_KEY = "alias/aws/s3"


@dataclass(frozen=True)
class BucketFacts:
    """What S3 says of a bucket."""

    name: str
    exists: bool = True
    is_own: bool = False
    """True if it is known to be of this account: S3 shows a bucket's policy to nobody else."""
    region: str = ""
    policy: Any = None
    """The bucket policy; none if there is none, or it can't be seen."""
    unseen: str = ""
    key: str = ""
    """The key of its default encryption with KMS, as the bucket has it: an ARN, an id or an alias."""
    unseen_encryption: str = ""
    blocks_public_access: bool | None = None
    """True if all four of its settings are on; none if that can't be seen."""


def read_bucket(account: Account, name: str) -> BucketFacts:
    """Read a bucket, of this account or another one."""
    s3 = account.client("s3")
    arn = f"arn:{account.partition}:s3:::{name}"
    found: dict[str, Any] = {}
    try:
        location = account.ask("s3:GetBucketLocation", arn, lambda: s3.get_bucket_location(Bucket=name))
        place = location.get("LocationConstraint") or "us-east-1"
        found["region"] = "eu-west-1" if place == "EU" else place  # a name from before there were Regions
    except AbsentError:
        return BucketFacts(name, exists=False)
    except NotAnsweredError:
        pass
    found |= _policy(account, s3, name, arn)
    found |= _encryption(account, s3, name, arn)
    try:
        answer = account.ask("s3:GetBucketPublicAccessBlock", arn, lambda: s3.get_public_access_block(Bucket=name))
        found["blocks_public_access"] = all(answer["PublicAccessBlockConfiguration"].values())
    except AbsentError:
        found["blocks_public_access"] = False
    except NotAnsweredError:
        pass
    return BucketFacts(name, **found)


def _policy(account: Account, s3: Any, name: str, arn: str) -> dict[str, Any]:
    try:
        answer = account.ask("s3:GetBucketPolicy", arn, lambda: s3.get_bucket_policy(Bucket=name))
        return {"policy": json.loads(answer["Policy"]), "is_own": True}
    except AbsentError:
        return {"is_own": True}
    except NotAnsweredError as error:
        return {"unseen": str(error)}


def _encryption(account: Account, s3: Any, name: str, arn: str) -> dict[str, Any]:
    try:
        answer = account.ask("s3:GetEncryptionConfiguration", arn, lambda: s3.get_bucket_encryption(Bucket=name))
    except AbsentError:
        return {}
    except NotAnsweredError as error:
        return {"unseen_encryption": str(error)}
    for rule in answer["ServerSideEncryptionConfiguration"]["Rules"]:
        default = rule.get("ApplyServerSideEncryptionByDefault", {})
        if str(default.get("SSEAlgorithm", "")).startswith("aws:kms"):
            return {"key": str(default.get("KMSMasterKeyID") or AWS_MANAGED_KEY)}
    return {}
