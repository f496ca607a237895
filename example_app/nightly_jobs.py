"""What happens every night: new ratings come in, recommendations for everybody and a copy of the data go out."""

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from personalize_kms_constructs import PersonalizeEncryption, S3Location
from personalize_kms_constructs.jobs import BatchInferenceJob, DatasetExportJob, DatasetImportJob


class NightlyJobs(Construct):
    """A state machine on a schedule; a topic learns of its failures."""

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
            solution_version_arn=sfn.JsonPath.string_at("$.Solution.LatestSolutionVersion.SolutionVersionArn"),
            source=S3Location(bucket, "batch/in/"),
            destination=S3Location(bucket, "batch/out/"),
        )
        export = DatasetExportJob(
            self,
            "Export",
            encryption=encryption,
            dataset_arn=dataset.attr_dataset_arn,
            destination=S3Location(bucket, "export/"),
            ingestion_mode="ALL",
        )
        machine = sfn.StateMachine(
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
            targets=[targets.SfnStateMachine(machine)],
        )
        failures = sns.Topic(self, "Failures", enforce_ssl=True)
        events.Rule(
            self,
            "Failed",
            event_pattern=events.EventPattern(
                source=["aws.states"],
                detail_type=["Step Functions Execution Status Change"],
                detail={
                    "stateMachineArn": [machine.state_machine_arn],
                    "status": ["FAILED", "TIMED_OUT", "ABORTED"],
                },
            ),
            targets=[targets.SnsTopic(failures)],
        )
