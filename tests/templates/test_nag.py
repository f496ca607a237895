"""cdk-nag's packs have no findings in the construct but the wildcards that AWS's pages ask for.

All in the stacks that isn't the construct's is as the packs want it, so whatever they find is ours.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import cast

import aws_cdk as cdk
import cdk_nag
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn

from personalize_kms_constructs import PersonalizeResource, S3Location
from personalize_kms_constructs.jobs import DatasetImportJob
from tests.life.conftest import GROUP, allowing
from tests.templates import stacks
from tests.templates.findings import REPORT_ONLY, findings

PACKS: dict[str, Callable[[cdk.App], cdk_nag.NagPack]] = {
    "AwsSolutions": cdk_nag.AwsSolutionsChecks,
    "NIST.800.53.R5": cdk_nag.NIST80053R5Checks,
    "HIPAA.Security": cdk_nag.HIPAASecurityChecks,
    "PCI.DSS.321": cdk_nag.PCIDSS321Checks,
}

POLICY = "Everything/Encryption/Policy/Resource"
# Objects: "arn:aws:s3:::bucket-name/*", on the pages of imports and deletions, exports, batch jobs
# and metric attributions; ours are below a prefix of the bucket. "*": "cloudwatch:PutMetricData",
# on the page of metric attributions.
FORCED_BY_THE_PAGES = re.compile(
    r"AwsSolutions-IAM5\[Resource::(\*|<Data666C94C7\.Arn>/[a-z]+/[a-z/.]*\*)\]"
)


def blameless_bucket(stack: cdk.Stack) -> s3.Bucket:
    """A bucket and key that every pack accepts, with logs and replicas in imported buckets."""
    bucket = s3.Bucket(
        stack,
        "Data",
        encryption_key=kms.Key(stack, "DataKey", enable_key_rotation=True),
        enforce_ssl=True,
        versioned=True,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
    )
    resource = cast("s3.CfnBucket", bucket.node.default_child)
    resource.logging_configuration = s3.CfnBucket.LoggingConfigurationProperty(
        destination_bucket_name="amzn-s3-demo-logging-bucket"
    )
    resource.replication_configuration = s3.CfnBucket.ReplicationConfigurationProperty(
        role="arn:aws:iam::111122223333:role/replication",
        rules=[
            s3.CfnBucket.ReplicationRuleProperty(
                status="Enabled",
                destination=s3.CfnBucket.ReplicationDestinationProperty(
                    bucket="arn:aws:s3:::amzn-s3-demo-replica"
                ),
            )
        ],
    )
    return bucket


@pytest.fixture
def app(tmp_path: Path) -> cdk.App:
    """An app that every pack looks at."""
    app = stacks.app(tmp_path, {**stacks.FLAGS["recommended_flags"](), **REPORT_ONLY})
    cdk.Validations.of(app).add_plugins(*(pack(app) for pack in PACKS.values()))
    return app


def all_findings(app: cdk.App) -> list[tuple[str, str, str]]:
    """Return the findings of all packs, sorted."""
    of_packs = []
    for pack in PACKS:
        of_packs += findings(app, pack)
    return sorted(of_packs)


def test_everything_has_only_the_wildcards_of_the_pages(app: cdk.App) -> None:
    """Objects below a prefix, and metrics, are all that the role may use by a wildcard."""
    stacks.everything(app, blameless_bucket)

    told = all_findings(app)
    assert len(told) >= 9
    for severity, rule, path in told:
        assert (severity, path) == ("error", POLICY), rule
        assert FORCED_BY_THE_PAGES.fullmatch(rule), rule


def test_jobs_and_callers_have_what_the_page_says(app: cdk.App) -> None:
    """Findings are job names, SF1, SF2, and inline policies unless a managed policy is passed."""
    stack = cdk.Stack(app, "Jobs")
    encryption = allowing(stack, GROUP)
    dataset = stack.format_arn(
        service="personalize", resource="dataset", resource_name="movies/ITEMS"
    )
    source = S3Location(blameless_bucket(stack), "")
    job = DatasetImportJob(
        stack, "Import", encryption=encryption, dataset_arn=dataset, source=source
    )
    sfn.StateMachine(stack, "Nightly", definition_body=sfn.DefinitionBody.from_chainable(job))
    solution = stack.format_arn(service="personalize", resource="solution", resource_name="watched")
    for id in ("Caller", "Managed"):
        caller = iam.Role(stack, id, assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        grantee = iam.ManagedPolicy(stack, "Policy", roles=[caller]) if id == "Managed" else caller
        encryption.grant_create(grantee, PersonalizeResource.batch_inference_job(), on=[solution])

    prefix = "Resource::arn:<AWS::Partition>:personalize:<AWS::Region>:<AWS::AccountId>"
    caller_policy, machine_policy = (
        "Jobs/Caller/DefaultPolicy/Resource",
        "Jobs/Nightly/Role/DefaultPolicy/Resource",
    )
    assert all_findings(app) == [
        (
            "error",
            "AwsSolutions-IAM5[Resource::<Data666C94C7.Arn>/*]",
            "Jobs/Encryption/Policy/Resource",
        ),
        ("error", f"AwsSolutions-IAM5[{prefix}:batch-inference-job/*]", caller_policy),
        ("error", f"AwsSolutions-IAM5[{prefix}:batch-inference-job/*]", "Jobs/Policy/Resource"),
        (
            "error",
            f"AwsSolutions-IAM5[{prefix}:dataset-import-job/JobsImportDB111AB8-*]",
            machine_policy,
        ),
        ("error", f"AwsSolutions-IAM5[{prefix}:solution/watched/*]", caller_policy),
        ("error", f"AwsSolutions-IAM5[{prefix}:solution/watched/*]", "Jobs/Policy/Resource"),
        ("error", "AwsSolutions-SF1", "Jobs/Nightly/Resource"),
        ("error", "AwsSolutions-SF2", "Jobs/Nightly/Resource"),
        ("error", "HIPAA.Security-IAMNoInlinePolicy", caller_policy),
        ("error", "HIPAA.Security-IAMNoInlinePolicy", machine_policy),
        ("error", "NIST.800.53.R5-IAMNoInlinePolicy", caller_policy),
        ("error", "NIST.800.53.R5-IAMNoInlinePolicy", machine_policy),
        ("error", "PCI.DSS.321-IAMNoInlinePolicy", caller_policy),
        ("error", "PCI.DSS.321-IAMNoInlinePolicy", machine_policy),
    ]
