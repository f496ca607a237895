"""Calls that AWS refuses by its documentation, and ministack by itself would take.

Each group names the page that says so. The messages are AWS's own where users report them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from embedded_aws import EmbeddedAws, asl
from tests.deploy.stacks import deploy
from tests.embedded_aws import scenario as scenarios
from tests.embedded_aws.scenario import (
    DATA,
    DATASET,
    GROUP,
    SERVICE,
    Scenario,
    allow,
    allow_role,
    policy,
    trust,
)

IAM = "arn:aws:iam::111111111111"
NOBODY = {"AWS": f"{IAM}:role/absent"}
READ, LET_READ = (
    allow_role(["s3:GetObject"], f"{DATA}/*"),
    allow(SERVICE, ["s3:GetObject"], f"{DATA}/*"),
)
TRUST, OWNER, USE = (
    trust(SERVICE),
    allow(scenarios.ACCOUNT, ["kms:*"]),
    allow(SERVICE, ["kms:Decrypt"]),
)
TYPO = {"Condition": {"StringEqals": {"aws:SourceAccount": "111111111111"}}}

QUOTA, MUST, SYNTAX = (
    "Cannot exceed quota for ",
    "Policy statement must contain ",
    "Syntax errors in policy.",
)
PRINCIPAL = "Invalid principal in policy"
NO_SUCH_PRINCIPAL = "Policy contains a statement with one or more invalid principals."
TWICE = "Statement IDs (SID) in a single policy must be unique."


def _long(length: int, **statement: Any) -> dict[str, Any]:
    """A statement whose sid makes its policy as long as it has to be, without white space."""
    return {
        **statement,
        "Sid": "x" * (length - len(policy({**statement, "Sid": ""}).replace(" ", ""))),
    }


# The kind of policy, its statements, and how the message begins.
POLICIES: dict[str, tuple[str, list[dict[str, Any]], str]] = {
    # IAM user guide, reference_iam-quotas
    "a managed policy of 6,145": ("managed", [_long(6_145, **READ)], f"{QUOTA}PolicySize: 6144"),
    "a version of 6,145": ("version", [_long(6_145, **READ)], f"{QUOTA}PolicySize: 6144"),
    "a second inline policy": (
        "inline",
        [_long(9_800, **READ)],
        "Maximum policy size of 10240 bytes exceeded",
    ),
    # IAM user guide, reference_policies_grammar, reference_policies_elements_principal and _sid
    "no resources": ("inline", [{**READ, "Resource": []}], f"{MUST}resources."),
    "no actions": ("inline", [{**READ, "Action": []}], f"{MUST}actions."),
    "an unknown operator": ("inline", [{**READ, **TYPO}], SYNTAX),
    "trust in nobody": ("trust", [trust(NOBODY)], PRINCIPAL),
    "new trust in nobody": ("new trust", [TRUST, trust(NOBODY)], PRINCIPAL),
    "a sid twice in IAM": ("inline", [{**READ, "Sid": "A"}, {**READ, "Sid": "A"}], TWICE),
    # S3 user guide, bucket-policies and s3-bucket-user-policy-specifying-principal-intro
    "a bucket for nobody": ("bucket", [{**LET_READ, "Principal": NOBODY}], PRINCIPAL),
    "a bucket without principal": ("bucket", [READ], f"{MUST}principals."),
    "over 20 KB": (
        "bucket",
        [_long(20_481, **LET_READ)],
        "Bucket policies are limited to 20 KB in size",
    ),
    # KMS API reference, PutKeyPolicy; a statement without Resource has no effect
    "a key for nobody": ("key", [OWNER, {**USE, "Principal": NOBODY}], NO_SUCH_PRINCIPAL),
    "a key for roles": (
        "key",
        [OWNER, {**USE, "Principal": {"AWS": f"{IAM}:role/*"}}],
        NO_SUCH_PRINCIPAL,
    ),
    "a key for no user": (
        "key",
        [OWNER, {**USE, "Principal": {"AWS": f"{IAM}:user/absent"}}],
        NO_SUCH_PRINCIPAL,
    ),
    "an unknown operator of a key": ("key", [OWNER, {**USE, **TYPO}], SYNTAX),
    "a key without principal": (
        "key",
        [OWNER, allow_role(["kms:Decrypt"], "*")],
        f"{MUST}principals.",
    ),
    "control without effect": (
        "key",
        [trust(scenarios.ACCOUNT, Action="kms:*")],
        "The new key policy will not allow",
    ),
}
CODES = {"bucket": "MalformedPolicy", "key": "MalformedPolicyDocumentException"}


@pytest.fixture(scope="module")
def scene(running_aws: EmbeddedAws) -> Scenario:
    """A scenario for all tests, with a job at work: a refused call changes nothing."""
    running_aws.reset()
    scenario = Scenario(running_aws)
    scenario.create_dataset()
    scenario.import_data()
    scenario.iam.create_policy(PolicyName="managed", PolicyDocument=policy(READ))
    return scenario


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_that_aws_refuses(scene: Scenario, refusal: Any, name: str) -> None:
    """IAM, S3 and KMS have error codes of their own."""
    kind, statements, message = POLICIES[name]
    code = "LimitExceeded" if "exceed" in message else CODES.get(kind, "MalformedPolicyDocument")
    refused_with, text = refusal(lambda: _put(scene, kind, *statements))
    assert (refused_with, text[: len(message)]) == (code, message)


def _put(scene: Scenario, kind: str, *statements: dict[str, Any]) -> Any:
    text, managed = policy(*statements), f"{IAM}:policy/managed"
    calls: dict[str, Callable[[], Any]] = {
        "managed": lambda: scene.iam.create_policy(PolicyName="new", PolicyDocument=text),
        "version": lambda: scene.iam.create_policy_version(PolicyArn=managed, PolicyDocument=text),
        "inline": lambda: scene.iam.put_role_policy(
            RoleName="personalize", PolicyName="new", PolicyDocument=text
        ),
        "trust": lambda: scene.iam.create_role(RoleName="new", AssumeRolePolicyDocument=text),
        "new trust": lambda: scene.iam.update_assume_role_policy(
            RoleName="personalize", PolicyDocument=text
        ),
        "bucket": lambda: scene.s3.put_bucket_policy(Bucket="movies-data", Policy=compact(text)),
        "key": lambda: scene.kms.create_key(Policy=text),
    }
    return calls[kind]()


def compact(text: str) -> str:
    return json.dumps(json.loads(text), separators=(",", ":"))


def _machine(scene: Scenario, definition: str) -> Any:
    create = scene.client("stepfunctions").create_state_machine
    return create(name="new", definition=definition, roleArn=scene.role_arn)


def _attach_eleven(scene: Scenario) -> None:
    for number in range(11):
        made = scene.iam.create_policy(PolicyName=f"p{number}", PolicyDocument=policy(READ))[
            "Policy"
        ]
        scene.iam.attach_role_policy(RoleName="personalize", PolicyArn=made["Arn"])


ABSENT = f"{IAM}:policy/absent"
SCHEMA = f"{scenarios.ARN}:schema/interactions"
ABROAD = "arn:aws:kms:us-east-1:111111111111:key/abroad"
NOWHERE = json.dumps({"StartAt": "First", "States": {"First": {"Type": "Pass", "Next": "Gone"}}})
BROKEN = ("InvalidDefinition", "Invalid State Machine Definition: ")
# The call, and the error: its code, and how its message begins.
CALLS: dict[str, tuple[Callable[[Scenario], Any], tuple[str, str]]] = {
    # IAM user guide, reference_iam-quotas
    "an eleventh managed policy": (
        _attach_eleven,
        ("LimitExceeded", f"{QUOTA}PoliciesPerRole: 10"),
    ),
    # API reference, CreateRole: "Names are not distinguished by case"
    "a name in other letters": (
        lambda s: s.iam.create_role(RoleName="Personalize", AssumeRolePolicyDocument=policy(TRUST)),
        ("EntityAlreadyExists", "Role with name Personalize already exists."),
    ),
    "a boundary that isn't there": (
        lambda s: s.iam.put_role_permissions_boundary(
            RoleName="personalize", PermissionsBoundary=ABSENT
        ),
        ("NoSuchEntity", f"Scope ARN: {ABSENT} does not exist or is not attachable."),
    ),
    # Step Functions API reference, CreateStateMachine
    "a state that leads nowhere": (lambda s: _machine(s, NOWHERE), BROKEN),
    "a definition that is no JSON": (lambda s: _machine(s, "{"), BROKEN),
    # PDG API_DeleteDataset, API_DeleteDatasetGroup and API_DeleteSchema
    "deleting a dataset during its import": (
        lambda s: s.personalize.delete_dataset(datasetArn=DATASET),
        (
            "ResourceInUseException",
            f"Resource {DATASET} is in use by {scenarios.ARN}:dataset-import-job/first",
        ),
    ),
    "deleting a dataset group with a dataset": (
        lambda s: s.personalize.delete_dataset_group(datasetGroupArn=GROUP),
        ("ResourceInUseException", f"Resource {GROUP} is in use by {DATASET}"),
    ),
    "deleting the schema of a dataset": (
        lambda s: s.personalize.delete_schema(schemaArn=SCHEMA),
        ("ResourceInUseException", f"Resource {SCHEMA} is in use by {DATASET}"),
    ),
    # KMS developer guide, multi-region-keys-overview
    "a key of another Region": (
        lambda s: s.create_dataset_group("new", kmsKeyArn=ABROAD, roleArn=s.role_arn),
        ("InvalidInputException", f"KMS key {ABROAD} is not in eu-west-1"),
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_that_aws_refuses(scene: Scenario, refusal: Any, name: str) -> None:
    """Each has the error code of its page."""
    call, (code, message) = CALLS[name]
    refused_with, text = refusal(call, scene)
    assert (refused_with, text[: len(message)]) == (code, message)


# These begin with an empty server, and stand after those that share one. The kind of policy, and
# its statements. Sources: as above; IAM user guide, reference_policies_elements_sid: unique "in
# IAM".
TAKEN: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "a managed policy of 6,144": ("managed", [_long(6_144, **READ)]),
    "a version of 6,144": ("version", [_long(6_144, **READ)]),
    "an inline policy of 10,240": ("only inline", [_long(10_240, **READ)]),
    "20 KB": ("bucket", [_long(20_480, **LET_READ)]),
    "a sid twice in S3": ("bucket", [{**LET_READ, "Sid": "A"}, {**LET_READ, "Sid": "A"}]),
    "a sid twice in KMS": ("key", [{**OWNER, "Sid": "A"}, {**OWNER, "Sid": "A"}]),
}


@pytest.mark.parametrize("name", TAKEN)
def test_a_policy_that_aws_takes(scenario: Scenario, name: str) -> None:
    """The largest ones, and what looks like a mistake."""
    kind, statements = TAKEN[name]
    scenario.iam.create_policy(PolicyName="managed", PolicyDocument=policy(READ))
    if kind == "only inline":
        listed = scenario.iam.list_role_policies(RoleName="personalize")
        for policy_name in listed["PolicyNames"]:
            scenario.iam.delete_role_policy(RoleName="personalize", PolicyName=policy_name)
    _put(scenario, kind.removeprefix("only "), *statements)


def test_the_largest_that_aws_takes(scenario: Scenario, aws: EmbeddedAws) -> None:
    """Policies of a template: its spaces don't count."""
    of_bucket = json.loads(policy(_long(20_480, **LET_READ)))
    owner = len(compact(policy(OWNER))) - len(compact(policy()))
    of_key = json.loads(policy(OWNER, _long(32_768 - owner - 1, **USE)))
    assert len(compact(json.dumps(of_key))) == 32_768
    of_data = {"Bucket": "movies-data", "PolicyDocument": of_bucket}
    resources = {
        "Policy": {"Type": "AWS::S3::BucketPolicy", "Properties": of_data},
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": of_key}},
    }
    assert (
        deploy(aws, {name: {"Resources": {name: resource}} for name, resource in resources.items()})
        == []
    )


LINES = {"Type": "Pass", "Output": "{%\n  $states.input\n%}", "End": True}
DISTRIBUTED = {
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
    "StartAt": "B",
}
WRITER = {"WriterConfig": {"Transformation": "FLATTEN", "OutputType": "JSON"}}
MAP = {
    "Type": "Map",
    "ItemProcessor": DISTRIBUTED | {"States": {"B": LINES}},
    "ResultWriter": WRITER,
    "End": True,
}


@pytest.mark.parametrize(
    ("state", "is_right"),
    [
        (LINES, True),
        (LINES | {"Output": {"A": "{% (\n $x := 1;\n $x) %}"}}, True),
        (LINES | {"Output": "{%\n  $states.input ~~> \n%}"}, False),
        (MAP, True),
        (MAP | {"ResultWriter": {}}, False),
    ],
    ids=["lines", "steps", "no JSONata", "a format of results", "an empty writer"],
)
def test_what_asl_validator_does_not_know(state: dict[str, Any], is_right: bool) -> None:
    """JSONata of several lines, and `WriterConfig` alone (guide, input-output-resultwriter)."""
    definition = {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": state}}
    assert (asl.problems(json.dumps(definition)) == []) is is_right
