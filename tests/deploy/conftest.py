"""The example app synthesized as the CDK CLI does it."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from demo.cdk_cli import cdk


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cloud assembly of the example app."""
    folder = tmp_path_factory.mktemp("assembly") / "cdk.out"
    home = tmp_path_factory.mktemp("home")
    cdk(
        "synth",
        "--quiet",
        "--output",
        str(folder),
        environment={**os.environ, "HOME": str(home)},
        quiet=True,
    )
    return folder


@pytest.fixture
def templates(assembly: Path) -> dict[str, Any]:
    """The example app's templates by stack."""
    return templates_of(assembly)


def templates_of(assembly: Path) -> dict[str, Any]:
    return {
        stack: json.loads((assembly / f"{stack}.template.json").read_text())
        for stack in ("Security", "Data", "Recommendations")
    }
