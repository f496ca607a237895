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
from .conditions import condition_answer
from .lists import as_list
from .model import Policy, Statement, Written
from .values import last_part, matches, open_parts, same, split, split_arn
from .variables import has_variables, with_variables

_ELEMENTS = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)


class Addressed(Enum):
    """Whom a statement of a resource's policy is about."""

    CALLER = "caller"
    """The caller itself."""
    ACCOUNT = "account"
    """The caller's account, so that IAM policies decide."""


Way = tuple[Addressed, Answer, str]
"""Whom, how surely, and what leaves it open."""

_ITSELF: list[Way] = [(Addressed.CALLER, Answer.YES, "")]
_NOTHING: list[str] = []


@dataclass(slots=True)
class Found:
    """The extent to which statements of one effect are about a call."""

    answer: Answer = Answer.NO
    by: list[Written] = field(default_factory=list)
    """The statements that say yes."""
    because: list[str] = field(default_factory=list)
    """The reason that leaves it open."""

    def add(self, answer: Answer, statement: Written, reasons: list[str]) -> None:
        """Take in what one statement says."""
        self.answer = max(self.answer, answer)
        if answer is Answer.YES:
            self.by.append(statement)
        elif answer is Answer.MAYBE:
            self.because += [f"{statement.name}: {reason}" for reason in reasons]

    def leave_open(self, reason: str) -> None:
        """Take in that there are statements which can't be seen."""
        self.answer = max(self.answer, Answer.MAYBE)
        self.because.append(reason)


@dataclass(slots=True)
class Judgement:
    """The verdict of the statements of some policies on one call."""

    caller: Found = field(default_factory=Found)
    """Allowed to the caller itself."""
    account: Found = field(default_factory=Found)
    """Allowed to the caller's account."""
    denied: Found = field(default_factory=Found)

    def leave_open(self, reason: str) -> None:
        """Take in something that may be a permission or a denial."""
        self.caller.leave_open(reason)
        self.denied.leave_open(reason)

    @property
    def allowed(self) -> Found:
        """Join both ways in which the call may be allowed."""
        return Found(
            max(self.caller.answer, self.account.answer),
            self.caller.by + self.account.by,
            self.caller.because + self.account.because,
        )


def judge(policies: list[Policy], call: Call, *, of_resource: bool, only_if: frozenset[str] = frozenset()) -> Judgement:
    """Judge a call by the policies of a resource, or by those of an identity."""
    judgement = Judgement()
    action = call.action.lower()
    for policy in policies:
        if not isinstance(policy.document, Mapping):
            judgement.leave_open(f"{policy.name} isn't known before deployment")
        for statement in policy.about(action):
            if statement.readable:
                _judge_statement(judgement, statement, call, of_resource=of_resource, only_if=only_if)
            else:
                judgement.leave_open(f"{statement.name} isn't known before deployment")
    return judgement


def _judge_statement(
    judgement: Judgement, statement: Written, call: Call, *, of_resource: bool, only_if: frozenset[str]
) -> None:
    body, policy = statement.body, statement.policy
    effect = body.get("Effect")
    ways = addressed_to(statement, call.caller, denies=effect == "Deny") if of_resource else _ITSELF
    if not ways:
        return
    about, reasons = is_about(statement, call)
    if about is Answer.NO:
        return
    if strange := body.keys() - _ELEMENTS:
        about = Answer.MAYBE
        reasons = [*reasons, f"element {', '.join(sorted(map(str, strange)))} isn't understood"]
    if open_conditions := policy.only_if - only_if:
        about = Answer.MAYBE
        reasons = [*reasons, *(f"it depends on the condition {each}" for each in sorted(open_conditions))]
    if effect not in ("Allow", "Deny"):
        about = Answer.MAYBE
        reasons = [*reasons, f"its Effect is {effect!r}"]
        judgement.denied.add(about, statement, reasons)
    for whom, answer, reason in ways:
        found = judgement.caller if whom is Addressed.CALLER else judgement.account
        found = judgement.denied if effect == "Deny" else found
        found.add(min(about, answer), statement, [*reasons, reason] if reason else reasons)


def is_about(statement: Written, call: Call) -> tuple[Answer, list[str]]:
    """Answer whether actions, resources and conditions of a statement fit a call, and what leaves it open."""
    answers: list[Answer] = [Answer.YES]
    reasons: list[str] = []
    for element, value, fold in (("Action", call.action, True), ("Resource", call.resource, False)):
        if fold and statement.only_actions is not None:
            continue  # asked before
        answer, open_elements = _element(statement.body, element, value, call, fold=fold)
        if answer is Answer.NO:
            return Answer.NO, _NOTHING
        answers.append(answer)
        reasons += open_elements
    condition = statement.body.get("Condition")
    if condition:
        answer, open_conditions = condition_answer(condition, call.context)
        answers.append(answer)
        reasons += open_conditions
    return min(answers), reasons


def _element(statement: Statement, element: str, value: str, call: Call, *, fold: bool) -> tuple[Answer, list[str]]:
    inverted = f"Not{element}"
    if element not in statement and inverted not in statement:
        # A trust policy is about its role, and has no resource.
        is_trust = element == "Resource" and call.action.startswith("sts:")
        return (Answer.YES, []) if is_trust else (Answer.MAYBE, [f"it has neither {element} nor {inverted}"])
    named = element if element in statement else inverted
    patterns = as_list(statement[named])
    if value in patterns and not has_variables(value):
        # Most often it is named as it is: no need to compare it with hundreds of others.
        return Answer.of(named == element), []
    answers, reasons = [], []
    for pattern in patterns:
        if not isinstance(pattern, str):
            answers.append(Answer.MAYBE)
            reasons.append(f"{named} isn't known before deployment")
            continue
        if has_variables(pattern):
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


def addressed_to(statement: Written, caller: Caller, *, denies: bool) -> list[Way]:
    """Return in which ways a statement of a resource's policy is about the caller, and what leaves it open."""
    ways = statement.addressed.get(caller)
    if ways is None:
        ways = statement.addressed[caller] = _addressed_to(statement.body, caller, denies=denies)
    return ways


def _addressed_to(body: Statement, caller: Caller, *, denies: bool) -> list[Way]:
    if "NotPrincipal" in body:
        return [way for way in [_all_but(body["NotPrincipal"], caller, denies=denies)] if way[1] is not Answer.NO]
    if "Principal" not in body:
        return [(Addressed.CALLER, Answer.MAYBE, "it has neither Principal nor NotPrincipal")]
    found: dict[Addressed, list[tuple[Answer, str]]] = {}
    for whom, answer, reason in _principals(body["Principal"], caller):
        if answer is not Answer.NO:
            found.setdefault(whom, []).append((answer, reason))
    return [
        (
            whom,
            max(answer for answer, _ in answers),
            "; ".join(reason for answer, reason in answers if answer is Answer.MAYBE),
        )
        for whom, answers in found.items()
    ]


def _principals(principal: Any, caller: Caller) -> Iterator[Way]:
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
                yield _way(Addressed.CALLER, same(caller.arn, name) if caller.is_service else Answer.NO, name)
            elif kind == "AWS":
                yield from _aws_principal(name, caller)
            elif kind not in ("Federated", "CanonicalUser"):
                yield Addressed.CALLER, Answer.MAYBE, f"Principal {kind} isn't understood"


def _aws_principal(name: str, caller: Caller) -> Iterator[Way]:
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
        yield _way(Addressed.CALLER, same(caller.arn, name), name)
        if parts[5] != "root":
            return
        account = parts[4]
    elif name.startswith("AROA"):
        reason = f"Principal {name} is the id of a role, maybe of one that is no more"
        known = same(caller.unique_id, name) if caller.unique_id else Answer.MAYBE
        yield Addressed.CALLER, known, reason
        return
    elif not name.isdigit() and name != caller.account:
        if open_parts(name):
            yield _way(Addressed.CALLER, Answer.MAYBE, name)
        return
    yield _way(Addressed.ACCOUNT, same(caller.account, account), name)


def _way(whom: Addressed, answer: Answer, name: str) -> Way:
    if answer is not Answer.MAYBE:
        return whom, answer, ""
    return whom, answer, f"Principal {name}: {', '.join(open_parts(name)) or 'the role'} isn't known before deployment"


def _all_but(principal: Any, caller: Caller, *, denies: bool) -> Way:
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
