"""The account in which it runs, and what was deployed there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import ClientError

from personalize_kms_constructs._doctor.asking import Account

PREFIX = "PersonalizeKmsInteg-"
"""The names of all stacks begin so, and nobody else's should."""


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
        credentials = account._session.get_credentials()
        self.is_temporary = bool(credentials and credentials.token)
        """True if the credentials expire."""


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

    stack: str
    group: str
    dataset: str
    key: str
    data_key: str
    bucket: str
    role: str
    machine: str

    @staticmethod
    def of(aws: Aws, stack: str) -> Deployed:
        """Read the outputs of the stack."""
        (described,) = aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
        found: Mapping[str, str] = {each["OutputKey"]: each["OutputValue"] for each in described["Outputs"]}
        names = ("GroupArn", "DatasetArn", "KeyArn", "DataKeyArn", "BucketName", "RoleArn", "MachineArn")
        return Deployed(stack, *(found[name] for name in names))


def stack_status(aws: Aws, stack: str) -> str:
    """Return the status of a stack, or nothing if there is none of this name."""
    try:
        return str(aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])
    except ClientError as error:
        if "does not exist" not in str(error):
            raise
        return ""
