"""Runs the code of the README and of the documentation as tests."""

from importlib.util import find_spec

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser()], patterns=["README.md", "docs/*.md", "docs/*/*.md"]
).pytest()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip the pages on what this aws-cdk-lib lacks, or what can't be installed beside it."""
    skipped = {}
    if find_spec("cdk_nag") is None:
        from tests.versions import NEEDS_NAG

        skipped["cdk-nag.md"] = NEEDS_NAG
    if any(item.path.name == "check.md" for item in items):
        import aws_cdk as cdk

        from tests.versions import NEEDS_VALIDATIONS

        if not hasattr(cdk, "Validations"):
            skipped["check.md"] = NEEDS_VALIDATIONS
    for item in items:
        if item.path.name in skipped:
            item.add_marker(pytest.mark.skip(reason=skipped[item.path.name]))
