"""The words shared by all forms of a report: titles of policies, advice and the summary."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import PurePosixPath

from .._model.policy_to_change import PolicyToChange
from .._model.report import AccessReport
from .._shared.values import HOLE, unmark
from .report_lines import Line, path_of, whose, with_remedy
from .short_names import Names

_NOTHING = (
    "checked: only who may use the policies for Personalize, since no template creates anything "
    "there",
    "if code creates something there, declare it with declare_created in the app, or --created",
)
_NOT_KNOWN = ("checked: no request to Personalize, for the reasons below",)
_EMPTY = '""'
_WIDTH = 100
_NAMED = 6
"""So many resources are named; of more, the kinds are counted."""


def title(policy: PolicyToChange, names: Names) -> str:
    purpose = "to add"
    if policy.replaces:
        several = "s" if len(policy.replaces) > 1 else ""
        purpose = f"replacing statement{several} {', '.join(policy.replaces)}"
    elif policy.policy == "role" and policy.too_much:
        purpose = "replacing the actions that are too much"
        if not policy.should_have:
            purpose = "without the actions that are too much"
    name = whose(policy.policy, names.of(policy.policy_of))
    return f"{name}, {purpose}{_notes(policy, names)}"


def _notes(policy: PolicyToChange, names: Names) -> str:
    notes = []
    if policy.file and policy.policy == "key" and policy.declared:
        # The templates have the key, and the construct knows a part of its ARN, its id for example.
        name = names.of(policy.policy_of)
        notes.append(f"pass the construct {name} itself instead of its ARN")
    elif policy.file:
        files = [path_of(file, policy.lacks) for file in policy.files]
        notes.append(f"its owner adds the statements in {' and '.join(files)}")
    elif policy.policy == "boundary" and not policy.declared:
        notes.append("have its owner add them")
    holes = dict.fromkeys(HOLE.findall(json.dumps(policy.should_have)))
    if holes and not policy.declared:
        notes.append(f"replace {', '.join(holes)} with the value in the deployed stack")
    if policy.make:
        notes.append(_note_to_make(policy))
    if policy.policy == "role" and _is_too_much_of_others(policy):
        notes.append("detach the policy that isn't the app's, since others have it")
    if policy.unnamed_roles:
        roles = ", ".join(map(names.of, policy.unnamed_roles))
        notes.append(f"first set RoleName on {roles}, which replaces a deployed role; check again")
    if policy.own_conditions:
        notes.append(f"keep your own conditions: {', '.join(policy.own_conditions)}")
    if policy.also_for:
        others = ["everybody" if name == "*" else names.of(name) for name in policy.also_for]
        notes.append(f"others use it too: {', '.join(others)}")
    return f" ({'; '.join(notes)})" if notes else ""


def _note_to_make(policy: PolicyToChange) -> str:
    note = f"a new {policy.make}"
    if policy.policy == "boundary":
        note += " instead of AWS's, with all that this one allows"
    waiting = [declared.path for declared in policy.waiting]
    if waiting:
        note += f"; have {', '.join(waiting)} wait for it by DependsOn"
    return note


def _is_too_much_of_others(policy: PolicyToChange) -> bool:
    for entry in policy.too_much:
        for statement in entry.reason.statements:
            if statement.policy.of_aws or statement.policy.is_given:
                return True
    return False


def what_to_do(line: Line, names: Names) -> str:
    """Return the remedy of a line: the statements policies should have, or else words."""
    parts = []
    for policy in line.policies:
        statements = "; ".join(map(json.dumps, policy.should_have))
        part = title(policy, names)
        parts.append(f"{part}: {statements}" if statements else part)
    return unmark(names.short("; ".join(parts))) or line.fix


def sentences(lines: Iterable[Line]) -> tuple[list[str], list[str]]:
    """Number remedies that several lines share, or that are too wide: they are written below."""
    lines = list(lines)
    shared = Counter(line.fix for line in lines)
    numbers: dict[str, str] = {}
    texts = []
    for line in lines:
        sentence = with_remedy(line.text, line.fix)
        if line.fix and (shared[line.fix] > 1 or len(sentence) > _WIDTH):
            number = numbers.setdefault(line.fix, f"[{len(numbers) + 1}]")
            sentence = f"{line.text} {number}"
        texts.append(sentence)
    return texts, [f"{number} {fix}" for fix, number in numbers.items()]


def heading(report: AccessReport) -> list[str]:
    lines = [report.account] if report.account else []
    if report.asked:
        lines.append(f"checked: {_in_short(report)}")
    elif not report.without_key and not report.account:
        lines += _NOT_KNOWN if report.undecided or report.problems else _NOTHING
    if report.without_key:
        has, uses = ("has", "it") if len(report.without_key) == 1 else ("have", "them")
        groups = report.listed(report.without_key)
        lines.append(
            f"{groups} {has} no key of yours: Personalize encrypts {uses} with its own, and needs "
            "no permissions for that"
        )
    if report.assumed:
        values = [f"{name}={value or _EMPTY}" for name, value in report.assumed.items()]
        lines.append(
            f"conditions use the defaults of parameters: {', '.join(values)}; pass other values "
            "with --parameters"
        )
    return lines


def _in_short(report: AccessReport) -> str:
    """Return the resources with their kinds; of many, or in an account, how many of each kind."""
    named: dict[str, str] = {}
    above: set[str] = set()
    for label in report.asked:
        name, _, kind = label.removesuffix(")").rpartition(" (")
        named[f"{kind} {name}"] = kind
        above.update(f"{kind} {path}" for path in PurePosixPath(name).parents)
    if not report.account and len(named) <= _NAMED:
        return ", ".join(sorted(named))
    # What its L1s ask for, a construct asks for, too.
    kinds = Counter(named[name] for name in named.keys() - above)
    return ", ".join(sorted(counted(number, kind) for kind, number in kinds.items()))


def summary(report: AccessReport) -> str:
    problems = counted(len(report.problems), "problem")
    warnings = sum(problem.is_warning for problem in report.problems)
    if warnings:
        problems += f" ({counted(warnings, 'warning')})"
    return (
        f"{len(report.missing)} missing, {problems}, {len(report.excess)} too much, "
        f"{len(report.undecided)} undecided, {len(report.allowed)} as documented"
    )


def left_out(report: AccessReport) -> list[str]:
    if not report.left_out:
        return []
    return [f"{counted(report.left_out, 'finding')} left out, acknowledged in the app or ignored"]


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
