"""Statements of policies: which of them are about a call.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from .answers import Answer, any_of
from .calls import Call
from .conditions import condition_answer
from .lists import as_list
from .model import Policy, Statement, Written
from .principals import Addressed, Way, addressed_to
from .values import matches, open_parts
from .variables import has_variables, with_variables

_ELEMENTS = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)

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
    elements = [("Resource", call.resource)]
    if statement.only_actions is None:
        # Of statements that name their actions, ``Policy.about`` returns those alone that name this one.
        elements = [("Action", call.action), *elements]
    for element, value in elements:
        answer, open_elements = _element(statement.body, element, value, call)
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


def _element(statement: Statement, element: str, value: str, call: Call) -> tuple[Answer, list[str]]:
    """Answer whether ``Action`` or ``Resource``, or its opposite, is about a value, and what leaves it open."""
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
        # The case of actions doesn't matter.
        answer = matches(value.lower(), pattern.lower()) if element == "Action" else matches(value, pattern)
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
