"""Where Personalize reads or writes data in S3."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Any

from aws_cdk import aws_s3 as s3

from ._refusals import refuse
from ._refusals.arguments import BUCKET, KEY, PREFIX, TypeTest, has, type_problems

if TYPE_CHECKING:
    from ._refusals.arguments import AnyBucket, AnyKey


@dataclass(frozen=True)
class S3Location:
    """A file or folder in a bucket, and its KMS key.

    Your bucket must be in the Region of your Personalize resources, and reachable from outside a
    VPC (https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-s3-access.html).

    Raises:
        ValueError: if an argument has the wrong type. The message has all the reasons.
    """

    bucket: AnyBucket
    """The bucket: an L2, an L1, an imported bucket or a reference."""

    prefix: str
    """The key prefix, without a leading slash.

    Pass a folder (``"import/"``), a file (``"import/ratings.csv"``), or ``""`` for the whole
    bucket. End a folder in ``/``; a destination must be a folder. ``allow`` refuses a prefix that
    Personalize can't take. S3 takes ``./``, ``//`` and a backslash literally, as parts of names.
    """

    _: KW_ONLY

    encryption_key: AnyKey | None = None
    """The key of the bucket's SSE-KMS encryption.

    Pass it where the bucket object doesn't know the key: for an imported bucket, or for objects
    encrypted with another key than the bucket's. By default it is the bucket's own key. A bucket
    without KMS encryption needs no KMS permissions.
    """

    def __post_init__(self) -> None:
        problems = (
            *type_problems(BUCKET, bucket=self.bucket),
            *type_problems(PREFIX, prefix=self.prefix),
            *type_problems(KEY, optional=True, encryption_key=self.encryption_key),
        )
        refuse("S3Location", problems)
        # A member of a string Enum would be formatted as its name.
        object.__setattr__(self, "prefix", str.__str__(self.prefix))

    @property
    def bucket_name(self) -> str:
        """The name of the bucket."""
        bucket: Any = self.bucket
        if isinstance(bucket, s3.CfnBucket):
            return bucket.ref
        if has(bucket, "bucket_name"):
            return str(bucket.bucket_name)
        return str(bucket.bucket_ref.bucket_name)

    @property
    def uri(self) -> str:
        """The ``s3://bucket/prefix`` path that Personalize takes."""
        return f"s3://{self.bucket_name}/{self.prefix}"


LOCATION = TypeTest(
    "a location", lambda value: isinstance(value, S3Location), "pass S3Location(bucket, prefix)"
)
