"""Jobs on the data of one dataset, or of one dataset group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from aws_cdk import Duration
from constructs import Construct

from personalize_kms_check import matrix

from ..encryption import PersonalizeEncryption
from ..locations import S3Location
from ._fragment import JobDefinition, JobFragment, JobOptions
from ._parameters import DATASET, DATASET_GROUP, ArnParameter, mode_problems


class DatasetImportJob(JobFragment):
    """Imports data from S3 into a dataset.

    Its parameters may be expressions: see ``personalize_kms_constructs.jobs``.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        encryption: PersonalizeEncryption,
        dataset_arn: str,
        source: S3Location,
        source_path: str | None = None,
        job_name: str | None = None,
        import_mode: str | None = None,
        publish_attribution_metrics_to_s3: bool | str | None = None,
        timeout: Duration | None = None,
        patience: Duration | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Allow the job on ``encryption``, and allow the role of your state machine to start it.

        Args:
            scope: the parent construct.
            id: the construct's id, which is part of the names of its states.
            encryption: the construct with the service role for the job.
            dataset_arn: the ARN of the dataset.
            source: the CSV file, or folder of CSV files.
            source_path: a file or folder below the prefix of ``source``, for example an expression.
            job_name: its name, by default new each time. A literal fails the second execution.
            import_mode: ``"FULL"``, Personalize's default, replaces the data of earlier import
                jobs; ``"INCREMENTAL"`` adds to it.
            publish_attribution_metrics_to_s3: true to send the metric attribution's reports to S3.
            timeout: the time for the job and its wait for other jobs. By default 3 days.
            patience: the average wait for other jobs. By default a day, or half a shorter timeout.
            tags: the job's tags.

        Raises:
            ValueError: if Personalize can't work with an argument. The message has all the reasons.

        https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDatasetImportJob.html
        """
        super().__init__(
            scope,
            id,
            JobOptions(encryption, job_name, timeout, patience, tags),
            JobDefinition(
                matrix.DATASET_IMPORT_JOB,
                locations={"source": (source, source_path)},
                arns=[ArnParameter("dataset_arn", dataset_arn, DATASET)],
                arguments=lambda locations: {
                    "DatasetArn": dataset_arn,
                    **locations,
                    "ImportMode": import_mode,
                    "PublishAttributionMetricsToS3": publish_attribution_metrics_to_s3,
                },
                problems=mode_problems("import_mode", import_mode, "FULL", "INCREMENTAL"),
            ),
        )


class DatasetExportJob(JobFragment):
    """Exports the data of a dataset to S3.

    Its parameters may be expressions: see ``personalize_kms_constructs.jobs``.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        encryption: PersonalizeEncryption,
        dataset_arn: str,
        destination: S3Location,
        destination_path: str | None = None,
        job_name: str | None = None,
        ingestion_mode: Literal["BULK", "PUT", "ALL"] | None = None,
        timeout: Duration | None = None,
        patience: Duration | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Allow the job on ``encryption``, and allow the role of your state machine to start it.

        Args:
            scope: the parent construct.
            id: the construct's id, which is part of the names of its states.
            encryption: the construct with the service role for the job.
            dataset_arn: the ARN of the dataset.
            destination: the folder to write to.
            destination_path: a folder below that prefix, for example an expression.
            job_name: its name, by default new each time. A literal fails the second execution.
            ingestion_mode: ``"BULK"`` for data of import jobs, ``"PUT"``, Personalize's default,
                for single records, ``"ALL"`` for both. Type checkers need ``typing.cast`` around an
                expression.
            timeout: the time for the job and its wait for other jobs. By default 3 days.
            patience: the average wait for other jobs. By default a day, or half a shorter timeout.
            tags: the job's tags.

        Raises:
            ValueError: if Personalize can't work with an argument. The message has all the reasons.

        https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDatasetExportJob.html
        """
        super().__init__(
            scope,
            id,
            JobOptions(encryption, job_name, timeout, patience, tags),
            JobDefinition(
                matrix.DATASET_EXPORT_JOB,
                locations={"destination": (destination, destination_path)},
                arns=[ArnParameter("dataset_arn", dataset_arn, DATASET)],
                arguments=lambda locations: {
                    "DatasetArn": dataset_arn,
                    "IngestionMode": ingestion_mode,
                    **locations,
                },
                problems=mode_problems("ingestion_mode", ingestion_mode, "BULK", "PUT", "ALL"),
            ),
        )


class DataDeletionJob(JobFragment):
    """Deletes users and their data from a dataset group; it may take a day.

    AWS guarantees it only if no other job uses the datasets meanwhile
    (https://docs.aws.amazon.com/personalize/latest/dg/delete-records.html).

    Its parameters may be expressions: see ``personalize_kms_constructs.jobs``.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        encryption: PersonalizeEncryption,
        dataset_group_arn: str,
        source: S3Location,
        source_path: str | None = None,
        job_name: str | None = None,
        timeout: Duration | None = None,
        patience: Duration | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Allow the job on ``encryption``, and allow the role of your state machine to start it.

        Args:
            scope: the parent construct.
            id: the construct's id, which is part of the names of its states.
            encryption: the construct with the service role for the job. AWS's pages differ on the
                KMS permissions; see ``PersonalizeResource.data_deletion_job``.
            dataset_group_arn: the ARN of the dataset group.
            source: the CSV file with a column ``USER_ID``, or a folder of such files.
            source_path: a file or folder below the prefix of ``source``, for example an expression.
            job_name: its name, by default new each time. A literal fails the second execution.
            timeout: the time for the job and its wait for other jobs. By default 3 days.
            patience: the average wait for other jobs. By default a day, or half a shorter timeout.
            tags: the job's tags.

        Raises:
            ValueError: if Personalize can't work with an argument. The message has all the reasons.

        https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDataDeletionJob.html
        """
        super().__init__(
            scope,
            id,
            JobOptions(encryption, job_name, timeout, patience, tags),
            JobDefinition(
                matrix.DATA_DELETION_JOB,
                locations={"source": (source, source_path)},
                arns=[ArnParameter("dataset_group_arn", dataset_group_arn, DATASET_GROUP)],
                arguments=lambda locations: {"DatasetGroupArn": dataset_group_arn, **locations},
            ),
        )
