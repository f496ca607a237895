"""``make docs`` and ``make site``: ports that can't be had, what is said, and Ctrl-C."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "serve-docs"


def serve(port: str) -> tuple[int, str, str]:
    """Return the exit code, and what was said."""
    result = subprocess.run([sys.executable, SCRIPT, port], capture_output=True, text=True, timeout=60)
    return result.returncode, result.stdout, result.stderr


@pytest.mark.parametrize("port", ["http", "0", "65536", "-1"])
def test_a_port_that_is_none(port: str) -> None:
    """One line says so, and how to name one."""
    assert serve(port) == (1, "", f"{port} is no port: name one, as in make docs PORT=8001\n")


def test_a_port_that_is_taken() -> None:
    """Nothing is built before."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        assert serve(str(port)) == (1, "", f"port {port} is taken: name another, as in make docs PORT=8001\n")


ZENSICAL = """#!/bin/sh
echo $$ > "$1.pid"
[ "$1" != "$LASTS" ] || exec sleep 60
"""
"""A stand-in for Zensical whose build or server lasts until somebody ends it."""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in which nothing takes long to build."""
    for directory in ("bin", "docs", "scripts"):
        (tmp_path / directory).mkdir()
    (tmp_path / "docs" / "permission_matrix.py").touch()
    shutil.copy(SCRIPT, tmp_path / "scripts")
    zensical = tmp_path / "bin" / "zensical"
    zensical.write_text(ZENSICAL)
    zensical.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return tmp_path


def test_the_build_says_where_the_site_is(project: Path) -> None:
    """And how to look at it: its links don't work in a browser that opens the files."""
    result = subprocess.run(
        [sys.executable, project / "scripts" / "serve-docs", "--build"], capture_output=True, text=True, timeout=60
    )
    assert (result.returncode, result.stdout, result.stderr) == (
        0,
        "built into site: python3 -m http.server --bind 127.0.0.1 --directory site shows it at http://127.0.0.1:8000\n",
        "",
    )


@pytest.mark.parametrize(
    ("lasts", "said", "code"),
    [
        ("build", "^C\ninterrupted before the site was built\n", 130),
        ("serve", "http://127.0.0.1:PORT, until you press Ctrl-C\n^C\n", 0),
    ],
)
def test_ctrl_c(lasts: str, said: str, code: int, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line and no traceback, and Zensical has ended, too."""
    monkeypatch.setenv("LASTS", lasts)
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port = str(server.getsockname()[1])
    # What starts the tests in the background has them ignore Ctrl-C, which a terminal's processes don't.
    on_a_terminal = (
        "import os, pty, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); "
        "sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", on_a_terminal, sys.executable, project / "scripts" / "serve-docs", port],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    started = project / f"{lasts}.pid"
    while not (started.exists() and started.read_text()):
        assert process.poll() is None
        time.sleep(0.1)
    output, _ = process.communicate("\x03", timeout=30)

    assert (output.replace("\r\n", "\n"), process.returncode) == (said.replace("PORT", port), code)
    with pytest.raises(ProcessLookupError):
        os.kill(int(started.read_text()), 0)
