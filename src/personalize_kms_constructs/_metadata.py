"""The resources that a construct allows, left in the assembly's metadata for ``personalize_kms_constructs.checks``.

It is no part of a template. The CDK writes it into ``manifest.json`` or, in newer versions, ``….metadata.json``, under
the construct's path. References say which template they are about, since the metadata of all stacks nested in one
another is resolved in the outermost, where a token would lose its stack.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, cast

from aws_cdk import Reference, Resource, Stack, Tokenization
from constructs import Construct

from ._tokens import TOKEN
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
    describe = _Description(stack)
    found: dict[str, Any] = describe.place(stack)
    try:
        found |= {
            "encryptionKey": describe.text(encryption_key_arn),
            "serviceRole": describe.text(service_role_arn),
            "resources": [describe.resource(each) for each in resources],
        }
    except Exception as error:
        found["problem"] = f"{type(error).__name__}: {error}"
    scope.node.add_metadata(METADATA_TYPE, found)


class _Description:
    """Describes values in words that don't depend on the stack in which they are read; each is asked for once."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._places: dict[Stack, dict[str, str]] = {}
        self._texts: dict[str, Any] = {}
        self._buckets: dict[object, dict[str, Any]] = {}

    def place(self, stack: Stack) -> dict[str, str]:
        """Describe a stack."""
        if stack not in self._places:
            self._places[stack] = {"stack": stack.node.path, "template": stack.template_file}
        return dict(self._places[stack])

    def resource(self, resource: PersonalizeResource) -> dict[str, Any]:
        """Describe a resource with its locations."""
        found: dict[str, Any] = {"resource": resource.permissions.resource}
        for name, location in (("source", resource.source), ("destination", resource.destination)):
            if location is not None:
                found[name] = {**self._bucket(location.bucket), "prefix": self.text(location.prefix)}
                if location.encryption_key is not None:
                    found[name]["key"] = self.text(_arn(location.encryption_key))
        return found

    def _bucket(self, bucket: Any) -> dict[str, Any]:
        if bucket not in self._buckets:
            self._buckets[bucket] = {"bucket": self.text(_arn(bucket))}
            if not Resource.is_owned_resource(bucket):
                # The template says nothing of an imported bucket.
                key = getattr(bucket, "encryption_key", None)
                if key is not None:
                    self._buckets[bucket]["key"] = self.text(_arn(key))
        return self._buckets[bucket]

    def text(self, text: str) -> Any:
        """Describe a string, tokens included."""
        if text not in self._texts:
            parts = [part for part in _parts(text) if part]
            described = [self._token(part) if TOKEN.fullmatch(part) else part for part in parts]
            self._texts[text] = described[0] if len(described) == 1 else {"parts": described} if described else ""
        return self._texts[text]

    def _token(self, token: str) -> Any:
        reference = Tokenization.reverse_string(token).first_token
        if Reference.is_reference(reference):
            target: Any = cast("Reference", reference).target
            logical_id = getattr(target, "logical_id", None)
            if logical_id is not None:
                stack = Stack.of(target)
                attribute = cast("Reference", reference).display_name
                return {**self.place(stack), "logicalId": stack.resolve(logical_id), "attribute": attribute}
        return _plain(self._stack.resolve(token))


def _arn(construct: Any) -> str:
    """The ARN of a key or a bucket: an L2, an imported one, an L1 or a reference."""
    for reference in (None, *_REFERENCES):
        each = construct if reference is None else getattr(construct, reference, None)
        for name in _ARNS:
            arn = getattr(each, name, None)
            if arn is not None:
                return str(arn)
    raise TypeError(f"{construct!r} has no ARN")


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
