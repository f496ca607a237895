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
    """The doctor didn't find what was broken, or found something else."""


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
    """Take an action out of the statement for Personalize, and put it back; return what the doctor says in between.

    Raises:
        DoctorFailedError: if the doctor doesn't name exactly that, or isn't content afterwards.
    """
    kms, personalize, environment = (
        aws.client("kms"),
        aws.client("personalize"),
        aws.environment(home),
    )
    (group,) = personalize.list_dataset_groups()["datasetGroups"]
    key = personalize.describe_dataset_group(datasetGroupArn=group["datasetGroupArn"])[
        "datasetGroup"
    ]["kmsKeyArn"]
    whole = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    policy = json.loads(whole)
    for statement in policy["Statement"]:
        if statement.get("Sid") == "PersonalizeService":
            statement["Action"] = [each for each in statement["Action"] if each != _ACTION]
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
    found = _found(environment)
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=whole)
    if [(each.get("policy_of"), each.get("action")) for each in found] != [
        (key, _ACTION)
    ] or _found(environment):
        raise DoctorFailedError(
            f"the doctor should have named {_ACTION} on {key}, and found {found}"
        )
    return f"{found[0]['principal_arn']} lacks {_ACTION}: {found[0]['because']}"


def _found(environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """What is missing or wrong, as the command says."""
    process = _doctor(environment, "--format", "json")
    if process.returncode not in (0, 1):
        raise DoctorFailedError(process.stderr)
    groups = json.loads(process.stdout)["dataset_groups"]
    return [each for group in groups for each in (*group["missing"], *group["problems"])]


def _doctor(environment: Mapping[str, str], *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "personalize_kms_constructs", "doctor", *options]
    return subprocess.run(command, env=dict(environment), capture_output=True, text=True)
