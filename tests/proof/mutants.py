"""Synthesized templates with one statement changed."""

import copy
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any

from tests.proof.assembly import Assembly
from tests.proof.evaluator import as_list
from tests.proof.model import Statement

_HASH = re.compile(r"[0-9A-F]{8}$")

MUTATED = (
    "dataset group",
    "dataset import job",
    "dataset export job",
    "batch inference job",
    "metric attribution",
)
"""The resources whose statements are broken: all that differ from others."""

DOCUMENTS = {
    "AWS::KMS::Key": "KeyPolicy",
    "AWS::IAM::Role": "AssumeRolePolicyDocument",
    "AWS::IAM::ManagedPolicy": "PolicyDocument",
    "AWS::S3::BucketPolicy": "PolicyDocument",
}


@dataclass(frozen=True)
class Mutant:
    """A broken assembly, named by the change and its place."""

    name: str
    assembly: Assembly


Operator = Callable[[Assembly], Iterator[Mutant]]
"""One way to break a template: it yields the mutants that it finds a place for."""


@dataclass(frozen=True)
class Place:
    """Where a statement of ours is."""

    assembly: Assembly
    template: int
    logical_id: str
    index: int
    type: str
    statement: Statement

    @property
    def name(self) -> str:
        """A name that lasts: without the hashes that ids end in."""
        return (
            f"{_HASH.sub('', self.logical_id)} {_HASH.sub('', self.statement.get('Sid', 'trust'))}"
        )

    @property
    def actions(self) -> list[str]:
        """The statement's actions."""
        return as_list(self.statement["Action"])

    @property
    def resources(self) -> list[Any]:
        """The statement's resources, as the template has them."""
        return as_list(self.statement.get("Resource"))

    def value(self, expression: Any) -> Any:
        """An expression of the template, resolved."""
        return self.assembly.value(self.assembly.templates[self.template].file, expression)

    def with_statements(self, *statements: Statement) -> Assembly:
        """A copy of the assembly with these in the place of the statement."""
        path = [DOCUMENTS[self.type], "Statement"]
        properties = self.assembly.templates[self.template].body["Resources"][self.logical_id][
            "Properties"
        ]
        all_of_them = list(at(properties, path))
        all_of_them[self.index : self.index + 1] = statements
        return changed(self.assembly, self.template, self.logical_id, path, all_of_them)


def places(assembly: Assembly) -> Iterator[Place]:
    """Our statements, which are all but CDK's for the account."""
    for number, template in enumerate(assembly.templates):
        for logical_id, resource in template.body["Resources"].items():
            if resource["Type"] in DOCUMENTS:
                statements = resource["Properties"][DOCUMENTS[resource["Type"]]]["Statement"]
                for index, statement in enumerate(statements):
                    if statement["Action"] != "kms:*":
                        yield Place(
                            assembly, number, logical_id, index, resource["Type"], statement
                        )


def at(properties: dict[str, Any], path: Sequence[str]) -> Any:
    """The property at this path."""
    value: Any = properties
    for name in path:
        value = value[name]
    return value


def changed(
    assembly: Assembly, number: int, logical_id: str, path: Sequence[str], value: Any
) -> Assembly:
    """A copy of the assembly with another value in a property of a resource."""
    templates = list(assembly.templates)
    body = templates[number].body
    resource = copy.deepcopy(body["Resources"][logical_id])
    *to, last = path
    at(resource["Properties"], to)[last] = value
    resources = {**body["Resources"], logical_id: resource}
    templates[number] = replace(templates[number], body={**body, "Resources": resources})
    return Assembly(templates)


def on_each_statement(change: Callable[[Place], Iterator[tuple[str, list[Statement]]]]) -> Operator:
    """Make an operator of a function that yields a change's name and the changed statement."""

    @wraps(change)
    def operator(assembly: Assembly) -> Iterator[Mutant]:
        for place in places(assembly):
            for name, statements in change(place):
                yield Mutant(name, place.with_statements(*statements))

    return operator
