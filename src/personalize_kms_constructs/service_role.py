"""The role that Personalize assumes, and how key policies speak of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

from aws_cdk import Names, Resource, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from .checks import is_token
from .matrix import SERVICE_PRINCIPAL

# A role name has 64 characters (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html); the
# longest name of a Region and a hyphen are kept free.
_MAX_NAME_LENGTH = 64 - len("-ap-southeast-1")


@dataclass(frozen=True)
class RolePrincipal:
    """The role in a key policy."""

    principal: Mapping[str, str]
    condition: Mapping[str, Any] | None = None
    needs_iam: bool = False
    """Whether the key policy alone allows nothing, so that IAM must allow every action too."""


class ServiceRole:
    """A role made here, or one that was given."""

    def __init__(
        self,
        scope: Construct,
        given: iam.IRole | iam.Role | None,
        *,
        role_name: str | None,
        trust_condition: Mapping[str, Any],
    ) -> None:
        self._scope = scope
        self._scope_stack = Stack.of(scope)
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

    def principal_for(self, key: kms.IKey) -> RolePrincipal:
        """How the policy of this key speaks of the role.

        *Named*, as AWS's page does, where the role exists already or is made in the key's stack. Elsewhere the
        role's ARN would make a cycle of stacks, and KMS refuses to name a role that doesn't exist yet: there the
        statement *delegates* to the role's account, for the role of that name, and IAM has to allow every action.
        """
        named = RolePrincipal({"AWS": self.arn}, needs_iam=self._in_other_account(key))
        if self._stack is None or self._is_in_role_stack(key):
            return named
        arn = self._arn_of_fixed_name()
        if arn is None:
            return named
        account_root = f"{arn.partition(':role/')[0]}:root"
        return RolePrincipal({"AWS": account_root}, {"ArnEquals": {"aws:PrincipalArn": arn}}, needs_iam=True)

    def problems(self, what: str, key: kms.IKey) -> Iterator[str]:
        """Why the policy of this key can't speak of the role."""
        if (
            self._stack is self._scope_stack
            and isinstance(key, kms.Key)
            and not self._is_in_role_stack(key)
            and self._arn_of_fixed_name() is None
        ):
            yield (
                f"{what} is in another stack and service_role has no fixed name, so that the key policy would need the "
                "role's ARN and the role's policy the key's, a cycle of stacks: give the role a role_name, or leave "
                "service_role out and have one made"
            )

    def _is_in_role_stack(self, key: kms.IKey) -> bool:
        return isinstance(key, kms.Key) and key.stack is self._stack

    def _in_other_account(self, key: kms.IKey) -> bool:
        if self._is_in_role_stack(key):
            return False
        key_account, role_account = key.env.account, self.role.principal_account
        known = role_account is not None and not is_token(key_account) and not is_token(role_account)
        return known and key_account != role_account

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
                stack = self._stack or self._scope_stack
                self._fixed_arn = stack.format_arn(
                    service="iam", region="", resource="role", resource_name=f"{path.lstrip('/')}{name}"
                )
        return self._fixed_arn
