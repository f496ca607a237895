"""Who learns that a state machine has failed, and why."""

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct


class Failures(Construct):
    """A topic for the executions that end otherwise than they should, with the reason."""

    def __init__(self, scope: Construct, id: str, *machines: sfn.StateMachine) -> None:
        super().__init__(scope, id)
        topic = sns.Topic(self, "Topic", enforce_ssl=True)
        # The detail has what DescribeExecution returns
        # (https://docs.aws.amazon.com/step-functions/latest/dg/cw-events.html).
        message = {
            field: events.EventField.from_path(f"$.detail.{field}")
            for field in ("executionArn", "status", "error", "cause")
        }
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
            targets=[targets.SnsTopic(topic, message=events.RuleTargetInput.from_object(message))],
        )
