"""Principals of policies: whether a statement of a resource's policy is about a caller.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from .._answers import Answer, all_of
from .._values import last_part, open_parts, same, split, split_arn
from .calls import Caller
from .causes import Cause, Reason, unknown_element
from .policy_documents import Body, as_list, is_by_principal_arn


class Addressed(StrEnum):
    """Whom a statement of a resource's policy is about; a role's permissions boundary limits some of them.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-iam.html
    """

    CALLER = "caller"
    """The caller itself, by its name: within its boundary."""
    SESSION = "session"
    """The caller's session, or everybody with the caller's ``aws:PrincipalArn``: whatever its boundary says."""
    EVERYBODY = "everybody"
    """Everybody, or somebody who isn't known: whether a boundary limits it isn't documented."""
    ACCOUNT = "account"
    """The caller's account, so that IAM policies decide: within its boundary."""


class Way(NamedTuple):
    """A way in which a statement is about a caller, how surely, and what leaves it open."""

    whom: Addressed
    answer: Answer
    doubts: tuple[Reason, ...] = ()


def addressed_to(body: Body, caller: Caller, *, denies: bool) -> list[Way]:
    """Return in which ways a statement of a resource's policy is about the caller."""
    if "NotPrincipal" in body:
        return _all_but(body["NotPrincipal"], caller, denies=denies)
    if "Principal" not in body:
        # "The principal_block element is required in resource-based policies … and in trust policies for IAM roles"
        # (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html).
        return []
    found: dict[Addressed, list[Way]] = {}
    for way in _principals(body["Principal"], caller):
        if way.answer is not Answer.NO:
            found.setdefault(way.whom, []).append(way)
    if Addressed.EVERYBODY in found and is_by_principal_arn(body):
        found.setdefault(Addressed.SESSION, []).extend(found.pop(Addressed.EVERYBODY))
    return [
        Way(whom, max(way.answer for way in ways), tuple(doubt for way in ways for doubt in way.doubts))
        for whom, ways in found.items()
    ]


def _principals(principal: Any, caller: Caller) -> Iterator[Way]:
    if principal == "*":
        yield Way(Addressed.EVERYBODY, Answer.YES)
        return
    if isinstance(principal, str) and not open_parts(principal):
        # "*" is the only string that is one (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html).
        return
    if not isinstance(principal, dict):
        yield _open(unknown_element("Principal", principal))
        return
    for kind, names in principal.items():
        for name in as_list(names):
            if type(name) is int:
                # An account without quotes, in YAML.
                name = str(name)
            if not isinstance(name, str):
                yield _open(Reason.of(Cause.ELEMENT_UNKNOWN, element="Principal"))
            elif kind == "Service":
                yield _way(Addressed.CALLER, same(caller.arn, name) if caller.is_service else Answer.NO, name)
            elif kind == "AWS":
                yield from _aws_principal(name, caller)
            elif kind not in ("Federated", "CanonicalUser"):
                yield _open(Reason.of(Cause.PRINCIPAL_NOT_UNDERSTOOD, principal=kind))


def _aws_principal(name: str, caller: Caller) -> Iterator[Way]:
    if name == "*":
        yield Way(Addressed.EVERYBODY, Answer.YES)
        return
    if caller.is_service:
        # It may be everybody, but for what AWS gives: an ARN is no "*".
        if not name.endswith(".Arn?}"):
            yield _way(Addressed.EVERYBODY, same("*", name), name)
        return
    account = name
    if parts := split_arn(name):
        if parts[2] == "sts" and parts[5].startswith("assumed-role/"):
            role_name = split(parts[5], "/")[1]
            named = all_of((same(caller.account, parts[4]), same(last_part(caller.arn), role_name)))
            answer = Answer.NO if named is Answer.NO else Answer.MAYBE
            yield Way(Addressed.SESSION, answer, (Reason.of(Cause.PRINCIPAL_SESSION, principal=name),))
            return
        yield _way(Addressed.CALLER, same(caller.arn, name), name)
        if parts[5] != "root":
            return
        account = parts[4]
    elif name.startswith("AROA"):
        known = same(caller.unique_id, name) if caller.unique_id else Answer.MAYBE
        doubts = (Reason.of(Cause.PRINCIPAL_ID, principal=name),) if known is Answer.MAYBE else ()
        yield Way(Addressed.CALLER, known, doubts)
        return
    elif not name.isdigit() and name != caller.account:
        if open_parts(name):
            yield _way(Addressed.EVERYBODY, Answer.MAYBE, name)
        return
    yield _way(Addressed.ACCOUNT, same(caller.account, account), name)


def _way(whom: Addressed, answer: Answer, name: str) -> Way:
    if answer is not Answer.MAYBE:
        return Way(whom, answer)
    parts = tuple(open_parts(name)) or ("the role",)
    return Way(whom, answer, (Reason.of(Cause.PRINCIPAL_UNKNOWN, principal=name, parts=parts),))


def _open(doubt: Reason) -> Way:
    return Way(Addressed.EVERYBODY, Answer.MAYBE, (doubt,))


def _all_but(principal: Any, caller: Caller, *, denies: bool) -> list[Way]:
    """Answer for ``NotPrincipal``.

    A denial spares a role only if its session, the role and the account are named, and the session that Personalize
    has isn't documented; a role with a permissions boundary is never spared
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html).
    """
    listed = [(way.whom, way.answer) for way in _principals(principal, caller) if way.answer is not Answer.NO]
    if not listed:
        return [Way(Addressed.EVERYBODY, Answer.YES)]
    if denies and caller.is_bounded:
        return [Way(Addressed.EVERYBODY, Answer.YES, (Reason.of(Cause.NOT_SPARED),))]
    certain = caller.is_service and any(answer is Answer.YES for _, answer in listed)
    named = any(whom is not Addressed.ACCOUNT and answer is Answer.YES for whom, answer in listed)
    if certain or (not denies and named):
        return []
    return [_open(Reason.of(Cause.NOT_PRINCIPAL))]
