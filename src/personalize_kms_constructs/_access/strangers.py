"""Others whom the policies of keys, buckets and roles let in: everybody, other accounts, and Personalize for those.

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
from .entries import Entry
from .model import AccessModel, Asked, Bucket, Column, Key, PrincipalKind, Role, declared_of
from .policy_documents import (
    Policy,
    PolicyStatement,
    actions_of,
    allow_statements,
    aws_principals,
    condition_keys,
    is_account,
    names_everybody,
    principals_of,
    resources_of,
    source_accounts,
)
from .statements import serves, verdict_of

# An account that no policy names.
_ANOTHER_ACCOUNT = generated("another account")
_OF_CALLERS = ("aws:principal", "aws:userid", "aws:username")
# The only keys of that kind that a call has which nobody signed
# (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html).
_OF_NOBODY: Mapping[str, Alternatives] = {
    "aws:principalaccount": ("anonymous",),
    "aws:principaltype": ("Anonymous",),
}
_ANYBODY = (Cause.FOR_EVERYBODY, Cause.FOR_ANY_ACCOUNT)
_OF_ANOTHER_ACCOUNT = {Answer.NO: Cause.FOR_ANOTHER_ACCOUNT, Answer.MAYBE: Cause.MAY_BE_ANOTHER_ACCOUNT}
"""The causes of a statement for one account more, by whether that is the own."""


class Strangers(NamedTuple):
    """The calls by which strangers are looked for, and the policies that may let them in."""

    policies: list[Policy]
    call_by: Callable[[Caller], Call]
    """Returns a caller's call."""
    region: str
    own: Collection[str]
    """The accounts for which Personalize works; empty where only everybody is looked for."""

    def are_let_in(self, statement: PolicyStatement, call: Call) -> Answer:
        """Answer whether a statement allows a call, and no other statement of the policies denies it."""
        allowed = serves(statement, call, of_resource=True)
        if allowed is Answer.NO:
            return allowed
        return min(allowed, ~verdict_of(self.policies, call, of_resource=True).denied.answer)

    def serve_account(self, statement: PolicyStatement, account: str) -> bool:
        """Tell if a statement lets in Personalize at work for an account."""
        call = as_sent(self.call_by(service(account, self.region)))
        return self.are_let_in(statement, call) is Answer.YES

    def serve_everybody(self, statement: PolicyStatement) -> bool:
        """Tell if a statement lets in a role of any account; in S3, which takes unsigned calls, also nobody known."""
        caller = Caller(_role_in(_ANOTHER_ACCOUNT), _ANOTHER_ACCOUNT, self.region)
        calls = [self.call_by(caller)]
        if calls[0].action.startswith("s3:"):
            calls.append(_of_nobody(self.call_by(caller), self.policies))
        return any(self.are_let_in(statement, call) is Answer.YES for call in calls)


def strangers(statement: PolicyStatement, whom: Strangers) -> Iterator[Reason]:
    """Yield whom a statement lets in as well: everybody, or Personalize at work for others than its own accounts."""
    if names_everybody(statement.body) and whom.serve_everybody(statement):
        yield Reason.of(Cause.FOR_EVERYBODY, statement)
        return
    if whom.own and whom.serve_account(statement, _ANOTHER_ACCOUNT):
        yield Reason.of(Cause.FOR_ANY_ACCOUNT, statement)
        return
    for account in source_accounts(statement.body) if whom.own else ():
        is_own = any_of(same(own, account) for own in whom.own)
        # Where nothing lets in its own, as far as that can be seen, this may be the one.
        is_other = is_own is Answer.NO or _own_is_served(whom)
        if is_own is not Answer.YES and is_other and whom.serve_account(statement, account):
            yield Reason.of(_OF_ANOTHER_ACCOUNT[is_own], statement, element="source account", value=account)


def _own_is_served(whom: Strangers) -> bool:
    allowing = list(allow_statements(whom.policies))
    return any(whom.serve_account(statement, own) for own in whom.own for statement in allowing)


def as_sent(call: Call) -> Call:
    """Return a call in which Personalize sends all condition keys that AWS documents, the most that it may do."""
    sent = {}
    for key, alternatives in call.context.items():
        sent[key] = tuple(value for value in alternatives if value is not None) or alternatives
    return call.within(sent)


def _role_in(account: str) -> str:
    """Return the ARN of a role in an account that no policy names."""
    return f"arn:{PARTITION}:iam::{account}:role/{generated('another role')}"


def _of_nobody(call: Call, policies: Iterable[Policy]) -> Call:
    """Return a call that nobody signed, of which a condition can know next to nothing."""
    absent: dict[str, Alternatives] = {}
    for policy in policies:
        for statement in policy.statements:
            for key in condition_keys(statement.body) if statement.readable else ():
                if key.startswith(_OF_CALLERS):
                    absent[key] = (None,)
    return call.within({**call.context, **absent, **_OF_NOBODY})


def trusted_beyond(model: AccessModel) -> Iterator[Entry]:
    """Yield whom the trust policies of service roles let in beside Personalize for its own account."""
    asked_with: dict[str, list[Asked]] = {}
    for asked in model.asked:
        if asked.role_arn in model.roles:
            asked_with.setdefault(asked.role_arn, []).append(asked)
    for arn, asks in asked_with.items():
        role = model.roles[arn]
        whom = Strangers(role.trust, partial(assume_role, role=role), asks[0].region, (role.account,))
        for statement in allow_statements(role.trust):
            for reason in strangers(statement, whom):
                yield _trust_entry(role, asks, reason, "service", SERVICE_PRINCIPAL)
            for reason in _foreign_principals(role, statement, whom):
                yield _trust_entry(role, asks, reason, "account", str(reason.values["value"]))


def let_in_beside(model: AccessModel, told: Iterable[Entry]) -> Iterator[Entry]:
    """Yield whom policies of templates let in, whatever is asked, less the statements of which that is told already.

    That is everybody, and Personalize for any account: without a request any other account may be the right one.
    """
    statements = [each for entry in told if entry.cause in _ANYBODY for each in entry.reason.statements]
    places = {(statement.policy.declared, statement.label) for statement in statements}
    for owner in model.owners_beside:
        statements = list(allow_statements(owner.trust if isinstance(owner, Role) else owner.policies))
        names = [name for statement in statements for name in principals_of(statement.body)]
        is_named = any(same(name, SERVICE_PRINCIPAL) is Answer.YES for name in names)
        if is_named or isinstance(owner, Role) or owner.arn in model.buckets or owner.arn in model.keys:
            for statement in statements:
                if (statement.policy.declared, statement.label) not in places:
                    yield from _let_in_by(statement, owner)


def _let_in_by(statement: PolicyStatement, owner: Key | Role | Bucket) -> Iterator[Entry]:
    """Yield whom a statement lets in, with its actions as they are written."""
    column: Column = "trust"
    actions, resources = [ASSUME_ROLE], [owner.arn]
    if isinstance(owner, Key):
        column, actions = "key", actions_of(statement.body, "kms")
    elif isinstance(owner, Bucket):
        column, actions = "bucket", actions_of(statement.body, "s3")
        resources = _in_bucket(owner, resources_of(statement.body))
    policies = owner.trust if isinstance(owner, Role) else owner.policies
    prefix, region = "kms" if isinstance(owner, Key) else "s3", unknown("Region")
    for written in actions:
        action = f"{prefix}:*" if written == "*" else written
        reasons: dict[Reason, None] = {}
        for resource in resources:
            call_by = partial(
                Call, action=action, resource_arn=resource, resource_account=owner.account, resource_region=region
            )
            whom = Strangers(policies, call_by, region, (owner.account,))
            reasons |= dict.fromkeys(reason for reason in strangers(statement, whom) if reason.cause in _ANYBODY)
        for reason in reasons:
            yield Entry(
                kind="excess",
                principal="service",
                principal_arn=SERVICE_PRINCIPAL,
                action=action,
                resource=owner.arn if len(resources) > 1 else resources[0],
                policy=column,
                policy_of=owner.arn,
                page="" if reason.cause is Cause.FOR_EVERYBODY else CONFUSED_DEPUTY_PAGE,
                reason=reason,
                declared=declared_of([statement.policy]),
            )


def _in_bucket(bucket: Bucket, resources: Iterable[str]) -> list[str]:
    """Return what resources of a statement are in a bucket; of a pattern for more, all objects."""
    objects, found = f"{bucket.arn}/*", []
    for resource in resources:
        if matches(objects, resource) is Answer.YES:
            found.append(objects)
        elif matches(resource, f"{bucket.arn}*") is Answer.YES:
            found.append(resource)
    return found


def _foreign_principals(role: Role, statement: PolicyStatement, whom: Strangers) -> Iterator[Reason]:
    """Yield the principals of other accounts that may assume a role."""
    for name in map(str, aws_principals(statement.body)):
        parts = split_arn(name)
        if parts is None and not name.isdigit():
            continue  # of no account
        account = parts[4] if parts else name
        caller = Caller(_role_in(account) if is_account(name) else name, account, whom.region)
        is_own = same(role.account, account)
        if is_own is not Answer.YES and whom.are_let_in(statement, whom.call_by(caller)) is not Answer.NO:
            yield Reason.of(_OF_ANOTHER_ACCOUNT[is_own], statement, element="Principal", value=name)


def _trust_entry(role: Role, asks: list[Asked], reason: Reason, principal: PrincipalKind, arn: str) -> Entry:
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
