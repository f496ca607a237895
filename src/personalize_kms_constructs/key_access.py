"""An EventBridge rule on calls that could take away Personalize's access to a key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from constructs import Construct

if TYPE_CHECKING:
    from aws_cdk import aws_events as events

# Each is in the KMS developer guide, "Logging AWS KMS API calls with AWS CloudTrail", with the key in ``resources``.
_REVOKING_CALLS = ["DisableKey", "PutKeyPolicy", "RetireGrant", "RevokeGrant", "ScheduleKeyDeletion"]


def key_access_rule(
    scope: Construct,
    id: str,
    key_arn: str,
    *,
    target: events.IRuleTarget | None,
    description: str | None,
    rule_name: str | None,
) -> events.Rule:
    """A rule on the API calls, seen by CloudTrail, that could revoke access to this key."""
    # Imported here since few stacks have such a rule and the module is large.
    from aws_cdk import aws_events as events

    return events.Rule(
        scope,
        id,
        description=description,
        rule_name=rule_name,
        targets=None if target is None else [target],
        event_pattern=events.EventPattern(
            source=["aws.kms"],
            detail_type=["AWS API Call via CloudTrail"],
            detail={
                "eventSource": ["kms.amazonaws.com"],
                "eventName": _REVOKING_CALLS,
                "resources": {"ARN": [key_arn]},
            },
        ),
    )
