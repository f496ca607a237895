"""The parameters of an API call: literals, tokens, JsonPath expressions or JSONata expressions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from aws_cdk import aws_stepfunctions as sfn

from ..checks import is_token, name_problems
from ..encryption import PersonalizeEncryption
from ..locations import S3Location


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


def one_of(what: str, value: str | None, *allowed: str) -> Iterator[str]:
    """A literal that is no value of the API's enumeration."""
    if value is not None and not is_jsonata(value) and not is_token(value) and value not in allowed:
        yield f"{what} is {value!r} but Personalize takes {' or '.join(map(repr, allowed))}: use one of them"


def job_name_problems(job_name: str | None) -> Iterator[str]:
    """A literal name that Personalize's API would refuse."""
    if job_name is not None and not is_jsonata(job_name):
        yield from name_problems("job_name", job_name)


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
