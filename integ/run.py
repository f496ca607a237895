"""A run from the question to the end."""

from __future__ import annotations

import json
import re
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from time import sleep
from typing import Any

from botocore.exceptions import ClientError

from demo.cdk_cli import CdkError, cdk
from integ.account import PREFIX, Context, outputs_of, stack_status
from integ.beforehand import beforehand
from integ.experiments import BaselineError, run
from integ.take_down import take_down
from integ.trail import kms_events
from integ.waiting import ends_after

# Names of sessions, which are often e-mail addresses, and what is the organization's.
_NAMES = re.compile(r"(assumed-role/[\w+=,.@-]+/|arn:[\w-]+:organizations::)[\w+=,.@:/-]+")


class Record:
    """The file with all that was seen: a JSON object a line, written at once, if it is killed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, **fields: Any) -> None:
        """Write a line, with times as CloudTrail writes them."""
        line = json.dumps(fields, ensure_ascii=False, default=lambda at: f"{at:%Y-%m-%dT%H:%M:%SZ}")
        with self.path.open("a", encoding="utf-8") as file:
            file.write(_NAMES.sub(r"\1***", line) + "\n")


def integrate(context: Context, ask: Callable[[str], bool]) -> bool:
    """Ask, deploy, try, record and take down; return false if it wasn't wanted.

    Raises:
        CdkError: if the CLI fails; what was deployed is taken down.
        BaselineError: if something fails as the library writes it; all is taken down.
        LeftError: if that can't be.
    """
    stack = f"{PREFIX}{secrets.token_hex(4)}"
    if not ask(beforehand(context, stack)):
        return False
    with tempfile.TemporaryDirectory(prefix="integ-") as scratch:
        assembly = f"{scratch}/cdk.out"
        synth = ("--app", f"{sys.executable} -m integ.app {stack}", "--output", assembly)
        cdk("synth", *synth, "--quiet", environment=context.environment, quiet=True)
        record = Record(Path(f"{stack}.jsonl"))
        try:
            with ends_after(context.patience.for_all):
                _try(context, stack, assembly, record)
        except BaseException as error:
            why = str(error) or type(error).__name__
            record.add(stopped=why)
            context.tell(f"it stops: {why.splitlines()[0]}")
            raise
        finally:
            record.add(ended=datetime.now(UTC))
            context.tell(f"what was seen is in {record.path}")
            take_down(context, stack)
    return True


def _try(context: Context, stack: str, assembly: str, record: Record) -> None:
    aws, began, failure = context.aws, datetime.now(UTC), None
    library = version("personalize-kms-constructs")
    record.add(run=stack, library=library, account=aws.account, region=aws.region, began=began)
    try:
        context.tell("cdk deploy")
        deploy = ("deploy", stack, "--app", assembly, "--require-approval", "never")
        cdk(*deploy, environment=context.environment, quiet=True)
        deployed = outputs_of(aws, stack)
        record.add(deployed=deployed)
        run(context, deployed, record.add)
        _doctor(context, deployed["GroupArn"], record)
    except (BaselineError, CdkError, ClientError) as error:
        if not stack_status(aws, stack):
            raise
        failure = error
        context.tell("it failed; what CloudTrail has of it is still read")
    for event in aws.client("cloudformation").describe_stack_events(StackName=stack)["StackEvents"]:
        if event["ResourceStatus"].endswith("FAILED"):
            reason = event.get("ResourceStatusReason")
            record.add(failed=event["LogicalResourceId"], reason=reason)
    context.tell(f"CloudTrail, in {context.patience.for_trail / 60:g} minutes")
    sleep(context.patience.for_trail)
    for kms_event in kms_events(aws, stack, began):
        record.add(kms=kms_event)
    if failure:
        raise failure


def _doctor(context: Context, group: str, record: Record) -> None:
    command = [sys.executable, "-m", "personalize_kms_check", "doctor", group]
    environment = dict(context.environment)
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    lines = (ended.stdout + ended.stderr).splitlines()
    record.add(doctor=group, exit_code=ended.returncode, report=lines)
    context.tell(f"personalize-kms doctor: {' '.join(lines[-1:])}")
