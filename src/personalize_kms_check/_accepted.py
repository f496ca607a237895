"""Words of messages: about the names Personalize takes, and lists of problems."""

from __future__ import annotations

import re

from ._values import HOLE

IS_NO_NAME = "is not a name that Personalize takes"
USE_A_NAME = (
    "use 1 to 63 letters, digits, hyphens and underscores, and begin with a letter or digit"
)

# https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDatasetGroup.html; jobs, datasets and
# metric attributions have the same pattern.
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_]{0,62}")


def is_name(name: str) -> bool:
    """Tell if Personalize takes the name. Each unknown part counts as one letter."""
    return _NAME.fullmatch(HOLE.sub("x", name)) is not None


def in_lines(problems: list[str]) -> str:
    return problems[0] if len(problems) == 1 else "".join(f"\n- {problem}" for problem in problems)
