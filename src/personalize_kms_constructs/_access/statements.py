"""Statements of policies: which of them are about a call.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from .._answers import Answer, any_of
from .._values import bucket_in, has_unknown, matches, same, split, split_arn, told_apart_by
from ..matrix import ROWS
from .addressed import Addressed, Way, addressed_to
from .calls import Call
from .causes import Cause, Reason, unknown_element
from .conditions import condition_answer
from .policy_documents import Body, Policy, PolicyStatement, as_list, has_variables, with_variables

_ELEMENTS = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)
_WITHOUT_RESOURCES = frozenset(
    action for row in ROWS for actions in row.role_on_everything for action in actions.actions
)
_PRINCIPALS = frozenset({"Principal", "NotPrincipal"})
_ITSELF = [Way(Addressed.CALLER, Answer.YES)]


class Match(NamedTuple):
    """The extent to which statements of one effect are about a call."""

    answer: Answer = Answer.NO
    by: tuple[PolicyStatement, ...] = ()
    """The statements that say yes."""
    doubts: tuple[Reason, ...] = ()
    """What leaves it open."""

    def __or__(self, other: Match) -> Match:
        if other.answer is Answer.NO:
            return self
        if self.answer is Answer.NO:
            return other
        return Match(max(self.answer, other.answer), self.by + other.by, self.doubts + other.doubts)


_NO_MATCH = Match()


@dataclass(slots=True)
class Verdict:
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

    def add(self, whom: str, answer: Answer, statement: PolicyStatement, doubts: Iterable[Reason]) -> None:
        """Take in what one statement says."""
        if answer is not Answer.NO:
            by = (statement,) if answer is Answer.YES else ()
            its_doubts = tuple(Reason(doubt.cause, doubt.values, (statement,)) for doubt in doubts)
            setattr(self, whom, getattr(self, whom) | Match(answer, by, its_doubts))

    def leave_open(self, doubt: Reason, *of_whom: str) -> None:
        """Take in something that can't be seen: by default it may be a permission or a denial."""
        for whom in of_whom or ("everybody", "denied"):
            setattr(self, whom, getattr(self, whom) | Match(Answer.MAYBE, doubts=(doubt,)))

    @property
    def itself(self) -> Match:
        """Join the ways in which the call may be allowed without IAM's help."""
        return self.caller | self.session | self.everybody

    @property
    def allowed(self) -> Match:
        """Join all ways in which the call may be allowed."""
        return self.itself | self.account


def verdict_of(policies: list[Policy], call: Call, *, of_resource: bool) -> Verdict:
    """Return the verdict of the policies of a resource, or of those of an identity, on a call."""
    verdict = Verdict()
    bucket = bucket_in(call.resource_arn)
    for policy in policies:
        if not isinstance(policy.document, dict):
            verdict.leave_open(Reason.of(Cause.ELEMENT_UNKNOWN, element=policy.name))
        elif policy.not_understood:
            verdict.leave_open(Reason.of(Cause.ELEMENT_NOT_UNDERSTOOD, elements=policy.not_understood))
        for statement in policy.statements:
            # A role may have a statement for each of hundreds of buckets.
            if not bucket or not statement.buckets or bucket in statement.buckets:
                _add_statement(verdict, statement, call, of_resource=of_resource)
    return verdict


def _add_statement(verdict: Verdict, statement: PolicyStatement, call: Call, *, of_resource: bool) -> None:
    if not statement.readable:
        verdict.leave_open(Reason.of(Cause.ELEMENT_UNKNOWN, element=statement.name))
    elif statement.may_be_about(call.action):
        _add_readable(verdict, statement, call, of_resource=of_resource)


def _add_readable(verdict: Verdict, statement: PolicyStatement, call: Call, *, of_resource: bool) -> None:
    body, policy = statement.body, statement.policy
    effect = body.get("Effect")
    known = effect in ("Allow", "Deny")
    if not known and not (isinstance(effect, str) and has_unknown(effect)):
        # AWS takes no others (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_effect.html).
        return
    ways = _ways(body, call, of_resource=of_resource)
    if not ways:
        return
    about, doubts = is_about(statement, call)
    if about is Answer.NO:
        return
    if strange := body.keys() - _ELEMENTS:
        about = Answer.MAYBE
        doubts.append(Reason.of(Cause.ELEMENT_NOT_UNDERSTOOD, elements=tuple(sorted(map(str, strange)))))
    if statement.condition:
        about = Answer.MAYBE
        doubts.append(Reason.of(Cause.TEMPLATE_CONDITION, condition=statement.condition))
    if policy.whose:
        about = Answer.MAYBE
        doubts.append(Reason.of(Cause.OWNER_UNKNOWN, parts=policy.whose))
    if not known:
        about = Answer.MAYBE
        doubts.append(unknown_element("Effect", effect))
        verdict.add("denied", about, statement, doubts)
    for way in ways:
        whom = "denied" if effect == "Deny" else way.whom
        verdict.add(whom, min(about, way.answer), statement, [*doubts, *way.doubts])


def _ways(body: Body, call: Call, *, of_resource: bool) -> list[Way]:
    """Return in which ways a statement is about the caller; in none where AWS refuses its principal."""
    if not of_resource:
        # "It must not be included in identity-based policies"
        # (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html).
        return _ITSELF if _PRINCIPALS.isdisjoint(body) else []
    if "NotPrincipal" in body and call.action.startswith("sts:"):
        # "You cannot use the NotPrincipal element … in an IAM role trust policy"
        # (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html).
        return []
    return addressed_to(body, call.caller, denies=body["Effect"] == "Deny")


def serves(statement: PolicyStatement, call: Call, *, of_resource: bool) -> Answer:
    """Answer whether a statement that allows something allows a call, whatever else there is."""
    if not statement.may_be_about(call.action):
        return Answer.NO
    ways = _ways(statement.body, call, of_resource=of_resource)
    return min(max((way.answer for way in ways), default=Answer.NO), is_about(statement, call)[0])


def is_about(statement: PolicyStatement, call: Call) -> tuple[Answer, list[Reason]]:
    """Answer whether actions, resources and conditions of a statement fit a call, and what leaves it open."""
    answers: list[Answer] = [Answer.YES]
    doubts: list[Reason] = []
    elements = [("Resource", call.resource_arn)]
    if statement.only_actions is None:
        # ``may_be_about`` has compared the others.
        elements = [("Action", call.action), *elements]
    for element, value in elements:
        answer, open_elements = _element(statement.body, element, value, call)
        if answer is Answer.NO:
            return Answer.NO, []
        answers.append(answer)
        doubts += open_elements
    condition = statement.body.get("Condition")
    if condition:
        answer, open_conditions = condition_answer(condition, call.context)
        answers.append(answer)
        doubts += open_conditions
    return min(answers), doubts


def _element(statement: Body, element: str, value: str, call: Call) -> tuple[Answer, list[Reason]]:
    """Answer whether ``Action`` or ``Resource``, or its opposite, is about a value, and what leaves it open."""
    inverted = f"Not{element}"
    if element not in statement and inverted not in statement:
        # A trust policy is about its role, and has no resource. Elsewhere AWS refuses a statement without, or without
        # actions; KMS takes it into a key policy, where it has no effect
        # (https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html).
        return Answer.of(element == "Resource" and call.action.startswith("sts:")), []
    named = element if element in statement else inverted
    patterns = as_list(statement[named])
    if value in patterns:
        # Most often it is named as it is: no need to compare it with hundreds of others.
        return Answer.of(named == element), []
    if named == "Resource" and (bucket := bucket_in(value)):
        # There may be hundreds, each of another bucket.
        patterns = [each for each in patterns if bucket_in(str(each)) in ("", bucket)]
    answers, doubts = [], []
    for pattern in patterns:
        if not isinstance(pattern, str):
            answers.append(Answer.MAYBE)
            doubts.append(Reason.of(Cause.ELEMENT_UNKNOWN, element=named))
            continue
        if has_variables(pattern):
            pattern = _with_variables(pattern, call)
        # The case of actions doesn't matter.
        is_action = element == "Action"
        answer = matches(value.lower(), pattern.lower()) if is_action else _is_on(call.action, value, pattern)
        if answer is Answer.NO and has_variables(pattern) and named == inverted:
            # IAM's guide says that a statement with a variable which a call doesn't have may be invalid.
            answer = Answer.MAYBE
        answers.append(answer)
        if answer is Answer.MAYBE:
            doubts.append(_open_pattern(named, pattern, value))
    answer = any_of(answers)
    if named == inverted:
        answer = ~answer
    return answer, doubts if answer is Answer.MAYBE else []


def _with_variables(pattern: str, call: Call) -> str:
    """Put what is known of a call into the variables of a resource.

    "You can't use a variable to replace parts of the ARN before the fifth colon"
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html).
    """
    *before, last = split(pattern, ":", 5)
    return ":".join([*before, with_variables(last, call.context)]) if len(before) == 5 else pattern


def _is_on(action: str, resource: str, pattern: str) -> Answer:
    """Answer whether a pattern of ``Resource`` is about what an action is called on."""
    if action in _WITHOUT_RESOURCES:
        # "You must specify all resources ("*") … in the Resource element"
        # (https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html).
        return same("", pattern.replace("*", ""))
    parts = split_arn(pattern)
    if action.startswith("kms:") and parts and parts[5].startswith("alias/"):
        # "If you specify an alias ARN, the policy applies to the alias, not to the KMS key"
        # (https://docs.aws.amazon.com/kms/latest/developerguide/iam-policies-best-practices.html).
        return Answer.NO
    return matches(resource, pattern)


def _open_pattern(element: str, pattern: str, value: str) -> Reason:
    unknown, generated = told_apart_by(pattern, value)
    if unknown:
        return Reason.of(Cause.PATTERN_UNKNOWN, element=element, pattern=pattern, parts=tuple(unknown))
    if generated:
        return Reason.of(Cause.NAME_NOT_SAID, element=f"{element} {pattern}", parts=tuple(generated))
    return Reason.of(Cause.PATTERN_NARROW, element=element, pattern=pattern)
