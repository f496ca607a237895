"""The reports on the dataset groups of an account as one: for a terminal, a program, a ticket."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from .._access.ignoring import of_causes
from .._access.report import AccessReport, as_data
from .._values import shown
from .asking import AbsentError, Account, DoctorError
from .diagnosis import diagnose, unseen_group
from .gathering import AccountReader, gather
from .groups import Group, group_arns, jobs_by_solution, read_group, read_jobs
from .trail import read_denials, with_denials

# So many resources are named for one action that isn't answered; the others are counted.
_NAMED = 5
_NOT_ANSWERED = "not answered: allow these actions, ask somebody who has them to run it, or try again later"
_UNREADABLE = "service and resource control policies can't be read from an account that they apply to"
_WHO = {"service": "Personalize", "role": "the roles"}

Reported = tuple[Group, AccessReport]


def look(account: Account, wanted: Sequence[str], newest: int, *, cloudtrail: bool = False) -> Iterator[Reported]:
    """Yield the reports on dataset groups, each as soon as it is known, so that a large account needs no more memory.

    Raises:
        DoctorError: if it can't go on.
    """
    reader, by_solution = AccountReader(account), cache(partial(jobs_by_solution, account))
    denials = cache(partial(read_denials, account))
    for arn in group_arns(account, wanted):
        try:
            group = read_group(account, arn)
        except AbsentError:
            if wanted:
                raise DoctorError(
                    f"there is no dataset group {arn}: pass the name or ARN of another one, or none"
                ) from None
            continue  # deleted since it was listed
        if group.unseen:
            yield group, unseen_group(group)
            continue
        gathered = gather(reader, group, read_jobs(account, arn, newest, by_solution))
        report = diagnose(gathered)
        yield group, with_denials(report, gathered.model, *denials()) if cloudtrail else report


@dataclass
class Totals:
    """The counts of all dataset groups, and what is left to say of the account."""

    account: Account
    groups: int = 0
    seen: int = 0
    missing: int = 0
    problems: int = 0
    """Those that aren't warnings."""
    warnings: int = 0
    undecided: int = 0
    allowed: int = 0
    actions: dict[str, set[str]] = field(default_factory=lambda: {"role": set(), "service": set()})
    """The actions that control policies must not deny, for the roles and for Personalize."""

    def take(self, group: Group, report: AccessReport, whole: AccessReport) -> None:
        """Count a dataset group by its report; the actions are those of the whole one, with what is left out."""
        self.groups += 1
        self.seen += not group.unseen
        self.missing += len(report.missing)
        self.warnings += sum(each.is_warning for each in report.problems)
        self.problems += sum(not each.is_warning for each in report.problems)
        self.undecided += len(report.undecided)
        self.allowed += len(report.allowed)
        for each in (*whole.missing, *whole.undecided, *whole.allowed):
            if each.principal in self.actions:
                self.actions[each.principal].add(each.action)

    def line(self) -> str:
        """Return the counts in one line."""
        found = [(self.groups, "dataset group"), (self.problems, "problem"), (self.warnings, "warning")]
        groups, problems, warnings = (f"{count} {what}{'' if count == 1 else 's'}" for count, what in found)
        rest = f"{self.undecided} undecided, {self.allowed} as AWS's pages ask"
        return f"{groups}: {self.missing} missing, {problems}, {warnings}, {rest}"

    def as_data(self) -> dict[str, int]:
        """Return the counts as JSON has them."""
        names = ("missing", "problems", "warnings", "undecided", "allowed")
        return {name: getattr(self, name) for name in names}

    def control_policies(self) -> dict[str, list[str]]:
        """Return the actions that control policies must not deny."""
        return {who: sorted(actions) for who, actions in self.actions.items() if actions}


def written(
    form: str,
    reported: Iterable[Reported],
    totals: Totals,
    only: tuple[str, ...] = (),
    ignored: tuple[str, ...] = (),
) -> Iterator[str]:
    """Yield the report, text and Markdown as it becomes known, without findings of the causes that are left out.

    Raises:
        DoctorError: if the doctor couldn't go on; if anything was yielded, the report has been ended before.
    """
    account, stopped, data = totals.account, None, []
    try:
        for group, whole in reported:
            report = of_causes(whole, only, ignored)
            totals.take(group, report, whole)
            if form == "json":
                data.append({"arn": group.arn, "name": group.name, "notes": list(report.notes), **as_data(report)})
                continue
            if totals.groups == 1:
                yield f"account {account.id}, Region {account.region}\n"
            yield "\n" + (report.to_text() if form == "text" else report.to_markdown())
    except DoctorError as error:
        if not totals.groups:
            raise
        stopped = error
    if form == "json":
        yield _json(data, totals, stopped)
    else:
        yield "" if totals.groups else f"account {account.id}, Region {account.region}: no dataset group is there\n"
        yield _end(totals, is_text=form == "text")
        yield f"\n{totals.line()}\n" + (f"\nstopped: {stopped}\n" if stopped else "")
    if stopped:
        raise stopped


def _json(data: list[dict[str, Any]], totals: Totals, stopped: DoctorError | None) -> str:
    found = {
        "account": totals.account.id,
        "region": totals.account.region,
        "dataset_groups": data,
        "not_answered": [
            {"action": action, "resources": resources[:_NAMED], "more": max(0, len(resources) - _NAMED)}
            for action, resources in sorted(totals.account.not_answered.items())
        ],
        "control_policies": {"because": _UNREADABLE, "must_leave_alone": totals.control_policies()},
        "summary": totals.as_data(),
        "error": str(stopped or ""),
    }
    return shown(json.dumps(found, indent=2, ensure_ascii=False)) + "\n"


def _end(totals: Totals, *, is_text: bool) -> str:
    """Return what wasn't answered, and what can't be asked."""
    code = "{}" if is_text else "`{}`"
    answers = sorted(totals.account.not_answered.items())
    not_answered = [f"{code.format(action)} on {_named(resources)}" for action, resources in answers]
    policies = totals.control_policies().items()
    alone = [f"for {_WHO[who]}: {', '.join(map(code.format, actions))}" for who, actions in policies]
    lines: list[str] = []
    for mark, title, says, items in (
        ("?", "Not answered", _NOT_ANSWERED, not_answered),
        ("·", "Control policies", f"{_UNREADABLE}. They must not deny:", alone),
    ):
        if items and is_text:
            lines += ["", *wrapped(says, "")]
            lines += [line for each in items for line in wrapped(f"{mark} {each}", "  ", "      ")]
        elif items:
            lines += ["", f"# {title}", "", says, "", *(f"- {each}" for each in items)]
    return "".join(f"{line}\n" for line in lines)


def wrapped(text: str, indent: str, further: str | None = None) -> list[str]:
    """Return a text in lines, its words whole: a name that is longer than a line has one of its own."""
    further = indent if further is None else further
    return textwrap.wrap(
        text,
        100,
        initial_indent=indent,
        subsequent_indent=further,
        break_on_hyphens=False,
        break_long_words=False,
    )


def _named(resources: list[str]) -> str:
    more = len(resources) - _NAMED
    return ", ".join(resources[:_NAMED]) + (f" and {more} more" if more > 0 else "")
