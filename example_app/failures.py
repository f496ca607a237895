"""Notices that a state machine has failed, with the reason, or hasn't run at all."""

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct


class Failures(Construct):
    """A topic for failed executions, with the reason, and for alarms."""

    def __init__(self, scope: Construct, id: str, *machines: sfn.StateMachine) -> None:
        super().__init__(scope, id)
        self.topic = sns.Topic(self, "Topic", enforce_ssl=True)
        # The detail has what DescribeExecution returns
        # (https://docs.aws.amazon.com/step-functions/latest/dg/cw-events.html).
        message = {
            field: events.EventField.from_path(f"$.detail.{field}")
            for field in ("executionArn", "status", "error", "cause")
        }
        # The statement for EventBridge in the topic's policy has no condition on the source: "You
        # can't use Condition blocks in Amazon SNS topic policies for EventBridge" (EventBridge user
        # guide, eb-use-resource-based).
        events.Rule(
            self,
            "Rule",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": [machine.state_machine_arn for machine in machines],
                    "status": ["FAILED", "TIMED_OUT", "ABORTED"],
                },
            ),
            targets=[
                targets.SnsTopic(self.topic, message=events.RuleTargetInput.from_object(message))
            ],
        )

    def tell_of(self, *alarms: cloudwatch.Alarm) -> None:
        """Send alarms to the topic, whose own policy replaces the default and has to allow it."""
        for alarm in alarms:
            alarm.add_alarm_action(actions.SnsAction(self.topic))
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={
                    "ArnEquals": {"aws:SourceArn": [alarm.alarm_arn for alarm in alarms]},
                    "StringEquals": {"aws:SourceAccount": cdk.Aws.ACCOUNT_ID},
                },
            )
        )
