"""Arrangements of stacks in one account, deployed: Personalize accepts the resources.

Here is what the order of resources depends on; tests/proof has all arrangements, and what their
policies allow. Datasets are left out: their data would have to be in a bucket that the same stack
makes.
"""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from embedded_aws import EmbeddedAws
from tests.deploy.stacks import deploy
from tests.doctor.findings import findings
from tests.doctor.looking import doctor_on
from tests.proof import in_stacks, on_keys_and_buckets
from tests.proof.building import KINDS, Arrangement, Building
from tests.proof.model import Environment
from tests.templates.stacks import recommended_flags

ARRANGEMENTS: tuple[Arrangement, ...] = (
    in_stacks.three_stacks,
    in_stacks.bucket_with_a_key_of_a_third_stack,
    in_stacks.nameless_role_in_a_third_stack,
    on_keys_and_buckets.two_constructs_on_one_key_and_bucket,
    on_keys_and_buckets.source_account_required_in_three_stacks,
    on_keys_and_buckets.l1s_in_several_stacks,
)


@pytest.mark.parametrize("arrangement", ARRANGEMENTS, ids=lambda arrangement: arrangement.__name__)
def test_an_arrangement_deploys(aws: EmbeddedAws, tmp_path: Path, arrangement: Arrangement) -> None:
    """Personalize has what it needs when each resource is created, in the worst possible order.

    The doctor finds that it has it afterwards, too.
    """
    app = cdk.App(outdir=str(tmp_path), analytics_reporting=False, context=recommended_flags())
    building = Building(app, Environment(aws.account, aws.region), True, KINDS)
    arrangement(building)
    stacks = app.synth().stacks_recursively
    assert len(stacks) == len(building.stacks)
    templates = {
        stack.stack_name: without_datasets(Path(stack.template_full_path))
        for stack in in_order(stacks)
    }
    assert any(
        "AWS::Personalize::DatasetGroup" in json.dumps(template) for template in templates.values()
    )
    assert deploy(aws, templates) == []
    report = doctor_on(aws)
    assert (
        len(report["dataset_groups"])
        == len(aws.client("personalize").list_dataset_groups()["datasetGroups"])
        > 0
    )
    # A required condition can be met only if Personalize sends the account, which isn't documented.
    required = arrangement is on_keys_and_buckets.source_account_required_in_three_stacks
    statuses = {finding.status for finding in findings(report)}
    assert statuses == ({"undecided"} if required else set())


def in_order(stacks: list[Any]) -> list[Any]:
    """The stacks, each after its dependencies."""
    ordered: list[Any] = []

    def add(stack: Any) -> None:
        for dependency in stack.dependencies:
            needed = [other for other in stacks if other.id == dependency.id]
            for other in needed:
                add(other)
        if stack not in ordered:
            ordered.append(stack)

    for stack in stacks:
        add(stack)
    return ordered


def without_datasets(path: Path) -> Any:
    template = json.loads(path.read_text())
    resources = template["Resources"]
    template["Resources"] = {
        key: value
        for key, value in resources.items()
        if value["Type"] != "AWS::Personalize::Dataset"
    }
    return template
