"""The default encryption as it stands in the property of a bucket's L1, whoever wrote it and in whatever form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Token, TreeInspector
from aws_cdk import aws_s3 as s3

from .._tokens import is_function
from .properties import resolved_properties

_RULES, _DEFAULT, _ALGORITHM, _KEY = (
    "serversideencryptionconfiguration",
    "serversideencryptionbydefault",
    "ssealgorithm",
    "kmsmasterkeyid",
)


class ExpressionError(Exception):
    """An expression, whose value is known only at deployment, decides whether there is a KMS key."""


def default_encryption(l1: s3.CfnBucket, properties: Mapping[str, Any] | None = None) -> tuple[str, Any]:
    """Return algorithm and key id, resolved; the algorithm is empty where there is none.

    Args:
        l1: the bucket.
        properties: its resolved properties, where they are known.

    Raises:
        ExpressionError: if a KMS key may be the outcome of an expression.
    """
    if properties is None:
        if _property_of(l1) is None:
            return "", None
        properties = resolved_properties(l1, TreeInspector())
    resolved = properties.get("bucketEncryption")
    try:
        rules = _member(resolved, _RULES)
        default = _member(rules[0] if rules else None, _DEFAULT)
        return str(_known(_member(default, _ALGORITHM)) or ""), _member(default, _KEY)
    except ExpressionError:
        if _may_be_kms(resolved):
            raise
        return "", None


def as_token(l1: s3.CfnBucket, key_id: Any) -> str:
    """Return a resolved key id as it stands in the property, from where a reference leads to its key."""
    value = _property_of(l1)
    for name in (_RULES, _DEFAULT, _KEY):
        members = getattr(value, "_values", value)
        if not isinstance(members, Mapping):
            return Token.as_string(key_id)
        value = next((member for key, member in members.items() if _plain(key) == name), None)
        if isinstance(value, Sequence) and not isinstance(value, str):
            value = value[0] if value else None
    return value if isinstance(value, str) else Token.as_string(key_id)


def _property_of(l1: s3.CfnBucket) -> Any:
    try:
        return l1.bucket_encryption
    except (RuntimeError, KeyError):  # an expression where jsii expects an object
        return {}


def _member(resolved: Any, name: str) -> Any:
    """Return a member of a mapping, in any spelling of its name."""
    members = _known(resolved)
    if not isinstance(members, Mapping):
        return None
    found = next((member for key, member in members.items() if _plain(key) == name), None)
    return found if name == _KEY else _known(found)


def _known(resolved: Any) -> Any:
    if is_function(resolved):
        raise ExpressionError
    return resolved


def _may_be_kms(resolved: Any) -> bool:
    """Tell if a property may have a KMS algorithm, whatever the conditions turn out to be."""
    if isinstance(resolved, str):
        return resolved.startswith("aws:kms")
    if isinstance(resolved, list):
        return any(map(_may_be_kms, resolved))
    if not isinstance(resolved, dict):
        return False
    if "Fn::If" in resolved:
        return _may_be_kms(resolved["Fn::If"][1:])
    if is_function(resolved):
        return resolved != {"Ref": "AWS::NoValue"}
    return any(_may_be_kms(resolved[name]) for name in resolved if _plain(name) in (_RULES, _DEFAULT, _ALGORITHM))


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
