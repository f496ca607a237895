"""Runs without the CDK's CLI, which take down what they deploy, and what they leave."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import integ.__main__
import integ.steps
from demo.cdk_cli import CdkError
from embedded_aws import EmbeddedAws
from integ.account import PREFIX, Context, Patience
from tests.deploy.stacks import Templates, deploy, of_type

RUN = f"{PREFIX}0a1b2c3d"
AT_ONCE = Patience(for_all=3600, for_taking_down=3600, between_looks=0)


def at_once(
    aws: Any,
    environment: Any = None,
    patience: Patience = AT_ONCE,
    tell: Callable[[str], Any] = lambda _: None,
) -> Context:
    """Return a context without waits."""
    return Context(aws, environment or {}, patience, tell)


def hurry(template: Any) -> None:
    """Have a function that writes key policies not wait for other writers."""
    for function in of_type(template, "AWS::Lambda::Function"):
        hurried = {"SETTLE_SECONDS": "0.1", "PATIENCE_SECONDS": "5"}
        function["Properties"]["Environment"]["Variables"] |= hurried


def without_cli(aws: Any, templates: Templates) -> Callable[..., None]:
    """Return what stands in for the CDK's CLI."""

    def cdk(verb: str, stack: str, *_: str, **__: Any) -> None:
        if verb == "deploy" and deploy(aws, {stack: templates[stack]}):
            raise CdkError(f"cdk deploy {stack} failed:\nwhat the CLI has written")

    return cdk


@pytest.fixture(scope="session")
def templates() -> Templates:
    """The templates of a run."""
    from integ.app import app_of

    templates = {stack.stack_name: stack.template for stack in app_of(RUN).synth().stacks}
    for template in templates.values():
        hurry(template)
    return templates


@pytest.fixture
def run(
    aws: EmbeddedAws, templates: Templates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., bool]:
    """Run it under one name and without the CDK's CLI."""
    monkeypatch.chdir(tmp_path)
    for module in (integ.__main__, integ.steps):
        monkeypatch.setattr(module, "cdk", without_cli(aws, templates))
    monkeypatch.setattr("secrets.token_hex", lambda _: "0a1b2c3d")

    def start(**options: Any) -> bool:
        return integ.__main__.integrate(at_once(aws, **options), lambda _: True)

    return start


def lines() -> list[Any]:
    """Return the lines of the file in the working folder."""
    (file,) = Path().glob(f"{PREFIX}*.jsonl")
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def recorded(member: str) -> list[Any]:
    """Return the values of a member in the lines of the file."""
    return [line[member] for line in lines() if member in line]


def left_over(aws: EmbeddedAws) -> list[str]:
    """What is still there, but for the CDK's bootstrap."""
    personalize = aws.client("personalize")
    groups = personalize.list_dataset_groups()["datasetGroups"]
    names = [group["datasetGroupArn"] for group in groups]
    names += [schema["schemaArn"] for schema in personalize.list_schemas()["schemas"]]
    names += [role["RoleName"] for role in aws.client("iam").list_roles()["Roles"]]
    names += [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]]
    machines = aws.client("stepfunctions").list_state_machines()["stateMachines"]
    names += [machine["name"] for machine in machines]
    functions = aws.client("lambda").list_functions()["Functions"]
    names += [function["FunctionName"] for function in functions]
    stacks = aws.client("cloudformation").describe_stacks()["Stacks"]
    names += [stack["StackName"] for stack in stacks]
    kms = aws.client("kms")
    for key in kms.list_keys()["Keys"]:
        metadata = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if metadata["KeyState"] != "PendingDeletion":
            names.append(metadata["Arn"])
    return [name for name in names if not name.startswith("cdk-") and name != "CDKToolkit"]
