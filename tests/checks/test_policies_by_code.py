"""Policies of keys and buckets that an AwsCustomResource may replace."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.checks.templates import CLEAN, Json, check, findings, importing, reasons

KEY_ID: Any = {"Ref": "Key"}


def calling(service: str, action: str, event: str = "Update", **parameters: Any) -> Json:
    """An ``AwsCustomResource``, whose call is JSON with references."""
    call = json.dumps(
        {"service": service, "action": action, "parameters": {**parameters, "Policy": "{}"}}
    )
    parts: list[Any] = [call]
    if (reference := json.dumps(KEY_ID)) in call:
        before, after = call.split(reference)
        parts = [f'{before}"', KEY_ID, f'"{after}']
    return {"Put": {"Type": "Custom::AWS", "Properties": {event: {"Fn::Join": ["", parts]}}}}


OF_KEY, OF_BUCKET = {"key"}, {"bucket"}


@pytest.mark.parametrize(
    ("more", "open_policies", "by"),
    [
        (calling("KMS", "putKeyPolicy", KeyId=KEY_ID), OF_KEY, "Main/Put"),
        (
            calling("@aws-sdk/client-kms", "PutKeyPolicyCommand", "Create", KeyId=KEY_ID),
            OF_KEY,
            "Main/Put",
        ),
        (calling("S3", "putBucketPolicy", Bucket="ratings"), OF_BUCKET, "Main/Put"),
        (calling("S3", "putBucketPolicy"), OF_BUCKET, "Main/Put"),
        (calling("S3", "putBucketPolicy", Bucket="another"), set(), ""),
        (calling("KMS", "putKeyPolicy", KeyId="1234abcd-12ab-34cd-56ef-1234567890ab"), set(), ""),
        (calling("KMS", "describeKey", KeyId=KEY_ID), set(), ""),
        (calling("KMS", "putKeyPolicy", "Delete", KeyId=KEY_ID), set(), ""),
    ],
)
def test_a_custom_resource_that_replaces_a_policy(
    more: Json, open_policies: set[str], by: str, tmp_path: Path
) -> None:
    """The template's policy is undecided; all policies are where it may replace any."""
    report = check(tmp_path, importing(**more))
    if not open_policies:
        assert findings(report) == CLEAN
        return
    assert (report.missing, report.problems) == ((), ())
    assert {entry.policy for entry in report.undecided} == open_policies
    assert all(f"can't be seen: {by} may replace it" in reason for reason in reasons(report))
