"""Permissions of Personalize's callers: the API's actions, and to pass the role.

Callers are judged where IAM says something of them: roles, in a state machine's hand or assumed
through STS. A caller with the account's own key may do everything, as the account's root user may.
Resource types are those of the service authorization reference (list_amazonpersonalize).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar

from ministack.core.iam_evaluator import request_caller_arn

from embedded_aws import deployed
from embedded_aws.access import by_iam
from embedded_aws.errors import RefusedError
from embedded_aws.personalize_store import Fields, arn_of
from embedded_aws.requirements import PERSONALIZE

state_machine_role: ContextVar[str | None] = ContextVar("state_machine_role", default=None)
"""The role of the state machine that makes the call which is being answered."""

# What a Create needs besides the resource it makes: the field of the request, by operation.
PARENTS = {
    "CreateDataset": "datasetGroupArn",
    "CreateSolution": "datasetGroupArn",
    "CreateSolutionVersion": "solutionArn",
    "CreateMetricAttribution": "datasetGroupArn",
    "CreateDatasetImportJob": "datasetArn",
    "CreateDatasetExportJob": "datasetArn",
    "CreateBatchInferenceJob": "solutionVersionArn",
    "CreateDataDeletionJob": "datasetGroupArn",
}


def authorize(
    operation: str, arn_type: str, arn_field: str, request: Fields, headers: dict[str, str]
) -> None:
    """Refuse a caller whose IAM policies lack something, with the words of AWS."""
    caller = state_machine_role.get() or _assumed_role(request_caller_arn(headers))
    if caller is None:
        return
    role = deployed.role(caller)
    region = deployed.caller_region()
    for action, resource in _asked(operation, arn_type, arn_field, request):
        service = {"iam:PassedToService": PERSONALIZE} if action == "iam:PassRole" else {}
        if role is None or not by_iam(role, action, resource, region, **service):
            raise RefusedError(
                "AccessDeniedException",
                f"User: {caller} is not authorized to perform: {action} on resource: {resource} "
                "because no identity-based policy allows the action",
            )


def _asked(
    operation: str, arn_type: str, arn_field: str, request: Fields
) -> Iterator[tuple[str, str]]:
    action = f"personalize:{operation}"
    if not operation.startswith("Create"):
        yield action, str(request.get(arn_field) or "*")
        return
    parent = request.get(PARENTS.get(operation, ""))
    created = arn_of(arn_type, str(request.get("jobName") or request.get("name")))
    if operation == "CreateDataset":
        group, dataset_type = str(parent).rpartition("/")[2], str(request.get("datasetType"))
        created = arn_of(arn_type, f"{group}/{dataset_type.upper()}")
    if operation != "CreateSolutionVersion":  # a version has no name to be known by
        yield action, created
    if parent:
        yield action, str(parent)
    if operation == "CreateBatchInferenceJob" and parent:
        # The reference says "solution" and not whether that is the version: a caller needs both to
        # be sure.
        yield action, str(parent).rpartition("/")[0]
    if request.get("tags"):
        yield "personalize:TagResource", created
    role_arn = request.get("roleArn") or (request.get("metricsOutputConfig") or {}).get("roleArn")
    if role_arn:
        yield "iam:PassRole", str(role_arn)


def _assumed_role(caller_arn: str) -> str | None:
    """The role behind arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION."""
    _, _, service, _, account, resource = caller_arn.split(":", 5)
    if service != "sts" or not resource.startswith("assumed-role/"):
        return None
    return f"arn:aws:iam::{account}:role/{resource.split('/')[1]}"
