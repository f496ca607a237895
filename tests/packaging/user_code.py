"""Call sites as users write them: clean under ``mypy --strict`` and ``pyright``, and they run."""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from aws_cdk import App, CfnOutput, Duration, RemovalPolicy
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct, IDependable

import personalize_kms_check
from personalize_kms_constructs import (
    ImportedKeyPolicy,
    PendingStatements,
    PersonalizeEncryption,
    PersonalizeResource,
    S3Location,
    SourceAccountCheck,
)
from personalize_kms_constructs.checks import AccessReport, check_assembly
from personalize_kms_constructs.jobs import (
    BatchInferenceJob,
    DataDeletionJob,
    DatasetExportJob,
    DatasetImportJob,
)
from personalize_kms_constructs.matrix import ROWS, Permissions


def checked(app: App) -> list[str]:
    """Both packages have the same report, on what the CDK returns."""
    report: AccessReport = personalize_kms_check.check_assembly(app.synth())
    same: personalize_kms_check.AccessReport = check_assembly(app.synth(), created=[])
    rows: tuple[Permissions, ...] = ROWS
    return [report.to_text(), same.to_text(quiet=True), *(row.resource for row in rows)]


def nothing_given(scope: Construct) -> PersonalizeEncryption:
    """All that has a default is left out."""
    return PersonalizeEncryption(scope, "NothingGiven")


def all_given(scope: Construct) -> PersonalizeEncryption:
    """All that goes together is given."""
    return PersonalizeEncryption(
        scope,
        "AllGiven",
        resources=[PersonalizeResource.dataset_group()],
        role_name="personalize",
        removal_policy=RemovalPolicy.DESTROY,
        source_account_check=SourceAccountCheck.REQUIRED,
        imported_key_policy=ImportedKeyPolicy.MANAGED,
    )


def every_form(
    scope: Construct,
    keys: tuple[kms.Key, kms.CfnKey, kms.IKey],
    roles: tuple[iam.Role, iam.CfnRole, iam.IRole],
    buckets: tuple[s3.Bucket, s3.CfnBucket, s3.IBucket],
) -> list[PersonalizeEncryption]:
    """Key, role and bucket are classes or L1s of this app, or imported."""
    (key, l1_key, imported_key), (role, l1_role, imported_role), (data, l1_data, imported_data) = (
        keys,
        roles,
        buckets,
    )
    exported = PersonalizeResource.dataset_export_job(
        S3Location(data, "export/", encryption_key=key)
    )
    of_l1s = PersonalizeResource.dataset_export_job(
        S3Location(l1_data, "export/", encryption_key=l1_key)
    )
    imported = PersonalizeResource.dataset_export_job(
        S3Location(imported_data, "export/", encryption_key=imported_key)
    )
    return [
        PersonalizeEncryption(
            scope, "Classes", encryption_key=key, service_role=role, resources=(exported,)
        ),
        PersonalizeEncryption(
            scope, "L1s", encryption_key=l1_key, service_role=l1_role, resources=[of_l1s]
        ),
        PersonalizeEncryption(
            scope,
            "Interfaces",
            encryption_key=imported_key,
            service_role=imported_role,
            resources=(imported,),
        ),
    ]


def every_resource(data: s3.Bucket) -> list[PersonalizeResource]:
    """Each, by position and by name, with locations and without."""
    return [
        PersonalizeResource.dataset_group(),
        PersonalizeResource.dataset_import_job(),
        PersonalizeResource.dataset_import_job(source=S3Location(data, "import/")),
        PersonalizeResource.dataset_export_job(destination=S3Location(data, "export/")),
        PersonalizeResource.batch_inference_job(
            source=S3Location(data, "batch/in/"), destination=S3Location(data, "batch/out/")
        ),
        PersonalizeResource.data_deletion_job(S3Location(data, "deletion/")),
        PersonalizeResource.batch_segment_job(
            source=S3Location(data, "segments/in/"), destination=S3Location(data, "segments/out/")
        ),
        PersonalizeResource.metric_attribution(),
        PersonalizeResource.metric_attribution(destination=S3Location(data, "metrics/")),
    ]


def what_it_adds(
    encryption: PersonalizeEncryption, schema: personalize.CfnSchema, data: s3.IBucket
) -> None:
    """The L1s that the construct wires are those of the CDK."""
    movies: personalize.CfnDatasetGroup = encryption.add_dataset_group(
        "Movies", name="movies", domain="VIDEO_ON_DEMAND", tags={"team": "movies"}
    )
    interactions: personalize.CfnDataset = encryption.add_dataset(
        "Interactions",
        dataset_group=movies,
        schema_arn=schema.attr_schema_arn,
        name="interactions",
        dataset_type="Interactions",
        import_from=S3Location(data, "import/interactions.csv"),
        import_job_name="first-import",
    )
    metrics: personalize.CfnMetricAttribution = encryption.add_metric_attribution(
        "Metrics",
        dataset_group=movies,
        name="metrics",
        metrics=[
            personalize.CfnMetricAttribution.MetricAttributeProperty(
                metric_name="CLICKS", event_type="click", expression="SAMPLECOUNT()"
            )
        ],
        destination=S3Location(data, "metrics/"),
    )
    metrics.node.add_dependency(interactions)


def what_it_has(
    encryption: PersonalizeEncryption, solution: personalize.CfnSolution, bucket: s3.Bucket
) -> str:
    """Its members are what the CDK's methods take."""
    key: kms.IKey = encryption.encryption_key
    role: iam.IRole = encryption.service_role
    principal: iam.IPrincipal = encryption.grant_principal
    permissions: IDependable = encryption.permissions
    pending: tuple[PendingStatements, ...] = encryption.pending_statements
    encryption.allow(*every_resource(bucket))
    solution.node.add_dependency(permissions)
    key.grant_decrypt(principal)
    bucket.grant_read(encryption)
    output: CfnOutput = encryption.output_pending_statements()
    rule: events.Rule = encryption.on_key_access_changed(
        "KeyAccess", description="who took the key away?"
    )
    rule.node.add_dependency(output)
    statements: list[iam.PolicyStatement] = []
    for group in pending:
        statements += group.statements
    kinds = [group.policy for group in pending]
    return f"{role.role_arn} lacks {len(statements)} statements, first of {kinds}"


def jobs(
    scope: Construct, encryption: PersonalizeEncryption, data: s3.Bucket, caller: iam.Role
) -> sfn.StateMachine:
    """Jobs are fragments of state machines, and who calls the API otherwise is granted it."""
    grant: iam.Grant = encryption.grant_create(caller, *every_resource(data))
    ratings_arn = "arn:aws:personalize:eu-west-1:111122223333:dataset/movies/INTERACTIONS"
    encryption.grant_create(caller, PersonalizeResource.dataset_export_job(), on=[ratings_arn])
    grant.assert_success()
    ratings = DatasetImportJob(
        scope,
        "Import",
        encryption=encryption,
        dataset_arn=ratings_arn,
        source=S3Location(data, "import/"),
    )
    picks = BatchInferenceJob(
        scope,
        "Infer",
        encryption=encryption,
        solution_version_arn=sfn.JsonPath.string_at("$.solutionVersionArn"),
        source=S3Location(data, "batch/in/"),
        destination=S3Location(data, "batch/out/"),
        num_results=10,
    )
    deletion = DataDeletionJob(
        scope,
        "Delete",
        encryption=encryption,
        dataset_group_arn="arn:aws:personalize:eu-west-1:111122223333:dataset-group/movies",
        source=S3Location(data, "deletion/"),
        source_path="{% $states.input.file %}",
        timeout=Duration.days(2),
        patience=Duration.hours(12),
    )
    copy = DatasetExportJob(
        scope,
        "Export",
        encryption=encryption,
        dataset_arn=ratings_arn,
        destination=S3Location(data, "export/"),
        ingestion_mode="ALL",
    )
    chain = sfn.Chain.start(ratings).next(copy).next(picks).next(deletion)
    return sfn.StateMachine(
        scope, "Nightly", definition_body=sfn.DefinitionBody.from_chainable(chain)
    )
