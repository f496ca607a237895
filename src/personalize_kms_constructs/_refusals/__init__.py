"""The form in which bad input is refused."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from constructs import Construct


def refuse(where: Construct | str, problems: Iterable[str]) -> None:
    """Raise all problems in one message, a line each, that begins with the construct's path or with these words.

    Raises:
        ValueError: if there are any problems.
    """
    found = list(dict.fromkeys(problems))
    if found:
        place = where if isinstance(where, str) else where.node.path
        message = f"{place}: {in_lines(found)}"
        if "{Token[" in message:
            # The check has none, and refuses without the CDK, whose import takes time.
            from .._tokens import in_words

            message = in_words(message)
        raise ValueError(message)


def in_lines(problems: list[str]) -> str:
    """Write one problem behind its place, and several on lines of their own."""
    return problems[0] if len(problems) == 1 else "".join(f"\n- {problem}" for problem in problems)


@contextmanager
def taken_out_if_refused(scope: Construct, id: str) -> Iterator[None]:
    """Take a new child out of the tree if something raises, jsii included, so that it can be made anew."""
    try:
        yield
    except Exception:
        scope.node.try_remove_child(id)
        raise
