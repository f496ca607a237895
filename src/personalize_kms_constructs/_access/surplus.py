"""Permissions of a statement beyond what is needed."""

from __future__ import annotations

from dataclasses import dataclass

NOT_ASKED = "AWS's pages don't ask for it"
TAKE_OUT = "take it out"


@dataclass(frozen=True)
class Surplus:
    """An action on a resource, as the statement writes them."""

    action: str
    resource: str
    why: str
    fix: str
    page: str = ""
