"""What a construct was told to allow, left in the assembly's metadata for ``personalize_kms_constructs.checks``.

It is no part of a template. The CDK writes it into ``manifest.json`` or, in newer versions, ``….metadata.json``, under
the construct's path. References say which template they are about, since the metadata of all stacks nested in one
another is resolved in the outermost, where a token would lose its stack.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from aws_cdk import Reference, Resource, Stack, Tokenization
from constructs import Construct, IConstruct

from ._tokens import TOKEN
from .locations import S3Location
from .resources import PersonalizeResource

METADATA_TYPE = "personalize-kms-constructs:resources"

_ARNS = ("key_arn", "bucket_arn", "attr_arn")
_REFERENCES = ("key_ref", "bucket_ref")


def leave_resources(
    scope: Construct,
    *,
    resources: Iterable[PersonalizeResource],
    encryption_key_arn: str,
    service_role_arn: str,
) -> None:
    """Leave in the metadata what is allowed, with the key and the role.

    To be called at the end of the synth, from a validation, when no later call and no aspect can change anything. A
    problem is left in the metadata as well, since it must not fail the synth.

    Args:
        scope: the construct, under whose path the metadata stands.
        resources: what was allowed.
        encryption_key_arn: the ARN of the key of the dataset groups, tokens included.
        service_role_arn: the ARN of the role, tokens included.
    """
    stack = Stack.of(scope)
    found: dict[str, Any] = {"stack": stack.node.path, "template": stack.template_file}
    try:
        describe = _Description(stack)
        found |= {
            "encryptionKey": describe.text(encryption_key_arn),
            "serviceRole": describe.text(service_role_arn),
            "resources": [describe.resource(each) for each in resources],
        }
    except Exception as error:
        found["problem"] = f"{type(error).__name__}: {error}"
    scope.node.add_metadata(METADATA_TYPE, found)


class _Description:
    """Describes values in words that don't depend on the stack in which they are read."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._known: dict[str, Any] = {}

    def resource(self, resource: PersonalizeResource) -> dict[str, Any]:
        found: dict[str, Any] = {"resource": resource.permissions.resource}
        for name, location in (("source", resource.source), ("destination", resource.destination)):
            if location is not None:
                found[name] = self._location(location)
        return found

    def _location(self, location: S3Location) -> dict[str, Any]:
        found = {"bucket": self.text(_arn(location.bucket)), "prefix": self.text(location.prefix)}
        key: Any = location.encryption_key
        if key is None and not Resource.is_owned_resource(cast("IConstruct", location.bucket)):
            # The template says nothing of an imported bucket.
            key = getattr(location.bucket, "encryption_key", None)
        if key is not None:
            found["key"] = self.text(_arn(key))
        return found

    def text(self, text: str) -> Any:
        """Describe a string, tokens included."""
        if text not in self._known:
            parts = [part for part in _parts(text) if part]
            described = [self._token(part) if TOKEN.fullmatch(part) else part for part in parts]
            self._known[text] = described[0] if len(described) == 1 else {"parts": described} if described else ""
        return self._known[text]

    def _token(self, token: str) -> Any:
        reference = Tokenization.reverse_string(token).first_token
        if Reference.is_reference(reference):
            target: Any = cast("Reference", reference).target
            if hasattr(target, "logical_id"):
                stack = Stack.of(target)
                return {
                    "stack": stack.node.path,
                    "template": stack.template_file,
                    "logicalId": stack.resolve(target.logical_id),
                    "attribute": cast("Reference", reference).display_name,
                }
        return _plain(self._stack.resolve(token))


def _arn(construct: Any) -> str:
    """The ARN of a key or a bucket: an L2, an imported one, an L1 or a reference."""
    for name in _REFERENCES:
        if not any(hasattr(construct, each) for each in _ARNS):
            construct = getattr(construct, name, construct)
    return next(str(getattr(construct, name)) for name in _ARNS if hasattr(construct, name))


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
