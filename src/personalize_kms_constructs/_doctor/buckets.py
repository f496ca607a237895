"""S3 buckets as they are deployed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from .._access.model import Bucket
from .._access.problems import AWS_MANAGED_KEY
from .._access.values import unknown
from .._access.written import Policy
from .asking import AbsentError, Account, NotAnsweredError


def read_bucket(account: Account, name: str) -> Bucket:
    """Read a bucket, of this account or another one.

    Its key is as the bucket has it: an ARN, an id or an alias.
    """
    s3 = account.client("s3")
    arn = f"arn:{account.partition}:s3:::{name}"
    bucket = Bucket(arn, unknown(f"account of {arn}"))

    def ask(action: str, question: Callable[..., Any]) -> Any:
        # S3 answers from the bucket's Region.
        return account.ask(f"s3:{action}", arn, lambda: question(Bucket=name), elsewhere=True)

    try:
        place = ask("GetBucketLocation", s3.get_bucket_location).get("LocationConstraint") or "us-east-1"
        bucket.region = "eu-west-1" if place == "EU" else place  # a name from before there were Regions
    except AbsentError:
        return Bucket(arn, account.id, exists=False)
    except NotAnsweredError:
        pass
    try:
        found = ask("GetBucketPolicy", s3.get_bucket_policy)["Policy"]
        bucket.policies = [Policy(json.loads(found), "the bucket policy")]
        bucket.account = account.id  # S3 shows a bucket's policy to nobody else
    except AbsentError:
        bucket.account = account.id
    except NotAnsweredError as error:
        bucket.unseen = str(error)
    try:
        bucket.key_arn = _default_key(ask("GetEncryptionConfiguration", s3.get_bucket_encryption))
    except AbsentError:
        pass
    except NotAnsweredError as error:
        bucket.unseen_encryption = str(error)
    bucket.notes = tuple(_notes(bucket, lambda: ask("GetBucketPublicAccessBlock", s3.get_public_access_block)))
    return bucket


def _default_key(answer: Any) -> str | None:
    for rule in answer["ServerSideEncryptionConfiguration"]["Rules"]:
        default = rule.get("ApplyServerSideEncryptionByDefault", {})
        if str(default.get("SSEAlgorithm", "")).startswith("aws:kms"):
            return str(default.get("KMSMasterKeyID") or AWS_MANAGED_KEY)
    return None


def _notes(bucket: Bucket, ask: Callable[[], Any]) -> list[str]:
    notes = [f"it is in {bucket.region}"] if bucket.region else []
    if not bucket.unseen_encryption:
        notes.append(f"it is encrypted with {bucket.key_arn or 'a key of S3, which needs no permission'}")
    try:
        is_blocked = all(ask()["PublicAccessBlockConfiguration"].values())
    except AbsentError:
        is_blocked = False
    except NotAnsweredError:
        return notes
    unneeded = "public access isn't blocked, and Personalize doesn't need it: block it if nobody else does"
    return [*notes, "public access is blocked" if is_blocked else unneeded]
