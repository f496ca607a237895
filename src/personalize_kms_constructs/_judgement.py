"""Judges what a construct was given, by what is known of each key and bucket."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from aws_cdk import Stack

from ._argument_types import is_key, not_a_resource
from ._checks import bucket_problems, key_problems, resource_problems
from ._environment_checks import bucket_key_problems, prefix_problems, role_reference_problems
from ._policies.known import KnownResources
from ._policies.place import Place
from ._policies.resources import BucketFacts, KeyFacts
from ._policies.roles import RoleFacts
from ._tokens import is_token, written_out
from .locations import S3Location
from .resources import PersonalizeResource


class Judgement:
    """Explains why Personalize can't work with keys, buckets and resources; asking changes nothing."""

    def __init__(
        self, known: KnownResources, here: Place, role: RoleFacts | None, *, manages_imported_keys: bool
    ) -> None:
        self._known = known
        self._here = here
        self._role = role
        self._manages_imported_keys = manages_imported_keys
        self._good: set[str] = set()

    def of_resources(self, resources: Iterable[object]) -> Iterator[str]:
        """Explain why Personalize can't work with these resources."""
        for resource in resources:
            if not isinstance(resource, PersonalizeResource):
                yield not_a_resource(resource)
                continue
            yield from resource_problems(resource, in_one_bucket=_is_in_one_bucket(resource, self._known))
            for what, location in resource.locations():
                yield from self._of_location(what, location)

    def of_key(self, what: str, given: object) -> Iterator[str]:
        """Explain why Personalize can't work with a key; its type is judged elsewhere."""
        if is_key(given):
            yield from self._of_known_key(what, self._known.key(given))

    def _of_location(self, what: str, location: S3Location) -> Iterator[str]:
        bucket, encryption = self._known.bucket(location.bucket), self._known.encryption_of(location)
        yield from self._once(bucket.identity, self._of_bucket(f"bucket of the {what}", bucket))
        yield from prefix_problems(what, location.prefix, bucket, self._here)
        if encryption.problem:
            yield f"bucket of the {what} {encryption.problem}"
        if location.encryption_key is None:
            yield from bucket_key_problems(f"bucket of the {what}", bucket, encryption.key, self._here)
        if encryption.key is not None:
            yield from self._of_known_key(f"key of the {what}", encryption.key)

    def _of_bucket(self, what: str, bucket: BucketFacts) -> Iterator[str]:
        yield from bucket_problems(what, bucket, self._here)
        if self._role is not None and not self._role.is_of_account(bucket.account):
            yield from role_reference_problems(what, bucket, self._role)

    def _of_known_key(self, what: str, key: KeyFacts) -> Iterator[str]:
        found = key_problems(what, key, self._here, self._role, managed=self._manages_imported_keys)
        yield from self._once(key.identity, found)

    def _once(self, identity: str, problems: Iterator[str]) -> Iterator[str]:
        """Yield problems, and look no more at what had none."""
        if identity not in self._good:
            found = list(problems)
            if not found:
                self._good.add(identity)
            yield from found


def prefix_at_synth_problems(resource: PersonalizeResource, known: KnownResources, stack: Stack) -> Iterator[str]:
    """Explain why Personalize can't use prefixes of a resource that weren't known before synth."""
    if not any(is_token(location.prefix) for _, location in resource.locations()):
        return
    source, destination = (
        None if location is None else replace(location, prefix=written_out(location.prefix, stack))
        for location in (resource.source, resource.destination)
    )
    at_synth = replace(resource, source=source, destination=destination)
    yield from resource_problems(at_synth, in_one_bucket=_is_in_one_bucket(resource, known))


def _is_in_one_bucket(resource: PersonalizeResource, known: KnownResources) -> bool:
    return len({known.bucket(location.bucket).identity for _, location in resource.locations()}) == 1
