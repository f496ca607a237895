"""Policy documents that AWS refuses, or in which it reads something else than what was meant.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from .alternatives import conditions_in, may_coexist, possible
from .causes import Cause, Reason, because
from .conditions import is_operator
from .model import Asked, Problem, Role, declared_of
from .needs import conditions_of
from .values import MARK
from .written import Body, Policy, as_list

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
# "You cannot specify a resource" in a role trust policy
# (https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html).
_PROHIBITED: Mapping[str, tuple[str, ...]] = {
    "trust": ("Resource", "NotResource"),
    "role": ("Principal", "NotPrincipal"),
}
_VERSIONS = ("2008-10-17", "2012-10-17")
_EFFECTS = ("Allow", "Deny")
_SID_OF_IAM = re.compile(r"[A-Za-z0-9]*")
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


def of_policy(kind: str, policy: Policy, reason: Reason, page: str, asks: list[Asked], **more: Any) -> Problem:
    """Return a problem of a policy, which is certain if that is there whenever somebody asks."""
    is_there = not policy.only_if or (bool(asks) and policy.only_if <= conditions_of(asks))
    declared = declared_of([policy])
    return Problem.of(kind, policy.name, reason, page, asks, declared=declared, certain=is_there, **more)


def _refused(policy: Policy, kind: str) -> Iterator[tuple[str, Reason]]:
    """Yield for what AWS refuses a whole policy, and where in it that is."""
    version = policy.document.get("Version") if isinstance(policy.document, dict) else None
    if isinstance(version, str) and "${" not in version and version not in _VERSIONS:
        yield policy.name, _value_refused("Version", version, f"one of {', '.join(_VERSIONS)}")
    for statement in policy.statements:
        if statement.readable:
            for reason in (*_elements_refused(statement.body, kind), *_values_refused(statement.body, kind)):
                yield statement.name, reason


def _elements_refused(body: Body, kind: str) -> Iterator[Reason]:
    for element in (*_REQUIRED[kind], "Effect"):
        if element not in body and f"Not{element}" not in body:
            yield because(Cause.ELEMENT_REQUIRED, element=element)
    for element in _PROHIBITED.get(kind, ()):
        if element in body:
            yield because(Cause.ELEMENT_PROHIBITED, element=element)
    for element in ("Principal", "Action", "Resource"):
        if element in body and f"Not{element}" in body:
            yield because(Cause.ELEMENTS_EXCLUSIVE, element=element)


def _values_refused(body: Body, kind: str) -> Iterator[Reason]:
    for effect in _known(body.get("Effect")):
        if effect not in _EFFECTS:
            yield _value_refused("Effect", effect, f"one of {', '.join(_EFFECTS)}")
    for action in (*_known(body.get("Action")), *_known(body.get("NotAction"))):
        if ":" not in action and action.strip("*"):
            yield _value_refused("Action", action, "it as service:action")
    condition = body.get("Condition")
    for operator in _known(list(condition) if isinstance(condition, Mapping) else None):
        if not is_operator(operator):
            yield _value_refused("condition operator", operator, "one that IAM has, as StringEquals")
    if kind != "role":
        return
    for sid in _known(body.get("Sid")):
        if not _SID_OF_IAM.fullmatch(sid):
            yield _value_refused("Sid", sid, "letters and digits alone")
    for resource in (*_known(body.get("Resource")), *_known(body.get("NotResource"))):
        if not resource.startswith("arn:") and resource.strip("*"):
            yield _value_refused("Resource", resource, "an ARN, or *")


def _value_refused(element: str, value: str, taken: str) -> Reason:
    return because(Cause.VALUE_REFUSED, element=element, value=value, taken=taken)


def _known(values: Any) -> Iterator[str]:
    """Yield the strings of an element in which nothing stands for anything else."""
    yield from (each for each in as_list(values) if isinstance(each, str) and "$" not in each)
