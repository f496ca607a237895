"""AWS CDK constructs that give Amazon Personalize access to your customer managed KMS keys."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._aws_cdk_lib import explaining_an_old_version

if TYPE_CHECKING:
    from .encryption import PersonalizeEncryption
    from .locations import S3Location
    from .options import ImportedKeyPolicy, SourceAccountCheck
    from .pending import PendingStatements
    from .resources import PersonalizeResource

__all__ = [
    "ImportedKeyPolicy",
    "PendingStatements",
    "PersonalizeEncryption",
    "PersonalizeResource",
    "S3Location",
    "SourceAccountCheck",
]

# Imported on first use: checks and matrix need neither the CDK nor the Node process that the CDK
# starts.
_MODULES = {
    "ImportedKeyPolicy": "options",
    "PendingStatements": "pending",
    "PersonalizeEncryption": "encryption",
    "PersonalizeResource": "resources",
    "S3Location": "locations",
    "SourceAccountCheck": "options",
}


def __dir__() -> list[str]:
    """List the public names, for completion."""
    return __all__


def __getattr__(name: str) -> Any:
    """Return a public name."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with explaining_an_old_version():
        module = import_module(f".{_MODULES[name]}", __name__)
    public = globals()[name] = getattr(module, name)
    return public
