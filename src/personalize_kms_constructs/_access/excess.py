"""Permissions of the role and of Personalize beyond what is needed, on the keys and buckets that are used.

What other principals may do, and what the role may do elsewhere, isn't judged; nor is a statement that a condition
may keep from having an effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..matrix import CONFUSED_DEPUTY_PAGE, KMS_PAGE
from .addressed import Addressed, addressed_to
from .answers import Answer
from .calls import Call, on_bucket, on_key
from .causes import Cause, because
from .conditions import condition_answer
from .decision import Decision
from .entries import Excess
from .model import AccessModel, Asked, Bucket, Key, Role, labels_of
from .needs import IN_BUCKET_POLICY, IN_IAM, IN_KEY_POLICY, Need, caller_of, conditions_of
from .surplus import Surplus, beyond_in_iam, beyond_in_key_policy, beyond_on_bucket
from .values import matches
from .written import (
    Body,
    Policy,
    Written,
    allow_statements,
    leaves_out,
    lets_everybody_in,
    names_a_source,
    names_principal,
    resources_of,
    writes,
)

S3_PAGE = "https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-s3-access.html"


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
        for statement in self._for_caller(key.policies):
            body = statement.body
            if not leaves_out(body, key.arn) and any(
                matches(key.arn, each) is Answer.YES for each in resources_of(body)
            ):
                surplus = beyond_in_key_policy(statement, key, needs)
                yield from self._entries(surplus, statement, IN_KEY_POLICY, key.arn)
        yield from self._for_others_too(needs, IN_KEY_POLICY, key.arn)

    def _in_bucket_policy(self, bucket: Bucket, needs: list[Need]) -> Iterator[Excess]:
        needs = [need for need in needs if need.action.startswith("s3:")]
        for statement in self._for_caller(bucket.policies):
            surplus = beyond_on_bucket(statement, bucket, needs)
            yield from self._entries(surplus, statement, IN_BUCKET_POLICY, bucket.arn)
        yield from self._for_others_too(needs, IN_BUCKET_POLICY, bucket.arn)

    def _in_iam(self, role: Role) -> Iterator[Excess]:
        keys = {arn: needs for arn, needs in self._on.items() if needs[0].action.startswith("kms:")}
        buckets = {arn: needs for arn, needs in self._on.items() if arn not in keys}
        for statement in allow_statements(role.identity):
            body = statement.body
            surplus: list[Surplus] = []
            if writes(body, "kms"):
                fitting = [
                    (key, keys[key.arn])
                    for key in map(self._model.key, keys)
                    if not leaves_out(body, key.arn) and _holds(body, on_key(self._caller, "kms:Decrypt", key))
                ]
                surplus += beyond_in_iam(statement, fitting, self._decisions, self._caller, role)
            for arn, needs in buckets.items() if writes(body, "s3") else ():
                bucket = self._model.bucket(arn, role.account)
                if _holds(body, on_bucket(self._caller, "s3:GetObject", arn, bucket)):
                    in_iam = [need for need in needs if need.policy == IN_IAM]
                    surplus += beyond_on_bucket(statement, bucket, in_iam)
            yield from self._entries(surplus, statement, IN_IAM, role.arn)

    def _for_caller(self, policies: list[Policy]) -> Iterator[Written]:
        """Yield the Allow statements that are meant for the caller itself, and not for its account."""
        for statement in allow_statements(policies):
            ways = addressed_to(statement.body, self._caller, denies=False)
            itself = any(way.whom is not Addressed.ACCOUNT and way.answer is Answer.YES for way in ways)
            if itself or (ways and names_principal(statement.body, self._caller.arn)):
                yield statement

    def _for_others_too(self, needs: list[Need], column: str, policy_of: str) -> Iterator[Excess]:
        """Yield what the policy allows everybody, or Personalize for whoever it calls."""
        for need in needs:
            if need.policy != column:
                continue
            for statement in dict.fromkeys(each for group in self._decisions[need].by for each in group):
                if lets_everybody_in(statement.body):
                    reason, page = because(Cause.FOR_EVERYBODY, statement, arn=self._caller.arn), ""
                elif self._caller.is_service and not names_a_source(statement.body):
                    reason = because(Cause.FOR_ANY_ACCOUNT, statement, account=need.account)
                    page = CONFUSED_DEPUTY_PAGE
                else:
                    continue
                surplus = [Surplus(need.action, need.resource, reason)]
                yield from self._entries(surplus, statement, column, policy_of, page)

    def _entries(
        self, surplus: Iterable[Surplus], statement: Written, column: str, policy_of: str, page: str = ""
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
                page=page or (KMS_PAGE if is_key else S3_PAGE),
                reason=each.reason,
                declared=(policy.declared,) if policy.declared else (),
                asked=tuple(asked),
            )

    def _asking(self, owner: str) -> list[Asked]:
        """All that uses a key or a bucket, or any of them."""
        needs = self._on[owner] if owner else [need for own in self._on.values() for need in own]
        return list(dict.fromkeys(asked for need in needs for asked in self._asked[need]))


def _holds(body: Body, call: Call) -> bool:
    answer, _ = condition_answer(body.get("Condition"), call.context) if body.get("Condition") else (Answer.YES, [])
    return answer is Answer.YES
