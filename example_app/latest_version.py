"""The solution version that a night's recommendations are made with."""

from typing import cast

from aws_cdk import Duration
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

_STATUS = "$.Solution.LatestSolutionVersion.Status"


class LatestVersion(sfn.StateMachineFragment):
    """Describes a solution, and waits while its latest version is in training.

    Personalize trains a new version every seven days by itself
    (https://docs.aws.amazon.com/personalize/latest/dg/solution-config-auto-training.html).
    """

    def __init__(self, scope: Construct, id: str, solution: personalize.CfnSolution) -> None:
        super().__init__(scope, id)
        self._describe = tasks.CallAwsService(
            self,
            "Describe solution",
            service="personalize",
            action="describeSolution",
            parameters={"SolutionArn": solution.attr_solution_arn},
            iam_resources=[solution.attr_solution_arn],
        )
        self._describe.add_retry(
            interval=Duration.seconds(2),
            max_attempts=8,
            max_delay=Duration.minutes(1),
            jitter_strategy=sfn.JitterType.FULL,
        )
        wait = sfn.Wait(self, "Wait for training", time=sfn.WaitTime.duration(Duration.minutes(10)))
        fail = sfn.Fail(
            self,
            "No version",
            error="SolutionVersionNotActive",
            cause=(
                f"the latest version of {solution.attr_solution_arn} could not be trained, "
                "or there is none"
            ),
        )
        self._trained = sfn.Pass(self, "Trained")
        self._describe.next(
            sfn.Choice(self, "Is it trained")
            .when(_is("ACTIVE"), self._trained)
            .when(
                sfn.Condition.or_(_is("CREATE PENDING"), _is("CREATE IN_PROGRESS")),
                wait.next(self._describe),
            )
            .otherwise(fail)
        )

    @property
    def start_state(self) -> sfn.State:
        """The first state."""
        return cast("sfn.State", self._describe)

    @property
    def end_states(self) -> list[sfn.INextable]:
        """The state whose output is the description of the solution."""
        return [cast("sfn.INextable", self._trained)]


def _is(status: str) -> sfn.Condition:
    return sfn.Condition.and_(
        sfn.Condition.is_present(_STATUS), sfn.Condition.string_equals(_STATUS, status)
    )
