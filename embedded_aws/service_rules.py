"""What Lambda, Step Functions and CloudFormation refuse besides permissions, and ministack takes."""

from __future__ import annotations

import json
from typing import Any

from ministack.core.responses import error_response_json
from ministack.services import lambda_svc, stepfunctions
from ministack.services.cloudformation import handlers, provisioners

from embedded_aws import asl, deployed
from embedded_aws.errors import RefusedError, check_call, check_resource
from embedded_aws.policy_rules import listed, statements_of

# Lambda developer guide, troubleshooting-deployment and lambda-intro-execution-role
TOO_LARGE = (
    "Lambda was unable to configure your environment variables because the environment variables you have provided "
    "exceeded the 4KB limit."
)
NOT_FOR_LAMBDA = "The role defined for the function cannot be assumed by Lambda."
# Step Functions developer guide, procedure-create-iam-role; the words are those that users report
NOT_FOR_STATES = (
    "Neither the global service principal states.amazonaws.com, nor the regional one is authorized to assume the "
    "provided role."
)


def register() -> None:
    """Check what comes in through the services and CloudFormation."""
    for service, name, check in (
        (lambda_svc, "_create_function", _check_function),
        (stepfunctions, "_create_state_machine", _check_machine),
    ):
        check_call(vars(service), name, check, lambda code, text: error_response_json(code, text, 400))
    check_resource("AWS::Lambda::Function", _check_function)
    check_resource(
        "AWS::StepFunctions::StateMachine",
        lambda given: _check_machine({"definition": provisioners._sfn_definition(given), "roleArn": given["RoleArn"]}),
    )
    # CloudFormation API reference, CreateStack, Capabilities; ministack checks them where AUTH is set
    handlers._capabilities_enforced = lambda: True


def _check_function(fields: dict[str, Any]) -> None:
    variables = fields.get("Environment", {}).get("Variables", {})
    if len(json.dumps(variables, separators=(",", ":"), ensure_ascii=False).encode()) > 4_096:
        raise RefusedError("InvalidParameterValueException", TOO_LARGE)
    if not _trusts(fields["Role"], "lambda.amazonaws.com"):
        raise RefusedError("InvalidParameterValueException", NOT_FOR_LAMBDA)


def _check_machine(fields: dict[str, Any]) -> None:
    problems = asl.problems(fields["definition"])
    if problems:
        raise RefusedError("InvalidDefinition", f"Invalid State Machine Definition: '{', '.join(problems)}'")
    regional = f"states.{deployed.caller_region()}.amazonaws.com"
    if not _trusts(fields["roleArn"], "states.amazonaws.com", regional):
        raise RefusedError("AccessDeniedException", NOT_FOR_STATES)


def _trusts(role_arn: str, *services: str) -> bool:
    """Tell if a role is there and trusts one of these service principals, whatever the conditions are."""
    role = deployed.role(role_arn)
    allowed = [each.get("Principal") for each in statements_of(role.trust) if each["Effect"] == "Allow"] if role else []
    return any(isinstance(each, dict) and {*services} & {*listed(each.get("Service"))} for each in allowed)
