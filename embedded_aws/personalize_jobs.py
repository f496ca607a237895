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
from embedded_aws.access import Location, Uses
from embedded_aws.errors import invalid_input
from embedded_aws.permission_checks import input_location, output_location, require
from embedded_aws.personalize_resources import key_of_group, parse_schema
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
    source = input_location(required(request, "dataSource"), "dataLocation")
    uses = Uses(source=source, dataset_group_key=key_of_group(dataset["datasetGroupArn"]))
    require(requirements.DATASET_IMPORT_JOB, arn, role_in(request), uses)
    _files(source)

    def work() -> None:
        schema = parse_schema(describe(dataset["schemaArn"])["schema"])
        rows = _rows_in(_files(source), schema)
        if request.get("importMode") == "INCREMENTAL":
            rows = [*_rows.get(dataset["datasetArn"], []), *rows]
        _rows[dataset["datasetArn"]] = rows

    _begin(arn, "datasetImportJobArn", {"importMode": "FULL", **request}, work)
    if at_once:
        job_progress.finish_now(arn)
    return arn


def _rows_in(files: dict[str, bytes], schema: Fields) -> list[dict[str, str]]:
    """The rows of CSV files, by the names of the schema's fields.

    Columns are matched to fields by name, and every field that can't be null has to be a column.
    """
    needed = [field["name"] for field in schema["fields"] if "null" not in field["type"]]
    rows: list[dict[str, str]] = []
    for name, body in files.items():
        reader = csv.reader(io.StringIO(body.decode("utf-8-sig")))
        header = [column.strip().upper() for column in next(reader, [])]
        absent = ", ".join(field for field in needed if field.upper() not in header)
        if absent:
            raise invalid_input(f"Input csv {name} is missing the following columns: {absent}")
        rows += (dict(zip(header, row, strict=False)) for row in reader if row)
    return rows


def create_dataset_export_job(request: Fields) -> str:
    """CreateDatasetExportJob: writes the imported data to a file, if role and service may.

    "The default value is PUT" (API reference), and nothing here was put record by record.
    """
    dataset = describe(required(request, "datasetArn"))
    arn = new_arn("dataset-export-job", name_in(request, "jobName"))
    target = output_location(required(request, "jobOutput"))
    uses = Uses(destination=target, dataset_group_key=key_of_group(dataset["datasetGroupArn"]))
    require(requirements.DATASET_EXPORT_JOB, arn, role_in(request), uses)
    bulk = request.get("ingestionMode") in ("BULK", "ALL")

    def work() -> None:
        schema = parse_schema(describe(dataset["schemaArn"])["schema"])
        text = io.StringIO()
        names = [field["name"] for field in schema["fields"]]
        writer = csv.DictWriter(text, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(_rows.get(request["datasetArn"], []) if bulk else [])
        _write(target, f"{request['jobName']}.csv", text.getvalue())

    _begin(arn, "datasetExportJobArn", {"ingestionMode": "PUT", **request}, work)
    return arn


def create_data_deletion_job(request: Fields) -> str:
    """CreateDataDeletionJob: deletes the USER_IDs of a CSV file from a group's datasets."""
    group_arn = required(request, "datasetGroupArn")
    arn = new_arn("data-deletion-job", name_in(request, "jobName"))
    source = input_location(required(request, "dataSource"), "dataLocation")
    uses = Uses(source=source, dataset_group_key=key_of_group(group_arn))
    require(requirements.DATA_DELETION_JOB, arn, role_in(request), uses)

    def work() -> None:
        users: set[str] = set()
        for key, body in _files(source).items():
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
    version_arn, status = version["solutionVersionArn"], version["status"]
    if status != "ACTIVE":
        raise invalid_input(f"Solution version {version_arn} is {status}, not ACTIVE")
    source = input_location(required(required(request, "jobInput"), "s3DataSource"), "path")
    target = output_location(required(request, "jobOutput"))
    if target.prefix and not target.prefix.endswith("/"):
        raise invalid_input(f"The output has to be a folder, and end in '/': {target.prefix}")
    uses = Uses(source, target, key_of_group(version["datasetGroupArn"]))
    require(row, arn, role_in(request), uses)
    # PDG getting-batch-recommendations, getting-user-segments
    column, member = ("ITEM_ID", "recommendedItems")
    if row is requirements.BATCH_SEGMENT_JOB:
        column, member = ("USER_ID", "usersList")

    def work() -> None:
        results = _distinct(version["datasetGroupArn"], column)[: request.get("numResults")]
        for key, body in _files(source).items():
            text = ""
            for line in body.decode().splitlines():
                answer = {"input": json.loads(line), "output": {member: results}, "error": None}
                text += f"{json.dumps(answer)}\n"
            _write(target, f"{key.rsplit('/', 1)[-1]}.out", text)

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


def _files(location: Location) -> dict[str, bytes]:
    """The content of the objects that are there."""
    bucket = deployed.bucket(location.bucket)
    files = {}
    for key in location.objects:
        if bucket is not None and key in bucket.objects and not key.endswith("/"):
            files[key] = bucket.read(key)
    if not files:
        raise invalid_input(f"No data found at s3://{location.bucket}/{location.prefix}")
    return files


def _write(location: Location, name: str, text: str) -> None:
    folder = f"{location.prefix.rstrip('/')}/" if location.prefix else ""
    key_arn = location.key.arn if location.key else None
    deployed.write_object(location.bucket, f"{folder}{name}", text.encode(), key_arn)
