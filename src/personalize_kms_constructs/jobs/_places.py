"""Where a job reads and writes: a path below a location, whose prefix is what policies allow.

Policies are written before an execution knows its path, so they allow the location's whole prefix.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from aws_cdk import aws_stepfunctions as sfn

from .._refusals.arguments import not_a_location, shown
from .._tokens import TOKEN, is_token, is_yet_to_be_looked_up, literal_part
from ..locations import S3Location
from ..resources import PersonalizeResource
from ._expressions import (
    is_json_path,
    is_jsonata,
    is_known,
    json_path_source,
    jsonata_source,
    jsonata_string,
    text_problems,
)
from ._given_paths import empty_part_check, guard, guarded_jsonata, json_path_parts, path_check

# https://docs.aws.amazon.com/personalize/latest/dg/API_S3DataConfig.html
_MAX_URI_LENGTH = 256
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_MIN_BUCKET_NAME_LENGTH = 3
# "." or ".." as a whole part of the path, or a part that is empty.
_STEP = re.compile(r"(^|/)\.{0,2}/|(^|/)\.{1,2}$")
# A token, or a brace that is none of its.
_BRACE = re.compile(rf"{TOKEN.pattern}|[{{}}]")


@dataclass(frozen=True)
class Place:
    """A source or a destination."""

    part: str
    """The parameter that has the location: ``"source"`` or ``"destination"``."""
    location: S3Location
    path: str | None
    """The path below the location's prefix, if there is one."""
    argument: str
    """Where the call has it, as ``DataSource.DataLocation``."""

    @property
    def uri(self) -> str:
        """The ``s3://`` path for the API, or the expression that makes it."""
        start = self.location.uri
        if self.path is None:
            return start
        if is_jsonata(self.path):
            path = guarded_jsonata(jsonata_source(self.path))
            return f"{{% ({guard(self._parameter)}{jsonata_string(start)} & {path}) %}}"
        if is_json_path(self.path):
            return sfn.JsonPath.format("{}{}", _BRACE.sub(_escape, start), self.path)
        return start + self.path

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
        parts = [
            empty_part_check(self._parameter, f"$states.input.Given.{name}", path) for name, path in self.given.items()
        ]
        uri = f"$states.input.Arguments.{self.argument}"
        return "".join(parts) + path_check(self._parameter, self.location.uri, uri)

    @property
    def _parameter(self) -> str:
        return f"{self.part}_path"

    def problems(self, job: str) -> Iterator[str]:
        """Explain why the job can't work with this place."""
        if not isinstance(self.location, S3Location):
            yield not_a_location(f"{self.part} of {job}", self.location)
            return
        prefix = self.location.prefix
        if "{%" in prefix or is_json_path(prefix):
            yield (
                f"{self.part} of {job} has a prefix that each execution evaluates, but policies are written before: "
                f"give S3Location a fixed prefix, and the rest as {self.part}_path"
            )
        if self.path is None:
            return
        if prefix and not prefix.endswith(("/", "]}")) and not is_yet_to_be_looked_up(prefix):
            yield (
                f"{self.part} of {job} has prefix {prefix!r} and {self.part}_path stands below it, but that is not a "
                f"folder: end the prefix in '/', for example {prefix + '/'!r}"
            )
        yield from self._path_problems()

    def _path_problems(self) -> Iterator[str]:
        """Explain what is wrong with the path, as far as it is known before."""
        name, path = f"{self.part}_path", self.path
        problems = [*text_problems(name, path)]
        if problems or not is_known(path):
            yield from problems
            return
        if not isinstance(path, str) or not path or path.startswith("/") or "://" in path:
            yield (
                f"{name} is {shown(path)} but a path below the prefix of {self.part} is expected: pass one without a "
                "leading slash or s3:// address, for example '2026-11-25/', or an expression"
            )
            return
        if _STEP.search(path):
            yield (
                f"{name} is {path!r}, and S3 takes '.', '..' and nothing between two slashes for names of folders: "
                "write the path out"
            )
        if any(special in literal_part(path) for special in ("*", "?", "${")):
            yield (
                f"{name} is {path!r}, but Personalize expands no '*', '?' and '${{': give a file or a folder, which is "
                "read with all that is below it"
            )
        if self.part == "destination" and not path.endswith(("/", "]}")):
            yield f"{name} is {path!r}, which is not a folder: end it in '/', for example {path + '/'!r}"
        yield from self._length_problems(path)

    def _length_problems(self, path: str) -> Iterator[str]:
        bucket, uri = self.location.bucket_name, self.location.uri + path
        length = len(literal_part(uri)) + (_MIN_BUCKET_NAME_LENGTH if is_token(bucket) else 0)
        if length > _MAX_URI_LENGTH:
            yield (
                f"{self.part}_path makes a path of {length} characters{' at least' if is_token(uri) else ''} but "
                f"Personalize takes {_MAX_URI_LENGTH} at most: use a shorter one"
            )


def same_place_problems(job: str, places: Sequence[Place]) -> Iterator[str]:
    """Explain that a job would write into the folder that it reads, as far as paths are known or the same."""
    *sources, destination = places
    if any(_written(source) == _written(destination) for source in sources):
        folder = destination.location.prefix + (destination.path or "")
        yield (
            f"{job} has the same source and destination, {folder!r} of one bucket, but Personalize wants another "
            "folder for the output: change one of the paths"
        )


def allowed(factory: Callable[..., PersonalizeResource], places: Sequence[Place]) -> list[PersonalizeResource]:
    """Return what policies have to allow: the resource, or one for each location if paths below one prefix differ.

    A resource whose locations are one folder is refused, since it knows nothing of paths.
    """
    has_paths = any(place.path is not None for place in places)
    if has_paths and len({place.location.prefix.rstrip("/") for place in places}) < len(places):
        return [factory(**{place.part: place.location}) for place in places]
    return [factory(**{place.part: place.location for place in places})]


def _written(place: Place) -> str:
    return (place.location.uri + (place.path or "")).rstrip("/")


def _escape(found: re.Match[str]) -> str:
    """Have a brace stand for itself in a string of an intrinsic function (developer guide, intrinsic-functions)."""
    return found[0] if is_token(found[0]) else f"\\{found[0]}"
