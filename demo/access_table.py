"""A table of what Personalize may do: each cell is decided by evaluating the policies that are deployed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from demo.deployed_policies import DeployedPolicies
from embedded_aws import access
from embedded_aws.requirements import (
    BATCH_INFERENCE_JOB,
    DATA_DELETION_JOB,
    DATASET_EXPORT_JOB,
    DATASET_GROUP,
    DATASET_IMPORT_JOB,
    METRIC_ATTRIBUTION,
    Row,
)

_KEY_COLUMNS = (
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ListGrants",
    "kms:Encrypt",
)
_DATA_COLUMNS = ("s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:DeleteObject", "cloudwatch:PutMetricData")


@dataclass(frozen=True)
class _Line:
    labels: tuple[str, str, str]
    asked: tuple[str, ...]
    allows: Callable[[str], bool]


def access_table(deployed: DeployedPolicies) -> tuple[str, int]:
    """The table as text, and how many permissions are missing."""
    keys, data = list(_key_lines(deployed)), list(_data_lines(deployed))
    text = "\n".join(
        [
            *_render(("on keys", "key", "principal"), _KEY_COLUMNS, keys),
            "",
            *_render(("on data", "location", "principal"), _DATA_COLUMNS, data),
            "",
            "    yes: asked for and allowed   NO: asked for, not allowed   -: neither",
            "    also: allowed, though not asked for by this resource",
        ]
    )
    missing = sum(not line.allows(action) for line in (*keys, *data) for action in line.asked)
    return text, missing


def _key_lines(deployed: DeployedPolicies) -> Iterator[_Line]:
    for row in (
        DATASET_GROUP,
        DATASET_IMPORT_JOB,
        DATASET_EXPORT_JOB,
        BATCH_INFERENCE_JOB,
        DATA_DELETION_JOB,
        METRIC_ATTRIBUTION,
    ):
        asked = (*row.key_policy, *row.dataset_group_key_policy)
        yield from _lines_of_key(deployed, row, "dataset group's", deployed.encryption_key, asked)
        if row is not DATASET_GROUP:
            yield from _lines_of_key(deployed, row, "bucket's", deployed.data_key, row.key_policy)


def _lines_of_key(
    deployed: DeployedPolicies, row: Row, name: str, key: access.Key, asked: tuple[str, ...]
) -> Iterator[_Line]:
    role, caller = deployed.role, deployed.caller
    yield _Line(
        (row.resource, name, "service"), asked, lambda action: access.by_service(key.policy, action, key.arn, caller)
    )
    yield _Line(
        (row.resource, name, "role"), asked, lambda action: access.on_key(role, key, action, caller.region) is None
    )
    yield _Line(
        (row.resource, name, "role, IAM alone"),
        row.role_kms,
        lambda action: access.by_iam(role, action, key.arn, caller.region),
    )


def _data_lines(deployed: DeployedPolicies) -> Iterator[_Line]:
    for row, prefix, asked in (
        (DATASET_IMPORT_JOB, "import/ratings.csv", DATASET_IMPORT_JOB.source),
        (DATASET_EXPORT_JOB, "export/", DATASET_EXPORT_JOB.destination),
        (BATCH_INFERENCE_JOB, "batch/in/", BATCH_INFERENCE_JOB.source),
        (BATCH_INFERENCE_JOB, "batch/out/", BATCH_INFERENCE_JOB.destination),
        (DATA_DELETION_JOB, "deletion/", DATA_DELETION_JOB.source),
        (METRIC_ATTRIBUTION, "metrics/", METRIC_ATTRIBUTION.destination),
    ):
        yield from _location_lines(deployed, row, prefix, asked)
    yield from _location_lines(deployed, None, "another/", ())


def _location_lines(
    deployed: DeployedPolicies, row: Row | None, prefix: str, asked: tuple[str, ...]
) -> Iterator[_Line]:
    role, caller = deployed.role, deployed.caller
    location = deployed.location(prefix)
    resource = row.resource if row is not None else "(not asked for)"
    everywhere = row.role_any if row is not None else ()

    def on(action: str) -> str:
        return location.resources(action)[0]

    yield _Line(
        (resource, prefix, "service"),
        asked,
        lambda action: access.by_service(location.policy, action, on(action), caller, prefix),
    )
    yield _Line(
        (resource, prefix, "role"),
        (*asked, *everywhere),
        lambda action: (
            access.by_iam(role, action, "*", caller.region)
            if action.startswith("cloudwatch:")
            else access.in_bucket(role, location, action, on(action), caller.region) is None
        ),
    )


def _render(titles: tuple[str, str, str], columns: tuple[str, ...], lines: list[_Line]) -> Iterator[str]:
    heads = [column.partition(":")[2].replace("WithoutPlaintext", "W/oPlaintext") for column in columns]
    label_widths = [max(len(line.labels[i]) for line in lines) for i in range(3)]
    label_widths = [max(width, len(title)) for width, title in zip(label_widths, titles, strict=True)]
    yield _row(titles, label_widths, heads, heads)
    previous = None
    for line in lines:
        resource, on, principal = line.labels
        if resource != previous:
            yield ""
        labels = (resource if resource != previous else "", on if principal == "service" else "", principal)
        previous = resource
        yield _row(labels, label_widths, [_cell(line, column) for column in columns], heads)


def _row(labels: tuple[str, ...], label_widths: list[int], cells: list[str], heads: list[str]) -> str:
    left = "  ".join(label.ljust(width) for label, width in zip(labels, label_widths, strict=True))
    right = "  ".join(cell.center(len(head)) for cell, head in zip(cells, heads, strict=True))
    return f"    {left}  {right}".rstrip()


def _cell(line: _Line, action: str) -> str:
    allowed = line.allows(action)
    if action in line.asked:
        return "yes" if allowed else "NO"
    return "also" if allowed else "-"
