"""Calls that AWS refuses by its documentation, and ministack by itself would take.

Each group names the page that says so. The messages are AWS's own where users report them.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest

from embedded_aws import EmbeddedAws
from tests.embedded_aws import scenario as scenarios
from tests.embedded_aws.scenario import DATASET, GROUP, SERVICE, Scenario, allow, policy, trust

IAM = "arn:aws:iam::111111111111"
OWNER, USE = allow(scenarios.ACCOUNT, ["kms:*"]), allow(SERVICE, ["kms:Decrypt"])


@pytest.fixture(scope="module")
def scene(running_aws: EmbeddedAws) -> Scenario:
    """A scenario for all tests, with a job at work: a refused call changes nothing."""
    running_aws.reset()
    scenario = Scenario(running_aws)
    scenario.create_dataset()
    scenario.import_data()
    return scenario


def _machine(scene: Scenario, definition: str) -> Any:
    create = scene.client("stepfunctions").create_state_machine
    return create(name="new", definition=definition, roleArn=scene.role_arn)


ABROAD = "arn:aws:kms:us-east-1:111111111111:key/abroad"
NOWHERE = json.dumps({"StartAt": "First", "States": {"First": {"Type": "Pass", "Next": "Gone"}}})
BROKEN = ("InvalidDefinition", "Invalid State Machine Definition: ")
IN_KMS = (
    "MalformedPolicyDocumentException",
    "Policy contains a statement with one or more invalid principals.",
)


def _key_for(scene: Scenario, principal: str) -> Any:
    return scene.kms.create_key(Policy=policy(OWNER, {**USE, "Principal": {"AWS": principal}}))


# The call, and the error: its code, and how its message begins.
CALLS: dict[str, tuple[Callable[[Scenario], Any], tuple[str, str]]] = {
    # IAM user guide, reference_policies_elements_principal
    "a key for nobody": (lambda s: _key_for(s, f"{IAM}:role/absent"), IN_KMS),
    # KMS API reference, PutKeyPolicy: a statement without Resource has no effect
    "control without effect": (
        lambda s: s.kms.create_key(Policy=policy(trust(scenarios.ACCOUNT, Action="kms:*"))),
        ("MalformedPolicyDocumentException", "The new key policy will not allow"),
    ),
    "a policy beyond 32 KiB": (
        lambda s: s.kms.create_key(Policy=policy(OWNER) + " " * 32_768),
        ("LimitExceededException", ""),
    ),
    # Step Functions API reference, CreateStateMachine
    "a state that leads nowhere": (lambda s: _machine(s, NOWHERE), BROKEN),
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


def test_a_json_path_that_finds_nothing_is_not_caught(scene: Scenario) -> None:
    """Neither ``Catch`` on ``States.ALL`` nor ``Retry`` catches ``States.Runtime``."""
    inner = {"Type": "Pass", "Parameters": {"v.$": "$.day"}, "End": True}
    outer = {
        "Type": "Parallel",
        "Branches": [{"StartAt": "In", "States": {"In": inner}}],
        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Done"}],
        "Next": "Done",
    }
    states = {"Out": outer, "Done": {"Type": "Succeed"}}
    machine = _machine(scene, json.dumps({"StartAt": "Out", "States": states}))
    client = scene.client("stepfunctions")
    execution = client.start_execution(stateMachineArn=machine["stateMachineArn"])
    end: dict[str, Any] = {"status": "RUNNING"}
    while end["status"] == "RUNNING":
        end = client.describe_execution(executionArn=execution["executionArn"])
    assert (end["status"], end["error"]) == ("FAILED", "States.Runtime")


def test_a_key_policy_keeps_the_id_of_a_deleted_role(aws: EmbeddedAws, refusal: Any) -> None:
    """A new role of the same name isn't in the policy, and KMS takes no policy with the id."""
    iam, kms = aws.client("iam"), aws.client("kms")
    role = iam.create_role(RoleName="reader", AssumeRolePolicyDocument=policy(trust(SERVICE)))[
        "Role"
    ]
    assert role["RoleId"].startswith("AROA")
    named, listed = (
        allow({"AWS": role["Arn"]}, ["kms:Decrypt"]),
        allow({"AWS": [role["Arn"]]}, ["kms:Encrypt"]),
    )
    key = kms.create_key(Policy=policy(OWNER, named, listed))["KeyMetadata"]["KeyId"]

    iam.delete_role(RoleName="reader")
    iam.create_role(RoleName="reader", AssumeRolePolicyDocument=policy(trust(SERVICE)))

    orphaned = kms.get_key_policy(KeyId=key)["Policy"]
    principals = [statement["Principal"] for statement in json.loads(orphaned)["Statement"]]
    assert principals == [scenarios.ACCOUNT, {"AWS": role["RoleId"]}, {"AWS": [role["RoleId"]]}]
    code, _ = refusal(kms.put_key_policy, KeyId=key, Policy=orphaned)
    assert code == "MalformedPolicyDocumentException"
