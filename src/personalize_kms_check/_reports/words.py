"""The words that all forms of a report share: titles of policies, advice and the summary."""

from __future__ import annotations

import json

from .._policy_to_change import PolicyToChange
from .._values import shown
from .outcome import AccessFindings
from .report_lines import Line, whose
from .short_names import Names

_NOTHING = (
    "Nothing in the templates asks Amazon Personalize for anything, so nothing was checked but "
    "whom policies let in. They don't show calls from Lambda functions or from outside the app: "
    "declare what these create, with declare_created in the app or --created"
)
_NOT_KNOWN = "What is asked of Amazon Personalize can't be checked: see "


def title(policy: PolicyToChange, names: Names, *, is_whole: bool = True) -> str:
    """Return the title of a policy to change, with notes for its writer.

    Its statements are all for Personalize that it should have, or else some to add.
    """
    purpose = "to add"
    if is_whole and (policy.policy in ("key", "bucket") or policy.replaces):
        purpose = "for Personalize"
    elif policy.policy == "role" and policy.too_much:
        purpose = "in the place of what is too much"
        if not policy.should_have:
            purpose = f"nothing {purpose}"
    name = whose(policy.policy, names.of(policy.policy_of))
    return f"{name}, {purpose}{_notes(policy, names)}"


def _notes(policy: PolicyToChange, names: Names) -> str:
    notes = []
    if policy.file and policy.policy == "key" and policy.declared:
        # The templates have the key, and the construct knows a part of its ARN, its id for example.
        name = names.of(policy.policy_of)
        notes.append(f"pass the construct {name} itself instead of its ARN")
    elif policy.file:
        notes.append(f"its owner adds the statements in {policy.file}, which the synth wrote")
    elif policy.policy == "boundary" and not policy.declared:
        notes.append("have its owner add them")
    if policy.replaces:
        several = "s" if len(policy.replaces) > 1 else ""
        notes.append(f"in the place of statement{several} {', '.join(policy.replaces)}")
    if policy.make:
        notes.append(_note_to_make(policy))
    if _is_too_much_of_aws(policy):
        notes.append("detach AWS's policy, which nobody else can change")
    if policy.unnamed_roles:
        roles = ", ".join(map(names.of, policy.unnamed_roles))
        notes.append(f"first set a RoleName on {roles}, which replaces a role that is deployed")
    if policy.own_conditions:
        notes.append(f"conditions of yours that go: {', '.join(policy.own_conditions)}")
    if policy.also_for:
        others = ["everybody" if name == "*" else names.of(name) for name in policy.also_for]
        notes.append(f"what goes also serves {', '.join(others)}")
    return f" ({'; '.join(notes)})" if notes else ""


def _note_to_make(policy: PolicyToChange) -> str:
    note = f"a new {policy.make}"
    if policy.policy == "boundary":
        note += " instead of AWS's, with all that this one allows"
    waiting = [declared.construct_path.removesuffix("/Resource") for declared in policy.waiting]
    if waiting:
        note += f"; have {', '.join(waiting)} wait for it by DependsOn"
    return note


def _is_too_much_of_aws(policy: PolicyToChange) -> bool:
    """Tell if a policy of AWS's has an excess."""
    for entry in policy.too_much:
        for statement in entry.reason.statements:
            if statement.policy.of_aws:
                return True
    return False


def what_to_do(line: Line, names: Names) -> str:
    """Return the remedy of a line: the statements that policies should have, or else words."""
    parts = []
    for policy in line.policies:
        statements = "; ".join(map(json.dumps, policy.should_have))
        part = title(policy, names)
        parts.append(f"{part}: {statements}" if statements else part)
    return shown(names.short("; ".join(parts))) or line.fix


def asks_nothing(report: AccessFindings) -> str:
    """Return the words for a report on nothing, or for dataset groups that ask for nothing."""
    if report.without_key:
        have, them = ("has", "it") if len(report.without_key) == 1 else ("have", "them")
        groups = ", ".join(report.without_key)
        return (
            f"{groups} {have} no key of yours: Personalize encrypts {them} with its own, and asks "
            "for nothing"
        )
    if report.asked:
        return ""
    if not report.undecided and not report.problems:
        return _NOTHING
    return _NOT_KNOWN + ("the problems" if report.problems else "what is undecided")


def summary(report: AccessFindings) -> str:
    """Return the counts in one line."""
    problems = counted(len(report.problems), "problem")
    warnings = sum(problem.is_warning for problem in report.problems)
    if warnings:
        problems += f" ({counted(warnings, 'warning')})"
    return (
        f"{len(report.missing)} missing, {problems}, {len(report.excess)} too much, "
        f"{len(report.undecided)} undecided, {len(report.allowed)} as AWS's pages ask"
    )


def assumed(report: AccessFindings) -> str:
    """Return the words for the defaults that decide conditions, if there are any."""
    if not report.assumed:
        return ""
    empty = '""'
    values = [f"{name}={value or empty}" for name, value in report.assumed.items()]
    return (
        f"Conditions are decided by defaults of parameters: {', '.join(values)}. "
        "Pass others by --parameters"
    )


def left_out(report: AccessFindings) -> str:
    """Return the words for the findings that the counts leave out."""
    if not report.left_out:
        return ""
    return f"{counted(report.left_out, 'finding')} left out, acknowledged in the app or ignored"


def counted(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
