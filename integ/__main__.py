"""``make integ``."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from contextlib import suppress
from typing import TextIO

from botocore.exceptions import BotoCoreError, ClientError

from demo.cdk_cli import CdkError
from integ.account import PREFIX, Context, OwnAccount, Patience
from integ.experiments import BaselineError
from integ.run import integrate
from integ.take_down import LeftError, take_down

_FAILURES = (BaselineError, BotoCoreError, CdkError, ClientError, EOFError, LeftError)


def main() -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m integ", description=sys.modules["integ"].__doc__
    )
    parser.add_argument("--profile", default=os.environ.get("AWS_PROFILE") or None)
    parser.add_argument("--region", default=os.environ.get("AWS_REGION"))
    parser.add_argument("--yes", action="store_true", help="say what will be made, and don't ask")
    hours = "after so long it stops, and takes everything down (default: 8)"
    parser.add_argument("--hours", type=float, default=8, help=hours)
    parser.add_argument(
        "--take-down", metavar="STACK", help="take down what an earlier run has left"
    )
    arguments = parser.parse_args()
    if arguments.take_down and not arguments.take_down.startswith(PREFIX):
        parser.error(
            f"{arguments.take_down} is no stack of this command: their names begin with {PREFIX}"
        )
    if not arguments.hours > 0:
        parser.error("--hours has to be more than 0")
    if arguments.profile and os.environ.get("AWS_ACCESS_KEY_ID"):
        # boto3 prefers a profile that is named, the CDK's CLI the variable.
        parser.error(f"unset AWS_ACCESS_KEY_ID or the profile {arguments.profile}: they may differ")
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        aws = OwnAccount(arguments.profile, arguments.region)
        environment = {**os.environ, "CDK_DISABLE_CLI_TELEMETRY": "1"}
        environment |= {"AWS_PROFILE": arguments.profile} if arguments.profile else {}
        environment |= dict.fromkeys(("AWS_REGION", "CDK_DEFAULT_REGION"), aws.region)
        context = Context(aws, environment, Patience(arguments.hours * 3600), _tell)
        if arguments.take_down:
            return 0 if take_down(context, arguments.take_down) else 1
        if not integrate(context, lambda text: _is_wanted(text, arguments.yes)):
            _print("nothing was done", sys.stdout)
    except (*_FAILURES, KeyboardInterrupt) as error:
        _print(f"✘ {str(error) or type(error).__name__}", sys.stderr)
        return 1
    return 0


def _interrupt(*_: object) -> None:
    """End the work as Ctrl-C does, once: kernel and shell both tell of a closed terminal."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _is_wanted(text: str, yes: bool) -> bool:
    _print(text, sys.stdout)
    try:
        return yes or input('Type "yes" to go on: ').strip() == "yes"
    except KeyboardInterrupt:
        raise KeyboardInterrupt("interrupted, nothing was done") from None


def _tell(line: str) -> None:
    _print(f"▶ {line}", sys.stdout)


def _print(text: str, file: TextIO) -> None:
    # A terminal that is closed shows nothing, and hinders nothing.
    with suppress(OSError):
        print(text, file=file, flush=True)


if __name__ == "__main__":
    sys.exit(main())
