"""The custom resource that keeps statements in the policy of an existing key."""

from .construct import ManagedKeyPolicy

__all__ = ["ManagedKeyPolicy"]
