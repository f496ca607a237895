"""Judges state machines by asl-validator, which the project didn't write."""

from __future__ import annotations

import atexit
import json
import subprocess
import threading
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent
_one_at_a_time = threading.Lock()


def problems(definition: str) -> list[str]:
    """Return what the validator has against a definition."""
    try:
        line = json.dumps(json.loads(definition))
    except json.JSONDecodeError as error:
        return [str(error)]
    with _one_at_a_time:
        process = _validator()
        assert process.stdin
        assert process.stdout
        process.stdin.write(f"{line}\n")
        process.stdin.flush()
        answer = process.stdout.readline()
    assert answer, "asl-validator has ended: is it installed in node_modules?"
    return [str(problem) for problem in json.loads(answer)]


@cache
def _validator() -> subprocess.Popen[str]:
    """Start it once for a process; it reads a definition a line, and ends with its input."""
    process = subprocess.Popen(
        ["node", _HERE / "asl.mjs"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=_HERE,
    )
    atexit.register(process.terminate)
    return process
