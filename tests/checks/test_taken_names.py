"""Names that Personalize takes once in an account and Region: in one stack, in two, and in a stage."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from personalize_kms_constructs.checks import check_assembly
from tests.checks.templates import AGNOSTIC, CONDITIONS, NO_VALUE, PARAMETERS, Json, dataset, write

ANOTHER_ACCOUNT = "444455556666"


def named(name: Any, kind: str = "Schema", **more: Any) -> Json:
    """A resource of Personalize."""
    return {"Type": f"AWS::Personalize::{kind}", "Properties": {"Name": name} if name else {}, **more}


def template(**resources: Json) -> Json:
    """A template with a parameter and conditions."""
    return {"Parameters": PARAMETERS, "Conditions": CONDITIONS, "Resources": resources}


def told(stacks: dict[str, Json], out: Path, stage: Json | None = None, **options: Any) -> list[str]:
    """What is said of names, with the paths of those that have one."""
    stages = {"Stage": write(out / "assembly-Stage", {"Two": stage}, **options)} if stage else None
    problems = check_assembly(write(out, stacks, stages=stages, **options)).problems
    return [each.message for each in problems if each.cause.id == "name-taken"]


def words(kind: str, name: str, *paths: str) -> str:
    return (
        f"{', '.join(paths)} share the name {name}, and names of {kind} are unique in an account and Region: use "
        f"another name, or put each under a condition, of which only one holds"
    )


@pytest.mark.parametrize(
    ("one", "kind"),
    [
        (named("movies", "DatasetGroup"), "dataset groups"),
        (named("movies"), "schemas"),
        (named("movies", "Solution"), "solutions"),
        (dataset(job_name="movies"), "dataset import jobs"),
    ],
    ids=["dataset group", "schema", "solution", "import job"],
)
def test_what_takes_a_name(one: Json, kind: str, tmp_path: Path) -> None:
    """The deployment of the second would fail, wherever it is."""
    assert told({"Main": template(One=one, Two=one)}, tmp_path / "1") == [words(kind, "movies", "Main/One", "Main/Two")]
    stacks = {"Main": template(One=one), "Other": template(Two=one)}
    assert told(stacks, tmp_path / "2") == [words(kind, "movies", "Main/One", "Other/Two")]
    stack = {"Main": template(One=one)}
    assert told(stack, tmp_path / "3", template(Two=one)) == [words(kind, "movies", "Main/One", "Two/Two")]
    inner = {"Type": "AWS::CloudFormation::Stack", "Metadata": {"aws:asset:path": "inner.json"}}
    files = {"inner.json": template(Two=one)}
    found = told({"Main": template(One=one, Inner=inner)}, tmp_path / "4", files=files, **AGNOSTIC)
    assert found == [words(kind, "movies", "Main/One", "Main/Inner/Two")]


MOVIES, STAGE = named("movies"), {"Ref": "Stage"}
IF_PROD = {"Fn::If": ["IsProd", "movies", NO_VALUE]}


@pytest.mark.parametrize(
    ("one", "other", "environment", "in_one_stack", "in_two"),
    [
        (MOVIES, MOVIES, {}, True, True),
        (MOVIES, named("books"), {}, False, False),
        (MOVIES, named("movies", "Solution"), {}, False, False),
        (named(None), named(None), {}, False, False),
        # A dataset is told by its dataset group and its type.
        (named("movies", "Dataset"), named("movies", "Dataset"), {}, False, False),
        (dataset(job_name="load"), dataset(job_name="load-again"), {}, False, False),
        (dataset(job_name={"Fn::GetAtt": ["A", "B"]}), dataset(job_name="load"), {}, False, False),
        (MOVIES, MOVIES, {"accounts": {"Two": ANOTHER_ACCOUNT}}, True, False),
        # What isn't known is one value in a stack, and may be two in two.
        (MOVIES, MOVIES, AGNOSTIC, True, False),
        (named(STAGE), named({"Fn::Sub": "${Stage}"}), {}, True, False),
        (named(STAGE), MOVIES, {}, False, False),
        (named(IF_PROD), named(IF_PROD), {}, False, False),
        # None of the conditions may hold.
        (named("movies", Condition="IsProd"), named("movies", Condition="IsDev"), {}, False, False),
        (named("movies", Condition="IsProd"), named("movies", Condition="IsProd"), {}, False, False),
        (named("movies", Condition="IsProd"), MOVIES, {}, False, False),
        (named("movies", Condition="Always"), MOVIES, {}, True, True),
        (named("movies", Condition="Never"), MOVIES, {}, False, False),
    ],
    ids=lambda each: json.dumps(each) if isinstance(each, dict) else None,
)
def test_names_that_are_one(
    one: Json, other: Json, environment: Any, in_one_stack: bool, in_two: bool, tmp_path: Path
) -> None:
    """What is made under two conditions, and what is only known at the deployment, may not be."""
    assert bool(told({"Main": template(One=one, Two=other)}, tmp_path / "1", **environment)) is in_one_stack
    stacks = {"Main": template(One=one), "Two": template(Two=other)}
    assert bool(told(stacks, tmp_path / "2", **environment)) is in_two
    stack = {"Main": template(One=one)}
    assert bool(told(stack, tmp_path / "3", template(Two=other), **environment)) is in_two
