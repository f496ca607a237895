"""Everything that a job learns from its ``PersonalizeEncryption`` besides the public members: all of it is here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import cast

from aws_cdk import Stack, Stage

from .._grant.role import ServiceRole
from .._metadata import DescribedLocation
from .._refusals.arguments import shown
from .._tokens import is_token
from ..encryption import PersonalizeEncryption
from ..locations import S3Location
from ..resources import PersonalizeResource
from ._expressions import is_known
from ._places import Place


def s3_data(encryption: PersonalizeEncryption, place: Place) -> dict[str, str | None]:
    """Return a place as the API takes it, with the key that encrypts it, if one does."""
    return {"Path": place.uri, "KmsKeyArn": key_arn(encryption, place.location)}


def service_role(encryption: PersonalizeEncryption) -> ServiceRole:
    """Return what is known of the service role."""
    return encryption._wiring.role


def key_arn(encryption: PersonalizeEncryption, location: S3Location) -> str | None:
    """Return the ARN of the key that encrypts a location, if one does."""
    return encryption._wiring.door.key_arn(location)


def described_location(encryption: PersonalizeEncryption, place: Place) -> DescribedLocation:
    """Describe a place for the assembly's metadata; the prefix alone where each execution has its own path."""
    location, known = place.location, encryption._wiring.known
    path = place.path if place.path is not None and is_known(place.path) else ""
    key = None if known.is_in_template(location) else key_arn(encryption, location)
    return DescribedLocation(known.bucket(location.bucket).arn, location.prefix + path, key)


def encryption_key(encryption: PersonalizeEncryption) -> str:
    """Return the ARN of the dataset groups' key."""
    return encryption._wiring.encryption_key.resource_arn


def check_before_allowing(
    encryption: PersonalizeEncryption, check: Callable[[Sequence[PersonalizeResource]], None]
) -> None:
    """Have a job look at the resources that are allowed after it."""
    encryption._wiring.before_allowing.append(check)


def encryption_problems(stack: Stack, encryption: object) -> Iterator[str]:
    """Explain that something is not a ``PersonalizeEncryption``, its key for example, or one that is elsewhere."""
    if not isinstance(encryption, PersonalizeEncryption):
        yield (
            f"encryption is {shown(encryption)} but a PersonalizeEncryption is expected: pass the construct whose "
            "service role does the work"
        )
        return
    there = Stack.of(encryption)
    stages = [_stage_of(each) for each in (stack, there)]
    if stages[0] != stages[1]:
        yield (
            f"the job is in {stages[0]} but its encryption in {stages[1]}, and stages are deployed apart from each "
            "other: make both in one stage"
        )
    for what, here, elsewhere in (
        ("Region", stack.region, there.region),
        ("account", stack.account, there.account),
    ):
        if here != elsewhere and not is_token(here) and not is_token(elsewhere):
            yield (
                f"the job is in {what} {here} but its encryption in {elsewhere}, and Personalize works with keys and "
                f"roles of its own {what}: make the state machine in a stack of {elsewhere}"
            )


def location_problems(
    encryption: object, allows: Callable[..., PersonalizeResource], places: Sequence[Place]
) -> Iterator[str]:
    """Explain why Personalize can't work with the locations, as the encryption would once it has to allow them."""
    if isinstance(encryption, PersonalizeEncryption):
        resources = [allows(**{each.part: each.location}) for each in places if isinstance(each.location, S3Location)]
        yield from encryption._wiring.door.problems(resources)


def _stage_of(stack: Stack) -> str:
    """Return the stage of a stack, for people; the app is one too, without a path."""
    path = cast("Stage", Stage.of(stack)).node.path
    return f"stage {path}" if path else "the app"
