"""``make integ``."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from demo.cdk_cli import CdkError, cdk
from integ.account import Aws, Deployed, OwnAccount, Patience
from integ.app import STACK
from integ.experiments import EXPERIMENTS, run
from integ.table import tables
from integ.trail import kms_calls
from personalize_kms_constructs._doctor.account_report import Totals, look, written
from personalize_kms_constructs._doctor.asking import Account, DoctorError

_ROOT = Path(__file__).resolve().parent.parent

BEFOREHAND = f"""\
This deploys the stack {STACK} to account {{account}}, Region {{region}}, which has to be bootstrapped:
two KMS keys, a bucket, a role, a dataset group with one dataset of a hundred interactions.
It runs {len(EXPERIMENTS)} import jobs and an export job, each under other policies of these keys and this bucket, and
changes nothing else. On AWS that may take hours.

It costs what AWS asks for two keys and a few kilobytes of data, for so long:
  https://aws.amazon.com/kms/pricing/   https://aws.amazon.com/personalize/pricing/
At the end everything is deleted, also if something fails; KMS deletes the keys after seven days.
"""


class _Session:
    """The part of a boto3 session that the doctor uses."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def client(self, service: str, region_name: str) -> Any:
        return self._aws.client(service)


def integrate(
    aws: Aws,
    environment: Mapping[str, str],
    patience: Patience,
    ask: Callable[[str], bool],
    tell: Callable[[str], None],
) -> str | None:
    """Deploy, look, try and take down; return the tables, or none if it wasn't wanted.

    Raises:
        CdkError: if the CLI fails; what was deployed is taken down.
    """
    if not ask(BEFOREHAND.format(account=aws.account, region=aws.region)):
        return None
    started = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="integ-") as scratch:
        app = ("--app", f"{scratch}/cdk.out")
        command = f"{sys.executable} -m integ.app"
        cdk("synth", "--app", command, "--output", app[1], "--quiet", environment=environment, quiet=True)
        try:
            tell("cdk deploy")
            cdk("deploy", *app, STACK, "--require-approval", "never", environment=environment, quiet=True)
            deployed = Deployed.of(aws)
            _doctor(aws, "before", tell)
            outcomes = run(aws, deployed, patience, tell)
            _doctor(aws, "after", tell)
            tell("CloudTrail")
            calls = kms_calls(aws, deployed, started, patience)
            return tables(outcomes, calls, aws.region, f"{started:%Y-%m-%d}")
        finally:
            tell("everything is taken down")
            _take_down(aws, app, environment)


def _doctor(aws: Aws, when: str, tell: Callable[[str], None]) -> None:
    session: Any = _Session(aws)
    account = Account(session, aws.region)
    totals = Totals(account)
    report = "".join(written("text", look(account, [Deployed.of(aws).group], 10), totals))
    tell(f"personalize-kms doctor, {when}: {totals.line()}")
    if totals.missing or totals.problems:
        tell(report)


def _take_down(aws: Aws, app: tuple[str, ...], environment: Mapping[str, str]) -> None:
    try:
        resources = aws.client("cloudformation").describe_stack_resources(StackName=STACK)["StackResources"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return  # the deployment failed before there was a stack
    s3 = aws.client("s3")
    for each in resources:
        if each["ResourceType"] == "AWS::S3::Bucket" and each.get("PhysicalResourceId"):
            bucket = each["PhysicalResourceId"]
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
                for found in page.get("Contents", ()):
                    s3.delete_object(Bucket=bucket, Key=found["Key"])
    cdk("destroy", *app, STACK, "--force", environment=environment, quiet=True)


def main() -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m integ", description=sys.modules["integ"].__doc__)
    parser.add_argument("--profile")
    parser.add_argument("--region", default=os.environ.get("AWS_REGION"))
    arguments = parser.parse_args()

    def ask(text: str) -> bool:
        print(text)
        return input('Type "yes" to go on: ').strip() == "yes"

    try:
        aws = OwnAccount(Account.connect(arguments.profile, arguments.region))
    except DoctorError as error:
        print(f"✘ {error}", file=sys.stderr)
        return 1
    environment = {**os.environ, "PYTHONPATH": str(_ROOT), "CDK_DISABLE_CLI_TELEMETRY": "1"}
    environment |= {"AWS_PROFILE": arguments.profile} if arguments.profile else {}
    environment |= dict.fromkeys(("AWS_REGION", "CDK_DEFAULT_REGION"), aws.region)
    try:
        found = integrate(aws, environment, Patience(), ask, lambda line: print(f"▶ {line}", flush=True))
    except (BotoCoreError, CdkError, ClientError, DoctorError, EOFError) as error:
        print(f"✘ {error}", file=sys.stderr)
        return 1
    print("nothing was done" if found is None else f"\nfor docs/documented.md:\n\n{found}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
