"""Templates deployed to the embedded AWS: types, attributes, updates, missing dependencies."""

import json
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from embedded_aws import EmbeddedAws
from tests.embedded_aws import scenario as scenarios
from tests.embedded_aws.scenario import DATA, GROUP, INTERACTIONS, SERVICE, Scenario, allow


@pytest.fixture
def template() -> dict[str, Any]:
    """The template, to be changed by a test."""
    return scenarios.template()


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


def test_a_right_template_deploys_and_goes_away(aws: EmbeddedAws, template: dict[str, Any]) -> None:
    """`Ref` and `Fn::GetAtt` follow the registry schemas, and a deleted stack leaves nothing."""
    outputs = _deploy(aws, template)
    assert (outputs["Ref"], outputs["Arn"], outputs["Status"]) == (GROUP, GROUP, "ACTIVE")
    cloudformation, personalize = aws.client("cloudformation"), aws.client("personalize")
    cloudformation.delete_stack(StackName="movies")
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName="movies", WaiterConfig={"Delay": 0.05}
    )
    assert personalize.list_dataset_groups()["datasetGroups"] == []
    assert personalize.list_metric_attributions()["metricAttributions"] == []


def test_a_bucket_keeps_its_encryption(aws: EmbeddedAws, template: dict[str, Any]) -> None:
    """GetBucketEncryption names the key of the template."""
    outputs = _deploy(aws, template)
    answer = aws.client("s3").get_bucket_encryption(Bucket=outputs["Bucket"])
    assert answer["ServerSideEncryptionConfiguration"]["Rules"] == [
        {
            "ApplyServerSideEncryptionByDefault": {
                "SSEAlgorithm": "aws:kms",
                "KMSMasterKeyID": outputs["Key"],
            }
        }
    ]


def test_a_group_that_does_not_wait_for_the_role_policy_fails(
    aws: EmbeddedAws, template: dict[str, Any]
) -> None:
    """Without a dependency the policy comes later; the stack's event has Personalize's message."""
    del template["Resources"]["Group"]["DependsOn"]
    resource, reason = _failure(aws, template)
    assert resource == "Group"
    assert reason.startswith(
        "Insufficient privileges for dataset group movies: arn:aws:iam::111111111111:role/"
    )
    assert (
        "needs kms:Decrypt, kms:GenerateDataKey, kms:DescribeKey, kms:ListGrants on arn:aws:kms:"
        in reason
    )
    assert reason.endswith("(IAM policies of the role)")


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


@pytest.mark.parametrize(
    ("resource_type", "name", "taken_by"),
    [
        ("AWS::IAM::Role", {"RoleName": "Service"}, {"RoleName": "service"}),
        ("AWS::IAM::ManagedPolicy", {"ManagedPolicyName": "a"}, {"ManagedPolicyName": "A"}),
        ("AWS::KMS::Alias", {"AliasName": "alias/data"}, {"AliasName": "alias/data"}),
    ],
)
def test_an_existing_name_is_refused_first(
    aws: EmbeddedAws, resource_type: str, name: dict[str, str], taken_by: dict[str, str]
) -> None:
    """A rollback leaves what had the name already; IAM's names have no case."""
    properties = {"PolicyDocument": {}, "TargetKeyId": "key", **taken_by}
    template = {"Resources": {"Named": {"Type": resource_type, "Properties": properties}}}
    aws.client("cloudformation").create_stack(
        StackName="first", TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_NAMED_IAM"]
    )
    properties |= name
    for _ in range(2):
        _, reason = _failure(aws, template)
        assert "already exists" in reason
        aws.client("cloudformation").delete_stack(StackName="movies")


def test_a_create_only_property_refuses_to_change(
    aws: EmbeddedAws, template: dict[str, Any]
) -> None:
    """Every property of a dataset group, tags too, would mean a new group under the same name."""
    _deploy(aws, template)
    template["Resources"]["Group"]["Properties"]["Tags"] = [{"Key": "team", "Value": "movies"}]
    resource, reason = _failure(aws, template, update=True)
    assert resource == "Group"
    assert reason.startswith(
        "CloudFormation cannot update a stack when a custom-named resource requires replacing."
    )


def test_a_changed_key_policy_may_not_lock_the_caller_out(
    aws: EmbeddedAws, template: dict[str, Any]
) -> None:
    """A stack is held to KMS's rules, too."""
    _deploy(aws, template)
    statements = template["Resources"]["Key"]["Properties"]["KeyPolicy"]["Statement"]
    statements.remove(statements[0])
    resource, reason = _failure(aws, template, update=True)
    assert resource == "Key"
    assert reason.endswith(
        "The new key policy will not allow you to update the key policy in the future."
    )


def test_a_changed_definition_has_to_be_one(aws: EmbeddedAws, template: dict[str, Any]) -> None:
    """A stack is held to the rules of Step Functions, too."""
    state: dict[str, Any] = {"Type": "Pass", "End": True}
    definition = {"StartAt": "First", "States": {"First": state}}
    template["Resources"]["Machine"] = {
        "Type": "AWS::StepFunctions::StateMachine",
        "Properties": {"RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}, "Definition": definition},
    }
    _deploy(aws, template)
    del state["End"]
    state["Next"] = "Gone"
    resource, reason = _failure(aws, template, update=True)
    assert resource == "Machine"
    assert reason.startswith("Invalid State Machine Definition: ")
