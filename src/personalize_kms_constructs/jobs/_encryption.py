"""What a job learns from its ``PersonalizeEncryption`` besides the public members: all of it is here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aws_cdk import Stack

from .._argument_types import shown
from .._tokens import is_token
from ..encryption import PersonalizeEncryption
from ..locations import S3Location
from ._arns import GivenArn, refers_to
from ._places import Place


def s3_data(encryption: PersonalizeEncryption, place: Place) -> dict[str, str | None]:
    """Return a place as the API takes it, with the key that encrypts it, if one does."""
    return {"Path": place.uri, "KmsKeyArn": _key_arn(encryption, place.location)}


def role_arn_in(stack: Stack, encryption: PersonalizeEncryption) -> str:
    """Return the service role's ARN as a state machine of this stack gives it.

    In another stack than the role's it is written out by the role's name: a reference would make that stack need the
    role's, which needs the buckets that it reads and writes, and both may be one.
    """
    role = encryption._role
    if role.stack is None or role.stack is stack or not role.has_name:
        return role.arn
    return role.arn_elsewhere(None)


def encryption_problems(stack: Stack, encryption: object) -> Iterator[str]:
    """Explain that something is not a ``PersonalizeEncryption``, its key for example, or one that is elsewhere."""
    if not isinstance(encryption, PersonalizeEncryption):
        yield (
            f"encryption is {shown(encryption)} but a PersonalizeEncryption is expected: pass the construct whose "
            "service role does the work"
        )
        return
    there = Stack.of(encryption)
    for what, here, elsewhere in (
        ("Region", stack.region, there.region),
        ("account", stack.account, there.account),
    ):
        if here != elsewhere and not is_token(here) and not is_token(elsewhere):
            yield (
                f"the job is in {what} {here} but its encryption in {elsewhere}, and Personalize works with keys and "
                f"roles of its own {what}: make the state machine in a stack of {elsewhere}"
            )


def cycle_problems(
    stack: Stack, encryption: PersonalizeEncryption, role_arn: str, places: Sequence[Place], arns: Sequence[GivenArn]
) -> Iterator[str]:
    """Explain that two stacks would need each other: the encryption's, and that of both the job and its data."""
    there = Stack.of(encryption)
    data = [
        place.part
        for place in places
        if refers_to(place.location.uri, stack) or refers_to(_key_arn(encryption, place.location), stack)
    ]
    if there is stack or not data:
        return
    why = (
        f"stack {there.node.path}, whose policies refer to the {' and '.join(data)} in {stack.node.path}, a cycle of "
        "stacks"
    )
    for arn in arns:
        if refers_to(arn.value, there):
            yield (
                f"{arn.parameter} refers to {why}: make the state machine in {there.node.path}, or write the ARN out, "
                "for example with stack.format_arn"
            )
    if refers_to(role_arn, there):
        yield (
            f"the service role has no fixed name, so that the job refers to {why}: give the role a role_name, or make "
            f"the state machine in {there.node.path}"
        )


def _key_arn(encryption: PersonalizeEncryption, location: S3Location) -> str | None:
    return encryption._wiring.key_arn(location)
