"""The environment that the tests run in."""

import base64
import hashlib
import subprocess
import sys
from collections import defaultdict
from importlib.metadata import PackagePath, distributions

import pytest


@pytest.mark.long
def test_aws_cdk_lib_has_its_own_modules() -> None:
    """It overwrites one of its dependency's, so it has to be installed after that."""
    owners: dict[str, dict[str, PackagePath]] = defaultdict(dict)
    for distribution in distributions():
        for file in distribution.files or []:
            if file.parts[0] == "aws_cdk" and file.suffix == ".py":
                owners[str(file)][distribution.metadata["Name"]] = file
    shared = {file: packages for file, packages in owners.items() if len(packages) > 1}

    assert "aws_cdk/cloud_assembly_schema/__init__.py" in shared
    for name, packages in shared.items():
        there = packages["aws-cdk-lib"]
        assert there.hash is not None
        digest = hashlib.new(there.hash.mode, there.read_binary()).digest()
        assert base64.urlsafe_b64encode(digest).decode().rstrip("=") == there.hash.value, name


@pytest.mark.long
def test_no_package_lacks_another() -> None:
    """Set-up installs the listed packages, which have to be complete."""
    check = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True)
    assert (check.returncode, check.stderr) == (0, ""), check.stdout
