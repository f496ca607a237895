"""Two stacks that would need each other: the encryption's, and the job's with something that the encryption uses.

The CDK finds such a cycle too, and names neither the job nor what to do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import jsii
from aws_cdk import Reference, Stack, Tokenization
from constructs import IValidation

from .._policies.names import outermost_stack
from .._tokens import is_token
from ..encryption import PersonalizeEncryption
from ..resources import PersonalizeResource
from ._arns import GivenArn
from ._encryption import key_arn, service_role
from ._expressions import leaves
from ._places import Place


@dataclass(frozen=True)
class Neighbours:
    """The stack of a job, and that of its encryption."""

    stack: Stack
    encryption: PersonalizeEncryption
    places: Sequence[Place]

    @property
    def are_one(self) -> bool:
        """True if there is one stack only."""
        return self._there is self.stack

    def cycle_problems(
        self, arns: Sequence[GivenArn], arguments: Mapping[str, Any], more: Sequence[PersonalizeResource] = ()
    ) -> Iterator[str]:
        """Explain that a parameter refers to the encryption's stack, which needs the job's; with more resources."""
        why = self._why(more)
        if not why:
            return
        known: list[tuple[str, object]] = [(arn.parameter, arn.value) for arn in arns]
        for place in self.places:
            parts = (place.location.uri, place.path, key_arn(self.encryption, place.location))
            known += [(place.part, part) for part in parts]
        named = {value for _, value in known} | {place.uri for place in self.places} | {self.role_arn}
        others = [("a parameter", leaf) for leaf in leaves(arguments) if leaf not in named]
        for what in dict.fromkeys(what for what, value in (*known, *others) if self._is_of_the_other(value)):
            yield (
                f"{what} refers to {why}: make the state machine in {self._there.node.path}, or write out what it "
                "refers to, for example with stack.format_arn"
            )

    def role_problems(self) -> Iterator[str]:
        """Explain that the service role's ARN, as it is now, refers to the encryption's stack."""
        why, role = self._why(), service_role(self.encryption)
        if why and (not role.has_name or role.name_is_of_its_stack) and self._is_of_the_other(role.arn):
            yield (
                f"the service role has no fixed name, or one that its own stack gives it, so that the job refers to "
                f"{why}: give the role a literal role_name, or make the state machine in {self._there.node.path}"
            )

    @property
    def role_arn(self) -> str:
        """The service role's ARN as a state machine of this stack gives it.

        In another stack than the role's it is written out by the role's name: a reference would make that stack need
        the role's, which needs the buckets that it reads and writes, and both may be one.
        """
        role = service_role(self.encryption)
        return role.arn if role.stack is self.stack else role.arn_by_name(lambda _: bool(self._why()))

    @property
    def _there(self) -> Stack:
        return Stack.of(self.encryption)

    def _why(self, more: Sequence[PersonalizeResource] = ()) -> str:
        """Say what in the encryption's stack refers to the job's; nothing if nothing does."""
        needed = [] if self.are_one else list(dict.fromkeys(self._needed(more)))
        if not needed:
            return ""
        return (
            f"stack {self._there.node.path}, whose policies refer to the {' and '.join(needed)} in "
            f"{self.stack.node.path}, a cycle of stacks"
        )

    def _needed(self, more: Sequence[PersonalizeResource]) -> list[str]:
        """Return what the policies of the encryption need of the job's stack."""
        locations = [(place.part, place.location) for place in self.places]
        for resource in (*self.encryption._wiring.allowed, *more):
            locations += [(what, location) for what, location in resource.locations() if not self._has(location)]
        used: list[tuple[str, object]] = []
        for what, location in locations:
            used += [(what, location.uri), (what, key_arn(self.encryption, location))]
        used += [
            ("encryption key", self.encryption._wiring.encryption_key.resource_arn),
            ("service role", service_role(self.encryption).arn),
        ]
        return [what for what, value in used if self._is_of_this(value)]

    def _has(self, location: object) -> bool:
        return any(place.location == location for place in self.places)

    def _is_of_this(self, text: object) -> bool:
        return _refers_to(text, self.stack, beside=self._there)

    def _is_of_the_other(self, text: object) -> bool:
        return _refers_to(text, self._there, beside=self.stack)


@jsii.implements(IValidation)
class RoleCheck:
    """Fails the synth if the service role has lost the name by which the job knows it."""

    def __init__(self, neighbours: Neighbours) -> None:
        self._neighbours = neighbours

    def validate(self) -> list[str]:
        """Return the problems."""
        return list(self._neighbours.role_problems())


def _refers_to(text: object, stack: Stack, *, beside: Stack) -> bool:
    """Tell if a part of the string is an attribute of something that a stack makes.

    Where the two are deployed apart, all that is nested in one of them counts.
    """
    if not isinstance(text, str) or not is_token(text):
        return False
    tokens = Tokenization.reverse_string(text).tokens
    targets = [Stack.of(cast("Reference", token).target) for token in tokens if Reference.is_reference(token)]
    outermost = outermost_stack(stack)
    if outermost is outermost_stack(beside):
        return any(target is stack for target in targets)
    return any(outermost_stack(target) is outermost for target in targets)
