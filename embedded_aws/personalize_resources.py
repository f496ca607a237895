"""Rules for creating schemas, dataset groups, datasets, solutions and metric attributions.

Both the API and CloudFormation come through here, so a template can't get what a call would be
refused. Everything is ACTIVE at once, but for solution versions and jobs (`personalize_jobs`): the
emulator has nothing else to wait for.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from embedded_aws import job_progress
from embedded_aws.access import Uses
from embedded_aws.errors import invalid_input
from embedded_aws.permission_checks import output_location, require, usable_key
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
from embedded_aws.requirements import DATASET_GROUP, METRIC_ATTRIBUTION


def create_schema(request: Fields) -> str:
    """CreateSchema."""
    parse_schema(required(request, "schema"))
    arn = new_arn("schema", name_in(request))
    return put(arn, "schemaArn", request)


def parse_schema(text: str) -> dict[str, Any]:
    """Parse a schema, "in Avro JSON format" (CloudFormation's AWS::Personalize::Schema)."""
    try:
        schema = json.loads(text)
    except json.JSONDecodeError as error:
        raise invalid_input(f"Schema is not valid JSON: {error}") from None
    if not isinstance(schema, dict) or schema.get("type") != "record" or not schema.get("fields"):
        raise invalid_input("Schema must be an Avro record with fields")
    return schema


def create_dataset_group(request: Fields) -> str:
    """CreateDatasetGroup; with a key, only if the deployed policies allow all of the KMS page."""
    arn = new_arn("dataset-group", name_in(request))
    key_arn, role_arn = request.get("kmsKeyArn"), request.get("roleArn")
    if bool(key_arn) != bool(role_arn):
        given, absent = ("kmsKeyArn", "roleArn") if key_arn else ("roleArn", "kmsKeyArn")
        why = f"{given} is given without {absent}: a dataset group takes both or neither"
        raise invalid_input(why)
    if key_arn and role_arn:
        uses = Uses(dataset_group_key=usable_key(key_arn))
        require(DATASET_GROUP, arn, role_in(request), uses)
    return put(arn, "datasetGroupArn", request)


def create_dataset(request: Fields) -> str:
    """CreateDataset."""
    group = describe(required(request, "datasetGroupArn"))
    describe(required(request, "schemaArn"))
    name_in(request)
    dataset_type = required(request, "datasetType")
    # One dataset of a type in a group: the type is in its ARN.
    arn = new_arn("dataset", f"{group['name']}/{dataset_type.upper()}")
    return put(arn, "datasetArn", request)


def create_solution(request: Fields) -> str:
    """CreateSolution."""
    describe(required(request, "datasetGroupArn"))
    arn = new_arn("solution", name_in(request))
    return put(arn, "solutionArn", request)


def create_solution_version(request: Fields) -> str:
    """CreateSolutionVersion; a version has no name, and eight digits in its ARN."""
    solution = describe(required(request, "solutionArn"))
    earlier = listing("solution", solutionArn=solution["solutionArn"])
    digest = hashlib.sha256(f"{solution['solutionArn']}/{len(earlier)}".encode()).hexdigest()[:8]
    arn = f"{solution['solutionArn']}/{digest}"
    version = {field: solution[field] for field in ("solutionArn", "datasetGroupArn")}
    created = put(arn, "solutionVersionArn", {**version, "tags": request.get("tags")})
    job_progress.begin(created, lambda: None)
    solution["latestSolutionVersion"] = {"solutionVersionArn": created}
    return created


def describe_solution(arn: str) -> Fields:
    """DescribeSolution, which looks at the latest version, too."""
    solution = describe(arn)
    if "latestSolutionVersion" not in solution:
        return solution
    version = job_progress.look(solution["latestSolutionVersion"]["solutionVersionArn"])
    fields = ("solutionVersionArn", "status", "creationDateTime", "lastUpdatedDateTime")
    return {**solution, "latestSolutionVersion": {field: version[field] for field in fields}}


def create_metric_attribution(request: Fields) -> str:
    """CreateMetricAttribution."""
    describe(required(request, "datasetGroupArn"))
    arn = new_arn("metric-attribution", name_in(request))
    required(request, "metrics")
    output = required(request, "metricsOutputConfig")
    destination = output_location(output) if output.get("s3DataDestination") else None
    uses = Uses(None, destination, key_of_group(request["datasetGroupArn"]))
    require(METRIC_ATTRIBUTION, arn, role_in(output), uses)
    return put(arn, "metricAttributionArn", request)


def key_of_group(group_arn: str) -> Any:
    """The key of a dataset group, if it has one."""
    key_arn = describe(group_arn).get("kmsKeyArn")
    return usable_key(key_arn) if key_arn else None
