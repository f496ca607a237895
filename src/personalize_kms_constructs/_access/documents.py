"""Policy documents in which AWS reads something else than what was meant."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from .alternatives import conditions_in, may_coexist, possible
from .causes import Cause, Reason, because
from .model import Asked, Problem, ProblemKind, Role, declared_of
from .needs import conditions_of
from .values import MARK
from .written import Policy

PUT_PAGE = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html"
SUB_PAGE = (
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-sub.html"
)

# Variables of IAM have a colon, or are the characters that are special in patterns.
_NOT_OF_IAM = re.compile(rf"\${MARK}\{{(?:AWS::\w+|[\w.]+)\}}")


def document_problems(policy: Policy, asks: list[Asked]) -> Iterator[Problem]:
    """Yield the statements of a policy in which a placeholder is plain text."""
    for statement in policy.statements if MARK in policy.text else ():
        if texts := tuple(dict.fromkeys(_NOT_OF_IAM.findall(json.dumps(statement.body, ensure_ascii=False)))):
            reason = because(Cause.WRITTEN_AS_TEXT, texts=texts)
            yield of_policy("configuration", policy, reason, SUB_PAGE, asks, label=statement.name, is_warning=True)


def inline_name_problems(role: Role, label: str, asks: list[Asked]) -> Iterator[Problem]:
    """Yield inline policies of a role with other statements than one of the same name, which may exist beside it."""
    inline = [each for each in role.identity if each.inline]
    for index, policy in enumerate(inline):
        rivals = ((each, _common_name(each, policy)) for each in inline[:index])
        found = next(((each, name) for each, name in rivals if name and _is_rival(each, policy)), None)
        if found is not None:
            rival, name = found
            reason = because(Cause.INLINE_NAME_TAKEN, name=name, paths=(rival.name, policy.name))
            where = declared_of((rival, policy))
            # What is lost may be of no use to Personalize.
            yield Problem.of(
                "configuration", policy.name, reason, PUT_PAGE, asks, label=label, declared=where, certain=False
            )


def _common_name(one: Policy, other: Policy) -> str:
    """Return the name that two inline policies have, or may have as conditions choose it; nothing if there is none."""
    if one.inline == other.inline:
        return one.inline
    both = [one.inline, other.inline]
    conditions = conditions_in(both)
    named = possible(both, conditions, frozenset()) if conditions else ()
    return next((names[0] for names in named if len(names) == 2 and names[0] == names[1]), "")


def _is_rival(one: Policy, other: Policy) -> bool:
    says_else = [each.body for each in one.statements] != [each.body for each in other.statements]
    return says_else and may_coexist(one.only_if, other.only_if)


def of_policy(kind: ProblemKind, policy: Policy, reason: Reason, page: str, asks: list[Asked], **more: Any) -> Problem:
    """Return a problem of a policy, which is certain if that is there whenever somebody asks."""
    is_there = not policy.only_if or (bool(asks) and policy.only_if <= conditions_of(asks))
    declared = declared_of([policy])
    return Problem.of(kind, policy.name, reason, page, asks, declared=declared, certain=is_there, **more)
