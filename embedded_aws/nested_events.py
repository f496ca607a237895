"""Histories with the states within Map and Parallel states, which ministack leaves out.

The types are those of the API reference, HistoryEvent. A history of 25,000 events is full, so that
it matters how many there are.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from ministack.services import stepfunctions

_around: ContextVar[Any] = ContextVar("around", default=None)
"""The execution, for states within another state."""
_is_map: ContextVar[bool] = ContextVar("is_map", default=False)
"""True for what an inline Map runs."""


def register() -> None:
    """Extend ministack's module."""
    for kind in ("Pass", "Task", "Choice", "Wait", "Parallel", "Map"):
        name = f"_execute_{kind.lower()}"
        setattr(stepfunctions, name, _with_events(kind, getattr(stepfunctions, name)))
    for kind, name in (("Map", "_run_map_items"), ("Parallel", "_run_parallel_branches")):
        setattr(stepfunctions, name, _with_start(kind, getattr(stepfunctions, name)))
    stepfunctions._run_sub_machine = _with_iteration_events(stepfunctions._run_sub_machine)


def _with_start(kind: str, run: Callable[..., Any]) -> Callable[..., Any]:
    """Record that an outer state has started its branches or items, and that all have ended."""

    def run_with_start(state: Any, raw_input: Any, execution: Any, context: Any) -> Any:
        stepfunctions._add_event(execution, f"{kind}StateStarted")
        token = _is_map.set(kind == "Map")
        try:
            result = run(state, raw_input, execution, context)
        finally:
            _is_map.reset(token)
        stepfunctions._add_event(execution, f"{kind}StateSucceeded")
        return result

    return run_with_start


def _with_iteration_events(run: Callable[..., Any]) -> Callable[..., Any]:
    def run_with_events(states: Any, start_at: Any, data: Any, execution: Any, context: Any) -> Any:
        is_item = _is_map.get()
        details = {"index": context["Map"]["Item"]["Index"]} if is_item else {}
        if is_item:
            started = {"mapIterationStartedEventDetails": details}
            stepfunctions._add_event(execution, "MapIterationStarted", started)
        token, map_token = _around.set(execution), _is_map.set(False)
        try:
            result = run(states, start_at, data, execution, context)
        finally:
            _around.reset(token)
            _is_map.reset(map_token)
        if is_item:
            succeeded = {"mapIterationSucceededEventDetails": details}
            stepfunctions._add_event(execution, "MapIterationSucceeded", succeeded)
        return result

    return run_with_events


def _with_events(kind: str, execute: Callable[..., Any]) -> Callable[..., Any]:
    """Record that a nested state was entered and exited; outer states are recorded already."""

    def execute_with_events(state: Any, raw_input: Any, *rest: Any) -> Any:
        execution = _around.get()
        if execution is None:
            return execute(state, raw_input, *rest)
        name = rest[-1]["State"]["Name"]
        entered = {"stateEnteredEventDetails": {"name": name, "input": json.dumps(raw_input)}}
        stepfunctions._add_event(execution, f"{kind}StateEntered", entered)
        output, following = execute(state, raw_input, *rest)
        exited = {"stateExitedEventDetails": {"name": name, "output": json.dumps(output)}}
        stepfunctions._add_event(execution, f"{kind}StateExited", exited)
        return output, following

    return execute_with_events
