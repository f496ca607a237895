"""The most bytes that CloudFormation can make of statements, which decides which of the role's policies has them."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs._grant.sizes import most_of


@pytest.mark.parametrize(
    ("value", "most"),
    [
        ("Allow", 7),
        ("ö", 4),
        ('"', 4),
        ([], 2),
        (["a", "b"], 9),
        ({"a": "b"}, 9),
        ({"a": "b", "c": ["d"]}, 19),
    ],
)
def test_the_size_of(value: Any, most: int) -> None:
    """Strings have quotes, lists and objects brackets and commas, and nothing has white space."""
    assert most_of(value) == most


def test_the_size_of_pseudo_parameters() -> None:
    """In the partition, the Region and the account with the longest."""
    assert most_of(f"arn:{cdk.Aws.PARTITION}:x") == 2 + 4 + 10 + 2
    assert most_of(cdk.Aws.REGION) == 2 + 15
    assert most_of(cdk.Aws.ACCOUNT_ID) == 2 + 12


def test_the_size_of_an_arn(stack: cdk.Stack) -> None:
    """One before a folder is that of a bucket, whose name has 63 characters at most."""
    arn = s3.Bucket(stack, "Data").bucket_arn
    assert most_of(arn) == 2 + 96
    assert most_of(f"{arn}/in/*") == 2 + 20 + 63 + 5
    assert most_of(f"{arn}-x") == 2 + 96 + 2
