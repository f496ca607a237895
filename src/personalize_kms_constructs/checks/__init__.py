"""Checks of a whole app: who may do what in the templates that are deployed, compared with what AWS's pages ask for."""

from typing import TYPE_CHECKING, Any

from .._access.entries import Allowed, Entry, Excess, Missing, Undecided
from .._access.model import Problem
from .._access.report import AccessReport
from .._assembly.files import AssemblyError
from ._checking import check_assembly

if TYPE_CHECKING:
    from ._plugin import PersonalizeAccessChecks

__all__ = [
    "AccessReport",
    "Allowed",
    "AssemblyError",
    "Entry",
    "Excess",
    "Missing",
    "PersonalizeAccessChecks",
    "Problem",
    "Undecided",
    "check_assembly",
]


def __getattr__(name: str) -> Any:
    """Return the plugin, which alone needs the CDK."""
    if name != "PersonalizeAccessChecks":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from ._plugin import PersonalizeAccessChecks

    return PersonalizeAccessChecks
