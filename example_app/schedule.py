"""A schedule that somebody notices when it starts nothing."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct


class Schedule(Construct):
    """Starts a state machine every night, and keeps the starts that failed."""

    def __init__(self, scope: Construct, id: str, machine: sfn.StateMachine) -> None:
        super().__init__(scope, id)
        not_started = sqs.Queue(
            self, "NotStarted", enforce_ssl=True, retention_period=Duration.days(14)
        )
        events.Rule(
            self,
            "EveryNight",
            schedule=events.Schedule.cron(hour="2", minute="0"),
            targets=[targets.SfnStateMachine(machine, dead_letter_queue=not_started)],
        )
        hour = Duration.hours(1)
        self.alarms = [
            # What the rule couldn't deliver: a missing permission, or a state machine that is gone.
            not_started.metric_approximate_number_of_messages_visible().create_alarm(
                self, "NotStartedAlarm", threshold=1, evaluation_periods=1
            ),
            # No night at all: the rule is disabled, for example. No data is the same as none, so
            # that this alarm sounds after the first deployment until the first night, too.
            machine.metric_started(period=hour, statistic="Sum").create_alarm(
                self,
                "NoNightAlarm",
                comparison_operator=cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
                threshold=1,
                evaluation_periods=25,
                treat_missing_data=cloudwatch.TreatMissingData.BREACHING,
            ),
        ]
        """For somebody to be told of."""
