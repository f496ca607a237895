"""Whether Personalize may assume a role of the user's, judged at synth, when its trust policy is complete."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import jsii
from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import IValidation

from .matrix import SERVICE_PRINCIPAL


@jsii.implements(IValidation)
class TrustValidation:
    """Fails the synth for a role that Personalize can't assume.

    https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html
    """

    def __init__(self, role: iam.Role) -> None:
        self._role = role

    def validate(self) -> list[str]:
        """What is wrong, if something is."""
        return list(trust_problems(self._role))


def trust_problems(role: iam.Role) -> Iterator[str]:
    """A trust policy that leaves Personalize out."""
    document = Stack.of(role).resolve(role.assume_role_policy)
    if not any(_may_be_personalize(principal) for principal in _trusted(document)):
        yield (
            f"service_role {role.node.path} doesn't trust Personalize, which has to assume it: add "
            f"iam.ServicePrincipal('{SERVICE_PRINCIPAL}') to its assumed_by, or leave service_role out"
        )


def _trusted(document: Any) -> Iterator[Any]:
    for statement in document["Statement"]:
        principal = statement.get("Principal")
        if statement["Effect"] == "Allow":
            services = principal.get("Service", []) if isinstance(principal, dict) else principal
            yield from services if isinstance(services, list) else [services]


def _may_be_personalize(principal: Any) -> bool:
    # What isn't text is known only at deployment.
    return principal in (SERVICE_PRINCIPAL, "*") or not isinstance(principal, str)
