"""The work of every night: new ratings come in, recommendations for everybody and a copy of the data go out."""

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from personalize_kms_constructs import PersonalizeEncryption, S3Location
from personalize_kms_constructs.jobs import BatchInferenceJob, DatasetExportJob, DatasetImportJob

# A folder for each night, by the day on which the execution started.
_TONIGHT = "{% $substringBefore($states.context.Execution.StartTime, 'T') & '/' %}"


class NightlyJobs(Construct):
    """A state machine on a schedule."""

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
            source=S3Location(bucket, "import/"),
            import_mode="FULL",
            timeout=Duration.hours(6),
        )
        latest = tasks.CallAwsService(
            self,
            "Latest solution version",
            service="personalize",
            action="describeSolution",
            parameters={"SolutionArn": solution.attr_solution_arn},
            iam_resources=[solution.attr_solution_arn],
        )
        recommend = BatchInferenceJob(
            self,
            "Recommend",
            encryption=encryption,
            solution_version_arn="{% $states.input.Solution.LatestSolutionVersion.SolutionVersionArn %}",
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
        )
        events.Rule(
            self,
            "EveryNight",
            schedule=events.Schedule.cron(hour="2", minute="0"),
            targets=[targets.SfnStateMachine(self.machine)],
        )
