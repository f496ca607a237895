"""A report of the doctor followed to the letter, in an account that isn't there."""

from __future__ import annotations

import re
from typing import Any

from tests.doctor.fake_account import ROLE, FakeAccount, Statements

ID = re.compile(r"A(?:RO|ID)ADEAD\w+")
"""The id of a deleted role or user."""


def apply(account: FakeAccount, report: Any) -> list[tuple[str, Any]]:
    """Do what a report says, and return the statements that policies were told to have, with the kinds of policies."""
    told: list[tuple[str, Any]] = []
    for change in report["policies"]:
        policy = policy_of(account, change["policy"], change["policy_of"])
        goes = change.get("replaces", [])
        kept = [statement for number, statement in enumerate(policy, 1) if label(statement, number) not in goes]
        policy[:] = kept + [statement for statement in change["should_have"] if statement not in kept]
        told += [(change["policy"], statement) for statement in change["should_have"]]
    for problem in report["problems"]:
        if problem["cause"] in ("deleted-principal", "unused-id"):
            (dead,) = ID.findall(problem["message"])
            for policy in (account.keys.get(problem["subject"], account.bucket_policy), account.trust):
                put_in_place_of(policy, dead, [ROLE] if problem["cause"] == "deleted-principal" else [])
        else:
            assert problem["cause"] in ("not-trusted", "trust-denied")
    denied = [each for each in (*report["missing"], *report["problems"]) if each["cause"] in ("denied", "trust-denied")]
    if denied:
        for policy in (*account.keys.values(), *account.policies.values(), account.bucket_policy, account.trust):
            policy[:] = [statement for statement in policy if statement["Effect"] == "Allow"]
    return told


def policy_of(account: FakeAccount, kind: str, arn: str) -> Statements:
    """Return the statements of a policy; those of the role are in one."""
    if kind == "key":
        return account.keys[arn]
    if kind == "boundary":
        assert account.boundary is not None
        return account.boundary
    return {"bucket": account.bucket_policy, "role": account.policies["P"], "trust": account.trust}[kind]


def label(statement: Any, number: int) -> str:
    """Return what a report calls a statement."""
    return str(statement.get("Sid", number))


def put_in_place_of(policy: Statements, dead: str, others: list[str]) -> None:
    """Put principals in the place of an id; a statement without any goes."""
    left = []
    for statement in policy:
        names = statement["Principal"].get("AWS", []) if isinstance(statement["Principal"], dict) else []
        names = [names] if isinstance(names, str) else names
        if dead not in names:
            left.append(statement)
        elif named := [name for name in names if name != dead] + others:
            left.append({**statement, "Principal": {"AWS": named}})
    policy[:] = left
