"""Random selections, locations and ``allow`` calls in any arrangement, with any feature flags.

Thirty examples of each take six seconds; ``make properties`` takes a thousand.
"""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from personalize_kms_constructs import S3Location
from tests.proof.arrangements import ARRANGEMENTS, CONCRETE_ALONE
from tests.proof.building import KINDS, Arrangement, Building, resource
from tests.proof.outside_of_the_app import imported_key_and_nameless_role_of_another_stack
from tests.proof.page import reads, writes
from tests.proof.proving import all_differences, feature_flags
from tests.proof.uses import Pick

EXAMPLES = int(os.environ.get("PROPERTY_EXAMPLES", "30"))
EXAMPLE_SETTINGS = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES < 100,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)

MIXED_FLAGS = st.frozensets(st.sampled_from(sorted(feature_flags("recommended_flags"))))


def any_app(building: Building, data: st.DataObject) -> None:
    """Build an app that a user may have, and that Personalize can work with."""
    stacks: dict[str, cdk.Stack] = {
        name: building.stack(name) for name in ("Ours", "Security", "Data")
    }
    scope: cdk.Stack = stacks["Ours"]
    if not data.draw(st.booleans(), "beside"):
        scope = building.nested(scope, "Nested")
    key_in = data.draw(
        st.sampled_from((None, "Ours", "Security")), "stack of the key, or it is the construct's"
    )
    key = kms.Key(stacks[key_in], "GroupKey") if key_in else None
    buckets = [
        data.draw(any_bucket(stacks, key, f"Bucket{number}"), "bucket")
        for number in range(data.draw(st.integers(1, 3), "buckets"))
    ]
    picks = data.draw(st.lists(any_pick(buckets), max_size=7), "resources")
    first, *later = data.draw(
        st.lists(st.integers(1, 4), max_size=3), "resources of each call"
    ) or [len(picks)]
    props: dict[str, Any] = {"encryption_key": key} if key else {}
    encryption = building.wire(scope, picks[:first], **props)
    rest = picks[first:]
    for count in [*later, len(rest)]:
        encryption.allow(*[resource(number) for number in rest[:count]])
        building.wired[-1].picks += rest[:count]
        rest = rest[count:]


@st.composite
def any_bucket(
    draw: st.DrawFn, stacks: Mapping[str, cdk.Stack], key: kms.Key | None, id: str
) -> s3.Bucket:
    """A bucket in one of the stacks, with its own key, with this key, or without a key."""
    stack = stacks[draw(st.sampled_from(tuple(stacks)))]
    keys = {"own": kms.Key(stack, f"{id}Key"), "none": None}
    # A bucket elsewhere that is encrypted with a key of ours is a cycle of the user's making.
    if key is None or cdk.Stack.of(key) is not stacks["Ours"] or stack is stacks["Ours"]:
        keys["dataset group's"] = key
    return s3.Bucket(stack, id, encryption_key=keys[draw(st.sampled_from(tuple(keys)))])


@st.composite
def any_pick(draw: st.DrawFn, buckets: Sequence[s3.Bucket]) -> Pick:
    """A resource, with different locations in these buckets."""
    kind = draw(st.sampled_from(KINDS))
    folders = st.sampled_from(["", "a/", "a/b/", "z9/"])
    source = draw(st.sampled_from(buckets)), draw(st.one_of(folders, st.just("a/file.csv")))
    destination = draw(st.sampled_from(buckets)), draw(folders)
    assume(source != destination)
    return (
        kind,
        S3Location(*source) if reads(kind) else None,
        S3Location(*destination) if writes(kind) else None,
    )


def context(flags: frozenset[str]) -> dict[str, Any]:
    """These flags, as the CDK recommends them, and no other."""
    return {
        name: value for name, value in feature_flags("recommended_flags").items() if name in flags
    }


@given(
    data=st.data(),
    flags=MIXED_FLAGS,
    partition=st.sampled_from(("aws", "aws-cn")),
    concrete=st.booleans(),
)
@EXAMPLE_SETTINGS
def test_any_app_is_as_the_page_has_it(
    data: st.DataObject, flags: frozenset[str], partition: str, concrete: bool
) -> None:
    """Nothing missing, nothing too much, no sid twice, in whatever order the resources come."""
    options: Any = {"flags": context(flags), "partition": partition, "concrete": concrete}
    with tempfile.TemporaryDirectory() as folder:
        found = all_differences(lambda building: any_app(building, data), Path(folder), **options)
        assert found == []


@given(
    arrangement=st.sampled_from(ARRANGEMENTS),
    kinds=st.permutations(KINDS).flatmap(
        lambda kinds: st.integers(0, len(kinds)).map(lambda count: kinds[:count])
    ),
    flags=MIXED_FLAGS,
    partition=st.sampled_from(("aws", "aws-cn")),
    concrete=st.booleans(),
)
@EXAMPLE_SETTINGS
def test_any_resources_in_each_arrangement_are_as_the_page_has_it(
    arrangement: Arrangement,
    kinds: list[str],
    flags: frozenset[str],
    partition: str,
    concrete: bool,
) -> None:
    """Any selection in any order, under any flags, with any owners."""
    assume(arrangement not in CONCRETE_ALONE or concrete)
    assume(
        arrangement is not imported_key_and_nameless_role_of_another_stack
        or set(kinds) - {"dataset group"}
    )
    options: Any = {"flags": context(flags), "partition": partition, "concrete": concrete}
    with tempfile.TemporaryDirectory() as folder:
        assert all_differences(arrangement, Path(folder), kinds=kinds, **options) == []
