"""Cloud assemblies on disk: manifests, and the metadata in them.

https://docs.aws.amazon.com/cdk/v2/guide/deploy.html#deploy-how-synth
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .._model.policy_documents import as_list
from .._shared import METADATA_TYPE
from .._shared.values import unknown
from .files import AssemblyError, Json, noting_errors, read_json
from .template import Template, template_around, templates_by_construct

LOGICAL_ID = "aws:cdk:logicalId"
ACKNOWLEDGED = "aws:cdk:acknowledged-rules"

UNKNOWN_ENVIRONMENT = {"unknown-account": "${AWS::AccountId}", "unknown-region": "${AWS::Region}"}
_OF_NESTED_STACK = ".nested.template.json"
_ENVIRONMENT = re.compile(r"aws://([^/]+)/([^/]+)")


@dataclass(eq=False)
class Assembly:
    """The stacks of an app or of one of its stages."""

    directory: Path
    templates: list[Template] = field(default_factory=list)
    """Top-level stacks, in the order of the manifest."""
    dependencies: dict[str, set[str]] = field(default_factory=dict)
    """The direct dependencies of stacks, by the files of templates; empty without a manifest."""
    metadata: list[tuple[Template, str, Json]] = field(default_factory=list)
    """The metadata of our constructs: the stack, the construct's path and the data."""
    acknowledged: list[tuple[str, str]] = field(default_factory=list)
    """The acknowledged rules, each with the path of the construct."""
    stages: list[Path] = field(default_factory=list)
    """The directories of its stages, which are assemblies of their own."""

    def with_nested(self) -> Iterator[Template]:
        for template in self.templates:
            yield from template.with_nested()


def read_assembly(directory: Path) -> Assembly:
    """Read an assembly without its stages; unreadable templates stay empty."""
    return _Manifest(directory).read()


def read_with_stages(directory: Path) -> list[Assembly]:
    assembly = read_assembly(directory)
    assemblies = [assembly]
    for stage in assembly.stages:
        assemblies += read_with_stages(stage)
    return assemblies


def template_alone(name: str, file: Path) -> Template:
    """Read a template whose environment and stack name only its deployment knows."""
    account, region = UNKNOWN_ENVIRONMENT.values()
    template = Template(name, unknown(f"{name}.AWS::StackName"), account, region, file)
    template.read()
    return template


def _object_in(value: Json, name: str) -> Json:
    entry = value.get(name)
    return dict(entry) if isinstance(entry, dict) else {}


@dataclass
class _Manifest:
    directory: Path

    @property
    def file(self) -> Path:
        return self.directory / "manifest.json"

    def read(self) -> Assembly:
        artifacts = self._artifacts()
        assembly = Assembly(self.directory)
        stacks: dict[str, Template] = {}
        waits: dict[str, list[str]] = {}
        for artifact_id, artifact in artifacts.items():
            if not isinstance(artifact, dict) or not isinstance(artifact.get("type"), str):
                raise AssemblyError(f"{self.file}: artifact {artifact_id} has no type")
            dependencies = as_list(artifact.get("dependencies"))
            waits[artifact_id] = [name for name in dependencies if isinstance(name, str)]
            if artifact["type"] == "aws:cloudformation:stack":
                template = self._template(artifact_id, artifact)
                template.read()
                stacks[artifact_id] = template
                assembly.templates.append(template)
                with noting_errors(template.errors, template.path):
                    self._add_metadata(artifact, template, assembly)
            elif artifact["type"] == "cdk:cloud-assembly":
                name = _object_in(artifact, "properties").get("directoryName")
                if not isinstance(name, str):
                    raise AssemblyError(
                        f"{self.file}: nested assembly {artifact_id} has no directoryName"
                    )
                assembly.stages.append(self.directory / name)
        for artifact_id, template in stacks.items():
            assembly.dependencies[template.path.name] = _files_before(artifact_id, waits, stacks)
        return assembly

    def _artifacts(self) -> Json:
        directory = self.directory
        if not os.path.isdir(directory):
            raise AssemblyError(
                f"{directory}: no such directory or file: pass another path, or run cdk synth first"
            )
        if not os.path.isfile(self.file):
            raise AssemblyError(
                f"{directory}: no manifest.json and no template: run cdk synth first, or pass its "
                "output, cdk.out"
            )
        manifest = read_json(self.file)
        artifacts = manifest.get("artifacts", {})
        if "version" not in manifest or not isinstance(artifacts, dict):
            raise AssemblyError(
                f"{self.file}: not the manifest of a cloud assembly: it has no version or no "
                "artifacts"
            )
        return dict(artifacts)

    def _template(self, artifact_id: str, artifact: Json) -> Template:
        properties = _object_in(artifact, "properties")
        file = properties.get("templateFile")
        environment = _ENVIRONMENT.fullmatch(str(artifact.get("environment")))
        if not isinstance(file, str) or environment is None:
            raise AssemblyError(
                f"{self.file}: stack {artifact_id} has no templateFile or no environment"
            )
        account, region = environment.groups()
        return Template(
            name=str(artifact.get("displayName") or artifact_id).split(" (")[0],
            stack_name=str(properties.get("stackName") or artifact_id),
            account=UNKNOWN_ENVIRONMENT.get(account, account),
            region=UNKNOWN_ENVIRONMENT.get(region, region),
            path=self.directory / file,
        )

    def _add_metadata(self, artifact: Json, template: Template, assembly: Assembly) -> None:
        """Add metadata of our constructs, acknowledgements, and paths of resources."""
        metadata = _object_in(artifact, "metadata")
        extra = artifact.get("additionalMetadataFile")
        if isinstance(extra, str):
            metadata |= read_json(self.directory / extra)
        paths: list[tuple[str, str]] = []
        ours: list[tuple[str, Json]] = []
        for construct_path, entries in metadata.items():
            path = construct_path.lstrip("/")
            for entry in as_list(entries):
                if not isinstance(entry, dict):
                    continue
                type, data = entry.get("type"), entry.get("data")
                if type == LOGICAL_ID and isinstance(data, str):
                    paths.append((path, data))
                elif type == METADATA_TYPE and isinstance(data, dict):
                    ours.append((path, data))
                elif type == ACKNOWLEDGED and isinstance(data, dict):
                    for rule in data:
                        assembly.acknowledged.append((str(rule), path))
        of_construct = templates_by_construct(template, paths)
        for path, logical_id in paths:
            own = template_around(path, of_construct, template)
            # A logical id is unique in its template only.
            if logical_id in own.resources:
                own.paths.setdefault(logical_id, path)
        for path, data in ours:
            own = template_around(path, of_construct, template)
            file = self.directory / str(data.get("template"))
            # Nested templates that are equal are one asset, which has the file of the first. (The
            # template of a product in a nested stack is another one.)
            is_nested = own is not template and file.name.endswith(_OF_NESTED_STACK)
            if is_nested and os.path.isfile(file):
                own.path = file
            assembly.metadata.append((template, path, data))


def _files_before(
    artifact_id: str, waits: Mapping[str, list[str]], stacks: Mapping[str, Template]
) -> set[str]:
    """Return the files of stacks a stack waits for, directly or through other artifacts."""
    files: set[str] = set()
    visited: set[str] = set()
    to_visit = list(waits.get(artifact_id, []))
    while to_visit:
        name = to_visit.pop()
        if name in stacks:
            files.add(stacks[name].path.name)
        elif name not in visited:
            visited.add(name)
            to_visit += waits.get(name, [])
    return files
