"""Others whom the policies of keys, buckets and roles let in: everybody, other accounts, and Personalize for those.

https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from itertools import product, starmap
from typing import Any

from ..matrix import ASSUME_ROLE, CONFUSED_DEPUTY_PAGE, SERVICE_PRINCIPAL
from .answers import Answer, any_of
from .calls import Call, Caller, assume_role, service
from .causes import MAY_BE_TOO_MUCH, Cause, Reason, because
from .conditions import Alternatives
from .entries import Excess, Undecided
from .model import AccessModel, Asked, Role, declared_of
from .remedies import trust_statement
from .statements import judge, serves
from .values import PARTITION, generated, same, split_arn
from .written import (
    Policy,
    Written,
    allow_statements,
    aws_principals,
    condition_keys,
    is_account,
    names_everybody,
    source_accounts,
)

# An account that no policy names.
ANOTHER_ACCOUNT = generated("another account")
_OF_CALLERS = ("aws:principal", "aws:userid", "aws:username")
# The only keys of that kind that a call has which nobody signed
# (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html).
_OF_NOBODY: Mapping[str, Alternatives] = {"aws:principalaccount": ("anonymous",), "aws:principaltype": ("Anonymous",)}
_IN_ITS_PLACE = "put the account in which Personalize works in its place, or only remove it where that is named too"
_TAKE_OUT = "remove that one, or the statement"
OF_ANOTHER_ACCOUNT = {Answer.NO: Cause.FOR_ANOTHER_ACCOUNT, Answer.MAYBE: Cause.MAY_BE_ANOTHER_ACCOUNT}
"""The causes of what is for one account more, by whether it is the own: that one is taken out, and nothing replaced."""


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


def strangers(
    statement: Written, policies: list[Policy], call_by: Callable[[Caller], Call], region: str, own: Collection[str]
) -> Iterator[Reason]:
    """Yield whom a statement lets in as well: everybody, or Personalize at work for others than its own accounts."""
    caller = Caller(role_in(ANOTHER_ACCOUNT), ANOTHER_ACCOUNT, region)
    if names_everybody(statement.body):
        # KMS takes no call that isn't signed, S3 does.
        nobody = [_of_nobody(call_by(caller), policies)] if call_by(caller).action.startswith("s3:") else []
        if any(lets_in(statement, policies, call) is Answer.YES for call in (call_by(caller), *nobody)):
            yield because(Cause.FOR_EVERYBODY, statement)
            return
    serves_account = partial(_serves_account, policies, call_by, region)
    if own and serves_account(ANOTHER_ACCOUNT, statement):
        yield because(Cause.FOR_ANY_ACCOUNT, statement)
        return
    for account in source_accounts(statement.body) if own else ():
        is_own = any_of(same(each, account) for each in own)
        # Where nothing lets in its own, as far as that can be seen, this may be the one.
        is_other = is_own is Answer.NO or any(starmap(serves_account, product(own, allow_statements(policies))))
        if is_own is not Answer.YES and is_other and serves_account(account, statement):
            yield because(
                OF_ANOTHER_ACCOUNT[is_own], statement, element="source account", value=account, step=_IN_ITS_PLACE
            )


def _serves_account(
    policies: list[Policy], call_by: Callable[[Caller], Call], region: str, account: str, statement: Written
) -> bool:
    """Tell if a statement lets in Personalize at work for an account."""
    return lets_in(statement, policies, as_sent(call_by(service(account, region)))) is Answer.YES


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
    region, own = asks[0].region, (role.account,)
    common: dict[str, Any] = {
        "action": ASSUME_ROLE,
        "resource": role.arn,
        "policy": "trust",
        "policy_of": role.arn,
        "page": CONFUSED_DEPUTY_PAGE,
        "declared": declared_of([statement.policy]),
        "asked": tuple(asks),
        "origins": model.origins_in(declared_of([statement.policy])),
    }
    call_by = partial(assume_role, role=role)
    for reason in strangers(statement, role.trust, call_by, region, own):
        of_service = {"principal": "service", "principal_arn": SERVICE_PRINCIPAL, **common, "reason": reason}
        if reason.cause in OF_ANOTHER_ACCOUNT.values():
            yield (Undecided if reason.cause in MAY_BE_TOO_MUCH else Excess)(**of_service)
            continue
        stay = [each for each in allow_statements(role.trust) if each.name != statement.name]
        serves_account = partial(_serves_account, role.trust, call_by)
        stay = [each for each in stay if not serves_account(region, ANOTHER_ACCOUNT, each)]
        needed = {
            (each.account, each.region): trust_statement(role, each)
            for each in asks
            if not any(serves_account(each.region, each.account, other) for other in stay)
        }
        yield Excess(**of_service, instead=tuple(needed.values()))
    for name in map(str, aws_principals(statement.body)):
        parts = split_arn(name)
        if parts is None and not name.isdigit():
            continue  # of no account
        account = parts[4] if parts else name
        call = assume_role(Caller(role_in(account) if is_account(name) else name, account, region), role)
        is_own = same(role.account, account)
        if is_own is not Answer.YES and lets_in(statement, role.trust, call) is not Answer.NO:
            found = because(OF_ANOTHER_ACCOUNT[is_own], statement, element="Principal", value=name, step=_TAKE_OUT)
            kind = Undecided if is_own is Answer.MAYBE else Excess
            yield kind(principal="account", principal_arn=name, **common, reason=found)
