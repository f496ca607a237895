"""An EventBridge rule on calls that could take away Personalize's access to a key."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from aws_cdk import Lazy
from constructs import Construct

from ._tokens import Producer

if TYPE_CHECKING:
    from aws_cdk import IListProducer
    from aws_cdk import aws_events as events

# The KMS developer guide, "Logging AWS KMS API calls with AWS CloudTrail", shows each call with the
# key in ``resources``. A call that was refused has an ``errorCode``.
_REVOKING_CALLS = [
    "DeleteImportedKeyMaterial",
    "DisableKey",
    "PutKeyPolicy",
    "RetireGrant",
    "RevokeGrant",
    "ScheduleKeyDeletion",
]


def key_access_rule(
    scope: Construct, id: str, key_arns: Callable[[], list[str]], **options: Any
) -> events.Rule:
    """Make a rule on API calls in CloudTrail that could revoke access to the keys.

    The keys are those at synth. The options are those of ``events.Rule``.
    """
    # Saves time: few stacks have such a rule, and the module is large.
    from aws_cdk import aws_events as events

    arns = Producer(lambda _: key_arns())
    return events.Rule(
        scope,
        id,
        **options,
        event_pattern=events.EventPattern(
            source=["aws.kms"],
            detail_type=["AWS API Call via CloudTrail"],
            detail={
                "eventSource": ["kms.amazonaws.com"],
                "eventName": _REVOKING_CALLS,
                "errorCode": [{"exists": False}],
                "resources": {"ARN": Lazy.uncached_list(cast("IListProducer", arns))},
            },
        ),
    )
