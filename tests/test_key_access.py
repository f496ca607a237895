"""The rule on calls that could revoke access to the key, against records in CloudTrail's guide."""

import json
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns

from embedded_aws import EmbeddedAws
from personalize_kms_constructs import PersonalizeEncryption
from tests.life.conftest import importing
from tests.policies import resources

KEY_ARN = "arn:aws:kms:us-west-2:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
OTHER_ARN = "arn:aws:kms:us-west-2:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321"
REVOKING = [
    *("DeleteImportedKeyMaterial", "DisableKey", "PutKeyPolicy", "RetireGrant", "RevokeGrant"),
    "ScheduleKeyDeletion",
]


def event(name: str, key_arn: str = KEY_ARN, source: str = "kms") -> dict[str, Any]:
    """Return EventBridge's event for a record of CloudTrail, with the fields that matter."""
    return {
        "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718",
        "detail-type": "AWS API Call via CloudTrail",
        "source": f"aws.{source}",
        "account": "111122223333",
        "time": "2022-09-01T19:39:33Z",
        "region": "us-west-2",
        "resources": [],
        "detail": {
            "eventSource": f"{source}.amazonaws.com",
            "eventName": name,
            "requestParameters": {"keyId": "1234abcd-12ab-34cd-56ef-1234567890ab"},
            "resources": [{"accountId": "111122223333", "type": "AWS::KMS::Key", "ARN": key_arn}],
        },
    }


@pytest.fixture(scope="module")
def is_matched(running_aws: EmbeddedAws) -> Callable[[dict[str, Any]], bool]:
    """EventBridge's own decision, the embedded AWS's, on the rule of an imported key."""
    stack = cdk.Stack(cdk.App(analytics_reporting=False), "Stack")
    key = kms.Key.from_key_arn(stack, "Key", KEY_ARN)
    PersonalizeEncryption(stack, "Encryption", encryption_key=key).on_key_access_changed("Changed")
    (rule,) = resources(stack, "AWS::Events::Rule").values()
    pattern = json.dumps(rule["Properties"]["EventPattern"])
    events = running_aws.client("events")
    return lambda event: bool(
        events.test_event_pattern(EventPattern=pattern, Event=json.dumps(event))["Result"]
    )


@pytest.mark.parametrize("name", REVOKING)
def test_it_matches_what_revokes_access_to_this_key(
    is_matched: Callable[[Any], bool], name: str
) -> None:
    """Each of these calls, but none on another key, and none that was refused."""
    assert is_matched(event(name))
    assert not is_matched(event(name, OTHER_ARN))
    refused = event(name)
    refused["detail"]["errorCode"] = "AccessDenied"
    assert not is_matched(refused)


def test_it_leaves_other_calls_alone(is_matched: Callable[[Any], bool]) -> None:
    """Using a key or giving access revokes nothing, nor do other services' calls of these names."""
    others = [event(name) for name in ("Decrypt", "CreateGrant", "EnableKey", "CancelKeyDeletion")]
    assert not any(map(is_matched, [*others, event("DisableKey", source="apigateway")]))


def test_it_has_the_options_of_a_rule(stack: cdk.Stack) -> None:
    """Target, description and name are as in the CDK's ``on…`` methods; a key is a reference."""
    topic = sns.Topic(stack, "Topic")
    PersonalizeEncryption(stack, "Encryption").on_key_access_changed(
        "Changed", target=targets.SnsTopic(topic), description="key access", rule_name="key-access"
    )
    (rule,) = resources(stack, "AWS::Events::Rule").values()
    properties = rule["Properties"]
    assert (properties["Description"], properties["Name"]) == ("key access", "key-access")
    assert [target["Arn"] for target in properties["Targets"]] == [{"Ref": "TopicBFC7AF6E"}]
    assert properties["EventPattern"]["detail"]["resources"] == {
        "ARN": [{"Fn::GetAtt": ["EncryptionKey3A692D6E", "Arn"]}]
    }


def test_it_is_about_every_key_in_use(
    stack: cdk.Stack, encrypted_bucket: s3.Bucket, data_key: kms.Key
) -> None:
    """It has the keys of locations, each once, and the dataset group's in any case."""
    encryption = PersonalizeEncryption(stack, "Encryption")
    encryption.on_key_access_changed("Changed")
    other = kms.Key.from_key_arn(stack, "Other", OTHER_ARN)
    encryption.allow(
        importing(encrypted_bucket, "a/"),
        importing(encrypted_bucket, "b/"),
        importing(encrypted_bucket, "c/", encryption_key=other),
    )
    (rule,) = resources(stack, "AWS::Events::Rule").values()
    assert rule["Properties"]["EventPattern"]["detail"]["resources"]["ARN"] == [
        {"Fn::GetAtt": ["EncryptionKey3A692D6E", "Arn"]},
        {"Fn::GetAtt": ["DataKey17AFBB84", "Arn"]},
        OTHER_ARN,
    ]
