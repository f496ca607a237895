"""The parameters of an API call: literals, tokens, JsonPath expressions or JSONata expressions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, cast

from aws_cdk import aws_stepfunctions as sfn

from ._expressions import is_json_path, is_jsonata, jsonata_source, leaves, text_problems


class Parameters:
    """The arguments of one call; those that are ``None`` are left out."""

    def __init__(self, arguments: Mapping[str, Any]) -> None:
        self.arguments = cast("dict[str, Any]", _without_none(arguments))
        self.has_json_paths = is_json_path(self.arguments)

    def problems(self) -> Iterator[str]:
        """Explain that a state can't evaluate these arguments."""
        values = leaves(self.arguments)
        for value in values:
            yield from text_problems("a parameter", value)
        expressions = [jsonata_source(value) for value in values if is_jsonata(value)]
        if expressions and self.has_json_paths:
            yield (
                "parameters are JsonPath and JSONata expressions, but a state has one language: write all of them in "
                f"one, for example {{% {expressions[0]} %}}"
            )

    def rendered(self) -> dict[str, Any]:
        """Return the arguments as their state writes them; in JSONPath with keys that end in ``.$``."""
        if not self.has_json_paths:
            return self.arguments
        return cast("dict[str, Any]", sfn.FieldUtils.render_object(self.arguments))


def tag_list(tags: Mapping[str, str] | None) -> list[dict[str, str]] | None:
    """Return tags as the API takes them; an empty mapping is none."""
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()] if tags else None


def _without_none(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_none(entry) for key, entry in value.items() if entry is not None}
    return value
