"""The rules for the jobs, and the work they do.

Permissions are judged when a job is created. What is in its files is found out when it works, and
makes it fail.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

from embedded_aws import deployed, job_progress, requirements
from embedded_aws.access import Key, Location, Uses
from embedded_aws.errors import invalid_input
from embedded_aws.import_data import parse_schema, read_rows, split_path
from embedded_aws.permission_checks import (
    bucket_at,
    encryption_key_of,
    input_location,
    output_location,
    place_in,
    require,
)
from embedded_aws.personalize_resources import key_of_group
from embedded_aws.personalize_store import (
    Fields,
    describe,
    listing,
    name_in,
    new_arn,
    put,
    required,
    role_in,
)

# What import jobs have put into datasets, by the dataset's ARN.
_rows: dict[str, list[dict[str, str]]] = {}


def clear() -> None:
    """Forget all data."""
    _rows.clear()


def create_dataset_import_job(request: Fields, *, at_once: bool = False) -> str:
    """CreateDatasetImportJob: reads the files, if role and service may, and keeps their rows.

    With `at_once` it is ACTIVE, or refused for its data, as CloudFormation reports it when it has
    waited.
    """
    dataset = describe(required(request, "datasetArn"))
    arn = new_arn("dataset-import-job", name_in(request, "jobName"))
    path, location = _data(request)
    uses = Uses(source=location, dataset_group_key=key_of_group(dataset["datasetGroupArn"]))
    require(requirements.DATASET_IMPORT_JOB, arn, role_in(request), uses)
    _files(path, location)

    def work() -> None:
        schema = parse_schema(describe(dataset["schemaArn"])["schema"])
        rows = read_rows(schema, _files(path, location).items())
        if request.get("importMode") == "INCREMENTAL":
            rows = [*_rows.get(dataset["datasetArn"], []), *rows]
        _rows[dataset["datasetArn"]] = rows

    _begin(arn, "datasetImportJobArn", {"importMode": "FULL", **request}, work)
    if at_once:
        job_progress.finish_now(arn)
    return arn


def create_dataset_export_job(request: Fields) -> str:
    """CreateDatasetExportJob: writes the imported data to a file, if role and service may.

    "The default value is PUT" (API reference), and nothing here was put record by record.
    """
    dataset = describe(required(request, "datasetArn"))
    arn = new_arn("dataset-export-job", name_in(request, "jobName"))
    path, key = place_in(required(request, "jobOutput"), "s3DataDestination")
    group_key = key_of_group(dataset["datasetGroupArn"])
    uses = Uses(destination=output_location(path, key), dataset_group_key=group_key)
    require(requirements.DATASET_EXPORT_JOB, arn, role_in(request), uses)
    bulk = request.get("ingestionMode") in ("BULK", "ALL")

    def work() -> None:
        schema = parse_schema(describe(dataset["schemaArn"])["schema"])
        text = io.StringIO()
        names = [field["name"] for field in schema["fields"]]
        writer = csv.DictWriter(text, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(_rows.get(request["datasetArn"], []) if bulk else [])
        _write(path, f"{request['jobName']}.csv", text.getvalue(), key)

    _begin(arn, "datasetExportJobArn", {"ingestionMode": "PUT", **request}, work)
    return arn


def create_data_deletion_job(request: Fields) -> str:
    """CreateDataDeletionJob: deletes the USER_IDs of a CSV file from a group's datasets."""
    group_arn = required(request, "datasetGroupArn")
    arn = new_arn("data-deletion-job", name_in(request, "jobName"))
    path, location = _data(request)
    uses = Uses(source=location, dataset_group_key=key_of_group(group_arn))
    require(requirements.DATA_DELETION_JOB, arn, role_in(request), uses)

    def work() -> None:
        users: set[str] = set()
        for key, body in _files(path, location).items():
            users.update(_users(key, body))
        deleted = 0
        for dataset in listing("dataset", datasetGroupArn=group_arn):
            rows = _rows.get(dataset["datasetArn"], [])
            kept = [row for row in rows if row.get("USER_ID") not in users]
            _rows[dataset["datasetArn"]] = kept
            deleted += len(rows) - len(kept)
        describe(arn)["numDeleted"] = deleted

    _begin(arn, "dataDeletionJobArn", request, work)
    return arn


def _users(key: str, body: bytes) -> list[str]:
    """The users in a file with one column (PDG prepare-deletion-input-file)."""
    header, *users = body.decode("utf-8-sig").splitlines() or [""]
    if header != "USER_ID":
        raise invalid_input(f"Input {key} has to have the one column USER_ID")
    return users


def create_batch_inference_job(request: Fields) -> str:
    """CreateBatchInferenceJob: for every line of the input, items."""
    arn = new_arn("batch-inference-job", name_in(request, "jobName"))
    work = _batch_work(requirements.BATCH_INFERENCE_JOB, arn, request)
    request = {"batchInferenceJobMode": "BATCH_INFERENCE", **request}
    _begin(arn, "batchInferenceJobArn", request, work)
    return arn


def create_batch_segment_job(request: Fields) -> str:
    """CreateBatchSegmentJob: for every line of the input, users."""
    arn = new_arn("batch-segment-job", name_in(request, "jobName"))
    work = _batch_work(requirements.BATCH_SEGMENT_JOB, arn, request)
    _begin(arn, "batchSegmentJobArn", request, work)
    return arn


def _batch_work(row: requirements.Row, arn: str, request: Fields) -> Callable[[], None]:
    """Check a batch job, and return its work."""
    version = describe(required(request, "solutionVersionArn"))
    if version["status"] != "ACTIVE":
        raise invalid_input(
            f"Solution version {version['solutionVersionArn']} is {version['status']}, not ACTIVE"
        )
    source, source_key = place_in(required(request, "jobInput"), "s3DataSource")
    target, target_key = place_in(required(request, "jobOutput"), "s3DataDestination")
    if not target.endswith("/") or target == source:
        raise invalid_input(
            f"The output has to be a folder, other than the input, and end in '/': {target}"
        )
    location = input_location(source, source_key)
    group_key = key_of_group(version["datasetGroupArn"])
    uses = Uses(location, output_location(target, target_key), group_key)
    require(row, arn, role_in(request), uses)
    # PDG getting-batch-recommendations, getting-user-segments
    column, member = ("ITEM_ID", "recommendedItems")
    if row is requirements.BATCH_SEGMENT_JOB:
        column, member = ("USER_ID", "usersList")

    def work() -> None:
        results = _distinct(version["datasetGroupArn"], column)[: request.get("numResults")]
        for key, body in _files(source, location).items():
            text = ""
            for line in body.decode().splitlines():
                answer = {"input": json.loads(line), "output": {member: results}, "error": None}
                text += f"{json.dumps(answer)}\n"
            _write(target, f"{key.rsplit('/', 1)[-1]}.out", text, target_key)

    return work


def _distinct(group_arn: str, column: str) -> list[str]:
    values: set[str] = set()
    for dataset in listing("dataset", datasetGroupArn=group_arn):
        rows = _rows.get(dataset["datasetArn"], ())
        values.update(row[column] for row in rows if row.get(column))
    return sorted(values)


def _begin(arn: str, arn_field: str, request: Fields, work: Callable[[], None]) -> None:
    job_progress.require_room(arn)
    put(arn, arn_field, request)
    job_progress.begin(arn, work)


def _data(request: Fields) -> tuple[str, Location]:
    """The path of the data that a job reads, and what is there."""
    path = required(required(request, "dataSource"), "dataLocation")
    return path, input_location(path, encryption_key_of(bucket_at(path)))


def _files(path: str, location: Location) -> dict[str, bytes]:
    """The content of the objects that are there."""
    bucket = bucket_at(path)
    present = set(bucket.object_keys(""))
    files = {}
    for key in location.objects:
        if key in present and not key.endswith("/"):
            files[key] = bucket.read(key)
    if not files:
        raise invalid_input(f"No data found at {path}")
    return files


def _write(folder: str, name: str, text: str, key: Key | None) -> None:
    bucket, prefix = split_path(folder)
    separator = "/" if prefix and not prefix.endswith("/") else ""
    deployed.write_object(
        bucket, f"{prefix}{separator}{name}", text.encode(), key.arn if key else None
    )
