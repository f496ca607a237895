"""The parameters of an API call: literals, tokens, JsonPath expressions or JSONata expressions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from aws_cdk import aws_stepfunctions as sfn

from .._argument_types import not_a_location, shown
from .._checks import name_problems
from .._tokens import TOKEN, is_token
from ..encryption import PersonalizeEncryption
from ..locations import S3Location
from ..resources import PersonalizeResource


def is_jsonata(value: Any) -> bool:
    """Whether Step Functions evaluates the value in a JSONata state."""
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}")


def is_json_path(value: Any) -> bool:
    """Whether the value is, or has in it, what ``sfn.JsonPath`` returns."""
    return bool(sfn.FieldUtils.find_referenced_paths({"value": value}))


def is_known(value: Any) -> bool:
    """Whether the value is the same in every execution; it may be a token that CloudFormation resolves."""
    return not is_jsonata(value) and not is_json_path(value)


def jsonata_source(expression: str) -> str:
    """What stands between the delimiters of an expression."""
    return expression[2:-2].strip()


class Parameters:
    """The arguments of one call; those that are ``None`` are left out."""

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self.arguments = cast("dict[str, Any]", _without_none(arguments))
        self.expressions = tuple(jsonata_source(value) for value in _leaves(self.arguments) if is_jsonata(value))
        self.has_json_paths = is_json_path(self.arguments)

    def problems(self) -> Iterator[str]:
        """Two languages in one call: a state has one, and what the first returns is no input of the second."""
        if self.expressions and self.has_json_paths:
            yield (
                "parameters are JsonPath and JSONata expressions, but one call takes one language: write all of them "
                f"in one, as {{% {self.expressions[0]} %}}"
            )

    def as_json_path(self) -> dict[str, Any]:
        """The arguments as a JSONPath state writes them, with keys that end in ``.$``."""
        return cast("dict[str, Any]", sfn.FieldUtils.render_object(self.arguments))


def tag_list(tags: Mapping[str, str] | None) -> list[dict[str, str]] | None:
    """Tags as the API takes them; an empty mapping is none."""
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()] if tags else None


def s3_data(encryption: PersonalizeEncryption, location: S3Location) -> dict[str, str | None]:
    """A place as the API takes it, with the key that encrypts it, if one does."""
    return {"Path": location.uri, "KmsKeyArn": encryption._wiring.key_arn(location)}


def choice_problems(what: str, value: object, *allowed: str) -> Iterator[str]:
    """A literal that is no value of the API's enumeration."""
    known_later = isinstance(value, str) and (is_jsonata(value) or is_token(value))
    if value is not None and not known_later and value not in allowed:
        yield f"{what} is {shown(value)} but Personalize takes {' or '.join(map(repr, allowed))}: use one of them"


def arn_problems(what: str, value: object) -> Iterator[str]:
    """What is no ARN: an L1, a name, or a path that ``sfn.JsonPath`` didn't make."""
    is_text = isinstance(value, str)
    if not is_text or not (is_jsonata(value) or is_token(str(value)) or str(value).startswith("arn:")):
        yield (
            f"{what} is {shown(value)} but an ARN is expected: pass one, as the attr_…_arn of an L1, or an expression, "
            "as sfn.JsonPath.string_at('$.arn')"
        )


def encryption_problems(encryption: object) -> Iterator[str]:
    """Something that is no ``PersonalizeEncryption``, its key for example."""
    if not isinstance(encryption, PersonalizeEncryption):
        yield (
            f"encryption is {shown(encryption)} but a PersonalizeEncryption is expected: pass the construct whose "
            "service role does the work"
        )


def location_problems(resource: PersonalizeResource) -> Iterator[str]:
    """Locations that are missing, or not known at synth."""
    needed = resource.permissions
    for part, access, location in (
        ("source", needed.source, resource.source),
        ("destination", needed.destination, resource.destination),
    ):
        what = f"{part} of {needed.resource}"
        if access is not None and location is None:
            yield not_a_location(what, location)
        if location is not None and _is_expression(location.prefix):
            yield (
                f"{what} has a prefix that each execution evaluates, but policies are written before: use a fixed "
                "prefix, in which all executions find their data"
            )


def job_name_problems(job_name: object) -> Iterator[str]:
    """A literal name that Personalize's API would refuse."""
    if job_name is not None and not is_jsonata(job_name):
        yield from name_problems("job_name", job_name)


def _is_expression(prefix: str) -> bool:
    return "{%" in prefix or any(is_json_path(token[0]) for token in TOKEN.finditer(prefix))


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_none(entry) for key, entry in value.items() if entry is not None}
    return value


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        for entry in value:
            yield from _leaves(entry)
    else:
        yield value
