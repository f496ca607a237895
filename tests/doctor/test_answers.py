"""Answers of AWS's that aren't the usual ones: the doctor goes on, and calls nothing missing because of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Protocol

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from tests.doctor.conftest import Check, Deployed
from tests.doctor.looking import doctor_on
from tests.versions import needs_metric_attribution

pytestmark = needs_metric_attribution


class Instead(Protocol):
    """Sets what AWS answers to an operation, instead of what it would."""

    def __call__(self, operation: str, answer: str | Exception | dict[str, Any], about: str = "") -> None:
        """Set it for all questions that have a word in their arguments."""


@pytest.fixture
def instead(monkeypatch: pytest.MonkeyPatch) -> Instead:
    """An error's code, an error of the SDK's, or an answer."""
    answers: list[tuple[str, str, str | Exception | dict[str, Any]]] = []
    ask: Any = BaseClient._make_api_call  # type: ignore[attr-defined]

    def answer(self: Any, operation: str, arguments: Any) -> Any:
        for name, about, found in answers:
            if name == operation and about in json.dumps([arguments, self.meta.region_name]):
                if isinstance(found, str):
                    raise ClientError({"Error": {"Code": found, "Message": "so it says"}}, operation)
                if isinstance(found, Exception):
                    raise found
                return found
        return ask(self, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", answer)

    def set_answer(operation: str, found: str | Exception | dict[str, Any], about: str = "") -> None:
        answers.append((operation, about, found))

    return set_answer


@pytest.fixture
def report(deployed: Deployed) -> Callable[[], Any]:
    """What the doctor says, as data."""
    return lambda: doctor_on(deployed.aws)


def bad(found: Any) -> list[Check]:
    """The checks that aren't green."""
    (group,) = found["dataset_groups"]
    return [each for each in group["checks"] if each["status"] not in ("ok", "note")]


def looked_at(found: Any) -> int:
    """How many jobs were looked at."""
    (group,) = found["dataset_groups"]
    (title,) = [each["title"] for each in group["checks"] if "looked at" in each["title"]]
    return int(title.partition(" ")[0])


@pytest.mark.parametrize(
    "operation",
    [
        "ListDatasets",
        "ListDatasetImportJobs",
        "ListDatasetExportJobs",
        "ListSolutions",
        "ListSolutionVersions",
        "ListBatchInferenceJobs",
        "ListDataDeletionJobs",
        "ListMetricAttributions",
        "DescribeDatasetImportJob",
    ],
)
def test_what_is_deleted_meanwhile_is_left_out(report: Callable[[], Any], instead: Instead, operation: str) -> None:
    """A dataset, a solution or the dataset group itself may go while the doctor is at it."""
    whole = looked_at(report())
    instead(operation, "ResourceNotFoundException")
    found = report()
    assert bad(found) == []
    assert found["not_answered"] == []
    assert 0 < looked_at(found) < whole


def test_each_listing_is_asked_for(report: Callable[[], Any], instead: Instead) -> None:
    """One that isn't allowed keeps nobody from the others."""
    whole = looked_at(report())
    instead("ListDatasetImportJobs", "AccessDeniedException")
    instead("ListDataDeletionJobs", "AccessDeniedException")
    found = report()
    assert [each["action"] for each in found["not_answered"]] == [
        "personalize:ListDataDeletionJobs",
        "personalize:ListDatasetImportJobs",
    ]
    assert [each["title"] for each in bad(found)] == ["not all of its jobs, or of their listings, can be seen"]
    assert [each["because"] for each in bad(found)] == ["2 answers are lacking, see the end"]
    assert 2 <= looked_at(found) < whole
