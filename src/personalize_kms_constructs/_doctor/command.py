"""The command ``personalize-kms doctor``: arguments in, a report and an exit code out."""

from __future__ import annotations

import sys

import click

from .._access.causes import Cause
from .._address import page_at
from .._terminal import FOUND, PASSED, stop, write


class _CauseName(click.Choice):  # type: ignore[type-arg]  # not generic in click 8.1
    """A choice of more names than one line can list."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if value not in self.choices:
            self.fail(f'{value!r} is not a cause: take the "cause" of a finding from --format json', param, ctx)
        return value


_CAUSE = _CauseName([each.id for each in Cause])


@click.command(
    short_help="Find what keeps Personalize from working in an account.",
    epilog=f"Documentation: {page_at('how-to/doctor.md')}",
)
@click.argument("dataset_groups", metavar="[DATASET_GROUP]...", nargs=-1)
@click.option(
    "--region", envvar=["AWS_REGION", "AWS_DEFAULT_REGION"], help="By default AWS_REGION, or the profile's Region."
)
@click.option("--profile", help="A profile of AWS's configuration; by default AWS_PROFILE.")
@click.option(
    "--jobs",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="How many of the newest jobs of each kind to look at, for each dataset and solution.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="The form of the report: for a terminal, a program, or a ticket.",
)
@click.option("--only", metavar="CAUSE", type=_CAUSE, multiple=True, help="Report only findings of this cause.")
@click.option("--ignore", "ignored", metavar="CAUSE", type=_CAUSE, multiple=True, help="Leave out this cause.")
@click.option("--cloudtrail", is_flag=True, help="Also show the last calls of KMS that were denied: takes a minute.")
@click.option("--strict", is_flag=True, help="Also count what is undecided, and warnings.")
def doctor(
    dataset_groups: tuple[str, ...],
    region: str | None,
    profile: str | None,
    jobs: int,
    form: str,
    only: tuple[str, ...],
    ignored: tuple[str, ...],
    cloudtrail: bool,
    strict: bool,
) -> None:
    """Look at what is deployed, and say what keeps Amazon Personalize from working with it.

    DATASET_GROUP is an ARN or a name; without one, all of the account and Region are looked at, with their jobs and
    metric attributions, keys, roles and buckets. It only reads: nothing is changed.

    \b
    Exit code: 0 if nothing is missing or wrong, 1 if something is, 2 if the
    doctor couldn't look.

    \b
    Examples:
      personalize-kms doctor
      personalize-kms doctor movies books --region eu-west-1
      personalize-kms doctor arn:aws:personalize:eu-west-1:111122223333:dataset-group/movies
      personalize-kms doctor movies --format json > movies.json
      personalize-kms doctor --strict --profile production --cloudtrail
    """  # noqa: D301
    try:
        from .account_report import Totals, look, written
        from .asking import Account, DoctorError
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("boto3", "botocore"):
            raise
        stop("doctor needs its extra: install the library again, with [doctor] after its name or path")
    try:
        account = Account.connect(profile, region)
        totals = Totals(account)
        found = look(account, dataset_groups, jobs, cloudtrail=cloudtrail)
        for text in written(form, found, totals, only, ignored):
            write(text, coloured=form == "text")
    except DoctorError as error:
        stop(str(error))
    if totals.groups and not totals.seen:
        stop("nothing could be seen: the report ends with what wasn't answered")
    counts = totals.missing or totals.problems or (strict and (totals.undecided or totals.warnings))
    sys.exit(FOUND if counts else PASSED)
