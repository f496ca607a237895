"""The benchmark compares with the same stack, and the construct's calls into jsii stay few."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from jsii._kernel.providers.process import ProcessProvider

from bench import by_hand, with_construct
from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.policies import template


@contextmanager
def counted() -> Iterator[Callable[[], int]]:
    """Count the calls into jsii made meanwhile."""
    seen: list[str] = []

    def counting(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counts(*args: Any) -> Any:
            seen.append(name)
            return call(*args)

        return counts

    with pytest.MonkeyPatch.context() as patch:
        for name in ("create", "get", "set", "sget", "sset", "invoke", "sinvoke"):
            patch.setattr(ProcessProvider, name, counting(name, getattr(ProcessProvider, name)))
        yield lambda: len(seen)


def stack_with_buckets(directory: Path, buckets: int) -> tuple[cdk.Stack, list[s3.Bucket]]:
    stack = cdk.Stack(cdk.App(analytics_reporting=False, outdir=str(directory)), "Stack")
    return stack, [
        s3.Bucket(stack, f"Data{number}", encryption_key=kms.Key(stack, f"DataKey{number}"))
        for number in range(buckets)
    ]


@pytest.mark.parametrize(("constructs", "locations"), [(3, 1), (1, 30)])
def test_both_ways_make_the_same_template(tmp_path: Path, constructs: int, locations: int) -> None:
    """Statement by statement, id by id."""
    prefixes = [f"import/{number}/" for number in range(locations)]
    templates = []
    for way in (by_hand, with_construct):
        stack, buckets = stack_with_buckets(tmp_path, constructs)
        for number, bucket in enumerate(buckets):
            way.add_encryption(stack, f"Encryption{number}", bucket, prefixes)
        templates.append(template(stack))
    assert templates[0] == templates[1]


@pytest.mark.parametrize("locations", [1, 30])
def test_calls_into_jsii_are_few(tmp_path: Path, locations: int) -> None:
    """However many locations there are.

    A stack's first construct asks for its place, and the next ones look whether the bucket policies
    that are there by then are of their bucket. A process's first construct makes a selector, too.
    """
    stack, buckets = stack_with_buckets(tmp_path, 1)
    with_construct.add_encryption(stack, "Encryption", buckets[0], ["import/"])
    prefixes = [f"import/{number}/" for number in range(locations)]
    calls = []
    for way in (by_hand, with_construct):
        stack, buckets = stack_with_buckets(tmp_path, 2)
        for number, bucket in enumerate(buckets):
            with counted() as count:
                way.add_encryption(stack, f"Encryption{number}", bucket, prefixes)
            calls.append(count())
    assert calls == [53, 53, 56, 57]


def calls_at_synth(directory: Path, stacks: int, constructs: int) -> int:
    """Return the number of calls at the synth of so many stacks of so many constructs."""
    app = cdk.App(outdir=str(directory), analytics_reporting=False)
    for stack_number in range(stacks):
        stack = cdk.Stack(app, f"Stack{stack_number}")
        for number in range(constructs):
            bucket = s3.Bucket(
                stack, f"Data{number}", encryption_key=kms.Key(stack, f"DataKey{number}")
            )
            with_construct.add_encryption(stack, f"Encryption{number}", bucket, ["import/"])
    with counted() as count:
        app.synth()
    return count()


def test_calls_at_synth_are_few(tmp_path: Path) -> None:
    """Each call that a commit adds is counted here, where times would swing by more."""
    calls = [calls_at_synth(tmp_path / str(number), 1, number) for number in (4, 8)]
    assert calls[1] - calls[0] == 4 * 7


@pytest.mark.parametrize(
    ("app", "twice"),
    [((1, 4), (1, 8)), ((12, 1), (24, 1))],
    ids=["in one stack", "in as many stacks"],
)
def test_calls_at_synth_grow_with_the_app_and_not_faster(
    tmp_path: Path, app: tuple[int, int], twice: tuple[int, int]
) -> None:
    """Each construct visits its own resources; the app is searched once for all of them.

    An app of twelve managed policies counts the policies of each role.
    """
    assert calls_at_synth(tmp_path / "twice", *twice) <= 2 * calls_at_synth(tmp_path / "app", *app)


def test_calls_into_jsii_are_linear_in_l1_buckets(tmp_path: Path) -> None:
    """The app is searched once for bucket policies, each with a function in its statement."""
    calls = []
    for buckets in (10, 20, 30):
        stack = cdk.Stack(cdk.App(analytics_reporting=False, outdir=str(tmp_path)), "Stack")
        locations = [
            S3Location(bucket_with_policy(stack, f"Data{number}"), "in/")
            for number in range(buckets)
        ]
        with counted() as count:
            jobs = [PersonalizeResource.dataset_import_job(location) for location in locations]
            PersonalizeEncryption(stack, "Encryption", resources=jobs)
            calls.append(count())
    assert calls[2] - calls[1] == calls[1] - calls[0] <= 10 * 30


def bucket_with_policy(stack: cdk.Stack, id: str) -> s3.CfnBucket:
    bucket = s3.CfnBucket(stack, id)
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:DeleteBucket",
        "Resource": {"Fn::Sub": "arn:${AWS::Partition}:s3:::*"},
    }
    s3.CfnBucketPolicy(
        stack, f"{id}Policy", bucket=bucket.ref, policy_document={"Statement": [statement]}
    )
    return bucket
