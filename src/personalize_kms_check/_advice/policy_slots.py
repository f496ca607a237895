"""The policy for a statement, there already or to be made."""

from __future__ import annotations

from typing import NamedTuple

from .._model.causes import Column
from .._model.declarations import Declaration, template_of
from .._model.model import AccessModel, Bucket, Owner, Role
from .._model.requests import declared_of
from .._needs.need import IN_BOUNDARY, IN_IAM, Need
from .._shared.answers import Answer
from .._shared.values import same

IAM_POLICY = "AWS::IAM::Policy"
MANAGED_POLICY = "AWS::IAM::ManagedPolicy"
BUCKET_POLICY = "AWS::S3::BucketPolicy"


class PolicySlot(NamedTuple):
    """A policy, by the resources that have it; a policy to make, by one of its template."""

    owner_arn: str
    column: Column
    declared: tuple[Declaration, ...]
    make: str = ""
    """The type of the resource to make; empty if the policy is there."""


def policy_for(model: AccessModel, need: Need, column: Column) -> PolicySlot:
    role = need.role
    if role is not None and column == IN_BOUNDARY:
        if role.boundary is not None and not role.boundary.of_aws:
            return PolicySlot(role.arn, IN_BOUNDARY, declared_of([role.boundary]))
        make = MANAGED_POLICY if role.declared else ""
        return PolicySlot(role.arn, IN_BOUNDARY, declared_of([role]), make)
    if role is not None and column == IN_IAM:
        return _iam_policy(model, need, role)
    assert need.owner is not None
    return own_policy(need.owner)


def own_policy(owner: Owner) -> PolicySlot:
    """Return the policy of a key or bucket, or the trust policy of a role."""
    if isinstance(owner, Role):
        return PolicySlot(owner.arn, owner.column, declared_of([owner]))
    declared = declared_of(owner.policies)
    if declared:
        return PolicySlot(owner.arn, owner.column, declared)
    # The template of a key has its policy, that of a bucket has a resource for it.
    make = BUCKET_POLICY if isinstance(owner, Bucket) and owner.declared else ""
    return PolicySlot(owner.arn, owner.column, declared_of([owner]), make)


def _iam_policy(model: AccessModel, need: Need, role: Role) -> PolicySlot:
    """Return the first policy of a role with a place for a need's statement, or a new policy.

    A policy has no place if others have it too, or if it may not be there.
    """
    owner = need.owner
    for policy in role.identity:
        if policy.declared is None or policy.also_of or policy.condition:
            continue
        if policy.declared == role.declared:
            can_refer = bool(policy.inline) and _waits_for_all(model, need, role)
        else:
            waited_for = (owner or role).waits_for
            can_refer = policy.declared not in role.waits_for and policy.declared not in waited_for
        if can_refer:
            return PolicySlot(role.arn, IN_IAM, (policy.declared,))
    if role.declared is None:
        return PolicySlot(role.arn, IN_IAM, ())
    if owner is not None and _is_in_later_stack(owner, role):
        return PolicySlot(role.arn, IN_IAM, declared_of([owner]), IAM_POLICY)
    return PolicySlot(role.arn, IN_IAM, declared_of([role]), IAM_POLICY)


def _waits_for_all(model: AccessModel, need: Need, role: Role) -> bool:
    """Tell if a role waits for what a need is about already, so a reference to it makes no circle.

    Something else may come to wait for the role, as a key whose policy should name it.
    """
    for subject in (need.owner, model.roles.get(need.resource_arn)):
        if subject is not None and subject.declared and subject.declared not in role.waits_for:
            return False
    return True


def _is_in_later_stack(owner: Owner, role: Role) -> bool:
    """Tell if the stack of an owner waits for the stack of a role, which can't refer to it then.

    A stack of another account can't make a policy of the role either.
    """
    is_later = owner.declared is not None and role.declared in owner.waits_for
    is_apart = template_of(owner.declared) != template_of(role.declared)
    return is_later and is_apart and same(role.account, owner.account) is Answer.YES
