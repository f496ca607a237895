"""The default encryption as it stands in the property of a bucket's L1, whoever wrote it and in whatever form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import Token, TreeInspector
from aws_cdk import aws_s3 as s3

from .._tokens import is_function

_RULES, _DEFAULT, _ALGORITHM, _KEY = (
    "serversideencryptionconfiguration",
    "serversideencryptionbydefault",
    "ssealgorithm",
    "kmsmasterkeyid",
)


class ExpressionError(Exception):
    """An expression, whose value is known only at deployment, decides whether there is a KMS key."""


def default_encryption(l1: s3.CfnBucket) -> tuple[str, str | None]:
    """Return algorithm and key id; the algorithm is empty where there is none.

    Raises:
        ExpressionError: if a KMS key may be the outcome of an expression.
    """
    value: Any
    try:
        value = l1.bucket_encryption
    except (RuntimeError, KeyError):  # an expression where jsii expects an object
        value = {}
    if value is None:
        return "", None
    resolved = _resolved_property(l1)
    try:
        rules = _member(resolved, _RULES)
        default = _member(rules[0] if rules else None, _DEFAULT)
        algorithm, key_id = _known(_member(default, _ALGORITHM)), _member(default, _KEY)
    except ExpressionError:
        if _may_be_kms(resolved):
            raise
        return "", None
    return str(algorithm or ""), key_id if key_id is None or isinstance(key_id, str) else _as_token(value, key_id)


def _resolved_property(l1: s3.CfnBucket) -> Any:
    """Return the property resolved, by way of an object of JavaScript.

    jsii makes structs of what it hands over to Python. They have no place for expressions: it fails, or drops them.
    """
    inspector = TreeInspector()
    l1.inspect(inspector)
    attributes = l1.stack.resolve(inspector)["attributes"]
    return attributes["aws:cdk:cloudformation:props"].get("bucketEncryption")


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


def _as_token(value: Any, key_id: Any) -> str:
    """Return the key id as it stands in the property, from where a reference leads to its key."""
    for name in (_RULES, _DEFAULT, _KEY):
        members = getattr(value, "_values", value)
        if not isinstance(members, Mapping):
            return Token.as_string(key_id)
        value = next((member for key, member in members.items() if _plain(key) == name), None)
        if isinstance(value, Sequence) and not isinstance(value, str):
            value = value[0] if value else None
    return value if isinstance(value, str) else Token.as_string(key_id)


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
