"""Keeps statements in the policy of a key that no template of the app makes."""

from .construct import ManagedKeyPolicy, managed_id

__all__ = ["ManagedKeyPolicy", "managed_id"]
