"""Policies that name a role of the app by the text of its ARN, and may be made before the role is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .._access.causes import Cause, because
from .._access.declarations import Declaration
from .._access.model import AccessModel, Problem, declared_of
from .._access.needs import users_of
from .._access.written import Policy, as_list
from .deployment import Deployment
from .physical import of_any_partition
from .stacks import Resource
from .waiting import Before, CreationOrder

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
    users = users_of(model)
    for owner, policy in policies:
        for role in _not_waited_for(policy, made, deployment, order):
            yield Problem.of(
                "ordering",
                policy.name,
                because(Cause.NAMED_EARLY, role=role.path),
                _PAGE,
                users.get(owner, ()),
                declared=declared_of([policy]),
                certain=policy.only_if <= role.only_if,
            )


def _not_waited_for(
    policy: Policy, made: Mapping[Declaration, Resource], deployment: Deployment, order: CreationOrder
) -> list[Resource]:
    """Return the roles that a policy names, and that may be made after the resource that has it."""
    owner = made.get(policy.declared) if policy.declared else None
    if owner is None:
        return []
    named = dict.fromkeys(map(of_any_partition, _principals(policy)))
    # More than one role of a name are another problem.
    roles = [deployment.roles[name] for name in named if name in deployment.roles]
    if not roles:
        return []
    before = order.before(owner.stack, owner.logical_id)
    return [each[0] for each in roles if not any(_is_there(one, owner, before) for one in each)]


def _is_there(role: Resource, owner: Resource, before: Before) -> bool:
    return role.declared == owner.declared or role.declared in before


def _principals(policy: Policy) -> Iterator[str]:
    for statement in policy.statements:
        principal = statement.body.get("Principal") if statement.readable else None
        names = principal.get("AWS") if isinstance(principal, dict) else None
        yield from (each for each in as_list(names) if isinstance(each, str))
