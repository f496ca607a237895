"""``scripts/set-up`` with the wrong Python: each one here is a shell script that writes down what it is asked."""

import os
import shlex
import shutil
import subprocess
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


def python(path: Path, version: str) -> None:
    """Write a Python of this version, which only makes a .venv, and there writes down what pip is asked for."""
    new_enough = tuple(map(int, version.split("."))) >= (3, 11)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "#!/bin/sh\n"
        'case "$*" in\n'
        f"*python_version*) echo {version} ;;\n"
        f"*version_info*) exit {0 if new_enough else 1} ;;\n"
        '*"-m venv --clear .venv") rm -rf .venv && mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;\n'
        '*"-m pip"*) echo "$*" >> .venv/asked.txt ;;\n'
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
    assert "--require-hashes -r requirements/dev.txt" in (project / ".venv" / "asked.txt").read_text()


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
    new = project / "on-path" / "python3"
    python(new, "3.13.1")
    errors = f"echo {shlex.quote(warning)} >&2; echo 'ERROR: No matching distribution found for click==8.5.1' >&2"
    new.write_text(new.read_text().replace('echo "$*" >> .venv/asked.txt', f"{errors}; exit 1"))

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
