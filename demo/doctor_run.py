"""``personalize-kms doctor`` on a statement of the deployed key policy that was broken, and put back."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from demo.deployed_policies import key_arn
from embedded_aws import EmbeddedAws

_ACTION = "kms:Decrypt"


class DoctorFailedError(RuntimeError):
    """The doctor didn't find what was broken, or found something else."""


def broken_and_mended(aws: EmbeddedAws, home: Path) -> str:
    """Take an action out of the statement for Personalize, and put it back; return what the doctor says in between.

    Raises:
        DoctorFailedError: if the doctor doesn't name exactly that, or isn't content afterwards.
    """
    kms, key, environment = aws.client("kms"), key_arn(aws, "Security"), aws.environment(home)
    whole = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    policy = json.loads(whole)
    for statement in policy["Statement"]:
        if statement.get("Sid") == "PersonalizeService":
            statement["Action"] = [each for each in statement["Action"] if each != _ACTION]
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
    found = _found(environment)
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=whole)
    if [(each.get("policy_of"), each.get("action")) for each in found] != [(key, _ACTION)] or _found(environment):
        raise DoctorFailedError(f"the doctor should have named {_ACTION} on {key}, and found {found}")
    return f"{found[0]['principal_arn']} lacks {_ACTION}: {found[0]['because']}"


def _found(environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """What is missing or wrong, as the command says."""
    command = [sys.executable, "-m", "personalize_kms_constructs", "doctor", "--format", "json"]
    process = subprocess.run(command, env=dict(environment), capture_output=True, text=True)
    if process.returncode not in (0, 1):
        raise DoctorFailedError(process.stderr)
    groups = json.loads(process.stdout)["dataset_groups"]
    return [each for group in groups for each in (*group["missing"], *group["problems"])]
