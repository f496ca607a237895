"""Jobs that apply a solution version to a file of inputs."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration
from constructs import Construct

from personalize_kms_check import matrix

from ..encryption import PersonalizeEncryption
from ..locations import S3Location
from ._fragment import JobDefinition, JobFragment, JobOptions
from ._parameters import FILTER, SOLUTION_VERSION, ArnParameter, mode_problems


class BatchInferenceJob(JobFragment):
    """Makes recommendations for many users or items at once.

    Its parameters may be expressions: see ``personalize_kms_constructs.jobs``.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        encryption: PersonalizeEncryption,
        solution_version_arn: str,
        source: S3Location,
        source_path: str | None = None,
        destination: S3Location,
        destination_path: str | None = None,
        job_name: str | None = None,
        filter_arn: str | None = None,
        num_results: float | str | None = None,
        batch_inference_job_mode: str | None = None,
        item_exploration_config: Mapping[str, str] | None = None,
        ranking_influence: Mapping[str, float | str] | None = None,
        theme_generation_item_name: str | None = None,
        timeout: Duration | None = None,
        patience: Duration | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Allow the job on ``encryption``, and allow the role of your state machine to start it.

        Args:
            scope: the parent construct.
            id: the construct's id, which is part of the names of its states.
            encryption: the construct with the service role for the job.
            solution_version_arn: the ARN of the solution version.
            source: the JSON Lines file of inputs, or a folder of such files.
            source_path: a file or folder below the prefix of ``source``, for example an expression.
            destination: the folder to write to, not the source's.
            destination_path: a folder below that prefix, for example an expression.
            job_name: its name, by default new each time. A literal fails the second execution.
            filter_arn: the ARN of the filter to apply.
            num_results: the number of recommendations for each line of input.
            batch_inference_job_mode: ``"BATCH_INFERENCE"``, Personalize's default, or
                ``"THEME_GENERATION"``.
            item_exploration_config: ``explorationWeight`` and ``explorationItemAgeCutOff``, for
                User-Personalization.
            ranking_influence: the weight, from 0 to 1, of ``POPULARITY`` and ``FRESHNESS``.
            theme_generation_item_name: the column with the names of items, for
                ``"THEME_GENERATION"``.
            timeout: the time for the job and its wait for other jobs. By default 3 days.
            patience: the average wait for other jobs. By default a day, or half a shorter timeout.
            tags: the job's tags.

        Raises:
            ValueError: if Personalize can't work with an argument. The message has all the reasons.

        https://docs.aws.amazon.com/personalize/latest/dg/API_CreateBatchInferenceJob.html
        """
        theme = None
        if theme_generation_item_name is not None:
            theme = {"FieldsForThemeGeneration": {"ItemName": theme_generation_item_name}}
        config = {
            "ItemExplorationConfig": item_exploration_config,
            "RankingInfluence": ranking_influence,
        }
        super().__init__(
            scope,
            id,
            JobOptions(encryption, job_name, timeout, patience, tags),
            JobDefinition(
                matrix.BATCH_INFERENCE_JOB,
                locations={
                    "source": (source, source_path),
                    "destination": (destination, destination_path),
                },
                arns=_arns(solution_version_arn, filter_arn),
                arguments=lambda locations: {
                    "SolutionVersionArn": solution_version_arn,
                    "FilterArn": filter_arn,
                    "NumResults": num_results,
                    **locations,
                    "BatchInferenceJobMode": batch_inference_job_mode,
                    "BatchInferenceJobConfig": config if any(config.values()) else None,
                    "ThemeGenerationConfig": theme,
                },
                problems=mode_problems(
                    "batch_inference_job_mode",
                    batch_inference_job_mode,
                    "BATCH_INFERENCE",
                    "THEME_GENERATION",
                ),
            ),
        )


class BatchSegmentJob(JobFragment):
    """Makes segments of users for many items or item attributes at once.

    Its parameters may be expressions: see ``personalize_kms_constructs.jobs``.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        encryption: PersonalizeEncryption,
        solution_version_arn: str,
        source: S3Location,
        source_path: str | None = None,
        destination: S3Location,
        destination_path: str | None = None,
        job_name: str | None = None,
        filter_arn: str | None = None,
        num_results: float | str | None = None,
        timeout: Duration | None = None,
        patience: Duration | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Allow the job on ``encryption``, and allow the role of your state machine to start it.

        Args:
            scope: the parent construct.
            id: the construct's id, which is part of the names of its states.
            encryption: the construct with the service role for the job.
            solution_version_arn: the ARN of the solution version.
            source: the JSON Lines file of inputs, or a folder of such files.
            source_path: a file or folder below the prefix of ``source``, for example an expression.
            destination: the folder to write to, not the source's.
            destination_path: a folder below that prefix, for example an expression.
            job_name: its name, by default new each time. A literal fails the second execution.
            filter_arn: the ARN of the filter to apply.
            num_results: the number of users for each line of input.
            timeout: the time for the job and its wait for other jobs. By default 3 days.
            patience: the average wait for other jobs. By default a day, or half a shorter timeout.
            tags: the job's tags.

        Raises:
            ValueError: if Personalize can't work with an argument. The message has all the reasons.

        https://docs.aws.amazon.com/personalize/latest/dg/API_CreateBatchSegmentJob.html
        """
        super().__init__(
            scope,
            id,
            JobOptions(encryption, job_name, timeout, patience, tags),
            JobDefinition(
                matrix.BATCH_SEGMENT_JOB,
                locations={
                    "source": (source, source_path),
                    "destination": (destination, destination_path),
                },
                arns=_arns(solution_version_arn, filter_arn),
                arguments=lambda locations: {
                    "SolutionVersionArn": solution_version_arn,
                    "FilterArn": filter_arn,
                    "NumResults": num_results,
                    **locations,
                },
            ),
        )


def _arns(solution_version_arn: str, filter_arn: str | None) -> list[ArnParameter]:
    arns = [ArnParameter("solution_version_arn", solution_version_arn, SOLUTION_VERSION)]
    if filter_arn is not None:
        arns.append(ArnParameter("filter_arn", filter_arn, FILTER))
    return arns
