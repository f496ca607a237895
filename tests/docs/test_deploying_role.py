"""The policy of the page on deploying has what the schemas of the resource types list, less what is never used."""

import json
from importlib.resources import files

import pytest

from tests.docs.code import DOCS

_OF_USERS_AND_GROUPS = {
    f"iam:{verb}{kind}Policy"
    for verb in ("Attach", "Delete", "Detach", "Get", "Put")
    for kind in ("Group", "User")
}
# Definitions in a bucket, logs encrypted by a key: no state machine of the library's has them.
_ELSEWHERE = {"s3:GetObject", "s3:GetObjectVersion", "kms:DescribeKey", "kms:GenerateDataKey"}
_OF_KEYS = {"kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"}
_STATEMENTS = {
    each["Sid"]: each
    for each in json.loads(
        (DOCS / "how-to" / "deploying-role.md").read_text().split("```json\n")[1].split("```")[0]
    )["Statement"]
}
_TYPES = (
    "KMS::Key",
    "IAM::",
    "S3::BucketPolicy",
    "Personalize::",
    "StepFunctions::",
    "Events::Rule",
    "Lambda::Function",
)
_SCHEMAS = [
    json.loads(text)
    for path in files("cfnlint").joinpath("data/schemas/resources").iterdir()
    if any(f'"typeName": "AWS::{each}' in (text := path.read_text()) for each in _TYPES)
]


def listed(*types: str) -> set[str]:
    """Return what the schemas list for creating, updating and deleting, without passing roles."""
    handlers = [each["handlers"] for each in _SCHEMAS if each["typeName"] in types]
    assert len(handlers) >= len(types)
    calls = [
        each[call]["permissions"]
        for each in handlers
        for call in ("create", "update", "delete")
        if call in each
    ]
    return {action for actions in calls for action in actions} - {"iam:PassRole"}


@pytest.mark.parametrize(
    ("sid", "types", "less"),
    [
        ("Keys", ["KMS::Key"], set()),
        ("Roles", ["IAM::Role", "IAM::ManagedPolicy", "IAM::Policy"], _OF_USERS_AND_GROUPS),
        ("BucketPolicies", ["S3::BucketPolicy"], set()),
        (
            "Personalize",
            [
                f"Personalize::{each}"
                for each in ("DatasetGroup", "Dataset", "Schema", "MetricAttribution")
            ],
            _OF_KEYS,
        ),
        ("StateMachinesOfJobs", ["StepFunctions::StateMachine"], _ELSEWHERE),
        ("Rules", ["Events::Rule"], set()),
    ],
)
def test_the_policy_has_what_the_schemas_list(sid: str, types: list[str], less: set[str]) -> None:
    """All of it, and nothing else."""
    assert set(_STATEMENTS[sid]["Action"]) == listed(*(f"AWS::{each}" for each in types)) - less


def test_what_only_some_stacks_have_is_in_the_schemas() -> None:
    """The function of MANAGED has no VPC and no code signing; CloudFormation invokes it."""
    of_function = set(_STATEMENTS["FunctionOfManaged"]["Action"])
    assert of_function - listed("AWS::Lambda::Function") == {"lambda:InvokeFunction"}
    assert set(_STATEMENTS["KeysOfMetricAttributions"]["Action"]) == _OF_KEYS
    assert listed("AWS::Personalize::MetricAttribution") >= _OF_KEYS
