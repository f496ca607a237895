"""Principals of resource policies: which callers a statement is about.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from .._model.causes import Cause, Reason, unknown_element
from .._model.policy_documents import Body, as_list
from .._shared.answers import Answer
from .._shared.values import open_parts, same, split_arn
from .calls import Caller
from .elements import is_by_principal_arn


class Addressee(StrEnum):
    """The callers addressed by a statement; a role's permissions boundary limits some of them.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-basics-iam.html
    """

    CALLER = "caller"
    """The caller itself, by its name: within its boundary."""
    SESSION = "session"
    """The caller's session, or everybody with the caller's ``aws:PrincipalArn``: whatever its
    boundary says."""
    EVERYBODY = "everybody"
    """Everybody, or somebody who isn't known: whether a boundary limits it isn't documented."""
    ACCOUNT = "account"
    """The caller's account, so IAM policies decide: within its boundary."""


class Way(NamedTuple):
    """A way in which a statement is about a caller, and its doubts."""

    whom: Addressee
    answer: Answer
    doubts: tuple[Reason, ...] = ()


def addressed_to(statement: Body, caller: Caller, *, denies: bool) -> list[Way]:
    if "NotPrincipal" in statement:
        return _all_but(statement["NotPrincipal"], caller, denies=denies)
    if "Principal" not in statement:
        # "The principal_block element is required in resource-based policies … and in trust
        # policies for IAM roles"
        # (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html).
        return []
    ways_to: dict[Addressee, list[Way]] = {}
    for way in _principals(statement["Principal"], caller):
        if way.answer is not Answer.NO:
            ways_to.setdefault(way.whom, []).append(way)
    if Addressee.EVERYBODY in ways_to and is_by_principal_arn(statement):
        to_everybody = ways_to.pop(Addressee.EVERYBODY)
        ways_to.setdefault(Addressee.SESSION, []).extend(to_everybody)
    joined = []
    for whom, ways in ways_to.items():
        doubts: list[Reason] = []
        for way in ways:
            doubts += way.doubts
        joined.append(Way(whom, max(way.answer for way in ways), tuple(doubts)))
    return joined


def _principals(principal: Any, caller: Caller) -> Iterator[Way]:
    if principal == "*":
        yield Way(Addressee.EVERYBODY, Answer.YES)
        return
    if isinstance(principal, str) and not open_parts(principal):
        # AWS takes no other string
        # (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html).
        return
    if not isinstance(principal, dict):
        yield _open(unknown_element("Principal", principal))
        return
    for kind, names in principal.items():
        for name in as_list(names):
            yield from _principal(kind, name, caller)


def _principal(kind: str, name: Any, caller: Caller) -> Iterator[Way]:
    if type(name) is int:
        # An account without quotes, in YAML.
        name = str(name)
    if not isinstance(name, str):
        yield _open(Reason.of(Cause.ELEMENT_UNKNOWN, element="Principal"))
    elif kind == "Service":
        answer = same(caller.arn, name) if caller.is_service else Answer.NO
        yield _way(Addressee.CALLER, answer, name)
    elif kind == "AWS":
        yield from _aws_principal(name, caller)
    elif kind not in ("Federated", "CanonicalUser"):
        yield _open(Reason.of(Cause.PRINCIPAL_NOT_UNDERSTOOD, principal=kind))


def _aws_principal(name: str, caller: Caller) -> Iterator[Way]:
    arn = split_arn(name)
    if name == "*":
        yield Way(Addressee.EVERYBODY, Answer.YES)
    elif caller.is_service:
        # It may be everybody, unless AWS generates it: an ARN is no "*".
        if not name.endswith(".Arn?}"):
            yield _way(Addressee.EVERYBODY, same("*", name), name)
    elif ":assumed-role/" in name:
        # Which session Personalize has isn't documented.
        doubt = Reason.of(Cause.PRINCIPAL_SESSION, principal=name)
        yield Way(Addressee.SESSION, Answer.MAYBE, (doubt,))
    elif arn:
        yield _way(Addressee.CALLER, same(caller.arn, name), name)
        if arn[5] == "root":
            yield _way(Addressee.ACCOUNT, same(caller.account, arn[4]), name, caller.account)
    elif name.startswith("AROA") and caller.unique_id in ("", name):
        doubt = Reason.of(Cause.PRINCIPAL_ID, principal=name)
        yield Way(Addressee.CALLER, Answer.MAYBE, (doubt,))
    elif name.isdigit() or name == caller.account:
        yield _way(Addressee.ACCOUNT, same(caller.account, name), name, caller.account)
    elif open_parts(name):
        yield _way(Addressee.EVERYBODY, Answer.MAYBE, name)


def _way(whom: Addressee, answer: Answer, name: str, account: str = "") -> Way:
    if answer is not Answer.MAYBE:
        return Way(whom, answer)
    parts = tuple(open_parts(name) or open_parts(account)) or ("the role",)
    doubt = Reason.of(Cause.PRINCIPAL_UNKNOWN, principal=name, parts=parts)
    return Way(whom, answer, (doubt,))


def _open(doubt: Reason) -> Way:
    return Way(Addressee.EVERYBODY, Answer.MAYBE, (doubt,))


def _all_but(principal: Any, caller: Caller, *, denies: bool) -> list[Way]:
    """Answer for ``NotPrincipal``.

    A denial spares a role only if its session, the role and the account are named. Personalize's
    session isn't documented. A role with a permissions boundary is never spared
    (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html).
    """
    listed = [way for way in _principals(principal, caller) if way.answer is not Answer.NO]
    if not listed or (denies and caller.is_bounded):
        return [Way(Addressee.EVERYBODY, Answer.YES)]
    certain = [way.whom for way in listed if way.answer is Answer.YES]
    is_named = any(whom is not Addressee.ACCOUNT for whom in certain)
    if (caller.is_service and certain) or (is_named and not denies):
        return []
    return [_open(Reason.of(Cause.NOT_PRINCIPAL))]
