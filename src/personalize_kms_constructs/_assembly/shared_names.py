"""Names that several resources have: buckets and their policies, roles, and resources of Personalize.

What isn't known is one value in a stack and those nested in it, and may be two in two: the Region for example.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from .._access.accepted import is_role_name
from .._access.aws_managed_policies import meant_by
from .._access.causes import Cause, Reason, because
from .._access.model import AccessModel, OpenQuestion, Problem
from .._access.values import has_unknown, without_case
from ..matrix import IMPORT_PAGE
from . import physical
from .choices import items_of
from .physical import nearest, role_arn, role_name
from .stacks import Resource, Stack
from .templates import Unread, noted

# "Names are not distinguished by case" and "must be unique within the account":
_IAM_PAGE = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html"
# What has an ARN of account, Region and name alone:
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonpersonalize.html
_KINDS = {
    physical.DATASET_GROUP: "dataset group",
    physical.SCHEMA: "schema",
    physical.SOLUTION: "solution",
    physical.DATASET: "dataset import job",
}
_CREATE_PAGE = "https://docs.aws.amazon.com/personalize/latest/dg/API_Create{call}.html"


def one_of_each_deployment(name: str, found: Iterable[Resource]) -> list[Resource]:
    """Return the first bucket of a name, or of each stack where not all of the name is known, and of each condition."""
    apart: dict[tuple[Stack | None, str], Resource] = {}
    for each in found:
        apart.setdefault((each.stack.top if has_unknown(name) else None, each.condition), each)
    return list(apart.values())


def bucket_policy_problems(
    arn: str, name: str, policies: Iterable[Resource], buckets: list[Resource]
) -> Iterator[Problem]:
    """Yield the buckets of a name that have more than one policy, those left out that aren't made at once."""
    by_owner: dict[tuple[str, Stack | None], list[Resource]] = {}
    for each in policies:
        of_stack = each.stack.top if has_unknown(name) else None
        owner = (nearest(buckets, each.stack).path, None) if buckets else (arn, of_stack)
        by_owner.setdefault(owner, []).append(each)
    for (label, _), own in by_owner.items():
        rivals = [each for each in own if not each.condition]
        if len(rivals) > 1:
            paths = " and ".join(sorted(each.path for each in rivals))
            reason = because(Cause.BUCKET_POLICIES, number=len(rivals), paths=paths)
            yield Problem("configuration", arn, reason, label, IMPORT_PAGE, declared=(rivals[-1].declared,))


def not_told_apart(others: Iterable[Resource]) -> str:
    """Return the reason why policy and key of a bucket can't be seen: other buckets have its name."""
    paths = ", ".join(each.path for each in others)
    apart = "which of them is made depends on conditions: pass their parameters"
    if not any(each.condition for each in others):
        apart = "set the account and Region of each stack by env"
    return paths and f"{paths} has the same name, so it isn't known whose policies and keys are whose: {apart}"


def role_name_problems(role: Resource) -> Iterator[Problem]:
    """Yield that IAM refuses the name of a role or of AWS's policy, whatever is known only at deployment."""
    name = role.text("RoleName")
    reasons = [because(Cause.ROLE_NAME_REFUSED, name=name)] if name and not is_role_name(name) else []
    arns = [role.get("ManagedPolicyArns"), role.get("PermissionsBoundary")]
    for arn in (str(item.value) for item in items_of(arns) if not item.position.condition):
        reasons += [because(Cause.NOT_OF_AWS, arn=arn, meant=meant)] if (meant := meant_by(arn)) else []
    for reason in reasons:
        yield Problem("configuration", role_arn(role), reason, role.path, _IAM_PAGE, declared=(role.declared,))


def name_in_account(role: Resource) -> tuple[str, str]:
    """Return what only one role can have: its account, and its name in lower case."""
    return role.stack.template.account, without_case(role_name(role))


def add_roles_of_one_name(model: AccessModel, role: Resource, found: Sequence[Resource]) -> str:
    """Put into the model what comes of a role's having the name of others; return what isn't known because of it.

    Within one account, the deployment fails if more than one is made. Stacks that don't say their accounts may be for
    different ones; then it isn't known which policies are whose.
    """
    others = ", ".join(each.path for each in found if each is not role)
    because = f"{others} has the same name, so it isn't known whose policies are whose"
    together = _made_in_one_account(found)
    if together:
        paths = " and ".join(each.path for each in together)
        first = together[0]
        reason = Reason(Cause.ROLE_NAME_TAKEN, {"paths": paths})
        where = tuple(each.path for each in together)
        declared = tuple(each.declared for each in together)
        model.problems.append(Problem("configuration", role_arn(first), reason, first.path, _IAM_PAGE, where, declared))
    if role not in together:
        apart = "name each differently"
        if len({each.stack.top for each in found}) == len(found) and has_unknown(role.stack.template.account):
            apart = "set the account of each stack by env, or put them into stages"
        model.open_questions.append(OpenQuestion(role.path, f"{because}: {apart}", role.declared, asks=()))
    return because


def _made_in_one_account(found: Sequence[Resource]) -> list[Resource]:
    """Return those that are made whatever the parameters are, if they are more than one."""
    made: dict[object, list[Resource]] = {}
    for each in found:
        if not each.condition:
            account, name = each.stack.template.account, role_name(each)
            made.setdefault(each.stack.top if has_unknown(account + name) else account, []).append(each)
    return next((each for each in made.values() if len(each) > 1), [])


def taken_names(resources: Iterable[Resource], unread: list[Unread]) -> Iterator[Problem]:
    """Yield each resource of an app and its stages that has the name of an earlier one, made in any case."""
    found: dict[tuple[str, ...], list[Resource]] = {}
    users: dict[str, list[str]] = {}
    for resource in resources:
        if resource.type in _KINDS:
            with noted(unread, resource.stack.template):
                found.setdefault(_one_of_a_name(resource), []).append(resource)
                if resource.type == physical.DATASET:
                    users.setdefault(resource.text("SchemaArn") or "", []).append(resource.path)
    for (type, name, *_), of_one_name in found.items():
        rival, *others = [each for each in of_one_name if not each.condition] or of_one_name[:1]
        for resource in others:
            kind, paths = _KINDS[type], (rival.path, resource.path)
            datasets = users.get(physical.schema_arn(resource), ()) if type == physical.SCHEMA else ()
            yield Problem(
                "configuration",
                resource.path,
                because(Cause.NAME_TAKEN, name=name, kind=kind, paths=paths),
                page=_CREATE_PAGE.format(call=kind.title().replace(" ", "")),
                needed_by=(*paths, *datasets),
                declared=(rival.declared, resource.declared),
            )


def _one_of_a_name(resource: Resource) -> tuple[str, ...]:
    """Return what only one resource can have: its type, its name, and where it is."""
    name = resource.name_in("Name")
    if resource.type == physical.DATASET:
        # A dataset itself has its dataset group and its type in the place of a name.
        job = resource.get("DatasetImportJob")
        given = job.get("JobName") if isinstance(job, dict) else None
        name = given if isinstance(given, str) else resource.generated_id
    top = resource.stack.top.template
    found = (resource.type, name, top.account, top.region)
    return (*found, str(top.path)) if has_unknown("".join(found)) else found
