"""The permissions that ``grant_create`` gives a caller, in the template and on the embedded AWS."""

import json
from collections.abc import Iterator
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from embedded_aws import EmbeddedAws
from personalize_kms_constructs import PersonalizeResource
from personalize_kms_constructs.matrix import ROWS
from tests.deploy.stacks import deploy
from tests.jobs.least import with_one_thing_less
from tests.jobs.machines import Data, readable
from tests.jobs.movies import RATINGS, Movies, trained_version
from tests.policies import resources, template

PERSONALIZE = "arn:<AWS::Partition>:personalize:eu-west-1:111111111111"


def allow(action: Any, resource: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}


@pytest.fixture
def caller(stack: cdk.Stack) -> iam.Role:
    return iam.Role(stack, "Caller", assumed_by=iam.AccountRootPrincipal())


def granted(stack: cdk.Stack) -> list[Any]:
    (policy,) = [p for name, p in resources(stack, "AWS::IAM::Policy").items() if name.startswith("Caller")]
    return [readable(statement) for statement in policy["Properties"]["PolicyDocument"]["Statement"]]


def test_a_caller_gets_what_the_reference_asks(stack: cdk.Stack, data: Data, caller: iam.Role) -> None:
    """The resource that is made, those it is made of, tags where there are tags, and the role for Personalize alone."""
    grant = data.encryption.grant_create(caller, *map(PersonalizeResource, ROWS))
    assert grant.success
    assert len(grant.principal_statements) == len(granted(stack))
    assert granted(stack) == [
        allow("personalize:CreateDatasetGroup", f"{PERSONALIZE}:dataset-group/*"),
        allow(["personalize:DescribeDatasetGroup", "personalize:TagResource"], f"{PERSONALIZE}:dataset-group/*"),
        allow(
            "personalize:CreateDatasetImportJob", [f"{PERSONALIZE}:dataset/*", f"{PERSONALIZE}:dataset-import-job/*"]
        ),
        allow(
            ["personalize:DescribeDatasetImportJob", "personalize:TagResource"], f"{PERSONALIZE}:dataset-import-job/*"
        ),
        allow(
            "personalize:CreateDatasetExportJob", [f"{PERSONALIZE}:dataset/*", f"{PERSONALIZE}:dataset-export-job/*"]
        ),
        allow(
            ["personalize:DescribeDatasetExportJob", "personalize:TagResource"], f"{PERSONALIZE}:dataset-export-job/*"
        ),
        allow(
            "personalize:CreateBatchInferenceJob", [f"{PERSONALIZE}:solution/*", f"{PERSONALIZE}:batch-inference-job/*"]
        ),
        allow(
            ["personalize:DescribeBatchInferenceJob", "personalize:TagResource"],
            f"{PERSONALIZE}:batch-inference-job/*",
        ),
        allow("personalize:CreateBatchSegmentJob", f"{PERSONALIZE}:batch-segment-job/*"),
        allow(["personalize:DescribeBatchSegmentJob", "personalize:TagResource"], f"{PERSONALIZE}:batch-segment-job/*"),
        allow(
            "personalize:CreateDataDeletionJob",
            [f"{PERSONALIZE}:dataset-group/*", f"{PERSONALIZE}:data-deletion-job/*"],
        ),
        allow(["personalize:DescribeDataDeletionJob", "personalize:TagResource"], f"{PERSONALIZE}:data-deletion-job/*"),
        allow(
            "personalize:CreateMetricAttribution",
            [f"{PERSONALIZE}:dataset-group/*", f"{PERSONALIZE}:metric-attribution/*"],
        ),
        allow("personalize:DescribeMetricAttribution", f"{PERSONALIZE}:metric-attribution/*"),
        {
            **allow("iam:PassRole", "<EncryptionRole2D2265A5.Arn>"),
            "Condition": {"StringEquals": {"iam:PassedToService": "personalize.amazonaws.com"}},
        },
    ]


def test_a_kind_is_granted_once(stack: cdk.Stack, data: Data, caller: iam.Role) -> None:
    """Two exports with different destinations are one kind."""
    data.encryption.grant_create(
        caller,
        PersonalizeResource.dataset_export_job(data.at("a/")),
        PersonalizeResource.dataset_export_job(data.at("b/")),
    )
    assert len(granted(stack)) == 3


class Api:
    """All calls that the granted resources take, made by a caller."""

    def __init__(self, client: Any, owner: Any, arns: dict[str, str]) -> None:
        self._client = client
        self._owner = owner
        self._arns = arns
        self._run = 0

    def refused(self) -> list[str]:
        """The calls that are refused for want of a permission."""
        self._run += 1
        return [name for name, arguments in self._calls() if self._is_refused(name, arguments)]

    def _is_refused(self, name: str, arguments: dict[str, Any]) -> bool:
        try:
            created = getattr(self._client, f"create_{name}")(**arguments)
        except self._client.exceptions.ClientError as error:
            return _is_denial(error)
        arn = {field: value for field, value in created.items() if field != "ResponseMetadata"}
        for _ in range(3):  # so that it is at work no longer: there are five jobs of a kind at most
            getattr(self._owner, f"describe_{name}")(**arn)
        try:
            getattr(self._client, f"describe_{name}")(**arn)
        except self._client.exceptions.ClientError as error:
            return _is_denial(error)
        return False

    def _calls(self) -> Iterator[tuple[str, dict[str, Any]]]:
        name, role = f"run-{self._run}", {"roleArn": self._arns["role"]}
        tags = [{"tagKey": "team", "tagValue": "movies"}]
        data = {"path": "s3://movies-data/in/users.json"}
        out = {"s3DataDestination": {"path": "s3://movies-data/out/"}}
        batch = {
            **role,
            "jobName": name,
            "tags": tags,
            "solutionVersionArn": self._arns["version"],
            "jobInput": {"s3DataSource": data},
            "jobOutput": out,
        }
        dataset = {**role, "jobName": name, "tags": tags, "datasetArn": self._arns["dataset"]}
        yield "dataset_group", {**role, "name": name, "tags": tags, "kmsKeyArn": self._arns["key"]}
        yield "dataset_import_job", {**dataset, "dataSource": {"dataLocation": "s3://movies-data/import/"}}
        yield "dataset_export_job", {**dataset, "jobOutput": out}
        yield "batch_inference_job", batch
        yield "batch_segment_job", batch
        yield (
            "data_deletion_job",
            {
                **role,
                "jobName": name,
                "tags": tags,
                "datasetGroupArn": self._arns["group"],
                "dataSource": {"dataLocation": "s3://movies-data/deletion/users.csv"},
            },
        )
        yield (
            "metric_attribution",
            {
                "name": name,
                "datasetGroupArn": self._arns["group"],
                "metrics": [{"eventType": "watch", "metricName": "watched", "expression": "SAMPLECOUNT()"}],
                "metricsOutputConfig": {**role, **out},
            },
        )


def test_a_caller_has_neither_too_little_nor_too_much(aws: EmbeddedAws, movies: Movies, caller: iam.Role) -> None:
    """With the grant all are created; without any one action or resource one of them is refused."""
    everywhere = {"source": movies.at(""), "destination": movies.at("out/")}
    resources = [
        PersonalizeResource.dataset_group(),
        PersonalizeResource.dataset_import_job(movies.at("")),
        PersonalizeResource.dataset_export_job(movies.at("out/")),
        PersonalizeResource.batch_inference_job(**everywhere),
        PersonalizeResource.batch_segment_job(**everywhere),
        PersonalizeResource.data_deletion_job(movies.at("")),
        PersonalizeResource.metric_attribution(movies.at("out/")),
    ]
    movies.encryption.allow(*resources)
    movies.encryption.grant_create(caller, *resources)
    assert deploy(aws, {"Stack": template(movies.stack)}) == []
    api, role_name = calls_of(aws)
    assert api.refused() == []
    client = aws.client("iam")
    (name,) = client.list_role_policies(RoleName=role_name)["PolicyNames"]
    whole = client.get_role_policy(RoleName=role_name, PolicyName=name)["PolicyDocument"]
    for what, less in with_one_thing_less(whole):
        client.put_role_policy(RoleName=role_name, PolicyName=name, PolicyDocument=json.dumps(less))
        assert api.refused() != [], what


def calls_of(aws: EmbeddedAws) -> tuple[Api, str]:
    """The calls of the stack's caller, and the name of its role."""
    owner, storage = aws.client("personalize"), aws.client("s3")
    storage.put_object(Bucket="movies-data", Key="import/ratings.csv", Body=RATINGS.encode())
    storage.put_object(Bucket="movies-data", Key="deletion/users.csv", Body=b"USER_ID\nu9\n")
    storage.put_object(Bucket="movies-data", Key="in/users.json", Body=b'{"userId": "u1"}\n')
    roles = {role["RoleName"]: role["Arn"] for role in aws.client("iam").list_roles()["Roles"]}
    caller_name = next(name for name in roles if "Caller" in name)
    (group,) = (found["datasetGroupArn"] for found in owner.list_dataset_groups()["datasetGroups"])
    arns = {
        "role": next(arn for name, arn in roles.items() if "Encryption" in name),
        "group": group,
        "key": owner.describe_dataset_group(datasetGroupArn=group)["datasetGroup"]["kmsKeyArn"],
        "dataset": owner.list_datasets()["datasets"][0]["datasetArn"],
        "version": trained_version(owner, owner.list_solutions()["solutions"][0]["solutionArn"]),
    }
    session = aws.client("sts").assume_role(RoleArn=roles[caller_name], RoleSessionName="test")
    return Api(aws.client("personalize", credentials=session["Credentials"]), owner, arns), caller_name


def _is_denial(error: Any) -> bool:
    if error.response["Error"]["Code"] != "AccessDeniedException":
        raise error
    return True
