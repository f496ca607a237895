"""Roles that have the same name."""

from __future__ import annotations

from collections.abc import Sequence

from ..access.model import AccessModel, OpenQuestion, Problem
from ..access.values import account_of, has_unknown
from .physical import Resource

# "Names are not distinguished by case" and "must be unique within the account":
_PAGE = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html"


def add_roles_of_one_name(model: AccessModel, arn: str, found: Sequence[Resource]) -> None:
    """Put into the model what comes of them: within one account, the deployment fails if more than one is made.

    Stacks that don't say their accounts may be for different ones; then it isn't known which policies are whose.
    """
    first, *others = found
    is_one_account = not has_unknown(account_of(arn)) or len({each.stack.top for each in found}) < len(found)
    if is_one_account and len([each for each in found if not each.only_if]) > 1:
        paths = " and ".join(each.path for each in found)
        message = f"{paths} have one role name, which an account takes once: give each its own, or share one role"
        model.problems.append(Problem("configuration", message, first.path, first.declared, _PAGE))
        return
    apart = "give each its own name"
    if not is_one_account:
        apart = "give the stacks their accounts by env, or put them into stages"
    because = f"{', '.join(each.path for each in others)} has the same name, so that it isn't known whose policies are "
    model.open_questions.append(OpenQuestion(first.path, f"{because}whose: {apart}", first.declared))
