"""Variables of policies, such as ``${aws:PrincipalAccount}``.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from .values import generated

_VARIABLE = re.compile(r"\$\{([a-zA-Z0-9]+:[^{}$:?]+)\}")


def has_variables(text: str) -> bool:
    """Report whether a text has variables."""
    return "${" in text and _has_variables(text)


def with_variables(text: str, context: Mapping[str, tuple[str | None, ...]]) -> str:
    """Put what is known of a call into the variables; the others stay, and can be anything."""

    def value(variable: re.Match[str]) -> str:
        alternatives = context.get(variable[1].lower(), ())
        known = alternatives[0] if len(alternatives) == 1 else None
        return variable[0] if known is None else known

    return _VARIABLE.sub(value, text) if has_variables(text) else text


def literally(value: Any) -> Any:
    """Return a statement of which the variables are plain text, and match nothing but a wildcard."""
    if isinstance(value, str):
        return _VARIABLE.sub(_literal, value) if "${" in value else value
    if isinstance(value, Mapping):
        return {name: literally(each) for name, each in value.items()}
    return [literally(each) for each in value] if isinstance(value, list) else value


def _literal(variable: re.Match[str]) -> str:
    return generated(variable[1].replace(":", " "))


@lru_cache(maxsize=1 << 14)
def _has_variables(text: str) -> bool:
    return _VARIABLE.search(text) is not None
