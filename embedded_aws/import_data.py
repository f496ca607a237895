"""Reads the CSV files of a dataset import job, and compares them with the dataset's schema."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from typing import Any

from embedded_aws.errors import invalid_input


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
