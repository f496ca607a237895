"""One embedded AWS for all runs that take down what they deploy, and what they leave there."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from demo.cdk_cli import bootstrap
from embedded_aws import EmbeddedAws
from integ.account import Context, Patience

AT_ONCE = Patience(for_all=3600, for_taking_down=3600, between_looks=0, for_policies=0, for_trail=0)


def at_once(
    aws: Any,
    tell: Callable[[str], Any] = lambda _: None,
    environment: Mapping[str, str] | None = None,
    patience: Patience = AT_ONCE,
) -> Context:
    """Return a context without waits."""
    return Context(aws, environment or {}, patience, tell)


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """A bootstrapped account."""
    with EmbeddedAws() as aws:
        bootstrap(aws, tmp_path_factory.mktemp("home"))
        yield aws


def left_over(aws: EmbeddedAws) -> list[str]:
    """What is still there, but for the CDK's bootstrap."""
    personalize = aws.client("personalize")
    groups = personalize.list_dataset_groups()["datasetGroups"]
    names = [group["datasetGroupArn"] for group in groups]
    names += [schema["schemaArn"] for schema in personalize.list_schemas()["schemas"]]
    names += [role["RoleName"] for role in aws.client("iam").list_roles()["Roles"]]
    names += [bucket["Name"] for bucket in aws.client("s3").list_buckets()["Buckets"]]
    stacks = aws.client("cloudformation").describe_stacks()["Stacks"]
    names += [stack["StackName"] for stack in stacks]
    kms = aws.client("kms")
    for key in kms.list_keys()["Keys"]:
        metadata = kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if metadata["KeyState"] != "PendingDeletion":
            names.append(metadata["Arn"])
    return [name for name in names if not name.startswith("cdk-") and name != "CDKToolkit"]
