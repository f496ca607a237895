"""Templates in YAML, with CloudFormation's short forms of its functions.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

from __future__ import annotations

import json
from typing import Any

import yaml

from .files import LineError

# CloudFormation takes templates of 1 MB.
_MOST_CHARACTERS = 10_000_000


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """Reads what CloudFormation does: dates are strings, and names are too, for example those of accounts in maps."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._sizes: dict[yaml.Node, int] = {}
        """The characters that each node stands for, its aliases written out."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node:
        """Return the next node, in which no name stands twice and aliases don't grow without end."""
        node = super().compose_node(parent, index)
        if node in self._sizes:
            return node
        if isinstance(node, yaml.MappingNode):
            _refuse_second_names(node)
            parts = [part for pair in node.value for part in pair]
        else:
            parts = node.value if isinstance(node, yaml.SequenceNode) else []
        # What stands in itself has no size yet.
        size = 1 + sum(self._sizes.get(part, 0) for part in parts)
        self._sizes[node] = size if parts else size + len(node.value)
        if size > _MOST_CHARACTERS:
            problem = "with its aliases written out it is larger than CloudFormation takes"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)
        return node

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        return {str(name): _listed(name, value) for name, value in super().construct_mapping(node, deep).items()}


def _refuse_second_names(node: yaml.MappingNode) -> None:
    names = set()
    for name, _ in node.value:
        if isinstance(name, yaml.ScalarNode):
            if name.value in names:
                raise yaml.MarkedYAMLError(problem=f"{name.value} stands twice", problem_mark=name.start_mark)
            names.add(name.value)


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
        return json.dumps(yaml.load(text, _Loader))
    except yaml.MarkedYAMLError as error:
        what = ": ".join(filter(None, (error.context, error.problem)))
        raise LineError(what, error.problem_mark.line + 1) from None
    except (yaml.YAMLError, TypeError) as error:
        raise ValueError(str(error)) from None
