"""AWS::Personalize::* for ministack's CloudFormation.

Names, `Ref` (the primary identifier, an ARN), `Fn::GetAtt` attributes and create-only properties
are those of the types' registry schemas. Whatever is created goes through the same functions as a
call of the API.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.services import iam
from ministack.services.cloudformation import provisioners

from embedded_aws import personalize_resources as resources
from embedded_aws import personalize_store as store
from embedded_aws.errors import RefusedError
from embedded_aws.personalize_jobs import create_dataset_import_job
from embedded_aws.personalize_store import Fields

Created = tuple[str, Fields]
"""Physical id and attributes, as ministack expects them from a handler."""

SCHEMA = "AWS::Personalize::Schema"
DATASET_GROUP = "AWS::Personalize::DatasetGroup"
DATASET = "AWS::Personalize::Dataset"
SOLUTION = "AWS::Personalize::Solution"
METRIC_ATTRIBUTION = "AWS::Personalize::MetricAttribution"
CREATE_ONLY: dict[str, tuple[str, ...]] = {
    SCHEMA: ("Name", "Schema", "Domain", "Tags"),
    DATASET_GROUP: ("Name", "RoleArn", "KmsKeyArn", "Domain", "Tags"),
    DATASET: ("Name", "DatasetType", "DatasetGroupArn", "SchemaArn", "Tags"),
    SOLUTION: ("Name", "DatasetGroupArn", "RecipeArn", "EventType", "SolutionConfig", "Tags"),
    METRIC_ATTRIBUTION: ("Name", "DatasetGroupArn", "Metrics"),
}

TAGGABLE = (SCHEMA, DATASET_GROUP, DATASET, SOLUTION)


def register() -> None:
    """Teach ministack the types."""
    creators = {
        SCHEMA: _create_with(resources.create_schema, "SchemaArn"),
        DATASET_GROUP: _create_with(resources.create_dataset_group, "DatasetGroupArn"),
        DATASET: _create_dataset,
        SOLUTION: _create_with(resources.create_solution, "SolutionArn"),
        METRIC_ATTRIBUTION: _create_with(
            resources.create_metric_attribution, "MetricAttributionArn"
        ),
    }
    for resource_type, create in creators.items():
        provisioners._RESOURCE_HANDLERS[resource_type] = _handlers(create)
    provisioners._RESOURCE_HANDLERS["AWS::IAM::ManagedPolicy"]["import"] = _adopt_policy
    provisioners._REPLACING_PROPERTIES.update(CREATE_ONLY)
    for resource_type in CREATE_ONLY:
        # Name is required, so every replacement is refused: "cannot update a stack when a
        # custom-named resource requires replacing".
        provisioners._CUSTOM_NAME_REPLACEMENT[resource_type] = {"name": "Name"}
    provisioners._STACK_TAG_PROPERTY.update(dict.fromkeys(TAGGABLE, ("Tags", "list")))


def _handlers(create: Callable[[Fields], Created]) -> Fields:
    return {
        "create": lambda logical_id, properties, stack_name: create(properties),
        "update": _refuse_update,
        "delete": lambda arn, properties: store.delete(arn),
        "import": _adopt,
    }


def _adopt(identifier: dict[str, str]) -> Created:
    """Take an existing resource, by its ARN, into a stack; ministack takes roles and keys."""
    ((attribute, arn),) = identifier.items()
    store.describe(arn)
    return arn, {attribute: arn, "Status": "ACTIVE"}


def _adopt_policy(identifier: dict[str, str]) -> Created:
    arn = identifier["PolicyArn"]
    return arn, {"PolicyArn": arn, "PolicyId": iam._policies[arn]["PolicyId"]}


def _refuse_update(arn: str, old: Fields, new: Fields, stack_name: str) -> Created:
    """Without a handler ministack would take a change for no change at all."""
    raise ValueError(f"{arn} can't be updated: the embedded AWS only creates and deletes it")


def _request(properties: Any) -> Any:
    """Properties as a request: CloudFormation's DatasetGroupArn is the API's datasetGroupArn."""
    if isinstance(properties, dict):
        return {key[0].lower() + key[1:]: _request(value) for key, value in properties.items()}
    if isinstance(properties, list):
        return [_request(value) for value in properties]
    return properties


def _tagged(properties: Fields) -> Fields:
    request: Fields = _request({key: value for key, value in properties.items() if key != "Tags"})
    request["tags"] = [
        {"tagKey": tag["Key"], "tagValue": tag["Value"]} for tag in properties.get("Tags") or []
    ]
    return request


def _create_with(create: Callable[[Fields], str], attribute: str) -> Callable[[Fields], Created]:
    def handler(properties: Fields) -> Created:
        arn = create(_tagged(properties))
        return arn, {attribute: arn, "Status": "ACTIVE", "TrackingId": "tracking"}

    return handler


def _create_dataset(properties: Fields) -> Created:
    arn = resources.create_dataset(_tagged(properties))
    job = properties.get("DatasetImportJob")
    if job:
        try:
            create_dataset_import_job({**_request(job), "datasetArn": arn}, at_once=True)
        except RefusedError:
            # A failed create leaves no physical id behind, so nobody else would delete the dataset.
            store.delete(arn)
            raise
    return arn, {"DatasetArn": arn}
