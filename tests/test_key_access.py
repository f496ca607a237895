"""The rule on what could revoke access to the key, against CloudTrail's records as the KMS developer guide has them."""

import json
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns

from embedded_aws import EmbeddedAws
from personalize_kms_constructs import PersonalizeEncryption
from tests.policies import resources

KEY_ARN = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER_ARN = "arn:aws:kms:us-west-2:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321"

RECORD = {
    "eventVersion": "1.08",
    "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/Alice", "accountId": "111122223333"},
    "eventTime": "2022-09-01T19:39:33Z",
    "eventSource": "kms.amazonaws.com",
    "awsRegion": "us-west-2",
    "sourceIPAddress": "192.0.2.0",
    "userAgent": "AWS Internal",
    "requestID": "1d274d57-5697-462c-a004-f25fcc29fa26",
    "eventID": "0771bcfb-3e24-4332-9ac8-e1c06563eecf",
    "readOnly": False,
    "eventType": "AwsApiCall",
    "managementEvent": True,
    "recipientAccountId": "111122223333",
    "eventCategory": "Management",
}
KEY_ID = {"keyId": "1234abcd-12ab-34cd-56ef-1234567890ab"}
REVOKING: dict[str, dict[str, Any]] = {
    "DisableKey": {"requestParameters": KEY_ID, "responseElements": None},
    "ScheduleKeyDeletion": {
        "requestParameters": {**KEY_ID, "pendingWindowInDays": 20},
        "responseElements": {"keyId": KEY_ARN, "keyState": "PendingDeletion", "pendingWindowInDays": 20},
    },
    "PutKeyPolicy": {
        "requestParameters": {**KEY_ID, "policyName": "default", "policy": "{}"},
        "responseElements": None,
    },
    "RevokeGrant": {"requestParameters": {**KEY_ID, "grantId": "f94d2a9f"}, "responseElements": None},
    "RetireGrant": {
        "requestParameters": None,
        "responseElements": None,
        "additionalEventData": {"grantId": "abcde123"},
    },
}


def event(name: str, key_arn: str = KEY_ARN, source: str = "kms") -> dict[str, Any]:
    """Return the event that EventBridge makes of a record of CloudTrail."""
    return {
        "version": "0",
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": "AWS API Call via CloudTrail",
        "source": f"aws.{source}",
        "account": "111122223333",
        "time": "2022-09-01T19:39:33Z",
        "region": "us-west-2",
        "resources": [],
        "detail": {
            **RECORD,
            **REVOKING.get(name, {"requestParameters": KEY_ID, "responseElements": None}),
            "eventName": name,
            "eventSource": f"{source}.amazonaws.com",
            "resources": [{"accountId": "111122223333", "type": "AWS::KMS::Key", "ARN": key_arn}],
        },
    }


@pytest.fixture
def pattern(stack: cdk.Stack) -> dict[str, Any]:
    key = kms.Key.from_key_arn(stack, "Key", KEY_ARN)
    PersonalizeEncryption(stack, "Encryption", encryption_key=key).on_key_access_changed("Changed")
    (rule,) = resources(stack, "AWS::Events::Rule").values()
    return dict(rule["Properties"]["EventPattern"])


@pytest.fixture(scope="module")
def matches() -> Any:
    """EventBridge's own decision, the embedded AWS's."""
    with EmbeddedAws() as aws:
        events = aws.client("events")
        yield lambda pattern, event: events.test_event_pattern(
            EventPattern=json.dumps(pattern), Event=json.dumps(event)
        )["Result"]


@pytest.mark.parametrize("name", REVOKING)
def test_it_matches_what_revokes_access(matches: Any, pattern: dict[str, Any], name: str) -> None:
    """Each of the five calls, on this key."""
    assert matches(pattern, event(name))


@pytest.mark.parametrize("name", REVOKING)
def test_it_leaves_other_keys_alone(matches: Any, pattern: dict[str, Any], name: str) -> None:
    """The same calls on another key are none of its business."""
    assert not matches(pattern, event(name, OTHER_ARN))


@pytest.mark.parametrize("name", ["Decrypt", "GenerateDataKey", "CreateGrant", "EnableKey", "CancelKeyDeletion"])
def test_it_leaves_other_calls_alone(matches: Any, pattern: dict[str, Any], name: str) -> None:
    """Using a key, or giving access, revokes nothing."""
    assert not matches(pattern, event(name))


def test_it_leaves_other_services_alone(matches: Any, pattern: dict[str, Any]) -> None:
    """A call of that name in another service is no call on the key."""
    assert not matches(pattern, event("DisableKey", source="apigateway"))


def test_it_has_the_options_of_a_rule(stack: cdk.Stack) -> None:
    """Target, description and name are those of the CDK's ``on…`` methods."""
    topic = sns.Topic(stack, "Topic")
    PersonalizeEncryption(stack, "Encryption").on_key_access_changed(
        "Changed", target=targets.SnsTopic(topic), description="key access", rule_name="key-access"
    )
    (rule,) = resources(stack, "AWS::Events::Rule").values()
    properties = rule["Properties"]
    assert (properties["Description"], properties["Name"]) == ("key access", "key-access")
    assert [target["Arn"] for target in properties["Targets"]] == [{"Ref": "TopicBFC7AF6E"}]
    assert properties["EventPattern"] == {
        "source": ["aws.kms"],
        "detail-type": ["AWS API Call via CloudTrail"],
        "detail": {
            "eventSource": ["kms.amazonaws.com"],
            "eventName": sorted(REVOKING),
            "resources": {"ARN": [{"Fn::GetAtt": ["EncryptionKey3A692D6E", "Arn"]}]},
        },
    }
