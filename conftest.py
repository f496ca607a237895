"""Runs the code of the README and of the documentation as tests."""

from importlib.util import find_spec

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser()], patterns=["README.md", "docs/*.md", "docs/*/*.md"]
).pytest()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the page on cdk-nag where that can't be installed."""
    if find_spec("cdk_nag") is None:
        from tests.versions import NEEDS_NAG

        for item in items:
            if item.path.name == "cdk-nag.md":
                item.add_marker(pytest.mark.skip(reason=NEEDS_NAG))
