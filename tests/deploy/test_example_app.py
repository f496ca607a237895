"""The example app, deployed by the CDK CLI on an embedded AWS that checks permissions at once.

tests/doctor runs its night, and finds that nothing is missing.
"""

from pathlib import Path

from demo.cdk_cli import bootstrap, cdk
from embedded_aws import EmbeddedAws
from tests.deploy.stacks import upload_ratings


def test_the_cdk_cli_deploys_and_destroys_it(
    aws: EmbeddedAws, assembly: Path, tmp_path: Path
) -> None:
    """Nothing of it is left at the end."""
    environment = aws.environment(tmp_path)
    app = ("--app", str(assembly))

    def cdk_deploy(*stacks: str) -> None:
        cdk(
            "deploy",
            *app,
            *stacks,
            "--require-approval",
            "never",
            environment=environment,
            quiet=True,
        )

    bootstrap(aws, tmp_path)
    cdk_deploy("Security", "Data")
    upload_ratings(aws)
    cdk_deploy("Recommendations")
    (job,) = aws.client("personalize").list_dataset_import_jobs()["datasetImportJobs"]
    assert (job["jobName"], job["status"]) == ("movies-ratings-import-21a083d1", "ACTIVE")

    cdk("destroy", *app, "--all", "--force", environment=environment, quiet=True)
    assert aws.client("personalize").list_dataset_groups()["datasetGroups"] == []
    roles = [role["RoleName"] for role in aws.client("iam").list_roles()["Roles"]]
    assert [role for role in roles if not role.startswith("cdk-")] == []  # those of the bootstrap
