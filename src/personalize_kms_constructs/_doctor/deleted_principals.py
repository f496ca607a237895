"""Ids of deleted roles and users in policies: AWS refuses every change of a policy that keeps one.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .._access.causes import Cause, Reason
from .._access.model import AccessModel, Problem

_PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids"

# AWS shows an id in the place of an ARN once there is no such role or user any more.
_ID = re.compile(r"A(?:RO|ID)A[A-Z0-9]{12,}")


def deleted_principals(model: AccessModel) -> Iterator[Problem]:
    """Yield a warning for each id in a policy; whose it was can't be known."""
    living = {role.unique_id for role in model.roles.values()}
    policies = [("key", key.arn, policy) for key in model.keys.values() for policy in key.policies]
    policies += [
        ("bucket", bucket.arn, policy)
        for bucket in model.buckets.values()
        for policy in bucket.policies
    ]
    policies += [
        ("trust", role.arn, policy) for role in model.roles.values() for policy in role.trust
    ]
    for kind, owner, policy in policies:
        bodies = [statement.body for statement in policy.statements if statement.readable]
        principals = " ".join(
            f"{body.get('Principal')} {body.get('NotPrincipal')}" for body in bodies
        )
        for id in sorted(set(_ID.findall(principals)) - living):
            reason = Reason.of(Cause.UNUSED_ID, column=kind, id=id)
            label = model.label(owner)
            yield Problem.of(
                "configuration", owner, reason, _PAGE, (), label=label, is_warning=True
            )
