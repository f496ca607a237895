"""How bad input is refused."""

from __future__ import annotations

from collections.abc import Iterable

from constructs import Construct


def refuse(where: Construct | str, problems: Iterable[str]) -> None:
    """Raise the problems, all in one message that begins with the construct's path, or with these words.

    Raises:
        ValueError: if there are any.
    """
    found = list(dict.fromkeys(problems))
    if found:
        raise ValueError(f"{where if isinstance(where, str) else where.node.path}: " + "; ".join(found))
