"""The command line: arguments in, a report and an exit code out."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

from ._account.command import doctor
from ._checking import Facts, read_reports
from ._model.causes import Cause
from ._model.report import AccessReport, merged
from ._reports.ignoring import Ignore, without
from ._reports.rules import RULES
from ._reports.sarif import sarif_report
from ._requests.created import entries_to_complete
from ._shared.address import page_at
from ._templates.files import read_given
from ._templates.given_policies import read_files
from ._templates.manifest import Assembly
from ._terminal import FOUND, say, stop, write

_KINDS = ("missing", "problems", "excess", "undecided", "unencrypted")
_NOTHING_DECIDED = (
    "not one of its answers is decided, so nothing was checked: do what the report says, or look "
    "at the account with personalize-kms doctor"
)
_NOTHING_CHECKED = (
    "no template asks Personalize for anything, so nothing was checked: look at another assembly, "
    "or declare what other code creates, with declare_created or --created; where an app doesn't "
    "use Personalize, leave --strict out"
)


class _Commands(click.Group):
    """Commands with exit code 2 for an error; click alone would use 1, as for a finding."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            stop("interrupted")
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except Exception:
            traceback.print_exc()
            stop(
                "a defect of this command. Report it with the lines above: "
                f"{page_at('versions.md')} says where"
            )


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=f"Documentation: {page_at('index.md')}",
)
@click.version_option(package_name="personalize-kms-constructs")
def personalize_kms() -> None:
    """Show what Amazon Personalize may do with KMS keys and buckets, and what it lacks."""


def _kinds(context: click.Context, option: click.Parameter, value: str) -> list[str]:
    kinds = value.split(",")
    for unknown in set(kinds) - set(_KINDS):
        raise click.BadParameter(
            f"{unknown!r} is not one of {', '.join(_KINDS)}, with commas and no spaces"
        )
    return kinds


def _ignores(
    context: click.Context, option: click.Parameter, values: tuple[str, ...]
) -> dict[Ignore, str]:
    ignored = {}
    for value in values:
        rule, _, path = value.partition("@")
        if rule not in RULES:
            raise click.BadParameter(f"{rule!r} is not one of {', '.join(RULES)}")
        ignored[Ignore(rule, path.strip("/"), is_option=True)] = value
    return ignored


def _paths(
    context: click.Context, argument: click.Parameter, values: tuple[Path, ...]
) -> list[Path]:
    for path in values:
        if path.suffix == ".py":
            raise click.BadParameter(f"{path} is an app's code: run cdk synth, then check cdk.out")
    return list(values) or [Path("cdk.out")]


def _pairs(
    context: click.Context, option: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    pairs = {}
    for pair in values:
        name, equals, value = pair.partition("=")
        if not equals:
            raise click.BadParameter(f"{pair!r} is not of the form {option.metavar}")
        if name in pairs:
            raise click.BadParameter(f"{name} has two values: pass one")
        pairs[name] = value
    return pairs


def _policies(
    context: click.Context, option: click.Parameter, values: tuple[str, ...]
) -> dict[str, Any]:
    documents, problems = read_files(_pairs(context, option, values))
    if problems:
        stop("\n".join(problems))
    return documents


@personalize_kms.command(
    short_help="Compare the output of cdk synth with AWS's pages.",
    epilog=f"Documentation: {page_at('how-to/check.md')}",
)
@click.argument(
    "paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path), callback=_paths
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "markdown", "sarif"]),
    default="text",
    show_default=True,
    help="The form of the report: for a terminal, a program, a pull request, or GitHub's code "
    "scanning.",
)
@click.option(
    "--fail-on",
    "counted",
    metavar="KIND,…",
    callback=_kinds,
    default="missing,problems",
    show_default=True,
    help=f"What counts as a finding: {', '.join(_KINDS)} (a dataset group without a key of yours).",
)
@click.option(
    "--strict", is_flag=True, help="Count all of them, and fail if there is nothing to check."
)
@click.option(
    "--ignore",
    "ignored",
    metavar="RULE[@PATH]",
    multiple=True,
    callback=_ignores,
    help="Leave out what breaks a rule, at a construct path and below it. Can be repeated.",
)
@click.option(
    "--quiet",
    is_flag=True,
    help="Print the findings alone; in Markdown, leave out the policies to change.",
)
@click.option(
    "--created",
    "created_file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A JSON file of what code creates that no template shows.",
)
@click.option(
    "--write-created",
    "file_to_begin",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Begin such a file, with an entry for each role that code may pass to Personalize.",
)
@click.option(
    "--organization",
    metavar="ID",
    help="The organization of the app's accounts, for conditions on it.",
)
@click.option(
    "--parameters",
    metavar="[STACK:]NAME=VALUE",
    multiple=True,
    callback=_pairs,
    help="The value of a parameter, or of AWS::AccountId, AWS::Partition or AWS::Region. In "
    "conditions, the others have their defaults. Can be repeated.",
)
@click.option(
    "--policy",
    "policies",
    metavar="NAME|ARN=FILE",
    multiple=True,
    callback=_policies,
    help="The JSON document of a policy outside of the app: of a managed policy or boundary by "
    "name, of a key or bucket by ARN. Can be repeated.",
)
def check(
    paths: list[Path],
    form: str,
    counted: list[str],
    strict: bool,
    ignored: dict[Ignore, str],
    quiet: bool,
    created_file: Path | None,
    file_to_begin: Path | None,
    organization: str | None,
    parameters: dict[str, str],
    policies: dict[str, Any],
) -> None:
    """Check cloud assemblies, the output of cdk synth, or templates against AWS's pages.

    PATH is the directory of an assembly, of an app in any language, by default cdk.out; the file of
    a CloudFormation template in JSON or YAML; a folder of templates; or -, the standard input.
    Templates are checked as stacks of one deployment, each assembly by itself. Nested stacks and
    stages are included; nothing is deployed or read from an account. Findings acknowledged in the
    app are left out. If nothing is created in Personalize, the check only reports who may
    use the policies written for it.

    \b
    Exit code:
      0  nothing that counts
      1  something that counts
      2  the check failed to run, or everything is undecided; with --strict, also
         if nothing is created in Personalize

    \b
    Examples:
      cdk synth --quiet && personalize-kms check
      personalize-kms check build/cdk.out --strict --quiet
      personalize-kms check template.yaml --parameters Stage=prod
      personalize-kms check template.yaml --write-created created.json
      personalize-kms check network.yaml data.yaml --policy Boundary=boundary.json
      personalize-kms check --fail-on missing,problems,undecided
      personalize-kms check --ignore Personalize::Undecided@Main/Import
      personalize-kms check --format markdown >> "$GITHUB_STEP_SUMMARY"
      personalize-kms check --format json > access.json
    """  # noqa: D301
    if file_to_begin is not None and file_to_begin.exists():
        stop(
            f"--write-created {file_to_begin}: the file exists: name another one, or complete it "
            "for --created"
        )
    try:
        created = [] if created_file is None else read_given(created_file)
        facts = Facts(created, str(created_file or ""), organization, parameters, policies)
        apps = read_reports(paths, facts)
    except ValueError as error:
        stop(str(error))
    report, unused = _without(ignored, apps)
    _show(report, form, paths[0], quiet=quiet)
    for ignore in unused:
        say(f"--ignore {ignored[ignore]} matches no finding: remove it")
    if file_to_begin is not None:
        assemblies = [assembly for _, of_app in apps for assembly in of_app]
        _begin(file_to_begin, entries_to_complete(report.undecided, assemblies))
    if any(_found(report, kind) for kind in (_KINDS if strict else counted)):
        sys.exit(FOUND)
    checked = ", ".join(map(str, paths))
    if _decides_nothing(report):
        stop(f"{checked}: {_NOTHING_DECIDED}")
    if strict and not (report.asked or report.without_key or report.left_out):
        stop(f"{checked}: {_NOTHING_CHECKED}")


personalize_kms.add_command(doctor)


def _without(
    ignored: Iterable[Ignore], apps: Iterable[tuple[AccessReport, list[Assembly]]]
) -> tuple[AccessReport, list[Ignore]]:
    """Return one report on all apps, without ignored findings, and the options without a match."""
    reports = []
    used: set[Ignore] = set()
    for report, assemblies in apps:
        acknowledged = [Ignore(*rule) for assembly in assemblies for rule in assembly.acknowledged]
        left, matching = without(report, [*acknowledged, *ignored])
        reports.append(left)
        used |= matching
    unused = [ignore for ignore in ignored if ignore not in used]
    return replace(merged(reports), apps=len(reports)), unused


def _found(report: AccessReport, kind: str) -> bool:
    if kind == "problems":
        return any(not problem.is_warning for problem in report.problems)
    return bool(report.without_key if kind == "unencrypted" else getattr(report, kind))


def _decides_nothing(report: AccessReport) -> bool:
    """Tell if something is asked, and nothing is decided or pending."""
    answers = [entry for entry in report.undecided if entry.cause is not Cause.NOT_DECLARED]
    is_pending = any(entry.file for entry in answers)
    is_decided = report.missing or report.problems or report.excess or report.allowed
    return bool(report.asked and answers and not is_pending and not is_decided)


def _begin(file: Path, entries: list[dict[str, Any]]) -> None:
    if not entries:
        say(
            f"--write-created {file}: nothing to write, since nobody is seen who may create by "
            "code and pass a role"
        )
        return
    try:
        file.write_text(f"{json.dumps(entries, indent=2)}\n", "utf-8")
    except OSError as error:
        stop(f"--write-created {file} can't be written: {error.strerror}")
    say(
        f'{file} is written. Replace each "<…>", by a string or by a function of the template such '
        'as {"Fn::GetAtt": ["Bucket", "Arn"]}; remove the resources that your code doesn\'t '
        "create, and encryptionKey if the dataset group has no key. Then run this command again, "
        f"with --created {file} instead of --write-created"
    )


def _show(report: AccessReport, form: str, path: Path, *, quiet: bool) -> None:
    if form == "sarif":
        of_all = path if path.is_file() else path / "manifest.json"
        write(sarif_report(report, of_all, version("personalize-kms-constructs")))
    elif form == "json":
        write(report.to_json())
    elif form == "markdown":
        write(report.to_markdown(quiet=quiet))
    else:
        write(report.to_text(quiet=quiet), coloured=True)
