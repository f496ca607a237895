"""Templates as stacks that refer to each other: parameters, outputs, exports, nested stacks."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .._access.declarations import Declaration
from .._access.policy_documents import all_conditions, with_strings
from .._answers import Answer, all_of
from .._values import MARK, PARTITION, generated, same, unknown
from .choices import NO_VALUE, Either
from .files import AssemblyError, parse_property
from .given_policies import GivenPolicies
from .intrinsics import Scope
from .parameter_values import ParameterValues, default_of, is_name_of_value, typed
from .templates import Template

# A value in it, a parameter for example, may be a hole, or a variable that somebody wrote.
_DYNAMIC = re.compile(rf"\{{\{{resolve:(?:\${MARK}?\{{[^{{}}]*\}}|[^}}])*\}}\}}")


class Surroundings:
    """The other stacks of an app, and what AWS makes of resources, for one stack that asks: see ``App``."""

    parameters: ParameterValues
    policies: GivenPolicies
    exported_as: Callable[[str], Sequence[tuple[Stack, str]]]
    stacks_named: Callable[[str], Sequence[Stack]]
    ref: Callable[[Resource], str]
    attribute: Callable[[Resource, str], Any]


class Stack(Scope):
    """A template with its parameters, in its environment."""

    def __init__(
        self,
        app: Surroundings,
        template: Template,
        parent: tuple[Stack, str] | None = None,
    ) -> None:
        self.app = app
        self.template = template
        self.name = template.name
        self.parent = parent
        """The stack that it is nested in, and its logical id there."""
        self.origins = {}
        self._resolving: list[str] = []
        self._attributes: dict[tuple[str, str], Any] = {}
        self._conditions: dict[str, Answer] = {}
        self.assumed: dict[str, str] = {}
        """The defaults of parameters by which its conditions were decided."""
        self._resources: dict[str, Resource] = {}
        self.nested = {
            logical_id: Stack(app, nested, (self, logical_id)) for logical_id, nested in template.nested.items()
        }

    @property
    def top(self) -> Stack:
        """The stack that it is nested in, directly or not; itself if it is in none."""
        return self if self.parent is None else self.parent[0].top

    def with_nested(self) -> Iterator[Stack]:
        """Yield this stack and every one nested in it."""
        yield self
        for each in self.nested.values():
            yield from each.with_nested()

    @cached_property
    def _pseudo_parameters(self) -> dict[str, Any]:
        template = self.template
        found = {
            "AWS::AccountId": template.account,
            "AWS::NoValue": NO_VALUE,
            "AWS::Partition": self.partition,
            "AWS::Region": template.region,
            "AWS::StackName": template.stack_name,
        }
        if self.partition in ("aws", "aws-us-gov"):
            found["AWS::URLSuffix"] = "amazonaws.com"
        return found

    @cached_property
    def partition(self) -> str:
        """The partition of the Region, or a hole."""
        region = self.template.region
        if region.startswith("${"):
            return PARTITION
        prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov", "us-iso-": "aws-iso", "us-isob-": "aws-iso-b"}
        return next((partition for prefix, partition in prefixes.items() if region.startswith(prefix)), "aws")

    def resource(self, logical_id: str) -> Resource:
        """Return a resource, its properties still to be resolved."""
        if logical_id not in self._resources:
            body = self.template.resources[logical_id]
            self._resources[logical_id] = Resource(self, logical_id, body["Type"], body)
        return self._resources[logical_id]

    def resources(self) -> Iterator[Resource]:
        """Yield the resources, less those that a condition is known to leave out."""
        for logical_id in self.template.resources:
            if self.exists(logical_id) is not Answer.NO:
                yield self.resource(logical_id)

    @cached_property
    def is_made(self) -> Answer:
        """Tell if the conditions of the nested stacks in which it is hold."""
        return Answer.YES if self.parent is None else self.parent[0].exists(self.parent[1])

    def exists(self, logical_id: str) -> Answer:
        """Return whether a resource's condition holds, and those of the nested stacks around it."""
        condition = self.template.resources[logical_id].get("Condition")
        return all_of((self.is_made, self.condition(condition))) if isinstance(condition, str) else self.is_made

    def open_condition(self, logical_id: str) -> str:
        """Return the conditions of a resource, and of nested stacks around it, that can't be decided, in words."""
        above = "" if self.parent is None else self.parent[0].open_condition(self.parent[1])
        own = self.template.resources[logical_id].get("Condition")
        is_open = isinstance(own, str) and self.condition(own) is Answer.MAYBE
        return all_conditions(above, f"{self.name}.{own}" if is_open else "")

    def string(self, text: str) -> str:
        """Return a string with holes for the dynamic references of CloudFormation."""
        here = self.template
        return _DYNAMIC.sub(lambda match: unknown(match[0].strip("{}"), match[0], here.account, here.region), text)

    def ref(self, name: str) -> Any:
        """Return a parameter, a pseudo parameter or what ``Ref`` of a resource is."""
        template = self.template
        if name in self._pseudo_parameters:
            return self._pseudo_parameters[name]
        if name.startswith("AWS::"):
            return f"${{{name}}}" if name == "AWS::URLSuffix" else unknown(f"{template.name}.{name}")
        if name in template.body.get("Parameters", {}):
            found = self.given(name, None if self.parent is None else self.parent[0])
            # A default can be replaced at each deployment.
            return unknown(f"{template.name}.{name}") if found is None else found
        if name not in template.resources:
            return unknown(f"{template.name}.{name}")
        return self._of_resource(name, "")

    def get_att(self, logical_id: str, attribute: str) -> Any:
        """Return an attribute of a resource, the outputs of nested stacks included."""
        if logical_id in self.nested and attribute.startswith("Outputs."):
            return self.nested[logical_id].output(attribute.removeprefix("Outputs."))
        if logical_id not in self.template.resources:
            return unknown(f"{self.template.name}.{logical_id}.{attribute}")
        return self._of_resource(logical_id, attribute)

    def _of_resource(self, logical_id: str, attribute: str) -> Any:
        """Return an attribute of a resource, or what ``Ref`` of it is: each once, since names are made of names."""
        name = (logical_id, attribute)
        if name not in self._attributes:
            with self._once(".".join(filter(None, name))):
                resource = self.resource(logical_id)
                found = self.app.attribute(resource, attribute) if attribute else self.app.ref(resource)
                self._attributes[name] = found
        return self._attributes[name]

    def output(self, name: str) -> Any:
        """Return the value of an output."""
        output = self.template.body.get("Outputs", {}).get(name)
        if not isinstance(output, dict) or "Value" not in output:
            return unknown(f"output {name} of {self.template.name}")
        with self._once(f"output {name}"):
            return self.value(output["Value"])

    def has_output(self, name: str) -> Answer:
        """Tell if the condition of an output holds."""
        condition = self.template.body["Outputs"][name].get("Condition")
        return all_of((self.is_made, self.condition(condition))) if isinstance(condition, str) else self.is_made

    def import_value(self, name: str) -> Any:
        """Return an export of a stack of the same account and Region."""
        for stack, output in self.exporters(name)[:1]:
            if stack.has_output(output) is Answer.YES:
                return stack.output(output)
        return unknown(f"export {name}", name, self.template.account, self.template.region)

    def exporters(self, name: str) -> list[tuple[Stack, str]]:
        """Return the stacks that export a name to this one, with the output; more than one only in broken apps."""
        here = self.template
        found = [
            (stack, output)
            for stack, output in self.app.exported_as(name)
            if same(stack.template.account, here.account) is Answer.YES
            and same(stack.template.region, here.region) is Answer.YES
        ]
        # Stages may be deployed side by side; the export is that of the same assembly, if it has one.
        folder = self.top.template.path.parent
        return [each for each in found if each[0].top.template.path.parent == folder] or found

    def stack_output(self, arguments: Mapping[str, Any]) -> Any:
        """Return an output of a stack of the Region it says, and of the account of the role that is to read it."""
        name, output = str(arguments["StackName"]), str(arguments["OutputName"])
        here = self.template
        role = str(arguments.get("RoleArn", "")).split(":")
        account = role[4] if len(role) > 5 else here.account
        region = str(arguments.get("Region", here.region))
        for stack in self.app.stacks_named(name):
            there = stack.template
            if same(there.account, account) is Answer.YES and same(there.region, region) is Answer.YES:
                return stack.output(output)
        return unknown(f"output {output} of {name}", name, output, account, region)

    def condition(self, name: str) -> Answer:
        """Return whether a condition of the template holds."""
        conditions = self.template.body.get("Conditions", {})
        if name not in conditions:
            return Answer.MAYBE
        if name not in self._conditions:
            with self._once(f"condition {name}"):
                scope = _OfConditions(self, {})
                answer = self._conditions[name] = scope.truth(conditions[name])
            if answer is not Answer.MAYBE:
                self.assumed |= scope.assumed
        return self._conditions[name]

    def mapping(self, name: str) -> Any:
        """Return a mapping of the template, or none."""
        return self.template.body.get("Mappings", {}).get(name)

    def given(self, name: str, of_parent: Scope | None) -> Any:
        """Return the value that a parameter is given, or none; a nested stack has it of the scope of its parent."""
        declared = self.template.body["Parameters"][name]
        if is_name_of_value(declared):
            return None
        if self.parent is None or of_parent is None:
            told = self.app.parameters.of(self.template, name)
            return None if told is None else typed(self.string(told), declared)
        parent, logical_id = self.parent
        passed = parent.template.resources[logical_id].get("Properties", {}).get("Parameters", {})
        if not isinstance(passed, dict) or any(each.startswith("Fn::") for each in passed):
            return unknown(f"{self.name}.{name}")
        with self._once(f"parameter {name}"):
            found = of_parent.value(passed.get(name))
        return None if found is NO_VALUE else typed(found, declared)

    @contextmanager
    def _once(self, what: str) -> Iterator[None]:
        if what in self._resolving:
            circle = " → ".join([*self._resolving[self._resolving.index(what) :], what])
            raise AssemblyError(f"{self.template.path}: circular reference: {circle}")
        self._resolving.append(what)
        try:
            yield
        finally:
            self._resolving.pop()


class _OfConditions(Scope):
    """Resolves conditions of a stack, in which a parameter without a value may have its default."""

    def __init__(self, stack: Stack, assumed: dict[str, str]) -> None:
        self._stack = stack
        self.assumed = assumed
        """The defaults that were taken."""
        self.name, self.origins = stack.name, {}
        self.get_att, self.condition, self.mapping = stack.get_att, stack.condition, stack.mapping
        self.import_value, self.stack_output, self.string = stack.import_value, stack.stack_output, stack.string

    def ref(self, name: str) -> Any:
        """Return a parameter with its default, or what ``Ref`` is elsewhere."""
        stack = self._stack
        declared = stack.template.body.get("Parameters", {}).get(name)
        if declared is None:
            return stack.ref(name)
        of_parent = None if stack.parent is None else _OfConditions(stack.parent[0], self.assumed)
        given = stack.given(name, of_parent)
        default = default_of(declared) if given is None and stack.app.parameters.with_defaults else None
        if default is None:
            return stack.ref(name) if given is None else given
        self.assumed[f"{stack.name}.{name}"] = default
        return typed(stack.string(default), declared)


@dataclass(frozen=True)
class Resource:
    """A resource of a template."""

    stack: Stack
    logical_id: str
    type: str
    body: dict[str, Any]
    _found: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """The properties that were asked for, resolved."""

    @cached_property
    def path(self) -> str:
        """Its construct path."""
        return self.stack.template.path_of(self.logical_id)

    @cached_property
    def declared(self) -> Declaration:
        """The template, the construct path and the logical id."""
        template = self.stack.template
        return Declaration(str(template.path), template.construct_path_of(self.logical_id), self.logical_id)

    @property
    def condition(self) -> str:
        """The conditions on which it depends that it is made, of those that can't be decided, in words."""
        return self.stack.open_condition(self.logical_id)

    def get(self, name: str) -> Any:
        """Return a property, resolved, or none."""
        properties = self.body.get("Properties", {})
        if name not in properties:
            return self.unknown(name) if self.is_added_to else None
        if name not in self._found:
            found = self.stack.value(properties[name])
            self._found[name] = None if found is NO_VALUE else found
        return self._found[name]

    @cached_property
    def is_added_to(self) -> bool:
        """True if a macro, or a loop over a list that isn't known, may give it more properties."""
        return any(each.startswith("Fn::") for each in (*self.body, *self.body.get("Properties", {})))

    def text(self, name: str) -> str | None:
        """Return a property that has to be a string; a hole where it is something else."""
        found = self.get(name)
        return found if found is None or isinstance(found, str) else self.unknown(name)

    def unknown(self, name: str) -> str:
        """Return the hole for a property."""
        return unknown(f"{self.path} {name}", self.stack.name, self.logical_id)

    def name_in(self, name: str) -> str:
        """Return the name that a property gives it, or the id that AWS generates for one without a name."""
        found = self.text(name)
        if isinstance(found, Either) and found.may_be_left_out:
            # Two resources with this expression needn't have one name.
            return self.unknown(name)
        return found or self.generated_id

    def parsed(self, text: str, what: str) -> Any:
        """Parse JSON of one of its properties; raise an error for what is none.

        What a condition chooses for a whole string of it stays a choice.
        """
        found = parse_property(text, what, self.stack.template.path)
        choices = {str(each): each for each in self.stack.origins if isinstance(each, Either)}
        return with_strings(found, lambda each: choices.get(each, each)) if choices else found

    @property
    def generated_id(self) -> str:
        """The id that AWS generates."""
        return generated(f"{self.stack.template.name}.{self.logical_id}")

    def arn(self, service: str, resource: str, *, region: bool = True, account: bool = True) -> str:
        """Return an ARN in the stack's environment."""
        template = self.stack.template
        where = f"{template.region if region else ''}:{template.account if account else ''}"
        return f"arn:{self.stack.partition}:{service}:{where}:{resource}"
