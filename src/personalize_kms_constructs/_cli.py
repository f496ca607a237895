"""The command line: arguments in, a report and an exit code out."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from ._access.report import AccessReport
from ._doctor.command import doctor
from ._terminal import FOUND, PASSED, print_coloured, stop, take_any_character
from .checks import check_assembly

_NOTHING_CHECKED = (
    "no template asks Personalize for anything, so nothing was checked: look at another assembly, or say what is "
    "created by code that the check can't see, by declare_created or --created; where an app doesn't use Personalize, "
    "leave --strict out"
)


class _Commands(click.Group):
    """Commands whose exit code for an interrupt is not that of a finding, as it would be with click alone."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            stop("interrupted")


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="personalize-kms-constructs")
def personalize_kms() -> None:
    """Show what Amazon Personalize may do with KMS keys and buckets, and what it lacks."""


@personalize_kms.command(short_help="Compare the output of cdk synth with AWS's pages.")
@click.argument("path", default="cdk.out", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="What the report is for: a terminal, a program, a pull request.",
)
@click.option(
    "--strict",
    is_flag=True,
    help="Count what is too much or undecided as a finding, too, and fail if there is nothing to check.",
)
@click.option(
    "--created",
    "created_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A JSON file of what code creates that no template shows.",
)
@click.option("--organization", metavar="ID", help="The organization of the app's accounts, for conditions on it.")
def check(path: Path, form: str, strict: bool, created_file: Path | None, organization: str | None) -> None:
    """Check a cloud assembly, the output of cdk synth, against AWS's pages.

    PATH is its directory, by default cdk.out. Nested stacks and stages are included; nothing is deployed or read from
    an account.

    \b
    Exit code:
      0  nothing is missing and nothing is wrong
      1  something is missing or wrong; with --strict, also too much or undecided
      2  the assembly can't be read; with --strict, also if nothing in it asks
         Personalize for anything

    \b
    Examples:
      cdk synth --quiet && personalize-kms check
      personalize-kms check build/cdk.out --strict
      personalize-kms check --format markdown >> "$GITHUB_STEP_SUMMARY"
      personalize-kms check --format json > access.json
    """  # noqa: D301
    try:
        created = [] if created_file is None else json.loads(created_file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        stop(f"{created_file}: {error}")
    try:
        report = check_assembly(path, created=created, organization=organization)
    except ValueError as error:
        stop(str(error))
    _show(report, form)
    passed = report.passed and not (strict and (report.excess or report.undecided))
    if strict and passed and not report.asked:
        stop(f"{path}: {_NOTHING_CHECKED}")
    sys.exit(PASSED if passed else FOUND)


personalize_kms.add_command(doctor)


def _show(report: AccessReport, form: str) -> None:
    """Print a report; in colours on a terminal alone."""
    take_any_character()
    if form == "json":
        click.echo(report.to_json(), nl=False)
    elif form == "markdown":
        click.echo(report.to_markdown(), nl=False)
    else:
        print_coloured(report.to_text())
