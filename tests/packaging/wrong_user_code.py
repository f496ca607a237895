"""Mistakes that a type checker must find, on every line that says ``wrong`` and on no other."""

from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3
from constructs import Construct

import personalize_kms_check
from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from personalize_kms_constructs.checks import AccessReport, check_assembly
from personalize_kms_constructs.jobs import DatasetExportJob
from personalize_kms_constructs.matrix import ROWS


def encryptions(scope: Construct, key: kms.Key, role: iam.Role) -> None:
    """Arguments of the constructor."""
    PersonalizeEncryption(scope, "Right", encryption_key=key, service_role=role)
    PersonalizeEncryption(scope, "A", resources="dataset group")  # wrong
    PersonalizeEncryption(scope, "B", resources=["dataset group"])  # wrong
    PersonalizeEncryption(scope, "C", resources=PersonalizeResource.dataset_group())  # wrong
    PersonalizeEncryption(scope, "D", resources=[PersonalizeResource.dataset_group])  # wrong
    PersonalizeEncryption(scope, "E", encryption_key=key.key_arn)  # wrong
    PersonalizeEncryption(scope, "F", encryption_key=role)  # wrong
    PersonalizeEncryption(scope, "G", service_role=role.role_arn)  # wrong
    PersonalizeEncryption(scope, "H", service_role=key)  # wrong
    PersonalizeEncryption(scope, "I", removal_policy="retain")  # wrong
    PersonalizeEncryption(scope, "I2", source_account_check=True)  # wrong
    PersonalizeEncryption(scope, "J", [PersonalizeResource.dataset_group()])  # wrong
    PersonalizeEncryption(scope, "K", key=key)  # wrong
    PersonalizeEncryption(scope)  # wrong


def locations(bucket: s3.Bucket, key: kms.Key) -> None:
    """Places in S3, and the resources that have them."""
    right = S3Location(bucket, "import/", encryption_key=key)
    S3Location("s3://amzn-s3-demo-bucket/import/", "")  # wrong
    S3Location(bucket)  # wrong
    S3Location(bucket, 1)  # wrong
    S3Location(bucket, "import/", key)  # wrong
    S3Location(bucket, "import/", encryption_key=key.key_arn)  # wrong
    right.prefix = "export/"  # wrong
    PersonalizeResource.dataset_group(right)  # wrong
    PersonalizeResource.dataset_import_job("s3://amzn-s3-demo-bucket/import/")  # wrong
    PersonalizeResource.dataset_import_job(bucket)  # wrong
    PersonalizeResource.dataset_export_job(source=right)  # wrong
    PersonalizeResource.metric_attribution(destination="s3://amzn-s3-demo-bucket/metrics/")  # wrong
    PersonalizeResource.dataset_groups()  # wrong


def additions(
    encryption: PersonalizeEncryption, movies: personalize.CfnDatasetGroup, data: S3Location
) -> None:
    """Code against the members that the construct adds."""
    encryption.allow([PersonalizeResource.dataset_group()])  # wrong
    encryption.allow(data)  # wrong
    encryption.add_dataset_group("A")  # wrong
    encryption.add_dataset_group("B", "movies")  # wrong
    encryption.add_dataset_group("C", name=1)  # wrong
    encryption.add_dataset_group("D", name="movies", tags=[("team", "movies")])  # wrong
    encryption.add_dataset_group("D2", name="movies", domain="VIDEO")  # wrong
    encryption.add_dataset(
        "E0",
        dataset_group=movies,
        schema_arn="",
        name="a",
        dataset_type="INTERACTIONS",  # wrong
    )
    encryption.add_dataset(
        "E",
        dataset_group=data,  # wrong
        schema_arn="",
        name="a",
        dataset_type="Items",
    )
    encryption.add_dataset("F", dataset_group=movies, schema_arn="", dataset_type="Items")  # wrong
    encryption.add_dataset(
        "G",
        dataset_group=movies,
        schema_arn="",
        name="a",
        dataset_type="Items",
        import_from="s3://amzn-s3-demo-bucket/import/",  # wrong
    )
    encryption.add_metric_attribution(
        "H",
        dataset_group=movies,
        name="a",
        metrics=["CLICKS"],  # wrong
    )
    encryption.add_metric_attribution(
        "I",
        dataset_group=movies,
        name="a",
        metrics=[],
        destination="a/",  # wrong
    )
    encryption.on_key_access_changed("J", target="topic")  # wrong
    encryption.output_pending_statements(1)  # wrong
    encryption.encryption_key = "alias/movies"  # wrong
    encryption.pending_statements.append(data)  # wrong


def jobs(scope: Construct, encryption: PersonalizeEncryption, data: S3Location) -> None:
    """Arguments of jobs that Personalize takes one of a few words for."""
    DatasetExportJob(
        scope,
        "A",
        encryption=encryption,
        dataset_arn="",
        destination=data,
        ingestion_mode="bulk",  # wrong
    )


def checks(scope: Construct) -> None:
    """Neither assemblies nor paths, and names that there aren't."""
    check_assembly(scope)  # wrong
    check_assembly("cdk.out", parameters=["Stage=prod"])  # wrong
    personalize_kms_check.check_assembly(1)  # wrong
    print(ROWS[0].services)  # wrong


def reports(report: AccessReport) -> list[str]:
    """Values that an entry or a problem never has."""
    texts = [entry.action for entry in report.missing if entry.principal == "service"]
    texts += [entry.action for entry in report.missing if entry.principal == "Service"]  # wrong
    texts += [entry.action for entry in report.excess if entry.policy == "bucket policy"]  # wrong
    texts += [entry.action for entry in report.missing if entry.add_to == "iam"]  # wrong
    problems = [problem for problem in report.problems if problem.kind == "order"]  # wrong
    return texts + [problem.subject for problem in problems]
