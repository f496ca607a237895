"""AWS's page applied to a use of Personalize: roles, keys and buckets have ARNs here."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from tests.proof import page
from tests.proof.model import Environment

# A call may say for whose resource the service makes it; whether Personalize's calls do is
# documented nowhere.
IF_PRESENT = "if present"
"""Calls that say nothing are let in, and those that name another account are shut out."""
REQUIRED = "required"
"""Calls that don't name Personalize's resources of this account and Region are shut out."""
NONE = "none"
"""Every call is let in, whatever it says."""


@dataclass(frozen=True)
class Place:
    """A location in S3."""

    bucket: str
    """The bucket's ARN."""
    prefix: str
    key: str | None
    """The ARN of the key that encrypts it."""


@dataclass(frozen=True)
class Chosen:
    """A resource that Personalize will be asked to create, by its name on the page."""

    kind: str
    source: Place | None = None
    destination: Place | None = None


@dataclass(frozen=True)
class Use:
    """The requests to a construct."""

    role: str
    key: str
    """The ARN of the dataset group's key."""
    chosen: tuple[Chosen, ...]
    environment: Environment
    check: str = IF_PRESENT
    """The calls of the service to let in and to shut out, by the source that they name."""
    made_role: bool = True
    """True if the construct made the role, its trust policy included."""
    unsure: frozenset[str] = frozenset()
    """The ARNs of keys and buckets whose account and the role's can't be compared at synth.

    There, both sides may allow what they would have to across accounts.
    """


@dataclass(frozen=True)
class Target:
    """The place that an action is allowed on: an ARN, or all objects below a prefix."""

    arn: str
    objects: bool = False

    def covers(self, resource: str) -> bool:
        """Tell if the resource is this target or one of its objects."""
        return resource.startswith(self.arn) if self.objects else resource == self.arn

    def samples(self) -> tuple[str, ...]:
        """ARNs that the action will be asked on."""
        if not self.objects:
            return (self.arn,)
        folder = self.arn.endswith("/")
        return (f"{self.arn}part-0.csv", f"{self.arn}2026/11/part-0.csv") if folder else (self.arn,)


@dataclass(frozen=True)
class Need:
    """A permission that the page asks for."""

    principal: str
    """The ARN of the role, or the service."""
    where: str
    action: str
    on: Target
    use: Use = field(hash=False)


@lru_cache
def needs(use: Use) -> tuple[Need, ...]:
    """Every permission for everything chosen."""
    return tuple(_needs(use))


def _needs(use: Use) -> Iterator[Need]:
    for chosen in use.chosen:
        targets = _targets(use, chosen)
        for asked in page.PAGE[chosen.kind]:
            for name in asked.principals:
                for on in asked.on:
                    for action in asked.actions:
                        principal = use.role if name == page.ROLE else name
                        yield from (
                            Need(principal, asked.where, action, target, use)
                            for target in targets.get(on, ())
                        )


def _targets(use: Use, chosen: Chosen) -> dict[str, tuple[Target, ...]]:
    targets: dict[str, tuple[Target, ...]] = {
        page.DATASET_GROUP_KEY: (Target(use.key),),
        page.EVERYTHING: (Target("*"),),
    }
    for place, key, bucket, objects in (
        (chosen.source, page.SOURCE_KEY, page.SOURCE_BUCKET, page.SOURCE_OBJECTS),
        (
            chosen.destination,
            page.DESTINATION_KEY,
            page.DESTINATION_BUCKET,
            page.DESTINATION_OBJECTS,
        ),
    ):
        if place is not None:
            targets[bucket] = (Target(place.bucket),)
            targets[objects] = (Target(f"{place.bucket}/{place.prefix}", objects=True),)
            if place.key is not None:
                targets[key] = (Target(place.key),)
    return targets
