"""The work of every night: import new ratings, recommend to everybody, export the data."""

from aws_cdk import Duration
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from example_app.latest_version import LatestVersion
from personalize_kms_constructs import PersonalizeEncryption, S3Location
from personalize_kms_constructs.jobs import BatchInferenceJob, DatasetExportJob, DatasetImportJob

# A folder for each night, by the day on which the execution started.
_TONIGHT = "{% $substringBefore($states.context.Execution.StartTime, 'T') & '/' %}"
# EventBridge may start a night twice. Both executions have the time of the schedule in their input,
# and Personalize takes a name once: the second execution fails with its first job. An execution
# that is started by hand, without a time, has its own names.
_TIME = "$states.context.Execution.Input.time"
_ONCE = f"{{% 'night-' & ($exists({_TIME}) ? $replace({_TIME}, ':', '-') : $uuid()) %}}"
_LATEST_VERSION = "{% $states.input.Solution.LatestSolutionVersion.SolutionVersionArn %}"


class NightlyJobs(Construct):
    """A state machine that imports, recommends and exports, in less than a day."""

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        encryption: PersonalizeEncryption,
        dataset: personalize.CfnDataset,
        solution: personalize.CfnSolution,
        bucket: s3.Bucket,
    ) -> None:
        super().__init__(scope, id)
        import_ratings = DatasetImportJob(
            self,
            "Import",
            encryption=encryption,
            dataset_arn=dataset.attr_dataset_arn,
            job_name=_ONCE,
            source=S3Location(bucket, "import/"),
            import_mode="FULL",
            timeout=Duration.hours(6),
        )
        latest = LatestVersion(self, "Latest version", solution)
        recommend = BatchInferenceJob(
            self,
            "Recommend",
            encryption=encryption,
            job_name=_ONCE,
            solution_version_arn=_LATEST_VERSION,
            source=S3Location(bucket, "batch/in/"),
            source_path=_TONIGHT,
            destination=S3Location(bucket, "batch/out/"),
            destination_path=_TONIGHT,
            timeout=Duration.hours(12),
        )
        export = DatasetExportJob(
            self,
            "Export",
            encryption=encryption,
            dataset_arn=dataset.attr_dataset_arn,
            job_name=_ONCE,
            destination=S3Location(bucket, "export/"),
            destination_path=_TONIGHT,
            ingestion_mode="ALL",
            timeout=Duration.hours(4),
        )
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            definition_body=sfn.DefinitionBody.from_chainable(
                sfn.Chain.start(import_ratings).next(latest).next(recommend).next(export)
            ),
            timeout=Duration.hours(23),
        )
