"""Cloud assemblies on disk: manifests, templates and metadata.

https://docs.aws.amazon.com/cdk/v2/guide/deploy.html#deploy-how-synth
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from .._access.values import unknown
from .._access.written import as_list
from .construct_paths import add_construct_paths, template_of
from .errors import AssemblyError
from .files import Json, is_object, read_json, read_template

NESTED_STACK = "AWS::CloudFormation::Stack"
LOGICAL_ID = "aws:cdk:logicalId"
RESOURCES = "personalize-kms-constructs:resources"

_UNKNOWN = {"unknown-account": "${AWS::AccountId}", "unknown-region": "${AWS::Region}"}
_ENVIRONMENT = re.compile(r"aws://([^/]+)/([^/]+)")


@dataclass
class Template:
    """A template, and what the assembly says about it."""

    name: str
    """The construct path of the stack."""
    stack_name: str
    account: str
    region: str
    path: Path
    body: Json
    reads_outputs: bool
    """True if it reads what other stacks export or put out."""
    paths: dict[str, str] = field(default_factory=dict)
    """Construct paths of resources, by logical id."""
    assets: Mapping[str, str] = field(default_factory=dict)
    """Files of assets, by their hashes, beside the template or in a directory above."""
    nested: dict[str, Template] = field(default_factory=dict)
    """The templates of nested stacks, by the logical id of the nested stack."""

    @property
    def file(self) -> str:
        """The name of its file, which is unique in the assembly."""
        return self.path.name

    @cached_property
    def resources(self) -> Mapping[str, Json]:
        """Its resources."""
        found: Json = self.body.get("Resources", {})
        return found

    def path_of(self, logical_id: str) -> str:
        """Return the construct path of a resource, or its place in the template where the CDK doesn't say."""
        metadata = self.resources.get(logical_id, {}).get("Metadata", {})
        path = metadata.get("aws:cdk:path") if isinstance(metadata, Mapping) else None
        found = path if isinstance(path, str) else self.paths.get(logical_id, f"{self.name}/{logical_id}")
        return found.removesuffix("/Resource")

    def with_nested(self) -> Iterator[Template]:
        """Yield this template and every one nested in it."""
        yield self
        for each in self.nested.values():
            yield from each.with_nested()


@dataclass
class Assembly:
    """The stacks of an app, or those of one of its stages."""

    directory: Path
    templates: list[Template] = field(default_factory=list)
    """Top-level stacks, in the order of the manifest."""
    dependencies: dict[str, set[str]] = field(default_factory=dict)
    """The stacks that each stack waits for directly, by the files of their templates."""
    metadata: list[tuple[Template, str, Json]] = field(default_factory=list)
    """The metadata that constructs of ours left: the stack, the construct's path and the data."""
    stages: list[Assembly] = field(default_factory=list)

    def with_stages(self) -> Iterator[Assembly]:
        """Yield this assembly and those of its stages."""
        yield self
        for each in self.stages:
            yield from each.with_stages()


def read_assembly(directory: Path, *, stages: bool = True) -> Assembly:
    """Read an assembly, and those of its stages unless told otherwise.

    Raises:
        AssemblyError: if there is none, or it can't be read.
    """
    return _read_assembly(directory, stages, ())


def _read_assembly(directory: Path, stages: bool, within: tuple[Path, ...]) -> Assembly:
    manifest_file = directory / "manifest.json"
    within = (*within, directory.resolve())
    if within[-1] in within[:-1]:
        raise AssemblyError(f"{within[-1]}/manifest.json: circular reference: the assembly contains itself")
    if directory.is_file():
        raise AssemblyError(
            f"{directory}: not a directory; give the path of the output of cdk synth, which has a manifest.json"
        )
    if not directory.is_dir():
        raise AssemblyError(f"{directory}: no such directory; run cdk synth first, or give the path of its output")
    if not manifest_file.is_file():
        raise AssemblyError(f"{directory}: no manifest.json, so it isn't a cloud assembly; run cdk synth first")
    manifest = read_json(manifest_file)
    artifacts = manifest.get("artifacts", {})
    if "version" not in manifest or not is_object(artifacts):
        raise AssemblyError(f"{manifest_file}: not the manifest of a cloud assembly: it has no version or no artifacts")
    found = Assembly(directory)
    stacks: dict[str, Template] = {}
    waits: dict[str, list[str]] = {}
    for artifact_id, artifact in artifacts.items():
        if not is_object(artifact) or not isinstance(artifact.get("type"), str):
            raise AssemblyError(f"{manifest_file}: artifact {artifact_id} has no type")
        properties = _object(artifact, "properties")
        waits[artifact_id] = [each for each in as_list(artifact.get("dependencies")) if isinstance(each, str)]
        if artifact["type"] == "aws:cloudformation:stack":
            stacks[artifact_id] = template = _read_stack(directory, artifact_id, artifact, manifest_file)
            found.templates.append(template)
            found.metadata += _read_metadata(directory, artifact, template)
        elif artifact["type"] == "cdk:cloud-assembly" and stages:
            name = properties.get("directoryName")
            if not isinstance(name, str):
                raise AssemblyError(f"{manifest_file}: nested assembly {artifact_id} has no directoryName")
            found.stages.append(_read_assembly(directory / name, stages, within))
    found.dependencies = {stacks[id].file: _stacks_before(id, waits, stacks) for id in stacks}
    return found


def _object(value: Json, name: str) -> Json:
    """An entry that is an object; an empty one where it is something else."""
    found = value.get(name)
    return dict(found) if isinstance(found, dict) else {}


def _read_stack(directory: Path, artifact_id: str, artifact: Json, manifest_file: Path) -> Template:
    properties = _object(artifact, "properties")
    file = properties.get("templateFile")
    environment = _ENVIRONMENT.fullmatch(str(artifact.get("environment")))
    if not isinstance(file, str) or environment is None:
        raise AssemblyError(f"{manifest_file}: stack {artifact_id} has no templateFile or no environment")
    account, region = (_UNKNOWN.get(part, part) for part in environment.groups())
    template = Template(
        name=str(artifact.get("displayName") or artifact_id).split(" (")[0],
        stack_name=str(properties.get("stackName") or artifact_id),
        account=account,
        region=region,
        path=directory / file,
        assets=_assets(directory, file),
        **read_template(directory / file),
    )
    _read_nested(directory, template)
    return template


def _assets(directory: Path, template_file: str) -> dict[str, str]:
    """The files of assets, by their hashes, which are in the addresses of nested templates and of definitions."""
    path = directory / template_file.replace(".template.json", ".assets.json")
    if not path.is_file():
        return {}
    files = read_json(path).get("files", {})
    return {
        asset_id: asset["source"]["path"]
        for asset_id, asset in (files.items() if is_object(files) else ())
        if is_object(asset) and isinstance(_object(asset, "source").get("path"), str)
    }


def _read_nested(directory: Path, template: Template, within: tuple[Path, ...] = ()) -> None:
    within = (*within, template.path)
    for logical_id, resource in template.resources.items():
        if resource["Type"] != NESTED_STACK:
            continue
        file = _nested_file(resource, template.assets)
        if file is None:
            continue  # a template elsewhere, which can't be seen
        path = directory / file
        if path in within:
            raise AssemblyError(f"{path}: circular reference: the stack is nested in itself")
        nested = Template(
            name=f"{template.name}/{logical_id}",
            stack_name=f"{template.stack_name}-{logical_id}-{unknown(f'{template.name}/{logical_id}.AWS::StackName')}",
            account=template.account,
            region=template.region,
            path=path,
            assets=template.assets,
            **read_template(path),
        )
        template.nested[logical_id] = nested
        _read_nested(directory, nested, within)


def _nested_file(resource: Json, assets: Mapping[str, str]) -> str | None:
    metadata = resource.get("Metadata", {})
    if isinstance(metadata, dict) and isinstance(metadata.get("aws:asset:path"), str):
        return str(metadata["aws:asset:path"])
    address = json.dumps(resource.get("Properties", {}).get("TemplateURL"))
    return next((file for asset_hash, file in assets.items() if asset_hash in address), None)


def _read_metadata(directory: Path, artifact: Json, template: Template) -> list[tuple[Template, str, Json]]:
    """Return what our constructs left, and take in the construct paths of resources."""
    metadata = _object(artifact, "metadata")
    extra = artifact.get("additionalMetadataFile")
    if isinstance(extra, str):
        metadata |= read_json(directory / extra)
    paths: list[tuple[str, str]] = []
    found: list[tuple[Template, str, Json]] = []
    for path, entries in metadata.items():
        for entry in entries if isinstance(entries, list) else ():
            if not is_object(entry):
                continue
            if entry.get("type") == LOGICAL_ID and isinstance(entry.get("data"), str):
                paths.append((path.lstrip("/"), entry["data"]))
            elif entry.get("type") == RESOURCES and is_object(entry.get("data")):
                found.append((template, path.lstrip("/"), entry["data"]))
    of_construct = add_construct_paths(template, paths)
    for _, path, data in found:
        own, file = template_of(path, of_construct, template), directory / str(data.get("template"))
        # Nested templates that are equal are one asset, which has the file of the first.
        if own is not template and file.is_file():
            own.path = file
    return found


def _stacks_before(artifact_id: str, waits: Mapping[str, list[str]], stacks: Mapping[str, Template]) -> set[str]:
    """The stacks that one waits for directly, or by an artifact that is no stack."""
    found: set[str] = set()
    seen: set[str] = set()
    pending = list(waits.get(artifact_id, []))
    while pending:
        each = pending.pop()
        if each in stacks:
            found.add(stacks[each].file)
        elif each not in seen:
            seen.add(each)
            pending += waits.get(each, [])
    return found
