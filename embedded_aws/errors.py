"""Refusals of AWS's APIs, and where they are made before ministack answers."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ministack.services.cloudformation import provisioners


class RefusedError(Exception):
    """An error of an API: the name of the exception, and the text the caller sees."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def invalid_input(message: str) -> RefusedError:
    """Return Personalize's answer to a request that it can't carry out, also for permissions."""
    return RefusedError("InvalidInputException", message)


def check_call(
    operations: Any, name: str, check: Callable[..., None], answer: Callable[[str, str], Any]
) -> None:
    """Let `check` see the arguments of a call first; `answer` makes the response to a refusal."""
    operation = operations[name]

    def check_first(*args: Any) -> Any:
        try:
            check(*args)
            return operation(*args)
        except RefusedError as refusal:
            return answer(refusal.code, str(refusal))

    operations[name] = check_first


# Where a handler of a resource type has the new properties among its arguments.
PROPERTIES_AT = {"create": 1, "update": 2}


def check_resource(
    resource_type: str, check: Callable[[dict[str, Any]], None], *operations: str
) -> None:
    """Let `check` see the properties first when a stack creates or updates; a refusal fails it."""
    handlers = provisioners._RESOURCE_HANDLERS[resource_type]
    for operation in operations or PROPERTIES_AT:
        handlers[operation] = partial(
            _check_first, check, PROPERTIES_AT[operation], handlers[operation]
        )


def _check_first(
    check: Callable[..., None], position: int, handler: Callable[..., Any], *args: Any
) -> Any:
    check(args[position])
    return handler(*args)
