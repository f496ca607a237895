"""Runs the code of the README and of the documentation as tests, and keeps what the CDK prints in its place."""

import base64
import json
import os
from collections import deque
from collections.abc import Generator
from typing import IO, Any

import jsii._kernel.providers.process as jsii_process
import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser
from xdist.scheduler import LoadFileScheduling

pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser()], patterns=["README.md", "docs/*.md", "docs/*/*.md"]
).pytest()


# The folders of tests that take longest: those that deploy, that start other programs, and that try many cases.
_LONGEST = ("doctor", "integ", "deploy", "managed_key_policy", "jobs", "packaging", "templates", "proof", "checks")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest tests: at the end, the worker of one would be alone with it."""
    places = {folder: place for place, folder in enumerate(_LONGEST)}
    items.sort(key=lambda item: places.get(item.path.parent.name, len(places)))


def pytest_xdist_auto_num_workers() -> int:
    """Return two workers for each core: deployments wait for each other's events now and then."""
    return 2 * (os.cpu_count() or 1)


def pytest_configure(config: pytest.Config) -> None:
    """Keep a worker and its Node on one core: they take turns, and to wake each other on another core takes longer."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker and hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[int(worker.removeprefix("gw")) % len(cores)]})


class _ByFile(LoadFileScheduling):
    """Gives each file to one worker, and to the same one the files that use one deployment of the example app."""

    def _split_scope(self, nodeid: str) -> str:
        file = str(super()._split_scope(nodeid))
        return "tests/doctor" if file.startswith("tests/doctor/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> _ByFile:
    """Return what deals the tests out to the workers."""
    return _ByFile(config, log)


# The CDK's warnings come from a process that a thread listens to, often when their test is over. Among pytest's dots
# they would look like failures, so they are kept, and shown with the test that fails.
_printed: deque[bytes] = deque(maxlen=1000)


def _keep(reader: IO[bytes]) -> None:
    _printed.extend(iter(reader.readline, b""))


jsii_process.stderr_sink = _keep  # type: ignore[assignment]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(call: pytest.CallInfo[None]) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what the CDK printed to the report of a test that fails."""
    report = yield
    if report.failed and _printed:
        report.sections.append(("Printed by the CDK", "".join(map(_text, _printed))))
    if call.when == "teardown":
        _printed.clear()
    return report


def _text(line: bytes) -> str:
    """Return what jsii passes on as JSON in base64, or the line as it is."""
    try:
        message: dict[str, Any] = json.loads(line)
        return "".join(base64.b64decode(text).decode() for text in message.values())
    except (ValueError, AttributeError):
        return line.decode(errors="replace")
