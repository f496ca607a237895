"""The service role: made by the construct, or passed in any form."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, cast

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from .._refusals.arguments import arn_of, has
from .._tokens import TOKEN, is_known_by_now, l1_behind, late_text, resolved_early, targets_in
from .elsewhere import is_unknown_elsewhere, text_elsewhere
from .place import Place

_CUSTOMIZE_ROLES = "@aws-cdk/iam:customizeRoles"


@dataclass(frozen=True)
class ServiceRole:
    """The role assumed by Personalize."""

    role: iam.IRole
    """The role as users get it."""
    arn: str
    here: Place
    """The construct's place. Its account is the role's: Personalize takes no cross-account role."""
    stack: Stack | None = None
    """Its stack in this app; none if the role exists already."""
    own_l1: iam.CfnRole | None = None
    """Its L1, if it was not passed as an L2."""
    is_mutable: bool = True
    """False if the role silently drops policies from this app."""
    is_precreated: bool = False
    """True if, by ``iam.Role.customize_roles``, somebody else makes the role or its policies."""

    _elsewhere: dict[Stack | None, str] = field(default_factory=dict, compare=False, repr=False)
    """The token for each stack: equal statements of many jobs need the same token."""

    @cached_property
    def l1(self) -> iam.CfnRole | None:
        is_l2 = self.stack is not None and self.own_l1 is None
        return cast("iam.CfnRole", self.role.node.default_child) if is_l2 else self.own_l1

    @property
    def account_root(self) -> str:
        prefix, separator, _ = self.arn.partition(":role/")
        if not separator:
            prefix = f"arn:{self.here.partition}:iam::{self.here.account}"
        return f"{prefix}:root"

    @cached_property
    def accounts(self) -> tuple[str, ...]:
        """The role's account, in each form in which the app has it."""
        if self.stack is self.here.stack:
            return (self.here.account,)
        own = self.role.principal_account
        return (self.here.account, own) if own else (self.here.account,)

    def is_of_account(self, account: str) -> bool:
        """Tell if the role is known to belong to this account."""
        return account in self.accounts

    def is_of_another_account_than(self, account: str) -> bool:
        """Tell if the role is known not to belong to this account."""
        if not account or not is_known_by_now(account) or self.is_of_account(account):
            return False
        return any(is_known_by_now(own) for own in self.accounts)

    def arn_elsewhere(self, stack: Stack | None) -> str:
        """Return the ARN for the policies of another stack, or of an owner elsewhere.

        It is made from name and path at synth, since aspects and escape hatches may change them
        until then. For a role without a name it is a reference.
        """
        l1 = self.l1
        if l1 is None or (stack is None and not self.has_name):
            return self.arn
        if stack not in self._elsewhere:
            self._elsewhere[stack] = late_text(
                lambda context: self._arn_by_name(l1, Stack.of(context.scope))
            )
        return self._elsewhere[stack]

    def _arn_by_name(self, l1: iam.CfnRole, stack: Stack) -> str:
        """Return the present ARN, or a reference if the stack can't know the role's name."""
        own = cast("Stack", self.stack)
        if own.resolve(l1.role_name) is None:
            return l1.attr_arn
        name = self.path_and_name
        if stack is not own:
            if is_unknown_elsewhere(name, own):
                return l1.attr_arn
            name = text_elsewhere(name, own)
        return f"arn:{self.here.partition}:iam::{self.here.account}:role{name}"

    def would_make_a_cycle_in(self, stack: Stack) -> bool:
        """The role's policies are in the construct's stack, and refer to the key."""
        home = self._home
        if home is None or home is stack:
            return False
        outermost = self.here.outermost
        if Place.of(home).outermost is not outermost:
            return False
        if Place.of(stack).outermost is not outermost:
            return True
        return home is self.here.stack and not Place.of(stack).is_nested_in(self.here)

    @cached_property
    def _home(self) -> Stack | None:
        """The stack with the role, or with a parameter for the ARN of an imported role."""
        if self.stack is not None:
            return self.stack
        return next((Stack.of(target) for target in targets_in(self.arn)), None)

    @property
    def has_name(self) -> bool:
        """True if the role's name is fixed, as far as known by now; a ``Lazy`` counts as fixed."""
        l1 = self.l1
        if l1 is None or self.stack is None:
            return True
        # The CDK's L2 passes its L1 a token that resolves to nothing.
        return l1.role_name is not None and resolved_early(l1.role_name, self.stack) is not None

    @property
    def path_and_name(self) -> str:
        """The end of the ARN of a role of this app, written for its own stack."""
        l1 = cast("iam.CfnRole", self.l1)
        return f"{l1.path or '/'}{l1.role_name}"

    @property
    def name_is_of_its_stack(self) -> bool:
        """True if other stacks can't know the role's name or path, for example a parameter."""
        if self.l1 is None or self.stack is None:
            return False
        return is_unknown_elsewhere(self.path_and_name, self.stack, early=True)


def resolve_role(value: Any, scope: Construct, here: Place) -> ServiceRole:
    """An L1 or a reference is imported, as a child of the scope."""
    role = _role_of(value, scope, here)
    return replace(role, is_precreated=role.is_precreated or has_precreated_roles(scope))


def _role_of(value: Any, scope: Construct, here: Place) -> ServiceRole:
    if isinstance(value, iam.Role):
        return role_made_in(value.stack, value, here)
    arn = arn_of("role", value)
    if isinstance(value, iam.LazyRole):  # reading its ARN has made it
        return role_made_in(value.stack, cast("iam.Role", value.node.default_child), here)
    # The whole ARN refers to a role of this app, or the whole name in it.
    prefix, separator, name = arn.partition(":role/")
    l1 = l1_behind(name if separator and prefix.startswith("arn:") else arn, iam.CfnRole)
    made_in = None
    if l1 is not None:
        # The CDK makes the ARN of an imported name without the role's path.
        arn, made_in = l1.attr_arn, l1.stack
    if not has(value, "role_arn"):
        imported = iam.Role.from_role_arn(scope, "ServiceRole", arn)
        return ServiceRole(imported, arn, here, made_in, l1)
    is_mutable, is_precreated = not is_immutable(value), has_precreated_roles(value)
    return ServiceRole(value, arn, here, made_in, l1, is_mutable, is_precreated)


def role_made_in(made_in: Stack, role: iam.Role, here: Place) -> ServiceRole:
    arn = role.role_arn
    if TOKEN.fullmatch(arn):
        return ServiceRole(cast("iam.IRole", role), arn, here, made_in)
    l1 = role.node.default_child
    if isinstance(l1, iam.CfnRole):  # made here and reported by the CDK, with an invalid ARN
        return ServiceRole(cast("iam.IRole", role), l1.attr_arn, here, made_in, l1)
    return ServiceRole(cast("iam.IRole", role), arn, here, is_precreated=True)


def is_lookup_dummy(arn: str) -> bool:
    """Tell if this is the ARN from ``iam.Role.from_lookup`` before the CLI has looked it up."""
    return arn.endswith(":role/DUMMY_ARN")


def is_nameless(arn: str) -> bool:
    """Tell if this is the CDK's ARN for a role made by others and still without a name."""
    return arn.endswith(":role")


def has_precreated_roles(construct: IConstruct) -> bool:
    """Tell if somebody else makes the roles here, by ``iam.Role.customize_roles``."""
    customized = construct.node.try_get_context(_CUSTOMIZE_ROLES)
    return isinstance(customized, dict) and customized.get("preventSynthesis") is not False


def is_immutable(principal: Any) -> bool:
    """Tell if a role is immutable: imported with ``mutable=False`` or from another account.

    The result of ``without_policy_updates()`` is immutable too. The role itself doesn't tell, but
    the CDK puts another role beside it.
    """
    if isinstance(principal, iam.Role) or not has(principal, "role_arn"):
        return False
    id, siblings = principal.node.id, principal.node.scope.node
    if siblings.try_find_child(f"MutableRole{id}") is not None:
        return True
    if not id.startswith("ImmutableRole"):
        return False
    return siblings.try_find_child(id.removeprefix("ImmutableRole")) is not None
