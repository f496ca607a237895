"""Functions of ``ImportedKeyPolicy.MANAGED`` that may not do their work, by a boundary of all roles for example."""

from __future__ import annotations

from collections.abc import Iterator

from .._access import decision
from .._access.answers import Answer
from .._access.calls import Call, role
from .._access.causes import Cause, Reason
from .._access.model import AccessModel, Problem, declared_of
from .calling_roles import role_of_function
from .deployment import Deployment
from .physical import of_any_partition
from .stacks import Resource
from .templates import Unread, noted

_NEEDED = ("kms:GetKeyPolicy", "kms:PutKeyPolicy")
_PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html"


def unable_functions(model: AccessModel, deployment: Deployment, unread: list[Unread]) -> Iterator[Problem]:
    """Yield the custom resources that can't merge statements into the policy of a key of the model, for certain."""
    for key in model.keys:
        for resource in deployment.merged_key_policies.get(of_any_partition(key), ()):
            with noted(unread, resource.stack.template):
                yield from _problem(resource, key, deployment)


def _problem(resource: Resource, key: str, deployment: Deployment) -> Iterator[Problem]:
    arn, found = role_of_function(resource.text("ServiceToken"), resource), AccessModel()
    deployment.add_role(found, arn)
    own, region = found.role(arn), resource.stack.template.region
    calls = [Call(role(own, region), action, key, own.account, region) for action in _NEEDED]
    answers = {call.action: decision.role_by_iam(call, own) for call in calls}
    refused = {action: (each.reason, *each.further) for action, each in answers.items() if each.answer is Answer.NO}
    if refused:
        why, *more = next(iter(refused.values()))
        declared = declared_of([own.boundary if why.cause is Cause.BOUNDARY and own.boundary else own])
        reason = Reason(Cause.FUNCTION_REFUSED, {"key": key, "actions": ", ".join(refused)}, doubts=(why, *more))
        yield Problem("configuration", resource.path, reason, page=_PAGE, declared=declared, of_ours=True)
