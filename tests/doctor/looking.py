"""The doctor on an embedded AWS, for tests of deployments."""

from __future__ import annotations

import json
from typing import Any

from embedded_aws import EmbeddedAws
from personalize_kms_constructs._doctor.asking import Account
from personalize_kms_constructs._doctor.look import look
from personalize_kms_constructs._doctor.output import Json


class _Session:
    """What boto3's session is to the doctor; its clients are made once."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self._aws = aws

    def client(self, service: str, region_name: str) -> Any:
        """A client of the embedded AWS, whose Regions are all one."""
        return self._aws.client(service)


def doctor_on(aws: EmbeddedAws) -> Any:
    """What the doctor says of all that is deployed, as its JSON has it."""
    written: list[str] = []
    session: Any = _Session(aws)
    look(Account(session, aws.region), [], 10, Json(written.append), lambda _: None)
    return json.loads("".join(written))


def findings(report: Any) -> list[tuple[str, str]]:
    """The statuses and titles of all checks that are not green."""
    checks = [check for group in report["dataset_groups"] for check in group["checks"]]
    return [(each["status"], each["title"]) for each in checks if each["status"] not in ("ok", "note")]
