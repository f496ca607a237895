"""Policies that name a role of the app by the text of its ARN, and may be made before the role is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .._access.causes import Cause, because
from .._access.declarations import Declaration
from .._access.model import AccessModel, Problem, declared_of
from .._access.needs import users_of
from .._access.written import Policy, aws_principals
from .deployment import Deployment
from .physical import of_any_partition
from .stacks import Resource
from .waiting import CreationOrder

# "The principals in the key policy must exist and be visible to KMS"; IAM and S3 answer "Invalid principal in policy"
# (https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-policies.html).
_PAGE = "https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html"


def early_principals(
    model: AccessModel, resources: Iterable[Resource], deployment: Deployment, order: CreationOrder
) -> Iterator[Problem]:
    """Yield the policies of the keys, buckets and roles of a model that AWS refuses since a role isn't there yet."""
    policies = [(each.arn, policy) for each in model.keys.values() for policy in each.policies]
    policies += [(each.arn, policy) for each in model.buckets.values() for policy in each.policies]
    policies += [(each.arn, policy) for each in model.roles.values() for policy in each.trust]
    made = {each.declared: each for each in resources}
    early = [(*each, *role) for each in policies for role in _not_waited_for(each[1], made, deployment, order)]
    users = users_of(model) if early else {}
    for owner, policy, role, certain in early:
        waits = policy.declared == role.declared or policy.declared in order.before(role.stack, role.logical_id)
        yield Problem.of(
            "ordering",
            policy.name,
            because(Cause.NAMED_BY_WHAT_IT_WAITS_FOR if waits else Cause.NAMED_EARLY, role=role.path),
            _PAGE,
            users.get(owner, ()),
            declared=declared_of([policy]),
            certain=certain,
        )


def _not_waited_for(
    policy: Policy, made: Mapping[Declaration, Resource], deployment: Deployment, order: CreationOrder
) -> list[tuple[Resource, bool]]:
    """Return the roles that a policy names and that may be made after the resource that has it.

    With each it says if the policy names it whatever the conditions of the template are.
    """
    owner = made.get(policy.declared) if policy.declared else None
    if owner is None:
        return []
    # Of those with one name the last is certain, if one is.
    named = dict(sorted(_principals(policy)))
    # More than one role of a name are another problem.
    roles = [(deployment.roles[name], certain) for name, certain in named.items() if name in deployment.roles]
    if not roles:
        return []
    before = order.before(owner.stack, owner.logical_id)
    return [
        (found[0], certain and owner.condition in ("", found[0].condition))
        for found, certain in roles
        if not any(each.declared in before for each in found)
    ]


def _principals(policy: Policy) -> Iterator[tuple[str, bool]]:
    for statement in policy.statements:
        for name in aws_principals(statement.body) if statement.readable else ():
            yield of_any_partition(str(name)), not statement.condition
