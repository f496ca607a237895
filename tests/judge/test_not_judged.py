"""Limits of the judge: the uses that ask no plugin, and old reports that the CLI reads."""

from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeResource, S3Location
from personalize_kms_constructs.checks import check_assembly
from tests.judge.apps import break_key_policy, encryption, failure, new_app
from tests.judge.test_cdk_cli import cdk_cli


@pytest.mark.parametrize("in_stage", [False, True])
def test_the_template_of_a_stack_in_a_stage_is_taken_unjudged(
    in_stage: bool, tmp_path: Path
) -> None:
    """``from_stack`` synthesizes the stage alone, which asks no plugin of the app."""
    app = new_app(tmp_path)
    stack = cdk.Stack(cdk.Stage(app, "Prod") if in_stage else app, "Main")
    break_key_policy(encryption(stack))
    assert bool(failure(lambda: assertions.Template.from_stack(stack))) is not in_stage
    assert failure(app.synth)


@pytest.mark.parametrize("skipped", [False, True])
def test_without_validation_jobs_are_unknown(skipped: bool, tmp_path: Path) -> None:
    """Constructs write their metadata when validated; dataset groups are in the template anyway."""
    app = new_app(tmp_path)
    stack = cdk.Stack(app, "Main")
    made = encryption(stack)
    made.allow(PersonalizeResource.dataset_import_job(S3Location(s3.Bucket(stack, "Data"), "in/")))
    made.add_dataset_group("Movies", name="movies")
    asked = check_assembly(app.synth(skip_validation=skipped)).asked
    group = "Main/Encryption/Movies (dataset group)"
    jobs = ["Main/Encryption (dataset group)", "Main/Encryption (dataset import job)"]
    assert asked == ((group,) if skipped else (*jobs, group))


def test_the_cli_reads_an_old_report_again(tmp_path: Path) -> None:
    """It does if neither the CDK's validation nor a plugin writes a new one.

    Takes seven seconds: the CLI and the app start three times.
    """
    assert cdk_cli(tmp_path, "app", "synth", "--quiet", fault=True).returncode == 1
    without_judge = ("synth", "--quiet", "--context", "personalize-kms-constructs:judge=false")
    again = cdk_cli(tmp_path, "app", *without_judge, fault=False)
    assert (again.returncode, "Encryption/Key lacks" in again.stdout + again.stderr) == (1, True)
    (tmp_path / "cdk.out" / "validation-report.json").unlink()
    assert cdk_cli(tmp_path, "app", *without_judge, fault=False).returncode == 0


@pytest.mark.parametrize("fault", [False, True])
def test_validate_sees_stages(fault: bool, tmp_path: Path) -> None:
    """The CLI's newer command selects them too, and says what a synth says."""
    validate = ("validate", "--unstable=validate", "--no-online")
    process = cdk_cli(tmp_path, 'cdk.Stage(app, "Prod")', *validate, fault=fault)
    said = process.stdout + process.stderr
    assert (process.returncode, "Acknowledge with 'Personalize::MissingKeyAccess'" in said) == (
        int(fault),
        fault,
    )
