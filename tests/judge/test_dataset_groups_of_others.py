"""Datasets, metric attributions and jobs on a dataset group that isn't the construct's."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3
from constructs import Construct

from personalize_kms_constructs import PersonalizeEncryption, S3Location
from tests.datasets import add_ratings
from tests.jobs.machines import machine
from tests.judge.apps import SCHEMA_ARN, by_hand, encryption, export_job, failure, of_app, told


def of_another(scope: Construct) -> personalize.CfnDatasetGroup:
    return encryption(scope, "Other").add_dataset_group("Books", name="books")


def of_another_stack(scope: Construct) -> personalize.CfnDatasetGroup:
    return of_another(of_app(scope, "Others"))


def by_its_arn(scope: Construct) -> str:
    by_hand(scope)
    return "arn:aws:personalize:eu-west-1:111122223333:dataset-group/books"


def dataset(of: PersonalizeEncryption, group: Any) -> None:
    source = S3Location(s3.Bucket(of, "Data"), "import/")
    add_ratings(of, group, schema_arn=SCHEMA_ARN, import_from=source)


def metrics(of: PersonalizeEncryption, group: Any) -> None:
    of.add_metric_attribution("Clicks", dataset_group=group, name="clicks", metrics=[])


def export(of: PersonalizeEncryption, group: Any) -> None:
    arn = group if isinstance(group, str) else group.attr_dataset_group_arn
    dataset_arn = personalize.CfnDataset(
        of,
        "Ratings",
        dataset_group_arn=arn,
        schema_arn=SCHEMA_ARN,
        name="ratings",
        dataset_type="Interactions",
    ).attr_dataset_arn
    machine(cdk.Stack.of(of), export_job(of, dataset_arn=dataset_arn, destination_path="today/"))


@pytest.mark.parametrize(
    ("group", "place", "use"),
    [
        (of_another, "Main/Encryption/Ratings", dataset),
        (by_hand, "Main/Encryption/Ratings", dataset),
        (of_another_stack, "Main/Encryption/Clicks", metrics),
        (of_another_stack, "Main/Encryption/Export", export),
        (by_its_arn, "Main/Encryption/Export", export),
    ],
)
def test_a_key_that_is_not_opened(
    group: Callable[[cdk.Stack], Any],
    place: str,
    use: Callable[..., None],
    app: cdk.App,
    stack: cdk.Stack,
) -> None:
    """It fails the synth, where the dataset, the metric attribution or the job is."""
    use(encryption(stack), group(stack))
    assert "ValidationFailed" in failure(app.synth)
    assert ("MissingKeyAccess", "error", place) in told(app)


@pytest.mark.parametrize("use", [dataset, metrics, export])
@pytest.mark.parametrize("same", [True, False])
def test_a_key_that_both_have(
    same: bool, use: Callable[..., None], app: cdk.App, stack: cdk.Stack
) -> None:
    """Nothing is missing with the group's key; a group without a key is a warning."""
    other = encryption(stack, "Other")
    if same:
        key = other.encryption_key
        group = other.add_dataset_group("Books", name="books")
    else:
        key = kms.Key(stack, "Key")
        group = personalize.CfnDatasetGroup(stack, "Books", name="books")
    use(PersonalizeEncryption(stack, "Encryption", encryption_key=key), group)
    app.synth()
    assert told(app) == ([] if same else [("Unencrypted", "warning", "Main/Books")])
