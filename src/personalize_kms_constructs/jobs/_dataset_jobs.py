"""Jobs that move the data of one dataset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aws_cdk import Stack
from constructs import Construct

from ..callers import DATASET_EXPORT_JOB, DATASET_IMPORT_JOB, personalize_arn
from ..encryption import PersonalizeEncryption
from ..locations import S3Location
from ..resources import PersonalizeResource
from ._job import Job
from ._parameters import arn_problems, choice_problems, is_known, s3_data


class DatasetImportJob(Job):
    """Imports data from S3 into a dataset.

    Every parameter is a literal, a token, what ``sfn.JsonPath`` returns, or a JSONata expression ``"{% … %}"``.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        encryption: PersonalizeEncryption,
        dataset_arn: str,
        source: S3Location,
        job_name: str | None = None,
        import_mode: str | None = None,
        publish_attribution_metrics_to_s3: bool | str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Allows the job on ``encryption``, and the state machine's role to start it.

        Args:
            scope: the parent construct.
            id: the construct's id, which is part of the names of its states.
            encryption: whose service role does the work.
            dataset_arn: the ARN of the dataset.
            source: the CSV file, or folder of CSV files.
            job_name: by default a name that is derived from the execution, and the same in its retries and redrives. A
                name of your own has to be new for each execution: one that was there before it fails the execution.
            import_mode: ``"FULL"``, Personalize's default, replaces the data of earlier import jobs; ``"INCREMENTAL"``
                adds to it.
            publish_attribution_metrics_to_s3: whether the metric attribution's reports go to S3.
            tags: the job's tags.

        Raises:
            ValueError: if Personalize can't work with what was given; the message has all the reasons.

        https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDatasetImportJob.html
        """
        super().__init__(
            scope,
            id,
            call=DATASET_IMPORT_JOB,
            encryption=encryption,
            resource=PersonalizeResource.dataset_import_job(source),
            job_name=job_name,
            arguments=lambda: {
                "DatasetArn": dataset_arn,
                "DataSource": {"DataLocation": source.uri},
                "ImportMode": import_mode,
                "PublishAttributionMetricsToS3": publish_attribution_metrics_to_s3,
            },
            tags=tags,
            parents=_dataset(scope, dataset_arn),
            problems=[
                *arn_problems("dataset_arn", dataset_arn),
                *choice_problems("import_mode", import_mode, "FULL", "INCREMENTAL"),
            ],
        )


class DatasetExportJob(Job):
    """Exports the data of a dataset to S3.

    Every parameter is a literal, a token, what ``sfn.JsonPath`` returns, or a JSONata expression ``"{% … %}"``.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        encryption: PersonalizeEncryption,
        dataset_arn: str,
        destination: S3Location,
        job_name: str | None = None,
        ingestion_mode: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Allows the job on ``encryption``, and the state machine's role to start it.

        Args:
            scope: the parent construct.
            id: the construct's id, which is part of the names of its states.
            encryption: whose service role does the work.
            dataset_arn: the ARN of the dataset.
            destination: the folder to write to.
            job_name: by default a name that is derived from the execution, and the same in its retries and redrives. A
                name of your own has to be new for each execution: one that was there before it fails the execution.
            ingestion_mode: ``"BULK"`` for what import jobs imported, ``"PUT"`` for what came record by record, which is
                Personalize's default, ``"ALL"`` for both.
            tags: the job's tags.

        Raises:
            ValueError: if Personalize can't work with what was given; the message has all the reasons.

        https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDatasetExportJob.html
        """
        super().__init__(
            scope,
            id,
            call=DATASET_EXPORT_JOB,
            encryption=encryption,
            resource=PersonalizeResource.dataset_export_job(destination),
            job_name=job_name,
            arguments=lambda: {
                "DatasetArn": dataset_arn,
                "IngestionMode": ingestion_mode,
                "JobOutput": {"S3DataDestination": s3_data(encryption, destination)},
            },
            tags=tags,
            parents=_dataset(scope, dataset_arn),
            problems=[
                *arn_problems("dataset_arn", dataset_arn),
                *choice_problems("ingestion_mode", ingestion_mode, "BULK", "PUT", "ALL"),
            ],
        )


def _dataset(scope: Construct, arn: str) -> Iterator[str]:
    yield arn if is_known(arn) else personalize_arn(Stack.of(scope), "dataset", "*")
