"""The doctor's report, written as it comes: for a terminal, a program, a pull request."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from .._access.text import wrapped
from .asking import Account
from .check import Check, Status
from .facts import Facts

MARKS = {Status.OK: "✔", Status.FAILED: "✘", Status.UNDECIDED: "?", Status.WARNING: "!", Status.NOTE: "·"}
# So many jobs are named in the text; the JSON has all of them.
_NAMED = 5
_HEAD = "| | on | what | why | next step | page |\n|---|---|---|---|---|---|"
_UNREADABLE = "service and resource control policies can't be read from an account that they apply to"


@dataclass
class Summary:
    """The words that are left to say when all dataset groups were looked at."""

    account: Account
    groups: int = 0
    counts: Counter[Status] = field(default_factory=Counter)
    actions: dict[str, set[str]] = field(default_factory=lambda: {"role": set(), "service": set()})
    """The actions that control policies must not deny, for the roles and for Personalize."""

    def take(self, checks: list[Check]) -> None:
        """Count the checks of a dataset group."""
        self.groups += 1
        self.counts.update(each.status for each in checks)
        for each in checks:
            if each.principal:
                who = "service" if each.principal.endswith(".amazonaws.com") else "role"
                self.actions[who].update(each.actions)

    def line(self) -> str:
        """Return the counts in one line."""
        count = self.counts
        groups = f"{self.groups} dataset group{'' if self.groups == 1 else 's'}"
        return (
            f"{groups}: {count[Status.FAILED]} failed, {count[Status.UNDECIDED]} undecided, "
            f"{count[Status.WARNING]} warning{'' if count[Status.WARNING] == 1 else 's'}, {count[Status.OK]} ok"
        )

    def not_answered(self) -> Iterator[tuple[str, list[str], int]]:
        """Yield the actions that weren't allowed, some of the resources, and how many more there are."""
        for action, named in sorted(self.account.not_answered.items()):
            yield action, named, self.account.not_answered_count[action] - len(named)

    def control_policies(self) -> dict[str, list[str]]:
        """Return the actions that control policies must not deny."""
        return {who: sorted(actions) for who, actions in self.actions.items() if actions}


class Text:
    """The report for a terminal."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def begin(self, account: Account) -> None:
        """Write what comes before the first dataset group."""
        self._lines([f"account {account.id}, Region {account.region}"])

    def group(self, facts: Facts, checks: list[Check]) -> None:
        """Write one dataset group."""
        heading = ""
        for check in checks:
            name = facts.model.label(check.of)
            if (now := f"{check.kind} {name}") != heading:
                heading = now
                self._lines(["", f"{check.kind} {name}", *([f"    {check.of}"] if name != check.of else [])])
            self._lines(list(_check_lines(check)))

    def end(self, summary: Summary, error: str = "") -> None:
        """Write what comes after the last dataset group."""
        lines: list[str] = []
        for action, resources, more in summary.not_answered():
            if not lines:
                lines += ["", "not answered: allow yourself these actions, or look again later"]
            on = ", ".join(resources) + (f" and {more} more" if more else "")
            lines += wrapped(f"? {action} on {on}", "  ", "      ")
        alone = summary.control_policies()
        if alone:
            lines += ["", *wrapped(f"{_UNREADABLE}. They must not deny:", "")]
            for who, actions in alone.items():
                name = "for Personalize" if who == "service" else "for the roles"
                lines += wrapped(f"· {name}: {', '.join(actions)}", "  ", "      ")
        self._lines([*lines, "", summary.line(), *([f"stopped: {error}"] if error else [])])

    def _lines(self, lines: list[str]) -> None:
        self._write("".join(f"{line}\n" for line in lines))


def _check_lines(check: Check) -> Iterator[str]:
    yield from wrapped(f"{MARKS[check.status]} {check.title}", "  ", "      ")
    if check.status is Status.OK:
        return
    yield from wrapped(check.because, "      ")
    if check.next_step:
        yield from wrapped(f"→ {check.next_step}", "      ", "        ")
    policies = _by_policy(check)
    for to, statements in policies:
        if len(policies) > 1:
            yield from wrapped(f"{to}:", "        ")
        # Never wrapped: it is there to be pasted, into the list of a policy's statements.
        text = ",\n".join(json.dumps(each, indent=2) for each in statements)
        yield from (f"        {line}" for line in text.splitlines())
    yield from wrapped(_needed_by(check), "      ", "        ")
    if check.page:
        yield f"      {check.page}"


def _needed_by(check: Check) -> str:
    more = len(check.needed_by) - _NAMED
    others = f" and {more} more" if more > 0 else ""
    return f"needed by {', '.join(check.needed_by[:_NAMED])}{others}" if check.needed_by else ""


def _by_policy(check: Check) -> list[tuple[str, list[Any]]]:
    """Return the statements to add, those for one policy together."""
    policies: dict[str, list[Any]] = {}
    for addition in check.add:
        policies.setdefault(addition.to, []).append(addition.statement)
    return list(policies.items())


class Json:
    """The report for a program, one JSON document that is written piece by piece."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._separator = ""

    def begin(self, account: Account) -> None:
        """Write what comes before the first dataset group."""
        head = {"account": account.id, "region": account.region}
        self._write(json.dumps(head, indent=2)[:-2] + ',\n  "dataset_groups": [')

    def group(self, facts: Facts, checks: list[Check]) -> None:
        """Write one dataset group."""
        found = {
            "arn": facts.group.arn,
            "name": facts.group.name,
            "status": facts.group.status,
            "key": facts.group.key_arn,
            "role": facts.group.role_arn,
            "checks": [each.to_json() for each in checks],
        }
        text = json.dumps(found, indent=2, ensure_ascii=False).replace("\n", "\n    ")
        self._write(f"{self._separator}\n    {text}")
        self._separator = ","

    def end(self, summary: Summary, error: str = "") -> None:
        """Write what comes after the last dataset group."""
        tail: dict[str, Any] = {
            "not_answered": [
                {"action": action, "resources": named, "more": more} for action, named, more in summary.not_answered()
            ],
            "control_policies": {"because": _UNREADABLE, "must_leave_alone": summary.control_policies()},
            "summary": {status.value: summary.counts[status] for status in Status},
            "error": error,
        }
        self._write("\n  ],\n" + json.dumps(tail, indent=2, ensure_ascii=False)[2:] + "\n")


class Markdown:
    """The report for a pull request or a ticket."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    def begin(self, account: Account) -> None:
        """Write what comes before the first dataset group."""
        self._write(f"# Amazon Personalize in account {account.id}, Region {account.region}\n")

    def group(self, facts: Facts, checks: list[Check]) -> None:
        """Write one dataset group."""
        self._write(f"\n## {_cell(facts.group.name)}\n\n{_HEAD}\n")
        for each in checks:
            if each.status is not Status.NOTE:
                why = "" if each.status is Status.OK else _why(each)
                page = f"[AWS]({each.page})" if each.page else ""
                on = _cell(f"{each.kind} {facts.model.label(each.of)}")
                next_step = _cell(each.next_step.removesuffix(":")) + (", see below" if each.add else "")
                cells = [MARKS[each.status], on, _cell(each.title), why, next_step, page]
                self._write(f"| {' | '.join(cells)} |\n")
        for each in checks:
            if each.add:
                about = _cell(f"{each.kind} {facts.model.label(each.of)}: {each.title}")
                self._write(f"\n{MARKS[each.status]} {about}\n")
            policies = _by_policy(each)
            for to, statements in policies:
                where = f" ({to})" if len(policies) > 1 else ""
                self._write(f"\n→ {_cell(each.next_step.removesuffix(':') + where)}:\n")
                for statement in statements:
                    self._write(f"\n```json\n{json.dumps(statement, indent=2)}\n```\n")
        notes = [each for each in checks if each.status is Status.NOTE]
        for each in notes:
            because = f" ({_cell(each.because)})" if each.because else ""
            self._write(f"\n- {_cell(each.kind)} {_cell(facts.model.label(each.of))}: {_cell(each.title)}{because}")
        self._write("\n" if notes else "")

    def end(self, summary: Summary, error: str = "") -> None:
        """Write what comes after the last dataset group."""
        for title, about, lines in (
            (
                "Not answered",
                "",
                [
                    f"`{action}` on {', '.join(named)}" + (f" and {more} more" if more else "")
                    for action, named, more in summary.not_answered()
                ],
            ),
            (
                "Control policies",
                f"{_UNREADABLE}. They must not deny:\n\n",
                [
                    f"for {'Personalize' if who == 'service' else 'the roles'}: "
                    + ", ".join(f"`{action}`" for action in actions)
                    for who, actions in summary.control_policies().items()
                ],
            ),
        ):
            if lines:
                self._write(f"\n## {title}\n\n{about}" + "".join(f"- {line}\n" for line in lines))
        self._write(f"\n{summary.line()}\n" + (f"\nStopped: {_cell(error)}\n" if error else ""))


def _why(check: Check) -> str:
    return _cell("; ".join(each for each in (check.because, _needed_by(check)) if each))


def _cell(text: str) -> str:
    return re.sub(r"[|*<`]", r"\\\g<0>", " ".join(text.split()))


FORMS: dict[str, type[Text] | type[Json] | type[Markdown]] = {"text": Text, "json": Json, "markdown": Markdown}
