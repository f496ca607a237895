"""Ids of deleted roles and users in policies: AWS refuses every change of a policy that keeps one.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .._access.causes import Cause, Reason
from .._access.model import AccessModel, Problem
from .._access.policy_documents import Policy

_PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids"

# AWS shows an id in the place of an ARN once there is no such role or user any more.
_ID = re.compile(r"A(?:RO|ID)A[A-Z0-9]{12,}")


def deleted_principals(model: AccessModel) -> Iterator[Problem]:
    """Yield a warning for each id in a policy; whose it was can't be known."""
    living = {role.unique_id for role in model.roles.values()}
    for owner in model.owners:
        for policy in owner.documents:
            for id in sorted(_ids_in(policy) - living):
                reason = Reason.of(Cause.UNUSED_ID, column=owner.column, id=id)
                label = model.label(owner.arn)
                yield Problem.of(
                    "configuration", owner.arn, reason, _PAGE, (), label=label, is_warning=True
                )


def _ids_in(policy: Policy) -> set[str]:
    """Return the ids among the principals of a policy."""
    ids: set[str] = set()
    for statement in policy.statements:
        if statement.readable:
            principals = statement.body.get("Principal"), statement.body.get("NotPrincipal")
            ids.update(_ID.findall(str(principals)))
    return ids
