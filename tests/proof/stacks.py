"""Synthesized templates as stacks that refer to each other: parameters, outputs, exports, nested.

Only what the CDK writes for the arrangements is modelled. Everything else is an error that names
its place: there is no default and no guess.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

from tests.proof import physical
from tests.proof.model import Environment, UnresolvableError

_VARIABLE = re.compile(r"\$\{(.*?)\}")
NESTED = "AWS::CloudFormation::Stack"


@dataclass
class Template:
    """A template of an assembly; tests that break templates edit ``body`` of a copy."""

    stack_name: str
    environment: Environment
    file: str
    body: dict[str, Any]
    nested: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    """File and body of the templates of nested stacks, by the hash that is in their address."""


def read(directory: Path, agnostic: Environment) -> list[Template]:
    """The templates of an app, stages included; ``agnostic`` stacks don't say where they go."""
    manifest = json.loads((directory / "manifest.json").read_text("utf-8"))
    templates: list[Template] = []
    for artifact_id, artifact in manifest.get("artifacts", {}).items():
        if artifact["type"] == "cdk:cloud-assembly":
            templates += read(directory / artifact["properties"]["directoryName"], agnostic)
        elif artifact["type"] == "aws:cloudformation:stack":
            file = artifact["properties"]["templateFile"]
            template = Template(
                artifact["properties"].get("stackName", artifact_id),
                _environment(artifact["environment"], agnostic),
                file,
                json.loads((directory / file).read_text("utf-8")),
            )
            _read_nested(directory, template)
            templates.append(template)
    return templates


def _read_nested(directory: Path, template: Template) -> None:
    assets = json.loads(
        (directory / template.file.replace(".template.json", ".assets.json")).read_text("utf-8")
    )
    for asset_hash, asset in assets.get("files", {}).items():
        file = asset["source"]["path"]
        if file.endswith(".nested.template.json"):
            template.nested[asset_hash] = file, json.loads((directory / file).read_text("utf-8"))


def _environment(text: str, agnostic: Environment) -> Environment:
    account, region = text.removeprefix("aws://").split("/")
    return Environment(
        agnostic.account if account == "unknown-account" else account,
        agnostic.region if region == "unknown-region" else region,
    )


class Stack:
    """A template with its parameters, in an app: the stacks that it can refer to, by file."""

    def __init__(
        self,
        app: Mapping[str, Stack],
        template: Template,
        parameters: Mapping[str, Callable[[], Any]],
    ) -> None:
        self._app = app
        self._template = template
        self._parameters = parameters
        self.name = template.stack_name
        self.file = template.file
        self.environment = template.environment
        self.body = body = template.body
        self._nested = {
            logical_id: self._nest(logical_id, resource)
            for logical_id, resource in body.get("Resources", {}).items()
            if resource["Type"] == NESTED
        }

    def with_nested(self) -> Iterator[Stack]:
        """This stack and every one nested in it."""
        yield self
        for stack in self._nested.values():
            yield from stack.with_nested()

    def resources(self) -> Iterator[physical.Resource]:
        """Every resource of the template."""
        for logical_id in self.body.get("Resources", {}):
            yield self._resource(logical_id, self.name)

    def value(self, expression: Any, place: str) -> Any:
        """The expression with every function resolved."""
        if isinstance(expression, list):
            return [self.value(item, f"{place}[{index}]") for index, item in enumerate(expression)]
        if not isinstance(expression, dict):
            return expression
        if len(expression) == 1:
            ((name, argument),) = expression.items()
            if name == "Ref":
                return self._ref(argument, place)
            if name.startswith("Fn::"):
                return self._function(name, argument, f"{place}.{name}")
        return {name: self.value(item, f"{place}.{name}") for name, item in expression.items()}

    def output(self, name: str, place: str) -> Any:
        """The value of an output."""
        outputs = self.body.get("Outputs", {})
        if name not in outputs:
            raise UnresolvableError(place, f"stack {self.name} has no output {name!r}")
        return self.value(outputs[name]["Value"], f"{self.name}.Outputs.{name}")

    def _ref(self, name: str, place: str) -> Any:
        here = self.environment
        pseudo = {
            "AWS::AccountId": here.account,
            "AWS::Partition": here.partition,
            "AWS::Region": here.region,
        }
        if name in pseudo:
            return pseudo[name]
        if name in self._parameters:
            return self._parameters[name]()
        return physical.ref(self._resource(name, place), place)

    def _function(self, name: str, argument: Any, place: str) -> Any:
        if name == "Fn::Join":
            separator, items = argument
            return str(separator).join(self._text(item, place) for item in items)
        if name == "Fn::Sub" and isinstance(argument, str):
            return _VARIABLE.sub(lambda match: self._text({"Ref": match[1]}, place), argument)
        if name == "Fn::GetAtt":
            logical_id, attribute = argument
            return self._get_att(logical_id, attribute, place)
        if name == "Fn::ImportValue":
            return self._import_value(self._text(argument, place), place)
        if name == "Fn::GetStackOutput":
            return self._stack_output(self.value(argument, place), place)
        raise UnresolvableError(place, f"{name} is not modelled")

    def _text(self, expression: Any, place: str) -> str:
        text = self.value(expression, place)
        if not isinstance(text, str):
            raise UnresolvableError(place, f"{text!r} is no text")
        return text

    def _get_att(self, logical_id: str, attribute: str, place: str) -> Any:
        if logical_id in self._nested and attribute.startswith("Outputs."):
            return self._nested[logical_id].output(attribute.removeprefix("Outputs."), place)
        return physical.attribute(self._resource(logical_id, place), attribute, place)

    def _import_value(self, name: str, place: str) -> Any:
        """An export of another stack of the same account and Region."""
        exports = []
        for stack in self._app.values():
            if stack.environment == self.environment:
                for output, declared in stack.body.get("Outputs", {}).items():
                    if declared.get("Export") == {"Name": name}:
                        exports.append((stack, output))
        if len(exports) != 1:
            raise UnresolvableError(place, f"{len(exports)} exports are named {name!r}")
        stack, output = exports[0]
        return stack.output(output, place)

    def _stack_output(self, arguments: dict[str, Any], place: str) -> Any:
        """An output of a stack of the Region it says, in the account of the role that reads it."""
        if unknown := set(arguments) - {"StackName", "OutputName", "Region", "RoleArn"}:
            raise UnresolvableError(
                place, f"Fn::GetStackOutput with {sorted(unknown)} is not modelled"
            )
        account = (
            arguments["RoleArn"].split(":")[4]
            if "RoleArn" in arguments
            else self.environment.account
        )
        where = Environment(account, arguments.get("Region", self.environment.region))
        for stack in self._app.values():
            if (stack.name, stack.environment) == (arguments["StackName"], where):
                return stack.output(arguments["OutputName"], place)
        raise UnresolvableError(place, f"no stack {arguments['StackName']!r} in {where}")

    def _nest(self, logical_id: str, resource: dict[str, Any]) -> Stack:
        place = f"{self.name}.{logical_id}"
        properties = resource["Properties"]
        address = json.dumps(properties["TemplateURL"])
        templates = [
            template
            for asset_hash, template in self._template.nested.items()
            if asset_hash in address
        ]
        if len(templates) != 1:
            raise UnresolvableError(place, f"{len(templates)} templates are at {address}")
        ((file, body),) = templates
        parameters = {
            name: partial(self.value, item, f"{place}.Parameters.{name}")
            for name, item in properties.get("Parameters", {}).items()
        }
        name = f"{self.name}-{logical_id}"
        nested = replace(self._template, stack_name=name, file=file, body=body)
        return Stack(self._app, nested, parameters)

    def _resource(self, logical_id: str, place: str) -> physical.Resource:
        declared = self.body.get("Resources", {}).get(logical_id)
        if declared is None:
            raise UnresolvableError(place, f"stack {self.name} has no {logical_id!r}")
        if "Condition" in declared:
            raise UnresolvableError(place, "conditions are not modelled")
        here = f"{self.name}.{logical_id}"

        def resolved(name: str) -> Any:
            return self.value(declared.get("Properties", {}).get(name), f"{here}.{name}")

        return physical.Resource(
            self.name, self.environment, logical_id, declared["Type"], resolved, here
        )
