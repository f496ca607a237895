"""An EventBridge rule on calls that could take away Personalize's access to a key."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, cast

import jsii
from aws_cdk import IListProducer, IResolveContext, Lazy
from constructs import Construct

if TYPE_CHECKING:
    from aws_cdk import aws_events as events

# The KMS developer guide, "Logging AWS KMS API calls with AWS CloudTrail", shows each call with the
# key in ``resources``.
_REVOKING_CALLS = [
    "DisableKey",
    "PutKeyPolicy",
    "RetireGrant",
    "RevokeGrant",
    "ScheduleKeyDeletion",
]


class RuleOptions(NamedTuple):
    """The options of the rule that users choose."""

    target: events.IRuleTarget | None
    description: str | None
    rule_name: str | None


def key_access_rule(
    scope: Construct, id: str, key_arns: Callable[[], list[str]], options: RuleOptions
) -> events.Rule:
    """Make a rule on API calls in CloudTrail that could revoke access to the keys.

    The keys are those that there are at synth.
    """
    # Saves time: few stacks have such a rule, and the module is large.
    from aws_cdk import aws_events as events

    return events.Rule(
        scope,
        id,
        description=options.description,
        rule_name=options.rule_name,
        targets=None if options.target is None else [options.target],
        event_pattern=events.EventPattern(
            source=["aws.kms"],
            detail_type=["AWS API Call via CloudTrail"],
            detail={
                "eventSource": ["kms.amazonaws.com"],
                "eventName": _REVOKING_CALLS,
                "resources": {"ARN": Lazy.uncached_list(cast("IListProducer", _Keys(key_arns)))},
            },
        ),
    )


@jsii.implements(IListProducer)
class _Keys:
    """Produces the ARNs of the keys that are in use when the template is written."""

    def __init__(self, arns: Callable[[], list[str]]) -> None:
        self._arns = arns

    def produce(self, context: IResolveContext) -> list[str]:
        """Return the ARNs."""
        return self._arns()
