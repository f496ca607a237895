"""The options of the command, and its terminal."""

from __future__ import annotations

import argparse
import os
import re
import signal
import sys
from contextlib import suppress
from typing import TextIO

import integ
from integ.account import PREFIX, Context, OwnAccount, Patience


def options() -> argparse.Namespace:
    """Return the options; wrong ones end the process."""
    parser = argparse.ArgumentParser(prog="python -m integ", description=integ.__doc__)
    parser.add_argument("--profile", default=os.environ.get("AWS_PROFILE") or None)
    parser.add_argument("--region", default=os.environ.get("AWS_REGION"))
    parser.add_argument("--yes", action="store_true", help="say what will be made, and don't ask")
    parser.add_argument("--hours", type=float, default=8, help="take down after so long (8)")
    parser.add_argument("--take-down", metavar="RUN", help="take down what an earlier run has left")
    chosen = parser.parse_args()
    if chosen.take_down and not re.fullmatch(f"{PREFIX}[0-9a-f]{{8}}", chosen.take_down):
        parser.error(f"{chosen.take_down} is no run of this command: expected {PREFIX}0a1b2c3d")
    if not chosen.hours > 0:
        parser.error("--hours has to be more than 0")
    if chosen.profile and os.environ.get("AWS_ACCESS_KEY_ID"):
        # boto3 prefers a profile that is named, the CDK's CLI the variable.
        parser.error(f"unset AWS_ACCESS_KEY_ID or the profile {chosen.profile}: they may differ")
    return chosen


def context_of(chosen: argparse.Namespace) -> Context:
    """Return the account to run in, and have the ends of a terminal end the work."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    aws = OwnAccount(chosen.profile, chosen.region)
    environment = {**os.environ, "CDK_DISABLE_CLI_TELEMETRY": "1"}
    environment |= {"AWS_PROFILE": chosen.profile} if chosen.profile else {}
    environment |= dict.fromkeys(("AWS_REGION", "CDK_DEFAULT_REGION"), aws.region)
    patience = Patience(chosen.hours * 3600)
    return Context(aws, environment, patience, lambda line: show(f"▶ {line}", sys.stdout))


def is_wanted(text: str, yes: bool) -> bool:
    """Show what will be made, and ask, unless the answer is yes already."""
    show(text, sys.stdout)
    try:
        return yes or input('Type "yes" to go on: ').strip() == "yes"
    except KeyboardInterrupt:
        raise KeyboardInterrupt("interrupted, nothing was done") from None


def show(text: str, file: TextIO) -> None:
    """Print at once; a terminal that is closed shows nothing, and hinders nothing."""
    with suppress(OSError):
        print(text, file=file, flush=True)


def _interrupt(*_: object) -> None:
    """End the work as Ctrl-C does, once: kernel and shell both tell of a closed terminal."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
