"""What must exist before Personalize is called."""

from __future__ import annotations

from constructs import DependencyGroup, IDependable


class Dependencies:
    """A dependency group that is made once somebody asks for it, from all that is known by then.

    That is one crossing into jsii where ``DependencyGroup.add`` is one for each policy.
    """

    def __init__(self) -> None:
        self._known: list[IDependable] = []
        self._group: DependencyGroup | None = None

    def add(self, dependable: IDependable) -> None:
        """Add what must exist; it reaches those who depend on the group already."""
        if self._group is None:
            self._known.append(dependable)
        else:
            self._group.add(dependable)

    @property
    def group(self) -> DependencyGroup:
        """What others depend on."""
        if self._group is None:
            self._group = DependencyGroup(*self._known)
        return self._group
