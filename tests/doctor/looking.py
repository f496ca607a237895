"""The doctor on an embedded AWS, for tests of deployments."""

from __future__ import annotations

import json
from typing import Any

from embedded_aws import EmbeddedAws
from personalize_kms_constructs._doctor.account_report import look
from personalize_kms_constructs._doctor.asking import Account


class _Session:
    """What boto3's session is to the doctor; its clients are made once."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self._aws = aws

    def client(self, service: str, region_name: str, config: Any) -> Any:
        """A client of the embedded AWS, whose Regions are all one."""
        return self._aws.client(service)


def doctor_on(aws: EmbeddedAws) -> Any:
    """What the doctor says of all that is deployed, as its JSON has it."""
    session: Any = _Session(aws)
    return looked(Account(session, aws.region))


def looked(account: Account, *wanted: str) -> Any:
    """What the doctor says of an account, as its JSON has it."""
    return json.loads(look(account, wanted, 10).to_json())
