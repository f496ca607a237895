"""What must exist before Personalize is called."""

from __future__ import annotations

from constructs import Construct, DependencyGroup, IDependable


class Dependencies:
    """Policies, and the resources that wait for them, for those that come later too.

    What one call into jsii can do for all that is known by then isn't done one by one.
    """

    def __init__(self) -> None:
        self._known: list[IDependable] = []
        self._waiting: list[Construct] = []
        self._group: DependencyGroup | None = None

    def add(self, dependable: IDependable) -> None:
        """Have those who wait wait for this as well."""
        self._known.append(dependable)
        for construct in self._waiting:
            construct.node.add_dependency(dependable)
        if self._group is not None:
            self._group.add(dependable)

    def hold(self, construct: Construct) -> None:
        """Have a resource of ours wait."""
        construct.node.add_dependency(*self._known)
        self._waiting.append(construct)

    @property
    def group(self) -> DependencyGroup:
        """What resources of the user's can depend on."""
        if self._group is None:
            self._group = DependencyGroup(*self._known)
        return self._group
