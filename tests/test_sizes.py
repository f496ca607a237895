"""The sizes of finished policies, in bytes: the least and the most that CloudFormation can make of them."""

from typing import Any

import pytest

from personalize_kms_constructs._policies.sizes import size_of

PARTITION, REGION = {"Ref": "AWS::Partition"}, {"Ref": "AWS::Region"}
BUCKET, IMPORTED = {"Fn::GetAtt": ["Bucket", "Arn"]}, {"Fn::ImportValue": "Data:Bucket"}


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("Allow", 7, 7),
        ("ö", 4, 4),
        ('"', 4, 4),
        (True, 4, 4),
        (1000, 4, 4),
        ([], 2, 2),
        (["a", "b"], 9, 9),
        ({"a": "b", "c": 1}, 15, 15),
        (PARTITION, 2 + 3, 2 + 10),
        (REGION, 2 + 9, 2 + 15),
        ({"Ref": "Name"}, 2 + 1, 2 + 96),
        (BUCKET, 2 + 16, 2 + 96),
        (IMPORTED, 2 + 16, 2 + 96),
        ({"Fn::If": ["Yes", "a", "b"]}, 2 + 1, 2 + 96),
        ({"Fn::Join": ["", ["arn:", PARTITION, ":x"]]}, 2 + 4 + 3 + 2, 2 + 4 + 10 + 2),
        ({"Fn::Join": ["::", ["a", "b", "c"]]}, 2 + 3 + 4, 2 + 3 + 4),
        ({"Fn::Join": ["::", ["a"]]}, 2 + 1, 2 + 1),
        ({"Fn::Join": ["::", []]}, 2, 2),
        ({"Fn::Join": [",", {"Ref": "List"}]}, 2 + 1, 2 + 96),
        # A folder follows, so that it is a bucket, with a name of 63 characters at most.
        ({"Fn::Join": ["", [BUCKET, "/in/*"]]}, 2 + 16 + 5, 2 + 20 + 63 + 5),
        ({"Fn::Join": ["", [IMPORTED, "/in/*"]]}, 2 + 16 + 5, 2 + 20 + 63 + 5),
        ({"Fn::Join": ["", [BUCKET, "-x"]]}, 2 + 16 + 2, 2 + 96 + 2),
        ({"Fn::Join": ["", ["s3://", "a", "/in/*"]]}, 2 + 11, 2 + 11),
        ({"Fn::Join": ["", [{"Ref": "Name"}, "/in/*"]]}, 2 + 1 + 5, 2 + 96 + 5),
    ],
    ids=str,
)
def test_the_size_of(value: Any, least: int, most: int) -> None:
    """Strings have quotes, lists and objects brackets and commas, and nothing has white space."""
    assert size_of(value) == (least, most)
