"""The Personalize JSON API, in the form ministack asks of a service module: `handle_request` and `reset`."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ministack.core.responses import error_response_json, json_response

from embedded_aws import personalize_resources as resources
from embedded_aws.errors import PersonalizeError, invalid_input
from embedded_aws.personalize_resources import Fields

TARGET_PREFIX = "AmazonPersonalize"

Response = tuple[int, dict[str, str], bytes]


@dataclass(frozen=True)
class Kind:
    """One kind of resource; all names of its operations and fields follow from `noun`."""

    noun: str
    arn_type: str
    create: Callable[[Fields], str]
    filter: str | None = None
    """The field a listing can be narrowed by."""
    deletable: bool = True

    @property
    def member(self) -> str:
        """The field a description comes in."""
        return self.noun[0].lower() + self.noun[1:]

    @property
    def arn_field(self) -> str:
        """The field an ARN comes in."""
        return f"{self.member}Arn"


KINDS = (
    Kind("Schema", "schema", resources.create_schema),
    Kind("DatasetGroup", "dataset-group", resources.create_dataset_group),
    Kind("Dataset", "dataset", resources.create_dataset, filter="datasetGroupArn"),
    # The API has no DeleteDatasetImportJob.
    Kind(
        "DatasetImportJob",
        "dataset-import-job",
        resources.create_dataset_import_job,
        filter="datasetArn",
        deletable=False,
    ),
    Kind("MetricAttribution", "metric-attribution", resources.create_metric_attribution, filter="datasetGroupArn"),
)

# What a listing leaves out of a description.
UNLISTED = frozenset({"schema", "roleArn", "kmsKeyArn", "metrics", "metricsOutputConfig", "dataSource"})


def _operations() -> dict[str, Callable[[Fields], Fields]]:
    operations: dict[str, Callable[[Fields], Fields]] = {
        "UpdateMetricAttribution": lambda request: {
            "metricAttributionArn": resources.update_metric_attribution(request)
        },
        "ListMetricAttributionMetrics": lambda request: _page(
            "metrics", resources.describe(_arn(request, "metricAttributionArn"))["metrics"], request
        ),
        "ListTagsForResource": lambda request: {"tags": resources.tags_of(_arn(request, "resourceArn"))},
    }
    for kind in KINDS:
        operations[f"Create{kind.noun}"] = _create(kind)
        operations[f"Describe{kind.noun}"] = _describe(kind)
        operations[f"List{kind.noun}s"] = _list(kind)
        if kind.deletable:
            operations[f"Delete{kind.noun}"] = _delete(kind)
    return operations


def _create(kind: Kind) -> Callable[[Fields], Fields]:
    return lambda request: {kind.arn_field: kind.create(request)}


def _describe(kind: Kind) -> Callable[[Fields], Fields]:
    return lambda request: {kind.member: resources.describe(_arn(request, kind.arn_field))}


def _delete(kind: Kind) -> Callable[[Fields], Fields]:
    def delete(request: Fields) -> Fields:
        resources.delete(_arn(request, kind.arn_field))
        return {}

    return delete


def _list(kind: Kind) -> Callable[[Fields], Fields]:
    def listing(request: Fields) -> Fields:
        narrowed = {kind.filter: request.get(kind.filter)} if kind.filter else {}
        found = resources.listing(kind.arn_type, **narrowed)
        summaries = [{name: value for name, value in entry.items() if name not in UNLISTED} for entry in found]
        return _page(f"{kind.member}s", summaries, request)

    return listing


def _page(member: str, entries: list[Fields], request: Fields) -> Fields:
    start = int(request.get("nextToken") or 0)
    end = start + int(request.get("maxResults") or 100)
    return {member: entries[start:end], **({"nextToken": str(end)} if end < len(entries) else {})}


def _arn(request: Fields, field: str) -> str:
    if not request.get(field):
        raise invalid_input(f"Value null at '{field}' failed to satisfy constraint: Member must not be null")
    return str(request[field])


OPERATIONS = _operations()


async def handle_request(
    method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
) -> Response:
    """Answer one call."""
    name = headers.get("x-amz-target", "").rpartition(".")[2]
    operation = OPERATIONS.get(name)
    if operation is None:
        return _error("InvalidAction", f"the embedded Personalize has no operation {name!r}")
    try:
        response: Response = json_response(operation(json.loads(body or b"{}")))
    except PersonalizeError as error:
        return _error(error.code, str(error))
    return response


def reset() -> None:
    """Called by ministack's own reset."""
    resources.clear()


def _error(code: str, message: str) -> Response:
    response: Response = error_response_json(code, message, 400)
    return response
