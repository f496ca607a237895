"""The command line: arguments in, a report and an exit code out."""

from __future__ import annotations

import json
import sys
import traceback
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from ._access.findings import RULES
from ._access.ignoring import Ignore, without
from ._access.report import AccessReport
from ._access.sarif import sarif_report
from ._address import page_at
from ._doctor.command import doctor
from ._terminal import FOUND, say, stop, write
from .checks._checking import read_report

_KINDS = ("missing", "problems", "excess", "undecided")
_NOTHING_CHECKED = (
    "no template asks Personalize for anything, so nothing was checked: look at another assembly, or declare what "
    "other code creates, with declare_created or --created; where an app doesn't use Personalize, "
    "leave --strict out"
)


class _Commands(click.Group):
    """Commands whose exit code for whatever goes wrong is not that of a finding, as it would be with click alone."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            stop("interrupted")
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception:
            traceback.print_exc()
            stop(f"a defect of this command. Report it with the lines above: {page_at('support.md')} says where")


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=f"Documentation: {page_at('index.md')}",
)
@click.version_option(package_name="personalize-kms-constructs")
def personalize_kms() -> None:
    """Show what Amazon Personalize may do with KMS keys and buckets, and what it lacks."""


def _kinds(context: click.Context, option: click.Parameter, value: str) -> list[str]:
    """Return the kinds of findings that count."""
    kinds = value.split(",")
    for unknown in set(kinds) - set(_KINDS):
        raise click.BadParameter(f"{unknown!r} is not one of {', '.join(_KINDS)}")
    return kinds


def _ignores(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[Ignore, str]:
    """Return what is ignored, as it was given."""
    found = {}
    for value in values:
        rule, _, path = value.partition("@")
        if rule not in RULES:
            raise click.BadParameter(f"{rule!r} is not one of {', '.join(RULES)}")
        found[Ignore(rule, path.strip("/"))] = value
    return found


def _parameters(context: click.Context, option: click.Parameter, values: tuple[str, ...]) -> dict[str, str]:
    """Return the values of parameters by their names."""
    found = {}
    for given in values:
        name, equals, value = given.partition("=")
        if not equals:
            raise click.BadParameter(f"{given!r} is not of the form [STACK:]NAME=VALUE")
        found[name] = value
    return found


@personalize_kms.command(
    short_help="Compare the output of cdk synth with AWS's pages.",
    epilog=f"Documentation: {page_at('how-to/check.md')}",
)
@click.argument("path", default="cdk.out", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown", "sarif"]),
    default="text",
    show_default=True,
    help="The form of the report: for a terminal, a program, a pull request, or GitHub's code scanning.",
)
@click.option(
    "--fail-on",
    "counted",
    metavar="KIND,…",
    callback=_kinds,
    default="missing,problems",
    show_default=True,
    help=f"What counts as a finding: {', '.join(_KINDS)}.",
)
@click.option("--strict", is_flag=True, help="Count all of them, and fail if there is nothing to check.")
@click.option(
    "--ignore",
    "ignored",
    metavar="RULE[@PATH]",
    multiple=True,
    callback=_ignores,
    help="Leave out what breaks a rule, at a construct path and below it. Can be repeated.",
)
@click.option("--quiet", is_flag=True, help="Leave out the policies to change, in text and Markdown.")
@click.option(
    "--created",
    "created_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A JSON file of what code creates that no template shows.",
)
@click.option("--organization", metavar="ID", help="The organization of the app's accounts, for conditions on it.")
@click.option(
    "--parameters",
    metavar="[STACK:]NAME=VALUE",
    multiple=True,
    callback=_parameters,
    help="The value of a parameter. In conditions, the others have their defaults. Can be repeated.",
)
def check(
    path: Path,
    form: str,
    counted: list[str],
    strict: bool,
    ignored: dict[Ignore, str],
    quiet: bool,
    created_file: Path | None,
    organization: str | None,
    parameters: dict[str, str],
) -> None:
    """Check a cloud assembly, the output of cdk synth, or a template against AWS's pages.

    PATH is the directory of an assembly, of an app in any language, by default cdk.out; or the file of a
    CloudFormation template in JSON or YAML. Nested stacks and stages are included; nothing is deployed or read from
    an account. What the app acknowledges is left out. Where nothing is asked, it still tells whom policies for
    Personalize let in.

    \b
    Exit code:
      0  nothing that counts
      1  something that counts
      2  the check couldn't look, whatever went wrong; with --strict, also if
         nothing asks Personalize for anything

    \b
    Examples:
      cdk synth --quiet && personalize-kms check
      personalize-kms check build/cdk.out --strict --quiet
      personalize-kms check template.yaml --parameters Stage=prod
      personalize-kms check --fail-on missing,problems,undecided
      personalize-kms check --ignore Personalize::Undecided@Main/Import
      personalize-kms check --format markdown >> "$GITHUB_STEP_SUMMARY"
      personalize-kms check --format json > access.json
    """  # noqa: D301
    try:
        created = [] if created_file is None else json.loads(created_file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        stop(f"--created {created_file} can't be read as JSON: {error}")
    try:
        everything, assemblies = read_report(path, created=created, organization=organization, parameters=parameters)
    except ValueError as error:
        stop(str(error))
    acknowledged = [Ignore(*each) for assembly in assemblies for each in assembly.acknowledged]
    report, used = without(everything, [*acknowledged, *ignored])
    if form == "sarif":
        of_all = path if path.is_file() else path / "manifest.json"
        write(sarif_report(report, of_all, version("personalize-kms-constructs")))
    else:
        _show(report, form, quiet=quiet)
    for each, given in ignored.items():
        if each not in used:
            say(f"--ignore {given} matches no finding: remove it")
    if any(_found(report, kind) for kind in (_KINDS if strict else counted)):
        sys.exit(FOUND)
    if strict and not (report.asked or report.without_key or report.left_out):
        stop(f"{path}: {_NOTHING_CHECKED}")


personalize_kms.add_command(doctor)


def _found(report: AccessReport, kind: str) -> bool:
    """Tell if a report has findings of a kind; warnings are none."""
    if kind == "problems":
        return any(not each.is_warning for each in report.problems)
    return bool(getattr(report, kind))


def _show(report: AccessReport, form: str, *, quiet: bool) -> None:
    """Write a report; on a terminal in colours."""
    if form == "json":
        write(report.to_json())
    elif form == "markdown":
        write(report.to_markdown(quiet=quiet))
    else:
        write(report.to_text(quiet=quiet), coloured=True)
