"""An aws-cdk-lib that is too old is named in an error, wherever the import begins."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from personalize_kms_constructs._aws_cdk_lib import LOWEST

ROOT = Path(__file__).parents[1]
IMPORTS = [
    "from personalize_kms_constructs import PersonalizeEncryption",
    "from personalize_kms_constructs.checks import declare_created",
]


def imported_with(directory: Path, version: str, statement: str) -> list[str]:
    """Import with an aws-cdk-lib of this version that has no class; return the error's lines."""
    (directory / "aws_cdk").mkdir()
    (directory / "aws_cdk" / "__init__.py").touch()
    information = directory / f"aws_cdk_lib-{version}.dist-info"
    information.mkdir()
    (information / "METADATA").write_text(f"Name: aws-cdk-lib\nVersion: {version}\n")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(directory), str(ROOT / "src")])}
    imported = subprocess.run(
        [sys.executable, "-c", statement], env=environment, capture_output=True, text=True
    )
    assert (imported.returncode, imported.stdout) == (1, "")
    return imported.stderr.splitlines()


@pytest.mark.parametrize("statement", IMPORTS)
def test_a_version_that_is_too_old_is_named(statement: str, tmp_path: Path) -> None:
    """The error names the needed version too, and no other error precedes it."""
    lines = imported_with(tmp_path, "2.200.0", statement)

    assert lines[-1] == (
        "ImportError: personalize-kms-constructs needs aws-cdk-lib 2.271.0 or later, got 2.200.0: "
        "upgrade aws-cdk-lib"
    )
    assert [line.startswith("Traceback") for line in lines].count(True) == 1


def test_a_version_that_has_all_classes_is_named_at_import() -> None:
    """One that was forced in has the classes, and would fail at synth in riddles."""
    older = (
        "from aws_cdk._jsii import __jsii_assembly__ as it\n"
        "object.__setattr__(it, 'version', '2.260.1')\n"
    )
    imported = subprocess.run(
        [sys.executable, "-c", f"{older}{IMPORTS[1]}"], capture_output=True, text=True
    )
    assert imported.stderr.splitlines()[-1] == (
        "ImportError: personalize-kms-constructs needs aws-cdk-lib 2.271.0 or later, got 2.260.1: "
        "upgrade aws-cdk-lib"
    )


def test_another_error_stays_as_it_is(tmp_path: Path) -> None:
    """A version that is new enough isn't blamed for an import that fails."""
    lines = imported_with(tmp_path, "2.271.0", IMPORTS[0])
    assert lines[-1].startswith("ImportError: cannot import name ")


def test_the_lowest_version_is_that_of_the_metadata() -> None:
    """The error names the version that pip requires."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"aws-cdk-lib>={LOWEST},<3" in project["dependencies"]
