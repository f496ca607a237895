"""Statements of policies: which of them are about a call, and for whom.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from .answers import Answer, all_of, any_of
from .calls import Call, Caller
from .conditions import condition_answer, with_variables
from .lists import as_list
from .model import Policy, Statement
from .values import last_part, matches, open_parts, same, split, split_arn

_ELEMENTS = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)


class Addressed(Enum):
    """Whom a statement of a resource's policy is about."""

    CALLER = "caller"
    """The caller itself."""
    ACCOUNT = "account"
    """The caller's account, so that IAM policies decide."""


@dataclass
class Found:
    """How far statements of one effect are about a call."""

    answer: Answer = Answer.NO
    by: list[Policy] = field(default_factory=list)
    """The policies that say yes."""
    sids: list[str] = field(default_factory=list)
    """Their statements, for messages."""
    because: list[str] = field(default_factory=list)
    """What leaves it open."""

    def add(self, answer: Answer, policy: Policy, name: str, reasons: list[str]) -> None:
        """Take in what one statement says."""
        self.answer = any_of((self.answer, answer))
        if answer is Answer.YES:
            self.by.append(policy)
            self.sids.append(name)
        elif answer is Answer.MAYBE:
            self.because += [f"{name}: {reason}" for reason in reasons]

    def leave_open(self, reason: str) -> None:
        """Take in that there are statements which can't be seen."""
        self.answer = any_of((self.answer, Answer.MAYBE))
        self.because.append(reason)


@dataclass
class Judgement:
    """What the statements of some policies say of one call."""

    caller: Found = field(default_factory=Found)
    """Allowed to the caller itself."""
    account: Found = field(default_factory=Found)
    """Allowed to the caller's account."""
    denied: Found = field(default_factory=Found)

    @property
    def allowed(self) -> Found:
        """What is allowed in one way or the other."""
        both = Found(any_of((self.caller.answer, self.account.answer)))
        for each in (self.caller, self.account):
            both.by += each.by
            both.sids += each.sids
            both.because += each.because
        return both


def statements_of(policy: Policy) -> list[Any]:
    """Return the statements of a policy."""
    return as_list(policy.document.get("Statement")) if isinstance(policy.document, Mapping) else []


def name_of(policy: Policy, index: int, statement: Statement) -> str:
    """Return what people can find a statement by."""
    sid = statement.get("Sid") if isinstance(statement, Mapping) else None
    return f"statement {sid if isinstance(sid, str) else f'number {index + 1}'} of {policy.name}"


def judge(policies: list[Policy], call: Call, *, of_resource: bool, only_if: str = "") -> Judgement:
    """Judge a call by the policies of a resource, or by those of an identity."""
    judgement = Judgement()
    for policy in policies:
        if not isinstance(policy.document, Mapping):
            judgement.caller.leave_open(f"{policy.name} isn't known before deployment")
            continue
        for index, statement in enumerate(statements_of(policy)):
            name = name_of(policy, index, statement)
            if not isinstance(statement, Mapping):
                judgement.caller.leave_open(f"{name} isn't known before deployment")
                judgement.denied.leave_open(f"{name} isn't known before deployment")
                continue
            _judge_statement(judgement, policy, name, statement, call, of_resource=of_resource, only_if=only_if)
    return judgement


def _judge_statement(
    judgement: Judgement,
    policy: Policy,
    name: str,
    statement: Statement,
    call: Call,
    *,
    of_resource: bool,
    only_if: str,
) -> None:
    about, reasons = is_about(statement, call)
    if about is Answer.NO:
        return
    effect = statement.get("Effect")
    addressed = [(Addressed.CALLER, Answer.YES, "")]
    if of_resource:
        addressed = list(addressed_to(statement, call.caller, denies=effect == "Deny"))
    for whom, answer, reason in addressed:
        answers = [about, answer]
        why = [*reasons, *([reason] if reason else [])]
        if strange := [element for element in statement if element not in _ELEMENTS]:
            answers.append(Answer.MAYBE)
            why.append(f"element {', '.join(map(str, strange))} isn't understood")
        if policy.only_if and policy.only_if != only_if:
            answers.append(Answer.MAYBE)
            why.append(f"it depends on the condition {policy.only_if}")
        found = judgement.caller if whom is Addressed.CALLER else judgement.account
        if effect not in ("Allow", "Deny"):
            answers.append(Answer.MAYBE)
            why.append(f"its Effect is {effect!r}")
            judgement.denied.add(all_of(answers), policy, name, why)
        elif effect == "Deny":
            found = judgement.denied
        found.add(all_of(answers), policy, name, why)


def is_about(statement: Statement, call: Call) -> tuple[Answer, list[str]]:
    """Answer whether actions, resources and conditions of a statement fit a call, and what leaves it open."""
    answers, reasons = [], []
    for element, value, fold in (("Action", call.action, True), ("Resource", call.resource, False)):
        answer, reason = _element(statement, element, value, call, fold=fold)
        if answer is Answer.NO:
            return Answer.NO, []
        answers.append(answer)
        reasons += reason
    answer, open_conditions = condition_answer(statement.get("Condition"), call.context)
    return all_of((*answers, answer)), [*reasons, *open_conditions]


def _element(statement: Statement, element: str, value: str, call: Call, *, fold: bool) -> tuple[Answer, list[str]]:
    inverted = f"Not{element}"
    if element not in statement and inverted not in statement:
        # A trust policy is about its role, and has no resource.
        is_trust = element == "Resource" and call.action.startswith("sts:")
        return (Answer.YES, []) if is_trust else (Answer.MAYBE, [f"it has neither {element} nor {inverted}"])
    named = element if element in statement else inverted
    answers, reasons = [], []
    for pattern in as_list(statement[named]):
        if not isinstance(pattern, str):
            answers.append(Answer.MAYBE)
            reasons.append(f"{named} isn't known before deployment")
            continue
        pattern = with_variables(pattern, call.context)
        answer = matches(value.lower(), pattern.lower()) if fold else matches(value, pattern)
        answers.append(answer)
        if answer is Answer.MAYBE:
            reasons.append(_open_pattern(named, pattern))
    answer = any_of(answers)
    if named == inverted:
        answer = ~answer
    return answer, reasons if answer is Answer.MAYBE else []


def _open_pattern(element: str, pattern: str) -> str:
    parts = open_parts(pattern)
    if parts:
        return f"{element} {pattern}: {', '.join(parts)} isn't known before deployment"
    return f"{element} {pattern} is about a part of what is needed, and which part Personalize uses isn't documented"


def addressed_to(statement: Statement, caller: Caller, *, denies: bool) -> Iterator[tuple[Addressed, Answer, str]]:
    """Yield in which ways a statement of a resource's policy is about the caller, and what leaves it open."""
    if "NotPrincipal" in statement:
        yield _all_but(statement["NotPrincipal"], caller, denies=denies)
        return
    if "Principal" not in statement:
        yield Addressed.CALLER, Answer.MAYBE, "it has neither Principal nor NotPrincipal"
        return
    answers: dict[Addressed, list[tuple[Answer, str]]] = {}
    for whom, answer, reason in _principals(statement["Principal"], caller):
        answers.setdefault(whom, []).append((answer, reason))
    for whom, found in answers.items():
        answer = any_of(each for each, _ in found)
        if answer is not Answer.NO:
            yield whom, answer, "; ".join(reason for each, reason in found if each is Answer.MAYBE)


def _principals(principal: Any, caller: Caller) -> Iterator[tuple[Addressed, Answer, str]]:
    if principal == "*":
        yield Addressed.CALLER, Answer.YES, ""
        return
    if not isinstance(principal, Mapping):
        yield Addressed.CALLER, Answer.MAYBE, "Principal isn't known before deployment"
        return
    for kind, names in principal.items():
        for name in as_list(names):
            if not isinstance(name, str):
                yield Addressed.CALLER, Answer.MAYBE, "Principal isn't known before deployment"
            elif kind == "Service":
                answer = same(caller.arn, name) if caller.is_service else Answer.NO
                yield Addressed.CALLER, answer, _open_principal(name)
            elif kind == "AWS":
                yield from _aws_principal(name, caller)
            elif kind not in ("Federated", "CanonicalUser"):
                yield Addressed.CALLER, Answer.MAYBE, f"Principal {kind} isn't understood"


def _aws_principal(name: str, caller: Caller) -> Iterator[tuple[Addressed, Answer, str]]:
    if name == "*":
        yield Addressed.CALLER, Answer.YES, ""
        return
    if caller.is_service:
        return
    account = name
    if parts := split_arn(name):
        if parts[2] == "sts" and parts[5].startswith("assumed-role/"):
            role_name = split(parts[5], "/")[1]
            named = all_of((same(caller.account, parts[4]), same(last_part(caller.arn), role_name)))
            answer = Answer.NO if named is Answer.NO else Answer.MAYBE
            yield Addressed.CALLER, answer, f"Principal {name}: which session Personalize has isn't documented"
            return
        yield Addressed.CALLER, same(caller.arn, name), _open_principal(name)
        if parts[5] != "root":
            return
        account = parts[4]
    elif name.startswith("AROA"):
        reason = f"Principal {name} is the id of a role, maybe of one that is no more"
        known = same(caller.unique_id, name) if caller.unique_id else Answer.MAYBE
        yield Addressed.CALLER, known, reason
        return
    elif not name.isdigit():
        if open_parts(name):
            yield Addressed.CALLER, Answer.MAYBE, _open_principal(name)
        return
    yield Addressed.ACCOUNT, same(caller.account, account), _open_principal(name)


def _open_principal(name: str) -> str:
    return f"Principal {name}: {', '.join(open_parts(name)) or 'the role'} isn't known before deployment"


def _all_but(principal: Any, caller: Caller, *, denies: bool) -> tuple[Addressed, Answer, str]:
    """Answer for ``NotPrincipal``.

    A denial spares a role only if its session, the role and the account are named, and the session that Personalize
    has isn't documented
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html).
    """
    listed = [(whom, answer) for whom, answer, _ in _principals(principal, caller) if answer is not Answer.NO]
    if not listed:
        return Addressed.CALLER, Answer.YES, ""
    certain = caller.is_service and any(answer is Answer.YES for _, answer in listed)
    if certain or (not denies and (Addressed.CALLER, Answer.YES) in listed):
        return Addressed.CALLER, Answer.NO, ""
    return Addressed.CALLER, Answer.MAYBE, "NotPrincipal names the role or its account, but not its session"
