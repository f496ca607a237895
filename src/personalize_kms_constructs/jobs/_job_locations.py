"""The paths that a job reads and writes, below the prefixes of locations.

Policies are written before an execution knows its path, so they allow the location's whole prefix.
An execution whose path lacks a part stops before the job is created. JSONata joins a missing value
as an empty string, and both languages write null into a string as ``null``: the path would name
everything below the prefix, or a wrong folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aws_cdk import aws_stepfunctions as sfn

from personalize_kms_check.matrix import Permissions, S3Access

from .._grant.paths import FOR_NO_POLICY, folder, folder_problems
from .._grant.resolved import ResolvedResource
from .._refusals.arguments import brief, type_problems
from .._tokens import TOKEN, is_token
from ..locations import LOCATION, S3Location
from ..resources import PersonalizeResource
from ._run_time import (
    is_json_path,
    is_jsonata,
    is_known,
    json_path_parts,
    json_path_source,
    jsonata_operands,
    jsonata_source,
    jsonata_string,
    text_problems,
)

# "." or ".." as a whole part of the path, or an empty part.
_STEP = re.compile(r"(^|/)\.{0,2}/|(^|/)\.{1,2}$")
# The same in an execution, or a null.
_NO_NAME = r"/^$|(^|\/)(null|\.{0,2})\/|(^|\/)(null|\.{1,2})$/"
_LITERAL = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\d+)""")
# A token, or a brace outside of tokens.
_BRACE = re.compile(rf"{TOKEN.pattern}|[{{}}]")


@dataclass(frozen=True)
class JobLocation:
    """The source or the destination of a job."""

    row: Permissions
    """The kind of job."""
    part: str
    """The parameter for the location: ``"source"`` or ``"destination"``."""
    location: S3Location
    path: str | None
    """The path below the location's prefix, if any."""

    @property
    def uri(self) -> str:
        """The ``s3://`` path for the API, or an expression for it."""
        start = self.location.uri
        if self.path is None:
            return start
        if is_jsonata(self.path):
            path = _guarded(jsonata_source(self.path))
            return f"{{% ({_guard(self._parameter)}{jsonata_string(start)} & {path}) %}}"
        if is_json_path(self.path):
            return sfn.JsonPath.format("{}{}", _BRACE.sub(_escape, start), self.path)
        return start + self.path

    def arguments(self, job: ResolvedResource) -> dict[str, Any]:
        *around, path = self._access.path_argument.split(".")
        arguments: dict[str, Any] = {path: self.uri}
        resolved = job.source if self.part == "source" else job.destination
        if self._access.key_argument and resolved and resolved.key:
            arguments[self._access.key_argument.rpartition(".")[2]] = resolved.key.arn
        for name in reversed(around):
            arguments = {name: arguments}
        return arguments

    @property
    def json_paths(self) -> dict[str, str]:
        """The JSONPaths in the path, which the states pass on to the check."""
        if self.path is None or not is_json_path(self.path):
            return {}
        parts = json_path_parts(json_path_source(self.path))
        return {f"{self.part}{number}": part for number, part in enumerate(parts, 1)}

    @property
    def check(self) -> str:
        """JSONata that stops an execution whose path lacks a part; empty if the path is known."""
        if is_known(self.path):
            return ""
        check = ""
        for name, path in self.json_paths.items():
            reason = f"{self._parameter} is empty in this execution: {path} has no value"
            error = f"$error({jsonata_string(reason)})"
            check += f"$states.input.Given.{name} in ['', null] ? {error} : "
        uri = f"$states.input.Arguments.{self._access.path_argument}"
        path = f"$substringAfter({uri}, {jsonata_string(self.location.uri)})"
        reason = " in this execution, and a folder or file in it has no name, or is null, . or .."
        error = f"$error('{self._parameter} makes ' & {uri} & '{reason}')"
        return f"{check}$contains({path}, {_NO_NAME}) ? {error} : "

    @property
    def with_path(self) -> S3Location:
        """The location with its path, if the path is known at synth and could be in a policy."""
        path = self.path
        if not isinstance(path, str) or not is_known(path):
            return self.location
        if not _is_below(path) or FOR_NO_POLICY.search(path):
            return self.location
        return replace(self.location, prefix=self.location.prefix + path)

    def problems(self) -> Iterator[str]:
        subject = f"{self.part} of {self.row.resource}"
        if not isinstance(self.location, S3Location):
            yield from type_problems(LOCATION, **{subject: self.location})
            return
        prefix = self.location.prefix
        if "{%" in prefix or is_json_path(prefix):
            yield (
                f"{subject} has a prefix that each execution evaluates, but policies are written "
                f"before: use a fixed prefix in S3Location, and pass the rest as {self._parameter}"
            )
        if self.path is None:
            return
        yield from folder_problems(f"{subject}, with {self._parameter} below it,", prefix)
        problems = [*text_problems(self._parameter, self.path)]
        yield from problems
        if not problems and is_known(self.path) and not _is_below(self.path):
            yield (
                f"{self._parameter} is {brief(self.path)}, expected a path below the prefix of "
                f"{self.part}: pass only names, without s3:// address, leading slash, "
                "'.', '..' and '$.', for example '2026-11-25/', or an expression, for example "
                "sfn.JsonPath.format('{}/', sfn.JsonPath.string_at('$.day'))"
            )

    @property
    def _parameter(self) -> str:
        return f"{self.part}_path"

    @property
    def _access(self) -> S3Access:
        access = self.row.source if self.part == "source" else self.row.destination
        assert access is not None
        return access


def resource_of(row: Permissions, locations: Sequence[JobLocation]) -> PersonalizeResource:
    """Return the job as a resource, with as much of the paths as is known."""
    return PersonalizeResource(row, **{location.part: location.with_path for location in locations})


def resources_of(
    row: Permissions, locations: Sequence[JobLocation], *, with_paths: bool = False
) -> list[PersonalizeResource]:
    """Return the resources to allow: the job, or a resource for each location.

    A resource whose locations are the same folder is refused, since it knows no paths. If only the
    paths tell the locations apart, each is allowed as its own resource. With ``with_paths``, known
    paths are part of the locations.
    """
    by_part, has_other_paths = {}, False
    for location in locations:
        by_part[location.part] = location.with_path if with_paths else location.location
        if location.path is not None and not (with_paths and is_known(location.path)):
            has_other_paths = True
    folders = {folder(location.prefix) for location in by_part.values()}
    if has_other_paths and len(folders) < len(by_part):
        return [PersonalizeResource(row, **{part: location}) for part, location in by_part.items()]
    return [PersonalizeResource(row, **by_part)]


def _guarded(source: str) -> str:
    """Return JSONata for the same string. It fails if a joined value is missing, null or empty.

    The parts of a path are the operands of ``&``. Functions and conditions may handle missing
    values themselves.
    """
    operands = jsonata_operands(source)
    parts = []
    for operand in operands:
        part = f"({source})" if len(operands) == 1 else operand
        is_literal = _LITERAL.fullmatch(part) is not None
        parts.append(part if is_literal else f"$pathPart({part}, {jsonata_string(operand)})")
    return " & ".join(parts)


def _guard(parameter: str) -> str:
    """Return the JSONata for the function called by ``_guarded``."""
    return (
        "$pathPart := function($value, $text) { $type($value) in ['string', 'number', 'boolean'] "
        f"and $value != '' ? $value : $error('{parameter} is empty in this execution: ' & $text & "
        "' has no value') }; "
    )


def _is_below(path: object) -> bool:
    """Tell if a known path stays below its beginning. A JSONPath as text makes a folder "$.day"."""
    if not isinstance(path, str) or not path:
        return False
    return "://" not in path and "$." not in path and not _STEP.search(path)


def _escape(brace: re.Match[str]) -> str:
    """Escape a brace in a string of an intrinsic function, and leave a token alone."""
    return brace[0] if is_token(brace[0]) else f"\\{brace[0]}"
