"""``scripts/interruptible``, which ``make test`` runs pytest with."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT

SCRIPT = [sys.executable, str(ROOT / "scripts" / "interruptible")]
# It starts a process, as pytest starts workers, and takes an interrupt as pytest does.
COMMAND = """
import pathlib, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
pathlib.Path(sys.argv[1]).write_text(str(child.pid))
try:
    child.wait()
except KeyboardInterrupt:
    print("one line of pytest's")
    sys.exit(2)
"""


def take_interrupts() -> None:
    """Take interrupts, which the processes that run tests in the background may ignore."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def running(started: Path) -> subprocess.Popen[str]:
    """Start the script with the command, and wait until this has written a file."""
    process = subprocess.Popen(
        [*SCRIPT, sys.executable, "-c", COMMAND, str(started)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=take_interrupts,
    )
    while not (started.exists() and started.read_text()):
        assert process.poll() is None
        time.sleep(0.05)
    return process


def is_running(pid: int) -> bool:
    """Tell if a process runs; an ended process that nobody waits for is a zombie."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def test_an_interrupt_reaches_the_command_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No process that it started has the time to print a traceback; none is left, and no folder."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    started = tmp_path / "started"
    process = running(started)

    os.killpg(process.pid, signal.SIGINT)

    assert process.communicate(timeout=30) == ("one line of pytest's\n", "interrupted\n")
    assert process.returncode == 130
    assert [path.name for path in tmp_path.iterdir()] == ["started"]
    deadline = time.monotonic() + 10
    while is_running(int(started.read_text())):
        assert time.monotonic() < deadline
        time.sleep(0.05)
