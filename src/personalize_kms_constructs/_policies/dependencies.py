"""Policies that must exist before Personalize is called."""

from __future__ import annotations

from constructs import Construct, DependencyGroup, IDependable


class Dependencies:
    """Policies and keys, and the resources that wait for them, for those that come later too."""

    def __init__(self) -> None:
        self._explicit: list[IDependable] = []
        self._implied: list[IDependable] = []
        self._waiting: list[Construct] = []
        self._group: DependencyGroup | None = None

    def add(self, dependable: IDependable) -> None:
        """Make every waiting resource depend on this one too."""
        self._explicit.append(dependable)
        for construct in self._waiting:
            construct.node.add_dependency(dependable)
        if self._group is not None:
            self._group.add(dependable)

    def add_key(self, key: IDependable, *, is_implied: bool) -> None:
        """Add a key; resources of ours depend on it anyhow if something they wait for refers to it."""
        if not is_implied:
            self.add(key)
            return
        self._implied.append(key)
        if self._group is not None:
            self._group.add(key)

    def hold(self, construct: Construct, *, refers_to: IDependable | None = None) -> None:
        """Make a resource of ours wait for all but what it refers to."""
        dependables = [dependable for dependable in self._explicit if dependable is not refers_to]
        if dependables:
            construct.node.add_dependency(*dependables)
        self._waiting.append(construct)

    @property
    def group(self) -> DependencyGroup:
        """Everything, for resources of the user's, which may refer to nothing of it."""
        if self._group is None:
            self._group = DependencyGroup(*self._explicit, *self._implied)
        return self._group
