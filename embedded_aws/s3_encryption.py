"""The parts of a bucket's encryption that ministack leaves out.

A bucket's BucketEncryption property is stored, so that `s3 GetBucketEncryption` answers for a
deployed bucket and Personalize knows which key guards its data. And a write under `aws:kms` need
not name a key: the CDK CLI publishes that way to a bootstrapped bucket, where S3 falls back to the
account's AWS managed key.
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from ministack.core.responses import get_account_id, get_region
from ministack.services import s3
from ministack.services.cloudformation import provisioners

SSE_HEADER = "x-amz-server-side-encryption"
KEY_HEADER = "x-amz-server-side-encryption-aws-kms-key-id"


def register() -> None:
    """Add the property to those of S3's API that ministack stores, and the fallback to writes."""
    provisioners._S3_BUCKET_CONFIGURATIONS += (
        (
            "BucketEncryption",
            _configuration_xml,
            s3._put_bucket_encryption,
            s3._delete_bucket_encryption,
        ),
    )
    resolve = s3._resolve_sse_write_headers

    def resolve_with_managed_key(headers: dict[str, str], bucket: str) -> Any:
        if headers.get(SSE_HEADER) == "aws:kms" and not headers.get(KEY_HEADER):
            managed = f"arn:aws:kms:{get_region()}:{get_account_id()}:alias/aws/s3"
            headers = {**headers, KEY_HEADER: managed}
        return resolve(headers, bucket)

    s3._resolve_sse_write_headers = resolve_with_managed_key


def _configuration_xml(encryption: dict[str, Any]) -> bytes:
    rules = ""
    for rule in encryption.get("ServerSideEncryptionConfiguration", ()):
        default = rule.get("ServerSideEncryptionByDefault", {})
        algorithm, key = default.get("SSEAlgorithm", "AES256"), default.get("KMSMasterKeyID")
        named_key = f"<KMSMasterKeyID>{escape(key)}</KMSMasterKeyID>" if key else ""
        rules += (
            "<Rule><ApplyServerSideEncryptionByDefault>"
            f"<SSEAlgorithm>{escape(algorithm)}</SSEAlgorithm>{named_key}"
            "</ApplyServerSideEncryptionByDefault></Rule>"
        )
    element = "ServerSideEncryptionConfiguration"
    return f'<{element} xmlns="{s3.S3_NS}">{rules}</{element}>'.encode()
