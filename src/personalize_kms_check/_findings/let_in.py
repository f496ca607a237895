"""Strangers let in by an app's policies: by trust policies, and by others whatever the requests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from .._evaluation.calls import Call, assume_role
from .._evaluation.elements import actions_of, is_for, resources_of
from .._model.causes import MAY_BE_TOO_MUCH, Cause, Reason
from .._model.declarations import Declaration
from .._model.finding import Finding
from .._model.model import AccessModel, Bucket, Key, Owner, Role
from .._model.policy_documents import PolicyStatement, allow_statements
from .._model.requests import PrincipalKind, Request, declared_of
from .._shared.answers import Answer
from .._shared.values import matches, unknown
from ..matrix import ASSUME_ROLE, CONFUSED_DEPUTY_PAGE, SERVICE_PRINCIPAL
from .strangers import Strangers, foreign_principals, strangers

ANYBODY = (Cause.FOR_EVERYBODY, Cause.FOR_ANY_ACCOUNT)


def trusted_beyond(model: AccessModel) -> Iterator[Finding]:
    by_role: dict[str, list[Request]] = {}
    for request in model.requests:
        if request.role_arn in model.roles:
            by_role.setdefault(request.role_arn, []).append(request)
    for arn, requests in by_role.items():
        role = model.roles[arn]
        whom = Strangers(
            role.trust, partial(assume_role, role=role), requests[0].region, (role.account,)
        )
        for statement in allow_statements(role.trust):
            for reason in strangers(statement, whom):
                yield _trust_entry(role, requests, reason, "service", SERVICE_PRINCIPAL)
            for reason in foreign_principals(statement, whom):
                yield _trust_entry(role, requests, reason, "account", str(reason.values["value"]))


def let_in_beside(model: AccessModel, entries: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the strangers let in by policies of templates, whatever the requests.

    These are everybody, and Personalize for any account: without a request any other account may be
    the right one. Statements with an entry are left out.
    """
    known: set[tuple[Declaration | None, str]] = set()
    for entry in entries:
        if entry.cause in ANYBODY:
            known.update(map(_identity_of, entry.reason.statements))
    for owner in model.owners_beside:
        is_in_model = owner.arn in model.buckets or owner.arn in model.keys
        statements = list(allow_statements(owner.policies))
        is_named = any(is_for(statement.body, [SERVICE_PRINCIPAL]) for statement in statements)
        if isinstance(owner, Role) or is_in_model or is_named:
            for statement in statements:
                if _identity_of(statement) not in known:
                    yield from _let_in_by(statement, owner)


def _identity_of(statement: PolicyStatement) -> tuple[Declaration | None, str]:
    return statement.policy.declared, statement.label


def _let_in_by(statement: PolicyStatement, owner: Owner) -> Iterator[Finding]:
    arns = [owner.arn]
    if isinstance(owner, Key):
        service, actions = "kms", actions_of(statement.body, "kms")
    elif isinstance(owner, Bucket):
        service, actions = "s3", actions_of(statement.body, "s3")
        arns = _in_bucket(owner, resources_of(statement.body))
    else:
        service, actions = "sts", [ASSUME_ROLE]
    for pattern in actions:
        action = f"{service}:*" if pattern == "*" else pattern
        for reason in _reasons_of_anybody(statement, owner, action, arns):
            yield Finding(
                kind="excess",
                principal="service",
                principal_arn=SERVICE_PRINCIPAL,
                action=action,
                resource=owner.arn if len(arns) > 1 else arns[0],
                policy=owner.column,
                policy_of=owner.arn,
                page="" if reason.cause is Cause.FOR_EVERYBODY else CONFUSED_DEPUTY_PAGE,
                reason=reason,
                places=declared_of([statement.policy]),
            )


def _reasons_of_anybody(
    statement: PolicyStatement, owner: Owner, action: str, arns: list[str]
) -> Iterator[Reason]:
    region = unknown("Region")
    for arn in arns:
        call_by = partial(
            Call,
            action=action,
            resource_arn=arn,
            resource_account=owner.account,
            resource_region=region,
        )
        whom = Strangers(owner.policies, call_by, region, (owner.account,))
        for reason in strangers(statement, whom):
            if reason.cause in ANYBODY:
                yield reason


def _in_bucket(bucket: Bucket, patterns: Iterable[str]) -> list[str]:
    """Return the patterns of a bucket; all its objects for a pattern of more."""
    objects, in_bucket = f"{bucket.arn}/*", []
    for pattern in patterns:
        if matches(objects, pattern) is Answer.YES:
            in_bucket.append(objects)
        elif matches(pattern, f"{bucket.arn}*") is Answer.YES:
            in_bucket.append(pattern)
    return in_bucket


def _trust_entry(
    role: Role, requests: list[Request], reason: Reason, principal: PrincipalKind, arn: str
) -> Finding:
    return Finding(
        kind="undecided" if reason.cause in MAY_BE_TOO_MUCH else "excess",
        principal=principal,
        principal_arn=arn,
        action=ASSUME_ROLE,
        resource=role.arn,
        policy="trust",
        policy_of=role.arn,
        page=CONFUSED_DEPUTY_PAGE,
        reason=reason,
        places=declared_of([statement.policy for statement in reason.statements]),
        requests=tuple(requests),
    )
