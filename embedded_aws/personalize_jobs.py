"""The rules for the jobs, and the work they do.

Permissions are judged when a job is created. What is in its files is found out when it works, and
makes it fail.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator

from embedded_aws import deployed, job_progress
from embedded_aws.access import Key, Uses
from embedded_aws.errors import invalid_input
from embedded_aws.import_data import parse_schema, read_rows, split_path
from embedded_aws.permission_checks import (
    bucket_at,
    encryption_key_of,
    input_location,
    output_location,
    require,
    usable_key,
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
from embedded_aws.requirements import (
    BATCH_INFERENCE_JOB,
    BATCH_SEGMENT_JOB,
    DATA_DELETION_JOB,
    DATASET_EXPORT_JOB,
    DATASET_IMPORT_JOB,
    Row,
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
    path = required(required(request, "dataSource"), "dataLocation")
    bucket = bucket_at(path)
    location = input_location(path, encryption_key_of(bucket))
    role_arn, group_key = role_in(request), key_of_group(dataset["datasetGroupArn"])
    uses = Uses(source=location, dataset_group_key=group_key)
    require(DATASET_IMPORT_JOB, arn, role_arn, uses)
    files = _files(bucket, location.objects)
    if not files:
        raise invalid_input(f"No data found at {path}")
    job_progress.require_room("dataset-import-job")

    def work() -> None:
        rows = read_rows(
            parse_schema(describe(dataset["schemaArn"])["schema"]), _files(bucket, files).items()
        )
        kept = (
            _rows.get(request["datasetArn"], [])
            if request.get("importMode") == "INCREMENTAL"
            else []
        )
        _rows[request["datasetArn"]] = [*kept, *rows]

    fields = (
        "jobName",
        "datasetArn",
        "dataSource",
        "roleArn",
        "importMode",
        "publishAttributionMetricsToS3",
    )
    put(arn, "datasetImportJobArn", {"importMode": "FULL", **request}, fields)
    job_progress.begin(arn, work)
    if at_once:
        job_progress.finish_now(arn)
    return arn


def create_dataset_export_job(request: Fields) -> str:
    """CreateDatasetExportJob: writes the imported data to a file, if role and service may.

    "The default value is PUT" (API reference), and nothing here was put record by record.
    """
    dataset = describe(required(request, "datasetArn"))
    arn = new_arn("dataset-export-job", name_in(request, "jobName"))
    path, key = _place(required(request, "jobOutput"), "s3DataDestination")
    role_arn, group_key = role_in(request), key_of_group(dataset["datasetGroupArn"])
    uses = Uses(destination=output_location(path, key), dataset_group_key=group_key)
    require(DATASET_EXPORT_JOB, arn, role_arn, uses)
    job_progress.require_room("dataset-export-job")
    bulk = request.get("ingestionMode") in ("BULK", "ALL")

    def work() -> None:
        schema = parse_schema(describe(dataset["schemaArn"])["schema"])
        text = io.StringIO()
        writer = csv.DictWriter(
            text, [field["name"] for field in schema["fields"]], extrasaction="ignore"
        )
        writer.writeheader()
        writer.writerows(_rows.get(request["datasetArn"], []) if bulk else [])
        _write(path, f"{request['jobName']}.csv", text.getvalue(), key)

    fields = ("jobName", "datasetArn", "ingestionMode", "roleArn", "jobOutput")
    put(arn, "datasetExportJobArn", {"ingestionMode": "PUT", **request}, fields)
    job_progress.begin(arn, work)
    return arn


def create_data_deletion_job(request: Fields) -> str:
    """CreateDataDeletionJob: deletes the USER_IDs of a CSV file from a group's datasets."""
    group_arn = required(request, "datasetGroupArn")
    describe(group_arn)
    arn = new_arn("data-deletion-job", name_in(request, "jobName"))
    path = required(required(request, "dataSource"), "dataLocation")
    bucket = bucket_at(path)
    location = input_location(path, encryption_key_of(bucket))
    role_arn, group_key = role_in(request), key_of_group(group_arn)
    uses = Uses(source=location, dataset_group_key=group_key)
    require(DATA_DELETION_JOB, arn, role_arn, uses)
    job_progress.require_room("data-deletion-job")

    def work() -> None:
        files = _files(bucket, location.objects)
        if not files:
            raise invalid_input(f"No data found at {path}")
        users: set[str] = set()
        for key, body in files.items():
            users.update(_users(key, body))
        deleted = 0
        for dataset in listing("dataset", datasetGroupArn=group_arn):
            rows = _rows.get(dataset["datasetArn"], [])
            kept = [row for row in rows if row.get("USER_ID") not in users]
            _rows[dataset["datasetArn"]] = kept
            deleted += len(rows) - len(kept)
        describe(arn)["numDeleted"] = deleted

    put(arn, "dataDeletionJobArn", request, ("jobName", "datasetGroupArn", "dataSource", "roleArn"))
    job_progress.begin(arn, work)
    return arn


def _users(key: str, body: bytes) -> list[str]:
    """The users in a file with one column (PDG prepare-deletion-input-file)."""
    reader = csv.DictReader(io.StringIO(body.decode("utf-8-sig")))
    if reader.fieldnames != ["USER_ID"]:
        raise invalid_input(f"Input {key} has to have the one column USER_ID")
    return [row["USER_ID"] for row in reader]


def create_batch_inference_job(request: Fields) -> str:
    """CreateBatchInferenceJob: for every line of the input, items."""
    fields = ("batchInferenceJobMode", "batchInferenceJobConfig", "themeGenerationConfig")
    request = {"batchInferenceJobMode": "BATCH_INFERENCE", **request}
    return _create_batch_job(
        BATCH_INFERENCE_JOB, "batch-inference-job", "batchInferenceJobArn", request, fields
    )


def create_batch_segment_job(request: Fields) -> str:
    """CreateBatchSegmentJob: for every line of the input, users."""
    return _create_batch_job(
        BATCH_SEGMENT_JOB, "batch-segment-job", "batchSegmentJobArn", request, ()
    )


def _create_batch_job(
    row: Row, arn_type: str, arn_field: str, request: Fields, more_fields: tuple[str, ...]
) -> str:
    version = describe(required(request, "solutionVersionArn"))
    if version["status"] != "ACTIVE":
        raise invalid_input(
            f"Solution version {version['solutionVersionArn']} is {version['status']}, not ACTIVE"
        )
    arn = new_arn(arn_type, name_in(request, "jobName"))
    source, source_key = _place(required(request, "jobInput"), "s3DataSource")
    target, target_key = _place(required(request, "jobOutput"), "s3DataDestination")
    if not target.endswith("/") or target == source:
        raise invalid_input(
            f"The output has to be a folder, other than the input, and end in '/': {target}"
        )
    location = input_location(source, source_key)
    role_arn, group_key = role_in(request), key_of_group(version["datasetGroupArn"])
    uses = Uses(location, output_location(target, target_key), group_key)
    require(row, arn, role_arn, uses)
    job_progress.require_room(arn_type)
    bucket = bucket_at(source)
    column = "ITEM_ID" if row is BATCH_INFERENCE_JOB else "USER_ID"

    def work() -> None:
        files = _files(bucket, location.objects)
        if not files:
            raise invalid_input(f"No data found at {source}")
        results = _distinct(version["datasetGroupArn"], column)[: request.get("numResults")]
        for key, body in files.items():
            answers = [_answer(row, line, results) for line in _json_lines(key, body)]
            _write(
                target,
                f"{key.rsplit('/', 1)[-1]}.out",
                "".join(f"{json.dumps(a)}\n" for a in answers),
                target_key,
            )

    fields = (
        "jobName",
        "solutionVersionArn",
        "filterArn",
        "numResults",
        "jobInput",
        "jobOutput",
        "roleArn",
    )
    put(arn, arn_field, request, (*fields, *more_fields))
    job_progress.begin(arn, work)
    return arn


def _answer(row: Row, line: Fields, results: list[str]) -> Fields:
    """A line of output (PDG getting-batch-recommendations, getting-user-segments)."""
    name = "recommendedItems" if row is BATCH_INFERENCE_JOB else "usersList"
    return {"input": line, "output": {name: results}, "error": None}


def _json_lines(key: str, body: bytes) -> Iterator[Fields]:
    for number, line in enumerate(body.decode().splitlines(), 1):
        try:
            yield json.loads(line)
        except json.JSONDecodeError:
            raise invalid_input(
                f"Input {key} is not in JSON Lines format: line {number} is {line!r}"
            ) from None


def _distinct(group_arn: str, column: str) -> list[str]:
    datasets = listing("dataset", datasetGroupArn=group_arn)
    values: set[str] = set()
    for dataset in datasets:
        rows = _rows.get(dataset["datasetArn"], ())
        values.update(row[column] for row in rows if row.get(column))
    return sorted(values)


def _place(config: Fields, field: str) -> tuple[str, Key | None]:
    """A path, and the key that is named with it or is the bucket's."""
    place = required(config, field)
    path = required(place, "path")
    own_key = place.get("kmsKeyArn")
    return path, usable_key(own_key) if own_key else encryption_key_of(bucket_at(path))


def _files(bucket: deployed.DeployedBucket, keys: Iterable[str]) -> dict[str, bytes]:
    """The content of the objects that are there."""
    present = set(bucket.object_keys(""))
    files = {}
    for key in keys:
        if key in present and not key.endswith("/"):
            files[key] = bucket.read(key)
    return files


def _write(folder: str, name: str, text: str, key: Key | None) -> None:
    bucket, prefix = split_path(folder)
    separator = "/" if prefix and not prefix.endswith("/") else ""
    deployed.write_object(
        bucket, f"{prefix}{separator}{name}", text.encode(), key.arn if key else None
    )
