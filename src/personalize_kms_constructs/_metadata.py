"""The resources that a construct allows, left in the assembly's metadata for ``personalize_kms_constructs.checks``.

It is no part of a template. The CDK writes it into ``manifest.json`` or, in newer versions, ``….metadata.json``, under
the construct's path. References say which template they are about, since the metadata of all stacks nested in one
another is resolved in the outermost, where a token would lose its stack.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from aws_cdk import CfnResource, Reference, Stack, Tokenization
from constructs import Construct

from ._grant.place import Place
from ._grant.resolved import ResolvedLocation, ResolvedResource
from ._grant.targets import KeyTarget
from ._grant.wiring import Wiring
from ._tokens import TOKEN

METADATA_TYPE = "personalize-kms-constructs:resources"


def leave_resources(scope: Construct, here: Place, wiring: Wiring) -> None:
    """Leave in the metadata what is allowed, with the key and the role.

    To be called at the end of the synth, from a validation, when no later call and no aspect can change anything. A
    problem is left in the metadata as well, since it must not fail the synth.

    Args:
        scope: the construct, under whose path the metadata stands.
        here: its place.
        wiring: what it was given, and what is allowed.
    """
    describe = _Description(here, wiring)
    found: dict[str, Any] = describe.place(here)
    try:
        found |= {
            "encryptionKey": describe.text(wiring.encryption_key.arn),
            "serviceRole": describe.text(wiring.role.arn),
            "resources": [describe.resource(each) for each in wiring.allowed.values()],
        }
    except Exception as error:
        found["problem"] = f"{type(error).__name__}: {error}"
    scope.node.add_metadata(METADATA_TYPE, found)


class _Description:
    """Describes values in words that don't depend on the stack in which they are read; each is asked for once."""

    def __init__(self, here: Place, wiring: Wiring) -> None:
        self._here = here
        own: list[tuple[str, Stack | None, CfnResource | None]] = [(wiring.role.arn, wiring.role.stack, wiring.role.l1)]
        own += [(each.key.arn, each.key.stack, each.key.l1) for each in wiring.policies if isinstance(each, KeyTarget)]
        self._l1s = {arn: l1 for arn, stack, l1 in own if stack is here.stack and l1 is not None}
        """The L1s of the construct's own stack, by their ARNs."""
        self._texts: dict[str, Any] = {}

    def place(self, place: Place) -> dict[str, str]:
        """Describe a stack."""
        return {"stack": place.path, "template": place.template}

    def resource(self, resource: ResolvedResource) -> dict[str, Any]:
        """Describe a resource with its locations."""
        found: dict[str, Any] = {"resource": resource.row.resource}
        for name, location in (("source", resource.source), ("destination", resource.destination)):
            if location is not None:
                found[name] = self._location(location)
        return found

    def _location(self, location: ResolvedLocation) -> dict[str, Any]:
        found = {"bucket": self.text(location.bucket.arn), "prefix": self.text(location.prefix)}
        if location.key is not None and not location.key_is_in_template:
            found["key"] = self.text(location.key.arn)
        return found

    def text(self, text: str) -> Any:
        """Describe a string, tokens included."""
        if text not in self._texts:
            parts = [part for part in _parts(text) if part]
            described = [self._token(part) if TOKEN.fullmatch(part) else part for part in parts]
            self._texts[text] = described[0] if len(described) == 1 else {"parts": described} if described else ""
        return self._texts[text]

    def _token(self, token: str) -> Any:
        l1 = self._l1s.get(token)
        if l1 is not None:
            return {**self.place(self._here), "logicalId": l1.logical_id, "attribute": "Arn"}
        reference = Tokenization.reverse_string(token).first_token
        if Reference.is_reference(reference):
            target: Any = cast("Reference", reference).target
            logical_id = getattr(target, "logical_id", None)
            if logical_id is not None:
                stack = Stack.of(target)
                attribute = cast("Reference", reference).display_name
                return {**self.place(Place.of(stack)), "logicalId": stack.resolve(logical_id), "attribute": attribute}
        return _plain(self._here.stack.resolve(token))


def _parts(text: str) -> Iterable[str]:
    start = 0
    for token in TOKEN.finditer(text):
        yield text[start : token.start()]
        yield token[0]
        start = token.end()
    yield text[start:]


def _plain(value: Any) -> Any:
    """Return the value as plain Python data."""
    if isinstance(value, Mapping):
        return {key: _plain(each) for key, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
