"""Tokens of the CDK: texts that are known only at deployment, looked at without a crossing into jsii."""

from __future__ import annotations

import re

TOKEN = re.compile(r"\$\{Token\[(?P<hint>[^]]*)\.\d+\]\}")


def is_token(text: str) -> bool:
    """Whether the text, or a part of it, is known only at deployment; as ``Token.is_unresolved`` says."""
    return "${Token[" in text
