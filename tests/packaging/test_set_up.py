"""``scripts/set-up`` with Pythons that are shell scripts here, which write down what they are asked for."""

import os
import select
import shlex
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder in which there is something to set up."""
    for name in ("scripts/set-up", "pyproject.toml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "dev.txt").touch()
    return tmp_path


WRITTEN_DOWN = 'echo "$*" >> .venv/asked.txt'


def python(path: Path, version: str, pip: str = WRITTEN_DOWN) -> None:
    """Write a Python of this version, which only makes a .venv, and there does this when it is to run pip."""
    new_enough = tuple(map(int, version.split("."))) >= (3, 11)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        f"*python_version*) echo {version} ;;\n"
        f"*version_info*) exit {0 if new_enough else 1} ;;\n"
        '*"-m venv --clear .venv") rm -rf .venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;\n'
        f'*"-m pip"*) {pip} ;;\n'
        "esac\n"
    )
    path.chmod(0o755)


def set_up(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the script with the Pythons of the folder ``on-path`` first on PATH."""
    path = os.pathsep.join([str(project / "on-path"), os.environ["PATH"]])
    return subprocess.run(
        [project / "scripts" / "set-up", *arguments], env={"PATH": path}, capture_output=True, text=True
    )


@pytest.mark.parametrize(("arguments", "name"), [((), "python3"), (("python3.9",), "python3.9")])
def test_an_old_python_is_refused_in_one_line(arguments: tuple[str, ...], name: str, project: Path) -> None:
    """The line says what is needed, what was found, and how to name another."""
    python(project / "on-path" / name, "3.9.18")

    result = set_up(project, *arguments)

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == (
        f"Python 3.11 or later is needed, and {name} is 3.9.18: name another, as in make test PYTHON=python3.12\n"
    )
    assert not (project / ".venv").exists()


def test_a_python_that_is_not_there_is_refused_in_one_line(project: Path) -> None:
    """The name of an interpreter may be misspelt."""
    result = set_up(project, "python3.x")

    assert result.returncode == 1
    assert result.stderr == (
        "Python 3.11 or later is needed, and python3.x is not there: name another, as in make test PYTHON=python3.12\n"
    )


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
    assert "--no-build-isolation -e ." in (project / ".venv" / "asked.txt").read_text()


@pytest.mark.parametrize(
    ("warning", "why"),
    [
        (
            "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(…)'",
            "the package index can't be reached",
        ),
        ("WARNING: something else", "ERROR: No matching distribution found for click==8.5.1"),
    ],
    ids=["no network", "another reason"],
)
def test_no_network_is_named(warning: str, why: str, project: Path) -> None:
    """Pip's own last line names a package that wasn't found, also where nothing could be looked for."""
    errors = f"echo {shlex.quote(warning)} >&2; echo 'ERROR: No matching distribution found for click==8.5.1' >&2"
    python(project / "on-path" / "python3", "3.13.1", f"{errors}; exit 1")

    result = set_up(project)

    assert result.returncode == 1
    assert result.stderr == f"pip can't install requirements/dev.txt; .venv/pip.log says more: {why}\n"


def test_another_python_that_is_named_makes_the_environment_anew(project: Path) -> None:
    """And without a name, what is there stays, whatever python3 is."""
    python(project / ".venv" / "bin" / "python", "3.11.7")
    python(project / "on-path" / "python3.12", "3.12.1")
    python(project / "on-path" / "python3", "3.9.18")

    assert "with Python 3.12.1" in set_up(project, "python3.12").stdout
    again = set_up(project)
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


def test_each_package_is_installed_once_with_its_hashes(project: Path) -> None:
    """Each pip checks the hashes and looks for nothing else."""
    shutil.copy(ROOT / "requirements" / "dev.txt", project / "requirements" / "dev.txt")
    listed = 'for last; do :; done; [ "$last" = . ] || cat "$last" >> .venv/"$(basename "$last")".asked'
    python(project / "on-path" / "python3", "3.13.1", f"{listed}; {WRITTEN_DOWN}")

    result = set_up(project)

    assert (result.returncode, result.stderr) == (0, "")
    parts = [(project / ".venv" / f"{name}.txt.asked").read_text() for name in ("before", "to-l", "from-m")]
    assert all("==" in part for part in parts)
    assert "".join(parts) == (ROOT / "requirements" / "dev.txt").read_text()
    assert "aws-cdk-cloud-assembly-schema==" in parts[0]
    assert parts[1].startswith("aws-cdk-lib==")
    asked = (project / ".venv" / "asked.txt").read_text().splitlines()
    assert [" --no-deps --require-hashes -r " in line for line in asked] == [True, True, True, False]


@pytest.mark.parametrize("part", ["before", "to-l", "from-m"])
def test_a_part_of_the_packages_is_not_enough(part: str, project: Path) -> None:
    """The next time tries again, as nothing says that all is installed."""
    fails = f'case "$*" in *{part}*) echo "ERROR: no space left" >&2; exit 1;; esac'
    python(project / "on-path" / "python3", "3.13.1", f"{fails}; {WRITTEN_DOWN}")

    result = set_up(project)

    assert result.returncode == 1
    assert result.stderr == "pip can't install requirements/dev.txt; .venv/pip.log says more: ERROR: no space left\n"
    assert not (project / ".venv" / "installed.txt").exists()


def test_an_interruption_ends_both(project: Path) -> None:
    """A pip that went on would meet the one of the next time."""
    waits = 'case "$*" in *before*) exit ;; esac; echo >> .venv/started.txt; exec sleep 60'
    python(project / "on-path" / "python3", "3.13.1", waits)
    started = project / ".venv" / "started.txt"
    path = os.pathsep.join([str(project / "on-path"), os.environ["PATH"]])
    reader, writer = os.pipe()
    with subprocess.Popen(
        [project / "scripts" / "set-up"],
        env={"PATH": path},
        stdout=subprocess.DEVNULL,
        pass_fds=[writer],
        start_new_session=True,
    ) as process:
        os.close(writer)
        until = time.monotonic() + 30
        while not started.exists() or started.read_text() != "\n\n":
            assert time.monotonic() < until, "pip wasn't started twice"
            time.sleep(0.05)

        os.killpg(process.pid, signal.SIGINT)

    assert process.returncode == 130
    (ended, _, _) = select.select([reader], [], [], 10)
    os.close(reader)
    assert ended, "a pip goes on"
