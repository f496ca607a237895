"""Checks of a whole app: who may do what in the templates that are deployed, compared with what AWS's pages ask for."""

from typing import TYPE_CHECKING, Any

from .checking import check_assembly
from .errors import AssemblyError

if TYPE_CHECKING:
    from .plugin import PersonalizeAccessChecks

__all__ = ["AssemblyError", "PersonalizeAccessChecks", "check_assembly"]


def __getattr__(name: str) -> Any:
    """Return the plugin, which alone needs the CDK."""
    if name != "PersonalizeAccessChecks":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .plugin import PersonalizeAccessChecks

    return PersonalizeAccessChecks
