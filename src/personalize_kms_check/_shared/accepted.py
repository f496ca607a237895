"""Words of messages: about the names Personalize takes, and lists of problems."""

from __future__ import annotations

import re

from .values import HOLE

IS_NO_NAME = "is not a name that Personalize takes"
USE_A_NAME = (
    "use 1 to 63 letters, digits, hyphens and underscores, and begin with a letter or digit"
)

# https://docs.aws.amazon.com/personalize/latest/dg/API_CreateDatasetGroup.html; jobs, datasets and
# metric attributions have the same pattern.
_NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9\-_]{0,62}")
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")


def is_name(name: str) -> bool:
    """Tell if Personalize takes the name. Each unknown part counts as one letter."""
    return _NAME.fullmatch(HOLE.sub("x", name)) is not None


def organization_problems(organization: object) -> list[str]:
    if organization is None or _ORGANIZATION.fullmatch(str(organization)):
        return []
    expected = "the id of an organization, for example o-a1b2c3d4e5"
    return [f"organization is {organization!r}, expected {expected}"]


def in_lines(problems: list[str]) -> str:
    return problems[0] if len(problems) == 1 else "".join(f"\n- {problem}" for problem in problems)
