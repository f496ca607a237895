"""``personalize-kms doctor`` on the deployed app, as it is and with a statement that was broken."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from embedded_aws import EmbeddedAws

_ACTION = "kms:Decrypt"


class DoctorFailedError(RuntimeError):
    """The doctor missed the defect, or reported another."""


def report(aws: EmbeddedAws, home: Path) -> str:
    """Return what the doctor says of all that is deployed.

    Raises:
        DoctorFailedError: if something is missing or wrong.
    """
    process = _doctor(aws.environment(home))
    if process.returncode != 0:
        raise DoctorFailedError(f"something is missing:\n{process.stdout}{process.stderr}")
    return process.stdout


def broken_and_mended(aws: EmbeddedAws, home: Path) -> str:
    """Take an action out of the key policy, return the doctor's finding, and put the action back.

    Raises:
        DoctorFailedError: if the doctor doesn't name exactly that, or isn't content afterwards.
    """
    kms, personalize = aws.client("kms"), aws.client("personalize")
    environment = aws.environment(home)
    (group,) = personalize.list_dataset_groups()["datasetGroups"]
    described = personalize.describe_dataset_group(datasetGroupArn=group["datasetGroupArn"])
    key = described["datasetGroup"]["kmsKeyArn"]
    whole = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    policy = json.loads(whole)
    for statement in policy["Statement"]:
        if statement.get("Sid") == "PersonalizeService":
            statement["Action"].remove(_ACTION)
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
    findings = _findings(environment)
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=whole)
    named = [(finding.get("policy_of"), finding.get("action")) for finding in findings]
    if named != [(key, _ACTION)] or _findings(environment):
        raise DoctorFailedError(
            f"the doctor should have named {_ACTION} on {key}, and found {findings}"
        )
    (finding,) = findings
    return f"{finding['principal_arn']} lacks {_ACTION}: {finding['because']}"


def _findings(environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """Return the missing permissions and problems that the command reports."""
    process = _doctor(environment, "--format", "json")
    if process.returncode not in (0, 1):
        raise DoctorFailedError(process.stderr)
    report = json.loads(process.stdout)
    return [*report["missing"], *report["problems"]]


def _doctor(environment: Mapping[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "personalize_kms_check", "doctor", *options]
    return subprocess.run(command, env=dict(environment), capture_output=True, text=True)
