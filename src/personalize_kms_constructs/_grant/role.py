"""The service role: the one that the construct makes, or one that was passed, in any form."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, cast

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from constructs import Construct, IConstruct

from .._refusals.arguments import has
from .._tokens import TOKEN, is_known_by_now, l1_behind, late_text, resolved_early, targets_in
from .elsewhere import is_unknown_elsewhere, text_elsewhere
from .place import Place

_CUSTOMIZE_ROLES = "@aws-cdk/iam:customizeRoles"


@dataclass(frozen=True)
class ServiceRole:
    """The role that Personalize assumes."""

    role: iam.IRole
    """The role as users get it."""
    arn: str
    here: Place
    """The construct's place; Personalize takes no role of another account, so its account is the role's."""
    stack: Stack | None = None
    """The stack that makes it; none if the role exists already."""
    own_l1: iam.CfnRole | None = None
    """Its L1, where it was not given as an L2."""
    is_mutable: bool = True
    """False for a role that takes no policies from this app, and says nothing when it is given some."""
    is_precreated: bool = False
    """True where ``iam.Role.customize_roles`` has somebody else make the role, or our policies of it."""

    _elsewhere: dict[Stack | None, str] = field(default_factory=dict, compare=False, repr=False)
    """The token for each stack, so that equal statements of many jobs are one."""

    def __str__(self) -> str:
        if self.own_l1 is not None:
            return self.own_l1.node.path
        return self.arn if self.stack is None and not is_nameless(self.arn) else self.role.node.path

    @cached_property
    def l1(self) -> iam.CfnRole | None:
        """The L1 of a role that this app makes."""
        is_l2 = self.stack is not None and self.own_l1 is None
        return cast("iam.CfnRole", self.role.node.default_child) if is_l2 else self.own_l1

    @property
    def account_root(self) -> str:
        """The ARN that stands for the role's account in policies."""
        prefix, found, _ = self.arn.partition(":role/")
        return (
            f"{prefix}:root"
            if found
            else f"arn:{self.here.partition}:iam::{self.here.account}:root"
        )

    @cached_property
    def accounts(self) -> tuple[str, ...]:
        """The account that the role belongs to, by each way in which the app speaks of it."""
        if self.stack is self.here.stack:
            return (self.here.account,)
        own = self.role.principal_account
        return (self.here.account, own) if own else (self.here.account,)

    def is_of_account(self, account: str) -> bool:
        """Tell if the role is known to belong to this account."""
        return account in self.accounts

    def is_of_another_account_than(self, account: str) -> bool:
        """Tell if the role is known not to belong to this account."""
        known = [own for own in self.accounts if is_known_by_now(own)]
        return (
            bool(known and account) and is_known_by_now(account) and not self.is_of_account(account)
        )

    def arn_elsewhere(self, stack: Stack | None) -> str:
        """Return the ARN for the policies of another stack, or of an owner elsewhere.

        It is made of name and path as they are at synth: aspects and escape hatches change them
        until the end. A role without a name is referred to.
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
        """Return the ARN as it is by now, or a reference to the role where a stack can't say its name."""
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
        """Tell if a reference to the role, in the policy of a key of this stack, makes a cycle of stacks.

        The role's policies stand in the construct's stack, and refer to the key.
        """
        told_by = self._told_by
        if told_by is None or told_by is stack:
            return False
        outermost = self.here.outermost
        if Place.of(told_by).outermost is not outermost:
            return False
        if Place.of(stack).outermost is not outermost:
            return True
        return told_by is self.here.stack and not Place.of(stack).is_nested_in(self.here)

    @cached_property
    def _told_by(self) -> Stack | None:
        """The stack that makes the role, or that has a parameter for the ARN of an imported one."""
        if self.stack is not None:
            return self.stack
        return next((Stack.of(target) for target in targets_in(self.arn)), None)

    @property
    def has_name(self) -> bool:
        """True if the role's name is fixed, as far as is known by now; a ``Lazy`` is taken for one."""
        l1 = self.l1
        if l1 is None or self.stack is None:
            return True
        # The CDK's L2 hands a token for nothing to its L1.
        return l1.role_name is not None and resolved_early(l1.role_name, self.stack) is not None

    @property
    def path_and_name(self) -> str:
        """The end of the ARN of a role of this app, as its own stack says it now."""
        l1 = cast("iam.CfnRole", self.l1)
        return f"{l1.path or '/'}{l1.role_name}"

    @property
    def name_is_of_its_stack(self) -> bool:
        """True if it is known by now that other stacks can't say the role's name or path, a parameter for example."""
        own = self.stack
        return (
            self.l1 is not None
            and own is not None
            and is_unknown_elsewhere(self.path_and_name, own, early=True)
        )


def resolved_role(given: Any, scope: Construct, here: Place) -> ServiceRole:
    """Find out what is known of a role: an L2, an L1, an imported one or a reference."""
    facts = _facts_of_given(given, scope, here)
    return replace(facts, is_precreated=facts.is_precreated or has_precreated_roles(scope))


def _facts_of_given(given: Any, scope: Construct, here: Place) -> ServiceRole:
    if isinstance(given, iam.Role):
        return role_made_in(given.stack, given, here)
    arn = arn_of_role(given)
    if isinstance(given, iam.LazyRole):  # asking for its ARN has made it
        return role_made_in(given.stack, cast("iam.Role", given.node.default_child), here)
    l1 = _l1_behind(arn)
    made_in = None
    if l1 is not None:
        # Not by a name in an ARN that the CDK puts together, which knows no path.
        arn, made_in = l1.attr_arn, l1.stack
    if not has(given, "role_arn"):
        return ServiceRole(
            iam.Role.from_role_arn(scope, "ServiceRole", arn), arn, here, made_in, l1
        )
    precreated = has_precreated_roles(given)
    is_mutable = not is_immutable(given)
    return ServiceRole(given, arn, here, made_in, l1, is_mutable, is_precreated=precreated)


def role_made_in(made_in: Stack, role: iam.Role, here: Place) -> ServiceRole:
    """Return what is known of an L2."""
    arn = role.role_arn
    if TOKEN.fullmatch(arn):
        return ServiceRole(cast("iam.IRole", role), arn, here, made_in)
    l1 = role.node.default_child
    if isinstance(l1, iam.CfnRole):  # a role that is made, and reported, with an ARN that is none
        return ServiceRole(cast("iam.IRole", role), l1.attr_arn, here, made_in, l1)
    return ServiceRole(cast("iam.IRole", role), arn, here, is_precreated=True)


def _l1_behind(arn: str) -> iam.CfnRole | None:
    """Return the role of this app of an ARN: all of that is a reference to it, or all of the name in it."""
    prefix, found, name = arn.partition(":role/")
    return l1_behind(name if found and prefix.startswith("arn:") else arn, iam.CfnRole)


def arn_of_role(given: Any) -> str:
    """Return the ARN of a role: an L2, an L1, an imported one or a reference."""
    if isinstance(given, iam.CfnRole):
        return given.attr_arn
    return str(given.role_arn if has(given, "role_arn") else given.role_ref.role_arn)


def is_lookup_dummy(arn: str) -> bool:
    """Tell if this is the ARN of ``iam.Role.from_lookup`` until the CLI has looked; its account is nobody's."""
    return arn.endswith(":role/DUMMY_ARN")


def is_nameless(arn: str) -> bool:
    """Tell if this is what the CDK takes for the ARN of a role that others make, while nobody has said its name."""
    return arn.endswith(":role")


def has_precreated_roles(construct: IConstruct) -> bool:
    """Tell if ``iam.Role.customize_roles`` has somebody else make the roles of this part of the app."""
    customized = construct.node.try_get_context(_CUSTOMIZE_ROLES)
    return isinstance(customized, dict) and customized.get("preventSynthesis") is not False


def is_immutable(principal: Any) -> bool:
    """Tell an immutable role by the role that the CDK puts beside it, since it says nothing itself.

    Roles are immutable that are imported with ``mutable=False`` or from another account, and those
    of ``without_policy_updates()``.
    """
    if isinstance(principal, iam.Role) or not has(principal, "role_arn"):
        return False
    id, siblings = principal.node.id, principal.node.scope.node
    if siblings.try_find_child(f"MutableRole{id}") is not None:
        return True
    return (
        id.startswith("ImmutableRole")
        and siblings.try_find_child(id.removeprefix("ImmutableRole")) is not None
    )
