"""Keeps statements in the policy of a key that no template of the app makes."""

from .construct import ManagedKeyPolicy

__all__ = ["ManagedKeyPolicy"]
