"""The CDK CLI, its output shown as it comes or kept for its failure."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from embedded_aws import EmbeddedAws

_ROOT = Path(__file__).resolve().parent.parent


class CdkError(RuntimeError):
    """The CLI failed; its output says why."""


def bootstrap(aws: EmbeddedAws, home: Path) -> None:
    """Run ``cdk bootstrap`` in a folder that has no app: it would be synthesized without need."""
    cdk(
        "bootstrap",
        f"aws://{aws.account}/{aws.region}",
        environment=aws.environment(home),
        quiet=True,
        folder=home,
    )


def cdk(
    *arguments: str, environment: Mapping[str, str], quiet: bool = False, folder: Path = _ROOT
) -> str:
    """Run ``cdk`` in a folder, by default the project, and return its output.

    Its processes are ended when this one is interrupted.

    Raises:
        CdkError: if the CLI reports a failure.
    """
    process = subprocess.Popen(
        ["cdk", *arguments],
        cwd=folder,
        env=dict(environment),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,  # a process group, to end the app with the CLI
    )
    output: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            output.append(line)
            if not quiet and line.strip():
                print(f"    {line.rstrip()}", flush=True)
        code = process.wait()
    except BaseException:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
        raise
    text = "".join(output)
    if code != 0:
        raise CdkError(f"cdk {' '.join(arguments)} failed:\n{text}")
    return text
