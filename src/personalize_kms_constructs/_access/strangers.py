"""Strangers that policies let in: everybody, other accounts, and Personalize at work for those.

https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

from .._answers import Answer, any_of
from .._values import PARTITION, generated, matches, same, split_arn, unknown
from ..matrix import ASSUME_ROLE, CONFUSED_DEPUTY_PAGE, SERVICE_PRINCIPAL
from .calls import Call, Caller, assume_role, service
from .causes import MAY_BE_TOO_MUCH, Cause, Reason
from .conditions import Alternatives
from .declarations import Declaration
from .entries import Entry
from .model import AccessModel, Asked, Bucket, Column, Key, PrincipalKind, Role, declared_of
from .policy_documents import (
    Policy,
    PolicyStatement,
    actions_of,
    allow_statements,
    aws_principals,
    conditions_of,
    is_account,
    names_everybody,
    principals_of,
    resources_of,
    source_accounts,
)
from .statements import serves, verdict_of
from .which_policy import own_documents

# An account that no policy names.
_ANOTHER_ACCOUNT = generated("another account")
_OF_CALLERS = ("aws:principal", "aws:userid", "aws:username")
# The only keys of that kind in an unsigned call
# (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html).
_UNSIGNED: Mapping[str, Alternatives] = {
    "aws:principalaccount": ("anonymous",),
    "aws:principaltype": ("Anonymous",),
}
_ANYBODY = (Cause.FOR_EVERYBODY, Cause.FOR_ANY_ACCOUNT)
_OF_ANOTHER_ACCOUNT = {
    Answer.NO: Cause.FOR_ANOTHER_ACCOUNT,
    Answer.MAYBE: Cause.MAY_BE_ANOTHER_ACCOUNT,
}
"""The causes of a statement for another account, by whether that is the own account."""


class Strangers(NamedTuple):
    """The calls by which strangers are looked for, and the policies that may let them in."""

    policies: list[Policy]
    call_by: Callable[[Caller], Call]
    """Returns a caller's call."""
    region: str
    own: Collection[str]
    """The accounts for which Personalize works; empty where only everybody is looked for."""

    def are_let_in(self, statement: PolicyStatement, call: Call) -> Answer:
        """Answer whether a statement allows a call that the policies don't deny."""
        allowed = serves(statement, call, of_resource=True)
        if allowed is Answer.NO:
            return allowed
        return min(allowed, ~verdict_of(self.policies, call, of_resource=True).denied.answer)

    def serve_account(self, statement: PolicyStatement, account: str) -> bool:
        """Tell if a statement lets in Personalize at work for an account."""
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
        """Tell if a statement lets in Personalize at work for one of its own accounts."""
        for statement in allow_statements(self.policies):
            for account in self.own:
                if self.serve_account(statement, account):
                    return True
        return False


def strangers(statement: PolicyStatement, whom: Strangers) -> Iterator[Reason]:
    """Yield the reasons for which a statement lets in strangers."""
    if names_everybody(statement.body) and whom.serve_everybody(statement):
        yield Reason.of(Cause.FOR_EVERYBODY, statement)
        return
    if whom.own and whom.serve_account(statement, _ANOTHER_ACCOUNT):
        yield Reason.of(Cause.FOR_ANY_ACCOUNT, statement)
        return
    for account in source_accounts(statement.body) if whom.own else ():
        is_own = any_of(same(own, account) for own in whom.own)
        if is_own is Answer.YES or not whom.serve_account(statement, account):
            continue
        # Where nothing lets in its own, as far as that can be seen, this may be the one.
        if is_own is Answer.NO or whom.serve_own_account():
            cause = _OF_ANOTHER_ACCOUNT[is_own]
            yield Reason.of(cause, statement, element="source account", value=account)


def as_sent(call: Call) -> Call:
    """Return a call in which Personalize sends all condition keys that AWS documents."""
    sent = {}
    for key, alternatives in call.context.items():
        sent[key] = tuple(value for value in alternatives if value is not None) or alternatives
    return call.within(sent)


def _role_in(account: str) -> str:
    """Return the ARN of a role in an account that no policy names."""
    return f"arn:{PARTITION}:iam::{account}:role/{generated('another role')}"


def _unsigned(call: Call, policies: Iterable[Policy]) -> Call:
    """Return a call that nobody signed, of which a condition can know next to nothing."""
    absent: dict[str, Alternatives] = {}
    for policy in policies:
        for statement in policy.statements:
            for _, key, _ in conditions_of(statement.body) if statement.readable else ():
                if key.lower().startswith(_OF_CALLERS):
                    absent[key.lower()] = (None,)
    return call.within({**call.context, **absent, **_UNSIGNED})


def trusted_beyond(model: AccessModel) -> Iterator[Entry]:
    """Yield the strangers that the trust policies of service roles let in."""
    asked_with: dict[str, list[Asked]] = {}
    for asked in model.asked:
        if asked.role_arn in model.roles:
            asked_with.setdefault(asked.role_arn, []).append(asked)
    for arn, asks in asked_with.items():
        role = model.roles[arn]
        whom = Strangers(
            role.trust, partial(assume_role, role=role), asks[0].region, (role.account,)
        )
        for statement in allow_statements(role.trust):
            for reason in strangers(statement, whom):
                yield _trust_entry(role, asks, reason, "service", SERVICE_PRINCIPAL)
            for reason in _foreign_principals(role, statement, whom):
                yield _trust_entry(role, asks, reason, "account", str(reason.values["value"]))


def let_in_beside(model: AccessModel, told: Iterable[Entry]) -> Iterator[Entry]:
    """Yield the strangers that policies of templates let in, whatever is asked.

    These are everybody, and Personalize for any account: without a request any other account may be
    the right one. Statements of which ``told`` has an entry are left out.
    """
    told_of: set[tuple[Declaration | None, str]] = set()
    for entry in told:
        if entry.cause in _ANYBODY:
            told_of.update(map(_identity_of, entry.reason.statements))
    for owner in model.owners_beside:
        is_in_model = owner.arn in model.buckets or owner.arn in model.keys
        statements = list(allow_statements(own_documents(owner)))
        if isinstance(owner, Role) or is_in_model or _names_service(statements):
            for statement in statements:
                if _identity_of(statement) not in told_of:
                    yield from _let_in_by(statement, owner)


def _identity_of(statement: PolicyStatement) -> tuple[Declaration | None, str]:
    return statement.policy.declared, statement.label


def _names_service(statements: Iterable[PolicyStatement]) -> bool:
    """Tell if a statement names Personalize as its principal."""
    for statement in statements:
        for name in principals_of(statement.body):
            if same(name, SERVICE_PRINCIPAL) is Answer.YES:
                return True
    return False


def _let_in_by(statement: PolicyStatement, owner: Key | Role | Bucket) -> Iterator[Entry]:
    """Yield the strangers that a statement lets in, with its actions as they are written."""
    column: Column = "trust"
    actions, arns, prefix = [ASSUME_ROLE], [owner.arn], "s3"
    if isinstance(owner, Key):
        column, actions, prefix = "key", actions_of(statement.body, "kms"), "kms"
    elif isinstance(owner, Bucket):
        column, actions = "bucket", actions_of(statement.body, "s3")
        arns = _in_bucket(owner, resources_of(statement.body))
    for pattern in actions:
        action = f"{prefix}:*" if pattern == "*" else pattern
        for reason in _reasons_of_anybody(statement, owner, action, arns):
            yield Entry(
                kind="excess",
                principal="service",
                principal_arn=SERVICE_PRINCIPAL,
                action=action,
                resource=owner.arn if len(arns) > 1 else arns[0],
                policy=column,
                policy_of=owner.arn,
                page="" if reason.cause is Cause.FOR_EVERYBODY else CONFUSED_DEPUTY_PAGE,
                reason=reason,
                declared=declared_of([statement.policy]),
            )


def _reasons_of_anybody(
    statement: PolicyStatement, owner: Key | Role | Bucket, action: str, arns: list[str]
) -> Iterator[Reason]:
    """Yield the reasons for which a statement lets in everybody, or Personalize for any account."""
    region = unknown("Region")
    for arn in arns:
        call_by = partial(
            Call,
            action=action,
            resource_arn=arn,
            resource_account=owner.account,
            resource_region=region,
        )
        whom = Strangers(own_documents(owner), call_by, region, (owner.account,))
        for reason in strangers(statement, whom):
            if reason.cause in _ANYBODY:
                yield reason


def _in_bucket(bucket: Bucket, patterns: Iterable[str]) -> list[str]:
    """Return the patterns that are in a bucket; all its objects for a pattern of more."""
    objects, in_bucket = f"{bucket.arn}/*", []
    for pattern in patterns:
        if matches(objects, pattern) is Answer.YES:
            in_bucket.append(objects)
        elif matches(pattern, f"{bucket.arn}*") is Answer.YES:
            in_bucket.append(pattern)
    return in_bucket


def _foreign_principals(
    role: Role, statement: PolicyStatement, whom: Strangers
) -> Iterator[Reason]:
    """Yield the principals of other accounts that may assume a role."""
    for name in map(str, aws_principals(statement.body)):
        parts = split_arn(name)
        if parts is None and not name.isdigit():
            continue  # of no account
        account = parts[4] if parts else name
        caller = Caller(_role_in(account) if is_account(name) else name, account, whom.region)
        is_own = same(role.account, account)
        if is_own is Answer.YES:
            continue
        if whom.are_let_in(statement, whom.call_by(caller)) is not Answer.NO:
            yield Reason.of(_OF_ANOTHER_ACCOUNT[is_own], statement, element="Principal", value=name)


def _trust_entry(
    role: Role, asks: list[Asked], reason: Reason, principal: PrincipalKind, arn: str
) -> Entry:
    return Entry(
        kind="undecided" if reason.cause in MAY_BE_TOO_MUCH else "excess",
        principal=principal,
        principal_arn=arn,
        action=ASSUME_ROLE,
        resource=role.arn,
        policy="trust",
        policy_of=role.arn,
        page=CONFUSED_DEPUTY_PAGE,
        reason=reason,
        declared=declared_of([statement.policy for statement in reason.statements]),
        asked=tuple(asks),
    )
