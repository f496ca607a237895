"""Permissions of the role and of Personalize beyond what is needed, on the keys and buckets that are used.

What other principals may do, and what the role may do elsewhere, isn't judged; nor is a statement that a condition
may keep from having an effect.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..matrix import CONFUSED_DEPUTY_PAGE, IMPORT_PAGE, KMS_PAGE, SERVICE_PRINCIPAL
from . import decision
from .addressed import Addressed, addressed_to
from .answers import Answer, all_of
from .calls import Caller, call_on
from .causes import Cause, Reason, because
from .conditions import Context, condition_answer
from .decision import Decision
from .entries import Excess
from .model import AccessModel, Asked, Bucket, Key, Role, declared_of, labels_of
from .needs import IN_BUCKET_POLICY, IN_IAM, IN_KEY_POLICY, Need, caller_of, conditions_of
from .statements import is_about
from .values import PARTITION, generated, has_unknown, matches, same
from .written import (
    Body,
    Policy,
    Written,
    actions_of,
    allow_statements,
    leaves_out,
    names_everybody,
    names_principal,
    resources_of,
    writes,
)

# An account that no policy names.
_ANOTHER_ACCOUNT = generated("another account")
_ANOTHER_ROLE = f"arn:{PARTITION}:iam::{_ANOTHER_ACCOUNT}:role/{generated('another role')}"
_OF_ACCOUNTS = ("aws:principalaccount", "aws:principalarn", "aws:principaltype", "kms:calleraccount")


@dataclass(frozen=True)
class _Surplus:
    """An action on a resource, as the statement writes them."""

    action: str
    resource: str
    reason: Reason


def excess(
    model: AccessModel, needs: Mapping[Need, list[Asked]], decisions: Mapping[Need, Decision]
) -> Iterator[Excess]:
    """Yield every permission that is too much, once."""
    groups: dict[tuple[str, ...], list[Need]] = {}
    for need in needs:
        groups.setdefault((need.principal, need.role_arn, need.account, need.region), []).append(need)
    found: dict[tuple[str, ...], Excess] = {}
    for own in groups.values():
        for each in _OfOne(model, own, needs, decisions).excess():
            found.setdefault(each.sort_key(), each)
    yield from found.values()


class _OfOne:
    """The permissions of one role, or of Personalize for one account."""

    def __init__(
        self,
        model: AccessModel,
        needs: list[Need],
        asked: Mapping[Need, list[Asked]],
        decisions: Mapping[Need, Decision],
    ) -> None:
        self._model = model
        self._asked = asked
        self._decisions = decisions
        self._on: dict[str, list[Need]] = {}
        for need in needs:
            if need.owner:
                self._on.setdefault(need.owner, []).append(need)
        self._caller = caller_of(model, needs[0])

    def excess(self) -> Iterator[Excess]:
        for arn, needs in self._on.items():
            if arn in self._model.buckets:
                yield from self._in_bucket_policy(self._model.buckets[arn], needs)
            elif arn in self._model.keys:
                yield from self._in_key_policy(self._model.keys[arn], needs)
        if not self._caller.is_service and self._caller.arn in self._model.roles:
            yield from self._in_iam(self._model.roles[self._caller.arn])

    def _in_key_policy(self, key: Key, needs: list[Need]) -> Iterator[Excess]:
        needs = [need for need in needs if need.policy == IN_KEY_POLICY]
        statements = list(self._for_caller(key.policies))
        for statement in statements:
            body = statement.body
            if not leaves_out(body, key.arn) and any(
                matches(key.arn, each) is Answer.YES for each in resources_of(body)
            ):
                surplus = _beyond_in_key_policy(statement, key, needs)
                yield from self._entries(surplus, statement, IN_KEY_POLICY, key.arn)
        yield from self._for_others_too(statements, needs, IN_KEY_POLICY, key)

    def _in_bucket_policy(self, bucket: Bucket, needs: list[Need]) -> Iterator[Excess]:
        needs = [need for need in needs if need.action.startswith("s3:")]
        statements = list(self._for_caller(bucket.policies))
        for statement in statements:
            surplus = _beyond_on_bucket(statement, bucket, needs)
            yield from self._entries(surplus, statement, IN_BUCKET_POLICY, bucket.arn)
        yield from self._for_others_too(statements, needs, IN_BUCKET_POLICY, bucket)

    def _in_iam(self, role: Role) -> Iterator[Excess]:
        keys = {arn: needs for arn, needs in self._on.items() if needs[0].action.startswith("kms:")}
        buckets = {arn: needs for arn, needs in self._on.items() if arn not in keys}
        for statement in allow_statements(role.identity):
            body = statement.body
            surplus: list[_Surplus] = []
            if writes(body, "kms"):
                fitting = [
                    (key, keys[key.arn])
                    for key in map(self._model.key, keys)
                    if not leaves_out(body, key.arn)
                    and _holds(body, call_on(key, self._caller, "kms:Decrypt", key.arn).context)
                ]
                surplus += _beyond_in_iam(statement, fitting, self._decisions, self._caller, role)
            for arn, needs in buckets.items() if writes(body, "s3") else ():
                bucket = self._model.bucket(arn, role.account)
                if _holds(body, call_on(bucket, self._caller, "s3:GetObject", arn).context):
                    in_iam = [need for need in needs if need.policy == IN_IAM]
                    surplus += _beyond_on_bucket(statement, bucket, in_iam)
            yield from self._entries(surplus, statement, IN_IAM, role.arn)

    def _for_caller(self, policies: list[Policy]) -> Iterator[Written]:
        """Yield the Allow statements that are meant for the caller itself, and not for its account."""
        for statement in allow_statements(policies):
            ways = addressed_to(statement.body, self._caller, denies=False)
            itself = any(way.whom is not Addressed.ACCOUNT and way.answer is Answer.YES for way in ways)
            if itself or (ways and names_principal(statement.body, self._caller.arn)):
                yield statement

    def _for_others_too(
        self, statements: Iterable[Written], needs: list[Need], column: str, owner: Key | Bucket
    ) -> Iterator[Excess]:
        """Yield what the policy allows everybody, or Personalize for whoever it calls."""
        wide = [each for each in statements if self._caller.is_service or names_everybody(each.body)]
        for need in needs if wide else ():
            if need.policy != column or self._decisions[need].answer is not Answer.YES:
                continue
            call = call_on(owner, self._caller, need.action, need.resource)
            for statement in wide:
                if not statement.may_be_about(need.action) or is_about(statement, call)[0] is not Answer.YES:
                    continue
                if _lets_everybody_in(statement.body, need, owner):
                    reason, page = because(Cause.FOR_EVERYBODY, statement, arn=self._caller.arn), ""
                elif self._caller.is_service and _is_for_any_account(statement.body, need, owner):
                    reason = because(Cause.FOR_ANY_ACCOUNT, statement, account=need.account)
                    page = CONFUSED_DEPUTY_PAGE
                else:
                    continue
                surplus = [_Surplus(need.action, need.resource, reason)]
                yield from self._entries(surplus, statement, column, owner.arn, page)

    def _entries(
        self, surplus: Iterable[_Surplus], statement: Written, column: str, policy_of: str, page: str = ""
    ) -> Iterator[Excess]:
        policy = statement.policy
        asked = self._asking("" if column == IN_IAM else policy_of)
        if policy.only_if and not policy.only_if <= conditions_of(asked):
            return
        for each in surplus:
            is_key = each.action == "*" or each.action.lower().startswith("kms:")
            yield Excess(
                principal=self._caller.kind,
                principal_arn=self._caller.arn,
                action=each.action,
                resource=each.resource,
                policy=column,
                policy_of=policy_of,
                needed_by=labels_of(asked),
                page=page or (KMS_PAGE if is_key else IMPORT_PAGE),
                reason=each.reason,
                declared=declared_of([policy]),
                asked=tuple(asked),
            )

    def _asking(self, owner: str) -> list[Asked]:
        """All that uses a key or a bucket, or any of them."""
        needs = self._on[owner] if owner else [need for own in self._on.values() for need in own]
        return list(dict.fromkeys(asked for need in needs for asked in self._asked[need]))


def _lets_everybody_in(body: Body, need: Need, owner: Key | Bucket) -> bool:
    """Tell if a statement is for whoever calls: a role of another account, or somebody of none, as S3 lets in."""
    if not names_everybody(body):
        return False
    caller = Caller(_ANOTHER_ROLE, _ANOTHER_ACCOUNT, need.region)
    context = call_on(owner, caller, need.action, need.resource).context
    of_nobody = {**context, **dict.fromkeys(_OF_ACCOUNTS, (None,))}
    return _holds(body, context) or (isinstance(owner, Bucket) and _holds(body, of_nobody))


def _is_for_any_account(body: Body, need: Need, owner: Key | Bucket) -> bool:
    """Tell if a statement is for Personalize though it calls for another account."""
    caller = Caller(SERVICE_PRINCIPAL, _ANOTHER_ACCOUNT, need.region, is_service=True)
    return _holds(body, call_on(owner, caller, need.action, need.resource).context)


def _holds(body: Body, context: Context) -> bool:
    return condition_answer(body.get("Condition"), context)[0] is Answer.YES


def _beyond_in_key_policy(statement: Written, key: Key, needs: Iterable[Need]) -> Iterator[_Surplus]:
    """Yield the actions that nothing needs; one with a wildcard is never needed as it is."""
    wanted = {need.action.lower() for need in needs}
    for action in actions_of(statement.body, "kms"):
        if action.lower() not in wanted:
            yield _Surplus(action, key.arn, because(Cause.NOT_ASKED, statement))


def _beyond_in_iam(
    statement: Written,
    keys: list[tuple[Key, list[Need]]],
    decisions: Mapping[Need, Decision],
    caller: Caller,
    role: Role,
) -> Iterator[_Surplus]:
    """Yield what an IAM statement allows the role on the keys that are used, and on others by a wildcard."""
    about = {
        pattern: [(key, needs) for key, needs in keys if matches(key.arn, pattern) is Answer.YES]
        for pattern in resources_of(statement.body)
    }
    concerned = [need for found in about.values() for _, needs in found for need in needs]
    wanted, in_key_policy = _wanted(concerned, decisions)
    for pattern, found in about.items():
        if not found:
            continue
        is_one_key = any(same(key.arn, pattern) is Answer.YES for key, _ in found)
        for action in actions_of(statement.body, "kms"):
            if action.lower() in wanted:
                if not is_one_key:
                    yield _Surplus(action, pattern, because(Cause.OTHER_KEYS, statement))
            elif not (is_one_key and _is_denied(role, caller, action, [key for key, _ in found])):
                cause = Cause.KEY_POLICY_IS_ENOUGH if action.lower() in in_key_policy else Cause.NOT_ASKED
                yield _Surplus(action, pattern, because(cause, statement))


def _wanted(needs: list[Need], decisions: Mapping[Need, Decision]) -> tuple[set[str], set[str]]:
    """The actions that belong into IAM policies for these keys, and those that belong into their key policies.

    What a key policy asks for belongs into IAM as well where one of the key policies leaves the role to IAM.
    """
    in_iam = {need.action.lower() for need in needs if need.policy == IN_IAM}
    in_key_policy = [need for need in needs if need.policy == IN_KEY_POLICY]
    left_to_iam = {need.action.lower() for need in in_key_policy if not decisions[need].named}
    return in_iam | left_to_iam, {need.action.lower() for need in in_key_policy}


def _is_denied(role: Role, caller: Caller, action: str, keys: list[Key]) -> bool:
    """Tell if another statement or the boundary takes the permission away again."""
    if "*" in action or "?" in action or has_unknown(action):
        return False
    answers = [decision.role_by_iam(call_on(key, caller, action, key.arn), role).answer for key in keys]
    return all_of(answers) is Answer.NO


def _beyond_on_bucket(statement: Written, bucket: Bucket, needs: list[Need]) -> Iterator[_Surplus]:
    """Yield what a statement allows on a bucket beyond what is needed there, and on others by a wildcard."""
    if leaves_out(statement.body, _everything_in(bucket)):
        return
    needed: dict[str, list[str]] = {}
    for need in needs:
        needed.setdefault(need.action.lower(), []).append(need.resource)
    resources = [bucket.arn, _everything_in(bucket), *(need.resource for need in needs)]
    for pattern in resources_of(statement.body):
        if _matches_one(resources, pattern):
            for action in actions_of(statement.body, "s3"):
                on = tuple(dict.fromkeys(needed.get(action.lower(), [])))
                cause = _how_far(pattern, bucket, on)
                if cause is not None:
                    yield _Surplus(action, pattern, because(cause, statement, needed=on))


def _how_far(pattern: str, bucket: Bucket, needed: tuple[str, ...]) -> Cause | None:
    """Return how an action on a pattern goes beyond the resources on which the action is needed."""
    everything = _everything_in(bucket)
    if not needed:
        return Cause.NOT_ASKED
    if matches(f"{bucket.arn}-another", pattern) is Answer.YES:
        return Cause.OTHER_BUCKETS
    if all(resource == bucket.arn for resource in needed):
        return None  # listing, which has no effect on objects
    if matches(everything, pattern) is Answer.YES:
        return None if everything in needed else Cause.WHOLE_BUCKET
    # On the bucket itself there are no objects.
    on_bucket = matches(bucket.arn, pattern) is Answer.YES
    return None if on_bucket or _matches_one(needed, pattern) else Cause.OTHER_PREFIX


def _matches_one(resources: Collection[str], pattern: str) -> bool:
    return pattern in resources or any(matches(resource, pattern) is Answer.YES for resource in resources)


def _everything_in(bucket: Bucket) -> str:
    return f"{bucket.arn}/*"
