"""Policies in properties of resources, as the access model has them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from .._access.values import account_of
from .._access.written import Policy, as_list
from .._default_key_policy import default_key_policy
from . import physical
from .stacks import Resource

IDENTITY_POLICIES = ("AWS::IAM::Policy", physical.MANAGED_POLICY, "AWS::IAM::RolePolicy")
_DENYING = re.compile(r"Deny|Quarantine")


def policy_of(resource: Resource, property_name: str) -> Policy:
    """Return the policy in a property."""
    kinds = {"KeyPolicy": "key policy of", "AssumeRolePolicyDocument": "trust policy of"}
    name = f"{kinds.get(property_name, 'policy')} {resource.path}"
    inline = resource.type in IDENTITY_POLICIES and resource.type != physical.MANAGED_POLICY
    return Policy(resource.get(property_name), name, resource.declared, resource.only_if, inline)


def inline_policies_of(role: Resource) -> Iterator[Policy]:
    """Yield the policies in the properties of a role."""
    for inline in as_list(role.get("Policies")):
        document = inline.get("PolicyDocument") if isinstance(inline, Mapping) else inline
        policy_name = f" {inline.get('PolicyName', '')}" if isinstance(inline, Mapping) else ""
        yield Policy(document, f"inline policy{policy_name} of {role.path}", role.declared, role.only_if, inline=True)


def policy_of_kms(resource: Resource) -> Policy:
    """Return what KMS gives a key that is made without a policy."""
    document = default_key_policy(resource.arn("iam", "root", region=False))
    return Policy(document, f"default key policy of {resource.path}", resource.declared)


def may_deny(managed_policy_arn: str) -> bool:
    """Report whether a policy that isn't part of the app may deny what Personalize needs.

    Of AWS's own, those that deny keys and objects are taken to say so in their names, as AWSDenyAll and
    AWSCompromisedKeyQuarantineV3 do (https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html).
    """
    return account_of(managed_policy_arn) != "aws" or bool(_DENYING.search(managed_policy_arn))


def not_of_the_app(managed_policy_arns: Iterable[str]) -> str:
    """Return the reason why managed policies can't be seen."""
    return "; ".join(f"managed policy {arn} isn't part of the app" for arn in managed_policy_arns)
