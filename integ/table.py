"""The results as a part of docs/documented.md."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from integ.experiments import NO_STATEMENT, Outcome
from integ.trail import KmsCall

Calls = Sequence[tuple[datetime, KmsCall]]

# The words of Personalize, KMS and S3 for a missing permission; any other failure says nothing of a condition.
_DENIAL = re.compile(r"insufficient privileges|access ?denied|not authorized", re.IGNORECASE)


def tables(outcomes: Sequence[Outcome], calls: Calls, state_machines: Mapping[str, str], region: str, day: str) -> str:
    """Return Markdown for docs/documented.md."""
    lines = [
        f"Tried in {region} on {day}, by `make integ`:",
        "",
        "| created | policies for the service | it | so |",
        "|---|---|---|---|",
    ]
    for each in outcomes:
        ended = "worked" if each.worked else f"failed: {_cell(each.reason)}"
        lines.append(f"| {each.created} | {each.experiment.name} | {ended} | {_so(each, outcomes, calls)} |")
    lines += [
        "",
        "| who | key | call of KMS | encryption context, or grant | error | times |",
        "|---|---|---|---|---|---|",
    ]
    for call, times in sorted(Counter(call for _, call in calls).items()):
        lines.append(f"| {call.who} | {call.key} | `{call.action}` | {call.about} | {call.error} | {times} |")
    if not calls:
        lines.append("| no call was read from CloudTrail: look there in a quarter of an hour | | | | | |")
    lines += ["", "| Step Functions | is |", "|---|---|"]
    lines += [f"| {what} | {_cell(found)} |" for what, found in state_machines.items()]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _so(outcome: Outcome, outcomes: Sequence[Outcome], calls: Calls) -> str:
    """Return what an outcome proves."""
    where, asks_for = outcome.experiment.where, outcome.experiment.asks_for
    if not where:
        return "" if outcome.worked else f"no failure of another {outcome.created} says anything"
    if outcome.worked:
        return _so_if_it_worked(outcome, outcomes, calls)
    doubt = _doubt(outcome, outcomes, calls)
    if doubt:
        return doubt
    return "the statement is needed" if asks_for == NO_STATEMENT else f"`{asks_for}` can't be required for {where}"


def _so_if_it_worked(outcome: Outcome, outcomes: Sequence[Outcome], calls: Calls) -> str:
    where, asks_for = outcome.experiment.where, outcome.experiment.asks_for
    if asks_for == NO_STATEMENT:
        return "the statement isn't needed here"
    without = [
        each
        for each in outcomes
        if (each.created, each.experiment.where, each.experiment.asks_for) == (outcome.created, where, NO_STATEMENT)
    ]
    if any(each.worked for each in without):
        return "nothing: it works without a statement, too"
    if not without or any(_doubt(each, outcomes, calls) for each in without):
        return "nothing: it isn't known whether it works without a statement, too"
    return f"`{asks_for}` can be required for {where}"


def _doubt(outcome: Outcome, outcomes: Sequence[Outcome], calls: Calls) -> str:
    """Return why a failure isn't one for lack of the statement, or nothing if it is."""
    baseline = [each.worked for each in outcomes if not each.experiment.where and each.created == outcome.created]
    if len(baseline) < 2 or not all(baseline):
        return "nothing: it isn't known to work each time as the library writes it"
    if not _is_denial(outcome, calls):
        return "nothing: neither the reason nor CloudTrail has a denial"
    return ""


def _is_denial(outcome: Outcome, calls: Calls) -> bool:
    # CloudTrail has whole seconds.
    began = outcome.began.replace(microsecond=0)
    return bool(_DENIAL.search(outcome.reason)) or any(
        call.error.startswith("AccessDenied") and began <= moment <= outcome.ended for moment, call in calls
    )
