"""Permissions of the role and of Personalize beyond what is needed, on the keys and buckets that are used.

What other principals may do, and what the role may do elsewhere, isn't judged; nor is a statement that its condition
may keep from having an effect, unless it lets others in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import product
from typing import Any

from ..matrix import ASKED_ACTIONS, CONFUSED_DEPUTY_PAGE, IMPORT_PAGE, KMS_PAGE
from . import decision
from .addressed import Addressed, addressed_to
from .answers import Answer
from .calls import call_on
from .causes import MAY_BE_TOO_MUCH, Cause, because
from .conditions import Context, condition_answer
from .decision import Decision
from .declarations import template_of
from .entries import Excess, Undecided
from .model import AccessModel, Asked, Bucket, Column, Key, Role, declared_of
from .needs import IN_BUCKET_POLICY, IN_IAM, IN_KEY_POLICY, ROLE, SERVICE, Need, caller_of
from .remedies import is_to_be_named, statement_instead
from .replacements import Replacements, Sharing, for_nobody_else
from .statements import judge
from .strangers import OF_ANOTHER_ACCOUNT, as_sent, strangers, trusted_beyond
from .surplus import (
    Surplus,
    beyond_in_key_policy,
    beyond_on_bucket,
    by_bucket,
    is_asked_somewhere,
    wanted_of,
    why_not_asked,
)
from .values import bucket_in, has_unknown, matches, same
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
)

_IN_AWS_CASE = {each.lower(): each for each in ASKED_ACTIONS}
_OF_ANOTHER = tuple(OF_ANOTHER_ACCOUNT.values())
_LETS_OTHERS_IN = (Cause.FOR_EVERYBODY, Cause.FOR_ANY_ACCOUNT, *_OF_ANOTHER)


def excess(
    model: AccessModel,
    needs: Mapping[Need, list[Asked]],
    decisions: Mapping[Need, Decision],
    denied: Iterable[Decision],
) -> Iterator[Excess | Undecided]:
    """Yield every permission that is too much, once, and those of which that can't be seen."""
    reasons = [each.reason for each in (*decisions.values(), *denied) if each.reason.cause is Cause.DENIED]
    to_change = {statement for each in reasons for statement in each.statements}
    decisions = {
        need: replace(each, named=each.named or is_to_be_named(model, need, each)) for need, each in decisions.items()
    }
    groups: dict[tuple[str, ...], list[Need]] = {}
    for need in needs:
        groups.setdefault((need.principal, need.role_arn, need.account, need.region), []).append(need)
    found: dict[tuple[object, ...], Excess | Undecided] = {}
    for own in groups.values():
        for each in _OfOne(model, own, needs, decisions, to_change).excess():
            value, instead = each.reason.values.get("value"), str(getattr(each, "instead", ""))
            template = template_of(next(iter(each.declared), None))
            key = (type(each), each.cause, value, instead, template, *each.sort_key())
            before = found.setdefault(key, each)
            # Two statements of a template that give the same are told of together.
            by = tuple(dict.fromkeys((*before.reason.statements, *each.reason.statements)))
            declared = tuple(dict.fromkeys((*before.declared, *each.declared)))
            found[key] = replace(before, reason=replace(before.reason, statements=by), declared=declared)
    too_much = [each for each in found.values() if isinstance(each, Excess)]
    yield from (each for each in found.values() if isinstance(each, Undecided))
    sharing = Sharing(model, needs)
    for each in (*Replacements(model, needs, decisions, too_much).of_all(), *trusted_beyond(model)):
        if isinstance(each, Excess):
            yield replace(each, also_for={**each.also_for, **sharing.of(each)})
        else:
            yield each


class _OfOne:
    """The permissions of one role, or of Personalize for one account."""

    def __init__(
        self,
        model: AccessModel,
        needs: list[Need],
        asked: Mapping[Need, list[Asked]],
        decisions: Mapping[Need, Decision],
        to_change: set[Written],
    ) -> None:
        self._model = model
        self._asked = asked
        self._decisions = decisions
        self._to_change = to_change
        """The denials of what is needed."""
        of_needs = ((need, decisions[need]) for need in needs)
        self._to_let_through = {
            need.action.lower()
            for need, found in of_needs
            if any(each.cause is Cause.BOUNDARY for each in (found.reason, *found.further))
        }
        """The actions that the role's boundary has to allow, on everything."""
        self._on: dict[str, list[Need]] = {}
        for need in needs:
            if need.owner:
                self._on.setdefault(need.owner, []).append(need)
        self._caller = caller_of(model, needs[0])

    def excess(self) -> Iterator[Excess | Undecided]:
        for arn, needs in self._on.items():
            if owner := self._model.buckets.get(arn) or self._model.keys.get(arn):
                yield from self._in_policy_of(owner, needs)
        if not self._caller.is_service and self._caller.arn in self._model.roles:
            yield from self._in_iam(self._model.roles[self._caller.arn])

    def _in_policy_of(self, owner: Key | Bucket, needs: list[Need]) -> Iterator[Excess | Undecided]:
        column: Column = IN_KEY_POLICY if isinstance(owner, Key) else IN_BUCKET_POLICY
        statements = list(self._for_caller(owner.policies))
        for statement in statements:
            if isinstance(owner, Key):
                surplus = beyond_in_key_policy(statement, owner, needs)
            else:
                surplus = beyond_on_bucket(statement, resources_of(statement.body), owner, needs)
            effective = [each for each in surplus if self._has_effect(statement, owner, each)]
            yield from self._entries(effective, statement, column, owner.arn)
        yield from self._for_others_too(statements, needs, column, owner)

    def _in_iam(self, role: Role) -> Iterator[Excess | Undecided]:
        keys = {arn: needs for arn, needs in self._on.items() if needs[0].action.startswith("kms:")}
        buckets = {arn: needs for arn, needs in self._on.items() if arn not in keys}
        named: dict[str, list[str]] = {}
        for arn in buckets:
            named.setdefault(bucket_in(arn), []).append(arn)
        for statement in allow_statements(role.identity):
            body = statement.body
            surplus: list[Surplus] = []
            if actions_of(body, "kms"):
                fitting = [
                    (key, keys[key.arn])
                    for key in map(self._model.key, keys)
                    if not leaves_out(body, key.arn)
                    and _holds(body, call_on(key, self._caller, "kms:Decrypt", key.arn).context)
                ]
                surplus += self._beyond_in_iam(statement, fitting, role)
            for arn, patterns in by_bucket(resources_of(body), named) if actions_of(body, "s3") else ():
                bucket, needs = self._model.bucket(arn, role.account), buckets[arn]
                if _holds(body, call_on(bucket, self._caller, "s3:GetObject", arn).context):
                    in_iam = [need for need in needs if need.policy == IN_IAM]
                    beyond = beyond_on_bucket(statement, patterns, bucket, in_iam)
                    surplus += [each for each in beyond if not self._is_denied(role, each, [bucket])]
            yield from self._entries(surplus, statement, IN_IAM, role.arn)

    def _beyond_in_iam(self, statement: Written, keys: list[tuple[Key, list[Need]]], role: Role) -> Iterator[Surplus]:
        """Yield what an IAM statement allows the role on the keys that are used, and on others by a wildcard."""
        about = {
            pattern: [(key, needs) for key, needs in keys if matches(key.arn, pattern) is Answer.YES]
            for pattern in resources_of(statement.body)
        }
        concerned = [need for found in about.values() for _, needs in found for need in needs]
        wanted, in_key_policy = wanted_of(concerned, self._decisions)
        for pattern, found in about.items():
            if not found:
                continue
            is_one_key = any(same(key.arn, pattern) is Answer.YES for key, _ in found)
            for action in actions_of(statement.body, "kms"):
                if action.lower() in wanted:
                    if not is_one_key:
                        yield Surplus(action, pattern, because(Cause.OTHER_KEYS, statement))
                    continue
                is_enough = action.lower() in in_key_policy
                cause = Cause.KEY_POLICY_IS_ENOUGH if is_enough else why_not_asked(action, wanted)
                surplus = Surplus(action, pattern, because(cause, statement))
                if not self._is_denied(role, surplus, [key for key, _ in found]):
                    yield surplus

    def _for_caller(self, policies: list[Policy]) -> Iterator[Written]:
        """Yield the Allow statements that are meant for the caller itself, and not for its account."""
        for statement in allow_statements(policies):
            ways = addressed_to(statement.body, self._caller, denies=False)
            itself = any(way.whom is not Addressed.ACCOUNT and way.answer is Answer.YES for way in ways)
            if itself or (ways and names_principal(statement.body, self._caller.arn)):
                yield statement

    def _has_effect(self, statement: Written, owner: Key | Bucket, surplus: Surplus) -> bool:
        """Tell if a statement in the policy of a key or a bucket gives the caller what it writes there.

        It doesn't where its condition never holds, or where a denial or the role's boundary takes all of it away.
        """
        service = "kms" if isinstance(owner, Key) else "s3"
        action = f"{service}:*" if surplus.action == "*" else surplus.action
        call = as_sent(call_on(owner, self._caller, action, surplus.resource))
        if not _holds(statement.body, call.context):
            return False
        if self._caller.is_service:
            return self._refusal(decision.service_on(call, owner)) is not Cause.DENIED
        role = self._model.role(self._caller.arn)
        if isinstance(owner, Bucket):
            found = (decision.role_in_bucket(call, owner), decision.role_by_iam(decision.of_role(role, call)))
            return all(self._refusal(each) is not Cause.DENIED for each in found)
        return not self._is_refused(decision.role_by_both(call, decision.of_role(role, call), owner), action)

    def _is_denied(self, role: Role, surplus: Surplus, owners: Sequence[Key | Bucket]) -> bool:
        """Tell if the boundary or a denial takes all of it away again, the denial in whatever policy."""
        for owner in owners:
            call = call_on(owner, self._caller, surplus.action, surplus.resource)
            is_one = isinstance(owner, Bucket) or same(owner.arn, surplus.resource) is Answer.YES
            by_owner = judge(owner.policies, call, of_resource=True).denied.by if is_one else ()
            by_iam = decision.role_by_iam(decision.of_role(role, call))
            refused = self._is_refused(by_iam, surplus.action) if is_one else self._refusal(by_iam) is Cause.DENIED
            if not refused and self._to_change.issuperset(by_owner):
                return False
        return True

    def _is_refused(self, found: Decision, action: str) -> bool:
        """Tell if a denial or the boundary takes all of an action away; the boundary may leave a part of a wildcard."""
        whole = not ("*" in action or "?" in action or has_unknown(action))
        cause = self._refusal(found)
        refused = whole and action.lower() not in self._to_let_through
        return cause is Cause.DENIED or (refused and cause is Cause.BOUNDARY)

    def _refusal(self, found: Decision) -> Cause:
        """Return why a call is refused, as if the denials were gone that take away what is needed."""
        is_changed = found.reason.cause is Cause.DENIED and self._to_change.issuperset(found.reason.statements)
        reasons = found.further if is_changed else (found.reason,)
        return reasons[0].cause if reasons else Cause.ALLOWED

    def _for_others_too(
        self, statements: Iterable[Written], needs: list[Need], column: Column, owner: Key | Bucket
    ) -> Iterator[Excess | Undecided]:
        """Yield what the policy allows everybody, or Personalize for whoever it calls.

        Of a statement that may also be needed by what can't be seen, all that may be: it stays, for nobody else.
        """
        wide = [each for each in statements if self._caller.is_service or names_everybody(each.body)]
        used_in = [need.account for need in self._asked if need.owner == owner.arn]
        own = tuple(dict.fromkeys((owner.account, *used_in))) if self._caller.is_service else ()
        for statement, need in product(wide, (each for each in needs if each.policy == column)):
            call_by = partial(call_on, owner, action=need.action, resource=need.resource)
            for reason in strangers(statement, owner.policies, call_by, need.region, own):
                page = "" if reason.cause is Cause.FOR_EVERYBODY else CONFUSED_DEPUTY_PAGE
                actions = actions_of(statement.body, need.action.partition(":")[0])
                kept = [each for each in actions if reason.cause not in _OF_ANOTHER and self._may_be_asked_by(each)]
                on = [owner.arn] if isinstance(owner, Key) else resources_of(statement.body)
                written = [each for each in actions if matches(need.action.lower(), each.lower()) is Answer.YES]
                told = product(kept, on) if kept else product(written, [need.resource])
                surplus = [Surplus(*each, reason) for each in told]
                more: dict[str, Any] = {}
                if kept:
                    past = statement in self._decisions[need].past_boundary
                    found = statement_instead(self._model, [need], need.policy, is_past_boundary=past)
                    more["instead"] = (for_nobody_else(found, statement, reason.cause, kept),)
                yield from self._entries(surplus, statement, column, owner.arn, page=page, **more)

    def _entries(
        self,
        surplus: Iterable[Surplus],
        statement: Written,
        column: Column,
        policy_of: str,
        page: str = "",
        **more: Any,
    ) -> Iterator[Excess | Undecided]:
        policy = statement.policy
        on = self._on if column == IN_IAM else (policy_of,)
        asked = list(dict.fromkeys(each for owner in on for need in self._on[owner] for each in self._asked[need]))
        for each in surplus:
            is_key = each.action == "*" or each.action.lower().startswith("kms:")
            requests = () if each.reason.cause in _LETS_OTHERS_IN else self._may_be_asked_by(each.action)
            yield (Undecided if requests or each.reason.cause in MAY_BE_TOO_MUCH else Excess)(
                principal=SERVICE if self._caller.is_service else ROLE,
                principal_arn=self._caller.arn,
                action=_IN_AWS_CASE.get(each.action.lower(), each.action),
                resource=each.resource,
                policy=column,
                policy_of=policy_of,
                page=page or (KMS_PAGE if is_key else IMPORT_PAGE),
                reason=because(Cause.MAY_BE_ASKED, statement, requests=requests) if requests else each.reason,
                declared=declared_of([policy]),
                asked=tuple(asked),
                origins=self._model.origins_in(declared_of([policy])),
                **more,
            )

    def _may_be_asked_by(self, action: str) -> tuple[str, ...]:
        """Return the requests that may need an action of the caller, which can't be seen."""
        service, found = action.partition(":")[0].lower(), []
        for each in self._model.open_questions if is_asked_somewhere(action) else ():
            may_be = any(same(self._caller.arn, arn) is not Answer.NO for arn in each.role_arns)
            is_callers = self._caller.is_service or not each.role_arns or may_be
            if is_callers and (service in each.asks or (action == "*" and each.asks)):
                found.append(each.name)
        return tuple(dict.fromkeys(found))


def _holds(body: Body, context: Context) -> bool:
    return condition_answer(body.get("Condition"), context)[0] is Answer.YES
