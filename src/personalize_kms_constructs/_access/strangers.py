"""Others whom the policies of keys, buckets and roles let in: everybody, other accounts, and Personalize for those.

https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..matrix import CONFUSED_DEPUTY_PAGE, SERVICE_PRINCIPAL
from .answers import Answer
from .calls import Call, Caller, assume_role, call_on, service
from .causes import Cause, Reason, because
from .conditions import Alternatives
from .entries import Excess, Undecided
from .model import AccessModel, Asked, Bucket, Key, Role, declared_of
from .needs import Need
from .remedies import trust_statement
from .statements import judge, serves
from .values import PARTITION, generated, same, split_arn
from .written import Policy, Written, allow_statements, aws_principals, condition_keys, is_account, names_everybody

# An account that no policy names.
ANOTHER_ACCOUNT = generated("another account")
_OF_CALLERS = ("aws:principal", "aws:userid", "aws:username")
# The only keys of that kind that a call has which nobody signed
# (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html).
_OF_NOBODY: Mapping[str, Alternatives] = {"aws:principalaccount": ("anonymous",), "aws:principaltype": ("Anonymous",)}


def role_in(account: str) -> str:
    """Return the ARN of a role in an account that no policy names."""
    return f"arn:{PARTITION}:iam::{account}:role/{generated('another role')}"


def as_sent(call: Call) -> Call:
    """Return a call in which Personalize sends all condition keys that AWS documents, the most that it may do."""
    call.context = {
        key: tuple(each for each in found if each is not None) or found for key, found in call.context.items()
    }
    return call


def lets_in(statement: Written, policies: list[Policy], call: Call) -> Answer:
    """Answer whether a statement allows a call, and no other statement of the policies denies it."""
    allowed = serves(statement, call, of_resource=True)
    if allowed is Answer.NO:
        return allowed
    return min(allowed, ~judge(policies, call, of_resource=True).denied.answer)


def stranger(statement: Written, need: Need, owner: Key | Bucket, *, with_service: bool) -> Reason | None:
    """Return whom a statement of a key or a bucket lets in as well, maybe Personalize at work for others."""
    if names_everybody(statement.body):
        caller = Caller(role_in(ANOTHER_ACCOUNT), ANOTHER_ACCOUNT, need.region)
        calls = [call_on(owner, caller, need.action, need.resource)]
        if isinstance(owner, Bucket):
            # KMS takes no call that isn't signed, S3 does.
            calls.append(_of_nobody(call_on(owner, caller, need.action, need.resource), owner.policies))
        if any(lets_in(statement, owner.policies, call) is Answer.YES for call in calls):
            return because(Cause.FOR_EVERYBODY, statement)
    if with_service:
        call = call_on(owner, service(ANOTHER_ACCOUNT, need.region), need.action, need.resource)
        if lets_in(statement, owner.policies, as_sent(call)) is Answer.YES:
            return because(Cause.FOR_ANY_ACCOUNT, statement)
    return None


def _of_nobody(call: Call, policies: Iterable[Policy]) -> Call:
    """Return a call that nobody signed, of which a condition can know next to nothing."""
    absent: dict[str, Alternatives] = {
        key: (None,)
        for policy in policies
        for statement in policy.statements
        for key in (condition_keys(statement.body) if statement.readable else ())
        if key.startswith(_OF_CALLERS)
    }
    call.context = {**call.context, **absent, **_OF_NOBODY}
    return call


def trusted_beyond(model: AccessModel) -> Iterator[Excess | Undecided]:
    """Yield whom the trust policies of service roles let in beside Personalize for its own account."""
    asked_with: dict[str, list[Asked]] = {}
    for asked in model.asked:
        if asked.role_arn in model.roles:
            asked_with.setdefault(asked.role_arn, []).append(asked)
    for arn, asks in asked_with.items():
        role = model.roles[arn]
        for statement in allow_statements(role.trust):
            yield from _beyond_in_trust(model, role, statement, asks)


def _beyond_in_trust(
    model: AccessModel, role: Role, statement: Written, asks: list[Asked]
) -> Iterator[Excess | Undecided]:
    region = asks[0].region
    everybody = assume_role(Caller(role_in(ANOTHER_ACCOUNT), ANOTHER_ACCOUNT, region), role)
    for_others = as_sent(assume_role(service(ANOTHER_ACCOUNT, region), role))
    common: dict[str, Any] = {
        "action": everybody.action,
        "resource": role.arn,
        "policy": "trust",
        "policy_of": role.arn,
        "page": CONFUSED_DEPUTY_PAGE,
        "declared": declared_of([statement.policy]),
        "asked": tuple(asks),
        "origins": model.origins_in(declared_of([statement.policy])),
    }
    reason = None
    if lets_in(statement, role.trust, everybody) is Answer.YES:
        reason = because(Cause.FOR_EVERYBODY, statement)
    elif lets_in(statement, role.trust, for_others) is Answer.YES:
        reason = because(Cause.FOR_ANY_ACCOUNT, statement)
    if reason is not None:
        others = [
            each
            for each in allow_statements(role.trust)
            if each is not statement and lets_in(each, role.trust, for_others) is Answer.NO
        ]
        needed = {
            (each.account, each.region): trust_statement(role, each) for each in asks if not _is_in(others, role, each)
        }
        instead = tuple(needed.values())
        yield Excess(principal="service", principal_arn=SERVICE_PRINCIPAL, **common, reason=reason, instead=instead)
    for name, account in _accounts_in(statement):
        is_other = ~same(role.account, account)
        call = assume_role(Caller(role_in(account) if is_account(name) else name, account, region), role)
        if is_other is not Answer.NO and lets_in(statement, role.trust, call) is not Answer.NO:
            certain = is_other is Answer.YES
            cause = Cause.FOR_ANOTHER_ACCOUNT if certain else Cause.MAY_BE_ANOTHER_ACCOUNT
            reason = because(cause, statement, principal=name)
            yield (Excess if certain else Undecided)(principal="account", principal_arn=name, **common, reason=reason)


def _is_in(statements: Iterable[Written], role: Role, asked: Asked) -> bool:
    """Tell if one of some statements of a role's trust policy lets Personalize in for what is asked."""
    call = as_sent(assume_role(service(asked.account, asked.region), role))
    return any(lets_in(each, role.trust, call) is Answer.YES for each in statements)


def _accounts_in(statement: Written) -> Iterator[tuple[str, str]]:
    """Yield the principals of a statement that are of an account, each with the account."""
    for name in aws_principals(statement.body):
        if isinstance(name, str) and name != "*":
            parts = split_arn(name)
            if parts is not None or is_account(name):
                yield name, parts[4] if parts else name
