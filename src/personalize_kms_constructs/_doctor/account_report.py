"""The reports on all dataset groups as one: for a terminal, a program, a ticket."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .._access.report import AccessReport, as_data
from .._access.text import wrapped
from .asking import Account, DoctorError
from .look import Section

_UNREADABLE = "service and resource control policies can't be read from an account that they apply to"


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

    def take(self, section: Section) -> None:
        """Count a dataset group."""
        report: AccessReport = section.report
        self.groups += 1
        self.seen += section.is_seen
        self.missing += len(report.missing)
        self.warnings += sum(each.is_warning for each in report.problems)
        self.problems += sum(not each.is_warning for each in report.problems)
        self.undecided += len(report.undecided)
        self.allowed += len(report.allowed)
        for each in (*report.missing, *report.undecided, *report.allowed):
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

    def not_answered(self) -> Iterator[tuple[str, list[str], int]]:
        """Yield the actions that weren't allowed, some of the resources, and how many more there are."""
        for action, named in sorted(self.account.not_answered.items()):
            yield action, named, self.account.not_answered_count[action] - len(named)

    def control_policies(self) -> dict[str, list[str]]:
        """Return the actions that control policies must not deny."""
        return {who: sorted(actions) for who, actions in self.actions.items() if actions}


def written(form: str, sections: Iterable[Section], totals: Totals) -> Iterator[str]:
    """Yield the report, text and Markdown as it becomes known.

    Raises:
        DoctorError: if the doctor couldn't go on; if anything was yielded, the report has been ended before.
    """
    account, stopped, data = totals.account, None, []
    try:
        for section in sections:
            totals.take(section)
            if form == "json":
                data.append({"arn": section.arn, "name": section.name, **_section(section.report)})
                continue
            if totals.groups == 1:
                yield f"account {account.id}, Region {account.region}\n"
            yield "\n" + (section.report.to_text() if form == "text" else section.report.to_markdown())
    except DoctorError as error:
        if not totals.groups:
            raise
        stopped = error
    if form == "json":
        yield _json(data, totals, stopped)
    else:
        yield "" if totals.groups else f"account {account.id}, Region {account.region}\n"
        yield _text_end(totals) if form == "text" else _markdown_end(totals)
        yield f"\n{totals.line()}\n" + (f"\nstopped: {stopped}\n" if stopped else "")
    if stopped:
        raise stopped


def _section(report: AccessReport) -> dict[str, Any]:
    return {"notes": list(report.notes), **as_data(report)}


def _json(data: list[dict[str, Any]], totals: Totals, stopped: DoctorError | None) -> str:
    found = {
        "account": totals.account.id,
        "region": totals.account.region,
        "dataset_groups": data,
        "not_answered": [
            {"action": action, "resources": named, "more": more} for action, named, more in totals.not_answered()
        ],
        "control_policies": {"because": _UNREADABLE, "must_leave_alone": totals.control_policies()},
        "summary": totals.as_data(),
        "error": str(stopped or ""),
    }
    return json.dumps(found, indent=2, ensure_ascii=False) + "\n"


def _text_end(totals: Totals) -> str:
    lines: list[str] = []
    for action, resources, more in totals.not_answered():
        if not lines:
            lines += ["", "not answered: allow yourself these actions, have somebody look who may, or look again later"]
        lines += wrapped(f"? {action} on {_named(resources, more)}", "  ", "      ")
    alone = totals.control_policies()
    if alone:
        lines += ["", *wrapped(f"{_UNREADABLE}. They must not deny:", "")]
        for who, actions in alone.items():
            lines += wrapped(f"· for {_WHO[who]}: {', '.join(actions)}", "  ", "      ")
    return "".join(f"{line}\n" for line in lines)


def _markdown_end(totals: Totals) -> str:
    found = ""
    if lines := [f"- `{action}` on {_named(named, more)}\n" for action, named, more in totals.not_answered()]:
        found += "\n# Not answered\n\n" + "".join(lines)
    if alone := totals.control_policies():
        lines = [f"- for {_WHO[who]}: {', '.join(f'`{each}`' for each in actions)}\n" for who, actions in alone.items()]
        found += f"\n# Control policies\n\n{_UNREADABLE}. They must not deny:\n\n" + "".join(lines)
    return found


_WHO = {"service": "Personalize", "role": "the roles"}


def _named(resources: list[str], more: int) -> str:
    return ", ".join(resources) + (f" and {more} more" if more else "")
