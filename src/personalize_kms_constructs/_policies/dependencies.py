"""Policies that must exist before Personalize is called."""

from __future__ import annotations

from constructs import Construct, DependencyGroup, IDependable


class Dependencies:
    """Policies and keys, and the resources that wait for them, for those that come later too."""

    def __init__(self) -> None:
        self._of_all: list[IDependable] = []
        self._of_locations: list[IDependable] = []
        self._implied: list[IDependable] = []
        self._waiting: list[Construct] = []
        self._waiting_with_location: list[Construct] = []
        self._group: DependencyGroup | None = None

    def add(self, dependable: IDependable, *, of_location: bool) -> None:
        """Make waiting resources depend on this one too.

        What belongs to a location alone, the policy of its bucket for example, is waited for by resources that have
        one. A statement there may name a dataset group, which would make a cycle with one that waits for it.
        """
        (self._of_locations if of_location else self._of_all).append(dependable)
        for construct in (*(() if of_location else self._waiting), *self._waiting_with_location):
            construct.node.add_dependency(dependable)
        if self._group is not None:
            self._group.add(dependable)

    def add_key(self, key: IDependable, *, of_location: bool, is_implied: bool) -> None:
        """Add a key; resources of ours depend on it anyhow if something they wait for refers to it."""
        if not is_implied:
            self.add(key, of_location=of_location)
            return
        self._implied.append(key)
        if self._group is not None:
            self._group.add(key)

    def hold(self, construct: Construct, *, has_location: bool, refers_to: IDependable | None = None) -> None:
        """Make a resource of ours wait for all that it needs but what it refers to."""
        needed = (*self._of_all, *(self._of_locations if has_location else ()))
        dependables = [dependable for dependable in needed if dependable is not refers_to]
        if dependables:
            construct.node.add_dependency(*dependables)
        (self._waiting_with_location if has_location else self._waiting).append(construct)

    @property
    def group(self) -> DependencyGroup:
        """Everything, for resources of the user's, which may refer to nothing of it."""
        if self._group is None:
            self._group = DependencyGroup(*self._of_all, *self._of_locations, *self._implied)
        return self._group
