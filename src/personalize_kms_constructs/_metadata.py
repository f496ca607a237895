"""The metadata of constructs in the assembly, for ``personalize_kms_check``.

It is no part of a template. The CDK writes it into ``manifest.json`` or, in newer versions,
``….metadata.json``, under the construct's path. References say which template they are about: the
metadata of all stacks nested in one another is resolved in the outermost, where a token would lose
its stack.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from aws_cdk import Stack
from constructs import Node

from personalize_kms_check._shared import METADATA_TYPE

from ._grant.place import Place
from ._grant.resolved import ResolvedLocation, ResolvedResource
from ._tokens import TOKEN, is_token, whole_reference

Json = dict[str, Any]


class Creation(NamedTuple):
    """A request to create resources. All its strings may have tokens."""

    service_role: str
    encryption_key: str | None
    resources: Iterable[ResolvedResource]
    pending: Sequence[Json] = ()
    """The results of ``pending_actions``."""
    job: Json | None = None
    """Facts about a job beyond the template: its ``state``, its ``name`` and ``madeFor``."""
    is_declared: bool = False
    """True if somebody declared it for a creator outside of the templates."""
    own_arns: Sequence[str] = ()
    """ARNs of resources that the construct's own stack makes."""
    retained: Sequence[str] = ()
    """The ids of its resources that should outlive their stack, as paths have them."""

    def to_json(self, here: Place) -> Json:
        metadata: Json = {
            "serviceRole": self.service_role,
            "encryptionKey": self.encryption_key,
            "resources": [_resource(resource, here) for resource in self.resources],
            "pending": list(self.pending),
        }
        if self.job is not None:
            metadata["job"] = self.job
        if self.is_declared:
            metadata["isDeclared"] = True
        if self.retained:
            metadata["retained"] = list(self.retained)
        return metadata


def pending_actions(kind: str, arn: str, actions: Iterable[str], file: str | None = None) -> Json:
    """Return the metadata on statements for somebody else to add to a policy.

    ``kind`` is ``"key"``, ``"bucket"`` or ``"role"``, and the ARN is the key's, bucket's or
    role's. For a job's unknown caller they are ``"caller"`` and the job's path. ``file`` is the
    file in the assembly with the statements, if there is one.
    """
    pending = {"policy": kind, "resource": arn, "actions": sorted(actions)}
    return pending if file is None else {**pending, "file": file}


def _resource(resource: ResolvedResource, here: Place) -> Json:
    metadata: Json = {"resource": resource.row.resource}
    if resource.source is not None:
        metadata["source"] = _location(resource.source, here)
    if resource.destination is not None:
        metadata["destination"] = _location(resource.destination, here)
    return metadata


def _location(location: ResolvedLocation, here: Place) -> Json:
    """Leave out a key that the template has, and an account that isn't certainly another one."""
    bucket = location.bucket
    metadata = {"bucket": bucket.arn, "prefix": location.prefix}
    if location.key is not None and not location.key_is_in_template:
        metadata["key"] = location.key.arn
    is_known = bucket.account != "" and not is_token(bucket.account)
    if bucket.stack is None and is_known and bucket.account != here.account:
        metadata["account"] = bucket.account
    return metadata


def leave_resources(node: Node, here: Place, creation: Creation) -> None:
    """Add the resources to be created by Personalize to the construct's metadata.

    Call it at the end of the synth, from a validation, when no later call and no aspect can change
    anything. A problem is added to the metadata as well, since it must not fail the synth.
    """
    metadata = _stack(here)
    try:
        metadata |= _Description(here, creation.own_arns).json(creation.to_json(here))
    except Exception as error:
        metadata["problem"] = f"{type(error).__name__}: {error}"
    node.add_metadata(METADATA_TYPE, metadata)


def _stack(place: Place) -> Json:
    return {"stack": place.path, "template": place.template}


def _reference(place: Place, logical_id: str, attribute: str) -> Json:
    return {**_stack(place), "logicalId": logical_id, "attribute": attribute}


class _Description:
    """Describes values independently of the stack in which they are read.

    Each string is resolved once.
    """

    def __init__(self, here: Place, own_arns: Sequence[str]) -> None:
        self._here = here
        self._texts: dict[str, Any] = {}
        # Saves time: one call into jsii for all of these, where each alone takes eight.
        for arn, resolved in zip(own_arns, here.stack.resolve([*own_arns]), strict=True):
            match resolved:
                case {"Fn::GetAtt": [logical_id, attribute]}:
                    self._texts[arn] = _reference(here, logical_id, attribute)

    def json(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {key: self.json(member) for key, member in value.items()}
        return [self.json(member) for member in value] if isinstance(value, list) else value

    def text(self, text: str) -> Any:
        if text not in self._texts:
            self._texts[text] = self._described(text)
        return self._texts[text]

    def _described(self, text: str) -> Any:
        parts: list[Any] = []
        start = 0
        for token in TOKEN.finditer(text):
            if token.start() > start:
                parts.append(text[start : token.start()])
            parts.append(self._token(token[0]))
            start = token.end()
        if start < len(text):
            parts.append(text[start:])
        if len(parts) > 1:
            return {"parts": parts}
        return parts[0] if parts else ""

    def _token(self, token: str) -> Any:
        reference = whole_reference(token)
        if reference is not None:
            target: Any = reference.target
            logical_id = getattr(target, "logical_id", None)
            if logical_id is not None:
                stack = Stack.of(target)
                attribute, logical_id = reference.display_name, stack.resolve(logical_id)
                return _reference(Place.of(stack), logical_id, attribute)
        return self._here.stack.resolve(token)
