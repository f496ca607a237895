"""The ``Condition`` of a statement: which calls it is about.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from .answers import Answer, all_of, any_of
from .causes import Cause, Reason, because
from .values import PARTITION, has_unknown, matches, open_parts, same, split_arn
from .written import as_list, with_variables

Alternatives = tuple[str | None, ...]
"""The possible values of a condition key in a call: none where the call may lack the key."""
Context = Mapping[str, Alternatives]
"""The condition keys of a call, in lower case. A key that isn't here can be anything.

One that ends in a colon stands for all that begin with it, less those that are here themselves.
"""

# AWS documents them, but neither a template nor a read of the account has them.
_NOT_IN_TEMPLATES = (
    "aws:principalorg",
    "aws:principaltag/",
    "aws:resourceorg",
    "aws:resourcetag/",
    "aws:currenttime",
    "aws:epochtime",
)
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
_COMPARISONS = frozenset(
    {
        "StringEquals",
        "StringEqualsIgnoreCase",
        "StringLike",
        "ArnEquals",
        "ArnLike",
        "Bool",
        "NumericEquals",
        "NumericLessThan",
        "NumericLessThanEquals",
        "NumericGreaterThan",
        "NumericGreaterThanEquals",
        "DateEquals",
        "DateLessThan",
        "DateLessThanEquals",
        "DateGreaterThan",
        "DateGreaterThanEquals",
        "IpAddress",
        "BinaryEquals",
    }
)
_OPERATORS = _COMPARISONS | {*_NEGATED, "Null"}


def condition_answer(condition: Any, context: Context) -> tuple[Answer, list[Reason]]:
    """Answer whether a condition holds in a call, and name the elements that leave it open."""
    if not condition:
        return Answer.YES, []
    if not isinstance(condition, Mapping):
        return Answer.MAYBE, [because(Cause.CONDITION_UNKNOWN)]
    answers, doubts = [], []
    for operator, keys in condition.items():
        if not isinstance(keys, Mapping):
            return Answer.MAYBE, [because(Cause.OPERATOR_WITHOUT_KEYS, operator=operator)]
        for key, values in keys.items():
            answer = _holds(operator, key, values, context)
            answers.append(answer)
            if answer is Answer.MAYBE:
                doubts.append(_doubt(operator, key, values, context))
    return all_of(answers), doubts


def _doubt(operator: str, key: str, values: Any, context: Context) -> Reason:
    if _parsed(operator) is None:
        return because(Cause.OPERATOR_UNKNOWN, operator=operator, key=key)
    alternatives = _sent(key, context)
    if alternatives is None:
        in_no_template = key.lower().startswith(_NOT_IN_TEMPLATES)
        cause = Cause.KEY_NOT_IN_TEMPLATES if in_no_template else Cause.KEY_UNDOCUMENTED
        return because(cause, operator=operator, key=key)
    holes = [part for value in as_list(values) if isinstance(value, str) for part in open_parts(value)]
    if None in alternatives and not holes:
        sent = tuple(value for value in alternatives if value is not None)
        fits = _holds(operator, key, values, {**context, key.lower(): sent}) is not Answer.NO
        return because(Cause.KEY_MAYBE_ABSENT if fits else Cause.ONLY_IF_ABSENT, operator=operator, key=key)
    if holes:
        parts = tuple(dict.fromkeys(holes))
        return because(Cause.CONDITION_VALUE_UNKNOWN, operator=operator, key=key, parts=parts)
    return because(Cause.CONDITION_VALUE_UNDOCUMENTED, operator=operator, key=key)


def _holds(operator: str, key: str, values: Any, context: Context) -> Answer:
    parsed = _parsed(operator)
    if parsed is None:
        return Answer.MAYBE
    quantifier, base, if_exists = parsed
    alternatives = _sent(key, context)
    if alternatives is None:
        return Answer.MAYBE
    negated = base in _NEGATED
    expected = [with_variables(each, context) if isinstance(each, str) else each for each in as_list(values)]

    def holds(value: str | None) -> Answer:
        if base == "Null":
            return any_of(Answer.of(str(each).lower() == str(value is None).lower()) for each in expected)
        if value is None:
            # Without the key a comparison is false, and its negation true.
            return Answer.of(if_exists or quantifier == "ForAllValues" or (negated and not quantifier))
        answer = any_of(_compare(_NEGATED.get(base, base), value, each) for each in expected)
        return ~answer if negated else answer

    answers = {holds(value) for value in alternatives}
    return answers.pop() if len(answers) == 1 else Answer.MAYBE


def _sent(key: str, context: Context) -> Alternatives | None:
    """Return the possible values of a condition key; none if it can be anything."""
    name = key.lower()
    parts = name.split(":")
    names = [name, *(":".join(parts[:end]) + ":" for end in range(len(parts) - 1, 0, -1))]
    return next((context[each] for each in names if each in context), None)


def _parsed(operator: str) -> tuple[str | None, str, bool] | None:
    """Return the quantifier, the comparison and whether an absent key fulfils it; none for what is no operator."""
    parsed = _OPERATOR.fullmatch(operator)
    if parsed is None or parsed[2] not in _OPERATORS:
        return None
    return parsed[1], parsed[2], parsed[3] is not None


def _compare(operator: str, value: str, expected: Any) -> Answer:
    if isinstance(expected, bool):
        expected = str(expected).lower()
    elif isinstance(expected, (int, float)):
        expected = str(expected)
    if not isinstance(expected, str):
        return Answer.MAYBE
    if operator == "StringEquals":
        return _equal(value, expected)
    if operator == "StringEqualsIgnoreCase":
        return _equal(value.lower(), expected.lower())
    if operator == "StringLike":
        return matches(value, expected)
    if operator in ("ArnEquals", "ArnLike"):
        return _arn_like(value, expected)
    if operator == "Bool":
        return _equal(value.lower(), expected.lower())
    if operator.startswith("Numeric"):
        return _numeric(operator, value, expected)
    return Answer.MAYBE


def _equal(value: str, expected: str) -> Answer:
    if "*" in value:
        # Whatever the value turns out to be, it has no wildcard in it, and none is meant without "Like".
        possible = "*" not in expected and matches(expected, value) is not Answer.NO
        return Answer.MAYBE if possible else Answer.NO
    return same(value, expected)


def _arn_like(value: str, expected: str) -> Answer:
    """Compare part by part: a wildcard doesn't stand for a colon, but in the last part."""
    parts, patterns = split_arn(value), split_arn(expected)
    if parts is None or patterns is None:
        may_be_arn = parts is not None or has_unknown(value)
        may_match_one = patterns is not None or has_unknown(expected) or "*" in expected
        return Answer.MAYBE if may_be_arn and may_match_one else Answer.NO
    if PARTITION in (parts[1], patterns[1]):
        parts, patterns = parts[2:], patterns[2:]  # a template is of one partition
    return all_of(map(matches, parts, patterns))


def _numeric(operator: str, value: str, expected: str) -> Answer:
    try:
        one, other = float(value), float(expected)
    except ValueError:
        return Answer.MAYBE
    comparisons: dict[str, bool] = {
        "NumericEquals": one == other,
        "NumericLessThan": one < other,
        "NumericLessThanEquals": one <= other,
        "NumericGreaterThan": one > other,
        "NumericGreaterThanEquals": one >= other,
    }
    return Answer.of(comparisons[operator])
