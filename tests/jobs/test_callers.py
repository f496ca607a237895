"""The permissions that ``grant_create`` gives a caller."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from embedded_aws.personalize_callers import PARENTS
from personalize_kms_check.matrix import (
    BATCH_INFERENCE_JOB,
    DATA_DELETION_JOB,
    DATASET_EXPORT_JOB,
    DATASET_IMPORT_JOB,
    METRIC_ATTRIBUTION,
    ROWS,
    Permissions,
)
from personalize_kms_constructs import PersonalizeResource
from tests.jobs.machines import Data, allow, readable
from tests.policies import resources

PERSONALIZE = "arn:<AWS::Partition>:personalize:eu-west-1:111111111111"


@pytest.fixture
def caller(stack: cdk.Stack) -> iam.Role:
    return iam.Role(stack, "Caller", assumed_by=iam.AccountRootPrincipal())


def granted(stack: cdk.Stack) -> list[Any]:
    (policy,) = [
        p for name, p in resources(stack, "AWS::IAM::Policy").items() if name.startswith("Caller")
    ]
    return [
        readable(statement) for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def test_a_caller_gets_what_the_reference_asks(
    stack: cdk.Stack, data: Data, caller: iam.Role
) -> None:
    """The created resource, its sources, tags if it has them, and ``PassRole`` for Personalize."""
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


RATINGS = "arn:aws:personalize:eu-west-1:111111111111:dataset/movies/INTERACTIONS"
MOVIES = "arn:aws:personalize:eu-west-1:111111111111:dataset-group/movies"
SOLUTION = "arn:aws:personalize:eu-west-1:111111111111:solution/recommend"
TOKEN = cdk.Fn.import_value("arn")
IMPORTED = {"Fn::ImportValue": "arn"}


@pytest.mark.parametrize(
    ("on", "parents"),
    [
        ([RATINGS], {DATASET_EXPORT_JOB: [RATINGS]}),
        ([MOVIES], {METRIC_ATTRIBUTION: [MOVIES]}),
        # The reference has one type for a solution and its versions.
        ([SOLUTION], {BATCH_INFERENCE_JOB: [SOLUTION, f"{SOLUTION}/*"]}),
        ([f"{SOLUTION}/1"], {BATCH_INFERENCE_JOB: [SOLUTION, f"{SOLUTION}/1"]}),
        ([MOVIES, RATINGS], {DATASET_IMPORT_JOB: [RATINGS], DATA_DELETION_JOB: [MOVIES]}),
        ([TOKEN, MOVIES], {DATASET_IMPORT_JOB: [IMPORTED]}),
    ],
)
def test_a_caller_may_be_narrowed(
    data: Data, caller: iam.Role, on: list[str], parents: dict[Permissions, list[Any]]
) -> None:
    """It may be narrowed to datasets, dataset groups and solutions, with any job name."""
    data.encryption.grant_create(caller, *map(PersonalizeResource, parents), on=on)
    creating = {
        statement["Action"]: statement["Resource"]
        for statement in granted(caller.stack)
        if "Create" in str(statement["Action"])
    }
    assert creating == {
        row.create_action: [*arns, f"{PERSONALIZE}:{row.arn_type}/*"]
        for row, arns in parents.items()
    }


def refused(data: Data, caller: iam.Role, *resources: PersonalizeResource, on: Any) -> str:
    """Return why a caller isn't let in to this alone."""
    with pytest.raises(ValueError, match=r"^Stack/Encryption: ") as error:
        data.encryption.grant_create(caller, *resources, on=on)
    return str(error.value)


@pytest.mark.parametrize(
    ("on", "problem"),
    [
        (RATINGS, f"on is '{RATINGS}', expected a list of ARNs: pass [dataset.attr_dataset_arn]"),
        (["movies"], "on has 'movies', expected a list of ARNs: pass [dataset.attr_dataset_arn]"),
        (
            [RATINGS.replace("eu-west-1", "us-east-1")],
            "on is 'arn:aws:personalize:us-east-1:111111111111:dataset/movies/INTERACTIONS', of "
            "Region us-east-1 instead of eu-west-1, but dataset groups, schemas and datasets are "
            "in one account and Region",
        ),
        (
            [MOVIES, SOLUTION],
            "on has no ARN of a dataset, which personalize:CreateDatasetImportJob needs: add one, "
            "or grant the dataset import job in a separate call",
        ),
    ],
)
def test_a_grant_that_can_not_be_narrowed_is_refused(
    data: Data, caller: iam.Role, on: Any, problem: str
) -> None:
    """A caller that was to be narrowed is never let in wide."""
    assert problem in refused(data, caller, PersonalizeResource.dataset_import_job(), on=on)


def test_what_aws_lists_no_other_resource_for_can_not_be_narrowed(
    data: Data, caller: iam.Role
) -> None:
    """Each is told."""
    kinds = PersonalizeResource.dataset_group(), PersonalizeResource.batch_segment_job()
    assert (
        "on can't narrow personalize:CreateDatasetGroup, for which AWS lists no other resource: "
        "grant the dataset group in a separate call\n- on can't narrow "
        "personalize:CreateBatchSegmentJob, for which AWS lists no other resource: grant the batch "
        "segment job in a separate call"
    ) in refused(data, caller, *kinds, on=[MOVIES])


def test_a_caller_is_not_narrowed_to_the_attribute_of_something_else(
    data: Data, caller: iam.Role
) -> None:
    """The ARN of a dataset group is none of a dataset, as a literal or as a reference."""
    movies = data.encryption.add_dataset_group("Movies", name="movies")
    jobs = PersonalizeResource.dataset_export_job(), PersonalizeResource.data_deletion_job()
    group = [movies.attr_dataset_group_arn]
    says = "on has no ARN of a dataset, which personalize:CreateDatasetExportJob needs"
    assert says in refused(data, caller, *jobs, on=group)
    data.encryption.grant_create(caller, jobs[1], on=group)


def test_a_caller_of_another_account_is_refused(stack: cdk.Stack, data: Data) -> None:
    """Nothing that its owner could add would work."""
    role = iam.Role.from_role_arn(stack, "Ci", "arn:aws:iam::222222222222:role/ci")
    with pytest.raises(ValueError, match=r"^Stack/Encryption: ") as error:
        data.encryption.grant_create(role, PersonalizeResource.dataset_group())
    assert str(error.value).endswith(
        "grantee belongs to account 222222222222, but the resources to 111111111111, and roles "
        "can't be passed across accounts: have the caller assume a role of 111111111111, and "
        "pass that role as grantee"
    )


def test_a_kind_is_granted_once(stack: cdk.Stack, data: Data, caller: iam.Role) -> None:
    """Two exports with different destinations are one kind."""
    exports = [PersonalizeResource.dataset_export_job(data.at(folder)) for folder in ("a/", "b/")]
    data.encryption.grant_create(caller, *exports)
    assert len(granted(stack)) == 3


def test_a_caller_gets_what_the_embedded_aws_asks() -> None:
    """Its transcript of the reference is independent."""
    types = {
        "datasetGroupArn": "dataset-group",
        "datasetArn": "dataset",
        "solutionVersionArn": "solution",
    }
    ours = {f"Create{row.noun}": row.parent for row in ROWS}
    theirs = {name: types[field] for name, field in PARENTS.items() if name in ours}
    assert {name: parent for name, parent in ours.items() if parent} == theirs
