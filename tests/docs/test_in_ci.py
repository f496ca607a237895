"""The workflow and the pre-commit hook of the page, run as they are written."""

import json
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.code import DOCS
from tests.sources import ROOT, files

PAGE = (DOCS / "how-to" / "test-and-ci.md").read_text(encoding="utf-8")
WORKFLOW, PRE_COMMIT = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
SYNTH = "npx cdk synth '**' --quiet"
APP = """
import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from personalize_kms_constructs import PersonalizeEncryption

app = cdk.App()
for scope in (app, cdk.Stage(app, "Prod")):
    stack = cdk.Stack(scope, "Main")
    key = kms.Key.from_key_arn(stack, "Key", "arn:aws:kms:eu-west-1:111122223333:key/1")
    made = PersonalizeEncryption(stack, "Encryption", encryption_key=key)
    made.add_dataset_group("Movies", name="movies")
app.synth()
"""


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with an app that is synthesized, and what ``npm ci`` installs."""
    directory = tmp_path_factory.mktemp("repository")
    (directory / "app.py").write_text(APP)
    (directory / "cdk.json").write_text(json.dumps({"app": f"{sys.executable} app.py"}))
    (directory / "node_modules").symlink_to(ROOT / "node_modules")
    assert run(SYNTH, directory).returncode == 0
    return directory


def run(command: str, directory: Path) -> subprocess.CompletedProcess[str]:
    """Run a command as GitHub does, with the packages installed here."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")
    }
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    environment["GITHUB_STEP_SUMMARY"] = str(directory / "summary.md")
    shell = ["bash", "-e", "-o", "pipefail", "-c", command]
    return subprocess.run(
        shell, cwd=directory, env=environment, capture_output=True, text=True, check=False
    )


def steps() -> list[dict[str, Any]]:
    """The steps of the workflow."""
    (job,) = yaml.safe_load(WORKFLOW)["jobs"].values()
    steps: list[dict[str, Any]] = job["steps"]
    return steps


def test_the_workflow_does_what_the_page_says(directory: Path) -> None:
    """Stages are synthesized; a job that fails for a finding has SARIF and summary all the same."""
    counting = "personalize-kms check --fail-on undecided"
    failed = False
    assert SYNTH in [step.get("run") for step in steps()]
    for step in steps():
        command = step.get("run", "").replace("personalize-kms check", counting)
        if command.startswith(("pip install", "npm ci", SYNTH)) or (
            failed and "cancelled" not in step.get("if", "")
        ):
            continue
        failed = run(command, directory).returncode != 0 or failed
        if "upload-sarif" in step.get("uses", ""):
            sarif = json.loads((directory / step["with"]["sarif_file"]).read_text())
            rules = {result["ruleId"] for result in sarif["runs"][0]["results"]}
            assert rules == {"Personalize::Undecided"}
    assert failed
    assert (directory / "cdk.out" / "assembly-Prod").is_dir()
    summary = (directory / "summary.md").read_text()
    assert "\n0 missing, 0 problems, 0 too much, 20 undecided, " in summary


def test_a_check_that_cannot_look_uploads_nothing(tmp_path: Path) -> None:
    """The job fails without a file: GitHub would refuse an empty file, or close alerts for it."""
    (check,) = [step["run"] for step in steps() if "--format sarif" in step.get("run", "")]
    strict = check.replace("personalize-kms check", "personalize-kms check --strict")
    assert run(strict, tmp_path).returncode == 2
    assert not (tmp_path / "access.sarif").exists()
    (upload,) = [step for step in steps() if "upload-sarif" in step.get("uses", "")]
    assert f"hashFiles('{upload['with']['sarif_file']}') != ''" in upload["if"]


def test_actions_are_pinned_as_in_our_own_workflows() -> None:
    """Actions are pinned by hash with the version, so a renewal of ours shows the page's need."""
    uses = re.findall(r"uses: (\S+)@(\S+) # (v[\d.]+)\n", WORKFLOW)
    assert len(uses) == sum("uses" in step for step in steps())
    ours = "".join(path.read_text() for path in files(ROOT / ".github" / "workflows", "*.yml"))
    for action, commit, version in uses:
        assert re.fullmatch("[0-9a-f]{40}", commit)
        assert f"uses: {action}@" not in ours or f"uses: {action}@{commit} # {version}\n" in ours


def test_the_hooks_run_as_they_are_defined(directory: Path) -> None:
    """The page's hook synthesizes the app, and ours checks it with the page's options."""
    local, other = yaml.safe_load(PRE_COMMIT)["repos"]
    (synth,), (used,) = local["hooks"], other["hooks"]
    (ours,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert used["id"] == ours["id"]
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert (ours["language"], ours["additional_dependencies"]) == (
        "python",
        [
            "--no-deps",
            *needed["optional-dependencies"]["cli"],
            "colorama; sys_platform == 'win32'",  # click's only dependency
        ],
    )
    for hook in (synth, ours):
        assert (hook["pass_filenames"], hook["always_run"]) == (False, True)
    assert synth["entry"] == SYNTH
    checked = run(shlex.join([*shlex.split(ours["entry"]), *used["args"]]), directory)
    assert (checked.returncode, checked.stderr) == (1, "")
    assert "? not known whether Prod/Main/Encryption/Role and Personalize" in checked.stdout
    assert "✔" not in checked.stdout
