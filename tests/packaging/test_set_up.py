"""``scripts/set-up`` with shell scripts for Python, uv and npm, which record their arguments."""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT

INSTALLED = [
    "-m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt",
    "pip install --python .venv/bin/python --quiet --no-deps --require-hashes -r "
    "requirements/dev.txt",
    "pip uninstall --python .venv/bin/python --quiet aws-cdk-lib",
    "pip install --python .venv/bin/python --quiet --no-deps --require-hashes -r "
    "requirements/dev.txt",
    "pip install --python .venv/bin/python --quiet --no-deps --no-build-isolation -e .",
]
NPM = "ci --loglevel error"
FILES = (
    *("scripts/set-up", "scripts/uv", "scripts/wait_for_lock.py", "pyproject.toml"),
    *("package-lock.json", "requirements/demo.txt", "requirements/dev.txt", "requirements/uv.txt"),
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder in which there is something to set up."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    npm(tmp_path, 'mkdir -p node_modules && echo "$*" >> .venv/asked.txt')
    return tmp_path


def npm(project: Path, does: str) -> None:
    """Write an npm that does this."""
    path = project / "on-path" / "npm"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{does}\n")
    path.chmod(0o755)


MAKES_VENV = 'rm -rf .venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python'


def python(path: Path, version: str, *, configured: str = "exit 1", uv: str = "") -> None:
    """Write a Python of this version that makes a .venv, configures pip and installs this uv."""
    new_enough = tuple(map(int, version.split("."))) >= (3, 11)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        f"*python_version*) echo {version} ;;\n"
        f"*version_info*) exit {0 if new_enough else 1} ;;\n"
        f'*"-m venv --clear .venv") {MAKES_VENV} ;;\n'
        f"*config*) {configured} ;;\n"
        f'*wait_for_lock*) exec {sys.executable} "$@" ;;\n'
        '*"-m pip"*) echo "$*" >> .venv/asked.txt\n'
        "cat > .venv/bin/uv << 'END'\n"
        "#!/bin/sh\n"
        'echo "$*" >> .venv/asked.txt\n'
        f"{uv}\n"
        "END\n"
        "chmod +x .venv/bin/uv ;;\n"
        "esac\n"
    )
    path.chmod(0o755)


def set_up(project: Path, *arguments: str, what: str = "dev") -> subprocess.CompletedProcess[str]:
    """Run the script with the Pythons and the npm of the folder ``on-path`` first on PATH."""
    command = [str(project / "scripts" / "set-up"), what, *arguments]
    environment = {"PATH": path_of(project)}
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def path_of(project: Path) -> str:
    return os.pathsep.join([str(project / "on-path"), os.environ["PATH"]])


def asked(project: Path) -> list[str]:
    """Return the arguments of pip and uv."""
    return (project / ".venv" / "asked.txt").read_text().splitlines()


@pytest.mark.parametrize(
    ("arguments", "python_found"),
    [((), "python3 is 3.9.18"), (("python3.x",), "python3.x is not there")],
)
def test_a_python_that_is_old_or_not_there_is_refused(
    arguments: tuple[str, ...], python_found: str, project: Path
) -> None:
    """A line names the needed and the present version, and how to name another Python."""
    python(project / "on-path" / "python3", "3.9.18")

    result = set_up(project, *arguments)

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        f"Python 3.11 or later is needed, and {python_found}: name another, as in make test "
        "PYTHON=python3.12\n"
    )
    assert not (project / ".venv").exists()


def test_an_environment_of_a_python_that_is_gone_is_made_anew(project: Path) -> None:
    """After an upgrade of the system, .venv may have a link that leads nowhere."""
    (project / ".venv" / "bin").mkdir(parents=True)
    (project / ".venv" / "bin" / "python").symlink_to("/nowhere/python")
    python(project / "on-path" / "python3", "3.13.1")

    result = set_up(project)

    assert (result.returncode, result.stderr) == (0, "")
    assert "with Python 3.13.1" in result.stdout
    assert asked(project) == [*INSTALLED, NPM]


def test_a_failure_is_tried_again(project: Path) -> None:
    """Only what ended well counts as installed."""
    python(
        project / "on-path" / "python3",
        "3.13.1",
        uv='case "$*" in *dev.txt) echo "no space left" >&2; exit 2 ;; esac',
    )

    for _ in range(2):
        result = set_up(project)
        assert (result.returncode, result.stderr) == (2, "no space left\n")
    assert asked(project) == INSTALLED[:2] * 2


def test_the_demo_needs_less_than_development(project: Path) -> None:
    """The demo installs its packages once, after a line with their size, and no type checker."""
    python(project / "on-path" / "python3", "3.13.1")

    assert "0.8 GB" in set_up(project, what="demo").stdout
    assert "1.2 GB" in set_up(project).stdout
    assert (set_up(project, what="demo").stdout, set_up(project).stdout) == ("", "")
    of_demo = [line.replace("dev.txt", "demo.txt") for line in INSTALLED]
    assert asked(project) == [*of_demo, "ci --omit=dev --loglevel error", *INSTALLED, NPM]


def test_two_at_once_install_one_after_the_other(project: Path) -> None:
    """The second says that it waits, then finds all installed; the lock is held until the end."""
    take = (
        f"import fcntl; fcntl.flock(open('{project}/.cache/set-up.lock'), "
        "fcntl.LOCK_EX | fcntl.LOCK_NB)"
    )
    is_free = f'{sys.executable} -c "{take}" 2> /dev/null && echo free >> .venv/asked.txt'
    python(project / "on-path" / "python3", "3.13.1", uv=f"{is_free}; true")
    npm(project, f'mkdir -p node_modules; echo "$*" >> .venv/asked.txt; {is_free}; true')
    (project / ".cache").mkdir()
    with (project / ".cache" / "set-up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = subprocess.Popen(
            [project / "scripts" / "set-up", "dev"],
            env={"PATH": path_of(project)},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert second.stdout is not None
        assert second.stdout.readline() == "▶ waits for another set-up of this folder\n"
        assert not (project / ".venv").exists()

    second.communicate()
    assert second.returncode == 0
    assert asked(project) == [*INSTALLED, NPM]


# "pip config get" reads the user's file alone, "list" also that of the machine.
FILE = (
    """case "$*" in *list) echo "global.index-url='https://file.example/simple'" ;; """
    "*) exit 1 ;; esac"
)


def test_packages_come_from_the_configured_index(project: Path) -> None:
    """A company's index is named for pip, whose configuration uv doesn't read."""
    log = 'echo "$UV_DEFAULT_INDEX" >> .venv/index.txt'
    python(project / "on-path" / "python3", "3.13.1", configured=FILE, uv=log)

    assert set_up(project).returncode == 0
    indexes = (project / ".venv" / "index.txt").read_text().splitlines()
    assert indexes == ["https://file.example/simple"] * 4
