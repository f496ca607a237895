"""A sid may be used once in a policy.

ministack takes policies as they come. IAM, S3 and KMS refuse a repeated sid (IAM user guide,
reference_policies_elements_sid), and so does CloudFormation through them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from ministack.core import iam_evaluator
from ministack.services import s3
from ministack.services.cloudformation import provisioners

REFUSAL = "Statement IDs (SID) in a single policy must be unique."


def repeated(document: dict[str, Any] | str | None) -> bool:
    """Tell if two statements share a sid."""
    try:
        policy = json.loads(document) if isinstance(document, str) else document
    except json.JSONDecodeError:
        return False
    statements = (policy or {}).get("Statement", [])
    listed = statements if isinstance(statements, list) else [statements]
    sids = [statement["Sid"] for statement in listed if statement.get("Sid")]
    return len(sids) != len(set(sids))


def register() -> None:
    """Check what comes in through IAM, S3 and CloudFormation; keys have a check of their own."""
    _check_iam()
    _check_s3()
    for resource_type, documents in _CLOUDFORMATION.items():
        handlers = provisioners._RESOURCE_HANDLERS[resource_type]
        handlers["create"] = _checked(handlers["create"], documents, properties_at=1)
        handlers["update"] = _checked(handlers["update"], documents, properties_at=2)


def _check_iam() -> None:
    validate = iam_evaluator.validate_policy_document

    def unique_and_valid(document: dict[str, Any] | str) -> str | None:
        return validate(document) or (REFUSAL if repeated(document) else None)

    iam_evaluator.validate_policy_document = unique_and_valid


def _check_s3() -> None:
    put = s3._put_bucket_policy

    def put_unique(name: str, body: bytes) -> Any:
        if repeated(body.decode("utf-8", errors="replace")):
            return s3._error("MalformedPolicy", REFUSAL, 400)
        return put(name, body)

    s3._put_bucket_policy = put_unique


def _one_document(properties: dict[str, Any]) -> Iterator[Any]:
    yield properties.get("PolicyDocument")


def _role_documents(properties: dict[str, Any]) -> Iterator[Any]:
    yield properties.get("AssumeRolePolicyDocument")
    yield from (policy.get("PolicyDocument") for policy in properties.get("Policies") or ())


_CLOUDFORMATION: dict[str, Callable[[dict[str, Any]], Iterator[Any]]] = {
    "AWS::IAM::ManagedPolicy": _one_document,
    "AWS::IAM::Policy": _one_document,
    "AWS::IAM::Role": _role_documents,
    "AWS::S3::BucketPolicy": _one_document,
}


def _checked(
    handler: Callable[..., Any], documents: Callable[[dict[str, Any]], Iterator[Any]], properties_at: int
) -> Callable[..., Any]:
    def check_first(*args: Any) -> Any:
        if any(repeated(document) for document in documents(args[properties_at])):
            raise ValueError(REFUSAL)
        return handler(*args)

    return check_first
