"""The benchmark compares with the same stack, and the construct's calls into jsii stay few."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from jsii._kernel.providers.process import ProcessProvider

from bench import by_hand, with_construct
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


def test_calls_at_synth_are_few(tmp_path: Path) -> None:
    """Each call that a commit adds is counted here, where times would swing by more."""
    calls = []
    for constructs in (4, 8):
        stack, buckets = stack_with_buckets(tmp_path / str(constructs), constructs)
        for number, bucket in enumerate(buckets):
            with_construct.add_encryption(stack, f"Encryption{number}", bucket, ["import/"])
        with counted() as count:
            cast("cdk.App", stack.node.root).synth()
        calls.append(count())
    assert calls[1] - calls[0] == 4 * 4
