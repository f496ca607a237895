"""The report on the dataset groups of an account: for a terminal, or for a program."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .._reports.report import as_data
from .._reports.report_lines import Line, with_remedy
from .._reports.short_names import Names
from .._reports.words import counted, title
from .._values import shown
from .asking import AbsentError, Account, DoctorError, NotAnsweredError, advice, side_by_side
from .diagnosis import GroupReport, diagnose, unseen_group
from .gathering import AccountReader, gather
from .groups import Group, group_arns, jobs_by_solution, read_group, read_jobs
from .trail import read_denials, with_denials

# So many resources are named for one action that isn't answered; the others are counted.
_NAMED = 5
_NOT_ANSWERED = (
    "not answered: allow what was denied, or ask somebody who has it; for the rest, look again "
    "later"
)
_UNREADABLE = (
    "service and resource control policies can't be read from an account that they apply to"
)
_WHO = {"service": "Personalize", "role": "the roles"}


def look(
    account: Account,
    wanted: Sequence[str],
    jobs: int,
    *,
    organization: str = "",
    cloudtrail: bool = False,
) -> AccountReport:
    """Read dataset groups with their newest jobs, and report on them.

    Raises:
        DoctorError: if nothing can be looked at, or a dataset group that is wanted doesn't exist.
    """
    try:
        arns = group_arns(account, wanted)
    except (AbsentError, KeyError, NotAnsweredError) as error:
        raise DoctorError(advice(error.__cause__ or error)) from error
    reader = AccountReader(account, organization)
    by_solution = jobs_by_solution(account)
    denials = read_denials(account) if cloudtrail else None

    def report_on(arn: str) -> GroupReport | None:
        try:
            group = read_group(account, arn)
            if group is None or group.unseen:
                return unseen_group(group) if group else None
            gathered = gather(reader, group, read_jobs(account, arn, jobs, by_solution))
        except KeyError as error:  # a field that AWS doesn't promise
            return unseen_group(Group(arn, {}, f"AWS has answered without {error}"))
        report = diagnose(gathered)
        return with_denials(report, gathered.model, *denials) if denials else report

    reports: list[GroupReport] = []
    for arn, report in zip(arns, side_by_side(report_on, arns), strict=True):
        if report is not None:
            reports.append(report)
        elif wanted:  # others were deleted since they were listed
            raise DoctorError(
                f"there is no dataset group {arn}: pass the name or ARN of another one, or none"
            )
    return AccountReport(account, sorted(reports, key=lambda report: report.urgency))


@dataclass(frozen=True)
class AccountReport:
    """The reports on dataset groups, the worst first, and what wasn't answered."""

    account: Account
    groups: list[GroupReport]

    @cached_property
    def counts(self) -> dict[str, int]:
        """The counts of all dataset groups; problems are those that aren't warnings."""
        reports = [group.access for group in self.groups]
        is_warning = [problem.is_warning for report in reports for problem in report.problems]
        return {
            "missing": sum(len(report.missing) for report in reports),
            "problems": is_warning.count(False),
            "warnings": is_warning.count(True),
            "undecided": sum(len(report.undecided) for report in reports),
            "allowed": sum(len(report.allowed) for report in reports),
        }

    def line(self) -> str:
        """Return the counts in one line."""
        counts = self.counts
        groups = counted(len(self.groups), "dataset group")
        problems = counted(counts["problems"], "problem")
        warnings = counted(counts["warnings"], "warning")
        rest = f"{counts['undecided']} undecided, {counts['allowed']} as AWS's pages ask"
        return f"{groups}: {counts['missing']} missing, {problems}, {warnings}, {rest}"

    def control_policies(self) -> dict[str, list[str]]:
        """Return the actions that control policies must not deny, by who needs them."""
        actions: dict[str, set[str]] = {who: set() for who in reversed(_WHO)}
        for report in (group.access for group in self.groups):
            for finding in (*report.missing, *report.undecided, *report.allowed):
                if finding.principal in actions:
                    actions[finding.principal].add(finding.action)
        return {who: sorted(of_principal) for who, of_principal in actions.items() if of_principal}

    def to_json(self) -> str:
        """Return the report as JSON."""
        groups = []
        for report in self.groups:
            group = {"arn": report.group.arn, "name": report.group.name}
            groups.append({**group, "notes": list(report.notes), **as_data(report.access)})
        control_policies = {"because": _UNREADABLE, "must_leave_alone": self.control_policies()}
        data = {
            "account": self.account.id,
            "region": self.account.region,
            "dataset_groups": groups,
            "not_answered": list(self._not_answered()),
            "control_policies": control_policies,
            "summary": self.counts,
        }
        return shown(json.dumps(data, indent=2, ensure_ascii=False)) + "\n"

    def to_text(self, *, quiet: bool = False) -> str:
        """Return the report for a terminal; if quiet, its findings and unanswered calls alone."""
        heading = f"account {self.account.id}, Region {self.account.region}"
        lines = [heading if self.groups else f"{heading}: no dataset group is there"]
        if len(self.groups) > 1 and not quiet:
            lines += ["", *self._table()]
        for report in self.groups:
            if report.lines or (len(self.groups) == 1 and not quiet):
                lines += _lines(report, quiet=quiet)
        if self.account.not_answered:
            lines += ["", _NOT_ANSWERED]
        for call in self._not_answered():
            resources = ", ".join(call["resources"])
            more = f" and {call['more']} more" if call["more"] else ""
            lines.append(f"? {call['action']} {call['because']}: {resources}{more}")
        must_not = {} if quiet else self.control_policies()
        if must_not:
            lines += ["", f"{_UNREADABLE}. They must not deny:"]
        lines += [f"· for {_WHO[who]}: {', '.join(actions)}" for who, actions in must_not.items()]
        return shown("".join(f"{line}\n" for line in (*lines, "", self.line())))

    def _table(self) -> Iterator[str]:
        with_lines = [report for report in self.groups if report.lines]
        width = max((len(report.group.name) for report in with_lines), default=0)
        for report in with_lines:
            first, more = report.lines[0], len(report.lines) - 1
            says = first.text + (f", and {more} more" if more else "")
            yield f"{first.mark} {report.group.name.ljust(width)}  {says}"
        if healthy := len(self.groups) - len(with_lines):
            yield f"✓ {counted(healthy, 'dataset group')} where nothing is missing or wrong"

    def _not_answered(self) -> Iterator[dict[str, Any]]:
        for (action, why), about in sorted(self.account.not_answered.items()):
            named, more = sorted(about)[:_NAMED], max(0, len(about) - _NAMED)
            yield {"action": action, "because": why, "resources": named, "more": more}


def _lines(report: GroupReport, *, quiet: bool) -> Iterator[str]:
    """Yield the lines on a dataset group: findings, notes, and statements to add."""
    names = Names(report.access.names)
    yield from ("", f"dataset group {report.group.name}")
    for line in report.lines:
        yield f"{line.mark} {with_remedy(f'{line.text}{_needed_by(line)}', line.fix)}"
    if quiet:
        return
    yield from (f"· {note}" for note in report.notes)
    for policy in report.access.policies:
        yield ""
        yield title(policy, names) + (":" if policy.should_have else "")
        yield from (f"  {json.dumps(statement)}" for statement in policy.should_have)


def _needed_by(line: Line) -> str:
    """Return the dataset group and the dated jobs that a line concerns."""
    if line.first.is_problem:
        return ""  # its words have them
    names = list(dict.fromkeys(name for finding in line.findings for name in finding.needed_by))
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f" (needed by {', '.join(names[:_NAMED])}{more})"
