"""AWS CDK constructs that give Amazon Personalize the access to customer managed KMS keys that AWS documents."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

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

# Imported when they are asked for: the command personalize-kms needs neither the CDK nor the Node
# that it starts.
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
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    """Return a public name."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found = globals()[name] = getattr(import_module(f".{_MODULES[name]}", __name__), name)
    return found
