"""Policy documents that AWS refuses, or in which it reads something else than what was meant.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from .answers import Answer
from .calls import Call, Caller
from .causes import Cause, Reason, because
from .conditions import is_operator
from .model import Asked, Problem, ProblemKind, Role, declared_of
from .statements import judge
from .values import MARK, unknown
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
# The strings that AWS takes in elements, and IAM, in words too.
_TAKEN = (
    (("Effect",), re.compile("Allow|Deny"), "one of Allow, Deny"),
    (("Action", "NotAction"), re.compile(r".*:.*|\**", re.DOTALL), "it as service:action"),
)
_TAKEN_BY_IAM = (
    (("Sid",), re.compile("[A-Za-z0-9]*"), "letters and digits alone"),
    (("Resource", "NotResource"), re.compile(r"arn:.*|\**", re.DOTALL), "an ARN, or *"),
)
_WITH_UNIQUE_SIDS = ("bucket", "role")
# Variables of IAM have a colon, or are the characters that are special in patterns.
_NOT_OF_IAM = re.compile(rf"\${MARK}\{{(?:AWS::\w+|[\w.]+)\}}")


def document_problems(policy: Policy, kind: str, asks: list[Asked]) -> Iterator[Problem]:
    """Yield what is wrong with the document of a policy of a key, a bucket or a role, or with its trust policy."""
    for subject, reason in _refused(policy, kind):
        yield of_policy("configuration", policy, reason, GRAMMAR_PAGE, asks, label=subject)
    for statement in policy.statements if MARK in policy.text else ():
        if texts := tuple(dict.fromkeys(_NOT_OF_IAM.findall(json.dumps(statement.body, ensure_ascii=False)))):
            reason = because(Cause.WRITTEN_AS_TEXT, texts=texts)
            yield of_policy("configuration", policy, reason, SUB_PAGE, asks, label=statement.name, is_warning=True)
    if kind in _WITH_UNIQUE_SIDS:
        bodies = [each.body for each in policy.statements if each.readable and not each.condition]
        sids = Counter(body["Sid"] for body in bodies if isinstance(body.get("Sid"), str))
        for sid, times in sids.items():
            if times > 1:
                yield of_policy("configuration", policy, because(Cause.REPEATED_SID, sid=sid, times=times), "", asks)


def locks_out(policy: Policy) -> bool:
    """Report whether a key policy allows nobody to change it, whatever its conditions mean."""
    call = Call(Caller(unknown("principal"), unknown("account"), ""), "kms:PutKeyPolicy", unknown("key"), "", "")
    call.context = {}
    return judge([policy], call, of_resource=True).allowed.answer is Answer.NO


def inline_name_problems(role: Role, label: str, asks: list[Asked]) -> Iterator[Problem]:
    """Yield inline policies of a role with other statements than one of the same name; both are there in any case."""
    inline = [each for each in role.identity if each.inline and not each.condition]
    for index, policy in enumerate(inline):
        rival = next((each for each in inline[:index] if _is_rival(each, policy)), None)
        if rival is not None:
            reason = because(Cause.INLINE_NAME_TAKEN, name=policy.inline, paths=(rival.name, policy.name))
            where = declared_of((rival, policy))
            # What is lost may be of no use to Personalize.
            yield Problem.of(
                "configuration", policy.name, reason, PUT_PAGE, asks, label=label, declared=where, certain=False
            )


def _is_rival(one: Policy, other: Policy) -> bool:
    says_else = [each.body for each in one.statements] != [each.body for each in other.statements]
    return says_else and one.inline == other.inline


def of_policy(kind: ProblemKind, policy: Policy, reason: Reason, page: str, asks: list[Asked], **more: Any) -> Problem:
    """Return a problem of a policy, which is certain if that is there in any case."""
    declared = declared_of([policy])
    return Problem.of(kind, policy.name, reason, page, asks, declared=declared, certain=not policy.condition, **more)


def _refused(policy: Policy, kind: str) -> Iterator[tuple[str, Reason]]:
    """Yield for what AWS refuses a whole policy, and where in it that is."""
    version = policy.document.get("Version") if isinstance(policy.document, dict) else None
    if isinstance(version, str) and "${" not in version and version not in _VERSIONS:
        taken = f"one of {', '.join(_VERSIONS)}"
        yield policy.name, because(Cause.VALUE_REFUSED, element="Version", value=version, taken=taken)
    for statement in policy.statements:
        if statement.readable and not statement.condition:
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
    for elements, pattern, taken in _TAKEN + (_TAKEN_BY_IAM if kind == "role" else ()):
        for value in (each for element in elements for each in as_list(body.get(element))):
            if isinstance(value, str) and "$" not in value and not pattern.fullmatch(value):
                yield because(Cause.VALUE_REFUSED, element=elements[0], value=value, taken=taken)
    condition = body.get("Condition")
    for operator in condition if isinstance(condition, dict) else ():
        if "$" not in operator and not is_operator(operator):
            taken = "one that IAM has, as StringEquals"
            yield because(Cause.VALUE_REFUSED, element="condition operator", value=operator, taken=taken)
