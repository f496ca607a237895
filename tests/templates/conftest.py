"""The stacks under test, synthesized once for each test process."""

from pathlib import Path

import pytest

from tests.templates import arrangements
from tests.templates.stacks import synthesize


@pytest.fixture(scope="session")
def synthesized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for each set of feature flags, with the template of every stack."""
    directory = tmp_path_factory.mktemp("synthesized")
    synthesize(directory)
    return directory


@pytest.fixture(scope="session")
def arranged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the templates of every arrangement."""
    directory = tmp_path_factory.mktemp("arranged")
    arrangements.synthesize(directory)
    return directory
