"""What else is in the app, found by one walk through its tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import IConstruct

from .._tokens import l1_behind

_ATTRIBUTE = "_personalize_kms_constructs_contents"


@dataclass
class AppContents:
    """L1s of the app that have a say in whether what Personalize needs is deployed."""

    bucket_policies: list[s3.CfnBucketPolicy] = field(default_factory=list)
    """Those that no ``s3.BucketPolicy`` made."""
    managed_policies: list[iam.CfnManagedPolicy] = field(default_factory=list)
    readers: set[object] = field(default_factory=set)
    """The constructs that have read this in the present synth."""


def contents_of(construct: IConstruct) -> AppContents:
    """Walk through the whole app."""
    contents = AppContents()
    parent: object = None
    for each in construct.node.root.node.find_all():
        if isinstance(each, iam.CfnManagedPolicy):
            contents.managed_policies.append(each)
        # A parent stands before its children.
        elif isinstance(each, s3.CfnBucketPolicy) and not isinstance(parent, s3.BucketPolicy):
            contents.bucket_policies.append(each)
        parent = each
    return contents


def contents_at_synth(construct: IConstruct) -> AppContents:
    """Return what one walk has found for all constructs of a synth; a construct that asks again is in the next one."""
    root = construct.node.root
    contents: AppContents | None = getattr(root, _ATTRIBUTE, None)
    if contents is None or construct in contents.readers:
        contents = contents_of(construct)
        setattr(root, _ATTRIBUTE, contents)
    contents.readers.add(construct)
    return contents


def bucket_policies_of(bucket: s3.CfnBucket, policies: list[s3.CfnBucketPolicy]) -> Iterator[s3.CfnBucketPolicy]:
    """Yield the policies that belong to a bucket, by a reference or by its name."""
    for policy in policies:
        of = l1_behind(policy.bucket, s3.CfnBucket)
        if policy.bucket == bucket.bucket_name if of is None else of.attr_arn == bucket.attr_arn:
            yield policy
