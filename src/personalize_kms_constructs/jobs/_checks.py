"""Checks of a job's other parameters."""

from __future__ import annotations

from collections.abc import Iterator

from .._refusals.arguments import shown
from .._refusals.names import name_problems
from .._tokens import is_token
from ._expressions import is_jsonata


def choice_problems(what: str, value: object, *allowed: str) -> Iterator[str]:
    """Explain that a literal is no value of the API's enumeration."""
    known_later = isinstance(value, str) and (is_jsonata(value) or is_token(value))
    if value is not None and not known_later and value not in allowed:
        yield f"{what} is {shown(value)} but Personalize takes {' or '.join(map(repr, allowed))}: use one of them"


def job_name_problems(job_name: object) -> Iterator[str]:
    """Explain that Personalize's API would refuse a literal name."""
    if job_name is not None and not is_jsonata(job_name):
        yield from name_problems("job_name", job_name)
