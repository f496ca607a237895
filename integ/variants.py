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
    """The variant that has to fail, or the answer says nothing; nothing for a control."""


VARIANTS = (
    Variant("NoGrants", "May the policy of the key deny kms:CreateGrant?"),
    Variant("NoStatement", "May the policy of the key do without a statement for Personalize?"),
    Variant(
        "Delegated",
        "May the key be in another stack, whose policy leaves the role to the account?",
        control="NoGrants",
    ),
    Variant(
        "Required",
        "May policies require aws:SourceAccount and aws:SourceArn (SourceAccountCheck.REQUIRED)?",
        control="NoStatement",
    ),
    Variant(
        "Managed",
        "May the deployment write an imported key's policy (MANAGED), and a state machine import?",
        control="NoStatement",
    ),
)
"""Controls come before the variants that they stand beside."""


def answer(variant: Variant, worked: Mapping[str, bool]) -> str:
    """Return the answer to a variant's question, by what has worked of all until then."""
    if not worked[variant.name]:
        return "no"
    return "unclear, since the control works as well" if worked.get(variant.control) else "yes"
