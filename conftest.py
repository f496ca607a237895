"""Runs the code of the README and the docs as tests, and deals the tests out to the workers."""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser
from xdist.scheduler import LoadFileScheduling

pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser()], patterns=["README.md", "docs/*.md", "docs/*/*.md"]
).pytest()

# The Makefile sets the same. Here it is for pytest alone.
_ROOT = Path(__file__).parent
_PROGRAMS = [str(Path(sys.executable).parent), str(_ROOT / "node_modules" / ".bin")]
os.environ["PATH"] = os.pathsep.join([*_PROGRAMS, os.environ["PATH"]])
os.environ.setdefault("JSII_RUNTIME_PACKAGE_CACHE_ROOT", str(_ROOT / ".venv" / "jsii"))

# One folder for what tests, the CDK and jsii leave. The CDK starts Node when a later conftest
# imports it.
_IS_WORKER = "PYTEST_XDIST_WORKER" in os.environ
if not _IS_WORKER:
    os.environ["TMPDIR"] = tempfile.tempdir = tempfile.mkdtemp(prefix="tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the folder, or name it if a test failed."""
    if _IS_WORKER:
        return
    session = config.pluginmanager.get_plugin("session")
    if session is not None and session.exitstatus == pytest.ExitCode.TESTS_FAILED:
        print(f"what the tests left is in {tempfile.gettempdir()}")
    else:
        shutil.rmtree(tempfile.gettempdir(), ignore_errors=True)


# The folders of tests that take longest: those that deploy, that start other programs, and that try
# many cases.
_LONGEST = (
    "doctor",
    "integ",
    "deploy",
    "managed_key_policy",
    "jobs",
    "packaging",
    "templates",
    "proof",
    "checks",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest tests: at the end, the worker of one would be alone with it."""
    places = {folder: place for place, folder in enumerate(_LONGEST)}
    items.sort(key=lambda item: places.get(item.path.parent.name, len(places)))


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return one worker more than cores: deployments wait for each other's events now and then.

    Each further worker would first collect all tests, too.
    A single file is one worker's, which would only have to start.
    """
    files = {argument.partition("::")[0] for argument in config.args}
    is_one_file = len(files) == 1 and Path(*files).is_file()
    return 0 if is_one_file else (os.cpu_count() or 1) + 1


class _ByFile(LoadFileScheduling):
    """Gives a file to one worker, and all files that share a deployment of the example app."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        return "tests/doctor" if file.startswith("tests/doctor/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _ByFile:
    """Return what deals the tests out to the workers."""
    return _ByFile(config, log)
