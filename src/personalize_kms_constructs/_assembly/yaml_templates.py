"""Templates in YAML, with CloudFormation's short forms of its functions.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import json
from typing import Any

import yaml

# CloudFormation takes templates of 1 MB.
_MOST_CHARACTERS = 10_000_000


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads what CloudFormation does: dates are strings, and names are too, for example those of accounts in maps."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        """Return the next mapping, in which no name may stand twice: before merges, which replace names."""
        node = super().compose_mapping_node(anchor)
        names = set()
        for name, _ in node.value:
            if not isinstance(name, yaml.ScalarNode):
                continue
            if name.value in names:
                raise yaml.MarkedYAMLError(problem=f"{name.value} stands twice", problem_mark=name.start_mark)
            names.add(name.value)
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
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
    """Return as JSON what a template in YAML says, or raise a ``ValueError``."""
    try:
        template = yaml.load(text, _Loader)
        written = ""
        for part in json.JSONEncoder().iterencode(template):
            written += part
            if len(written) > _MOST_CHARACTERS:
                raise ValueError("with its aliases written out it is larger than CloudFormation takes")
        return written
    except yaml.MarkedYAMLError as error:
        what = ": ".join(filter(None, (error.context, error.problem)))
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ValueError(f"line {line}: {what}") from None
    except (yaml.YAMLError, TypeError) as error:
        raise ValueError(str(error)) from None
