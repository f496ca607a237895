"""The contract on places: the order of statements, and which policy of the role has each.

A statement that moves from one deployed policy to another is taken out of the one before or after
it is put into the other, so that the role may be without it for a moment.
"""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.life.conftest import GROUP, allowing, importing
from tests.policies import bucket_policy, resources, role_policy, sids_of
from tests.test_contract import CONSEQUENCE


def shown(value: Any) -> Any:
    """Return a template's value with its functions as short strings."""
    match value:
        case {"Fn::Join": ["", parts]}:
            return "".join(map(shown, parts))
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
    return [shown(item) for item in value] if isinstance(value, list) else value


KEY = (
    "arn:<AWS::Partition>:kms:<AWS::Region>:<AWS::AccountId>:"
    "key/1234abcd-12ab-34cd-56ef-1234567890ab"
)
FIRST = {
    "CreateGrants": KEY,
    "ListBucket": ["arn:<AWS::Partition>:s3:::amzn-s3-demo-bucket", "<Data666C94C7.Arn>"],
    "ReadObjects": "arn:<AWS::Partition>:s3:::amzn-s3-demo-bucket/import/*",
    "UseKey": [KEY, "<DataKey17AFBB84.Arn>"],
    "ExportData": KEY,
}
FOLDERS = [f"<Data666C94C7.Arn>/{number:02}/*" for number in range(53)]


@pytest.mark.parametrize(
    ("last", "policies"),
    [
        (
            "12345",
            {
                "EncryptionPolicy3F28E3E0": {
                    **FIRST,
                    "WriteObjects": [*FOLDERS, "<Data666C94C7.Arn>/12345/*"],
                }
            },
        ),
        (
            "123456",
            {
                "EncryptionPolicy3F28E3E0": {**FIRST, "WriteObjects": FOLDERS},
                "EncryptionPolicy20F93A8FB": {"WriteObjects": "<Data666C94C7.Arn>/123456/*"},
            },
        ),
    ],
    ids=["full to the last byte", "one byte too many"],
)
def test_statements_stand_in_their_policies(
    stack: cdk.Stack, last: str, policies: dict[str, Any]
) -> None:
    """Tokens count at their longest: another number of bytes for one fails one of the cases."""
    key_arn = stack.format_arn(
        service="kms", resource="key", resource_name="1234abcd-12ab-34cd-56ef-1234567890ab"
    )
    data = s3.Bucket(stack, "Data", encryption_key=kms.Key(stack, "DataKey"))
    archive = s3.Bucket.from_bucket_name(stack, "Archive", "amzn-s3-demo-bucket")
    encryption = allowing(
        stack, GROUP, importing(archive), encryption_key=kms.Key.from_key_arn(stack, "Key", key_arn)
    )
    for folder in (*(f"{number:02}" for number in range(53)), last):
        encryption.allow(PersonalizeResource.dataset_export_job(S3Location(data, f"{folder}/")))
    assert {
        logical_id: {
            statement["Sid"]: shown(statement["Resource"])
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        }
        for logical_id, policy in resources(stack, "AWS::IAM::ManagedPolicy").items()
    } == policies, CONSEQUENCE


def l1_with_a_policy(stack: cdk.Stack) -> s3.CfnBucket:
    """A bucket whose policy is the user's, and has statements of ours behind the user's own."""
    bucket = s3.CfnBucket(stack, "Data")
    document: dict[str, Any] = {"Version": "2012-10-17", "Statement": []}
    s3.CfnBucketPolicy(stack, "Own", bucket=bucket.ref, policy_document=document)
    return bucket


@pytest.mark.parametrize(
    "make",
    [
        lambda stack: s3.Bucket(stack, "Data"),
        lambda stack: s3.CfnBucket(stack, "Data"),
        l1_with_a_policy,
    ],
    ids=["L2", "L1", "L1 with a policy"],
)
def test_statements_stand_in_the_order_of_the_calls(
    stack: cdk.Stack, make: Callable[[cdk.Stack], Any]
) -> None:
    """The statements of one call are sorted."""
    bucket = make(stack)
    encryption = PersonalizeEncryption(stack, "Encryption")
    encryption.add_dataset_group("Movies", name="movies")
    encryption.allow(PersonalizeResource.dataset_export_job(S3Location(bucket, "export/")))
    encryption.allow(PersonalizeResource.dataset_import_job(S3Location(bucket, "import/")))
    in_iam = sids_of(role_policy(stack))
    assert in_iam == ["UseKey", "ListBucket", "WriteObjects", "ReadObjects"], CONSEQUENCE
    assert sids_of(bucket_policy(stack)) == [
        "PersonalizeServiceListBucket",
        "PersonalizeServiceWriteObjects",
        "PersonalizeServiceReadObjects",
    ], CONSEQUENCE
