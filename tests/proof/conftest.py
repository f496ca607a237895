from collections.abc import Mapping
from typing import Any

import pytest

from tests.templates.stacks import FLAGS


@pytest.fixture(scope="session")
def feature_flags() -> Mapping[str, Mapping[str, Any]]:
    """The sets of feature flags, by name."""
    return {name: flags() for name, flags in FLAGS.items()}
