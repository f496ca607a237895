"""The questions of a user, each with the variant of the example that answers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

KEYS = "Keys"
"""The stack of the keys that aren't a variant's own."""


@dataclass(frozen=True)
class Variant:
    """A stack of the app, named by what is special about it."""

    name: str
    question: str
    control: str = ""
    """The variant that has to fail, or a "yes" says nothing; nothing for a control."""


DEFAULT = "Default"
"""The variant that has to work, or a "no" says nothing."""
VARIANTS = (
    Variant(DEFAULT, "Does the library work by default, with a key of its own?"),
    Variant("NoGrants", "May the policy of the key deny kms:CreateGrant?"),
    Variant("NoStatement", "May the policy of the key do without a statement for Personalize?"),
    Variant("Delegated", "May a key of another stack leave the role to the account?", "NoGrants"),
    Variant("Required", "May policies require aws:SourceAccount and aws:SourceArn?", "NoStatement"),
    Variant("Managed", "May MANAGED write the policy, and a state machine import?", "NoStatement"),
)
"""Controls come before the variants that they stand beside."""


def answer(variant: Variant, works: bool, answers: Mapping[str, str]) -> str:
    """Return the answer to a variant's question, by whether it works and the earlier answers."""
    other, expected = (variant.control, "no") if works else (DEFAULT, "yes")
    if other == variant.name:
        return "unclear: see what AWS said"
    if other and answers.get(other) != expected:
        return f"unclear, since the answer of {other} isn't {expected}"
    return "yes" if works else "no"
