"""Judges state machines by asl-validator, which the project didn't write."""

import atexit
import json
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent


def check(definition: dict[str, Any]) -> None:
    """Fail if Step Functions would refuse a definition."""
    found = problems(definition)
    assert not found, found


def problems(definition: dict[str, Any]) -> list[str]:
    """Return what the validator has against a definition."""
    process = _validator()
    assert process.stdin
    assert process.stdout
    process.stdin.write(json.dumps(definition).replace("<AWS::Partition>", "aws") + "\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    assert answer, "asl-validator has ended: is it installed in node_modules?"
    return [str(problem) for problem in json.loads(answer)]


@cache
def _validator() -> subprocess.Popen[str]:
    """Start it once for a test process; it reads a definition a line."""
    process = subprocess.Popen(
        ["node", _HERE / "asl.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_HERE
    )
    atexit.register(process.terminate)
    return process
