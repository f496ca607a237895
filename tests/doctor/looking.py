"""The doctor on an embedded AWS, for tests of deployments."""

from __future__ import annotations

import json
from typing import Any

from embedded_aws import EmbeddedAws
from personalize_kms_check._account.account_report import look
from personalize_kms_check._account.asking import Account


class _Session:
    """A stand-in for boto3's session, whose clients are made once."""

    def __init__(self, aws: EmbeddedAws) -> None:
        self._aws = aws

    def client(self, service: str, region_name: str, config: Any) -> Any:
        """A client of the embedded AWS, whose Regions are all one."""
        return self._aws.client(service)


def doctor_on(aws: EmbeddedAws) -> Any:
    """The doctor's report on everything deployed, read from its JSON."""
    session: Any = _Session(aws)
    return looked(Account(session, aws.region))


def looked(account: Account, *wanted: str) -> Any:
    """The doctor's report on an account, read from its JSON."""
    return json.loads(look(account, wanted, 10).to_json())
