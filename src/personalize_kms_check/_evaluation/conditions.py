"""The ``Condition`` of a statement: which calls it is about.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from operator import eq, ge, gt, le, lt
from typing import Any, NamedTuple

from .._model.causes import Cause, Reason, unknown_element
from .._model.policy_documents import as_list, with_variables
from .._shared.answers import Answer, all_of, any_of
from .._shared.values import (
    PARTITION,
    has_unknown,
    matches,
    same,
    split_arn,
    told_apart_by,
    without_case,
)

Alternatives = tuple[str | None, ...]
"""The possible values of a condition key in a call: none where the call may lack the key."""
Context = Mapping[str, Alternatives]
"""The condition keys of a call, in lower case. A key that isn't here can be anything.

One that ends in a colon stands for all that begin with it, less those that are here themselves.
"""


class _Test(NamedTuple):
    """A condition key with its values, below an operator."""

    operator: str
    key: str
    values: Any


# AWS documents them, but neither a template nor a read of the account has them.
_OF_ORGANIZATION = ("aws:principalorgid", "aws:resourceorgid", "aws:sourceorgid")
_OF_ALIASES = "kms:resourcealiases"
_OPERATOR = re.compile(r"(?:(ForAnyValue|ForAllValues):)?(\w+?)(IfExists)?")
_NEGATED = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnLike",
    "ArnNotLike": "ArnLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
}


def condition_answer(condition: Any, context: Context) -> tuple[Answer, list[Reason]]:
    """Answer whether a condition holds in a call, and name the elements behind an open answer."""
    if not condition:
        return Answer.YES, []
    if not isinstance(condition, dict):
        return Answer.MAYBE, [unknown_element("Condition", condition)]
    tests_of_key: dict[str, list[_Test]] = {}
    for operator, keys in condition.items():
        if isinstance(keys, str) and has_unknown(keys):
            return Answer.MAYBE, [unknown_element(f"condition operator {operator}", keys)]
        if not isinstance(keys, dict):
            return Answer.MAYBE, [Reason.of(Cause.OPERATOR_WITHOUT_KEYS, operator=operator)]
        for key, values in keys.items():
            tests_of_key.setdefault(key.lower(), []).append(_Test(operator, key, values))
    answers, doubts = [], []
    for tests in tests_of_key.values():
        alternatives = _sent(tests[0].key, context)
        by_test = []
        for test in tests:
            by_test.append([_holds(test, value, context) for value in alternatives])
        answers.append(_in_any_case(map(all_of, zip(*by_test, strict=True))))
        if answers[-1] is Answer.MAYBE:
            for test, of_test in zip(tests, by_test, strict=True):
                if _in_any_case(of_test) is Answer.MAYBE:
                    doubts.append(_doubt(test, dict(zip(alternatives, of_test, strict=True))))
    return all_of(answers), doubts


def _doubt(test: _Test, answers: Mapping[str | None, Answer]) -> Reason:
    """Return the reason for which a test stays open, by its answers for values of the key."""
    operator, key, values = test
    if _parsed(operator) is None:
        return Reason.of(Cause.OPERATOR_UNKNOWN, operator=operator, key=key)
    if not answers:
        cause = Cause.KEY_OF_ALIASES if key.lower() == _OF_ALIASES else Cause.KEY_UNKNOWN
        if key.lower() in _OF_ORGANIZATION:
            cause = Cause.KEY_OF_ORGANIZATION
        return Reason.of(cause, operator=operator, key=key)
    if answers.get(None) is Answer.NO:
        return Reason.of(Cause.KEY_MAYBE_ABSENT, operator=operator, key=key)
    sent = [value for value in answers if value is not None]
    if _in_any_case([answers[value] for value in sent]) is Answer.NO:
        return Reason.of(Cause.KEY_IF_ABSENT, operator=operator, key=key)
    expected = [value for value in as_list(values) if isinstance(value, str)]
    unknown, generated = told_apart_by(" ".join(expected), " ".join(sent))
    if unknown:
        parts = tuple(unknown)
        return Reason.of(Cause.CONDITION_VALUE_UNKNOWN, operator=operator, key=key, parts=parts)
    if generated:
        element, parts = f"condition {operator} {key}", tuple(generated)
        return Reason.of(Cause.NAME_NOT_SAID, element=element, parts=parts)
    return Reason.of(Cause.KEY_UNKNOWN, operator=operator, key=key)


def _in_any_case(answers: Iterable[Answer]) -> Answer:
    distinct = set(answers)
    return distinct.pop() if len(distinct) == 1 else Answer.MAYBE


def _holds(test: _Test, value: str | None, context: Context) -> Answer:
    """Answer whether a test holds for a value of its key, or for a call without the key."""
    parsed = _parsed(test.operator)
    if parsed is None:
        return Answer.MAYBE
    quantifier, base, if_exists = parsed
    is_negated = base in _NEGATED
    comparison, sent = _NEGATED.get(base, base), value
    if base == "Null":
        comparison, sent = "Bool", str(value is None)
    if sent is None:
        # Without the key a comparison is false, and its negation true.
        is_negation = is_negated and not quantifier
        return Answer.of(if_exists or quantifier == "ForAllValues" or is_negation)
    answers = []
    for expected in as_list(test.values):
        if isinstance(expected, str) and base.startswith(("String", "Arn")):
            expected = with_variables(expected, context)
        answers.append(_compare(comparison, sent, expected))
    return ~any_of(answers) if is_negated else any_of(answers)


def _sent(key: str, context: Context) -> Alternatives:
    """Return the possible values of a condition key; empty if it can be anything."""
    parts = key.lower().split(":")
    if key.lower() in context:
        return context[key.lower()]
    for end in range(len(parts) - 1, 0, -1):
        prefix = ":".join(parts[:end]) + ":"
        if prefix in context:
            return context[prefix]
    return ()


@lru_cache(maxsize=256)  # Saves time: policies have few operators.
def _parsed(operator: str) -> tuple[str | None, str, bool] | None:
    """Return quantifier, comparison, and whether an absent key fulfils it; none for no operator."""
    parsed = _OPERATOR.fullmatch(operator)
    if parsed is None or parsed[2] not in (*_COMPARISONS, *_NEGATED, "Null"):
        return None
    return parsed[1], parsed[2], parsed[3] is not None


def _compare(operator: str, value: str, expected: Any) -> Answer:
    if isinstance(expected, bool):
        expected = str(expected).lower()
    elif isinstance(expected, (int, float)):
        expected = str(expected)
    if not isinstance(expected, str):
        return Answer.MAYBE
    compared = _COMPARISONS[operator]
    return Answer.MAYBE if compared is None else compared(value, expected)


def _equal(value: str, expected: str) -> Answer:
    if "*" in value:
        # The value will have no wildcard in it, and none is meant without "Like".
        is_possible = "*" not in expected and matches(expected, value) is not Answer.NO
        return Answer.MAYBE if is_possible else Answer.NO
    return same(value, expected)


def _equal_without_case(value: str, expected: str) -> Answer:
    return _equal(without_case(value), without_case(expected))


def _arn_like(value: str, expected: str) -> Answer:
    """Compare part by part: a wildcard doesn't stand for a colon, but in the last part."""
    parts, patterns = split_arn(value), split_arn(expected)
    if parts is None or patterns is None:
        for text, arn in ((value, parts), (expected, patterns)):
            if arn is None and (has_unknown(text) or "*" in text):
                return Answer.MAYBE
        return Answer.NO
    if PARTITION in (parts[1], patterns[1]):
        parts, patterns = parts[2:], patterns[2:]  # a template is of one partition
    return all_of(map(matches, parts, patterns))


def _numeric(holds: Callable[[float, float], bool], value: str, expected: str) -> Answer:
    try:
        return Answer.of(holds(float(value), float(expected)))
    except ValueError:
        return Answer.MAYBE


_COMPARISONS: Mapping[str, Callable[[str, str], Answer] | None] = {
    "StringEquals": _equal,
    "StringEqualsIgnoreCase": _equal_without_case,
    "StringLike": matches,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": _equal_without_case,
    "NumericEquals": partial(_numeric, eq),
    "NumericLessThan": partial(_numeric, lt),
    "NumericLessThanEquals": partial(_numeric, le),
    "NumericGreaterThan": partial(_numeric, gt),
    "NumericGreaterThanEquals": partial(_numeric, ge),
    # These stay undecided.
    "DateEquals": None,
    "DateLessThan": None,
    "DateLessThanEquals": None,
    "DateGreaterThan": None,
    "DateGreaterThanEquals": None,
    "IpAddress": None,
    "BinaryEquals": None,
}
OF_TEXT = tuple(name for name in _COMPARISONS if name.startswith(("String", "Arn")))
"""The operators for names and ARNs that aren't negated."""
