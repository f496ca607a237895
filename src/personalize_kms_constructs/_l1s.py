"""The L1s of Personalize, as this library wires them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from aws_cdk import CfnResource
from aws_cdk import aws_personalize as personalize
from constructs import Construct

from .locations import S3Location

if TYPE_CHECKING:
    from ._refusals.arguments import AnyDatasetGroup


def dataset_group(
    scope: Construct,
    id: str,
    *,
    name: str,
    domain: str | None,
    tags: Mapping[str, str] | None,
    kms_key_arn: str,
    role_arn: str,
) -> personalize.CfnDatasetGroup:
    """A dataset group with key and role, which come together or not at all."""
    resource = personalize.CfnDatasetGroup(
        scope, id, name=name, domain=domain, kms_key_arn=kms_key_arn, role_arn=role_arn
    )
    if tags:
        resource.add_property_override("Tags", [{"Key": key, "Value": value} for key, value in tags.items()])
    else:
        _leave_out_tags(resource)
    return resource


def dataset(
    scope: Construct,
    id: str,
    *,
    dataset_group: AnyDatasetGroup,
    schema_arn: str,
    name: str,
    dataset_type: str,
    import_from: S3Location | None,
    import_job_name: str | None,
    role_arn: str,
) -> personalize.CfnDataset:
    """A dataset and, with a location, its first import job."""
    import_job = None
    if import_from is not None:
        import_job = personalize.CfnDataset.DatasetImportJobProperty(
            job_name=import_job_name, data_source={"DataLocation": import_from.uri}, role_arn=role_arn
        )
    resource = personalize.CfnDataset(
        scope,
        id,
        dataset_group_arn=_arn_of(dataset_group),
        schema_arn=schema_arn,
        name=name,
        dataset_type=dataset_type,
        dataset_import_job=import_job,
    )
    _leave_out_tags(resource)
    return resource


def metric_attribution(
    scope: Construct,
    id: str,
    *,
    dataset_group: AnyDatasetGroup,
    name: str,
    metrics: Sequence[personalize.CfnMetricAttribution.MetricAttributeProperty],
    destination: S3Location | None,
    destination_key_arn: str | None,
    role_arn: str,
) -> personalize.CfnMetricAttribution:
    """A metric attribution that writes to S3 when it has a destination."""
    l1 = personalize.CfnMetricAttribution
    s3_destination = None
    if destination is not None:
        s3_destination = l1.S3DataDestinationProperty(path=destination.uri, kms_key_arn=destination_key_arn)
    resource = l1(
        scope,
        id,
        dataset_group_arn=_arn_of(dataset_group),
        name=name,
        metrics=metrics,
        metrics_output_config=l1.MetricsOutputConfigProperty(role_arn=role_arn, s3_data_destination=s3_destination),
    )
    _leave_out_tags(resource)
    return resource


def _arn_of(dataset_group: AnyDatasetGroup) -> str:
    # ``ref`` is the ARN or the name, depending on whom one asks.
    return dataset_group if isinstance(dataset_group, str) else dataset_group.attr_dataset_group_arn


def _leave_out_tags(resource: CfnResource) -> None:
    # ``Tags.of(app).add(…)`` reaches dataset groups and datasets, whose tags are create-only: a tag that somebody adds
    # to the app later would make CloudFormation refuse the update, or replace the dataset group by a new, empty one.
    # Metric attributions have no tags yet; should they get them, templates stay as they are.
    resource.add_property_deletion_override("Tags")
