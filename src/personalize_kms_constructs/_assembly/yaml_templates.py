"""Templates in YAML, with CloudFormation's short forms of its functions.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import json
from typing import Any

import yaml


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads what CloudFormation does: dates are strings, and names are too, for example those of accounts in maps."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [name.value for name, _ in node.value if isinstance(name, yaml.ScalarNode)]
        for name in set(names):
            if names.count(name) > 1:
                raise yaml.MarkedYAMLError(problem=f"{name} stands twice", problem_mark=node.start_mark)
        return {str(name): _listed(name, value) for name, value in super().construct_mapping(node, deep).items()}


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
    """Return an argument of ``Fn::GetAtt`` as the list that it is in JSON."""
    return value.split(".", 1) if name == "Fn::GetAtt" and isinstance(value, str) else value


_Loader.add_multi_constructor("!", _short_form)
_Loader.yaml_implicit_resolvers = {
    first: [each for each in found if each[0] != "tag:yaml.org,2002:timestamp"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def as_json(text: str) -> str:
    """Return as JSON what a template in YAML says, or raise a ``ValueError`` with one line."""
    try:
        return json.dumps(yaml.load(text, _Loader))
    except (yaml.YAMLError, TypeError) as error:
        raise ValueError(" ".join(str(error).split())) from None
