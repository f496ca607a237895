"""The example app, deployed by the CDK CLI on an embedded AWS that refuses what lacks a permission at that moment."""

import re
from pathlib import Path

from demo.cdk_cli import bootstrap, cdk
from demo.deployed_policies import bucket_name, deployed_access
from demo.nightly_run import deletion_run, nightly_run
from embedded_aws import EmbeddedAws
from personalize_kms_constructs._access.comparison import compare
from tests.deploy.stacks import upload_ratings


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
