"""The door through which resources come in: each is looked up once, and refused here or nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .._refusals.arguments import is_key, not_a_resource
from .._refusals.environments import bucket_problems, key_problems
from .._refusals.paths import resource_problems
from ..locations import S3Location
from ..resources import PersonalizeResource
from .place import Place
from .resolved import ResolvedKey, ResolvedResource, Resolver
from .role import ServiceRole


class Door:
    """Looks up keys and resources for one construct, and explains why Personalize can't work with them."""

    def __init__(self, here: Place, role: ServiceRole | None, *, manages_imported_keys: bool) -> None:
        self._here = here
        self._role = role
        self._managed = manages_imported_keys
        self._resolver = Resolver(here)

    def key(self, given: object) -> ResolvedKey:
        """Return what is known of a key."""
        return self._resolver.key(given)

    def key_arn(self, location: S3Location) -> str | None:
        """Return the ARN of the key that encrypts a location, if one does."""
        key = self._resolver.location(location).key
        return None if key is None else key.arn

    def resources(self, given: Iterable[object]) -> list[ResolvedResource]:
        """Return resources with their locations; what is no resource is left out."""
        return [self._resolver.resource(each) for each in given if isinstance(each, PersonalizeResource)]

    def problems(self, given: Iterable[object]) -> Iterator[str]:
        """Explain why Personalize can't work with these resources, their buckets and keys in this place."""
        for each in given:
            if not isinstance(each, PersonalizeResource):
                yield not_a_resource(each)
        for resource in self.resources(given):
            yield from resource_problems(resource)
            for what, location in resource.locations:
                yield from bucket_problems(f"bucket of the {what}", location.bucket, self._here, self._role)
                if location.problem:
                    yield f"bucket of the {what} {location.problem}"
                if location.key is not None:
                    yield from self._key_problems(f"key of the {what}", location.key)

    def problems_of_key(self, what: str, given: object) -> Iterator[str]:
        """Explain why Personalize can't work with a key; one of another type is told elsewhere."""
        if is_key(given):
            yield from self._key_problems(what, self.key(given))

    def _key_problems(self, what: str, key: ResolvedKey) -> Iterator[str]:
        return key_problems(what, key, self._here, self._role, managed=self._managed)
