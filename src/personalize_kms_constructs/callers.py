"""Permissions of a caller of Personalize's API: the API's actions, and to pass the service role on.

CloudFormation's types have handlers that need the same; a Lambda function, a CI role or a state machine gets it from
here. Actions and resource types are those of the service authorization reference:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonpersonalize.html
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from ._grant.place import Place
from ._grant.role import is_immutable
from ._pasted import as_text, known_values, readable, replacements
from ._refusals.arguments import GRANTEE, not_a_resource, shown, type_problems
from ._warnings import warn
from .matrix import PASS_ROLE, SERVICE_PRINCIPAL, Permissions
from .resources import PersonalizeResource

Json = dict[str, Any]


def creation_statements(
    row: Permissions, created: Sequence[str], parents: Sequence[str], *, tags: bool
) -> Iterator[Json]:
    """Yield the statements for creating and describing a resource, on these ARNs."""
    yield _allow([row.create_action], [*parents, *created])
    tagging = ["personalize:TagResource"] if tags and row.takes_tags else []
    yield _allow([f"personalize:Describe{row.noun}", *tagging], created)


def personalize_arn(stack: Stack, resource_type: str, name: str) -> str:
    """The ARN of a resource, or a pattern, in the account and Region of a stack."""
    return stack.format_arn(service="personalize", resource=resource_type, resource_name=name)


def pass_role_statement(service_role_arn: str) -> Json:
    """To give Personalize the role, and nobody else.

    https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-s3-access.html
    """
    to_personalize = {"StringEquals": {"iam:PassedToService": SERVICE_PRINCIPAL}}
    return {**_allow([PASS_ROLE], [service_role_arn]), "Condition": to_personalize}


def caller_problems(grantee: Any, resources: Sequence[object]) -> Iterator[str]:
    """Report arguments that are not grantees or resources."""
    found = list(type_problems(GRANTEE, grantee=grantee))
    yield from found
    if not found and _takes_no_policies(grantee.grant_principal):
        yield (
            f"grantee is {shown(grantee.grant_principal)}, which takes no IAM policy: pass the role, user or group "
            "that calls Personalize"
        )
    if not resources:
        yield (
            "the grantee is given nothing to create: name the resources, as "
            "grant_create(grantee, PersonalizeResource.dataset_group()); those of the construct aren't taken"
        )
    for resource in resources:
        if not isinstance(resource, PersonalizeResource):
            yield not_a_resource(resource)


def _takes_no_policies(principal: object) -> bool:
    """Tell if a principal is a service, an account or an ARN, which no IAM policy of this app can be attached to."""
    return isinstance(principal, (iam.PrincipalBase, iam.UnknownPrincipal))


def grant_create(
    scope: Construct, grantee: iam.IGrantable, service_role_arn: str, resources: Sequence[PersonalizeResource]
) -> iam.Grant:
    """Allow a caller to create and describe resources of these kinds, whatever their names, and pass the role.

    Args:
        scope: the construct, in whose account and Region the resources are; warnings are of it.
        grantee: the caller.
        service_role_arn: the ``roleArn`` that the caller gives.
        resources: what will be created, one at least; their locations don't matter.
    """
    statements = list(_statements(Stack.of(scope), service_role_arn, resources))
    if is_immutable(grantee.grant_principal):
        _warn_of_immutable(scope, grantee.grant_principal, service_role_arn, statements)
    grants = [
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=statement["Action"],
            resource_arns=statement["Resource"],
            conditions=statement.get("Condition"),
        )
        for statement in statements
    ]
    return reduce(iam.Grant.combine, grants)


def _warn_of_immutable(scope: Construct, principal: Any, service_role_arn: str, statements: Sequence[Json]) -> None:
    stack = Stack.of(scope)
    known = known_values(Place.of(stack), key_arn="", role_arn=service_role_arn, arns=[principal.role_arn])
    arn, text = readable(principal.role_arn, stack, known), as_text(list(statements), stack, known)
    left = replacements(text)
    lines = [
        text,
        *([f"- replace {left}"] if left else []),
        '- more: the page "Jobs and other callers" of the documentation',
    ]
    details = "\n".join(lines)
    warn(
        scope,
        "pendingCallerPolicy",
        f"role {arn} is immutable in this app, so it can't create resources of Personalize until its owner adds these "
        f"statements to an IAM policy of the role:\n{details}",
    )


def _statements(stack: Stack, service_role_arn: str, resources: Sequence[PersonalizeResource]) -> Iterator[Json]:
    for row in dict.fromkeys(resource.permissions for resource in resources):
        created = [personalize_arn(stack, row.arn_type, "*")]
        parents = [personalize_arn(stack, parent, "*") for parent in row.parents]
        yield from creation_statements(row, created, parents, tags=True)
    yield pass_role_statement(service_role_arn)


def _allow(actions: Sequence[str], resources: Sequence[str]) -> Json:
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
