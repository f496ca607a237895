"""Policy documents that AWS refuses, or in which it reads something else than what was meant.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from .causes import Cause, Reason, because
from .model import Asked, Problem, Role, declared_of
from .needs import conditions_of
from .values import MARK
from .written import Policy, Written

GRAMMAR_PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html"
PUT_PAGE = "https://docs.aws.amazon.com/IAM/latest/APIReference/API_PutRolePolicy.html"
SUB_PAGE = (
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-sub.html"
)

# KMS takes statements without Action or Resource, which have no effect
# (https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html).
_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "key": ("Principal",),
    "bucket": ("Principal", "Action", "Resource"),
    "trust": ("Principal", "Action"),
    "role": ("Action", "Resource"),
}
_VERSIONS = ("2008-10-17", "2012-10-17")
_EFFECTS = ("Allow", "Deny")
_WITH_UNIQUE_SIDS = ("bucket", "role")
# Variables of IAM have a colon, or are the characters that are special in patterns.
_NOT_OF_IAM = re.compile(rf"\${MARK}\{{(?:AWS::\w+|[\w.]+)\}}")


def document_problems(policy: Policy, kind: str, asks: list[Asked]) -> Iterator[Problem]:
    """Yield what is wrong with the document of a policy of a key, a bucket or a role, or with its trust policy."""
    for subject, reason in _refused(policy, kind):
        yield of_policy("configuration", policy, reason, GRAMMAR_PAGE, asks, label=subject)
    for statement in policy.statements:
        if texts := tuple(dict.fromkeys(_NOT_OF_IAM.findall(json.dumps(statement.body, ensure_ascii=False)))):
            reason = because(Cause.WRITTEN_AS_TEXT, texts=texts)
            yield of_policy("configuration", policy, reason, SUB_PAGE, asks, label=statement.name, is_warning=True)
    if kind in _WITH_UNIQUE_SIDS:
        sids = Counter(each.body["Sid"] for each in policy.statements if each.has_text("Sid"))
        for sid, times in sids.items():
            if times > 1:
                yield of_policy("configuration", policy, because(Cause.REPEATED_SID, sid=sid, times=times), "", asks)


def inline_name_problems(role: Role, label: str, asks: list[Asked]) -> Iterator[Problem]:
    """Yield inline policies of a role with other statements than one of the same name, which may exist beside it."""
    found: dict[str, list[Policy]] = {}
    for policy in role.identity:
        if policy.inline:
            before = found.setdefault(policy.inline, [])
            rival = next((each for each in before if _is_rival(each, policy)), None)
            before.append(policy)
            if rival is not None:
                reason = because(Cause.INLINE_NAME_TAKEN, name=policy.inline, paths=(rival.name, policy.name))
                where = declared_of((rival, policy))
                # What is lost may be of no use to Personalize.
                yield Problem.of(
                    "configuration", policy.name, reason, PUT_PAGE, asks, label=label, declared=where, certain=False
                )


def _is_rival(one: Policy, other: Policy) -> bool:
    says_else = [each.body for each in one.statements] != [each.body for each in other.statements]
    return says_else and (one.only_if <= other.only_if or other.only_if <= one.only_if)


def of_policy(kind: str, policy: Policy, reason: Reason, page: str, asks: list[Asked], **more: Any) -> Problem:
    """Return a problem of a policy, which is certain if that is there whenever somebody asks."""
    is_there = not policy.only_if or (bool(asks) and policy.only_if <= conditions_of(asks))
    declared = declared_of([policy])
    return Problem.of(kind, policy.name, reason, page, asks, declared=declared, certain=is_there, **more)


def _refused(policy: Policy, kind: str) -> Iterator[tuple[str, Reason]]:
    """Yield for what AWS refuses a whole policy, and where in it that is."""
    version = policy.document.get("Version") if isinstance(policy.document, dict) else None
    if isinstance(version, str) and "${" not in version and version not in _VERSIONS:
        yield policy.name, because(Cause.VALUE_REFUSED, element="Version", value=version, taken=_VERSIONS)
    for statement in policy.statements:
        if statement.readable:
            yield from ((statement.name, each) for each in _refused_of(statement, kind))


def _refused_of(statement: Written, kind: str) -> Iterator[Reason]:
    body = statement.body
    for element in (*_REQUIRED[kind], "Effect"):
        if element not in body and f"Not{element}" not in body:
            yield because(Cause.ELEMENT_REQUIRED, element=element)
    effect = body.get("Effect")
    if isinstance(effect, str) and "${" not in effect and effect not in _EFFECTS:
        yield because(Cause.VALUE_REFUSED, element="Effect", value=effect, taken=_EFFECTS)
    if kind == "role":
        for element in body.keys() & {"Principal", "NotPrincipal"}:
            yield because(Cause.ELEMENT_PROHIBITED, element=element)
