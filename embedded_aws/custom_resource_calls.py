"""Custom resources whose function never answers, or is called twice, on demand by `EmbeddedAws.fail_next`.

Lambda promises at least one call, and a function that is stopped answers nothing.
"""

from __future__ import annotations

from typing import Any

from ministack.services import lambda_svc
from ministack.services.cloudformation import custom_resource

from embedded_aws import faults

OPERATION = "CallCustomResource"
NEVER_ANSWERS = "NeverAnswers"
CALLED_TWICE = "CalledTwice"


def register() -> None:
    """Ask for a fault at each call of a function by CloudFormation."""
    # Answers go to the endpoint that functions have in their environment, as ours asks for.
    custom_resource._HOST = "127.0.0.1"
    execute = lambda_svc._execute_function_with_config_scope

    def execute_with_fault(record: Any, event: Any, *more: Any) -> Any:
        fault = faults.take(OPERATION) if isinstance(event, dict) and "ResponseURL" in event else None
        if fault is None:
            return execute(record, event, *more)
        if fault.code == NEVER_ANSWERS:
            return None
        execute(record, event, *more)
        return execute(record, event, *more)

    lambda_svc._execute_function_with_config_scope = execute_with_fault
