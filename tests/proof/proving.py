"""An arrangement, synthesized and proved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import assertions

from tests.proof.assembly import Assembly
from tests.proof.building import KINDS, Arrangement, Building
from tests.proof.model import Deployed, Environment
from tests.proof.needs import Use
from tests.proof.prover import differences
from tests.templates.stacks import FLAGS

HERE = {
    "aws": Environment("111122223333", "eu-west-1"),
    "aws-cn": Environment("111122223333", "cn-north-1"),
}


@cache
def feature_flags(name: str) -> Mapping[str, Any]:
    """The feature flags of that name, which it takes a moment to unpack."""
    return FLAGS[name]()


@dataclass(frozen=True)
class Options:
    """Ways to synthesize an arrangement."""

    flags: Mapping[str, Any] = field(default_factory=dict)
    """The feature flags, none by default."""
    partition: str = "aws"
    """A partition, each of which has one account and Region here."""
    concrete: bool = False
    """True if the stacks know their account and Region."""
    kinds: Sequence[str] = KINDS
    """The resources of Personalize that are allowed."""


def synthesized(arrangement: Arrangement, directory: Path, **given: Any) -> Building:
    """Synthesize an arrangement; every template of it is one that CloudFormation could order.

    The library's own judge stays out of it, which would fail the synth before anybody else is
    asked.
    """
    options = Options(**given)
    context = {"personalize-kms-constructs:judge": False, **options.flags}
    app = cdk.App(outdir=str(directory), analytics_reporting=False, context=context)
    building = Building(app, HERE[options.partition], options.concrete, options.kinds)
    arrangement(building)
    app.synth()
    for stack in building.stacks:
        assertions.Template.from_stack(stack)
    return building


def build(
    arrangement: Arrangement, directory: Path, **options: Any
) -> tuple[Deployed, list[Use], Assembly]:
    """Synthesize an arrangement, and read it as it is deployed."""
    return synthesized(arrangement, directory, **options).finish(directory)


def all_differences(arrangement: Arrangement, directory: Path, **options: Any) -> list[str]:
    """Every difference between an arrangement and AWS's page."""
    deployed, uses, _ = build(arrangement, directory, **options)
    return [str(difference) for difference in differences(deployed, uses)]
