"""The example app on an embedded AWS that refuses what lacks a permission at that moment."""

import copy
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from demo.cdk_cli import bootstrap, cdk
from demo.deployed_policies import bucket_name, deployed_access
from demo.nightly_run import deletion_run, nightly_run
from embedded_aws import EmbeddedAws
from personalize_kms_constructs._access.comparison import compare
from tests.deploy.stacks import Templates, deploy, drop_statement, key_statements, of_type, upload_ratings


def test_the_cdk_cli_deploys_redeploys_and_destroys_it(aws: EmbeddedAws, assembly: Path, tmp_path: Path) -> None:
    """A second deploy changes nothing, every permission asked for is deployed, and nothing of it is left at the end."""
    environment = aws.environment(tmp_path)
    app = ("--app", str(assembly))

    def cdk_deploy(*stacks: str) -> str:
        return cdk("deploy", *app, *stacks, "--require-approval", "never", environment=environment, quiet=True)

    bootstrap(aws, tmp_path)
    cdk_deploy("Security", "Data")
    upload_ratings(aws)
    cdk_deploy("Recommendations")

    (group,) = aws.client("personalize").list_dataset_groups()["datasetGroups"]
    described = aws.client("personalize").describe_dataset_group(datasetGroupArn=group["datasetGroupArn"])
    assert described["datasetGroup"]["status"] == "ACTIVE"
    (job,) = aws.client("personalize").list_dataset_import_jobs()["datasetImportJobs"]
    assert (job["jobName"], job["status"]) == ("movies-ratings-import", "ACTIVE")
    report = compare(deployed_access(aws))
    assert (report.missing, report.undecided, report.problems) == ((), (), ())
    assert "Recommendations/Deletion/Delete (data deletion job)" in report.asked
    bucket = bucket_name(aws)
    night = nightly_run(aws, bucket)
    assert [state for state in night if state.endswith(" done")] == ["Import done", "Recommend done", "Export done"]
    places = [place.split("/")[3:-1] for place in night if place.startswith("s3://")]
    (day,) = {place[-1] for place in places}
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", day)
    assert places == [["batch", "out", day], ["export", day]]
    assert deletion_run(aws, bucket)[-2:] == ["Delete done", "0 records deleted"]

    assert cdk_deploy("--all").count("(no changes)") == 3
    cdk("destroy", *app, "--all", "--force", environment=environment, quiet=True)
    assert aws.client("personalize").list_dataset_groups()["datasetGroups"] == []
    assert [
        role["RoleName"]
        for role in aws.client("iam").list_roles()["Roles"]
        if not role["RoleName"].startswith("cdk-")  # those of the bootstrap
    ] == []


def test_the_templates_deploy_as_they_are(aws: EmbeddedAws, templates: Templates) -> None:
    """The deployment that the broken variants below are compared with."""
    assert deploy(aws, templates) == []


def no_service_principal(templates: Templates) -> None:
    """The key of the dataset group knows the role alone."""
    drop_statement(templates["Security"], "PersonalizeService")


def an_action_missing_in_the_key_policy(templates: Templates) -> None:
    """The service may not list grants on the bucket's key."""
    (statement,) = key_statements(templates["Data"], "PersonalizeService")
    statement["Action"].remove("kms:ListGrants")


def an_action_missing_in_iam(templates: Templates) -> None:
    """The key policies delegate to IAM, which says nothing of grants."""
    (policy,) = of_type(templates["Recommendations"], "AWS::IAM::ManagedPolicy")
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    policy["Properties"]["PolicyDocument"]["Statement"] = [s for s in statements if s["Sid"] != "CreateGrants"]


def no_account_statement(templates: Templates) -> None:
    """Nobody could change the key policy any more."""
    (key,) = of_type(templates["Security"], "AWS::KMS::Key")
    del key["Properties"]["KeyPolicy"]["Statement"][0]


def no_ordering(templates: Templates) -> None:
    """Nothing makes the dataset group wait for the role's policy."""
    for resource in templates["Recommendations"]["Resources"].values():
        resource.pop("DependsOn", None)


def no_bucket_policy_for_the_service(templates: Templates) -> None:
    """The service may list the bucket and read nothing."""
    (policy,) = of_type(templates["Data"], "AWS::S3::BucketPolicy")
    statements = policy["Properties"]["PolicyDocument"]["Statement"]
    policy["Properties"]["PolicyDocument"]["Statement"] = [
        s for s in statements if not s.get("Sid", "").startswith("PersonalizeServiceReadObjects")
    ]


@pytest.mark.parametrize(
    ("break_it", "reason"),
    [
        (no_service_principal, r"personalize\.amazonaws\.com needs .*kms:Decrypt.* on arn:aws:kms:.* \(key policy\)"),
        (
            an_action_missing_in_the_key_policy,
            r"personalize\.amazonaws\.com needs kms:ListGrants on arn:aws:kms:",
        ),
        (an_action_missing_in_iam, r"role/Recommendations-Encryption-8485E84F-eu-west-1 needs kms:CreateGrant on"),
        (no_account_statement, r"The new key policy will not allow you to update the key policy in the future"),
        (no_ordering, r"Insufficient privileges"),
        (no_bucket_policy_for_the_service, r"personalize\.amazonaws\.com needs s3:GetObject on .* \(bucket policy\)"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "message",
)
def test_a_broken_variant_fails_to_deploy(
    aws: EmbeddedAws, templates: Templates, break_it: Callable[[Templates], None], reason: str
) -> None:
    """The stack fails, and its events name what is missing."""
    whole = copy.deepcopy(templates)
    break_it(templates)
    assert templates != whole
    reasons = deploy(aws, templates)
    assert reasons
    assert any(re.search(reason, found) for found in reasons), "\n".join(reasons)
