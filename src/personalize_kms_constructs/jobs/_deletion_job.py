"""The job that deletes users."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration, Stack
from constructs import Construct

from ..callers import personalize_arn
from ..encryption import PersonalizeEncryption
from ..locations import S3Location
from ..resources import PersonalizeResource
from ._arns import GivenArn
from ._expressions import is_known
from ._job import Job
from ._places import Place


class DataDeletionJob(Job):
    """Deletes users and their data from a dataset group; it may take a day.

    AWS guarantees it only if no job that uses the datasets is at work meanwhile
    (https://docs.aws.amazon.com/personalize/latest/dg/delete-records.html).

    Every parameter is a literal, a token, what ``sfn.JsonPath`` returns, or a JSONata expression ``"{% … %}"``.
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
        """Allow the job on ``encryption``, and the state machine's role to start it.

        Args:
            scope: the parent construct.
            id: the construct's id, which is part of the names of its states.
            encryption: whose service role does the work. AWS's pages differ on the KMS permissions; see
                ``PersonalizeResource.data_deletion_job``.
            dataset_group_arn: the ARN of the dataset group.
            source: the CSV file with a column ``USER_ID``, or a folder of such files.
            source_path: a file or folder below the prefix of ``source``, an expression for example. Policies allow
                the whole prefix; an execution whose path is empty fails.
            job_name: by default a name of its own each time the fragment is entered, which retries and redrives keep. A
                name of your own has to be new each time: a job of that name that existed before fails the execution.
            timeout: how long the job may take, the wait for its place included, to five minutes. By default 3 days.
            patience: how long to try again while there are too many jobs (``LimitExceededException``), on average; at
                most twice as long. By default a day, or half of the timeout if that is shorter.
            tags: the job's tags.

        Raises:
            ValueError: if Personalize can't work with what was given; the message has all the reasons.

        https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDataDeletionJob.html
        """
        data = Place("source", source, source_path, "DataSource.DataLocation")
        super().__init__(
            scope,
            id,
            encryption=encryption,
            allows=PersonalizeResource.data_deletion_job,
            places=[data],
            arns=[GivenArn("dataset_group_arn", dataset_group_arn, kind="dataset group", form="dataset-group/NAME")],
            job_name=job_name,
            arguments=lambda: {"DatasetGroupArn": dataset_group_arn, "DataSource": {"DataLocation": data.uri}},
            timeout=timeout,
            patience=patience,
            tags=tags,
            parents=lambda: [
                dataset_group_arn
                if is_known(dataset_group_arn)
                else personalize_arn(Stack.of(scope), "dataset-group", "*")
            ],
        )
