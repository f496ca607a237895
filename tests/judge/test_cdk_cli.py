"""The judge under the CDK's CLI, which reads the report and decides what fails."""

import json
import os
import subprocess
import sys
from pathlib import Path

APP = """
import aws_cdk as cdk
from tests.judge.apps import break_key_policy, encryption

app = cdk.App()
made = encryption(cdk.Stack(cdk.Stage(app, "Prod"), "Main"))
if {fault}:
    break_key_policy(made)
app.synth()
"""


def cdk_cli(directory: Path, *arguments: str, fault: bool = True) -> tuple[int, str]:
    """Run the CDK's CLI for an app, and return its exit code and what it says."""
    (directory / "app.py").write_text(APP.format(fault=fault))
    (directory / "cdk.json").write_text(json.dumps({"app": f"{sys.executable} app.py"}))
    # Without the variables of pytest, by which the CDK would tell that no CLI is there.
    not_for_the_cli = [name for name in os.environ if name.startswith("PYTEST_")]
    environment = {name: value for name, value in os.environ.items() if name not in not_for_the_cli}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    process = subprocess.run(
        ["cdk", *arguments, "--no-notices"],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return process.returncode, process.stdout + process.stderr


def test_a_fault_in_a_stage_fails_a_plain_synth(tmp_path: Path) -> None:
    """No stack of the stage is selected; there is no traceback.

    The CLI reads an old report again if neither the CDK's validation nor a plugin writes another.
    """
    code, said = cdk_cli(tmp_path, "synth", "--quiet")
    assert code == 1
    assert "Encryption/Key lacks kms:CreateGrant" in said
    assert "Traceback" not in said

    without_judge = ("--context", "personalize-kms-constructs:judge=false")
    code, said = cdk_cli(tmp_path, "synth", "--quiet", *without_judge, fault=False)
    assert (code, "Encryption/Key lacks" in said) == (1, True)


def test_validate_sees_stages(tmp_path: Path) -> None:
    """The CLI's newer command selects them, and says what a synth says."""
    code, said = cdk_cli(tmp_path, "validate", "--unstable=validate", "--no-online")
    assert (code, "Acknowledge with 'Personalize::MissingKeyAccess'" in said) == (1, True)
