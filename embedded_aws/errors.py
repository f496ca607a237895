"""Refusals of the Personalize API."""

from __future__ import annotations


class PersonalizeError(Exception):
    """An error of Personalize's API: one of its exception names, and the text the caller sees."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def invalid_input(message: str) -> PersonalizeError:
    """Return Personalize's answer to a request that it can't carry out, missing permissions included."""
    return PersonalizeError("InvalidInputException", message)
