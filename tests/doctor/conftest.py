"""The example app after a night and a deletion, deployed once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import create_loader
from click.testing import CliRunner, Result

from demo.cdk_cli import cdk
from demo.nightly_run import bucket_name, deletion_run, nightly_run
from embedded_aws import EmbeddedAws
from personalize_kms_check._account.asking import Account
from personalize_kms_check._cli import personalize_kms
from tests.deploy.conftest import templates_of
from tests.deploy.stacks import deploy
from tests.doctor.fake_account import FakeAccount
from tests.doctor.looking import looked

Report = dict[str, Any]
"""The doctor's JSON."""

# Descriptions of services are megabytes, which each call of the command would read anew in this one
# process.
loader = cache(create_loader)


@dataclass
class Deployed:
    """The example app in an account."""

    aws: EmbeddedAws
    group: str
    key: str
    """The ARN of the dataset group's key."""
    data_key: str
    role: str
    bucket: str
    account: Any = None
    """The doctor's connection."""

    def client(self, service: str) -> Any:
        """A client of the account's owner."""
        return self.aws.client(service)

    @property
    def role_name(self) -> str:
        """The name of the service role."""
        return self.role.rpartition("/")[2]


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """The example app: tests/deploy/test_example_app.py deploys it by ``cdk deploy``."""
    assembly = tmp_path_factory.mktemp("assembly")
    with EmbeddedAws(enforce=True) as aws:
        environment = aws.environment(tmp_path_factory.mktemp("home"))
        cdk("synth", "--quiet", "--output", str(assembly), environment=environment, quiet=True)
        assert deploy(aws, templates_of(assembly)) == []
        bucket = bucket_name(aws)
        nightly_run(aws, bucket)
        deletion_run(aws, bucket)
        personalize = aws.client("personalize")
        (summary,) = personalize.list_dataset_groups()["datasetGroups"]
        group = personalize.describe_dataset_group(datasetGroupArn=summary["datasetGroupArn"])[
            "datasetGroup"
        ]
        encryption = aws.client("s3").get_bucket_encryption(Bucket=bucket)[
            "ServerSideEncryptionConfiguration"
        ]
        default = encryption["Rules"][0]["ApplyServerSideEncryptionByDefault"]
        yield Deployed(
            aws,
            group["datasetGroupArn"],
            group["kmsKeyArn"],
            default["KMSMasterKeyID"],
            group["roleArn"],
            bucket,
        )


@pytest.fixture
def doctor(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Result]:
    """Run the command as a user of the account would."""
    monkeypatch.setattr("botocore.session.create_loader", loader)
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in deployed.aws.environment(tmp_path).items():
        if name.startswith("AWS_") or name == "HOME":
            monkeypatch.setenv(name, value)
    return lambda *arguments: CliRunner().invoke(
        personalize_kms, ["doctor", *arguments], catch_exceptions=False
    )


@pytest.fixture
def account() -> FakeAccount:
    """An account that isn't there."""
    return FakeAccount()


@pytest.fixture
def command(account: FakeAccount, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the command on it."""
    monkeypatch.setattr(Account, "connect", account.connect)
    return lambda *arguments: CliRunner().invoke(
        personalize_kms, ["doctor", *arguments], catch_exceptions=False
    )


@pytest.fixture
def report(deployed: Deployed, doctor: Callable[..., Result]) -> Callable[[], Report]:
    """Look again, without what a new process would have to load."""
    deployed.account = deployed.account or Account.connect(None, None)

    return lambda: looked(deployed.account)
