"""Checks of a whole app: the permissions in its templates, compared with those on AWS's pages."""

from typing import TYPE_CHECKING, Any

from personalize_kms_check import (
    AccessReport,
    AssemblyError,
    Finding,
    PolicyToChange,
    check_assembly,
)

from .._aws_cdk_lib import explaining_an_old_version

if TYPE_CHECKING:
    from ._declaring import declare_created
    from ._plugin import PersonalizeAccessChecks

__all__ = [
    "AccessReport",
    "AssemblyError",
    "Finding",
    "PersonalizeAccessChecks",
    "PolicyToChange",
    "check_assembly",
    "declare_created",
]


def __dir__() -> list[str]:
    """List the public names, for completion."""
    return __all__


def __getattr__(name: str) -> Any:
    """Return the plugin or ``declare_created``: only these need the CDK."""
    with explaining_an_old_version():
        if name == "PersonalizeAccessChecks":
            from ._plugin import PersonalizeAccessChecks

            return PersonalizeAccessChecks
        if name == "declare_created":
            from ._declaring import declare_created

            return declare_created
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
