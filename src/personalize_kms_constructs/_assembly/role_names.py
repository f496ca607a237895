"""Names of roles and of their policies: those that IAM refuses, and those that several have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .._access.accepted import is_role_name
from .._access.aws_managed_policies import meant_by
from .._access.causes import Cause, Reason, because
from .._access.model import AccessModel, OpenQuestion, Problem
from .._access.values import has_unknown, without_case
from .._access.written import as_list
from .physical import role_arn, role_name
from .stacks import Resource

# "Names are not distinguished by case" and "must be unique within the account":
_PAGE = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html"


def role_name_problems(role: Resource) -> Iterator[Problem]:
    """Yield that IAM refuses the name of a role or of AWS's policy, whatever is known only at deployment."""
    name = role.text("RoleName")
    reasons = [because(Cause.ROLE_NAME_REFUSED, name=name)] if name and not is_role_name(name) else []
    for arn in map(str, (*as_list(role.get("ManagedPolicyArns")), role.get("PermissionsBoundary"))):
        reasons += [because(Cause.NOT_OF_AWS, arn=arn, meant=meant)] if (meant := meant_by(arn)) else []
    for reason in reasons:
        yield Problem("configuration", role_arn(role), reason, role.path, _PAGE, declared=(role.declared,))


def name_in_account(role: Resource) -> tuple[str, str]:
    """Return what only one role can have: its account, and its name in lower case."""
    return role.stack.template.account, without_case(role_name(role))


def add_roles_of_one_name(model: AccessModel, role: Resource, found: Sequence[Resource]) -> str:
    """Put into the model what comes of a role's having the name of others; return what isn't known because of it.

    Within one account, the deployment fails if more than one is made. Stacks that don't say their accounts may be for
    different ones; then it isn't known which policies are whose.
    """
    others = ", ".join(each.path for each in found if each is not role)
    because = f"{others} has the same name, so that it isn't known whose policies are whose"
    together = _made_in_one_account(found)
    if together:
        paths = " and ".join(each.path for each in together)
        first = together[0]
        cause = Cause.ROLE_NAME_TAKEN if len({role_arn(each) for each in together}) == 1 else Cause.ROLE_NAME_ALIKE
        reason = Reason(cause, {"paths": paths})
        where = tuple(each.path for each in together)
        declared = tuple(each.declared for each in together)
        model.problems.append(Problem("configuration", role_arn(first), reason, first.path, _PAGE, where, declared))
    if role not in together:
        apart = "give each its own name"
        if len({each.stack.top for each in found}) == len(found) and has_unknown(role.stack.template.account):
            apart = "give the stacks their accounts by env, or put them into stages"
        model.open_questions.append(OpenQuestion(role.path, f"{because}: {apart}", role.declared, asks=()))
    return because


def _made_in_one_account(found: Sequence[Resource]) -> list[Resource]:
    """Return those that are made whatever the parameters are, if they are more than one."""
    made: dict[object, list[Resource]] = {}
    for each in found:
        if not each.only_if:
            # What isn't known is one value in a stack, but in two stacks the Region for example need not be.
            account, name = each.stack.template.account, role_name(each)
            made.setdefault(each.stack.top if has_unknown(account + name) else account, []).append(each)
    return next((each for each in made.values() if len(each) > 1), [])
