"""Templates with the facts of their assembly: environment, construct paths, nested stacks."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from .._model.declarations import Declaration
from .._model.policy_documents import as_list
from .._shared.values import unknown
from .files import AssemblyError, Json, is_put_in, noting_errors, read_json, read_template

NESTED_STACKS = {
    "AWS::CloudFormation::Stack": "TemplateURL",
    "AWS::Serverless::Application": "Location",
}
"""The types of nested stacks, with the property for the place of the template."""

# AWS's macros that add to a template, or put other resources in the place of their own
# (https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/transform-reference.html).
_HARMLESS = (
    "AWS::CodeDeployBlueGreen",
    "AWS::LanguageExtensions",
    "AWS::SecretsManager",
    "AWS::Serverless",
)

# The CDK puts the resource that stands for a nested stack beside the construct.
_NESTED = re.compile(r"(?P<construct>.+)\.NestedStack/[^/]+\.NestedStackResource")


@dataclass(eq=False)
class Template:
    """A template, empty until it is read."""

    name: str
    """The construct path of the stack."""
    stack_name: str
    account: str
    region: str
    path: Path
    body: Json = field(default_factory=dict)
    paths: dict[str, str] = field(default_factory=dict)
    """Construct paths of resources, by logical id."""
    assets: Mapping[str, str] = field(default_factory=dict)
    """Files of assets, by their hashes, beside the template or in a directory above."""
    nested: dict[str, Template] = field(default_factory=dict)
    """The templates of nested stacks, by the logical id of the nested stack; empty templates where
    they can't be read."""
    errors: list[str] = field(default_factory=list)
    """The reasons why files of it can't be read; the rest of it is read."""

    @cached_property
    def resources(self) -> Mapping[str, Json]:
        """Its resources, without macros and loops among them."""
        entries = self.body.get("Resources", {})
        return {name: entries[name] for name in entries if not is_put_in(name)}

    @cached_property
    def macros(self) -> list[str]:
        """The macros and loops in it, without AWS's harmless ones."""
        resources = self.body.get("Resources", {})
        transforms: list[Any] = []
        transforms += as_list(self.body.get("Transform"))
        transforms += as_list(self.body.get("Fn::Transform"))
        transforms += as_list(resources.get("Fn::Transform"))
        macros: list[str] = []
        for transform in transforms:
            name = str(transform.get("Name") if isinstance(transform, Mapping) else transform)
            if not name.startswith(_HARMLESS):
                macros.append(name)
        macros += [name for name in resources if name.startswith("Fn::ForEach::")]
        return macros

    @cached_property
    def speaks_of_personalize(self) -> bool:
        return "personalize" in json.dumps(self.body).lower()

    def may_have(self, name: str) -> bool:
        """Tell if it has a resource or (pseudo) parameter, or macros may add it."""
        if name in self.resources or name in self.body.get("Parameters", {}):
            return True
        return "::" in name or bool(self.macros)

    def declaration_of(self, logical_id: str) -> Declaration:
        return Declaration(str(self.path), self._construct_path_of(logical_id), logical_id)

    def _construct_path_of(self, logical_id: str) -> str:
        """Return the construct path of a resource, or stack and logical id without the CDK."""
        if logical_id in self.paths:
            return self.paths[logical_id]
        metadata = self.resources.get(logical_id, {}).get("Metadata", {})
        path = metadata.get("aws:cdk:path") if isinstance(metadata, dict) else None
        return path if isinstance(path, str) else f"{self.name}/{logical_id}"

    def with_nested(self) -> Iterator[Template]:
        yield self
        for template in self.nested.values():
            yield from template.with_nested()

    def raise_first_error(self) -> None:
        for template in self.with_nested():
            for error in template.errors:
                raise AssemblyError(error)

    def read(self) -> None:
        with noting_errors(self.errors, self.path):
            self.body = read_template(self.path)
        with noting_errors(self.errors, self.path):
            self.assets = _assets(self.path)
            self._read_nested(())

    def _read_nested(self, within: tuple[Path, ...]) -> None:
        within = (*within, self.path)
        for logical_id, resource in self.resources.items():
            path = self._nested_path(resource)
            if path is None:
                continue  # no nested stack, or a nested stack whose template can't be seen
            if path in within:
                raise AssemblyError(f"{path}: circular reference: the stack is nested in itself")
            name = f"{self.name}/{logical_id}"
            stack_name = f"{self.stack_name}-{logical_id}-{unknown(f'{name}.AWS::StackName')}"
            nested = Template(name, stack_name, self.account, self.region, path, assets=self.assets)
            self.nested[logical_id] = nested
            with noting_errors(nested.errors, path):
                nested.body = read_template(path)
                nested._read_nested(within)

    def _nested_path(self, resource: Json) -> Path | None:
        """Return the file of a nested stack's template: an asset, or a file not yet packaged."""
        if resource["Type"] not in NESTED_STACKS:
            return None
        asset = _nested_file(resource, self.assets)
        if asset is not None:
            return self.path.parent / asset
        url = resource.get("Properties", {}).get(NESTED_STACKS[resource["Type"]])
        if not isinstance(url, str):
            return None
        path = Path(os.path.normpath(self.path.parent / url))
        return path if os.path.isfile(path) else None


def templates_by_construct(
    template: Template, pairs: Sequence[tuple[str, str]]
) -> Mapping[str, Template]:
    """Return the templates of a stack and of all stacks nested in it.

    The pairs are the paths and the logical ids of resources in these stacks.
    """
    of_construct = {template.name: template}
    # From the outside to the inside, so the template around a nested stack is known.
    for path, logical_id in sorted(pairs, key=lambda pair: pair[0].count("/")):
        nested_in = _NESTED.fullmatch(path)
        if nested_in:
            nested = template_around(path, of_construct, template).nested.get(logical_id)
            if nested is not None:
                of_construct[nested_in["construct"]] = nested
    return of_construct


def template_around(path: str, of_construct: Mapping[str, Template], default: Template) -> Template:
    """Return the template of the innermost stack around a path."""
    around = path
    while "/" in around:
        around = around.rpartition("/")[0]
        if around in of_construct:
            return of_construct[around]
    return default


def _assets(template: Path) -> dict[str, str]:
    """Return the files of assets, by their hashes, which are in the URLs of templates."""
    path = template.with_name(template.name.replace(".template.json", ".assets.json"))
    if path == template or not path.is_file():
        return {}
    entries = read_json(path).get("files")
    files: dict[str, str] = {}
    if not isinstance(entries, dict):
        return files
    for asset_hash, asset in entries.items():
        match asset:
            case {"source": {"path": str(file)}}:
                files[asset_hash] = file
    return files


def _nested_file(resource: Json, assets: Mapping[str, str]) -> str | None:
    metadata = resource.get("Metadata", {})
    if isinstance(metadata, dict) and isinstance(metadata.get("aws:asset:path"), str):
        return str(metadata["aws:asset:path"])
    url = json.dumps(resource.get("Properties", {}).get("TemplateURL"))
    for asset_hash, file in assets.items():
        if asset_hash in url:
            return file
    return None
