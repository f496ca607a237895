"""A report of the doctor followed to the letter, in an account in memory."""

from __future__ import annotations

import re
from typing import Any

from tests.doctor.fake_account import FakeAccount, Statements

ID = re.compile(r"A(?:RO|ID)ADEAD\w+")
"""The id of a deleted role or user."""
_NAMED = re.compile(
    r"statement (?:number )?(\S+) of "
    r"(the (key|bucket|trust) policy|(?:inline )?policy|permissions (boundary))"
)


def apply(account: FakeAccount, report: Any) -> list[tuple[str, Any]]:
    """Do what a report says, and return the added statements with the kinds of their policies."""
    told: list[tuple[str, Any]] = []
    # A statement's number is the one that it had when the report was written.
    denied = [
        (*named(account, entry, entry["because"]), entry["action"]) for entry in report["missing"]
    ]
    for change in report["policies"]:
        assert change.keys().isdisjoint({"replaces", "also_for"})
        policy = policy_of(account, change["policy"], change["policy_of"])
        policy += [statement for statement in change["should_have"] if statement not in policy]
        told += [(change["policy"], statement) for statement in change["should_have"]]
    for *statements, action in denied:
        for policy, statement in statements:
            change_action(policy, statement, action)
    for problem in report["problems"]:
        if problem["cause"] == "trust-denied":
            for policy, statement in named(account, problem, problem["message"]):
                policy.remove(statement)
        elif problem["cause"] == "unused-id":
            (dead,) = ID.findall(problem["message"])
            for policy in (
                account.keys.get(problem["subject"], account.bucket_policy),
                account.trust,
            ):
                take_out(policy, dead)
        else:
            assert problem["cause"] == "not-trusted"
    return told


def named(account: FakeAccount, entry: Any, says: str) -> list[tuple[Statements, Any]]:
    """Return the statements that deny something, each with its policy."""
    statements = []
    for label, _, kind, boundary in _NAMED.findall(says) if "denied by" in says else []:
        policy = policy_of(account, kind or boundary or "role", entry.get("policy_of", ""))
        for number, statement in enumerate(policy, 1):
            if label in (statement.get("Sid"), str(number)):
                statements.append((policy, statement))
    return statements


def policy_of(account: FakeAccount, kind: str, arn: str) -> Statements:
    """Return the statements of a policy; those of the role are in one."""
    if kind == "key":
        return account.keys[arn]
    if kind == "boundary":
        assert account.boundary is not None
        return account.boundary
    return {"bucket": account.bucket_policy, "role": account.policies["P"], "trust": account.trust}[
        kind
    ]


def change_action(policy: Statements, statement: Any, action: str) -> None:
    """Take an action out of a statement that denies it; one without any goes."""
    actions = (
        statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    )
    left = [name for name in actions if name != action]
    if left:
        statement["Action"] = left
    elif statement in policy:
        policy.remove(statement)


def take_out(policy: Statements, dead: str) -> None:
    """Take an id out of a policy; a statement that names nobody else goes."""
    left = []
    for statement in policy:
        names = (
            statement["Principal"].get("AWS", [])
            if isinstance(statement["Principal"], dict)
            else []
        )
        names = [names] if isinstance(names, str) else names
        if dead not in names:
            left.append(statement)
        elif others := [name for name in names if name != dead]:
            left.append({**statement, "Principal": {"AWS": others}})
    policy[:] = left


def of_others(account: FakeAccount, ours: set[str]) -> set[tuple[str, ...]]:
    """Return what policies allow others than the role and Personalize, less ids of the dead."""
    allowed: set[tuple[str, ...]] = set()
    policies = [*account.keys.items(), ("bucket", account.bucket_policy), ("trust", account.trust)]
    for owner, statements in policies:
        for statement in statements:
            principal = (
                statement["Principal"] if isinstance(statement["Principal"], dict) else {"AWS": "*"}
            )
            for names in principal.values():
                for name in [names] if isinstance(names, str) else names:
                    if statement["Effect"] == "Allow" and name not in ours and not ID.match(name):
                        actions, condition = statement["Action"], statement.get("Condition")
                        listed = [actions] if isinstance(actions, str) else actions
                        allowed |= {(owner, name, action, str(condition)) for action in listed}
    return allowed
