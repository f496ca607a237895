"""Templates created as stacks by CloudFormation, and the parts of templates that tests break."""

import json
from typing import Any

from botocore.exceptions import WaiterError

from demo.nightly_run import bucket_name
from embedded_aws import EmbeddedAws

RATINGS = (
    "USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP\n196,242,rating,881250949\n186,302,rating,891717742\n"
)

Templates = dict[str, Any]


def deploy(aws: EmbeddedAws, templates: Templates) -> list[str]:
    """Create the stacks in order; the reasons of the first failure, none if there is no failure."""
    cloudformation = aws.client("cloudformation")
    for stack, template in templates.items():
        body = {key: value for key, value in template.items() if key not in ("Parameters", "Rules")}
        cloudformation.create_stack(
            StackName=stack, TemplateBody=json.dumps(body), Capabilities=["CAPABILITY_NAMED_IAM"]
        )
        try:
            cloudformation.get_waiter("stack_create_complete").wait(
                StackName=stack, WaiterConfig={"Delay": 0.1, "MaxAttempts": 300}
            )
        except WaiterError:
            events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
            return [
                event["ResourceStatusReason"]
                for event in events
                if event.get("ResourceStatusReason")
            ]
        if stack == "Data" and "BucketName" in template.get("Outputs", {}):
            upload_ratings(aws)
    return []


def upload_ratings(aws: EmbeddedAws) -> None:
    upload(aws, "import/ratings.csv", RATINGS)


def upload(aws: EmbeddedAws, key: str, text: str) -> None:
    aws.client("s3").put_object(Bucket=bucket_name(aws), Key=key, Body=text.encode())


def of_type(template: Any, resource_type: str) -> list[Any]:
    return [
        resource for resource in template["Resources"].values() if resource["Type"] == resource_type
    ]
