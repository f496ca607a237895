"""``make demo``."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import CalledProcessError

from demo.cdk_cli import CdkError, bootstrap, cdk
from demo.doctor_run import DoctorFailedError, broken_and_mended, report
from demo.nightly_run import NightFailedError, bucket_name, deletion_run, nightly_run
from demo.ratings import ratings_csv
from embedded_aws import EmbeddedAws

_CACHE = Path(__file__).resolve().parent.parent / ".demo"
_DATA = ("Security", "Data")
_RECOMMENDATIONS = "Recommendations"
_WIDTH = 100
_DONE = """
✔ deployed, checked, unchanged by a second deploy, and destroyed. What next?

  make demo V=1      the same, with every event of CloudFormation and every state of the night
  example_app/       the app that was deployed
  docs/index.md      your own first stack; make docs shows all pages in a browser"""


class DemoError(RuntimeError):
    """A deployed app differs from the expected one."""


@contextmanager
def _step(title: str) -> Iterator[None]:
    """Show a step on its own line: first its title, then how long it took."""
    print(f"▶ {title:<{_WIDTH - 10}}", end="", flush=True)
    started = time.monotonic()
    yield
    print(f"{time.monotonic() - started:6.1f} s", flush=True)


def _run(*, verbose: bool) -> None:
    def run_cdk(*arguments: str) -> str:
        if verbose:
            print()
        return cdk(*arguments, environment=environment, quiet=not verbose)

    with _step("MovieLens 100K as an interactions CSV"):
        ratings = ratings_csv(_CACHE)

    with tempfile.TemporaryDirectory(prefix="demo-") as scratch, EmbeddedAws() as aws:
        home, assembly = Path(scratch, "home"), Path(scratch, "cdk.out")
        home.mkdir()
        environment = aws.environment(home)
        app = ("--app", str(assembly))
        deploy = ("deploy", *app, "--require-approval", "never", "--progress", "events")
        print(
            f"  an embedded AWS runs on {aws.endpoint}, account {aws.account}, Region {aws.region}"
        )

        with _step("cdk synth"):
            run_cdk("synth", "--quiet", "--output", str(assembly))
        with _step("cdk bootstrap"):
            bootstrap(aws, home)
        with _step(f"cdk deploy {' '.join(_DATA)}: keys and bucket"):
            run_cdk(*deploy, *_DATA)
        with _step("upload of the ratings"):
            bucket = bucket_name(aws)
            aws.client("s3").upload_file(str(ratings), bucket, "import/ratings.csv")
        with _step(
            f"cdk deploy {_RECOMMENDATIONS}: role, policies, dataset group, import, metrics"
        ):
            run_cdk(*deploy, _RECOMMENDATIONS)
        with _step(
            "personalize-kms doctor: an action is taken out of the key policy, found, and put back"
        ):
            finding = broken_and_mended(aws, home)
        print(f"  ✘ {finding}")
        with _step("one night: the deployed state machine imports, recommends and exports"):
            night = nightly_run(aws, bucket)
        for line in night:
            if verbose or line.startswith("s3://"):
                said = line.removeprefix(f"s3://{bucket}/")
                print(
                    textwrap.fill(
                        said,
                        100,
                        initial_indent="  ",
                        subsequent_indent="      ",
                        break_long_words=False,
                    )
                )
        with _step("a user's data is deleted by the second state machine"):
            deletion = deletion_run(aws, bucket)
        if verbose:
            print("".join(f"  {line}\n" for line in deletion), end="")
        with _step("personalize-kms doctor: nothing is missing"):
            diagnosis = report(aws, home)
        with _step("cdk deploy again: nothing changes"):
            again = run_cdk(*deploy, "--all")
            if again.count("(no changes)") != len(_DATA) + 1:
                raise DemoError(f"a second deploy changes something:\n{again}")
        with _step("cdk destroy"):
            run_cdk("destroy", *app, "--all", "--force")

    print(f"\nwhat the doctor said\n\n{diagnosis}")


def main() -> int:
    """Return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m demo", description=sys.modules["demo"].__doc__)
    parser.add_argument(
        "-v", "--verbose", action="store_true", help="show what the CDK CLI writes, and each state"
    )
    verbose = parser.parse_args().verbose
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        _run(verbose=verbose)
    except (CdkError, DemoError, DoctorFailedError, NightFailedError) as error:
        print(f"\n✘ {error}", file=sys.stderr)
        return 1
    except CalledProcessError:
        print("\n✘ the ratings can't be downloaded: is the network there?", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ninterrupted, all processes ended", file=sys.stderr)
        return 130
    print(_DONE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
