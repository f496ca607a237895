"""``make integ``."""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from botocore.exceptions import BotoCoreError, ClientError

from demo.cdk_cli import CdkError, cdk
from integ.account import PREFIX, Aws, Deployed, OwnAccount, Patience, stack_status
from integ.execution import execute
from integ.experiments import EXPERIMENTS, GROUP, Outcome, run
from integ.table import tables
from integ.take_down import LeftError, take_down
from integ.trail import KmsCall, kms_calls
from personalize_kms_constructs._doctor.account_report import look
from personalize_kms_constructs._doctor.asking import Account, DoctorError

_ROOT = Path(__file__).resolve().parent.parent

BEFOREHAND = """\
This deploys the stack {stack} to account {account}, Region {region}, which has to be bootstrapped:
two KMS keys, a bucket, two roles, a state machine, a dataset group with one dataset of a hundred interactions.
It runs {jobs} jobs, and creates {groups} more dataset groups, each under another policy of these keys and this bucket.
It changes nothing else. On AWS that may take hours.

It costs what AWS asks for two keys and a few kilobytes of data, for so long:
  https://aws.amazon.com/kms/pricing/   https://aws.amazon.com/personalize/pricing/
At the end everything is deleted, also if something fails, and after Ctrl-C; KMS deletes the keys after seven days.
If this process is killed before, or its credentials expire, this takes it away:
  {command}
"""
TEMPORARY = """\
These credentials are temporary. If they expire before the end, everything is left until you renew them.
"""
EARLIER = """\
An earlier run has left the stack {stack}, or is at work; this takes it away:
  {command}
"""


class _Session:
    """The part of a boto3 session that the doctor uses."""

    def __init__(self, aws: Aws) -> None:
        self._aws = aws

    def client(self, service: str, region_name: str, config: Any) -> Any:
        return self._aws.client(service)


def integrate(
    aws: Aws,
    environment: Mapping[str, str],
    patience: Patience,
    ask: Callable[[str], bool],
    tell: Callable[[str], None],
) -> bool:
    """Deploy, look, try, tell the tables and take down; return false if it wasn't wanted.

    What was found before an error is told, too, and before anything is taken down: that may fail.

    Raises:
        CdkError: if the CLI fails; what was deployed is taken down.
        LeftError: if that can't be.
    """
    stack = f"{PREFIX}{secrets.token_hex(4)}"
    command = take_down_command(aws, stack, environment)
    if not ask(_beforehand(aws, stack, environment)):
        return False
    started = datetime.now(UTC)
    with tempfile.TemporaryDirectory(prefix="integ-") as scratch:
        app = ("--app", f"{scratch}/cdk.out")
        synth = f"{sys.executable} -m integ.app {stack}"
        cdk("synth", "--app", synth, "--output", app[1], "--quiet", environment=environment, quiet=True)
        if stack_status(aws, stack):
            raise CdkError(f"there is a stack {stack} already, which isn't touched: start again")
        outcomes: list[Outcome] = []
        state_machines: dict[str, str] = {}
        calls: list[tuple[datetime, KmsCall]] = []
        try:
            tell("cdk deploy")
            cdk("deploy", *app, stack, "--require-approval", "never", environment=environment, quiet=True)
            deployed = Deployed.of(aws, stack)
            _doctor(aws, deployed, "before", tell)
            run(aws, deployed, patience, tell, outcomes.append)
            tell("state machine")
            state_machines = execute(aws, deployed, patience)
            _doctor(aws, deployed, "after", tell)
            tell("CloudTrail")
            calls = kms_calls(aws, deployed, started, patience)
        except BaseException as error:
            tell(f"it stops: {str(error) or type(error).__name__}")
            raise
        finally:
            try:
                if outcomes:
                    found = tables(outcomes, calls, state_machines, aws.region, f"{started:%Y-%m-%d}")
                    tell(f"for docs/documented.md:\n\n{found}")
            finally:
                take_down(aws, stack, patience, tell, command)
    return True


def take_down_command(aws: Aws, stack: str, environment: Mapping[str, str]) -> str:
    """Return the command that takes down what a run of this name has left."""
    profile = f" PROFILE={environment['AWS_PROFILE']}" if "AWS_PROFILE" in environment else ""
    return f"make integ TAKE_DOWN={stack} REGION={aws.region}{profile}"


def _beforehand(aws: Aws, stack: str, environment: Mapping[str, str]) -> str:
    created = [what for each in EXPERIMENTS for what in each.creates]
    groups = created.count(GROUP)
    text = BEFOREHAND.format(
        stack=stack,
        account=aws.account,
        region=aws.region,
        jobs=len(created) - groups + 1,
        groups=groups,
        command=take_down_command(aws, stack, environment),
    )
    for page in aws.client("cloudformation").get_paginator("describe_stacks").paginate():
        for each in page["Stacks"]:
            if each["StackName"].startswith(PREFIX):
                command = take_down_command(aws, each["StackName"], environment)
                text += EARLIER.format(stack=each["StackName"], command=command)
    return text


def _doctor(aws: Aws, deployed: Deployed, when: str, tell: Callable[[str], None]) -> None:
    session: Any = _Session(aws)
    report = look(Account(session, aws.region), [deployed.group], 10)
    tell(f"personalize-kms doctor, {when}: {report.line()}")
    if report.counts["missing"] or report.counts["problems"]:
        tell(report.to_text())


def main() -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m integ", description=sys.modules["integ"].__doc__)
    parser.add_argument("--profile")
    parser.add_argument("--region", default=os.environ.get("AWS_REGION"))
    parser.add_argument("--take-down", metavar="STACK", help="take down what an earlier run has left")
    arguments = parser.parse_args()
    if arguments.take_down and not arguments.take_down.startswith(PREFIX):
        parser.error(f"{arguments.take_down} is no stack of this command: their names begin with {PREFIX}")
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, _interrupt)
    try:
        aws = OwnAccount(Account.connect(arguments.profile, arguments.region))
        environment = {**os.environ, "PYTHONPATH": str(_ROOT), "CDK_DISABLE_CLI_TELEMETRY": "1"}
        environment |= {"AWS_PROFILE": arguments.profile} if arguments.profile else {}
        environment |= dict.fromkeys(("AWS_REGION", "CDK_DEFAULT_REGION"), aws.region)
        if arguments.take_down:
            command = take_down_command(aws, arguments.take_down, environment)
            take_down(aws, arguments.take_down, Patience(), _tell, command)
            return 0
        more = TEMPORARY if aws.is_temporary else ""
        if not integrate(aws, environment, Patience(), lambda text: _ask(text + more), _tell):
            _print("nothing was done", sys.stdout)
    except (BotoCoreError, CdkError, ClientError, DoctorError, EOFError, KeyboardInterrupt, LeftError) as error:
        _print(f"✘ {str(error) or type(error).__name__}", sys.stderr)
        return 1
    return 0


def _interrupt(*_: object) -> None:
    """End the work as Ctrl-C does, once: a closed terminal is told by the kernel, and again by the shell."""
    for each in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def _ask(text: str) -> bool:
    print(text)
    return input('Type "yes" to go on: ').strip() == "yes"


def _tell(line: str) -> None:
    _print(f"▶ {line}", sys.stdout)


def _print(text: str, file: TextIO) -> None:
    # A terminal that is closed shows nothing, and hinders nothing.
    with suppress(OSError):
        print(text, file=file, flush=True)


if __name__ == "__main__":
    sys.exit(main())
