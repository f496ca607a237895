"""One measurement, in a process of its own: ``python -m bench.one_process VARIANT CONSTRUCTS LOCATIONS DIRECTORY``.

It prints JSON. With ``--count`` it counts the calls into jsii instead, since counting takes time itself.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

CALLS = ("create", "get", "set", "sget", "sset", "invoke", "sinvoke")


def measure(variant: str, constructs: int, locations: int, directory: Path, *, count: bool) -> dict[str, float]:
    """Seconds, MiB, bytes and numbers of calls."""
    start = time.perf_counter()
    # What the user's app imports anyway comes with the variant: by hand, that is all there is.
    build = import_module(f"bench.{variant}")
    imported = time.perf_counter()

    import aws_cdk as cdk
    from aws_cdk import aws_kms as kms
    from aws_cdk import aws_s3 as s3

    app = cdk.App(analytics_reporting=False, outdir=str(directory))
    stack = cdk.Stack(app, "Stack")
    prefixes = [f"import/{number}/" for number in range(locations)]
    buckets = [
        s3.Bucket(stack, f"Data{number}", encryption_key=kms.Key(stack, f"DataKey{number}"))
        for number in range(constructs)
    ]
    with counted(count) as calls:
        before = time.perf_counter()
        for number, bucket in enumerate(buckets):
            build.add_encryption(stack, f"Encryption{number}", bucket, prefixes)
        built = time.perf_counter()
    app.synth()
    synthesized = time.perf_counter()
    if count:
        return {"calls": calls()}
    return {
        "import": imported - start,
        "construction": built - before,
        "synth": synthesized - built,
        "memory": peak_memory(),
        "bytes": sum(path.stat().st_size for path in directory.glob("*.template.json")),
    }


@contextmanager
def counted(count: bool) -> Iterator[Callable[[], int]]:
    """Count the calls into jsii made meanwhile."""
    from jsii._kernel.providers.process import ProcessProvider

    seen: list[str] = []

    def counting(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counts(*args: Any) -> Any:
            seen.append(name)
            return call(*args)

        return counts

    originals = {name: getattr(ProcessProvider, name) for name in CALLS} if count else {}
    for name, call in originals.items():
        setattr(ProcessProvider, name, counting(name, call))
    yield lambda: len(seen)
    for name, call in originals.items():
        setattr(ProcessProvider, name, call)


def peak_memory() -> float:
    """The most memory that Python and its Node held, in MiB; Linux alone tells."""
    return sum(
        int(line.split()[1]) / 1024
        for process in (os.getpid(), *descendants(os.getpid()))
        for line in Path(f"/proc/{process}/status").read_text().splitlines()
        if line.startswith("VmHWM:")
    )


def descendants(process: int) -> Iterator[int]:
    """Its children and theirs: Node may have been started by a script."""
    for children in Path(f"/proc/{process}/task").glob("*/children"):
        for child in map(int, children.read_text().split()):
            yield child
            yield from descendants(child)


if __name__ == "__main__":
    variant, constructs, locations, directory, *options = sys.argv[1:]
    print(json.dumps(measure(variant, int(constructs), int(locations), Path(directory), count="--count" in options)))
