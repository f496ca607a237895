"""The account in which it runs, and what was deployed there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from integ.app import STACK
from personalize_kms_constructs._doctor.asking import Account


class Aws(Protocol):
    """Clients of one account and Region; an embedded AWS is one, too."""

    account: str
    region: str

    def client(self, service: str) -> Any:
        """Return a boto3 client."""
        ...


class OwnAccount:
    """An account by AWS's usual credentials."""

    def __init__(self, account: Account) -> None:
        self.account, self.region, self.client = account.id, account.region, account.client


@dataclass(frozen=True)
class Patience:
    """Times to wait, in seconds."""

    between_looks: float = 30
    for_policies: float = 60
    """Until a changed policy is in effect everywhere."""
    for_trail: float = 900
    """Until CloudTrail has the last events (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/how-cloudtrail-works.html)."""


@dataclass(frozen=True)
class Deployed:
    """ARNs and names of what the stack has made, from its outputs."""

    group: str
    dataset: str
    key: str
    data_key: str
    bucket: str
    role: str

    @staticmethod
    def of(aws: Aws) -> Deployed:
        """Read the outputs of the stack."""
        (stack,) = aws.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
        found: Mapping[str, str] = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
        names = ("GroupArn", "DatasetArn", "KeyArn", "DataKeyArn", "BucketName", "RoleArn")
        return Deployed(*(found[name] for name in names))
