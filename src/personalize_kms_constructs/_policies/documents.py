"""Policy documents of the app: an L2's object, or whatever stands in an L1's property."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import jsii
from aws_cdk import CfnResource, IAnyProducer, IResolveContext, Lazy, Stack
from aws_cdk import aws_iam as iam

from .._tokens import is_function

Json = dict[str, Any]


def sids_in(document: Any, stack: Stack | None) -> list[str]:
    """Return the sids in a policy document that isn't resolved."""
    if isinstance(document, iam.PolicyDocument):
        return sids_of(document.to_json())
    return sids_of(document if stack is None else stack.resolve(document))


def sids_of(resolved: Any) -> list[str]:
    """Return the sids in a resolved policy document."""
    statements = [statement for statement in statements_of(resolved) if isinstance(statement, dict)]
    return [statement["Sid"] for statement in statements if isinstance(statement.get("Sid"), str)]


def statements_of(resolved: Any) -> list[Any]:
    """Return the statements of a resolved document, in a list also where it has just one without a list."""
    found = resolved.get("Statement", []) if isinstance(resolved, dict) else []
    return found if isinstance(found, list) else [found]


def is_document(value: Any, stack: Stack) -> bool:
    """Tell if statements can be appended to a value; not to an expression in place of the policy or its statements."""
    resolved = stack.resolve(value)
    return isinstance(resolved, dict) and not is_function(resolved) and not is_function(resolved.get("Statement"))


def append_to_property(l1: CfnResource, name: str, document: Any, statements: Callable[[], Sequence[Json]]) -> None:
    """Append statements to the policy that a property of an L1 has, as both are at synth."""
    appended = Lazy.uncached_any(cast("IAnyProducer", _Appended(document, statements)))
    setattr(l1, name, appended)


@jsii.implements(IAnyProducer)
class _Appended:
    """A policy document with statements at its end."""

    def __init__(self, original: Any, statements: Callable[[], Sequence[Json]]) -> None:
        self._original = original
        self._statements = statements

    def produce(self, context: IResolveContext) -> Json:
        """Return the document."""
        document = dict(context.resolve(self._original))
        ours = [{key: _without_list(value) for key, value in statement.items()} for statement in self._statements()]
        return {**document, "Statement": [*statements_of(document), *ours]}


def _without_list(value: Any) -> Any:
    """Return the only member of a list, as the CDK writes policies."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value
