"""The permissions that ``grant_create`` gives a caller."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from embedded_aws.personalize_callers import PARENTS
from personalize_kms_constructs import PersonalizeResource
from personalize_kms_constructs.matrix import ROWS
from tests.jobs.machines import Data, readable
from tests.policies import resources

PERSONALIZE = "arn:<AWS::Partition>:personalize:eu-west-1:111111111111"


def allow(action: Any, resource: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


@pytest.fixture
def caller(stack: cdk.Stack) -> iam.Role:
    return iam.Role(stack, "Caller", assumed_by=iam.AccountRootPrincipal())


def granted(stack: cdk.Stack) -> list[Any]:
    (policy,) = [p for name, p in resources(stack, "AWS::IAM::Policy").items() if name.startswith("Caller")]
    return [readable(statement) for statement in policy["Properties"]["PolicyDocument"]["Statement"]]


def test_a_caller_gets_what_the_reference_asks(stack: cdk.Stack, data: Data, caller: iam.Role) -> None:
    """The resource that is made, those it is made of, tags where there are tags, and the role for Personalize alone."""
    grant = data.encryption.grant_create(caller, *map(PersonalizeResource, ROWS))
    assert grant.success
    assert len(grant.principal_statements) == len(granted(stack))
    expected = []
    for noun, created, parents, tags in (
        ("DatasetGroup", "dataset-group/*", [], True),
        ("DatasetImportJob", "dataset-import-job/*", ["dataset/*"], True),
        ("DatasetExportJob", "dataset-export-job/*", ["dataset/*"], True),
        ("BatchInferenceJob", "batch-inference-job/*", ["solution/*"], True),
        ("BatchSegmentJob", "batch-segment-job/*", [], True),
        ("DataDeletionJob", "data-deletion-job/*", ["dataset-group/*"], True),
        ("MetricAttribution", "metric-attribution/*", ["dataset-group/*"], False),
    ):
        describe = f"personalize:Describe{noun}"
        arns = [f"{PERSONALIZE}:{name}" for name in (*parents, created)]
        expected += [
            allow(f"personalize:Create{noun}", arns if parents else arns[0]),
            allow([describe, "personalize:TagResource"] if tags else describe, arns[-1]),
        ]
    assert granted(stack) == [
        *expected,
        {
            **allow("iam:PassRole", "<EncryptionRole2D2265A5.Arn>"),
            "Condition": {"StringEquals": {"iam:PassedToService": "personalize.amazonaws.com"}},
        },
    ]


def test_a_kind_is_granted_once(stack: cdk.Stack, data: Data, caller: iam.Role) -> None:
    """Two exports with different destinations are one kind."""
    data.encryption.grant_create(
        caller,
        PersonalizeResource.dataset_export_job(data.at("a/")),
        PersonalizeResource.dataset_export_job(data.at("b/")),
    )
    assert len(granted(stack)) == 3


def test_a_caller_gets_what_the_embedded_aws_asks() -> None:
    """Its transcript of the reference is independent."""
    types = {"datasetGroupArn": "dataset-group", "datasetArn": "dataset", "solutionVersionArn": "solution"}
    ours = {f"Create{row.noun}": row.parents for row in ROWS}
    theirs = {name: (types[field],) for name, field in PARENTS.items() if name in ours}
    assert {name: parents for name, parents in ours.items() if parents} == theirs
