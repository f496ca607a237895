"""Templates as stacks: their parameters, outputs, exports, nested stacks and references."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

from .._model.declarations import Declaration
from .._model.policy_documents import all_conditions
from .._shared.answers import Answer, all_of
from .._shared.values import MARK, PARTITION, generated, same, unknown
from .choices import NO_VALUE, Either
from .files import noting_errors, parse_property
from .given_policies import GivenPolicies
from .intrinsics import Scope
from .parameter_values import PARTITION_NAME, ParameterValues, default_of, is_name_of_value, typed
from .template import Template

# A value in it, a parameter for example, may be a hole, or a variable that somebody wrote.
_DYNAMIC = re.compile(rf"\{{\{{resolve:(?:\${MARK}?\{{[^{{}}]*\}}|[^}}])*\}}\}}")
_PARTITIONS = {
    "cn-": "aws-cn",
    "us-gov-": "aws-us-gov",
    "us-iso-": "aws-iso",
    "us-isob-": "aws-iso-b",
}


class Surroundings(Protocol):
    """The other stacks of an app, and the names of resources, for one stack: see ``App``."""

    parameters: ParameterValues
    documents: GivenPolicies

    def exporters(self, name: str, to: Stack) -> Sequence[tuple[Stack, str]]: ...
    def stacks_named(self, name: str) -> Sequence[Stack]: ...
    def value_of(self, resource: Resource, attribute: str) -> str: ...


@dataclass(frozen=True)
class Notes:
    """The facts met on the way while a stack is read, for the end: see ``Reading``."""

    errors: list[str] = field(default_factory=list)
    """The reasons why parts of it can't be read; the rest of it is read."""
    assumed: dict[str, str] = field(default_factory=dict)
    """The parameters' defaults that decided conditions, by stack and name."""
    functions: dict[str, Any] = field(default_factory=dict)
    """The resolved functions, and dynamic references, by their values with holes."""


class Stack:
    """A template with its parameters, in its environment."""

    def __init__(
        self, app: Surroundings, template: Template, parent: tuple[Stack, str] | None = None
    ) -> None:
        self.app = app
        self.template = template
        self.name = template.name
        self.parent = parent
        """The stack around it, and its logical id there."""
        self.account = app.parameters.environment(template, "AWS::AccountId")
        self.region = app.parameters.environment(template, "AWS::Region")
        self.notes = Notes()
        scope = Scope(self, self.ref, self.notes.functions)
        self.value, self.text = scope.value, scope.text
        self._attributes: dict[tuple[str, str], Any] = {}
        self._conditions: dict[str, Answer] = {}
        self._resources: dict[str, Resource] = {}
        self.nested: dict[str, Stack] = {}
        for logical_id, nested in template.nested.items():
            if nested.body or not nested.errors:
                self.nested[logical_id] = Stack(app, nested, (self, logical_id))

    def noting_errors(self) -> AbstractContextManager[None]:
        """Note the error of a part, and go on after that part."""
        return noting_errors(self.notes.errors, self.template.path)

    @property
    def top(self) -> Stack:
        return self if self.parent is None else self.parent[0].top

    def with_nested(self) -> Iterator[Stack]:
        yield self
        for stack in self.nested.values():
            yield from stack.with_nested()

    @cached_property
    def _pseudo_parameters(self) -> dict[str, Any]:
        values = {
            "AWS::AccountId": self.account,
            "AWS::NoValue": NO_VALUE,
            "AWS::Partition": self.partition,
            "AWS::Region": self.region,
            "AWS::StackName": self.template.stack_name,
        }
        if self.partition in ("aws", "aws-us-gov"):
            values["AWS::URLSuffix"] = "amazonaws.com"
        return values

    @cached_property
    def partition(self) -> str:
        if self.region.startswith("${"):
            return self.app.parameters.values.get(PARTITION_NAME, PARTITION)
        for prefix, partition in _PARTITIONS.items():
            if self.region.startswith(prefix):
                return partition
        return "aws"

    def resource(self, logical_id: str) -> Resource:
        if logical_id not in self._resources:
            body = self.template.resources[logical_id]
            self._resources[logical_id] = Resource(self, logical_id, body["Type"], body)
        return self._resources[logical_id]

    def resources(self) -> list[Resource]:
        """Return the resources, except those certainly left out by a condition."""
        resources: list[Resource] = []
        with self.noting_errors():
            for logical_id in self.template.resources:
                if self.exists(logical_id) is not Answer.NO:
                    resources.append(self.resource(logical_id))
        return resources

    @cached_property
    def is_made(self) -> Answer:
        return Answer.YES if self.parent is None else self.parent[0].exists(self.parent[1])

    def exists(self, logical_id: str) -> Answer:
        """Tell if the conditions of a resource and of nested stacks around it hold."""
        return self._is_made_under(self.template.resources[logical_id].get("Condition"))

    def _is_made_under(self, condition: Any) -> Answer:
        if not isinstance(condition, str):
            return self.is_made
        return all_of((self.is_made, self.condition(condition)))

    def open_condition(self, logical_id: str) -> str:
        """Return the open conditions on which a resource depends, or a stack around it."""
        above = "" if self.parent is None else self.parent[0].open_condition(self.parent[1])
        own = self.template.resources[logical_id].get("Condition")
        is_open = isinstance(own, str) and self.condition(own) is Answer.MAYBE
        return all_conditions(above, f"{self.name}.{own}" if is_open else "")

    def string(self, text: str) -> str:
        """Return a string with holes for the dynamic references of CloudFormation."""

        def hole(reference: re.Match[str]) -> str:
            value = unknown(reference[0].strip("{}"), reference[0], self.account, self.region)
            self.notes.functions.setdefault(value, reference[0])
            return value

        return _DYNAMIC.sub(hole, text)

    def ref(self, name: str) -> Any:
        """Return the value of ``Ref``: of a parameter, a pseudo parameter or a resource."""
        template = self.template
        if name in self._pseudo_parameters:
            return self._pseudo_parameters[name]
        if name.startswith("AWS::"):
            return (
                f"${{{name}}}" if name == "AWS::URLSuffix" else unknown(f"{template.name}.{name}")
            )
        if name in template.body.get("Parameters", {}):
            value = self._given(name, None if self.parent is None else self.parent[0].value)
            if value is None and is_name_of_value(template.body["Parameters"][name]):
                return unknown(f"{template.name}.{name} of Systems Manager")
            # A default can be replaced at each deployment.
            return unknown(f"{template.name}.{name}") if value is None else value
        if name not in template.resources:
            return unknown(f"resource {name} of {template.name}")
        return self._of_resource(name, "")

    def get_att(self, logical_id: str, attribute: str) -> Any:
        """Return an attribute of a resource, the outputs of nested stacks included."""
        if logical_id in self.nested and attribute.startswith("Outputs."):
            return self.nested[logical_id].output(attribute.removeprefix("Outputs."))
        if logical_id not in self.template.resources:
            return unknown(f"{self.template.name}.{logical_id}.{attribute}")
        return self._of_resource(logical_id, attribute)

    def _of_resource(self, logical_id: str, attribute: str) -> Any:
        name = (logical_id, attribute)
        # Saves time: names are made of names.
        if name not in self._attributes:
            self._attributes[name] = self.app.value_of(self.resource(logical_id), attribute)
        return self._attributes[name]

    def output(self, name: str) -> Any:
        output = self.template.body.get("Outputs", {}).get(name)
        if not isinstance(output, dict) or "Value" not in output:
            return unknown(f"output {name} of {self.template.name}")
        return self.value(output["Value"])

    def has_output(self, name: str) -> Answer:
        return self._is_made_under(self.template.body["Outputs"][name].get("Condition"))

    def import_value(self, name: str) -> Any:
        """Return an export of a stack of the same account and Region."""
        for stack, output in self.app.exporters(name, self)[:1]:
            if stack.has_output(output) is Answer.YES:
                return stack.output(output)
        return unknown(f"export {name}", name, self.account, self.region)

    def stack_output(self, arguments: Mapping[str, Any]) -> Any:
        """The role in the arguments decides the account."""
        name, output = str(arguments["StackName"]), str(arguments["OutputName"])
        role = str(arguments.get("RoleArn", "")).split(":")
        account = role[4] if len(role) > 5 else self.account
        region = str(arguments.get("Region", self.region))
        for stack in self.app.stacks_named(name):
            if stack.is_in(account, region):
                return stack.output(output)
        return unknown(f"output {output} of {name}", name, output, account, region)

    def is_in(self, account: str, region: str) -> bool:
        """Tell if it is certainly deployed in an account and a Region."""
        return all_of((same(self.account, account), same(self.region, region))) is Answer.YES

    def condition(self, name: str) -> Answer:
        conditions = self.template.body.get("Conditions", {})
        if name not in conditions:
            return Answer.MAYBE
        if name not in self._conditions:
            assumed: dict[str, str] = {}
            answer = self._in_conditions(assumed).truth(conditions[name])
            self._conditions[name] = answer
            if answer is not Answer.MAYBE:
                self.notes.assumed.update(assumed)
        return self._conditions[name]

    def section(self, name: str) -> Any:
        return self.template.body.get(name, {})

    def _in_conditions(self, assumed: dict[str, str]) -> Scope:
        """Return a scope in which a parameter without a value may have its default.

        It adds the defaults that it takes to ``assumed``.
        """
        of_parent = None if self.parent is None else self.parent[0]._in_conditions(assumed).value

        def ref(name: str) -> Any:
            declared = self.section("Parameters").get(name)
            if declared is None:
                return self.ref(name)
            value = self._given(name, of_parent)
            default = default_of(declared) if self.app.parameters.with_defaults else None
            if value is None and default is not None:
                assumed[f"{self.name}.{name}"] = default
                value = typed(self.string(default), declared)
            return self.ref(name) if value is None else value

        return Scope(self, ref, {})

    def _given(self, name: str, of_parent: Callable[[Any], Any] | None) -> Any:
        """A nested stack has its parent's value, as the parent resolves it."""
        declared = self.template.body["Parameters"][name]
        if is_name_of_value(declared):
            return None
        if self.parent is None or of_parent is None:
            text = self.app.parameters.of(self.template, name)
            return None if text is None else typed(self.string(text), declared)
        parent, logical_id = self.parent
        passed = parent.template.resources[logical_id].get("Properties", {}).get("Parameters", {})
        if not isinstance(passed, dict) or any(key.startswith("Fn::") for key in passed):
            return unknown(f"{self.name}.{name}")
        value = of_parent(passed.get(name))
        return None if value is NO_VALUE else typed(value, declared)


@dataclass(frozen=True)
class Resource:
    """A resource of a template."""

    stack: Stack
    logical_id: str
    type: str
    body: dict[str, Any]
    _resolved: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Saves time: the properties asked for so far."""

    @cached_property
    def declared(self) -> Declaration:
        return self.stack.template.declaration_of(self.logical_id)

    @cached_property
    def path(self) -> str:
        return self.declared.path

    @property
    def condition(self) -> str:
        """The open conditions on which it depends, in words."""
        return self.stack.open_condition(self.logical_id)

    def get(self, name: str) -> Any:
        """Return a property, resolved, or none."""
        properties = self.body.get("Properties", {})
        if name not in properties:
            return self.unknown(name) if self.is_added_to else None
        if name not in self._resolved:
            value = self.stack.value(properties[name])
            self._resolved[name] = None if value is NO_VALUE else value
        return self._resolved[name]

    @cached_property
    def is_added_to(self) -> bool:
        """True if a macro, or a loop over an unknown list, may give it more properties."""
        names = (*self.body, *self.body.get("Properties", {}))
        return any(name.startswith("Fn::") for name in names)

    def text(self, name: str) -> str | None:
        """Return a property of type string; a hole where it is something else."""
        value = self.get(name)
        return value if value is None or isinstance(value, str) else self.unknown(name)

    def unknown(self, name: str) -> str:
        return unknown(f"{self.path} {name}", self.stack.name, self.logical_id)

    def name_in(self, name: str) -> str:
        """Return the name in a property, or the generated id where there is none."""
        value = self.text(name)
        if isinstance(value, Either) and value.may_be_left_out:
            # Two resources with this expression needn't have one name.
            return self.unknown(name)
        return value or self.generated_id

    def parsed(self, text: str, label: str) -> Any:
        """Parse JSON in one of its properties, or raise an error; the label is for the message."""
        return parse_property(text, label, self.stack.template.path)

    @property
    def generated_id(self) -> str:
        return generated(f"{self.stack.template.name}.{self.logical_id}")

    def arn(self, service: str, resource: str, *, region: bool = True, account: bool = True) -> str:
        stack = self.stack
        where = f"{stack.region if region else ''}:{stack.account if account else ''}"
        return f"arn:{stack.partition}:{service}:{where}:{resource}"
