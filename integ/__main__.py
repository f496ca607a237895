"""``make integ``: what it asks, tries, records and takes down, in this order."""

from __future__ import annotations

import secrets
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from demo.cdk_cli import CdkError, cdk
from integ.account import PREFIX, Context, job_types, outputs_of
from integ.beforehand import beforehand
from integ.options import context_of, is_wanted, options, show
from integ.record import Record, versions
from integ.steps import Outcome, deploy, export_data, import_data
from integ.take_down import LeftError, take_down
from integ.trail import read
from integ.variants import KEYS, VARIANTS, Variant, answer
from integ.waiting import ends_after

_FAILURES = (BotoCoreError, CdkError, ClientError, EOFError, LeftError, OSError, KeyboardInterrupt)


def main() -> int:
    """Return the exit code."""
    chosen = options()
    try:
        context = context_of(chosen)
        if chosen.take_down:
            return 0 if take_down(context, chosen.take_down) else 1
        if not integrate(context, lambda text: is_wanted(text, chosen.yes)):
            show("nothing was done", sys.stdout)
    except _FAILURES as error:
        show(f"✘ {str(error) or type(error).__name__}", sys.stderr)
        return 1
    return 0


def integrate(context: Context, ask: Callable[[str], bool]) -> bool:
    """Ask, try, record and take down, whatever fails; return false if it wasn't wanted."""
    run = f"{PREFIX}{secrets.token_hex(4)}"
    if not ask(beforehand(context, run)):
        return False
    with tempfile.TemporaryDirectory(prefix="integ-") as assembly:
        app = ("--app", f"{sys.executable} -m integ.app {run}", "--output", assembly, "--quiet")
        cdk("synth", *app, environment=context.environment, quiet=True)
        record = Record(Path(f"{run}.jsonl"))
        try:
            with ends_after(context.patience.for_all):
                _try_all(context, run, assembly, record)
        except BaseException as error:
            stopped = str(error) or type(error).__name__
            context.tell(f"it stops: {stopped}")
            record.add(stopped=stopped)
            raise
        finally:
            left = {}
            try:
                take_down(context, run)
            except LeftError as error:
                left["left"] = str(error)
                raise
            finally:
                with suppress(OSError):  # what is left has to be told, whatever the disk says
                    record.add(**left, ended=datetime.now(UTC))
                context.tell(f"what was seen is in {record.path}")
    return True


def _try_all(context: Context, run: str, assembly: str, record: Record) -> None:
    began = datetime.now(UTC)
    record.add(run=run, region=context.aws.region, began=began, versions=versions())
    record.add(types=job_types(context.aws))
    context.tell("deploying the keys")
    deploy(context, f"{run}-{KEYS}", assembly)
    try:
        _try_variants(context, run, assembly, record)
    finally:
        read(context, run, began, record)


def _try_variants(context: Context, run: str, assembly: str, record: Record) -> None:
    answers: dict[str, str] = {}
    working = []
    for variant in VARIANTS:
        stack = f"{run}-{variant.name}"
        if works := _works(context, variant, stack, assembly, record):
            working.append(stack)
        answers[variant.name] = answer(variant, works, answers)
        record.add(**vars(variant), answer=answers[variant.name])
        context.tell(f"{variant.question} {answers[variant.name]}")
    # Without a dataset group it would look at all that there are in the account.
    if working:
        _ask_doctor(context, working, record)


def _works(context: Context, variant: Variant, stack: str, assembly: str, record: Record) -> bool:
    """Take the steps of a variant, up to one that fails, and record each at once."""
    steps: dict[str, Callable[[], Outcome]] = {
        "deploy": lambda: deploy(context, stack, assembly),
        "import": lambda: import_data(context, stack),
        "export": lambda: export_data(context, stack),
    }
    for step, take in steps.items():
        name = f"{variant.name}: {step}"
        context.tell(name)
        record.add(trying=name, began=datetime.now(UTC))
        status, said = take()
        record.add(tried=name, status=status, said=said, ended=datetime.now(UTC))
        context.tell(f"  {status} {said}")
        if status != "ACTIVE":
            return False
    return True


def _ask_doctor(context: Context, stacks: list[str], record: Record) -> None:
    groups = [outputs_of(context.aws, stack)["GroupArn"] for stack in stacks]
    command = [sys.executable, "-m", "personalize_kms_check", "doctor", *groups]
    env = context.environment
    ended = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    lines = (ended.stdout + ended.stderr).splitlines()
    record.add(doctor=ended.returncode, report=lines)
    context.tell(f"personalize-kms doctor: {' '.join(lines[-1:])}")


if __name__ == "__main__":
    sys.exit(main())
