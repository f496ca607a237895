"""Mistakes that mypy and pyright must find, on every line that says so.

Both complain of a comment that hides nothing.
"""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

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
    PersonalizeEncryption(scope, "A", resources=["dataset group"])  # type: ignore
    PersonalizeEncryption(scope, "B", resources=PersonalizeResource.dataset_group())  # type: ignore
    PersonalizeEncryption(scope, "C", resources=[PersonalizeResource.dataset_group])  # type: ignore
    PersonalizeEncryption(scope, "D", encryption_key=key.key_arn)  # type: ignore
    PersonalizeEncryption(scope, "E", service_role=key)  # type: ignore
    PersonalizeEncryption(scope, "F", removal_policy="retain")  # type: ignore
    PersonalizeEncryption(scope, "G", source_account_check=True)  # type: ignore
    PersonalizeEncryption(scope, "H", [PersonalizeResource.dataset_group()])  # type: ignore
    PersonalizeEncryption(scope, "I", key=key)  # type: ignore
    PersonalizeEncryption(scope)  # type: ignore


def locations(bucket: s3.Bucket, key: kms.Key) -> None:
    """Places in S3, and the resources that have them."""
    right = S3Location(bucket, "import/", encryption_key=key)
    S3Location("s3://amzn-s3-demo-bucket/import/", "")  # type: ignore
    S3Location(bucket)  # type: ignore
    S3Location(bucket, "import/", key)  # type: ignore
    right.prefix = "export/"  # type: ignore
    PersonalizeResource.dataset_group(right)  # type: ignore
    PersonalizeResource.dataset_import_job(bucket)  # type: ignore
    PersonalizeResource.dataset_export_job(source=right)  # type: ignore
    PersonalizeResource.dataset_groups()  # type: ignore


def additions(
    encryption: PersonalizeEncryption, movies: personalize.CfnDatasetGroup, data: S3Location
) -> None:
    """Code against the members that the construct adds."""
    encryption.allow([PersonalizeResource.dataset_group()])  # type: ignore
    encryption.add_dataset_group("A")  # type: ignore
    encryption.add_dataset_group("B", name="movies", tags=[("team", "movies")])  # type: ignore
    encryption.add_dataset_group("C", name="movies", domain="VIDEO")  # type: ignore
    encryption.add_dataset("D", dataset_group=movies, schema_arn="", name="a")  # type: ignore
    encryption.add_dataset(
        "E",
        dataset_group=data,  # type: ignore
        schema_arn="",
        name="a",
        dataset_type="INTERACTIONS",  # type: ignore
        import_from="s3://amzn-s3-demo-bucket/import/",  # type: ignore
    )
    encryption.add_metric_attribution(
        "F",
        dataset_group=movies,
        name="a",
        metrics=["CLICKS"],  # type: ignore
        destination="a/",  # type: ignore
    )
    encryption.on_key_access_changed("G", target="topic")  # type: ignore
    encryption.encryption_key = "alias/movies"  # type: ignore
    encryption.pending_statements.append(data)  # type: ignore


def jobs(scope: Construct, encryption: PersonalizeEncryption, data: S3Location) -> None:
    """Arguments of jobs that Personalize takes one of a few words for."""
    DatasetExportJob(
        scope,
        "A",
        encryption=encryption,
        dataset_arn="",
        destination=data,
        ingestion_mode="bulk",  # type: ignore
    )


def checks(scope: Construct) -> None:
    """Neither assemblies nor paths, and names that there aren't."""
    check_assembly(scope)  # type: ignore
    check_assembly("cdk.out", parameters=["Stage=prod"])  # type: ignore
    personalize_kms_check.check_assembly(1)  # type: ignore
    print(ROWS[0].services)  # type: ignore


def reports(report: AccessReport) -> list[str]:
    """Values that an entry or a problem never has."""
    texts = [entry.action for entry in report.missing if entry.principal == "service"]
    texts += [entry.action for entry in report.missing if entry.add_to == "iam"]  # type: ignore
    problems = [problem for problem in report.problems if problem.kind == "order"]  # type: ignore
    return texts + [problem.subject for problem in problems]
