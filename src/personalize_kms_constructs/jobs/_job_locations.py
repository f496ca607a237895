"""Where a job reads and writes: a path below a location, whose prefix is what policies allow.

Policies are written before an execution knows its path, so they allow the location's whole prefix.
An execution whose path lacks a part stops before the job is created. JSONata takes a missing value
for an empty string where it joins strings, and both languages write ``null`` where they put one
into a string: all that is below the prefix would be meant, or a folder that nobody asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from aws_cdk import aws_stepfunctions as sfn

from .._grant.paths import FOR_NO_POLICY, folder, folder_problems
from .._grant.resolved import ResolvedResource
from .._refusals.arguments import shown, type_problems
from .._tokens import TOKEN, is_token
from ..locations import LOCATION, S3Location
from ..matrix import Permissions, S3Access
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

# "." or ".." as a whole part of the path, or a part that is empty.
_STEP = re.compile(r"(^|/)\.{0,2}/|(^|/)\.{1,2}$")
# The same in an execution, or the word that was made of null.
_NO_NAME = r"/^$|(^|\/)(null|\.{0,2})\/|(^|\/)(null|\.{1,2})$/"
_LITERAL = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\d+)""")
# A token, or a brace that is none of its.
_BRACE = re.compile(rf"{TOKEN.pattern}|[{{}}]")


@dataclass(frozen=True)
class JobLocation:
    """The source or the destination of a job."""

    row: Permissions
    """The kind of job."""
    part: str
    """The parameter that has the location: ``"source"`` or ``"destination"``."""
    location: S3Location
    path: str | None
    """The path below the location's prefix, if there is one."""

    @property
    def uri(self) -> str:
        """The ``s3://`` path for the API, or the expression that makes it."""
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
        """Return the arguments of the call that have the location, and the key that encrypts it, if one does."""
        *around, path = self._access.path_argument.split(".")
        found: Any = {path: self.uri}
        resolved = job.source if self.part == "source" else job.destination
        if self._access.key_argument and resolved and resolved.key:
            found[self._access.key_argument.rpartition(".")[2]] = resolved.key.arn
        for name in reversed(around):
            found = {name: found}
        return dict(found)

    @property
    def given(self) -> dict[str, str]:
        """The JSONPaths that the path is made of, which the states carry on to be looked at."""
        if self.path is None or not is_json_path(self.path):
            return {}
        parts = json_path_parts(json_path_source(self.path))
        return {f"{self.part}{number}": part for number, part in enumerate(parts, 1)}

    @property
    def check(self) -> str:
        """JSONata that stops an execution whose path lacks a part, and goes on with what follows.

        Nothing for paths that are known before.
        """
        if is_known(self.path):
            return ""
        found = ""
        for name, path in self.given.items():
            reason = jsonata_string(
                f"{self._parameter} is empty in this execution: {path} has no value"
            )
            found += f"$states.input.Given.{name} in ['', null] ? $error({reason}) : "
        uri = f"$states.input.Arguments.{self._access.path_argument}"
        path = f"$substringAfter({uri}, {jsonata_string(self.location.uri)})"
        reason = "' in this execution, and a folder or file in it has no name, or is null, . or .."
        return f"{found}$contains({path}, {_NO_NAME}) ? $error('{self._parameter} makes ' & {uri} & {reason}') : "

    @property
    def with_path(self) -> S3Location:
        """The location with its path, where that is known before, and could be in a policy."""
        path = self.path
        if (
            not isinstance(path, str)
            or not is_known(path)
            or not _is_below(path)
            or FOR_NO_POLICY.search(path)
        ):
            return self.location
        return replace(self.location, prefix=self.location.prefix + path)

    def problems(self) -> Iterator[str]:
        """Explain why a path can't stand below this location, as far as it is known before."""
        what = f"{self.part} of {self.row.resource}"
        if not isinstance(self.location, S3Location):
            yield from type_problems(LOCATION, **{what: self.location})
            return
        prefix = self.location.prefix
        if "{%" in prefix or is_json_path(prefix):
            yield (
                f"{what} has a prefix that each execution evaluates, but policies are written "
                f"before: use a fixed prefix in S3Location, and pass the rest as {self._parameter}"
            )
        if self.path is None:
            return
        yield from folder_problems(f"{what}, with {self._parameter} below it,", prefix)
        problems = [*text_problems(self._parameter, self.path)]
        yield from problems
        if not problems and is_known(self.path) and not _is_below(self.path):
            yield (
                f"{self._parameter} is {shown(self.path)} but a path below the prefix of "
                f"{self.part} is expected: pass only names, without s3:// address, leading slash, "
                "'.' and '..', for example '2026-11-25/', or an expression"
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
    """Return what the job creates, with as much of the paths as is known."""
    return PersonalizeResource(row, **{each.part: each.with_path for each in locations})


def resources_of(
    row: Permissions, locations: Sequence[JobLocation], *, with_paths: bool = False
) -> list[PersonalizeResource]:
    """Return what policies have to allow: the resource, or one for each location if paths below one prefix differ.

    A resource whose locations are one folder is refused, since it knows nothing of paths. Those
    that are known may be taken as part of the locations.
    """
    found = {each.part: each.with_path if with_paths else each.location for each in locations}
    in_one_folder = len({folder(location.prefix) for location in found.values()}) < len(found)
    if in_one_folder and any(
        each.path is not None and not (with_paths and is_known(each.path)) for each in locations
    ):
        return [PersonalizeResource(row, **{part: location}) for part, location in found.items()]
    return [PersonalizeResource(row, **found)]


def _guarded(source: str) -> str:
    """Return JSONata for the same string that fails if a value that it is joined of is missing, null or empty.

    A path's parts are what the expression joins by ``&``; what a function or a condition makes of a
    missing value is its own.
    """
    operands = jsonata_operands(source)
    parts = [f"({source})"] if len(operands) == 1 else operands
    checked = [
        part if _LITERAL.fullmatch(part) else f"$pathPart({part}, {jsonata_string(name)})"
        for part, name in zip(parts, operands, strict=True)
    ]
    return " & ".join(checked)


def _guard(parameter: str) -> str:
    """Return JSONata that defines the function that ``_guarded`` calls."""
    return (
        "$pathPart := function($value, $text) { $type($value) in ['string', 'number', 'boolean'] "
        f"and $value != '' ? $value : $error('{parameter} is empty in this execution: ' & $text & "
        "' has no value') }; "
    )


def _is_below(path: object) -> bool:
    """Tell if a path that is known leads below where it begins."""
    return isinstance(path, str) and bool(path) and "://" not in path and not _STEP.search(path)


def _escape(found: re.Match[str]) -> str:
    """Have a brace stand for itself in a string of an intrinsic function (developer guide, intrinsic-functions)."""
    return found[0] if is_token(found[0]) else f"\\{found[0]}"
