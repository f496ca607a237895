"""``make demo``."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.cdk_cli import CdkError, bootstrap, cdk
from demo.deployed_policies import deployed_access
from demo.nightly_run import NightFailedError, nightly_run
from demo.ratings import ratings_csv
from embedded_aws import EmbeddedAws
from personalize_kms_constructs.access.comparison import compare

_CACHE = Path(__file__).resolve().parent.parent / ".demo"
_DATA = ("Security", "Data")
_RECOMMENDATIONS = "Recommendations"


class DemoError(RuntimeError):
    """What was deployed is not what it should be."""


@contextmanager
def _step(title: str) -> Iterator[None]:
    print(f"\n▶ {title}", flush=True)
    started = time.monotonic()
    yield
    print(f"  done in {time.monotonic() - started:.1f} s", flush=True)


def _run() -> None:
    with _step("MovieLens 100K as an interactions CSV"):
        ratings = ratings_csv(_CACHE)
        print(f"    {sum(1 for _ in ratings.open()) - 1} ratings")

    with tempfile.TemporaryDirectory(prefix="demo-") as scratch, EmbeddedAws() as aws:
        home, assembly = Path(scratch, "home"), Path(scratch, "cdk.out")
        home.mkdir()
        environment = aws.environment(home)
        app = ("--app", str(assembly))
        deploy = ("deploy", *app, "--require-approval", "never", "--progress", "events")
        print(f"\nan embedded AWS runs on {aws.endpoint}, account {aws.account}, Region {aws.region}")

        with _step("cdk synth"):
            cdk("synth", "--quiet", "--output", str(assembly), environment=environment)
        with _step("cdk bootstrap"):
            bootstrap(aws, home)
        with _step(f"cdk deploy {' '.join(_DATA)}: keys and bucket"):
            cdk(*deploy, *_DATA, environment=environment)
        with _step("upload the ratings"):
            bucket = _output(aws, "Data", "BucketName")
            aws.client("s3").upload_file(str(ratings), bucket, "import/ratings.csv")
        with _step(f"cdk deploy {_RECOMMENDATIONS}: role, policies, dataset group, import, metric attribution"):
            cdk(*deploy, _RECOMMENDATIONS, environment=environment)
        with _step("what Personalize may do now, decided by the deployed policies"):
            report = compare(deployed_access(aws))
            if not report.passed:
                raise DemoError(f"something is missing:\n{report.to_text()}")
        with _step("one night: import, batch inference, export, by the deployed state machine"):
            for line in nightly_run(aws, bucket):
                print(f"    {line}")
        with _step("cdk deploy again"):
            again = cdk(*deploy, "--all", environment=environment)
            if again.count("(no changes)") != len(_DATA) + 1:
                raise DemoError(f"a second deploy changes something:\n{again}")
        with _step("cdk destroy"):
            cdk("destroy", *app, "--all", "--force", environment=environment)

    print(f"\nwhat Personalize might do, by the policies that were deployed\n\n{report.to_text()}")


def _output(aws: EmbeddedAws, stack: str, name: str) -> str:
    (description,) = aws.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    return next(str(output["OutputValue"]) for output in description["Outputs"] if output["OutputKey"] == name)


def main() -> int:
    """The exit code."""
    argparse.ArgumentParser(prog="make demo", description=sys.modules["demo"].__doc__).parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        _run()
    except (CdkError, DemoError, NightFailedError) as error:
        print(f"\n✘ {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted, all processes ended", file=sys.stderr)
        return 130
    print("\n✔ deployed, verified, unchanged on a second deploy, destroyed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
