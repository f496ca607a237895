"""The distributions that are published."""

import email.message
import email.parser
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def build(project: Path, directory: Path, *options: str) -> None:
    """Build as ``make dist`` does, at a time that is always the same."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(directory)]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": "1700000000"}
    built = subprocess.run(
        [*command, *options, str(project)], capture_output=True, text=True, env=environment
    )
    assert built.returncode == 0, built.stdout + built.stderr


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a source distribution, and a wheel that is built from it."""
    directory = tmp_path_factory.mktemp("distributions")
    build(ROOT, directory)
    return directory


@pytest.fixture(scope="session")
def wheel(distributions: Path) -> Path:
    (wheel,) = distributions.glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def sdist(distributions: Path) -> Path:
    (sdist,) = distributions.glob("*.tar.gz")
    return sdist


@pytest.fixture(scope="session")
def metadata(wheel: Path) -> email.message.Message:
    return metadata_of(wheel)


def metadata_of(wheel: Path) -> email.message.Message:
    """Read the metadata of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return email.parser.BytesParser().parsebytes(archive.read(name))


def help_of(wheel: Path) -> str:
    """Return the help of the check as a wheel has it."""
    command = [sys.executable, "-m", "personalize_kms_check", "check", "--help"]
    environment = {**os.environ, "PYTHONPATH": str(wheel)}
    return subprocess.check_output(command, text=True, env=environment)
