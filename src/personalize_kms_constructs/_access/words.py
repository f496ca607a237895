"""The words of a report that all of its forms have: for its rows, for what to do, and for the sum."""

from __future__ import annotations

from typing import Any, NamedTuple

from .causes import MAY_BE_TOO_MUCH, policy_of_whom
from .entries import AccessFindings, Allowed, Excess, Missing, Undecided
from .grouping import Names, Row, who
from .needs import IN_BOUNDARY, IN_KEY_POLICY
from .pasting import has_placeholders

_NOTHING = (
    "Nothing in the templates asks Amazon Personalize for anything, so nothing was checked. They don't show calls from "
    "Lambda functions or from outside the app: declare what these create, with declare_created in the app or --created"
)
_LOOK = "look at it where it is deployed, with personalize-kms doctor"
_NOT_KNOWN = "What is asked of Amazon Personalize can't be checked: see the problems, and what is undecided"


class Step(NamedTuple):
    """A remedy for a row."""

    words: str
    statements: list[Any]
    """The statements to add, or to put in the place of what is too much, as the template takes them."""


def claim(row: Row, names: Names) -> str:
    """Return what is found."""
    entry = row.first
    if not entry.principal:
        return ", ".join(row.needed_by)
    is_allowed = isinstance(entry, Allowed)
    what = []
    for actions, resources in row.actions_on:
        on = names.short(", ".join(filter(None, row.within(resources) if is_allowed else resources)))
        what.append(f"{', '.join(actions)}{f' on {on}' if on else ''}")
    told = "lacks" if isinstance(entry, Missing) else "may"
    start = {Excess: "too much: ", Undecided: "not known whether "}.get(type(entry), "")
    if entry.cause in MAY_BE_TOO_MUCH:
        start = "maybe too much: "
    return f"{start}{who(entry, names)} {told} {', '.join(what)} ({row.where})"


def step_of(row: Row, names: Names) -> Step:
    """Return what to do about what is missing, too much or undecided."""
    entry = row.first
    if isinstance(entry, Excess):
        words = entry.fix
    elif isinstance(entry, Missing) and entry.add is not None:
        made = f", an {entry.make} that has to be made{entry.made_where}" if entry.make else ""
        if made and entry.add_to == IN_BOUNDARY:
            made += " instead of AWS's, with all that this one allows"
        if entry.depends_on:
            paths = ", ".join(each.construct_path for each in entry.policies)
            made = f", maybe {paths} (it depends on {', '.join(entry.depends_on)}): a bucket takes no second one"
        words = f"add to {policy_of_whom(entry.add_to, names.of(entry.add_to_whom))}{made}"
    else:
        words = entry.reason.remedy or (_LOOK if entry.file else f"{_LOOK}, or add to the app what isn't part of it")
    if waiting := dict.fromkeys(found.construct_path for each in row.entries for found in each.waiting):
        words += f", and have {', '.join(waiting)} wait for it by DependsOn"
    statements = row.pasted
    is_open = any(has_placeholders(each.get("Condition")) for each in statements)
    if is_open and names.of(entry.principal_arn) != entry.principal_arn:
        words = f"set a RoleName on {who(entry, names)}, then {words}"
    if entry.file and (statements or isinstance(entry, Undecided)):
        first = f"have its owner add the statements in {entry.file}, which the synth wrote"
        if isinstance(entry, Missing) and entry.add_to == IN_KEY_POLICY and entry.policies:
            # The templates have the key, and the construct knows a part of its ARN, its id for example.
            first = f"pass the construct {names.of(entry.policy_of)} itself instead of its ARN"
        words = f"{first}, {'or' if statements else 'then'} {words}"
    more = ", with values for ${…}" if has_placeholders(statements) else ""
    return Step(names.short(f"{words}{more}"), statements)


def asks_nothing(report: AccessFindings) -> str:
    """Return the words for dataset groups that ask for nothing, or for a report on nothing; else none."""
    if report.without_key:
        have, them = ("has", "it") if len(report.without_key) == 1 else ("have", "them")
        groups = ", ".join(report.without_key)
        return f"{groups} {have} no key of yours: Personalize encrypts {them} with its own, and asks for nothing"
    if report.asked or report.deployed:
        return ""
    return _NOT_KNOWN if report.undecided or report.problems else _NOTHING


def summary(report: AccessFindings) -> str:
    """Return the counts in one line."""
    problems = _count(len(report.problems), "problem")
    warnings = sum(each.is_warning for each in report.problems)
    if warnings:
        problems += f" ({_count(warnings, 'warning')})"
    excess = "" if report.deployed else f"{len(report.excess)} too much, "
    return (
        f"{len(report.missing)} missing, {problems}, {excess}"
        f"{len(report.undecided)} undecided, {len(report.allowed)} as AWS's pages ask"
    )


def assumed(report: AccessFindings) -> str:
    """Return the words for the defaults by which conditions were decided, if there are any."""
    if not report.assumed:
        return ""
    values = ", ".join(f"{name}={value}" for name, value in report.assumed.items())
    return f"Conditions are decided by defaults of parameters: {values}. Pass others by --parameters"


def left_out(report: AccessFindings) -> str:
    """Return the words for the findings that the counts leave out."""
    if not report.left_out:
        return ""
    return f"{_count(report.left_out, 'finding')} left out, acknowledged in the app or ignored"


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
