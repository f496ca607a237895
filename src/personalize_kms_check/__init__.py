"""The check of policies against AWS's pages, for apps and accounts: it knows no CDK."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._checking import check_assembly
    from ._model.finding import Finding
    from ._model.policy_to_change import PolicyToChange
    from ._model.report import AccessReport
    from ._templates.files import AssemblyError

__all__ = ["AccessReport", "AssemblyError", "Finding", "PolicyToChange", "check_assembly"]

# Imported on first use: the construct needs the modules of data alone.
_MODULES = {
    "AccessReport": "_model.report",
    "AssemblyError": "_templates.files",
    "Finding": "_model.finding",
    "PolicyToChange": "_model.policy_to_change",
    "check_assembly": "_checking",
}


def __dir__() -> list[str]:
    """List the public names, for completion."""
    return __all__


def __getattr__(name: str) -> Any:
    """Return a public name."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    public = globals()[name] = getattr(import_module(f".{_MODULES[name]}", __name__), name)
    return public
