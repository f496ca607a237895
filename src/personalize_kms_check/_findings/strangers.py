"""Strangers let in by a statement: everybody, other accounts, and Personalize at work for those.

https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import NamedTuple

from .._evaluation.calls import Call, Caller, service
from .._evaluation.conditions import Alternatives
from .._evaluation.elements import aws_principals, is_account, names_everybody, source_accounts
from .._evaluation.statements import serves, verdict_of
from .._model.causes import Cause, Reason
from .._model.policy_documents import Policy, PolicyStatement, allow_statements, conditions_of
from .._shared.answers import Answer, any_of
from .._shared.values import PARTITION, generated, same, split_arn

# An account that no policy names.
_ANOTHER_ACCOUNT = generated("another account")
_OF_CALLERS = ("aws:principal", "aws:userid", "aws:username")
# The only keys of that kind in an unsigned call
# (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html).
_UNSIGNED: Mapping[str, Alternatives] = {
    "aws:principalaccount": ("anonymous",),
    "aws:principaltype": ("Anonymous",),
}
OF_ANOTHER_ACCOUNT = {
    Answer.NO: Cause.FOR_ANOTHER_ACCOUNT,
    Answer.MAYBE: Cause.MAY_BE_ANOTHER_ACCOUNT,
}
"""The causes of a statement for another account, by whether this may be the own account."""


class Strangers(NamedTuple):
    """The calls by which strangers are looked for, and the policies to look in."""

    policies: list[Policy]
    call_by: Callable[[Caller], Call]
    """Returns a caller's call."""
    region: str
    own: Collection[str]
    """The accounts for which Personalize works; empty where only everybody is looked for."""

    def are_let_in(self, statement: PolicyStatement, call: Call) -> Answer:
        """Answer whether a statement allows a call, and the policies don't deny it."""
        allowed = serves(statement, call, of_resource=True)
        if allowed is Answer.NO:
            return allowed
        return min(allowed, ~verdict_of(self.policies, call, of_resource=True).denied.answer)

    def serve_account(self, statement: PolicyStatement, account: str) -> bool:
        call = as_sent(self.call_by(service(account, self.region)))
        return self.are_let_in(statement, call) is Answer.YES

    def serve_everybody(self, statement: PolicyStatement) -> bool:
        """Tell if a statement lets in a role of any account, or in S3 an unsigned call."""
        caller = Caller(_role_in(_ANOTHER_ACCOUNT), _ANOTHER_ACCOUNT, self.region)
        call = self.call_by(caller)
        if self.are_let_in(statement, call) is Answer.YES:
            return True
        if not call.action.startswith("s3:"):
            return False
        unsigned = _unsigned(call, self.policies)
        return self.are_let_in(statement, unsigned) is Answer.YES

    def serve_own_account(self) -> bool:
        for statement in allow_statements(self.policies):
            for account in self.own:
                if self.serve_account(statement, account):
                    return True
        return False


def strangers(statement: PolicyStatement, whom: Strangers) -> Iterator[Reason]:
    if names_everybody(statement.body) and whom.serve_everybody(statement):
        yield Reason.of(Cause.FOR_EVERYBODY, statement)
        return
    if not whom.own:
        return
    if whom.serve_account(statement, _ANOTHER_ACCOUNT):
        yield Reason.of(Cause.FOR_ANY_ACCOUNT, statement)
        return
    for account in source_accounts(statement.body):
        is_own = any_of(same(own, account) for own in whom.own)
        if is_own is Answer.YES or not whom.serve_account(statement, account):
            continue
        # Where nothing lets in its own, as far as that can be seen, this may be the one.
        if is_own is Answer.NO or whom.serve_own_account():
            cause = OF_ANOTHER_ACCOUNT[is_own]
            yield Reason.of(cause, statement, element="source account", value=account)


def foreign_principals(statement: PolicyStatement, whom: Strangers) -> Iterator[Reason]:
    for name in map(str, aws_principals(statement.body)):
        parts = split_arn(name)
        if parts is None and not name.isdigit():
            continue  # of no account
        account = parts[4] if parts else name
        caller = Caller(_role_in(account) if is_account(name) else name, account, whom.region)
        is_own = any_of(same(own, account) for own in whom.own)
        if is_own is Answer.YES:
            continue
        if whom.are_let_in(statement, whom.call_by(caller)) is not Answer.NO:
            yield Reason.of(OF_ANOTHER_ACCOUNT[is_own], statement, element="Principal", value=name)


def as_sent(call: Call) -> Call:
    """Return a call in which Personalize sends all documented condition keys."""
    sent = {}
    for key, alternatives in call.context.items():
        sent[key] = tuple(value for value in alternatives if value is not None) or alternatives
    return call.within(sent)


def _role_in(account: str) -> str:
    """Return the ARN of a role in an account. No policy names this role."""
    return f"arn:{PARTITION}:iam::{account}:role/{generated('another role')}"


def _unsigned(call: Call, policies: Iterable[Policy]) -> Call:
    """Return a call without a signature: conditions can know next to nothing of its caller."""
    absent: dict[str, Alternatives] = {}
    for policy in policies:
        for statement in policy.statements:
            if not statement.readable:
                continue
            for _, key, _ in conditions_of(statement.body):
                if key.lower().startswith(_OF_CALLERS):
                    absent[key.lower()] = (None,)
    return call.within({**call.context, **absent, **_UNSIGNED})
