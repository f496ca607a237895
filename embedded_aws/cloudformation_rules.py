"""Templates and stacks that CloudFormation refuses, and ministack takes.

* A reference to nothing in the template, or nothing under its conditions. ministack puts the name
  in its place.
* An export that another stack imports stays as it is, and no two stacks have exports of one name
  (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-exports.html).
  ministack asks who imports an export only when its stack is deleted, and keeps the exports that an
  update removes.
* A bucket that isn't empty fails the deletion of its stack. ministack deletes it with its objects.

Users report these messages.
"""

from __future__ import annotations

from typing import Any

from ministack.services import cloudformation, s3
from ministack.services.cloudformation import engine, handlers, provisioners, stacks

_evaluate_rules = engine._evaluate_rules
_resolve_outputs = stacks._resolve_stack_outputs
_delete_stack = handlers._delete_stack


def register() -> None:
    """Put these rules before what ministack does."""
    engine._evaluate_rules = _check_references
    stacks._resolve_stack_outputs = _resolved_outputs
    handlers._ACTION_HANDLERS["DeleteStack"] = _delete_unless_imported
    bucket_handlers = provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]
    delete_bucket = bucket_handlers["delete"]

    def delete_empty_bucket(name: str, properties: dict[str, Any]) -> None:
        if s3._buckets.get(name, {}).get("objects") or s3._bucket_has_versions(name):
            code = "Service: Amazon S3; Status Code: 409; Error Code: BucketNotEmpty"
            raise ValueError(f"The bucket you tried to delete is not empty ({code})")
        delete_bucket(name, properties)

    bucket_handlers["delete"] = delete_empty_bucket


def _check_references(
    template: dict[str, Any], parameters: dict[str, Any], conditions: dict[str, bool]
) -> None:
    """Refuse references to nothing, in the last check of a template before its stack changes."""
    _evaluate_rules(template, parameters, conditions)
    resources, outputs = (
        _active(template.get(block) or {}, conditions) for block in ("Resources", "Outputs")
    )
    known = {*template.get("Parameters", {}), *resources}
    for resource in resources.values():
        _check_block("Resources", resource.get("Properties"), known, conditions)
        needs = resource.get("DependsOn", [])
        _check_names(
            "Resources", {needs} if isinstance(needs, str) else {*needs}, {*template["Resources"]}
        )
    for output in outputs.values():
        _check_block("Outputs", output, known, conditions)


def _active(block: dict[str, Any], conditions: dict[str, bool]) -> dict[str, Any]:
    return {
        name: entry for name, entry in block.items() if conditions.get(entry.get("Condition"), True)
    }


def _check_block(block: str, value: Any, known: set[str], conditions: dict[str, bool]) -> None:
    names = set()
    for name, attribute in engine._intrinsic_references(_chosen(value, conditions)):
        if attribute and name not in known:
            raise ValueError(
                f"Template error: instance of Fn::GetAtt references undefined resource {name}"
            )
        names.add(name)
    _check_names(block, names, known)


def _check_names(block: str, names: set[str], known: set[str]) -> None:
    unknown = sorted(name for name in names - known if not name.startswith("AWS::"))
    if unknown:
        problem = f"Unresolved resource dependencies [{', '.join(unknown)}]"
        raise ValueError(f"Template format error: {problem} in the {block} block of the template")


def _chosen(value: Any, conditions: dict[str, bool]) -> Any:
    """A value of a template without the branches of Fn::If that aren't taken."""
    if isinstance(value, list):
        return [_chosen(entry, conditions) for entry in value]
    if not isinstance(value, dict):
        return value
    if "Fn::If" in value:
        condition, if_true, if_false = value["Fn::If"]
        return _chosen(if_true if conditions.get(condition) else if_false, conditions)
    return {name: _chosen(entry, conditions) for name, entry in value.items()}


def _resolved_outputs(*arguments: Any) -> tuple[list[Any], dict[str, Any]]:
    outputs, exports = _resolve_outputs(*arguments)
    stack_id = arguments[-1]
    for name in exports:
        owner = cloudformation._exports.get(name, {}).get("StackId", stack_id)
        if owner != stack_id:
            raise ValueError(
                f"Export with name {name} is already exported by stack {owner.split('/')[1]}"
            )
    before = _exports_of(stack_id)
    for name, export in before.items():
        users = _users(name)
        if users and name not in exports:
            raise ValueError(f"Export {name} cannot be deleted as it is in use by {users}")
        if users and exports[name]["Value"] != export["Value"]:
            raise ValueError(f"Cannot update export {name} as it is in use by {users}")
    for name in before.keys() - exports.keys():
        cloudformation._exports.pop(name)
    return outputs, exports


def _delete_unless_imported(params: dict[str, Any]) -> Any:
    """Answer DeleteStack.

    A stack with an imported export goes back to the status that it had, with an event.
    """
    stack = handlers._resolve_stack(handlers._p(params, "StackName")) or {}
    for export in _exports_of(stack.get("StackId")):
        users = _users(export)
        if users:
            reason = f"Delete canceled. Cannot delete export {export} as it is in use by {users}."
            arn, name, status = stack["StackId"], stack["StackName"], stack["StackStatus"]
            stacks._add_event(arn, name, name, "AWS::CloudFormation::Stack", status, reason, arn)
            return handlers._xml(200, "DeleteStackResponse", "")
    return _delete_stack(params)


def _exports_of(stack_id: str | None) -> dict[str, dict[str, str]]:
    return {
        name: export
        for name, export in cloudformation._exports.items()
        if export["StackId"] == stack_id
    }


def _users(export: str) -> str:
    """The names of the stacks that import it."""
    names = []
    for name, stack in cloudformation._stacks.items():
        is_deleted = stack.get("StackStatus") == "DELETE_COMPLETE"
        if not is_deleted and export in handlers._imported_export_names(stack, name):
            names.append(name)
    return ", ".join(names)
