"""``scripts/set-up`` with shell scripts for Python, uv and npm, which record their arguments."""

import fcntl
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

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


def python(
    path: Path, version: str, *, configured: str = "exit 1", uv: str = "", venv: str = MAKES_VENV
) -> None:
    """Write a Python of this version that makes a .venv, configures pip and installs this uv."""
    new_enough = tuple(map(int, version.split("."))) >= (3, 11)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        f"*python_version*) echo {version} ;;\n"
        f"*version_info*) exit {0 if new_enough else 1} ;;\n"
        f'*"-m venv --clear .venv") {venv} ;;\n'
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


def set_up(
    project: Path, *arguments: str, what: str = "dev", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run the script with the Pythons and the npm of the folder ``on-path`` first on PATH."""
    command = [str(project / "scripts" / "set-up"), what, *arguments]
    environment = {"PATH": path_of(project), **environment}
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def started(project: Path, **options: Any) -> subprocess.Popen[str]:
    """Start the script likewise, in a session of its own."""
    return subprocess.Popen(
        [project / "scripts" / "set-up", "dev"],
        env={"PATH": path_of(project)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **options,
    )


def path_of(project: Path) -> str:
    return os.pathsep.join([str(project / "on-path"), os.environ["PATH"]])


def asked(project: Path) -> list[str]:
    """Return the arguments of pip and uv."""
    return (project / ".venv" / "asked.txt").read_text().splitlines()


@pytest.mark.parametrize(
    ("arguments", "python_found"),
    [
        ((), "python3 is 3.9.18"),
        (("python3.9",), "python3.9 is 3.9.18"),
        (("python3.x",), "python3.x is not there"),
    ],
)
def test_a_python_that_is_old_or_not_there_is_refused(
    arguments: tuple[str, ...], python_found: str, project: Path
) -> None:
    """A line names the needed and the present version, and how to name another Python."""
    for name in ("python3", "python3.9"):
        python(project / "on-path" / name, "3.9.18")

    result = set_up(project, *arguments)

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        f"Python 3.11 or later is needed, and {python_found}: name another, as in make test "
        "PYTHON=python3.12\n"
    )
    assert not (project / ".venv").exists()


@pytest.mark.parametrize("there", ["3.10.13", None], ids=["too old", "gone"])
def test_an_environment_of_a_wrong_python_is_made_anew(there: str | None, project: Path) -> None:
    """After an upgrade of the system, .venv may have an old Python or a link that leads nowhere."""
    if there is not None:
        python(project / ".venv" / "bin" / "python", there)
    else:
        (project / ".venv" / "bin").mkdir(parents=True)
        (project / ".venv" / "bin" / "python").symlink_to("/nowhere/python")
    python(project / "on-path" / "python3", "3.13.1")

    result = set_up(project)

    assert (result.returncode, result.stderr) == (0, "")
    assert "with Python 3.13.1" in result.stdout
    assert asked(project) == [*INSTALLED, NPM]


def test_it_says_at_once_what_it_installs(project: Path) -> None:
    """Making .venv takes seconds by itself: the line stands above whatever goes wrong with it."""
    python(project / "on-path" / "python3", "3.13.1", venv="echo no space left >&2; exit 1")

    result = set_up(project)

    assert (result.returncode, result.stderr) == (1, "no space left\n")
    assert result.stdout.splitlines() == [
        "▶ Python packages, into .venv with Python 3.13.1 (about 15 seconds, 1.2 GB with all "
        "that follows)"
    ]


def test_an_interrupt_ends_it_in_one_line(project: Path) -> None:
    """The tracebacks of Python, pip and npm are not shown."""
    interrupted = "trap 'echo Traceback >&2; exit 1' INT; touch .venv/reached; sleep 20"
    python(project / "on-path" / "python3", "3.13.1", uv=interrupted)
    process = started(project, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    while not (project / ".venv" / "reached").exists():
        assert process.poll() is None
        time.sleep(0.05)

    os.killpg(process.pid, signal.SIGINT)

    _, said = process.communicate(timeout=15)
    assert (process.returncode, said) == (130, "interrupted\n")


def test_another_python_that_is_named_makes_the_environment_anew(project: Path) -> None:
    """Without a name the present environment stays, whatever python3 is."""
    python(project / ".venv" / "bin" / "python", "3.11.7")
    python(project / "on-path" / "python3.12", "3.12.1")
    python(project / "on-path" / "python3", "3.9.18")

    assert "with Python 3.12.1" in set_up(project, "python3.12").stdout
    again = set_up(project)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
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
    for name in ("mypy", "ruff", "pytest", "zensical", "cfn-lint"):
        assert f"\n{name}==" not in (ROOT / "requirements" / "demo.txt").read_text()
    scripts = "".join(path.read_text() for path in (ROOT / "embedded_aws").glob("*.mjs"))
    required = set(re.findall(r'createRequire\(import\.meta\.url\)\("(.+?)"\)', scripts))
    installed = json.loads((ROOT / "package.json").read_text())["dependencies"].keys()
    assert installed == {"aws-cdk", *required}


def test_what_npm_says_is_shown(project: Path) -> None:
    """The reason stands in its first lines, and not in the last one."""
    python(project / "on-path" / "python3", "3.13.1")
    npm(
        project,
        "printf 'npm error code ENOTFOUND\\nnpm error reason\\nnpm error A complete log of it' "
        ">&2; exit 1",
    )

    result = set_up(project)

    said = "npm can't install package-lock.json:\nnpm error code ENOTFOUND\nnpm error reason\n"
    assert (result.returncode, result.stderr) == (1, said)


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
        second = started(project)
        assert second.stdout is not None
        assert second.stdout.readline() == "▶ waits for another set-up of this folder\n"
        assert not (project / ".venv").exists()

    second.communicate()
    assert second.returncode == 0
    assert asked(project) == [*INSTALLED, NPM]


@pytest.mark.parametrize(
    ("home", "is_kept_here"),
    [("{project}", False), ("/proc/nowhere", True), ("/dev/null", True), ("", True)],
)
def test_downloads_are_kept_here_where_the_home_cannot_be_written(
    home: str, is_kept_here: bool, project: Path
) -> None:
    """By uv; npm's are always."""
    python(project / "on-path" / "python3", "3.13.1", uv='echo "$UV_CACHE_DIR" >> .venv/caches.txt')

    assert set_up(project, HOME=home.format(project=project)).returncode == 0

    caches = (project / ".venv" / "caches.txt").read_text().splitlines()
    assert {Path(cache).resolve() for cache in caches if cache} == (
        {project / ".cache" / "uv"} if is_kept_here else set()
    )
    assert (
        "export npm_config_cache := $(CURDIR)/.cache/npm"
        in (ROOT / "Makefile").read_text().splitlines()
    )


# "pip config get" reads the user's file alone, "list" also that of the machine.
FILE = (
    """case "$*" in *list) echo "global.index-url='https://file.example/simple'" ;; """
    "*) exit 1 ;; esac"
)
PIP = {"PIP_INDEX_URL": "https://pip.example/simple"}
UV = {"UV_DEFAULT_INDEX": "https://uv.example/simple"}


@pytest.mark.parametrize(
    ("configured", "environment", "index"),
    [
        ("exit 1", {}, ""),
        (FILE, {}, "https://file.example/simple"),
        (FILE, PIP, "https://pip.example/simple"),
        (FILE, {**PIP, **UV}, "https://uv.example/simple"),
    ],
    ids=["none", "pip's file", "pip's variable", "uv's variable"],
)
def test_packages_come_from_the_configured_index(
    configured: str, environment: dict[str, str], index: str, project: Path
) -> None:
    """A company's index is named for pip, whose configuration uv doesn't read."""
    log = 'echo "$UV_DEFAULT_INDEX" >> .venv/index.txt'
    python(project / "on-path" / "python3", "3.13.1", configured=configured, uv=log)

    assert set_up(project, **environment).returncode == 0
    assert (project / ".venv" / "index.txt").read_text().splitlines() == [index] * 4
