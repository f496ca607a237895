"""Templates in YAML, with CloudFormation's short forms of its functions.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import json
from typing import Any

import yaml

_DATE = "tag:yaml.org,2002:timestamp"


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads YAML as CloudFormation does: dates and names, for example account ids, are strings."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        mapping = super().construct_mapping(node, deep)
        return {str(name): _listed(name, value) for name, value in mapping.items()}


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> Any:
    value: Any
    if isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node)
    else:
        value = node.value
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    return {name: _listed(name, value)}


def _listed(name: Any, value: Any) -> Any:
    """Return an argument of ``Fn::GetAtt`` as a list, as in JSON."""
    return value.split(".", 1) if name == "Fn::GetAtt" and isinstance(value, str) else value


def _resolvers() -> dict[str, list[tuple[str, Any]]]:
    """Return the resolvers of plain values by first character, without the one of dates."""
    resolvers: dict[str, list[tuple[str, Any]]] = {}
    for first, by_tag in yaml.SafeLoader.yaml_implicit_resolvers.items():
        resolvers[first] = [(tag, regexp) for tag, regexp in by_tag if tag != _DATE]
    return resolvers


_Loader.add_multi_constructor("!", _short_form)
_Loader.yaml_implicit_resolvers = _resolvers()


def as_json(text: str) -> str:
    """Return a template in YAML as JSON, or raise a ``ValueError``."""
    try:
        return json.dumps(yaml.load(text, _Loader))
    except yaml.MarkedYAMLError as error:
        problem = ": ".join(filter(None, (error.context, error.problem)))
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ValueError(f"line {line}: {problem}") from None
    except (yaml.YAMLError, TypeError) as error:
        raise ValueError(str(error)) from None
