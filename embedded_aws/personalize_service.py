"""The Personalize JSON API as a service module of ministack: `handle_request` and `reset`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ministack.core.responses import error_response_json, json_response

from embedded_aws import faults, job_progress, personalize_callers
from embedded_aws import personalize_jobs as jobs
from embedded_aws import personalize_resources as resources
from embedded_aws import personalize_store as store
from embedded_aws.errors import RefusedError
from embedded_aws.personalize_store import Fields

TARGET_PREFIX = "AmazonPersonalize"

Response = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Kind:
    """A kind of resource; all names of its operations and fields follow from `noun`."""

    noun: str
    arn_type: str
    create: Callable[[Fields], str]
    filter: str | None = None
    """The field a listing can be narrowed by."""

    @property
    def member(self) -> str:
        """The field a description comes in."""
        return self.noun[0].lower() + self.noun[1:]

    @property
    def arn_field(self) -> str:
        """The field an ARN comes in."""
        return f"{self.member}Arn"


_JOBS = (
    Kind(
        "DatasetImportJob",
        "dataset-import-job",
        jobs.create_dataset_import_job,
        filter="datasetArn",
    ),
    Kind(
        "DatasetExportJob",
        "dataset-export-job",
        jobs.create_dataset_export_job,
        filter="datasetArn",
    ),
    Kind(
        "BatchInferenceJob",
        "batch-inference-job",
        jobs.create_batch_inference_job,
        filter="solutionVersionArn",
    ),
    Kind(
        "BatchSegmentJob",
        "batch-segment-job",
        jobs.create_batch_segment_job,
        filter="solutionVersionArn",
    ),
    Kind(
        "DataDeletionJob",
        "data-deletion-job",
        jobs.create_data_deletion_job,
        filter="datasetGroupArn",
    ),
)
KINDS = (
    Kind("Schema", "schema", resources.create_schema),
    Kind("DatasetGroup", "dataset-group", resources.create_dataset_group),
    Kind("Dataset", "dataset", resources.create_dataset, filter="datasetGroupArn"),
    Kind("Solution", "solution", resources.create_solution, filter="datasetGroupArn"),
    Kind("SolutionVersion", "solution", resources.create_solution_version, filter="solutionArn"),
    Kind(
        "MetricAttribution",
        "metric-attribution",
        resources.create_metric_attribution,
        filter="datasetGroupArn",
    ),
    *_JOBS,
)


def _operations() -> dict[str, Callable[[Fields], Fields]]:
    operations: dict[str, Callable[[Fields], Fields]] = {
        "ListTagsForResource": lambda request: {
            "tags": store.tags_of(store.required(request, "resourceArn"))
        },
    }
    for kind in KINDS:
        operations[f"Create{kind.noun}"] = _create(kind)
        operations[f"Describe{kind.noun}"] = _describe(kind)
        operations[f"List{kind.noun}s"] = _list(kind)
        if kind not in _JOBS and kind.noun != "SolutionVersion":  # these go with what they are of
            operations[f"Delete{kind.noun}"] = _delete(kind)
    return operations


def _create(kind: Kind) -> Callable[[Fields], Fields]:
    return lambda request: {kind.arn_field: kind.create(request)}


def _describe(kind: Kind) -> Callable[[Fields], Fields]:
    look = job_progress.look if kind in _JOBS else store.describe
    look = {"SolutionVersion": job_progress.look, "Solution": resources.describe_solution}.get(
        kind.noun, look
    )
    return lambda request: {kind.member: look(store.required(request, kind.arn_field))}


def _delete(kind: Kind) -> Callable[[Fields], Fields]:
    def delete(request: Fields) -> Fields:
        store.delete(store.required(request, kind.arn_field))
        return {}

    return delete


def _list(kind: Kind) -> Callable[[Fields], Fields]:
    def listing(request: Fields) -> Fields:
        narrowed = {kind.filter: request.get(kind.filter)} if kind.filter else {}
        # A solution and its versions have ARNs of one type; a resource's own ARN is its first
        # field.
        entries = [
            entry
            for entry in store.listing(kind.arn_type, **narrowed)
            if next(iter(entry)) == kind.arn_field
        ]
        return _page(f"{kind.member}s", entries, request)

    return listing


def _page(member: str, entries: list[Fields], request: Fields) -> Fields:
    start = int(request.get("nextToken") or 0)
    end = start + int(request.get("maxResults") or 100)
    return {member: entries[start:end], **({"nextToken": str(end)} if end < len(entries) else {})}


OPERATIONS = _operations()
_KIND_OF: dict[str, Kind] = {}
for _kind in KINDS:
    for _verb in ("Create", "Delete", "Describe"):
        _KIND_OF[f"{_verb}{_kind.noun}"] = _kind
    _KIND_OF[f"List{_kind.noun}s"] = _kind

# Operations that the real API doesn't have; see `EmbeddedAws`.
_CONTROLS: dict[str, Callable[[Fields], None]] = {
    "FailNext": faults.add,
    "FreezeJobs": lambda request: job_progress.freeze(request["status"]),
    "FailTraining": lambda request: job_progress.fail_training(),
}


async def handle_request(
    method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
) -> Response:
    """Answer one call."""
    name = headers.get("x-amz-target", "").rpartition(".")[2]
    request = json.loads(body or b"{}")
    if name in _CONTROLS:
        _CONTROLS[name](request)
        return _answer({})
    operation = OPERATIONS.get(name)
    if operation is None:
        return _error("InvalidAction", f"the embedded Personalize has no operation {name!r}")
    fault = faults.take(name)
    if fault and not fault.after_the_fact:
        return _error(fault.code, "as asked for")
    try:
        kind = _KIND_OF.get(name)
        if kind is not None:
            personalize_callers.authorize(name, kind.arn_type, kind.arn_field, request, headers)
        response = _answer(operation(request))
    except RefusedError as error:
        return _error(error.code, str(error))
    return _error(fault.code, "as asked for, after the fact") if fault else response


def reset() -> None:
    """Called by ministack's own reset."""
    for module in (store, jobs, job_progress, faults):
        module.clear()


def _answer(fields: Fields) -> Response:
    response: Response = json_response(fields)
    return response


def _error(code: str, message: str) -> Response:
    response: Response = error_response_json(code, message, 400)
    return response
