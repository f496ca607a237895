"""Exports that another stack imports, which no update of their stack may remove or change.

CloudFormation fails such an update when it comes to the outputs, and rolls it back:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html. ministack asks who imports
an export only when its stack is deleted, and keeps the exports that an update removes.
"""

from __future__ import annotations

from typing import Any

from ministack.services import cloudformation
from ministack.services.cloudformation import handlers, stacks

_resolve_outputs = stacks._resolve_stack_outputs


def register() -> None:
    """Have updates look at the exports that they change."""
    stacks._resolve_stack_outputs = _resolved_outputs


def _resolved_outputs(*arguments: Any) -> tuple[list[Any], dict[str, Any]]:
    outputs, exports = _resolve_outputs(*arguments)
    stack_id = arguments[-1]
    before = {name: each for name, each in cloudformation._exports.items() if each["StackId"] == stack_id}
    for name, export in before.items():
        users = _users(name)
        if users and name not in exports:
            raise ValueError(f"Export {name} cannot be deleted as it is in use by {users}")
        if users and exports[name]["Value"] != export["Value"]:
            raise ValueError(f"Cannot update export {name} as it is in use by {users}")
    for name in before.keys() - exports.keys():
        cloudformation._exports.pop(name)
    return outputs, exports


def _users(export: str) -> str:
    """The names of the stacks that import it."""
    return ", ".join(
        name
        for name, stack in cloudformation._stacks.items()
        if stack.get("StackStatus") != "DELETE_COMPLETE" and export in handlers._imported_export_names(stack, name)
    )
