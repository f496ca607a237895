"""Measures once and prints JSON: ``python -m bench.one_process WAY STACKS CONSTRUCTS``."""

import json
import sys
import tempfile
import time
from importlib import import_module
from typing import Any


def measure(way: str, stacks: int, constructs: int, directory: str) -> dict[str, float]:
    """Return the seconds of each part of an app of so many stacks with so many constructs each."""
    start = time.perf_counter()
    # By hand, these are the modules of aws-cdk-lib alone that an app imports anyway.
    build = import_module(f"bench.{way}")
    imported = time.perf_counter() - start
    import aws_cdk as cdk
    from jsii._kernel.providers.process import _NodeProcess

    from personalize_kms_constructs._judge.registration import Judge

    calls = seconds_of(_NodeProcess, "send")
    app = cdk.App(analytics_reporting=False, outdir=directory)
    construction = 0.0
    for number in range(stacks):
        construction += construct(build, cdk.Stack(app, f"Stack{number}"), constructs, calls)
    calls_at_construction = len(calls)
    judged = seconds_of(Judge, "validate")
    before = time.perf_counter()
    app.synth()
    synth = time.perf_counter() - before
    return {
        "import": imported,
        "construction": construction,
        "together": construction + synth,
        "calls at construction": calls_at_construction,
        "calls at synth": len(calls) - calls_at_construction,
        "synth": synth,
        "judge": sum(judged),
    }


def construct(build: Any, stack: Any, constructs: int, calls: list[float]) -> float:
    """Return the seconds that the constructs take, without those and the calls of their data."""
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3

    buckets, others = [], len(calls)
    for number in range(constructs):
        data_key = kms.Key(stack, f"DataKey{number}")
        buckets.append(s3.Bucket(stack, f"Data{number}", encryption_key=data_key))
    del calls[others:]
    start = time.perf_counter()
    for number, bucket in enumerate(buckets):
        build.add_encryption(stack, f"Encryption{number}", bucket, ["import/"])
    return time.perf_counter() - start


def seconds_of(owner: type, method: str) -> list[float]:
    """Return a list that gets the seconds of each call of the method."""
    called, seconds = getattr(owner, method), []

    def timed(*arguments: Any) -> Any:
        start = time.perf_counter()
        result = called(*arguments)
        seconds.append(time.perf_counter() - start)
        return result

    setattr(owner, method, timed)
    return seconds


if __name__ == "__main__":
    way, stacks, constructs = sys.argv[1:]
    with tempfile.TemporaryDirectory() as scratch:
        print(json.dumps(measure(way, int(stacks), int(constructs), scratch)))
