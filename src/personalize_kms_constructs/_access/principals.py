"""Principals of policies: whether a statement of a resource's policy is about a caller.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any

from .answers import Answer, all_of
from .calls import Caller
from .lists import as_list
from .model import Statement, Written
from .values import last_part, open_parts, same, split, split_arn


class Addressed(Enum):
    """Whom a statement of a resource's policy is about."""

    CALLER = "caller"
    """The caller itself."""
    ACCOUNT = "account"
    """The caller's account, so that IAM policies decide."""


Way = tuple[Addressed, Answer, str]
"""Whom, how surely, and what leaves it open."""


def addressed_to(statement: Written, caller: Caller, *, denies: bool) -> list[Way]:
    """Return in which ways a statement of a resource's policy is about the caller, and what leaves it open."""
    ways = statement.addressed.get(caller)
    if ways is None:
        ways = statement.addressed[caller] = _addressed_to(statement.body, caller, denies=denies)
    return ways


def _addressed_to(body: Statement, caller: Caller, *, denies: bool) -> list[Way]:
    if "NotPrincipal" in body:
        return [way for way in [_all_but(body["NotPrincipal"], caller, denies=denies)] if way[1] is not Answer.NO]
    if "Principal" not in body:
        return [(Addressed.CALLER, Answer.MAYBE, "it has neither Principal nor NotPrincipal")]
    found: dict[Addressed, list[tuple[Answer, str]]] = {}
    for whom, answer, reason in _principals(body["Principal"], caller):
        if answer is not Answer.NO:
            found.setdefault(whom, []).append((answer, reason))
    return [
        (
            whom,
            max(answer for answer, _ in answers),
            "; ".join(reason for answer, reason in answers if answer is Answer.MAYBE),
        )
        for whom, answers in found.items()
    ]


def _principals(principal: Any, caller: Caller) -> Iterator[Way]:
    if principal == "*":
        yield Addressed.CALLER, Answer.YES, ""
        return
    if not isinstance(principal, Mapping):
        yield Addressed.CALLER, Answer.MAYBE, "Principal isn't known before deployment"
        return
    for kind, names in principal.items():
        for name in as_list(names):
            if not isinstance(name, str):
                yield Addressed.CALLER, Answer.MAYBE, "Principal isn't known before deployment"
            elif kind == "Service":
                yield _way(Addressed.CALLER, same(caller.arn, name) if caller.is_service else Answer.NO, name)
            elif kind == "AWS":
                yield from _aws_principal(name, caller)
            elif kind not in ("Federated", "CanonicalUser"):
                yield Addressed.CALLER, Answer.MAYBE, f"Principal {kind} isn't understood"


def _aws_principal(name: str, caller: Caller) -> Iterator[Way]:
    if name == "*":
        yield Addressed.CALLER, Answer.YES, ""
        return
    if caller.is_service:
        return
    account = name
    if parts := split_arn(name):
        if parts[2] == "sts" and parts[5].startswith("assumed-role/"):
            role_name = split(parts[5], "/")[1]
            named = all_of((same(caller.account, parts[4]), same(last_part(caller.arn), role_name)))
            answer = Answer.NO if named is Answer.NO else Answer.MAYBE
            yield Addressed.CALLER, answer, f"Principal {name}: which session Personalize has isn't documented"
            return
        yield _way(Addressed.CALLER, same(caller.arn, name), name)
        if parts[5] != "root":
            return
        account = parts[4]
    elif name.startswith("AROA"):
        reason = f"Principal {name} is the id of a role, maybe of one that is no more"
        known = same(caller.unique_id, name) if caller.unique_id else Answer.MAYBE
        yield Addressed.CALLER, known, reason
        return
    elif not name.isdigit() and name != caller.account:
        if open_parts(name):
            yield _way(Addressed.CALLER, Answer.MAYBE, name)
        return
    yield _way(Addressed.ACCOUNT, same(caller.account, account), name)


def _way(whom: Addressed, answer: Answer, name: str) -> Way:
    if answer is not Answer.MAYBE:
        return whom, answer, ""
    return whom, answer, f"Principal {name}: {', '.join(open_parts(name)) or 'the role'} isn't known before deployment"


def _all_but(principal: Any, caller: Caller, *, denies: bool) -> Way:
    """Answer for ``NotPrincipal``.

    A denial spares a role only if its session, the role and the account are named, and the session that Personalize
    has isn't documented
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html).
    """
    listed = [(whom, answer) for whom, answer, _ in _principals(principal, caller) if answer is not Answer.NO]
    if not listed:
        return Addressed.CALLER, Answer.YES, ""
    certain = caller.is_service and any(answer is Answer.YES for _, answer in listed)
    if certain or (not denies and (Addressed.CALLER, Answer.YES) in listed):
        return Addressed.CALLER, Answer.NO, ""
    return Addressed.CALLER, Answer.MAYBE, "NotPrincipal names the role or its account, but not its session"
