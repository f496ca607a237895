"""Policies of keys and buckets that code of the app may replace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.checks.templates import (
    CLEAN,
    KEY,
    Json,
    check,
    complete,
    dataset_group,
    findings,
    importing,
    key,
    managed,
    policy,
    reasons,
)

KEY_ID: Any = {"Ref": "Key"}
BUCKET_ARN = "arn:aws:s3:::ratings"
# The id that the CDK gives the function of all AwsCustomResources.
SINGLETON = "AWS679f53fac002430cb0da5b7982bd2287ServiceRoleC1EA0FF2"


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


def function(
    *actions: str,
    on: Any = "*",
    id: str = "Runner",
    service: str = "lambda.amazonaws.com",
    condition: str = "",
) -> Json:
    """A role of a service, Lambda by default, with these permissions, or under a condition."""
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    runner = {
        "Type": "AWS::IAM::Role",
        "Properties": {"AssumeRolePolicyDocument": {"Statement": [trust]}},
    }
    allowed: Json = {"Effect": "Allow", "Action": list(actions), "Resource": on}
    chosen = {"Fn::If": [condition, allowed, {"Ref": "AWS::NoValue"}]} if condition else allowed
    return {id: runner, "Allowed": managed(chosen, role={"Ref": id})}


def test_a_policy_that_our_own_function_merges_into(tmp_path: Path) -> None:
    """The merged statements are known all the same: our function may replace the policy."""
    arn = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    properties = {"KeyArn": arn, "PolicyDocument": key()["Properties"]["KeyPolicy"]}
    parts = complete(
        Merged={"Type": "Custom::PersonalizeKeyPolicy", "Properties": properties},
        Movies=dataset_group(arn, waits=["Policy", "Merged"]),
        Policy=policy(arn),
        **function("kms:PutKeyPolicy", on=arn),
    )
    del parts["Resources"]["Key"]
    assert findings(check(tmp_path, parts)) == CLEAN


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
        (function("kms:PutKeyPolicy", on=KEY), OF_KEY, "Main/Runner"),
        (function("s3:putbucketpolicy", on=BUCKET_ARN), OF_BUCKET, "Main/Runner"),
        (function("kms:PutKeyPolicy"), OF_KEY, "Main/Runner"),
        (function("kms:PutKeyPolicy", on=KEY, condition="IsProd"), OF_KEY, "Main/Runner"),
        (function("kms:PutKeyPolicy", "s3:PutBucketPolicy"), OF_KEY | OF_BUCKET, "Main/Runner"),
        (function("kms:PutKeyPolicy", on="arn:aws:kms:eu-west-1:111122223333:key/x"), set(), ""),
        (function("kms:Put*", on=KEY), set(), ""),
        (function("kms:PutKeyPolicy", on=KEY, service="ecs.amazonaws.com"), set(), ""),
        (function("kms:PutKeyPolicy", id=SINGLETON), set(), ""),
    ],
)
def test_code_of_the_app_that_replaces_a_policy(
    more: Json, open_policies: set[str], by: str, tmp_path: Path
) -> None:
    """The template's policy is undecided; all policies are where the code may replace any."""
    report = check(tmp_path, importing(**more))
    if not open_policies:
        assert findings(report) == CLEAN
        return
    assert (report.missing, report.problems) == ((), ())
    assert {entry.policy for entry in report.undecided} == open_policies
    assert all(f"can't be seen: {by} may replace it" in reason for reason in reasons(report))
