"""Refusals of AWS's APIs, and where they are made before ministack answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json


class RefusedError(Exception):
    """An error of an API: the name of the exception, and the text the caller sees."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def invalid_input(message: str) -> RefusedError:
    """Return Personalize's answer to a request that it can't carry out, also for permissions."""
    return RefusedError("InvalidInputException", message)


def check_call(module: Any, name: str, check: Callable[..., object]) -> None:
    """Let `check` see the arguments of a service's operation first, and refuse it."""
    operation = getattr(module, name)

    def check_first(*args: Any) -> Any:
        try:
            check(*args)
        except RefusedError as refusal:
            return error_response_json(refusal.code, str(refusal), 400)
        return operation(*args)

    setattr(module, name, check_first)
