"""Synthesized templates with one statement changed."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from tests.proof.assembly import Assembly
from tests.proof.model import Statement
from tests.proof.stacks import Template

_HASH = re.compile(r"[0-9A-F]{8}$")

MUTATED = (
    "dataset group",
    "dataset import job",
    "dataset export job",
    "batch inference job",
    "metric attribution",
)
"""The resources whose statements are broken: all that differ, by which nothing of a new row has to be known."""

Change = Callable[[list[Statement], int], None]
"""Breaks the statement at an index of its policy."""

DOCUMENTS = {
    "AWS::KMS::Key": "KeyPolicy",
    "AWS::IAM::Role": "AssumeRolePolicyDocument",
    "AWS::IAM::ManagedPolicy": "PolicyDocument",
    "AWS::S3::BucketPolicy": "PolicyDocument",
}


@dataclass(frozen=True)
class Mutant:
    """A broken assembly; the name says what is broken and where."""

    name: str
    assembly: Assembly


@dataclass(frozen=True)
class Place:
    """Where a statement of ours is."""

    template: int
    logical_id: str
    index: int
    type: str
    statement: Statement

    @property
    def name(self) -> str:
        """A name that lasts: without the hashes that ids end in."""
        return f"{_HASH.sub('', self.logical_id)} {_HASH.sub('', self.statement.get('Sid', 'trust'))}"


def places(assembly: Assembly) -> Iterator[Place]:
    """Our statements, which are all but CDK's for the account."""
    for number, template in enumerate(assembly.templates):
        for logical_id, resource in template.body["Resources"].items():
            if resource["Type"] in DOCUMENTS:
                statements = resource["Properties"][DOCUMENTS[resource["Type"]]]["Statement"]
                for index, statement in enumerate(statements):
                    if statement["Action"] != "kms:*":
                        yield Place(number, logical_id, index, resource["Type"], statement)


def broken(assembly: Assembly, place: Place, change: Change) -> Assembly:
    """A copy in which one statement is changed."""
    templates: list[Template] = list(assembly.templates)
    template = templates[place.template]
    resource = copy.deepcopy(template.body["Resources"][place.logical_id])
    change(resource["Properties"][DOCUMENTS[place.type]]["Statement"], place.index)
    body = {**template.body, "Resources": {**template.body["Resources"], place.logical_id: resource}}
    templates[place.template] = replace(template, body=body)
    return Assembly(templates)


def put(element: str, value: Any) -> Change:
    """Sets an element of the statement."""

    def change(statements: list[Statement], index: int) -> None:
        statements[index] = {**statements[index], element: value}

    return change


def without(element: str, replacement: dict[str, Any] | None = None) -> Change:
    """Takes an element from the statement, and maybe puts others in its place."""

    def change(statements: list[Statement], index: int) -> None:
        kept = {name: value for name, value in statements[index].items() if name != element}
        statements[index] = {**kept, **(replacement or {})}

    return change


def remove(statements: list[Statement], index: int) -> None:
    del statements[index]


def repeat(statements: list[Statement], index: int) -> None:
    statements.append(statements[index])
