"""The command ``personalize-kms doctor``: arguments in, a report and an exit code out."""

from __future__ import annotations

import sys

import click

from .._shared.address import page_at
from .._terminal import FOUND, PASSED, stop, write


@click.command(
    short_help="Find what keeps Personalize from working in an account.",
    epilog=f"Documentation: {page_at('how-to/doctor.md')}",
)
@click.argument("dataset_groups", metavar="[DATASET_GROUP]...", nargs=-1)
@click.option(
    "--region",
    envvar=["AWS_REGION", "AWS_DEFAULT_REGION"],
    help="By default AWS_REGION, or the profile's Region.",
)
@click.option("--profile", help="A profile of AWS's configuration; by default AWS_PROFILE.")
@click.option(
    "--jobs",
    type=click.IntRange(min=0),
    default=1,
    show_default=True,
    help="How many jobs of a kind to look at, per dataset and solution: the newest of 90 days.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="The form of the report: for a terminal, or a program.",
)
@click.option("--quiet", is_flag=True, help="Show the findings alone, in text.")
@click.option(
    "--organization",
    metavar="ID",
    default="",
    help="The account's organization, for conditions on it.",
)
@click.option(
    "--cloudtrail",
    is_flag=True,
    help="Also show the last calls of KMS that were denied: takes a minute.",
)
@click.option("--strict", is_flag=True, help="Also count what is undecided, and warnings.")
def doctor(
    dataset_groups: tuple[str, ...],
    region: str | None,
    profile: str | None,
    jobs: int,
    form: str,
    quiet: bool,
    organization: str,
    cloudtrail: bool,
    strict: bool,
) -> None:
    """Look at what is deployed, and say what keeps Amazon Personalize from working with it.

    DATASET_GROUP is an ARN or a name; without one, all of the account and Region are looked at,
    with their newest jobs and their metric attributions, keys, roles and buckets. Each fault is
    reported once, worst first. The doctor only reads.

    \b
    Exit code: 0 if nothing is missing or wrong, 1 if something is, 2 if it
    failed to run or couldn't decide anything.

    \b
    Examples:
      personalize-kms doctor
      personalize-kms doctor movies books --region eu-west-1
      personalize-kms doctor arn:aws:personalize:eu-west-1:111122223333:dataset-group/movies
      personalize-kms doctor movies --format json > movies.json
      personalize-kms doctor --strict --profile production --cloudtrail
    """  # noqa: D301
    try:
        from .account_report import look
        from .asking import Account, DoctorError
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("boto3", "botocore"):
            raise
        stop(
            "doctor needs its extra: install the library again, with [doctor] after its name or "
            "path"
        )
    try:
        account = Account.connect(profile, region)
        report = look(
            account, dataset_groups, jobs, organization=organization, cloudtrail=cloudtrail
        )
    except DoctorError as error:
        stop(str(error))
    write(
        report.to_json() if form == "json" else report.to_text(quiet=quiet), coloured=form == "text"
    )
    counts = report.counts
    is_decided = counts["missing"] or counts["problems"] or counts["allowed"]
    if counts["undecided"] and not is_decided:
        stop("nothing could be decided: the report says why")
    if strict and (counts["undecided"] or counts["warnings"]):
        sys.exit(FOUND)
    sys.exit(FOUND if counts["missing"] or counts["problems"] else PASSED)
