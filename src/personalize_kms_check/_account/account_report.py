"""The report on an account: for a terminal, or for a program."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from .._model.report import AccessReport, as_data, first_of
from .._reports.text import blocks_of_findings, joined
from .._reports.words import counted
from .._shared.values import unmark
from .asking import AbsentError, Account, DoctorError, NotAnsweredError, advice, side_by_side
from .diagnosis import diagnose, notes
from .gathering import gather
from .groups import Group, GroupReader, group_arns
from .trail import denied_calls

_NOT_ANSWERED = (
    "not answered: allow what was denied, or ask somebody who has it; for the rest, look again "
    "later"
)
_UNREADABLE = (
    "service and resource control policies can't be read from an account that they apply to"
)
_SAYS = {"allowed": "as documented"}
_WHO = {"service": "Personalize", "role": "the roles"}


def look(
    account: Account,
    wanted: Sequence[str],
    jobs: int,
    *,
    organization: str = "",
    cloudtrail: bool = False,
) -> AccountReport:
    """Raise a ``DoctorError`` if nothing can be looked at, or a wanted dataset group is absent."""
    try:
        arns = group_arns(account, wanted)
    except (AbsentError, NotAnsweredError) as error:
        raise DoctorError(advice(error.__cause__ or error)) from error
    reader = GroupReader(account, jobs)
    groups: list[Group] = []
    for arn, group in side_by_side(reader.read, arns, "dataset groups").items():
        if group is not None:
            groups.append(group)
        elif wanted:  # others were deleted since they were listed
            raise DoctorError(
                f"there is no dataset group {arn}: pass the name or ARN of another one, or none"
            )
    model, over = gather(account, groups, organization)
    none = "" if groups else ": no dataset group is there"
    about = f"account {account.id}, Region {account.region}{none}"
    access = replace(diagnose(groups, model, over), account=about)
    remarks = [*notes(groups, model)]
    for row in reader.unknown:
        remarks.append(f"{row.resource}s weren't looked at: upgrade boto3, which doesn't have them")
    if cloudtrail:
        denied, read = denied_calls(account, model, access)
        access = replace(access, findings=(*access.findings, *denied))
        remarks.append(read)
    return AccountReport(account, groups, access, remarks)


@dataclass(frozen=True)
class AccountReport:
    """The findings on an account, with what wasn't answered."""

    account: Account
    groups: Sequence[Group]
    access: AccessReport
    notes: Sequence[str]
    """Facts that decide nothing."""

    @cached_property
    def counts(self) -> dict[str, int]:
        """The counts of findings; problems are those that aren't warnings."""
        counts = {"missing": 0, "problems": 0, "warnings": 0, "undecided": 0, "allowed": 0}
        for finding in self.access.findings:
            kind = "problems" if finding.is_problem else finding.kind
            counts["warnings" if finding.is_warning else kind] += 1
        return counts

    def line(self) -> str:
        parts = []
        for kind, number in self.counts.items():
            if kind.endswith("s") and number:
                parts.append(counted(number, kind.removesuffix("s")))
            elif number:
                parts.append(f"{number} {_SAYS.get(kind, kind)}")
        groups = counted(len(self.groups), "dataset group")
        return f"{groups}: {', '.join(parts) or 'nothing is asked of keys, roles and buckets'}"

    def control_policies(self) -> dict[str, list[str]]:
        """Return the actions that control policies must not deny, by who needs them."""
        actions: dict[str, set[str]] = {who: set() for who in reversed(_WHO)}
        for finding in self.access.findings:
            if finding.principal in actions:
                actions[finding.principal].add(finding.action)
        return {who: sorted(of_principal) for who, of_principal in actions.items() if of_principal}

    def to_json(self) -> str:
        control_policies = {"because": _UNREADABLE, "must_leave_alone": self.control_policies()}
        data = {
            "account": self.account.id,
            "region": self.account.region,
            "dataset_groups": [{"arn": group.arn, "name": group.name} for group in self.groups],
            **as_data(self.access),
            "notes": list(self.notes),
            "not_answered": self._not_answered,
            "control_policies": control_policies,
            "summary": self.counts,
        }
        return unmark(json.dumps(data, indent=2, ensure_ascii=False)) + "\n"

    def to_text(self, *, quiet: bool = False) -> str:
        """Return the report for a terminal; if quiet, its findings and unanswered calls alone."""
        unanswered = []
        for question in self._not_answered:
            resources = first_of(question["resources"])
            unanswered.append(f"? {question['action']} {question['because']}: {resources}")
        blocks = [*blocks_of_findings(self.access, quiet=quiet)]
        if quiet and not self.groups:
            blocks.append([self.access.account])
        blocks.append([_NOT_ANSWERED, *unanswered] if unanswered else [])
        if not quiet:
            blocks.append([f"· {note}" for note in self.notes])
            must_not = []
            for who, actions in self.control_policies().items():
                must_not.append(f"· for {_WHO[who]}: {', '.join(actions)}")
            blocks.append([f"{_UNREADABLE}. They must not deny:", *must_not] if must_not else [])
            blocks.append([self.line()] if self.groups else [])
        return unmark(joined(blocks))

    @property
    def _not_answered(self) -> list[dict[str, Any]]:
        questions = []
        for (action, why), about in sorted(self.account.not_answered.items()):
            questions.append({"action": action, "because": why, "resources": sorted(about)})
        return questions
