"""The judge under the CDK's CLI, which reads the report, decides what fails, and counts plugins."""

from __future__ import annotations

import base64
import gzip
import json
import os
import subprocess
import sys
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


def synth(directory: Path, scope: str, *options: str, fault: bool) -> subprocess.CompletedProcess[str]:
    """Run ``cdk synth`` for an app."""
    (directory / "app.py").write_text(APP.format(scope=scope, fault=fault))
    (directory / "cdk.json").write_text(json.dumps({"app": f"{sys.executable} app.py"}))
    # Without the variables of pytest, by which the CDK would tell that no CLI is there, and without
    # that of a pipeline, in which the CLI writes to the standard output what it writes to the other here.
    environment = {name: value for name, value in os.environ.items() if name != "CI" and not name.startswith("PYTEST_")}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    command = ["cdk", "synth", "--quiet", "--no-notices", *options]
    return subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("scope", ["app", 'cdk.Stage(app, "Prod")'])
def test_a_fault_fails_a_plain_synth(scope: str, tmp_path: Path) -> None:
    """Of a stack, and of a stage, no stack of which is selected; there is no traceback."""
    found = synth(tmp_path, scope, fault=True)
    assert found.returncode == 1
    assert "Personalize lacks kms:CreateGrant" in found.stdout + found.stderr
    assert "Traceback" not in found.stdout + found.stderr


@pytest.mark.parametrize("scope", ["app", 'cdk.Stage(app, "Prod")'])
def test_a_synth_without_a_fault_succeeds(scope: str, tmp_path: Path) -> None:
    """And says nothing."""
    found = synth(tmp_path, scope, fault=False)
    assert (found.returncode, found.stdout) == (0, "")
    assert "ersonalize" not in found.stderr


def files(directory: Path, *options: str) -> dict[str, str]:
    """The files of a synth with all that the CDK does by default: its own validation, and its analytics."""
    output = directory / "cdk.out"
    environment = "env=cdk.Environment(account='111111111111', region='eu-west-1')"
    result = synth(directory, f'cdk.Stage(app, "Prod", {environment})', "--output", str(output), *options, fault=False)
    assert result.returncode == 0, result.stderr
    found = (path for path in output.rglob("*") if path.is_file() and path.name != "performance-counters.json")
    return {str(path.relative_to(output)): path.read_text() for path in found}


def analytics(template: dict[str, Any]) -> str:
    """What the CDK counts, taken out of a template and unpacked."""
    packed = template["Resources"]["CDKMetadata"]["Properties"].pop("Analytics").split(":")[-1]
    return gzip.decompress(base64.b64decode(packed)).decode()


def test_no_file_differs_but_for_the_metadata_of_the_cdk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And that by a name, with neither a version nor a rule, so that no release changes it."""
    monkeypatch.delenv("CDK_VALIDATION")
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    without = files(tmp_path / "one", "-c", "personalize-kms-constructs:judge=false")
    with_judge = files(tmp_path / "two")
    assert set(with_judge) == set(without)
    differing = [name for name in without if without[name] != with_judge[name]]
    # The hash of the template is in the other two.
    assert sorted(name.partition(".")[2] for name in differing if "manifest" not in name) == [
        "assets.json",
        "template.json",
    ]
    (name,) = (name for name in differing if name.endswith(".template.json"))
    one, other = json.loads(without[name]), json.loads(with_judge[name])
    assert "policyValidation" not in analytics(one)
    assert analytics(other).endswith(",0.0.0!policyValidation.Personalize")
    assert one == other
