"""``make docs`` with a port that it can't have."""

import socket
import subprocess
import sys
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
