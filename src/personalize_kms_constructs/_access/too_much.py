"""Permissions beyond what is needed: of the role and of Personalize, on the keys and buckets that are used.

Other principals aren't judged, nor what the role may do elsewhere, nor a statement whose condition may never hold. A
statement counts as it is written: a denial or a permissions boundary that takes it away again makes no difference.

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
from .model import AccessModel, Asked, Bucket, Column, Key, Role, declared_of
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


def too_much(model: AccessModel, needs: Mapping[Need, list[Asked]], named: Collection[Need]) -> list[Entry]:
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
    """Return the entries, those as one that several statements of one policy, or several callers, give."""
    found: dict[tuple[object, ...], Entry] = {}
    for entry in entries:
        identity = (entry.kind, entry.cause, entry.reason.values.get("value"), *entry.sort_key())
        first = found.setdefault(identity, entry)
        if first is not entry:
            statements = (*first.reason.statements, *entry.reason.statements)
            found[identity] = first.with_statements(tuple(dict.fromkeys(statements)))
    return list(found.values())


def statements_for(policies: Iterable[Policy], caller: Caller) -> list[PolicyStatement]:
    """Return the statements that allow something and are meant for a caller itself, not for its account."""
    found = []
    for statement in allow_statements(policies):
        ways = addressed_to(statement.body, caller, denies=False)
        is_itself = any(way.whom is not Addressed.ACCOUNT and way.answer is Answer.YES for way in ways)
        if is_itself or (ways and names_principal(statement.body, caller.arn)):
            found.append(statement)
    return found


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
                surplus = _beyond_in_key_policy(statement, owner, needs)
            else:
                surplus = _beyond_on_bucket(statement, resources_of(statement.body), owner, needs)
            effective = []
            for one in surplus:
                action = f"{service}:*" if one.action == "*" else one.action
                if self._holds(statement, owner, action, one.pattern):
                    effective.append(one)
            effective += self._for_others_too(statement, needs, owner)
            yield from self._told(effective, statement, column, owner.arn)

    def _in_iam(self, role: Role) -> Iterator[Entry]:
        keys = [arn for arn, needs in self._on.items() if needs[0].action.startswith("kms:")]
        buckets: dict[str, list[str]] = {}
        for arn in self._on:
            if arn not in keys:
                buckets.setdefault(bucket_in(arn), []).append(arn)
        for statement in allow_statements(role.identity):
            surplus: list[Surplus] = []
            if actions_of(statement.body, "kms"):
                surplus += self._beyond_on_keys(statement, map(self._model.key, keys))
            if actions_of(statement.body, "s3"):
                surplus += self._beyond_on_buckets(statement, buckets, role)
            yield from self._told(surplus, statement, IN_IAM, role.arn)

    def _beyond_on_keys(self, statement: PolicyStatement, keys: Iterable[Key]) -> Iterator[Surplus]:
        """Yield permissions of an IAM statement beyond what is needed on the keys, and on others by a wildcard."""
        fitting = []
        for key in keys:
            if not leaves_out(statement.body, key.arn) and self._holds(statement, key, "kms:Decrypt", key.arn):
                fitting.append(key)
        about: dict[str, list[Key]] = {}
        for pattern in resources_of(statement.body):
            about[pattern] = [key for key in fitting if matches(key.arn, pattern) is Answer.YES]
        in_iam, in_key_policy = self._wanted_on({key.arn for keys in about.values() for key in keys})
        for pattern, meant in about.items():
            is_one_key = any(same(key.arn, pattern) is Answer.YES for key in meant)
            for action in actions_of(statement.body, "kms") if meant else ():
                if action.lower() not in in_iam:
                    is_enough = action.lower() in in_key_policy
                    cause = Cause.KEY_POLICY_IS_ENOUGH if is_enough else _why_not_asked(action, in_iam)
                    yield Surplus(action, pattern, Reason.of(cause, statement))
                elif not is_one_key:
                    yield Surplus(action, pattern, Reason.of(Cause.OTHER_KEYS, statement))

    def _wanted_on(self, keys: Collection[str]) -> tuple[set[str], set[str]]:
        """Return the actions that belong into IAM policies for keys, and those that belong into their key policies.

        An action of the key policy belongs into IAM too where one of the key policies leaves the role to IAM.
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

    def _holds(self, statement: PolicyStatement, owner: Key | Bucket, action: str, resource: str) -> bool:
        """Tell if the condition of a statement holds for certain when the caller uses a key or a bucket."""
        call = as_sent(call_on(owner, self._caller, action, resource))
        return condition_answer(statement.body.get("Condition"), call.context)[0] is Answer.YES

    def _for_others_too(self, statement: PolicyStatement, needs: list[Need], owner: Key | Bucket) -> Iterator[Surplus]:
        """Yield permissions that a statement gives everybody, or Personalize at work for other accounts."""
        if not (self._caller.is_service or names_everybody(statement.body)):
            return
        used_in = [need.account for need in self._needs if need.owner == owner.arn]
        own = tuple(dict.fromkeys((owner.account, *used_in))) if self._caller.is_service else ()
        column = IN_KEY_POLICY if isinstance(owner, Key) else IN_BUCKET_POLICY
        for need in needs:
            if need.column != column:
                continue
            call_by = partial(call_on, owner, action=need.action, resource_arn=need.resource_arn)
            whom = Strangers(owner.policies, call_by, need.region, own)
            service = need.action.partition(":")[0]
            for reason in strangers(statement, whom):
                for action in actions_of(statement.body, service):
                    if matches(need.action.lower(), action.lower()) is Answer.YES:
                        yield Surplus(action, need.resource_arn, reason)

    def _told(
        self, surplus: Iterable[Surplus], statement: PolicyStatement, column: Column, policy_of: str
    ) -> Iterator[Entry]:
        asked: dict[Asked, None] = {}
        for owner in self._on if column == IN_IAM else (policy_of,):
            for need in self._on[owner]:
                asked |= dict.fromkeys(self._needs[need])
        for action, pattern, reason in surplus:
            lets_others_in = reason.cause in _LETS_OTHERS_IN
            requests = () if lets_others_in else self._may_be_asked_by(action)
            if requests:
                reason = Reason.of(Cause.MAY_BE_ASKED, statement, requests=requests)
            page = KMS_PAGE if action == "*" or action.lower().startswith("kms:") else IMPORT_PAGE
            if lets_others_in:
                page = "" if reason.cause is Cause.FOR_EVERYBODY else CONFUSED_DEPUTY_PAGE
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
        """Return the names of requests that can't be seen in full and may need an action of the caller."""
        if not _is_asked_somewhere(action):
            return ()
        service = action.partition(":")[0].lower()
        names: dict[str, None] = {}
        for question in self._model.open_questions:
            may_be = any(same(self._caller.arn, arn) is not Answer.NO for arn in question.role_arns)
            is_callers = self._caller.is_service or not question.role_arns or may_be
            if is_callers and (service in question.asks or (action == "*" and question.asks)):
                names[question.name] = None
        return tuple(names)


def _beyond_in_key_policy(statement: PolicyStatement, key: Key, needs: Iterable[Need]) -> Iterator[Surplus]:
    """Yield the actions that nothing needs; one with a wildcard is never needed as it is."""
    is_about = any(matches(key.arn, pattern) is Answer.YES for pattern in resources_of(statement.body))
    if not is_about or leaves_out(statement.body, key.arn):
        return
    wanted = {need.action.lower() for need in needs if need.column == IN_KEY_POLICY}
    for action in actions_of(statement.body, "kms"):
        if action.lower() not in wanted:
            yield Surplus(action, key.arn, Reason.of(_why_not_asked(action, wanted), statement))


def _by_bucket(patterns: Iterable[str], buckets: Mapping[str, list[str]]) -> Iterator[tuple[str, list[str]]]:
    """Yield the ARNs of the buckets, given by name, that patterns of ``Resource`` may be about, each with these."""
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
    """Yield permissions of a statement on a bucket beyond what is needed there, and on others by a wildcard."""
    resources = [bucket.arn, f"{bucket.arn}/*", *(need.resource_arn for need in needs)]
    if all(leaves_out(statement.body, resource) for resource in resources):
        return
    needed: dict[str, list[str]] = {}
    for need in needs:
        needed.setdefault(need.action.lower(), []).append(need.resource_arn)
    for pattern in patterns:
        if not _matches_one(resources, pattern):
            continue
        for action in actions_of(statement.body, "s3"):
            on = tuple(dict.fromkeys(needed.get(action.lower(), [])))
            cause = _how_far(pattern, bucket, on) if on else _why_not_asked(action, needed)
            if cause is not None:
                yield Surplus(action, pattern, Reason.of(cause, statement))


def _how_far(pattern: str, bucket: Bucket, needed: tuple[str, ...]) -> Cause | None:
    """Return how an action on a pattern goes beyond the resources on which the action is needed."""
    everything = f"{bucket.arn}/*"
    if matches(f"{bucket.arn}-another", pattern) is Answer.YES:
        return Cause.OTHER_BUCKETS
    if all(resource == bucket.arn for resource in needed):
        return None  # listing, which has no effect on objects
    if matches(everything, pattern) is Answer.YES:
        return None if everything in needed else Cause.WHOLE_BUCKET
    # On the bucket itself there are no objects.
    is_on_bucket = matches(bucket.arn, pattern) is Answer.YES
    return None if is_on_bucket or _matches_one(needed, pattern) else Cause.OTHER_PREFIX


def _why_not_asked(action: str, wanted: Iterable[str]) -> Cause:
    """Return why an action that nothing asks for as it is written is too much."""
    if any(matches(one, action.lower()) is not Answer.NO for one in wanted):
        return Cause.WIDER_THAN_ASKED
    return Cause.NOT_SEEN_TO_BE_ASKED if _is_asked_somewhere(action) else Cause.NOT_ASKED


def _is_asked_somewhere(action: str) -> bool:
    """Tell if AWS's pages ask for an action, or for one of those that a pattern stands for."""
    return any(matches(asked.lower(), action.lower()) is not Answer.NO for asked in ASKED_ACTIONS)


def _matches_one(resources: Collection[str], pattern: str) -> bool:
    return pattern in resources or any(matches(resource, pattern) is Answer.YES for resource in resources)
