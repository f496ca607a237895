"""What Personalize holds, and the rules for creating and deleting it.

Both the API and CloudFormation come through here, so a template can't get what a call would be refused. Requests and
descriptions have the field names of the API. Everything is ACTIVE at once: the emulator has nothing to wait for.
"""

from __future__ import annotations

import logging
import re
import time
from typing import Any

from embedded_aws import deployed
from embedded_aws.errors import PersonalizeError, invalid_input
from embedded_aws.import_data import count_rows, parse_schema, split_path
from embedded_aws.permission_checks import (
    bucket_at,
    encryption_key_of,
    input_location,
    output_location,
    require,
    usable_key,
)
from embedded_aws.requirements import DATASET_GROUP, DATASET_IMPORT_JOB, METRIC_ATTRIBUTION

logger = logging.getLogger(__name__)

Fields = dict[str, Any]

ROLE_ARN = re.compile(r"arn:([a-z\d-]+):iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+")
NAME = re.compile(r"^[a-zA-Z0-9][a-zA-Z0-9\-_]{0,62}")

_resources: dict[str, Fields] = {}
_tags: dict[str, list[Fields]] = {}


def clear() -> None:
    """Forget everything."""
    _resources.clear()
    _tags.clear()


def create_schema(request: Fields) -> str:
    """CreateSchema."""
    parse_schema(_required(request, "schema"))
    arn = _new_arn("schema", _name(request))
    return _store(arn, "schemaArn", request, ("name", "schema", "domain"), status=None)


def create_dataset_group(request: Fields) -> str:
    """CreateDatasetGroup; with a key, only if the deployed policies give what the KMS page asks for."""
    arn = _new_arn("dataset-group", _name(request))
    key_arn, role_arn = request.get("kmsKeyArn"), request.get("roleArn")
    if bool(key_arn) != bool(role_arn):
        given, absent = ("kmsKeyArn", "roleArn") if key_arn else ("roleArn", "kmsKeyArn")
        raise invalid_input(f"{given} is given without {absent}: a dataset group takes both or neither")
    if key_arn and role_arn:
        require(DATASET_GROUP, arn, _role_arn(role_arn), [usable_key(key_arn)])
    return _store(arn, "datasetGroupArn", request, ("name", "roleArn", "kmsKeyArn", "domain"))


def create_dataset(request: Fields) -> str:
    """CreateDataset."""
    group = describe(_required(request, "datasetGroupArn"))
    describe(_required(request, "schemaArn"))
    _name(request)
    # One dataset of a type in a group: the type is in its ARN.
    arn = _new_arn("dataset", f"{group['name']}/{_required(request, 'datasetType').upper()}")
    return _store(arn, "datasetArn", request, ("name", "datasetGroupArn", "schemaArn", "datasetType"))


def create_dataset_import_job(request: Fields) -> str:
    """CreateDatasetImportJob: reads the files, if role and service may, and counts their rows."""
    dataset = describe(_required(request, "datasetArn"))
    arn = _new_arn("dataset-import-job", _name(request, "jobName"))
    path = _required(_required(request, "dataSource"), "dataLocation")
    bucket = bucket_at(path)
    location = input_location(path)
    keys = [encryption_key_of(bucket), _group_key(dataset["datasetGroupArn"])]
    role_arn = _role_arn(_required(request, "roleArn"))
    require(DATASET_IMPORT_JOB, arn, role_arn, [key for key in keys if key], source=location)
    present = set(bucket.object_keys(split_path(path)[1]))
    files = [(key, bucket.read(key)) for key in location.objects if key in present and not key.endswith("/")]
    if not files:
        raise invalid_input(f"No data found at {path}")
    rows = count_rows(parse_schema(describe(dataset["schemaArn"])["schema"]), files)
    logger.info("%s imported %d rows from %d files at %s", arn, rows, len(files), path)
    fields = ("jobName", "datasetArn", "dataSource", "roleArn", "importMode", "publishAttributionMetricsToS3")
    return _store(arn, "datasetImportJobArn", {"importMode": "FULL", **request}, fields)


def create_metric_attribution(request: Fields) -> str:
    """CreateMetricAttribution."""
    describe(_required(request, "datasetGroupArn"))
    arn = _new_arn("metric-attribution", _name(request))
    _required(request, "metrics")
    _check_metrics_output(arn, request["datasetGroupArn"], _required(request, "metricsOutputConfig"))
    fields = ("name", "datasetGroupArn", "metrics", "metricsOutputConfig")
    return _store(arn, "metricAttributionArn", request, fields)


def update_metric_attribution(request: Fields) -> str:
    """UpdateMetricAttribution, of the place metrics go to."""
    arn = str(_required(request, "metricAttributionArn"))
    attribution = describe(arn)
    output = _required(request, "metricsOutputConfig")
    _check_metrics_output(arn, attribution["datasetGroupArn"], output)
    attribution.update(metricsOutputConfig=output, lastUpdatedDateTime=time.time())
    return arn


def describe(arn: str) -> Fields:
    """The resource of that ARN; what is returned is the resource, not a copy."""
    if arn not in _resources:
        raise PersonalizeError("ResourceNotFoundException", f"Resource Arn {arn} does not exist.")
    return _resources[arn]


def listing(arn_type: str, **equal: str | None) -> list[Fields]:
    """Every resource of a type in the caller's account and Region, narrowed by fields that aren't None."""
    start = _arn(arn_type, "")
    wanted = {field: value for field, value in equal.items() if value is not None}
    return [
        resource
        for arn, resource in list(_resources.items())
        if arn.startswith(start) and all(resource.get(field) == value for field, value in wanted.items())
    ]


def tags_of(arn: str) -> list[Fields]:
    """The tags a resource was created with."""
    describe(arn)
    return _tags[arn]


def delete(arn: str) -> None:
    """Delete a resource nothing else refers to; a dataset takes its import jobs with it."""
    describe(arn)
    for other, resource in list(_resources.items()):
        if other == arn or arn not in resource.values():
            continue
        if ":dataset-import-job/" not in other:
            raise PersonalizeError("ResourceInUseException", f"Resource {arn} is in use by {other}")
        del _resources[other]
    del _resources[arn]


def _check_metrics_output(arn: str, group_arn: str, output: Fields) -> None:
    target = output.get("s3DataDestination")
    keys = [_group_key(group_arn)]
    destination = None
    if target:
        path = _required(target, "path")
        destination = output_location(path)
        own_key = target.get("kmsKeyArn")
        keys.append(usable_key(own_key) if own_key else encryption_key_of(bucket_at(path)))
    role_arn = _role_arn(_required(output, "roleArn"))
    require(METRIC_ATTRIBUTION, arn, role_arn, [key for key in keys if key], destination=destination)


def _group_key(group_arn: str) -> Any:
    key_arn = describe(group_arn).get("kmsKeyArn")
    return usable_key(key_arn) if key_arn else None


def _required(fields: Fields, name: str) -> Any:
    value = fields.get(name)
    if value is None or value == "":
        raise invalid_input(f"Value null at '{name}' failed to satisfy constraint: Member must not be null")
    return value


def _name(request: Fields, field: str = "name") -> str:
    return _matching(NAME, field, _required(request, field))


def _role_arn(value: str) -> str:
    return _matching(ROLE_ARN, "roleArn", value)


def _matching(pattern: re.Pattern[str], field: str, value: str) -> str:
    if not pattern.fullmatch(value):
        raise invalid_input(
            f"Value '{value}' at '{field}' failed to satisfy constraint: "
            f"Member must satisfy regular expression pattern: {pattern.pattern}"
        )
    return value


def _arn(arn_type: str, name: str) -> str:
    return f"arn:aws:personalize:{deployed.caller_region()}:{deployed.caller_account()}:{arn_type}/{name}"


def _new_arn(arn_type: str, name: str) -> str:
    arn = _arn(arn_type, name)
    if arn in _resources:
        raise PersonalizeError("ResourceAlreadyExistsException", f"Another resource with Arn {arn} already exists.")
    return arn


def _store(arn: str, arn_field: str, request: Fields, fields: tuple[str, ...], status: str | None = "ACTIVE") -> str:
    now = time.time()
    resource = {arn_field: arn, "creationDateTime": now, "lastUpdatedDateTime": now}
    resource.update({field: request[field] for field in fields if request.get(field) is not None})
    if status:
        resource["status"] = status
    _resources[arn] = resource
    _tags[arn] = list(request.get("tags") or [])
    return arn
