"""The Personalize JSON API as a service module of ministack: `handle_request` and `reset`."""

from __future__ import annotations

import json
import re
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


@dataclass(frozen=True)
class Kind:
    """A kind of resource; the names of its operations and fields follow from `noun`."""

    noun: str
    create: Callable[[Fields], str]
    filter: str = ""
    """The field a listing can be narrowed by."""
    has_steps: bool = False
    """True if it goes on by being looked at, and is deleted with what it is of."""

    @property
    def member(self) -> str:
        """The field a description comes in."""
        return self.noun[0].lower() + self.noun[1:]

    @property
    def arn_field(self) -> str:
        """The field an ARN comes in."""
        return f"{self.member}Arn"

    @property
    def arn_type(self) -> str:
        """The resource type in an ARN; a solution and its versions have one."""
        return re.sub("(?<!^)[A-Z]", r"-\g<0>", self.noun).lower().removesuffix("-version")


KINDS = (
    Kind("Schema", resources.create_schema),
    Kind("DatasetGroup", resources.create_dataset_group),
    Kind("Dataset", resources.create_dataset, "datasetGroupArn"),
    Kind("Solution", resources.create_solution, "datasetGroupArn"),
    Kind("SolutionVersion", resources.create_solution_version, "solutionArn", True),
    Kind("MetricAttribution", resources.create_metric_attribution, "datasetGroupArn"),
    Kind("DatasetImportJob", jobs.create_dataset_import_job, "datasetArn", True),
    Kind("DatasetExportJob", jobs.create_dataset_export_job, "datasetArn", True),
    Kind("BatchInferenceJob", jobs.create_batch_inference_job, "solutionVersionArn", True),
    Kind("BatchSegmentJob", jobs.create_batch_segment_job, "solutionVersionArn", True),
    Kind("DataDeletionJob", jobs.create_data_deletion_job, "datasetGroupArn", True),
)


def _create(kind: Kind, request: Fields) -> Fields:
    return {kind.arn_field: kind.create(request)}


def _describe(kind: Kind, request: Fields) -> Fields:
    look = job_progress.look if kind.has_steps else store.describe
    if kind.noun == "Solution":
        look = resources.describe_solution
    return {kind.member: look(store.required(request, kind.arn_field))}


def _delete(kind: Kind, request: Fields) -> Fields:
    store.delete(store.required(request, kind.arn_field))
    return {}


def _list(kind: Kind, request: Fields) -> Fields:
    narrowed = {kind.filter: request.get(kind.filter)} if kind.filter else {}
    entries = store.listing(kind.arn_type, **narrowed)
    # A resource's own ARN is its first field: solutions and versions have ARNs of one type.
    entries = [entry for entry in entries if next(iter(entry)) == kind.arn_field]
    return {f"{kind.member}s": entries}


OPERATIONS: dict[str, tuple[Kind, Callable[[Kind, Fields], Fields]]] = {}
for _kind in KINDS:
    OPERATIONS[f"Create{_kind.noun}"] = _kind, _create
    OPERATIONS[f"Describe{_kind.noun}"] = _kind, _describe
    OPERATIONS[f"List{_kind.noun}s"] = _kind, _list
    if not _kind.has_steps:
        OPERATIONS[f"Delete{_kind.noun}"] = _kind, _delete

# Operations that the real API doesn't have; see `EmbeddedAws`.
_CONTROLS: dict[str, Callable[[Fields], None]] = {
    "FailNext": faults.add,
    "FreezeJobs": lambda request: job_progress.freeze(request["status"]),
    "FailTraining": lambda request: job_progress.fail_training(),
}


async def handle_request(
    method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
) -> Any:
    """Answer one call."""
    name = headers.get("x-amz-target", "").rpartition(".")[2]
    request = json.loads(body or b"{}")
    if name in _CONTROLS:
        _CONTROLS[name](request)
        return json_response({})
    fault = faults.take(name)
    if fault and not fault.after_the_fact:
        return error_response_json(fault.code, "as asked for", 400)
    try:
        response = json_response(_answered(name, request, headers))
    except RefusedError as error:
        return error_response_json(error.code, str(error), 400)
    if fault:
        return error_response_json(fault.code, "as asked for, after the fact", 400)
    return response


def _answered(name: str, request: Fields, headers: dict[str, str]) -> Fields:
    if name == "ListTagsForResource":
        return {"tags": store.tags_of(store.required(request, "resourceArn"))}
    if name not in OPERATIONS:
        raise RefusedError("InvalidAction", f"the embedded Personalize has no operation {name!r}")
    kind, operation = OPERATIONS[name]
    personalize_callers.authorize(name, kind.arn_type, kind.arn_field, request, headers)
    return operation(kind, request)


def reset() -> None:
    """Called by ministack's own reset."""
    for module in (store, jobs, job_progress, faults):
        module.clear()
