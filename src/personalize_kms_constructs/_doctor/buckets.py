"""S3 buckets as they are deployed."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .asking import Account
from .errors import AbsentError, NotAnsweredError

AWS_MANAGED_KEY = "alias/aws/s3"


@dataclass(frozen=True)
class BucketFacts:
    """The answers of S3 about a bucket."""

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

    def ask(action: str, question: Callable[..., Any]) -> Any:
        # S3 answers from the bucket's Region.
        return account.ask(f"s3:{action}", arn, lambda: question(Bucket=name), elsewhere=True)

    try:
        location = ask("GetBucketLocation", s3.get_bucket_location)
        place = location.get("LocationConstraint") or "us-east-1"
        found["region"] = "eu-west-1" if place == "EU" else place  # a name from before there were Regions
    except AbsentError:
        return BucketFacts(name, exists=False)
    except NotAnsweredError:
        pass
    found |= _policy(lambda: ask("GetBucketPolicy", s3.get_bucket_policy))
    found |= _encryption(lambda: ask("GetEncryptionConfiguration", s3.get_bucket_encryption))
    try:
        answer = ask("GetBucketPublicAccessBlock", s3.get_public_access_block)
        found["blocks_public_access"] = all(answer["PublicAccessBlockConfiguration"].values())
    except AbsentError:
        found["blocks_public_access"] = False
    except NotAnsweredError:
        pass
    return BucketFacts(name, **found)


def _policy(ask: Callable[[], Any]) -> dict[str, Any]:
    try:
        return {"policy": json.loads(ask()["Policy"]), "is_own": True}
    except AbsentError:
        return {"is_own": True}
    except NotAnsweredError as error:
        return {"unseen": str(error)}


def _encryption(ask: Callable[[], Any]) -> dict[str, Any]:
    try:
        answer = ask()
    except AbsentError:
        return {}
    except NotAnsweredError as error:
        return {"unseen_encryption": str(error)}
    for rule in answer["ServerSideEncryptionConfiguration"]["Rules"]:
        default = rule.get("ApplyServerSideEncryptionByDefault", {})
        if str(default.get("SSEAlgorithm", "")).startswith("aws:kms"):
            return {"key": str(default.get("KMSMasterKeyID") or AWS_MANAGED_KEY)}
    return {}
