"""The policy of the page on deploying has the actions of the resource schemas, less unused ones."""

import json
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

import pytest

from tests.docs.code import DOCS

_VERBS = ("Attach", "Delete", "Detach", "Get", "Put")
_OF_USERS_AND_GROUPS = {f"iam:{verb}GroupPolicy" for verb in _VERBS}
_OF_USERS_AND_GROUPS |= {f"iam:{verb}UserPolicy" for verb in _VERBS}
# Definitions in a bucket, logs encrypted by a key: no state machine of the library's has them.
_ELSEWHERE = {"s3:GetObject", "s3:GetObjectVersion", "kms:DescribeKey", "kms:GenerateDataKey"}
_OF_KEYS = {"kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"}
_PAGE = (DOCS / "how-to" / "roles.md").read_text()
_POLICY = json.loads(_PAGE.split("```json\n")[1].split("```")[0])
_STATEMENTS = {statement["Sid"]: statement for statement in _POLICY["Statement"]}
_TYPES = (
    "KMS::Key",
    "IAM::",
    "S3::BucketPolicy",
    "Personalize::",
    "StepFunctions::",
    "Events::Rule",
    "Lambda::Function",
)


@cache
def _schemas() -> list[dict[str, Any]]:
    """The schemas that cfn-lint has."""
    # Found, and not imported: cfn-lint's own imports take a second and more.
    package = Path(str(cast("ModuleSpec", find_spec("cfnlint")).origin)).parent
    schemas = []
    for path in (package / "data/schemas/resources").iterdir():
        text = path.read_text()
        # Saves time: there are schemas of a thousand types.
        if any(f'"typeName": "AWS::{prefix}' in text for prefix in _TYPES):
            schemas.append(json.loads(text))
    return schemas


def listed(*types: str) -> set[str]:
    """Return the actions of the schemas to create, update and delete, without passing roles."""
    handlers = [schema["handlers"] for schema in _schemas() if schema["typeName"] in types]
    assert len(handlers) >= len(types)
    actions: set[str] = set()
    for of_type in handlers:
        for call in ("create", "update", "delete"):
            if call in of_type:
                actions.update(of_type[call]["permissions"])
    return actions - {"iam:PassRole"}


@pytest.mark.parametrize(
    ("sid", "types", "less"),
    [
        ("Keys", ["KMS::Key"], set()),
        ("Roles", ["IAM::Role", "IAM::ManagedPolicy", "IAM::Policy"], _OF_USERS_AND_GROUPS),
        ("BucketPolicies", ["S3::BucketPolicy"], set()),
        (
            "Personalize",
            [
                "Personalize::DatasetGroup",
                "Personalize::Dataset",
                "Personalize::Schema",
                "Personalize::MetricAttribution",
            ],
            _OF_KEYS,
        ),
        ("StateMachinesOfJobs", ["StepFunctions::StateMachine"], _ELSEWHERE),
        ("Rules", ["Events::Rule"], set()),
    ],
)
def test_the_policy_has_what_the_schemas_list(sid: str, types: list[str], less: set[str]) -> None:
    """A statement has all actions of its types, and no others."""
    expected = listed(*(f"AWS::{name}" for name in types)) - less
    assert set(_STATEMENTS[sid]["Action"]) == expected
