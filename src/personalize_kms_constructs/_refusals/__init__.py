"""The way to refuse bad input."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from personalize_kms_check._shared.accepted import in_lines

from .._tokens import in_words

if TYPE_CHECKING:
    from constructs import Construct


def refuse(where: Construct | str, problems: Iterable[str]) -> None:
    """Raise all problems in one message that begins with the construct's path, or ``where``."""
    unique = list(dict.fromkeys(problems))
    if unique:
        path = where if isinstance(where, str) else where.node.path
        raise ValueError(in_words(f"{path}: {in_lines(unique)}"))


@contextmanager
def taken_out_if_refused(scope: Construct, id: str) -> Iterator[None]:
    """Remove a new child from the tree if something raises, so it can be made again."""
    try:
        yield
    except Exception:
        scope.node.try_remove_child(id)
        raise
