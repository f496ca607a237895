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
    found = _failed(environment)
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=whole)
    if [(each["of"], each["actions"]) for each in found] != [(key, [_ACTION])] or _failed(environment):
        raise DoctorFailedError(f"the doctor should have named {_ACTION} on {key}, and found {found}")
    return str(found[0]["title"])


def _failed(environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """The checks that fail, as the command says."""
    command = [sys.executable, "-m", "personalize_kms_constructs", "doctor", "--format", "json"]
    process = subprocess.run(command, env=dict(environment), capture_output=True, text=True)
    if process.returncode not in (0, 1):
        raise DoctorFailedError(process.stderr)
    checks = [check for group in json.loads(process.stdout)["dataset_groups"] for check in group["checks"]]
    return [check for check in checks if check["status"] == "failed"]
