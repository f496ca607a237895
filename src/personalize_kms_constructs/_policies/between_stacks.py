"""Dependencies between stacks, as far as they can be known before the CDK has looked for references."""

from __future__ import annotations

from collections.abc import Iterator

from aws_cdk import Stack
from aws_cdk import aws_s3 as s3

from .bucket_encryption import encryption_in_l1
from .names import outermost_stack
from .place import Place
from .resources import KeyFacts, bucket_facts, key_facts


def needs(one: Stack, other: Stack) -> bool:
    """Tell if a stack depends on another: it was told to, or a bucket of it is encrypted with a key of that one.

    Nested stacks are deployed with those around them.
    """
    one, other = outermost_stack(one), outermost_stack(other)
    stacks = (key.stack for key in _keys_of_buckets(one))
    return other in one.dependencies or any(stack is not None and outermost_stack(stack) is other for stack in stacks)


def _keys_of_buckets(stack: Stack) -> Iterator[KeyFacts]:
    here = Place.of(stack)
    for each in stack.node.find_all():
        if isinstance(each, s3.CfnBucket):
            found = encryption_in_l1(bucket_facts(each, here), here, lambda key: key_facts(key, here))
            if found.key is not None:
                yield found.key
