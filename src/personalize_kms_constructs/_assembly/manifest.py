"""Cloud assemblies on disk: manifests, and the metadata in them.

https://docs.aws.amazon.com/cdk/v2/guide/deploy.html#deploy-how-synth
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .._access.policy_documents import as_list
from .._metadata_type import METADATA_TYPE
from .files import AssemblyError, Json, read_json
from .templates import Template, Unread, add_construct_paths, noted, template_of

LOGICAL_ID = "aws:cdk:logicalId"
ACKNOWLEDGED = "aws:cdk:acknowledged-rules"

UNKNOWN_ENVIRONMENT = {"unknown-account": "${AWS::AccountId}", "unknown-region": "${AWS::Region}"}
_ENVIRONMENT = re.compile(r"aws://([^/]+)/([^/]+)")


@dataclass
class Assembly:
    """The stacks of an app, or those of one of its stages."""

    directory: Path
    templates: list[Template] = field(default_factory=list)
    """Top-level stacks, in the order of the manifest."""
    dependencies: dict[str, set[str]] = field(default_factory=dict)
    """The stacks that each waits for directly, by the files of templates; empty without a manifest."""
    metadata: list[tuple[Template, str, Json]] = field(default_factory=list)
    """The metadata that constructs of ours left: the stack, the construct's path and the data."""
    acknowledged: list[tuple[str, str]] = field(default_factory=list)
    """The rules that are acknowledged, each with the path of the construct."""
    stages: list[Path] = field(default_factory=list)
    """The directories of its stages, which are assemblies of their own."""


def read_assembly(directory: Path, unread: list[Unread]) -> Assembly:
    """Read an assembly without its stages; templates that can't be read stay empty.

    Raises:
        AssemblyError: if there is none, or its manifest can't be read.
    """
    return _Manifest(directory, unread).read()


def read_with_stages(directory: Path, unread: list[Unread], within: tuple[Path, ...] = ()) -> Iterator[Assembly]:
    """Yield an assembly and those of its stages.

    Raises:
        AssemblyError: as above, or if it contains itself.
    """
    here = Path(os.path.realpath(directory))
    if here in within:
        raise AssemblyError(f"{here}/manifest.json: circular reference: the assembly contains itself")
    found = read_assembly(directory, unread)
    yield found
    for stage in found.stages:
        yield from read_with_stages(stage, unread, (*within, here))


def _object(value: Json, name: str) -> Json:
    """An entry that is an object; an empty one where it is something else."""
    found = value.get(name)
    return dict(found) if isinstance(found, dict) else {}


@dataclass
class _Manifest:
    directory: Path
    unread: list[Unread]

    @property
    def file(self) -> Path:
        return self.directory / "manifest.json"

    def read(self) -> Assembly:
        artifacts = self._artifacts()
        found = Assembly(self.directory)
        stacks: dict[str, Template] = {}
        waits: dict[str, list[str]] = {}
        for artifact_id, artifact in artifacts.items():
            if not isinstance(artifact, dict) or not isinstance(artifact.get("type"), str):
                raise AssemblyError(f"{self.file}: artifact {artifact_id} has no type")
            waits[artifact_id] = [each for each in as_list(artifact.get("dependencies")) if isinstance(each, str)]
            if artifact["type"] == "aws:cloudformation:stack":
                stacks[artifact_id] = template = self._template(artifact_id, artifact)
                template.read(self.unread)
                found.templates.append(template)
                with noted(self.unread, template):
                    self._add_metadata(artifact, template, found)
            elif artifact["type"] == "cdk:cloud-assembly":
                name = _object(artifact, "properties").get("directoryName")
                if not isinstance(name, str):
                    raise AssemblyError(f"{self.file}: nested assembly {artifact_id} has no directoryName")
                found.stages.append(self.directory / name)
        found.dependencies = {stacks[id].file: _stacks_before(id, waits, stacks) for id in stacks}
        return found

    def _artifacts(self) -> Json:
        directory = self.directory
        if not os.path.isdir(directory):
            raise AssemblyError(f"{directory}: no such directory or file: pass another path, or run cdk synth first")
        if not os.path.isfile(self.file):
            raise AssemblyError(
                f"{directory}: no manifest.json and no template: run cdk synth first, or pass its output, cdk.out"
            )
        manifest = read_json(self.file)
        artifacts = manifest.get("artifacts", {})
        if "version" not in manifest or not isinstance(artifacts, dict):
            raise AssemblyError(f"{self.file}: not the manifest of a cloud assembly: it has no version or no artifacts")
        return dict(artifacts)

    def _template(self, artifact_id: str, artifact: Json) -> Template:
        properties = _object(artifact, "properties")
        file = properties.get("templateFile")
        environment = _ENVIRONMENT.fullmatch(str(artifact.get("environment")))
        if not isinstance(file, str) or environment is None:
            raise AssemblyError(f"{self.file}: stack {artifact_id} has no templateFile or no environment")
        account, region = (UNKNOWN_ENVIRONMENT.get(part, part) for part in environment.groups())
        return Template(
            name=str(artifact.get("displayName") or artifact_id).split(" (")[0],
            stack_name=str(properties.get("stackName") or artifact_id),
            account=account,
            region=region,
            path=self.directory / file,
        )

    def _add_metadata(self, artifact: Json, template: Template, assembly: Assembly) -> None:
        """Take in what our constructs left, what is acknowledged, and the construct paths of resources."""
        metadata = _object(artifact, "metadata")
        extra = artifact.get("additionalMetadataFile")
        if isinstance(extra, str):
            metadata |= read_json(self.directory / extra)
        paths: list[tuple[str, str]] = []
        found: list[tuple[Template, str, Json]] = []
        for path, entries in metadata.items():
            for entry in entries if isinstance(entries, list) else ():
                if not isinstance(entry, dict):
                    continue
                if entry.get("type") == LOGICAL_ID and isinstance(entry.get("data"), str):
                    paths.append((path.lstrip("/"), entry["data"]))
                elif entry.get("type") == METADATA_TYPE:
                    data = entry.get("data")
                    told = data if isinstance(data, dict) else {"problem": "its metadata isn't an object"}
                    found.append((template, path.lstrip("/"), told))
                elif entry.get("type") == ACKNOWLEDGED and isinstance(entry.get("data"), dict):
                    assembly.acknowledged += ((str(rule), path.lstrip("/")) for rule in entry["data"])
        of_construct = add_construct_paths(template, paths)
        for _, path, data in found:
            own, file = template_of(path, of_construct, template), self.directory / str(data.get("template"))
            # Nested templates that are equal are one asset, which has the file of the first.
            if own is not template and os.path.isfile(file):
                own.path = file
        assembly.metadata += found


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
