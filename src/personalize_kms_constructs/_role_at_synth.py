"""Checks of the service role and its policies at synth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aws_cdk import aws_iam as iam

from ._environment_checks import role_at_synth_problems
from ._name_checks import role_name_at_synth_problems
from ._policies.app import AppContents
from ._policies.place import Place
from ._policies.role_policies import RolePolicies
from ._policies.roles import RoleFacts
from ._policies.trust import trust_problems
from ._template_conditions import may_both_be_made


def role_problems(role: RoleFacts, app: AppContents) -> Iterator[str]:
    """Explain why Personalize can't assume the role as it is in the end, or why policies speak of another one."""
    l1 = role.l1
    if l1 is None:
        return
    if l1 not in app:
        yield (
            f"service_role {role} was taken out of the app, so that nothing makes the role that the policies are "
            "for: leave it in, or give another one, as service_role="
        )
    properties = app.properties_of(l1, role.stack)
    trust, path, name = (properties.get(each) for each in ("assumeRolePolicyDocument", "path", "roleName"))
    yield from role_name_at_synth_problems(role, name)
    yield from role_at_synth_problems(role)
    if role.is_made_here and name is not None:
        yield from _taken_name_problems(role.here, l1, name, app)
    yield from trust_problems(role, trust, role.here.account, role.here.region)
    is_wrapper = role.own_l1 is not None and not isinstance(role.role, iam.Role)
    if is_wrapper and path not in (None, "/") and role.role.node.children:
        shown = path if isinstance(path, str) else "of an expression"
        yield (
            f"service_role {role.name} has the path {shown}, and was imported by its ARN, from which the CDK takes "
            "a wrong name, so that what is granted to encryption.service_role reaches another role: grant it to "
            "the iam.Role itself, or pass that as service_role"
        )


def _taken_name_problems(here: Place, l1: iam.CfnRole, name: Any, app: AppContents) -> Iterator[str]:
    # Of two stacks, nobody knows if both are deployed, and where: the check of the assembly asks.
    other = app.role_names.setdefault((here.path, str(name).casefold()), l1)
    if other is not l1 and may_both_be_made(other, l1):
        shown = name if isinstance(name, str) else "of an expression, that"
        yield (
            f"the role made here has the name {shown} of {other.node.path}, and names of roles are unique in an "
            "account: give one of them another, by role_name="
        )


def detached_policy_problems(policies: RolePolicies, app: AppContents) -> Iterator[str]:
    """Explain that managed policies of the construct have lost their role."""
    for policy in policies:
        l1 = None if policy.pending else policy.l1_of_policy
        if l1 is not None and l1 in app and not app.properties_of(l1).get("roles"):
            yield (
                f"policy {l1.node.path} is attached to no role any more, so that the service role lacks what is in "
                "it: leave its roles as they are"
            )
