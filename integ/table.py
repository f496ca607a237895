"""The results as a part of docs/documented.md."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from integ.experiments import Outcome
from integ.trail import KmsCall


def tables(outcomes: Sequence[Outcome], calls: Counter[KmsCall], region: str, day: str) -> str:
    """Return Markdown for docs/documented.md."""
    lines = [
        f"Tried in {region} on {day}, by `make integ`:",
        "",
        "| job | policies for the service | it | so |",
        "|---|---|---|---|",
    ]
    for each in outcomes:
        ended = "worked" if each.worked else f"failed: {' '.join(each.reason.split())}".replace("|", "\\|")
        lines.append(f"| {each.job} | {each.experiment.name} | {ended} | {_so(each, outcomes)} |")
    lines += ["", "| who | key | call of KMS | encryption context | error | times |", "|---|---|---|---|---|---|"]
    for call, times in sorted(calls.items()):
        lines.append(f"| {call.who} | {call.key} | `{call.action}` | {call.context} | {call.error} | {times} |")
    if not calls:
        lines.append("| CloudTrail has no call yet: look again in a quarter of an hour | | | | | |")
    return "\n".join(lines) + "\n"


def _so(outcome: Outcome, outcomes: Sequence[Outcome]) -> str:
    """Return what an outcome proves: nothing, if a job works even without a statement for the service."""
    experiment = outcome.experiment
    if not experiment.where:
        return "" if outcome.worked else "nothing below says anything"
    if experiment.asks_for == "no statement":
        return f"the {experiment.where}'s statement isn't needed here" if outcome.worked else "the statement is needed"
    without = [
        each.worked
        for each in outcomes
        if (each.experiment.where, each.experiment.asks_for) == (experiment.where, "no statement")
    ]
    if outcome.worked and any(without):
        return "nothing: it works without a statement, too"
    if outcome.worked:
        return f"Personalize sends `{experiment.asks_for}` to the {experiment.where}"
    return f"`{experiment.asks_for}` can't be required for the {experiment.where}"
