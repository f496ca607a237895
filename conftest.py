"""Runs the code of the README and of the documentation as tests, and deals the tests out to the workers."""

import os
import shutil
import tempfile
from typing import Any

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser
from xdist.scheduler import LoadFileScheduling

pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser()], patterns=["README.md", "docs/*.md", "docs/*/*.md"]
).pytest()


class _Temporary:
    """Keeps what tests, the CDK and jsii leave in one folder, which goes at the end unless a test failed."""

    def __init__(self) -> None:
        self.passed = False
        self.folder = os.environ["TMPDIR"] = tempfile.tempdir = tempfile.mkdtemp(prefix="tests-")

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        self.passed = exitstatus == 0

    def pytest_unconfigure(self) -> None:
        """The workers have ended by now."""
        if self.passed:
            shutil.rmtree(self.folder, ignore_errors=True)


def pytest_configure(config: pytest.Config) -> None:
    """Make the folder, once for all workers."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Temporary())


# The folders of tests that take longest: those that deploy, that start other programs, and that try many cases.
_LONGEST = ("doctor", "integ", "deploy", "managed_key_policy", "jobs", "packaging", "templates", "proof", "checks")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest tests: at the end, the worker of one would be alone with it."""
    places = {folder: place for place, folder in enumerate(_LONGEST)}
    items.sort(key=lambda item: places.get(item.path.parent.name, len(places)))


def pytest_xdist_auto_num_workers() -> int:
    """Return two workers for each core: deployments wait for each other's events now and then."""
    return 2 * (os.cpu_count() or 1)


class _ByFile(LoadFileScheduling):
    """Gives each file to one worker, and to the same one the files that use one deployment of the example app."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        return "tests/doctor" if file.startswith("tests/doctor/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _ByFile:
    """Return what deals the tests out to the workers."""
    return _ByFile(config, log)
