"""The judge under the CDK's CLI, which reads the report, decides what fails, and counts plugins."""

import base64
import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

APP = """
import aws_cdk as cdk
from tests.judge.apps import break_key_policy, encryption

app = cdk.App()
made = encryption(cdk.Stack({scope}, "Main"))
if {fault}:
    break_key_policy(made)
app.synth()
"""


def synth(
    directory: Path, scope: str, *options: str, fault: bool
) -> subprocess.CompletedProcess[str]:
    """Run ``cdk synth`` for an app."""
    return cdk_cli(directory, scope, "synth", "--quiet", *options, fault=fault)


def cdk_cli(
    directory: Path, scope: str, *arguments: str, fault: bool
) -> subprocess.CompletedProcess[str]:
    """Run the CDK's CLI for an app."""
    (directory / "app.py").write_text(APP.format(scope=scope, fault=fault))
    (directory / "cdk.json").write_text(json.dumps({"app": f"{sys.executable} app.py"}))
    # Without the variables of pytest, by which the CDK would tell that no CLI is there, and without
    # that of a pipeline, in which the CLI writes to the standard output what it writes to the other
    # here.
    not_for_the_cli = {"CI", *(name for name in os.environ if name.startswith("PYTEST_"))}
    environment = {name: value for name, value in os.environ.items() if name not in not_for_the_cli}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    command = ["cdk", *arguments, "--no-notices"]
    return subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("scope", ["app", 'cdk.Stage(app, "Prod")'])
def test_a_fault_fails_a_plain_synth(scope: str, tmp_path: Path) -> None:
    """Of a stack, and of a stage, no stack of which is selected; there is no traceback."""
    process = synth(tmp_path, scope, fault=True)
    assert process.returncode == 1
    assert "Encryption/Key lacks kms:CreateGrant" in process.stdout + process.stderr
    assert "Traceback" not in process.stdout + process.stderr


def files(directory: Path, scope: str, *options: str) -> dict[str, str]:
    """The files of a synth with the CDK's analytics; it says nothing where nothing is wrong."""
    directory.mkdir()
    output = directory / "cdk.out"
    result = synth(directory, scope, "--output", str(output), *options, fault=False)
    assert (result.returncode, result.stdout) == (0, ""), result.stderr
    assert "ersonalize" not in result.stderr
    # The CDK's own validation, which is off in tests, leaves a report too.
    others = ("performance-counters.json", "validation-report.json")
    paths = [path for path in output.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(output)): path.read_text() for path in paths if path.name not in others
    }


def analytics(template: dict[str, Any]) -> str:
    """Take the CDK's analytics out of a template, and unpack them."""
    packed = template["Resources"]["CDKMetadata"]["Properties"].pop("Analytics").split(":")[-1]
    return gzip.decompress(base64.b64decode(packed)).decode()


def with_and_without_judge(directory: Path, scope: str) -> Iterator[tuple[str, str, str]]:
    """The files that differ, as they are without the judge and with it."""
    without = files(directory / "one", scope, "-c", "personalize-kms-constructs:judge=false")
    with_judge = files(directory / "two", scope)
    assert set(with_judge) == set(without)
    return (
        (name, text, with_judge[name]) for name, text in without.items() if text != with_judge[name]
    )


def test_no_file_of_an_app_differs(tmp_path: Path) -> None:
    """The judge comes when the CDK has counted the plugins.

    Takes five seconds: the CLI and the app start twice.
    """
    assert list(with_and_without_judge(tmp_path, "app")) == []


def test_after_a_stage_the_metadata_of_the_cdk_differs(tmp_path: Path) -> None:
    """And that by a name, with neither a version nor a rule, so that no release changes it."""
    environment = "env=cdk.Environment(account='111111111111', region='eu-west-1')"
    other_stack = 'cdk.CfnResource(cdk.Stack(app, "Other"), "Topic", type="AWS::SNS::Topic")'
    scope = f'{other_stack} and cdk.Stage(app, "Prod", {environment})'
    # The hash of the template is in the other two.
    differing = {name: texts for name, *texts in with_and_without_judge(tmp_path, scope)}
    assert sorted(differing) == ["Other.assets.json", "Other.template.json", "manifest.json"]
    one, other = (json.loads(text) for text in differing["Other.template.json"])
    assert "policyValidation" not in analytics(one)
    assert analytics(other).endswith(",0.0.0!policyValidation.Personalize")
    assert one == other
