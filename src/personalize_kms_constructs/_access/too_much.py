"""Permissions beyond the needs of the role and of Personalize, on the keys and buckets in use.

Other principals don't count, nor permissions of the role elsewhere, nor a statement whose condition
may never hold. A statement counts as it is written: a denial or a permissions boundary that takes
it away again makes no difference.

https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

from .._answers import Answer
from .._values import bucket_in, matches, same
from ..matrix import ASKED_ACTIONS, CONFUSED_DEPUTY_PAGE, IMPORT_PAGE, KMS_PAGE
from .addressed import Addressed, addressed_to
from .calls import Caller, call_on
from .causes import MAY_BE_TOO_MUCH, Cause, Reason
from .conditions import condition_answer
from .entries import Entry
from .model import AccessModel, Asked, Bucket, Column, Key, OpenQuestion, Role, declared_of
from .needs import IN_BUCKET_POLICY, IN_IAM, IN_KEY_POLICY, ROLE, SERVICE, Need, caller_of
from .policy_documents import (
    Policy,
    PolicyStatement,
    actions_of,
    allow_statements,
    leaves_out,
    names_everybody,
    names_principal,
    resources_of,
)
from .strangers import Strangers, as_sent, let_in_beside, strangers, trusted_beyond

_IN_AWS_CASE = {action.lower(): action for action in ASKED_ACTIONS}
_LETS_OTHERS_IN = (
    Cause.FOR_EVERYBODY,
    Cause.FOR_ANY_ACCOUNT,
    Cause.FOR_ANOTHER_ACCOUNT,
    Cause.MAY_BE_ANOTHER_ACCOUNT,
)


class Surplus(NamedTuple):
    """An action on a pattern of resources, as a statement writes them, that is too much."""

    action: str
    pattern: str
    reason: Reason


def too_much(
    model: AccessModel, needs: Mapping[Need, list[Asked]], named: Collection[Need]
) -> list[Entry]:
    """Return every permission that is too much, once, and those that may be.

    ``named`` are the needs of roles that key policies meet by naming the role, so that IAM needn't.
    """
    groups: dict[tuple[str, ...], list[Need]] = {}
    for need in needs:
        caller = (need.principal, need.role_arn, need.account, need.region)
        groups.setdefault(caller, []).append(need)
    entries: list[Entry] = []
    for own in groups.values():
        entries += _OfCaller(model, own, needs, named).entries()
    entries = [*_joined(entries), *trusted_beyond(model)]
    return [*entries, *_joined(let_in_beside(model, entries))]


def _joined(entries: Iterable[Entry]) -> list[Entry]:
    """Return the entries, each once for all statements of a policy and all callers with it."""
    by_identity: dict[tuple[object, ...], Entry] = {}
    for entry in entries:
        value = entry.reason.values.get("value")
        identity = (entry.kind, entry.cause, value, *entry.sort_key())
        first = by_identity.setdefault(identity, entry)
        if first is not entry:
            statements = dict.fromkeys((*first.reason.statements, *entry.reason.statements))
            by_identity[identity] = first.with_statements(tuple(statements))
    return list(by_identity.values())


def statements_for(policies: Iterable[Policy], caller: Caller) -> list[PolicyStatement]:
    """Return the statements that allow a caller something itself, not by its account."""
    meant = []
    for statement in allow_statements(policies):
        ways = addressed_to(statement.body, caller, denies=False)
        certain = [way.whom for way in ways if way.answer is Answer.YES]
        is_itself = any(whom is not Addressed.ACCOUNT for whom in certain)
        if is_itself or (ways and names_principal(statement.body, caller.arn)):
            meant.append(statement)
    return meant


class _OfCaller:
    """The permissions of one role, or of Personalize for one account."""

    def __init__(
        self,
        model: AccessModel,
        own: list[Need],
        needs: Mapping[Need, list[Asked]],
        named: Collection[Need],
    ) -> None:
        self._model = model
        self._needs = needs
        self._named = named
        self._caller = caller_of(model, own[0])
        self._on: dict[str, list[Need]] = {}
        """Its needs, by the key or bucket that they are about."""
        for need in own:
            if need.owner:
                self._on.setdefault(need.owner, []).append(need)

    def entries(self) -> Iterator[Entry]:
        for arn, needs in self._on.items():
            owner = self._model.buckets.get(arn) or self._model.keys.get(arn)
            if owner is not None:
                yield from self._in_policy_of(owner, needs)
        role = self._model.roles.get(self._caller.arn)
        if role is not None and not self._caller.is_service:
            yield from self._in_iam(role)

    def _in_policy_of(self, owner: Key | Bucket, needs: list[Need]) -> Iterator[Entry]:
        column: Column = IN_KEY_POLICY if isinstance(owner, Key) else IN_BUCKET_POLICY
        service = "kms" if isinstance(owner, Key) else "s3"
        for statement in statements_for(owner.policies, self._caller):
            if isinstance(owner, Key):
                beyond = _beyond_in_key_policy(statement, owner, needs)
            else:
                beyond = _beyond_on_bucket(statement, resources_of(statement.body), owner, needs)
            effective = []
            for surplus in beyond:
                action = f"{service}:*" if surplus.action == "*" else surplus.action
                if self._holds(statement, owner, action, surplus.pattern):
                    effective.append(surplus)
            effective += self._for_others_too(statement, needs, owner)
            yield from self._entries_of(effective, statement, column, owner.arn)

    def _in_iam(self, role: Role) -> Iterator[Entry]:
        keys = []
        buckets: dict[str, list[str]] = {}
        for arn, needs in self._on.items():
            if needs[0].action.startswith("kms:"):
                keys.append(self._model.key(arn))
            else:
                buckets.setdefault(bucket_in(arn), []).append(arn)
        for statement in allow_statements(role.identity):
            beyond: list[Surplus] = []
            if actions_of(statement.body, "kms"):
                beyond += self._beyond_on_keys(statement, keys)
            if actions_of(statement.body, "s3"):
                beyond += self._beyond_on_buckets(statement, buckets, role)
            yield from self._entries_of(beyond, statement, IN_IAM, role.arn)

    def _beyond_on_keys(self, statement: PolicyStatement, keys: list[Key]) -> Iterator[Surplus]:
        """Yield the permissions beyond the needs on the keys, and those on others by a wildcard."""
        about: dict[str, list[Key]] = {pattern: [] for pattern in resources_of(statement.body)}
        arns: set[str] = set()
        for key in keys:
            if leaves_out(statement.body, key.arn):
                continue
            if self._holds(statement, key, "kms:Decrypt", key.arn):
                for pattern, matching in about.items():
                    if matches(key.arn, pattern) is Answer.YES:
                        matching.append(key)
                        arns.add(key.arn)
        in_iam, in_key_policy = self._wanted_on(arns)
        for pattern, matching in about.items():
            is_one_key = any(same(key.arn, pattern) is Answer.YES for key in matching)
            for action in actions_of(statement.body, "kms") if matching else ():
                if action.lower() not in in_iam:
                    cause = Cause.KEY_POLICY_IS_ENOUGH
                    if action.lower() not in in_key_policy:
                        cause = _why_not_asked(action, in_iam)
                    yield Surplus(action, pattern, Reason.of(cause, statement))
                elif not is_one_key:
                    yield Surplus(action, pattern, Reason.of(Cause.OTHER_KEYS, statement))

    def _wanted_on(self, keys: Collection[str]) -> tuple[set[str], set[str]]:
        """Return the actions on keys that IAM policies need, and those that key policies need.

        IAM needs an action of a key policy too if one of the key policies leaves the role to IAM.
        """
        in_iam, in_key_policy = set(), set()
        for arn in keys:
            for need in self._on[arn]:
                if need.column == IN_KEY_POLICY:
                    in_key_policy.add(need.action.lower())
                if need.column == IN_IAM or need not in self._named:
                    in_iam.add(need.action.lower())
        return in_iam, in_key_policy

    def _beyond_on_buckets(
        self, statement: PolicyStatement, buckets: Mapping[str, list[str]], role: Role
    ) -> Iterator[Surplus]:
        for arn, patterns in _by_bucket(resources_of(statement.body), buckets):
            bucket = self._model.bucket(arn, role.account)
            if self._holds(statement, bucket, "s3:GetObject", arn):
                in_iam = [need for need in self._on[arn] if need.column == IN_IAM]
                yield from _beyond_on_bucket(statement, patterns, bucket, in_iam)

    def _holds(
        self, statement: PolicyStatement, owner: Key | Bucket, action: str, arn: str
    ) -> bool:
        """Tell if a statement's condition holds for certain when the caller uses a resource."""
        call = as_sent(call_on(owner, self._caller, action, arn))
        answer, _ = condition_answer(statement.body.get("Condition"), call.context)
        return answer is Answer.YES

    def _for_others_too(
        self, statement: PolicyStatement, needs: list[Need], owner: Key | Bucket
    ) -> Iterator[Surplus]:
        """Yield the permissions of everybody, or of Personalize at work for other accounts."""
        is_service = self._caller.is_service
        if not is_service and not names_everybody(statement.body):
            return
        own: dict[str, None] = {}
        if is_service:
            own[owner.account] = None
            for need in self._needs:
                if need.owner == owner.arn:
                    own[need.account] = None
        column = IN_KEY_POLICY if isinstance(owner, Key) else IN_BUCKET_POLICY
        for need in needs:
            if need.column != column:
                continue
            call_by = partial(call_on, owner, action=need.action, resource_arn=need.resource_arn)
            whom = Strangers(owner.policies, call_by, need.region, tuple(own))
            service = need.action.partition(":")[0]
            for reason in strangers(statement, whom):
                for action in actions_of(statement.body, service):
                    if matches(need.action.lower(), action.lower()) is Answer.YES:
                        yield Surplus(action, need.resource_arn, reason)

    def _entries_of(
        self,
        beyond: Iterable[Surplus],
        statement: PolicyStatement,
        column: Column,
        policy_of: str,
    ) -> Iterator[Entry]:
        asked: dict[Asked, None] = {}
        for owner in self._on if column == IN_IAM else (policy_of,):
            for need in self._on[owner]:
                asked |= dict.fromkeys(self._needs[need])
        for action, pattern, reason in beyond:
            if reason.cause in _LETS_OTHERS_IN:
                page = "" if reason.cause is Cause.FOR_EVERYBODY else CONFUSED_DEPUTY_PAGE
            else:
                is_of_kms = action == "*" or action.lower().startswith("kms:")
                page = KMS_PAGE if is_of_kms else IMPORT_PAGE
                requests = self._may_be_asked_by(action)
                if requests:
                    reason = Reason.of(Cause.MAY_BE_ASKED, statement, requests=requests)
            yield Entry(
                kind="undecided" if reason.cause in MAY_BE_TOO_MUCH else "excess",
                principal=SERVICE if self._caller.is_service else ROLE,
                principal_arn=self._caller.arn,
                action=_IN_AWS_CASE.get(action.lower(), action),
                resource=pattern,
                policy=column,
                policy_of=policy_of,
                page=page,
                reason=reason,
                declared=declared_of([statement.policy]),
                asked=tuple(asked),
            )

    def _may_be_asked_by(self, action: str) -> tuple[str, ...]:
        """Return the names of open requests that may need an action of the caller."""
        if not _is_asked_somewhere(action):
            return ()
        service = action.partition(":")[0].lower()
        names: dict[str, None] = {}
        for question in self._model.open_questions:
            asks = service in question.asks or (action == "*" and question.asks)
            if asks and self._may_be_asked_for_caller(question):
                names[question.name] = None
        return tuple(names)

    def _may_be_asked_for_caller(self, question: OpenQuestion) -> bool:
        """Tell if an open question may be about the caller."""
        if self._caller.is_service or not question.role_arns:
            return True
        return any(same(self._caller.arn, arn) is not Answer.NO for arn in question.role_arns)


def _beyond_in_key_policy(
    statement: PolicyStatement, key: Key, needs: Iterable[Need]
) -> Iterator[Surplus]:
    """Yield the actions that nothing needs; nothing needs a wildcard as it is."""
    patterns = resources_of(statement.body)
    is_about = any(matches(key.arn, pattern) is Answer.YES for pattern in patterns)
    if not is_about or leaves_out(statement.body, key.arn):
        return
    wanted = {need.action.lower() for need in needs if need.column == IN_KEY_POLICY}
    for action in actions_of(statement.body, "kms"):
        if action.lower() not in wanted:
            reason = Reason.of(_why_not_asked(action, wanted), statement)
            yield Surplus(action, key.arn, reason)


def _by_bucket(
    patterns: Iterable[str], buckets: Mapping[str, list[str]]
) -> Iterator[tuple[str, list[str]]]:
    """Yield the ARNs of the buckets that patterns may be about, each with its patterns.

    ``buckets`` has the ARNs by the name of the bucket.
    """
    by_name: dict[str, list[str]] = {}
    for pattern in patterns:
        by_name.setdefault(bucket_in(pattern), []).append(pattern)
    of_any = by_name.pop("", [])
    for name in buckets if of_any else by_name:
        for arn in buckets.get(name, ()):
            yield arn, [*of_any, *by_name.get(name, ())]


def _beyond_on_bucket(
    statement: PolicyStatement, patterns: Iterable[str], bucket: Bucket, needs: list[Need]
) -> Iterator[Surplus]:
    """Yield the permissions beyond the needs on a bucket, and those on others by a wildcard."""
    arns = [bucket.arn, f"{bucket.arn}/*"]
    needed: dict[str, list[str]] = {}
    for need in needs:
        arns.append(need.resource_arn)
        needed.setdefault(need.action.lower(), []).append(need.resource_arn)
    if all(leaves_out(statement.body, arn) for arn in arns):
        return
    for pattern in patterns:
        if not _matches_one(arns, pattern):
            continue
        for action in actions_of(statement.body, "s3"):
            on = tuple(dict.fromkeys(needed.get(action.lower(), [])))
            cause = _how_far(pattern, bucket, on) if on else _why_not_asked(action, needed)
            if cause is not None:
                yield Surplus(action, pattern, Reason.of(cause, statement))


def _how_far(pattern: str, bucket: Bucket, needed: tuple[str, ...]) -> Cause | None:
    """Return how far a pattern goes beyond the ARNs on which the action is needed."""
    everything = f"{bucket.arn}/*"
    if matches(f"{bucket.arn}-another", pattern) is Answer.YES:
        return Cause.OTHER_BUCKETS
    if set(needed) == {bucket.arn}:
        return None  # listing, which has no effect on objects
    if matches(everything, pattern) is Answer.YES:
        return None if everything in needed else Cause.WHOLE_BUCKET
    # On the bucket itself there are no objects.
    is_on_bucket = matches(bucket.arn, pattern) is Answer.YES
    return None if is_on_bucket or _matches_one(needed, pattern) else Cause.OTHER_PREFIX


def _why_not_asked(action: str, wanted: Iterable[str]) -> Cause:
    """Return the cause for which an action is too much that nothing asks for as it is written."""
    if any(matches(other, action.lower()) is not Answer.NO for other in wanted):
        return Cause.WIDER_THAN_ASKED
    return Cause.NOT_SEEN_TO_BE_ASKED if _is_asked_somewhere(action) else Cause.NOT_ASKED


def _is_asked_somewhere(action: str) -> bool:
    """Tell if AWS's pages ask for an action, or for an action that a pattern stands for."""
    return any(matches(asked, action.lower()) is not Answer.NO for asked in _IN_AWS_CASE)


def _matches_one(values: Collection[str], pattern: str) -> bool:
    return pattern in values or any(matches(value, pattern) is Answer.YES for value in values)
