"""Answers that may be open: yes, no, or maybe."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class Answer(Enum):
    """The answer to a question that can't always be decided before deployment."""

    YES = "yes"
    NO = "no"
    MAYBE = "maybe"

    @staticmethod
    def of(fact: bool) -> Answer:
        """Return the answer that a known fact gives."""
        return Answer.YES if fact else Answer.NO

    def __invert__(self) -> Answer:
        return {Answer.YES: Answer.NO, Answer.NO: Answer.YES}.get(self, Answer.MAYBE)


def all_of(answers: Iterable[Answer]) -> Answer:
    """Return yes if all are yes, no if one is no."""
    found = set(answers)
    if Answer.NO in found:
        return Answer.NO
    return Answer.MAYBE if Answer.MAYBE in found else Answer.YES


def any_of(answers: Iterable[Answer]) -> Answer:
    """Return yes if one is yes, no if all are no."""
    found = set(answers)
    if Answer.YES in found:
        return Answer.YES
    return Answer.MAYBE if Answer.MAYBE in found else Answer.NO
