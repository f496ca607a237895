"""Any selection, any locations, any order and split of ``allow`` calls, in any arrangement, with any feature flags.

A few examples a run; ``make properties`` takes many more.
"""

import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from personalize_kms_constructs import S3Location
from tests.proof.arrangements import ARRANGEMENTS, CONCRETE_ALONE, UNSUPPORTED
from tests.proof.building import KINDS, Arrangement, Building, Pick, resource
from tests.proof.page import reads, writes
from tests.proof.prover import differences
from tests.proof.proving import HERE, build, found
from tests.templates import stacks

EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "12"))
STACKS = ("Ours", "Security", "Data", "Nested")
KEYS = ("own", "dataset group's", "none")
EXAMPLE_SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES < 100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

MIXED_FLAGS = st.frozensets(st.sampled_from(sorted(stacks.recommended_flags())))


@dataclass(frozen=True)
class Scenario:
    """An app that a user may have."""

    construct_in: str
    key_in: str | None
    """None: the construct makes its key."""
    buckets: tuple[tuple[str, str], ...]
    """The stack and the key of each bucket."""
    picks: tuple[tuple[str, int, int, str, str], ...]
    """Kind, source and destination bucket, and their prefixes."""
    calls: tuple[int, ...]
    """The number of picks that each call has."""
    concrete: bool
    partition: str
    flags: frozenset[str]
    """The feature flags that are on."""


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Scenarios that Personalize can work with."""
    key_in = draw(st.sampled_from((None, "Ours", "Security")))
    buckets = draw(
        st.lists(
            st.tuples(st.sampled_from(STACKS[:3]), st.sampled_from(KEYS)).filter(
                # A bucket elsewhere that is encrypted with a key of ours is a cycle of the user's making.
                lambda bucket: bucket[1] != "dataset group's" or key_in != "Ours" or bucket[0] == "Ours"
            ),
            min_size=1,
            max_size=3,
        )
    )
    bucket = st.integers(0, len(buckets) - 1)
    folder = st.sampled_from(["", "a/", "a/b/", "z9/"])
    picks = draw(
        st.lists(
            st.tuples(st.sampled_from(KINDS), bucket, bucket, st.one_of(folder, st.just("a/file.csv")), folder).filter(
                lambda pick: pick[1:2] != pick[2:3] or pick[3].rstrip("/") != pick[4].rstrip("/")
            ),
            min_size=0,
            max_size=7,
        )
    )
    return Scenario(
        construct_in=draw(st.sampled_from(("Ours", "Nested"))),
        key_in=key_in,
        buckets=tuple(buckets),
        picks=tuple(picks),
        calls=tuple(draw(st.lists(st.integers(1, 4), max_size=3))),
        concrete=draw(st.booleans()),
        partition=draw(st.sampled_from(("aws", "aws-cn"))),
        flags=draw(MIXED_FLAGS),
    )


def arrange(building: Building, scenario: Scenario, picked: tuple[tuple[str, int, int, str, str], ...]) -> None:
    """Build the scenario's app, with its picks in this order."""
    made: dict[str, Any] = {name: building.stack(name) for name in STACKS[:3]}
    if scenario.construct_in == "Nested":
        made["Nested"] = building.nested(made["Ours"], "Nested")
    key = kms.Key(made[scenario.key_in], "GroupKey") if scenario.key_in else None
    buckets = []
    for number, (stack, owner) in enumerate(scenario.buckets):
        keys = {"own": kms.Key(made[stack], f"Key{number}"), "dataset group's": key, "none": None}
        buckets.append(s3.Bucket(made[stack], f"Bucket{number}", encryption_key=keys[owner]))
    picks = [pick(buckets, *each) for each in picked]
    first, *later = scenario.calls or (len(picks),)
    props: dict[str, Any] = {"encryption_key": key} if key else {}
    encryption = building.wire(made[scenario.construct_in], "Encryption", picks[:first], **props)
    asked = building.wired[-1].picks
    rest = picks[first:]
    for count in [*later, len(rest)]:
        encryption.allow(*[resource(each) for each in rest[:count]])
        asked += rest[:count]
        rest = rest[count:]


def pick(buckets: list[s3.Bucket], kind: str, source: int, destination: int, prefix: str, folder: str) -> Pick:
    return (
        kind,
        S3Location(buckets[source], prefix) if reads(kind) else None,
        S3Location(buckets[destination], folder) if writes(kind) else None,
    )


def templates(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(directory.glob("*.template.json"))}


def sids(template: bytes) -> list[list[str]]:
    """The sids of each policy in a template."""
    found: list[list[str]] = []
    for entry in json.loads(template).get("Resources", {}).values():
        for name in ("KeyPolicy", "PolicyDocument", "AssumeRolePolicyDocument"):
            document = entry.get("Properties", {}).get(name)
            if document:
                found.append([statement["Sid"] for statement in document["Statement"] if "Sid" in statement])
    return found


def context(flags: frozenset[str]) -> dict[str, Any]:
    """These flags, as the CDK recommends them, and no other."""
    return {name: value for name, value in stacks.recommended_flags().items() if name in flags}


@given(scenario=scenarios(), data=st.data())
@EXAMPLE_SETTINGS
def test_any_app_is_as_the_page_has_it(scenario: Scenario, data: st.DataObject) -> None:
    """Nothing missing, nothing too much, no sid twice, in whatever order the resources come."""
    picked = tuple(data.draw(st.permutations(scenario.picks)))
    with tempfile.TemporaryDirectory() as folder:
        deployed, uses, _ = build(
            lambda building: arrange(building, scenario, picked),
            Path(folder),
            flags=context(scenario.flags),
            partition=scenario.partition,
            concrete=scenario.concrete,
        )
        assert [str(difference) for difference in differences(deployed, uses)] == []
        for template in templates(Path(folder)).values():
            for policy in sids(template):
                assert len(policy) == len(set(policy))


@given(
    arrangement=st.sampled_from([each for each in ARRANGEMENTS if each not in UNSUPPORTED]),
    kinds=st.permutations(KINDS).flatmap(lambda kinds: st.integers(0, len(kinds)).map(lambda count: kinds[:count])),
    flags=MIXED_FLAGS,
    partition=st.sampled_from(("aws", "aws-cn")),
    concrete=st.booleans(),
)
@EXAMPLE_SETTINGS
def test_any_resources_in_each_arrangement_are_as_the_page_has_it(
    arrangement: Arrangement, kinds: list[str], flags: frozenset[str], partition: str, concrete: bool
) -> None:
    """Whoever owns what: any selection in any order, under any flags."""
    assume(arrangement not in CONCRETE_ALONE or concrete)
    with tempfile.TemporaryDirectory() as folder:
        assert (
            found(
                arrangement,
                Path(folder),
                flags=context(flags),
                partition=partition,
                concrete=concrete,
                kinds=kinds,
            )
            == []
        )


@given(scenario=scenarios())
@EXAMPLE_SETTINGS
def test_templates_are_a_function_of_the_input(scenario: Scenario) -> None:
    """The same app twice gives the same bytes."""
    seen = []
    for _ in range(2):
        with tempfile.TemporaryDirectory() as folder:
            app = cdk.App(outdir=folder, analytics_reporting=False, context=context(scenario.flags))
            arrange(Building(app, HERE[scenario.partition], scenario.concrete, KINDS), scenario, scenario.picks)
            app.synth()
            seen.append(templates(Path(folder)))
    assert seen[0] == seen[1]
