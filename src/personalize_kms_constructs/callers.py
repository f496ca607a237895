"""Permissions of a caller of Personalize's API: the API's actions, and ``iam:PassRole``.

Callers are Lambda functions, CI roles and state machines; the handlers of CloudFormation's types
need the same. Actions and resource types come from the service authorization reference:
https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonpersonalize.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from personalize_kms_check.matrix import PASS_ROLE, SERVICE_PRINCIPAL, TAG, Permissions

from ._grant.environments import personalize_arn_problems
from ._grant.place import Place
from ._grant.role import ServiceRole, is_immutable, is_lookup_dummy
from ._refusals.arguments import GRANTEE, ON, brief, kind_of_arn, not_a_resource, type_problems
from .resources import PersonalizeResource

Json = dict[str, Any]


def creation_statements(
    row: Permissions, created: Sequence[str], parents: Sequence[str], *, tags: bool
) -> Iterator[Json]:
    """Yield the statements for creating and describing a resource on these ARNs."""
    yield _allow([row.create_action], [*parents, *created])
    tagging = [TAG] if tags and row.takes_tags else []
    yield _allow([row.describe_action, *tagging], created)


def personalize_arn(stack: Stack, resource_type: str, name: str) -> str:
    """Return the ARN of a resource, or a pattern, in the account and Region of a stack."""
    return stack.format_arn(service="personalize", resource=resource_type, resource_name=name)


def pass_role_statement(service_role_arn: str) -> Json:
    """Return the statement for passing the role to Personalize, and to nobody else.

    https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-s3-access.html
    """
    to_personalize = {"StringEquals": {"iam:PassedToService": SERVICE_PRINCIPAL}}
    return {**_allow([PASS_ROLE], [service_role_arn]), "Condition": to_personalize}


def caller_problems(
    grantee: Any, resources: Sequence[object], on: Sequence[str] | None, role: ServiceRole
) -> Iterator[str]:
    """Report arguments that are not grantees or resources, or are for another account."""
    wrong_types = list(type_problems(GRANTEE, grantee=grantee))
    yield from wrong_types
    if not wrong_types:
        yield from _principal_problems(grantee.grant_principal, role)
    if not resources:
        yield (
            "nothing is granted: name the resources, as grant_create(grantee, "
            "PersonalizeResource.dataset_group())"
        )
    rows = []
    for resource in resources:
        if isinstance(resource, PersonalizeResource):
            rows.append(resource.permissions)
        else:
            yield not_a_resource(resource)
    if on is not None:
        yield from _on_problems(on, rows, role.here)


def _principal_problems(principal: Any, role: ServiceRole) -> Iterator[str]:
    # A service, an account or an ARN, for example.
    if isinstance(principal, (iam.PrincipalBase, iam.UnknownPrincipal)):
        yield (
            f"grantee is {brief(principal)}, which takes no IAM policy: pass the calling role, "
            "user or group"
        )
        return
    # Personalize has no resource policies, and a caller can pass only a role of its own account
    # (https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-s3-access.html).
    account = getattr(principal, "principal_account", None) or ""
    is_dummy = is_lookup_dummy(getattr(principal, "role_arn", ""))
    if role.is_of_another_account_than(account) and not is_dummy:
        here = role.here.account
        yield (
            f"grantee belongs to account {account}, but the resources to {here}, and roles can't "
            f"be passed across accounts: have the caller assume a role of {here}, and pass that "
            "role as grantee"
        )


def _on_problems(on: Any, rows: Iterable[Permissions], here: Place) -> Iterator[str]:
    wrong_types = list(type_problems(ON, on=on))
    if wrong_types:
        yield from wrong_types
        return
    for row in dict.fromkeys(rows):
        if not row.parent:
            yield (
                f"on can't narrow {row.create_action}, for which AWS lists no other resource: "
                f"grant the {row.resource} in a separate call"
            )
        elif not any(_may_be_parent(arn, row) for arn in on):
            yield (
                f"on has no ARN of a {row.parent.replace('-', ' ')}, which {row.create_action} "
                f"needs: add one, or grant the {row.resource} in a separate call"
            )
    for arn in on:
        yield from personalize_arn_problems("on", arn, here)


def _may_be_parent(arn: str, row: Permissions) -> bool:
    return kind_of_arn(arn) in ("", row.parent)


def grant_statements(grantee: iam.IGrantable, statements: Iterable[Json]) -> iam.Grant:
    """Add the statements to the policies of a caller."""
    grants = []
    for statement in statements:
        grant = iam.Grant.add_to_principal(
            grantee=grantee,
            actions=statement["Action"],
            resource_arns=statement["Resource"],
            conditions=statement.get("Condition"),
        )
        grants.append(grant)
    return reduce(iam.Grant.combine, grants)


def takes_no_statements(principal: Any) -> bool:
    """Tell if a caller silently drops statements, so its owner must add them."""
    return is_immutable(principal) and not is_lookup_dummy(principal.role_arn)


def caller_statements(
    stack: Stack,
    service_role_arn: str,
    resources: Sequence[PersonalizeResource],
    on: Sequence[str] | None,
) -> Iterator[Json]:
    """Yield the statements for creating and describing resources of these kinds, by any name.

    Without ``on`` the caller may create them on everything in the account and Region. The last
    statement is for passing the role.
    """
    for row in dict.fromkeys(resource.permissions for resource in resources):
        created = [personalize_arn(stack, row.arn_type, "*")]
        if on is not None:
            parents = _parents_among(on, row)
        else:
            parents = [personalize_arn(stack, row.parent, "*")] if row.parent else []
        yield from creation_statements(row, created, parents, tags=True)
    yield pass_role_statement(service_role_arn)


def _parents_among(arns: Sequence[str], row: Permissions) -> list[str]:
    """Return the ARNs on which a resource can be created, with the versions of solutions."""
    parents = []
    for arn in arns:
        if _may_be_parent(arn, row):
            parents += _with_versions(arn, row)
    return parents


def _with_versions(arn: str, row: Permissions) -> list[str]:
    """Return an ARN, and for a solution the ARNs of both the solution and its versions.

    The reference has one type for both, and doesn't say which ARN IAM compares.
    """
    if row.parent != "solution":
        return [arn]
    solution, *version = arn.rsplit("/", 1) if arn.count("/") > 1 else [arn]
    return [solution, arn if version else arn + "/*"]


def _allow(actions: Sequence[str], resources: Sequence[str]) -> Json:
    return {"Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
