"""Templates that the embedded CloudFormation refuses, and what it leaves then."""

import json
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from embedded_aws import EmbeddedAws
from tests.embedded_aws.scenario import DATA, GROUP, INTERACTIONS, SERVICE, Scenario, allow


def _deploy(aws: EmbeddedAws, template: dict[str, Any], update: bool = False) -> dict[str, str]:
    """The outputs of the deployed stack."""
    cloudformation = aws.client("cloudformation")
    call = cloudformation.update_stack if update else cloudformation.create_stack
    call(StackName="movies", TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM"])
    waiter = cloudformation.get_waiter(
        "stack_update_complete" if update else "stack_create_complete"
    )
    waiter.wait(StackName="movies", WaiterConfig={"Delay": 0.05})
    outputs = cloudformation.describe_stacks(StackName="movies")["Stacks"][0].get("Outputs", [])
    return {output["OutputKey"]: output["OutputValue"] for output in outputs}


def _failure(aws: EmbeddedAws, template: dict[str, Any], update: bool = False) -> tuple[str, str]:
    """The resource that fails the stack, and its reason."""
    with pytest.raises(WaiterError):
        _deploy(aws, template, update)
    events = aws.client("cloudformation").describe_stack_events(StackName="movies")["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"].endswith("_FAILED")]
    return failed[-1]["LogicalResourceId"], failed[-1]["ResourceStatusReason"]


def test_a_dataset_imports_and_a_failed_import_leaves_no_dataset(
    scenario: Scenario, aws: EmbeddedAws
) -> None:
    """The import job of a dataset runs in the deployment, and its refusal fails the stack."""
    scenario.create_dataset_group()
    dataset = {
        "Name": "interactions",
        "DatasetType": "Interactions",
        "DatasetGroupArn": GROUP,
        "SchemaArn": {"Fn::GetAtt": ["Schema", "SchemaArn"]},
        "DatasetImportJob": {
            "JobName": "first",
            "DataSource": {"DataLocation": "s3://movies-data/import/"},
            "RoleArn": scenario.role_arn,
        },
    }
    schema = {"Name": "interactions", "Schema": json.dumps(INTERACTIONS)}
    template = {
        "Resources": {
            "Schema": {"Type": "AWS::Personalize::Schema", "Properties": schema},
            "Dataset": {"Type": "AWS::Personalize::Dataset", "Properties": dataset},
        }
    }
    scenario.s3.delete_bucket_policy(Bucket="movies-data")
    resource, reason = _failure(aws, template)
    assert resource == "Dataset"
    assert reason.startswith("Insufficient privileges for dataset import job first: ")
    assert scenario.personalize.list_datasets()["datasets"] == []
    aws.client("cloudformation").delete_stack(StackName="movies")
    scenario.bucket_policy(allow(SERVICE, ["s3:*"], [DATA, f"{DATA}/*"]))
    _deploy(aws, template)
    assert [
        job["status"]
        for job in scenario.personalize.list_dataset_import_jobs()["datasetImportJobs"]
    ] == ["ACTIVE"]


def test_a_create_only_property_refuses_to_change(aws: EmbeddedAws) -> None:
    """Every property of a dataset group, tags too, would mean a new group under the same name."""
    group: dict[str, Any] = {"Name": "movies"}
    resource = {"Type": "AWS::Personalize::DatasetGroup", "Properties": group}
    template = {"Resources": {"Group": resource}}
    _deploy(aws, template)
    group["Tags"] = [{"Key": "team", "Value": "movies"}]
    name, reason = _failure(aws, template, update=True)
    assert name == "Group"
    assert reason.startswith(
        "CloudFormation cannot update a stack when a custom-named resource requires replacing."
    )
