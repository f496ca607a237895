"""Reads the CSV files of a dataset import job, and compares them with the dataset's schema."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

from embedded_aws.errors import invalid_input


# PDG custom-datasets-and-schemas; the keys are the types of datasets, and the names of schemas
# without regard to case.
REQUIRED_FIELDS = {
    "INTERACTIONS": {"USER_ID": "string", "ITEM_ID": "string", "TIMESTAMP": "long"},
    "ITEMS": {"ITEM_ID": "string"},
    "USERS": {"USER_ID": "string"},
    "ACTIONS": {"ACTION_ID": "string"},
    "ACTIONINTERACTIONS": {
        "USER_ID": "string",
        "ACTION_ID": "string",
        "EVENT_TYPE": "string",
        "TIMESTAMP": "long",
    },
}


def check_schema(schema: dict[str, Any], dataset_type: str) -> None:
    """Refuse a schema of another type of dataset, or without a field that the type requires.

    "A schema has a name key whose value must match the dataset type", and "You must define required
    fields as their required data types" (PDG how-it-works-dataset-schema).
    """
    plain_type = dataset_type.upper().replace("_", "")
    if plain_type not in REQUIRED_FIELDS or str(schema.get("name")).upper() != plain_type:
        raise invalid_input(
            f"Schema name {schema.get('name')} doesn't match the dataset type {dataset_type}"
        )
    types = {field["name"]: field["type"] for field in schema["fields"]}
    required = REQUIRED_FIELDS[plain_type]
    lacking = [
        f"{name} ({avro_type})"
        for name, avro_type in required.items()
        if types.get(name) != avro_type
    ]
    if lacking:
        raise invalid_input(f"Schema {schema['name']} lacks required fields: {', '.join(lacking)}")


def parse_schema(text: str) -> dict[str, Any]:
    """Parse a schema, "in Avro JSON format" (CloudFormation's AWS::Personalize::Schema)."""
    try:
        schema = json.loads(text)
    except json.JSONDecodeError as error:
        raise invalid_input(f"Schema is not valid JSON: {error}") from None
    if not isinstance(schema, dict) or schema.get("type") != "record" or not schema.get("fields"):
        raise invalid_input("Schema must be an Avro record with fields")
    return schema


def read_rows(schema: dict[str, Any], files: Iterable[tuple[str, bytes]]) -> list[dict[str, str]]:
    """The rows the files hold, by the names of the schema's fields.

    Columns are matched to fields by name, and every field that can't be null has to be a column.
    """
    needed = [field["name"] for field in schema["fields"] if not _nullable(field["type"])]
    rows: list[dict[str, str]] = []
    for name, body in files:
        reader = csv.reader(io.StringIO(body.decode("utf-8-sig")))
        header = [column.strip().upper() for column in next(reader, [])]
        absent = [field for field in needed if field.upper() not in header]
        if absent:
            raise invalid_input(
                f"Input csv {name} is missing the following columns: {', '.join(absent)}"
            )
        rows += (dict(zip(header, row, strict=False)) for row in reader if row)
    return rows


def _nullable(avro_type: Any) -> bool:
    return avro_type == "null" or (isinstance(avro_type, list) and "null" in avro_type)
