"""The role that Personalize assumes, and how key policies speak of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, cast

from aws_cdk import Names, Resource, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct, IValidation

from ._tokens import is_token
from .matrix import SERVICE_PRINCIPAL
from .principals import PolicyPrincipal
from .trust import TrustValidation

# A role name has 64 characters (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html); the
# longest name of a Region and a hyphen are kept free.
_MAX_NAME_LENGTH = 64 - len("-ap-southeast-1")


class ServiceRole:
    """A role made here, or one that was given."""

    def __init__(
        self,
        scope: Construct,
        stack: Stack,
        given: iam.IRole | iam.Role | None,
        *,
        role_name: str | None,
        trust_condition: Mapping[str, Any],
    ) -> None:
        self._scope = scope
        self._scope_stack = stack
        self._made_here = given is None
        if given is None:
            personalize = iam.ServicePrincipal(SERVICE_PRINCIPAL, conditions=trust_condition)
            given = iam.Role(scope, "Role", assumed_by=cast("iam.IPrincipal", personalize), role_name=role_name)
        self.role = cast("iam.IRole", given)
        self.arn = self.role.role_arn
        # The stack of a role that this app makes; an imported one exists already.
        self._stack: Stack | None = None
        if self._made_here:
            self._stack = self._scope_stack
        elif isinstance(given, iam.Role) or Resource.is_owned_resource(self.role):
            self._stack = self.role.stack
        self._fixed_arn: str | None = None
        if isinstance(given, iam.Role) and not self._made_here:
            scope.node.add_validation(cast("IValidation", TrustValidation(given)))

    @cached_property
    def takes_policies(self) -> bool:
        """Whether policies can be attached; not to an immutable role, which says nothing and ignores them.

        Roles are immutable that are imported with ``mutable=False`` or from another account, and those of
        ``without_policy_updates()``.
        """
        if isinstance(self.role, iam.Role):
            return True
        probe = iam.Policy(self._scope, "Probe")
        self.role.attach_inline_policy(probe)
        roles = self._scope_stack.resolve(cast("iam.CfnPolicy", probe.node.default_child).roles)
        self._scope.node.try_remove_child("Probe")
        return bool(roles)

    def principal_for(self, resource: kms.IKey | s3.IBucket, made_in: Stack | None) -> PolicyPrincipal:
        """How the policy of this key or bucket, made in that stack or imported, speaks of the role.

        *Named*, as AWS's page does, where the role exists already or is made in the resource's stack. Elsewhere the
        role's ARN would make a cycle of stacks, and AWS refuses to name a role that doesn't exist yet: there the
        statement *delegates* to the role's account, for the role of that name, and IAM has to allow every action.
        """
        if made_in is not None and made_in is self._stack:
            return PolicyPrincipal("Role", {"AWS": self.arn})
        arn = self._arn_of_fixed_name() if self._stack is not None else None
        if arn is None:
            return PolicyPrincipal("Role", {"AWS": self.arn}, needs_iam=not self.shares_account_with(resource, made_in))
        account_root = f"{arn.partition(':role/')[0]}:root"
        return PolicyPrincipal("Role", {"AWS": account_root}, {"ArnEquals": {"aws:PrincipalArn": arn}}, needs_iam=True)

    def shares_account_with(self, resource: kms.IKey | s3.IBucket, made_in: Stack | None) -> bool | None:
        """Whether role and resource belong to one account; none while that isn't known.

        Where it isn't known both sides have to allow, as across accounts: in one account this adds nothing to what is
        in effect.
        """
        if made_in is not None and made_in is self._stack:
            return True
        # Personalize takes no role of another account than the stack's, so both are the role's.
        resource_account = resource.env.account
        accounts = [account for account in (self.role.principal_account, self._scope_stack.account) if account]
        if resource_account in accounts:
            return True
        known = not is_token(resource_account) and not all(is_token(account) for account in accounts)
        return False if known else None

    def key_problems(self, what: str, made_in: Stack | None) -> Iterator[str]:
        """Why the policy of a key of this stack can't speak of the role."""
        beside_role = made_in is None or made_in is self._stack
        if not beside_role and self._stack is self._scope_stack and self._arn_of_fixed_name() is None:
            yield (
                f"{what} is in another stack and service_role has no fixed name, so that the key policy would need the "
                "role's ARN and the role's policy the key's, a cycle of stacks: give the role a role_name, or leave "
                "service_role out and have one made"
            )

    def problems(self) -> Iterator[str]:
        """Why Personalize can't assume the role."""
        if self._made_here:
            return
        account, stack_account = self.role.principal_account, self._scope_stack.account
        if account is not None and not is_token(account) and not is_token(stack_account) and account != stack_account:
            yield (
                f"service_role belongs to account {account} but the stack to {stack_account}, and Personalize takes "
                "no role of another account: pass a role of this account, or leave service_role out and have one made"
            )

    def _arn_of_fixed_name(self) -> str | None:
        if self._fixed_arn is None:
            resource = cast("iam.CfnRole", self.role.node.default_child)
            name, path = resource.role_name, resource.path or "/"
            if name is not None and is_token(name):
                name = None  # a name that CloudFormation chooses is a token too
            if name is None and self._made_here:
                # Role names are unique in an account, whatever the Region.
                base = Names.unique_resource_name(self._scope, max_length=_MAX_NAME_LENGTH, separator="-")
                name = resource.role_name = f"{base}-{self._scope_stack.region}"
            if name is not None:
                self._fixed_arn = self._scope_stack.format_arn(
                    service="iam", region="", resource="role", resource_name=f"{path.removeprefix('/')}{name}"
                )
        return self._fixed_arn
