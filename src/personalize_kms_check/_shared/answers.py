"""Answers to questions, open ones included: yes, no, or maybe."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Answer(IntEnum):
    """The answer to a question. Some questions can't be decided before deployment.

    The order makes "and" the least of several answers, and "or" the greatest.
    """

    NO = 0
    MAYBE = 1
    YES = 2

    @staticmethod
    def of(fact: bool) -> Answer:
        return Answer.YES if fact else Answer.NO

    def __invert__(self) -> Answer:
        return _INVERTED[self]


_INVERTED = {Answer.YES: Answer.NO, Answer.NO: Answer.YES, Answer.MAYBE: Answer.MAYBE}


def all_of(answers: Iterable[Answer]) -> Answer:
    """Return yes if all are yes, and no if any is no."""
    return min(answers, default=Answer.YES)


def any_of(answers: Iterable[Answer]) -> Answer:
    """Return yes if any is yes, and no if all are no."""
    return max(answers, default=Answer.NO)
