"""Names of several resources: of buckets and their policies, and of roles.

An unknown value, for example a Region, is one value in a stack and the stacks nested in it. In
another stack it may be another value.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .._model.causes import Cause, Reason
from .._model.finding import Finding
from .._shared.values import has_unknown, split_arn, without_case
from .._templates import physical
from .._templates.files import AssemblyError
from .._templates.physical import nearest, role_name
from .._templates.stacks import Resource
from ..matrix import IMPORT_PAGE

_KINDS = {physical.BUCKET: "bucket", physical.ROLE: "role"}


def raise_for_two_deployments(resources: Iterable[Resource]) -> None:
    """Raise an error if two templates make a bucket or a role of one name, without a condition."""
    by_name: dict[tuple[str, str], Resource] = {}
    for resource in resources:
        if resource.type not in _KINDS or resource.stack.parent is not None or resource.condition:
            continue
        name = physical.attribute(resource, physical.REF)
        other = by_name.setdefault((resource.type, name.lower()), resource)
        if other.stack is resource.stack or "${" in name:
            continue
        templates = (other.stack.template, resource.stack.template)
        if any(template.speaks_of_personalize for template in templates):
            files = " and ".join(str(template.path) for template in templates)
            raise AssemblyError(
                f"{files} both make the {_KINDS[resource.type]} {name}, so they aren't deployed "
                "together: check each in a run of its own"
            )


def bucket_policy_problems(
    arn: str, resources: Iterable[Resource], buckets: list[Resource]
) -> list[Finding]:
    """Return a problem if the first bucket of a name has several policies at once."""
    # Under a condition another policy may be left out.
    rivals = [resource for resource in resources if not resource.condition]
    if has_unknown((split_arn(arn) or [arn])[-1]):
        rivals = [resource for resource in rivals if resource.stack.top is rivals[0].stack.top]
    if len(rivals) < 2:
        return []
    label = nearest(buckets, rivals[0].stack).path if buckets else arn
    paths = " and ".join(sorted(resource.path for resource in rivals))
    reason = Reason.of(Cause.BUCKET_POLICIES, number=len(rivals), paths=paths)
    problem = Finding(
        kind="configuration",
        subject=arn,
        label=label,
        reason=reason,
        page=IMPORT_PAGE,
        places=(rivals[-1].declared,),
    )
    return [problem]


def name_in_account(role: Resource) -> str:
    """Return the account and the name of a role in lower case, which no two roles can share."""
    return f"{role.stack.account}/{without_case(role_name(role))}"


def not_told_apart(resource: Resource, of_this_name: Sequence[Resource]) -> str:
    """Return the reason why others of its name hide the policies of a bucket or a role."""
    others = [other for other in of_this_name if other is not resource]
    if not others:
        return ""
    apart = "name each differently, or set the env of each stack"
    if any(other.condition for other in of_this_name):
        apart = "which of them is made depends on conditions: pass their parameters"
    names = ", ".join(other.path for other in others)
    return f"{names} has the same name, so it isn't known whose policies are whose: {apart}"
