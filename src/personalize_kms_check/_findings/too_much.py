"""Permissions beyond the needs of the role and of Personalize, on the keys and buckets in use.

Other principals don't count, nor permissions of the role elsewhere, nor a statement whose condition
may never hold. A statement counts as it is written: a denial or a permissions boundary that takes
it away again makes no difference.

https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial

from .._evaluation.calls import call_on
from .._evaluation.conditions import condition_answer
from .._evaluation.elements import actions_of, is_for, names_everybody, resources_of
from .._model.causes import MAY_BE_TOO_MUCH, Cause, Column, Reason
from .._model.finding import Finding
from .._model.model import AccessModel, Bucket, Key, Role
from .._model.policy_documents import PolicyStatement, allow_statements
from .._model.requests import Request, declared_of
from .._needs.need import IN_BUCKET_POLICY, IN_IAM, IN_KEY_POLICY, ROLE, SERVICE, Need, needs_by_arn
from .._shared.answers import Answer
from .._shared.values import matches, same
from ..matrix import CONFUSED_DEPUTY_PAGE, IMPORT_PAGE, KMS_PAGE
from .let_in import ANYBODY, let_in_beside, trusted_beyond
from .strangers import OF_ANOTHER_ACCOUNT, Strangers, as_sent, strangers
from .surplus import (
    Surplus,
    beyond_in_key_policy,
    beyond_on_bucket,
    in_aws_case,
    is_about,
    is_asked_somewhere,
    why_not_asked,
)

_LETS_OTHERS_IN = {Cause.FOR_EVERYBODY, Cause.FOR_ANY_ACCOUNT, *OF_ANOTHER_ACCOUNT.values()}
_ASKED_BY_NOBODY = {Cause.NOT_ASKED, Cause.WIDER_THAN_ASKED}


def too_much(model: AccessModel, needs: Iterable[Need], named: Collection[Need]) -> list[Finding]:
    """``named`` are needs of roles met by their names in key policies: IAM needn't meet these."""
    groups: dict[object, list[Need]] = {}
    for need in needs:
        caller = (need.principal, need.account, need.caller)
        groups.setdefault(caller, []).append(need)
    entries: list[Finding] = []
    on = needs_by_arn(needs)
    for own in groups.values():
        entries += _CallerPermissions(model, own, on, named).entries()
    entries = [*_joined(entries), *trusted_beyond(model)]
    return [*entries, *_joined(let_in_beside(model, entries))]


def _joined(entries: Iterable[Finding]) -> list[Finding]:
    """Return the entries, each once for all statements of a policy and all callers with it."""
    by_identity: dict[tuple[object, ...], Finding] = {}
    for entry in entries:
        value = entry.reason.values.get("value")
        identity = (entry.kind, entry.cause, value, *entry.sort_key())
        first = by_identity.setdefault(identity, entry)
        if first is not entry:
            statements = dict.fromkeys((*first.reason.statements, *entry.reason.statements))
            reason = replace(first.reason, statements=tuple(statements))
            places = declared_of([statement.policy for statement in statements])
            by_identity[identity] = replace(first, reason=reason, places=places)
    return list(by_identity.values())


class _CallerPermissions:
    """The permissions of one role, or of Personalize for one account."""

    def __init__(
        self,
        model: AccessModel,
        own: list[Need],
        of_all: Mapping[str, list[Need]],
        named: Collection[Need],
    ) -> None:
        self._model = model
        self._own = [need for need in own if need.owner is not None]
        self._of_all = of_all
        self._named = named
        self._caller = own[0].caller
        self._role = own[0].role
        self._on = needs_by_arn(self._own)

    def entries(self) -> Iterator[Finding]:
        for needs in self._on.values():
            owner = needs[0].owner
            if isinstance(owner, (Key, Bucket)):
                yield from self._in_policy_of(owner, needs)
        if self._role is not None:
            yield from self._in_iam(self._role)

    def _in_policy_of(self, owner: Key | Bucket, needs: list[Need]) -> Iterator[Finding]:
        service = "kms" if isinstance(owner, Key) else "s3"
        for statement in allow_statements(owner.policies):
            is_meant = is_for(statement.body, [needs[0].principal_arn])
            if not is_meant and not names_everybody(statement.body):
                continue
            if isinstance(owner, Key):
                beyond = beyond_in_key_policy(statement, owner, needs)
            else:
                beyond = beyond_on_bucket(statement, owner, needs)
            effective = []
            for surplus in beyond:
                action = f"{service}:*" if surplus.action == "*" else surplus.action
                if self._holds(statement, owner, action, surplus.pattern):
                    effective.append(surplus)
            effective += self._for_others_too(statement, needs, owner)
            if statement.policy.is_given:
                # It is everybody's, and others may need what isn't asked for here.
                certain = {*ANYBODY, *(_ASKED_BY_NOBODY if is_meant else ())}
                effective = [surplus for surplus in effective if surplus.reason.cause in certain]
            yield from self._entries_of(effective, statement, owner.column, owner.arn)

    def _in_iam(self, role: Role) -> Iterator[Finding]:
        keys, buckets = [], []
        for needs in self._on.values():
            owner = needs[0].owner
            if isinstance(owner, Key):
                keys.append(owner)
            elif isinstance(owner, Bucket):
                buckets.append(owner)
        for statement in allow_statements(role.identity):
            beyond = [
                *self._beyond_on_keys(statement, keys),
                *self._beyond_on_buckets(statement, buckets),
            ]
            yield from self._entries_of(beyond, statement, IN_IAM, role.arn)

    def _beyond_on_keys(self, statement: PolicyStatement, keys: list[Key]) -> Iterator[Surplus]:
        """Yield the permissions beyond the needs on the keys, and those on others by a wildcard."""
        actions = actions_of(statement.body, "kms")
        if not actions:
            return
        used = []
        for key in keys:
            if is_about(statement, key) and self._holds(statement, key, "kms:Decrypt", key.arn):
                used.append(key)
        in_iam, in_key_policy = self._wanted_on(used)
        for pattern in resources_of(statement.body):
            matching = [key for key in used if matches(key.arn, pattern) is Answer.YES]
            if not matching:
                continue
            is_one_key = any(same(key.arn, pattern) is Answer.YES for key in matching)
            for action in actions:
                if action.lower() in in_iam:
                    cause = None if is_one_key else Cause.OTHER_KEYS
                elif action.lower() in in_key_policy:
                    cause = Cause.KEY_POLICY_IS_ENOUGH
                else:
                    cause = why_not_asked(action, in_iam)
                if cause is not None:
                    yield Surplus(action, pattern, Reason.of(cause, statement))

    def _wanted_on(self, keys: Iterable[Key]) -> tuple[set[str], set[str]]:
        """Return the needed actions on keys: those for IAM policies, and those for key policies.

        IAM needs an action of a key policy too if one of the key policies leaves the role to IAM.
        """
        in_iam, in_key_policy = set(), set()
        for key in keys:
            for need in self._on[key.arn]:
                if need.column == IN_KEY_POLICY:
                    in_key_policy.add(need.action.lower())
                if need.column == IN_IAM or need not in self._named:
                    in_iam.add(need.action.lower())
        return in_iam, in_key_policy

    def _beyond_on_buckets(
        self, statement: PolicyStatement, buckets: list[Bucket]
    ) -> Iterator[Surplus]:
        if not actions_of(statement.body, "s3"):
            return
        for bucket in buckets:
            in_iam = [need for need in self._on[bucket.arn] if need.column == IN_IAM]
            beyond = list(beyond_on_bucket(statement, bucket, in_iam))
            if beyond and self._holds(statement, bucket, "s3:GetObject", bucket.arn):
                yield from beyond

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
        is_service = self._caller.is_service
        if not is_service and not names_everybody(statement.body):
            return
        own: set[str] = set()
        if is_service:
            own = {need.account for need in self._of_all[owner.arn]}
            own.add(owner.account)
        column = IN_KEY_POLICY if isinstance(owner, Key) else IN_BUCKET_POLICY
        for need in needs:
            if need.column != column:
                continue
            call_by = partial(call_on, owner, action=need.action, resource_arn=need.resource_arn)
            whom = Strangers(owner.policies, call_by, self._caller.region, own)
            service = need.action.partition(":")[0]
            for reason in strangers(statement, whom):
                for action in actions_of(statement.body, service):
                    if matches(need.action.lower(), action.lower()) is Answer.YES:
                        yield Surplus(action, need.resource_arn, reason)

    def _entries_of(
        self, beyond: Iterable[Surplus], statement: PolicyStatement, column: Column, policy_of: str
    ) -> Iterator[Finding]:
        needs = self._own if column == IN_IAM else self._on[policy_of]
        requests: dict[Request, None] = {}
        for need in needs:
            requests |= dict.fromkeys(need.requests)
        for action, pattern, reason in beyond:
            if reason.cause in _LETS_OTHERS_IN:
                page = "" if reason.cause is Cause.FOR_EVERYBODY else CONFUSED_DEPUTY_PAGE
            else:
                is_of_kms = action == "*" or action.lower().startswith("kms:")
                page = KMS_PAGE if is_of_kms else IMPORT_PAGE
                names = self._may_be_asked_by(action)
                if names:
                    reason = Reason.of(Cause.MAY_BE_ASKED, statement, requests=names)
            yield Finding(
                kind="undecided" if reason.cause in MAY_BE_TOO_MUCH else "excess",
                principal=SERVICE if self._caller.is_service else ROLE,
                principal_arn=self._caller.arn,
                action=in_aws_case(action),
                resource=pattern,
                policy=column,
                policy_of=policy_of,
                page=page,
                reason=reason,
                places=declared_of([statement.policy]),
                requests=tuple(requests),
            )

    def _may_be_asked_by(self, action: str) -> tuple[str, ...]:
        if not is_asked_somewhere(action):
            return ()
        service = action.partition(":")[0].lower()
        names: dict[str, None] = {}
        for question in self._model.open_questions:
            asks = service in question.asks or (action == "*" and question.asks)
            roles = () if self._caller.is_service else question.role_arns
            is_of_caller = any(same(self._caller.arn, arn) is not Answer.NO for arn in roles)
            if asks and (is_of_caller or not roles):
                names[question.name] = None
        return tuple(names)
