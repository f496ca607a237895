"""Permissions of the role and of Personalize beyond what is needed, on the keys and buckets that are used.

What other principals may do, and what the role may do elsewhere, isn't judged; nor is a statement that a condition
may keep from having an effect.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..matrix import KMS_PAGE
from .answers import Answer
from .calls import Caller, on_bucket, on_key
from .conditions import condition_answer
from .entries import Excess
from .excess_on_buckets import beyond_on_bucket
from .excess_on_keys import beyond_in_iam, beyond_in_key_policy
from .model import AccessModel, Asked, Bucket, Key, Policy, Role, Statement
from .needs import IN_BUCKET_POLICY, IN_IAM, IN_KEY_POLICY, SERVICE, Need
from .statements import Addressed, addressed_to, is_about
from .surplus import Surplus
from .values import matches
from .written import allow_statements, lets_everybody_in, names_a_source, names_principal, resources_of

S3_PAGE = "https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-s3-access.html"
CONFUSED_DEPUTY_PAGE = "https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html"


def excess(model: AccessModel, needs: Mapping[Need, list[Asked]]) -> Iterator[Excess]:
    """Yield every permission that is too much, once."""
    groups: dict[tuple[str, ...], dict[Need, list[Asked]]] = {}
    for need, asked in needs.items():
        groups.setdefault((need.principal, need.role_arn, need.account, need.region), {})[need] = asked
    found: dict[tuple[str, ...], Excess] = {}
    for own in groups.values():
        for each in _OfOne(model, own).excess():
            found.setdefault(each.sort_key(), each)
    yield from found.values()


@dataclass(frozen=True)
class _OfOne:
    """The permissions of one role, or of Personalize for one account."""

    model: AccessModel
    needs: Mapping[Need, list[Asked]]

    @property
    def caller(self) -> Caller:
        need = next(iter(self.needs))
        if need.principal == SERVICE:
            return Caller(need.principal_arn, need.account, need.region, is_service=True)
        role = self.model.role(need.role_arn)
        return Caller(role.arn, role.account, need.region, unique_id=role.unique_id)

    def excess(self) -> Iterator[Excess]:
        for arn in dict.fromkeys(need.owner for need in self.needs if need.owner):
            if arn in self.model.buckets:
                yield from self._in_bucket_policy(self.model.buckets[arn])
            elif arn in self.model.keys:
                yield from self._in_key_policy(self.model.keys[arn])
        if not self.caller.is_service and self.caller.arn in self.model.roles:
            yield from self._in_iam(self.model.roles[self.caller.arn])

    def _in_key_policy(self, key: Key) -> Iterator[Excess]:
        needs = [need for need in self.needs if need.owner == key.arn and need.policy == IN_KEY_POLICY]
        for policy, name, statement in self._for_caller(key.policies):
            if any(matches(key.arn, each) is Answer.YES for each in resources_of(statement)):
                surplus = [*beyond_in_key_policy(statement, key, needs), *self._for_any_account(statement, needs)]
                yield from self._entries(surplus, policy, name, IN_KEY_POLICY, key.arn)

    def _in_bucket_policy(self, bucket: Bucket) -> Iterator[Excess]:
        needs = [need for need in self.needs if need.owner == bucket.arn and need.action.startswith("s3:")]
        for policy, name, statement in self._for_caller(bucket.policies):
            surplus = [*beyond_on_bucket(statement, bucket, needs), *self._for_any_account(statement, needs)]
            yield from self._entries(surplus, policy, name, IN_BUCKET_POLICY, bucket.arn)

    def _in_iam(self, role: Role) -> Iterator[Excess]:
        keys = [self.model.key(arn) for arn in self._owners("kms:")]
        buckets = [self.model.bucket(arn, role.account) for arn in self._owners("s3:")]
        for policy, name, statement in allow_statements(role.identity):
            surplus: list[Surplus] = []
            fitting = [key for key in keys if _holds(statement, on_key(self.caller, "kms:Decrypt", key).context)]
            surplus += beyond_in_iam(statement, fitting, self.needs, self.caller, role)
            for bucket in buckets:
                if _holds(statement, on_bucket(self.caller, "s3:GetObject", bucket.arn, bucket).context):
                    needs = [need for need in self.needs if need.owner == bucket.arn and need.policy == IN_IAM]
                    surplus += beyond_on_bucket(statement, bucket, needs)
            yield from self._entries(surplus, policy, name, IN_IAM, role.arn)

    def _owners(self, service: str) -> list[str]:
        return list(dict.fromkeys(need.owner for need in self.needs if need.action.startswith(service)))

    def _for_caller(self, policies: list[Policy]) -> Iterator[tuple[Policy, str, Statement]]:
        """Yield the Allow statements that are meant for the caller itself, and not for its account."""
        for policy, name, statement in allow_statements(policies):
            ways = list(addressed_to(statement, self.caller, denies=False))
            itself = any(whom is Addressed.CALLER and answer is Answer.YES for whom, answer, _ in ways)
            if itself or (ways and names_principal(statement, self.caller.arn)):
                yield policy, name, statement

    def _for_any_account(self, statement: Statement, needs: list[Need]) -> Iterator[Surplus]:
        """Yield what Personalize may do for whoever it calls, and what everybody may."""
        everybody = lets_everybody_in(statement)
        if everybody or (self.caller.is_service and not names_a_source(statement)):
            for need in needs:
                if not _is_in(statement, need, self.caller, self.model):
                    continue
                if everybody:
                    yield Surplus(
                        need.action, need.resource, "for everybody: its Principal is *", f"name {self.caller.arn}"
                    )
                else:
                    condition = f'"Condition": {{"StringEqualsIfExists": {{"aws:SourceAccount": "{need.account}"}}}}'
                    why = "for any account: no condition on aws:SourceAccount or aws:SourceArn"
                    yield Surplus(need.action, need.resource, why, f"add {condition}", CONFUSED_DEPUTY_PAGE)

    def _entries(
        self, surplus: list[Surplus], policy: Policy, name: str, column: str, policy_of: str
    ) -> Iterator[Excess]:
        if policy.only_if:
            return
        own = [asks for need, asks in self.needs.items() if column == IN_IAM or need.owner == policy_of]
        for each in surplus:
            is_key = each.action == "*" or each.action.lower().startswith("kms:")
            yield Excess(
                principal=self.caller.kind,
                principal_arn=self.caller.arn,
                action=each.action,
                resource=each.resource,
                policy=column,
                policy_of=policy_of,
                needed_by=sorted({str(asked) for asks in own for asked in asks}),
                page=each.page or (KMS_PAGE if is_key else S3_PAGE),
                because=f"{name}: {each.why}",
                declared=(policy.declared,) if policy.declared else (),
                fix=each.fix,
            )


def _holds(statement: Statement, context: Mapping[str, tuple[str | None, ...]]) -> bool:
    answer, _ = condition_answer(statement.get("Condition"), context)
    return answer is Answer.YES


def _is_in(statement: Statement, need: Need, caller: Caller, model: AccessModel) -> bool:
    if need.policy == IN_KEY_POLICY:
        call = on_key(caller, need.action, model.key(need.owner))
    else:
        call = on_bucket(caller, need.action, need.resource, model.bucket(need.owner, need.account))
    answer, _ = is_about(statement, call)
    return answer is Answer.YES
