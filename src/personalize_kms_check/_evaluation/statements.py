"""Statements of policies: which of them are about a call.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from .._model.causes import Cause, Reason, unknown_element
from .._model.policy_documents import (
    Body,
    Policy,
    PolicyStatement,
    as_list,
    has_variables,
    with_variables,
)
from .._shared.answers import Answer, all_of, any_of
from .._shared.values import has_unknown, matches, same, split, split_arn, told_apart_by
from .addressees import Addressee, Way, addressed_to
from .calls import Call
from .conditions import condition_answer

PRINCIPALS = frozenset({"Principal", "NotPrincipal"})
_ACTIONS_AND_RESOURCES = frozenset({"Action", "NotAction", "Resource", "NotResource"})
_ELEMENTS = PRINCIPALS | _ACTIONS_AND_RESOURCES | {"Sid", "Effect", "Condition"}
_ITSELF = [Way(Addressee.CALLER, Answer.YES)]


class Match(NamedTuple):
    """The extent to which statements of one effect are about a call."""

    answer: Answer = Answer.NO
    by: tuple[PolicyStatement, ...] = ()
    """The statements behind a yes."""
    doubts: tuple[Reason, ...] = ()
    """The reasons for an open answer."""

    @staticmethod
    def unseen(doubt: Reason) -> Match:
        return Match(Answer.MAYBE, doubts=(doubt,))

    def __or__(self, other: Match) -> Match:
        if other.answer is Answer.NO:
            return self
        if self.answer is Answer.NO:
            return other
        answer = max(self.answer, other.answer)
        return Match(answer, self.by + other.by, self.doubts + other.doubts)


_NO_MATCH = Match()


class Verdict(NamedTuple):
    """The verdict of the statements of some policies on one call."""

    caller: Match = _NO_MATCH
    """Allowed to the caller by its name."""
    session: Match = _NO_MATCH
    """Allowed to the caller's session, which no permissions boundary limits."""
    everybody: Match = _NO_MATCH
    """Allowed to everybody."""
    account: Match = _NO_MATCH
    """Allowed to the caller's account."""
    denied: Match = _NO_MATCH

    @property
    def itself(self) -> Match:
        """Join the ways in which the call may be allowed without IAM's help."""
        return self.caller | self.session | self.everybody

    @property
    def allowed(self) -> Match:
        return self.itself | self.account


_Matches = Iterator[tuple[str, Match]]
"""Matches, each with the field of the verdict it counts for."""


def verdict_of(policies: list[Policy], call: Call, *, of_resource: bool) -> Verdict:
    joined: dict[str, Match] = {}
    for policy in policies:
        for field, match in _matches_of(policy, call, of_resource=of_resource):
            joined[field] = joined.get(field, _NO_MATCH) | match
    return Verdict(**joined)


def _matches_of(policy: Policy, call: Call, *, of_resource: bool) -> _Matches:
    """Yield the matches of a policy's statements, and of parts that may be any statement."""
    if not isinstance(policy.document, dict):
        yield from _any_statement(Reason.of(Cause.ELEMENT_UNKNOWN, element=policy.name))
    elif policy.not_understood:
        elements = policy.not_understood
        yield from _any_statement(Reason.of(Cause.ELEMENT_NOT_UNDERSTOOD, elements=elements))
    if policy.is_given:
        call = call.among_ids
    for statement in policy.statements:
        if not statement.readable:
            yield from _any_statement(Reason.of(Cause.ELEMENT_UNKNOWN, element=statement.name))
        elif statement.may_be_about(call.action):
            yield from _matches_of_statement(statement, call, of_resource=of_resource)


def _any_statement(doubt: Reason) -> _Matches:
    """Yield the matches of an unknown part: it may be a permission or a denial."""
    yield "everybody", Match.unseen(doubt)
    yield "denied", Match.unseen(doubt)


def _matches_of_statement(statement: PolicyStatement, call: Call, *, of_resource: bool) -> _Matches:
    effect = statement.body.get("Effect")
    is_open = isinstance(effect, str) and has_unknown(effect)
    if effect not in ("Allow", "Deny") and not is_open:
        # AWS takes no others
        # (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_effect.html).
        return
    ways = _ways(statement.body, call, of_resource=of_resource)
    if not ways:
        return
    answer, doubts = _is_about(statement, call)
    if answer is Answer.NO:
        return
    unknowns = _unknowns_of(statement)
    if is_open:
        unknowns.append(unknown_element("Effect", effect))
    if unknowns:
        answer = Answer.MAYBE
        doubts += unknowns
    if is_open:
        yield "denied", _match(answer, statement, doubts)
    for way in ways:
        field = "denied" if effect == "Deny" else way.whom
        yield field, _match(min(answer, way.answer), statement, [*doubts, *way.doubts])


def _match(answer: Answer, statement: PolicyStatement, doubts: Iterable[Reason]) -> Match:
    """Return the match of one statement, which its doubts are about."""
    by = (statement,) if answer is Answer.YES else ()
    its_doubts = [Reason(doubt.cause, doubt.values, (statement,)) for doubt in doubts]
    return Match(answer, by, tuple(its_doubts))


def _unknowns_of(statement: PolicyStatement) -> list[Reason]:
    """Return the reasons why a statement is open, whatever the call."""
    reasons = []
    if others := statement.body.keys() - _ELEMENTS:
        elements = tuple(sorted(map(str, others)))
        reasons.append(Reason.of(Cause.ELEMENT_NOT_UNDERSTOOD, elements=elements))
    if statement.condition:
        reasons.append(Reason.of(Cause.TEMPLATE_CONDITION, condition=statement.condition))
    return reasons


def _ways(statement: Body, call: Call, *, of_resource: bool) -> list[Way]:
    """Return the ways in which a statement is about the caller; none if AWS refuses its principal.

    "You cannot use the NotPrincipal element … in an IAM role trust policy"
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html).
    "It must not be included in identity-based policies"
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html).
    """
    if not of_resource:
        return _ITSELF if PRINCIPALS.isdisjoint(statement) else []
    if "NotPrincipal" in statement and call.action.startswith("sts:"):
        return []
    return addressed_to(statement, call.caller, denies=statement["Effect"] == "Deny")


def serves(statement: PolicyStatement, call: Call, *, of_resource: bool) -> Answer:
    """Answer whether an ``Allow`` statement allows a call, whatever else there is."""
    if not statement.may_be_about(call.action):
        return Answer.NO
    ways = _ways(statement.body, call, of_resource=of_resource)
    return min(any_of(way.answer for way in ways), _is_about(statement, call)[0])


def _is_about(statement: PolicyStatement, call: Call) -> tuple[Answer, list[Reason]]:
    """Answer whether actions, resources and conditions fit, with the reasons if it is open."""
    elements = [("Action", call.action), ("Resource", call.resource_arn)]
    if statement.only_actions is not None:
        # Saves time: ``may_be_about`` has compared the actions.
        elements = elements[1:]
    answers: list[Answer] = []
    doubts: list[Reason] = []
    for element, value in elements:
        answer, open_patterns = _element(statement.body, element, value, call)
        if answer is Answer.NO:
            return Answer.NO, []
        answers.append(answer)
        doubts += open_patterns
    condition = statement.body.get("Condition")
    if condition:
        answer, open_conditions = condition_answer(condition, call.context)
        answers.append(answer)
        doubts += open_conditions
    return all_of(answers), doubts


def _element(statement: Body, element: str, value: str, call: Call) -> tuple[Answer, list[Reason]]:
    inverted = f"Not{element}"
    if element not in statement and inverted not in statement:
        # A trust policy is about its role, and has no resource. Elsewhere AWS refuses a statement
        # without resources or actions; KMS takes it into a key policy, where it has no effect
        # (https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html).
        return Answer.of(element == "Resource" and call.action.startswith("sts:")), []
    name = element if element in statement else inverted
    patterns = as_list(statement[name])
    if value in patterns:
        # Saves time: most often it is named as it is.
        return Answer.of(name == element), []
    answers, doubts = [], []
    may_be_own = name != "Resource" or statement.get("Effect") != "Allow"
    for pattern in patterns:
        if not isinstance(pattern, str):
            answers.append(Answer.MAYBE)
            doubts.append(Reason.of(Cause.ELEMENT_UNKNOWN, element=name))
            continue
        pattern = _with_variables(pattern, call)
        answer = _fits(pattern, element, value, call)
        if answer is Answer.MAYBE and not may_be_own and call.names_others(pattern):
            continue
        if answer is Answer.NO and name == inverted and has_variables(pattern):
            # IAM's guide: with a variable that the call lacks, a statement may be invalid.
            answer = Answer.MAYBE
        answers.append(answer)
        if answer is Answer.MAYBE:
            doubts.append(_open_pattern(name, pattern, value))
    answer = any_of(answers) if name == element else ~any_of(answers)
    return answer, doubts if answer is Answer.MAYBE else []


def _with_variables(pattern: str, call: Call) -> str:
    """Put the known values of a call into the variables of a pattern.

    "You can't use a variable to replace parts of the ARN before the fifth colon"
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html).
    """
    if not has_variables(pattern):
        return pattern
    *before, last = split(pattern, ":", 5)
    if len(before) < 5:
        return pattern
    return ":".join([*before, with_variables(last, call.context)])


def _fits(pattern: str, element: str, value: str, call: Call) -> Answer:
    if element == "Action":
        return matches(value.lower(), pattern.lower())
    if value == "*":
        # An action without resources: "You must specify all resources ("*") … in the Resource
        # element"
        # (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html).
        return same("", pattern.replace("*", ""))
    parts = split_arn(pattern)
    if call.action.startswith("kms:") and parts and parts[5].startswith("alias/"):
        # "If you specify an alias ARN, the policy applies to the alias, not to the KMS key"
        # (https://docs.aws.amazon.com/kms/latest/developerguide/iam-policies-best-practices.html).
        return Answer.NO
    return matches(value, pattern, is_path=True) if call.is_on_path else matches(value, pattern)


def _open_pattern(element: str, pattern: str, value: str) -> Reason:
    unknown, generated = told_apart_by(pattern, value)
    if unknown:
        parts = tuple(unknown)
        return Reason.of(Cause.PATTERN_UNKNOWN, element=element, pattern=pattern, parts=parts)
    if generated:
        parts = tuple(generated)
        return Reason.of(Cause.NAME_NOT_SAID, element=f"{element} {pattern}", parts=parts)
    return Reason.of(Cause.PATTERN_NARROW, element=element, pattern=pattern)
