"""Losses where permissions that are too much are taken out: of what is needed, which is replaced, and of others.

Who takes an action out of its statement, and puts the replacement into the same policy, takes nothing away from
Personalize or a service role. Of others nobody knows what they need.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from ..matrix import SERVICE_PRINCIPAL
from .addressed import Addressed, addressed_to
from .answers import Answer
from .calls import Caller, call_on, service
from .causes import Cause
from .decision import Decision
from .entries import Excess
from .model import AccessModel, Asked, Bucket, Key
from .needs import CALLER, IN_BUCKET_POLICY, IN_IAM, IN_KEY_POLICY, SERVICE, Need, call_of, owner_of
from .remedies import IAM_POLICY, Json, alike, is_waited_for, place_of, statement_instead
from .statements import is_about, serves
from .strangers import ANOTHER_ACCOUNT, as_sent
from .values import matches, same
from .written import Policy, Written, actions_of, allow_statements, names_principal, principals_of, without_sources


class Replacements:
    """Finds what is needed of the statements that some entries are about."""

    def __init__(
        self,
        model: AccessModel,
        asked: Mapping[Need, list[Asked]],
        decisions: Mapping[Need, Decision],
        entries: Sequence[Excess],
    ) -> None:
        self._model = model
        self._asked = asked
        self._decisions = decisions
        self._entries = entries
        self._for_another: set[Written] = set()
        """The statements with an account of which nothing is taken out but the account itself."""
        self._taken: dict[tuple[object, ...], dict[str, list[tuple[str, str]]]] = {}
        """The actions that are taken out of a statement, each with whose policy it is and the resource told of."""
        for entry in entries:
            if entry.cause is Cause.FOR_ANOTHER_ACCOUNT:
                self._for_another.update(entry.reason.statements)
                continue
            for statement in entry.reason.statements:
                taken = self._taken.setdefault(_identity(statement), {})
                taken.setdefault(entry.action.lower(), []).append((entry.policy_of, entry.resource))
        self._needs: dict[tuple[object, ...], list[Need]] = {}

    def of_all(self) -> Iterator[Excess]:
        """Yield the entries, each with what to put in its place."""
        for entry in self._entries:
            is_whole = bool(entry.instead) or entry.cause is Cause.FOR_ANOTHER_ACCOUNT
            replaced = [] if is_whole else list(self._replaced(entry))
            yield from replaced or [entry]

    def _replaced(self, entry: Excess) -> Iterator[Excess]:
        """Yield an entry with what to put in its place: where roles share a policy, once for each that loses something.

        In their policy it would be too much for the others.
        """
        lost = {statement: self._lost(entry, statement) for statement in entry.reason.statements}
        is_shared = entry.policy == IN_IAM and any(len(set(self._sharing(each))) > 1 for each in lost)
        instead: dict[tuple[Any, ...], tuple[dict[str, Json], list[Asked]]] = {}
        for statement, needs in lost.items():
            taken = self._taken[_identity(statement)][entry.action.lower()]
            for group in alike(needs):
                role = group[0].role_arn if is_shared else entry.policy_of
                if role != entry.policy_of and (role, entry.resource) in taken:
                    continue  # its own entry says what it needs
                found = self._statement(group, statement, entry.policy)
                asked = [each for need in group for each in self._asked[need]]
                place = self._place(entry, group[0], asked, is_shared=is_shared)
                statements, needing = instead.setdefault((role, *place.items()), ({}, []))
                statements[str(found)] = found
                needing += asked
        for (role, *made), (statements, needing) in instead.items():
            told = replace(entry, instead=tuple(statements.values()), **dict(made))
            if made:
                told.make_for, told.needing = role, tuple(needing)
                told.origins = self._model.origins_in((*told.beside, *entry.declared))
            yield told

    def _place(self, entry: Excess, need: Need, asked: list[Asked], *, is_shared: bool) -> Json:
        """Return the policy to make, as entries have it, where the one that loses something can't take it again."""
        role = self._model.role(need.role_arn)
        statements = entry.reason.statements if entry.policy == IN_IAM and role.declared else ()
        policies = [each.policy for each in statements]
        if not (is_shared or any(is_waited_for(self._model, need, each) for each in policies)):
            return {}
        found = place_of(self._model, need, IN_IAM, asked, is_new=True)
        return {"make": IAM_POLICY, "beside": (), **found, "policies": ()}

    def _lost(self, entry: Excess, statement: Written) -> list[Need]:
        """Return the needs that go with what is taken out of a statement."""
        about = [need for need in self._needs_by(entry, statement) if _is_on(need, entry.resource)]
        about += self._told_nowhere(entry, statement)
        return [need for need in about if self._loses(need, statement, entry)]

    def _needs_by(self, entry: Excess, statement: Written) -> list[Need]:
        """Return the needs that the policy of an entry may serve by its action; the same for all of its resources."""
        key = (entry.policy, entry.policy_of, entry.action, _identity(statement)[:2])
        if key not in self._needs:
            action = entry.action.lower()
            needs = self._needs_of(entry, statement)
            self._needs[key] = [each for each in needs if matches(each.action.lower(), action) is not Answer.NO]
        return self._needs[key]

    def _told_nowhere(self, entry: Excess, statement: Written) -> list[Need]:
        """Return the needs that go with the action, though it isn't too much on what they are about."""
        key = (entry.policy, entry.policy_of, entry.action, _identity(statement))
        if key not in self._needs:
            taken = self._taken[_identity(statement)][entry.action.lower()]
            needs = self._needs_by(entry, statement)
            self._needs[key] = [need for need in needs if not any(_is_on(need, each) for _, each in taken)]
        return self._needs[key]

    def _needs_of(self, entry: Excess, statement: Written) -> Iterator[Need]:
        """Yield the needs that the policy of an entry may serve."""
        alike = {entry.policy_of, *self._sharing(statement)} if entry.policy == IN_IAM else set()
        for need in self._asked:
            if entry.policy == IN_IAM:
                to_iam = need.policy == IN_IAM or (need.policy == IN_KEY_POLICY and not self._decisions[need].named)
                if need.principal != SERVICE and to_iam and need.role_arn in alike:
                    yield need
            elif need.owner == entry.policy_of and (need.policy == entry.policy or self._is_across(entry, need)):
                yield need

    def _sharing(self, statement: Written) -> Iterator[str]:
        """Yield the roles that have the policy of a statement: a managed policy can be attached to several."""
        wanted = _identity(statement)[:2]
        for role in self._model.roles.values():
            if any(wanted == (each.declared, each.name) for each in role.identity):
                yield role.arn

    def _is_across(self, entry: Excess, need: Need) -> bool:
        """Tell if a bucket's policy may have to allow a role what its IAM policies do: across accounts."""
        if entry.policy != IN_BUCKET_POLICY or need.policy != IN_IAM or not need.action.startswith("s3:"):
            return False
        bucket = self._model.bucket(need.owner, need.account)
        return same(self._model.role(need.role_arn).account, bucket.account) is not Answer.YES

    def _loses(self, need: Need, statement: Written, entry: Excess) -> bool:
        """Tell if a need goes with the action of an entry, and no statement that stays as it is serves it as well."""
        call = call_of(self._model, need)
        in_iam = entry.policy == IN_IAM
        if serves(statement, call, of_resource=not in_iam) is Answer.NO:
            return False
        to_account = not in_iam and _is_to_account(statement, call.caller)
        past = statement in self._decisions[need].past_boundary
        for other in allow_statements(self._policies_of(entry, need)):
            stays = not other.condition and self._keeps(other, need.action)
            named = in_iam or to_account or not _is_to_account(other, call.caller)
            named = named and (not past or other in self._decisions[need].past_boundary)
            if stays and named and serves(other, call, of_resource=not in_iam) is Answer.YES:
                return False
        return True

    def _keeps(self, statement: Written, action: str) -> bool:
        """Tell if a statement has an action still when what is too much is taken out of it."""
        taken = self._taken.get(_identity(statement), {})
        if "NotAction" in statement.body:
            return all(matches(action.lower(), each) is Answer.NO for each in taken)
        left = (each.lower() for each in actions_of(statement.body, action.partition(":")[0]))
        return any(matches(action.lower(), each) is Answer.YES for each in left if each not in taken)

    def _policies_of(self, entry: Excess, need: Need) -> list[Policy]:
        if entry.policy == IN_IAM:
            return self._model.role(need.role_arn).identity
        owner = owner_of(self._model, need)
        return owner.policies if isinstance(owner, (Bucket, Key)) else []

    def _statement(self, needs: list[Need], statement: Written, policy: str) -> Json:
        """Return a statement for needs of one principal, with the conditions of the one that it replaces."""
        past = any(statement in self._decisions[need].past_boundary for need in needs)
        found, body = statement_instead(self._model, needs, policy, is_past_boundary=past), statement.body
        condition = body.get("Condition")
        if policy == IN_IAM:
            return {**found, "Condition": condition} if condition else found
        first, call = needs[0], call_of(self._model, needs[0])
        is_named = names_principal(body, first.role_arn)
        is_by_arn = is_named and "Principal" in body
        keeps = is_by_arn or ((is_named or _is_to_account(statement, call.caller)) and not past)
        if keeps:
            # By a condition, or for the account alone: the statement may name other roles too.
            found["Principal"] = body["Principal"] if is_by_arn else {"AWS": call.caller.account}
        is_enough = keeps or (first.principal == SERVICE and not self._lets_others_in(statement, first))
        if statement in self._for_another:
            is_enough, condition = False, without_sources(condition)
        own = found.pop("Condition", {})
        merged = _with({} if is_enough else own, condition or {})
        found |= {"Condition": merged} if merged else {}
        return found

    def _lets_others_in(self, statement: Written, need: Need) -> bool:
        """Tell if a statement lets Personalize in for whoever it works."""
        another = service(ANOTHER_ACCOUNT, need.region)
        call = as_sent(call_on(owner_of(self._model, need), another, need.action, need.resource))
        return is_about(statement, call)[0] is not Answer.NO


class Sharing:
    """Finds the others whom some entries concern: for whom a statement is too, and who uses the role besides."""

    def __init__(self, model: AccessModel, needs: Iterable[Need]) -> None:
        self._model = model
        self._judged: dict[str, set[str]] = {}
        """The principals whose needs are known, by what they are about: a key, a bucket, or nothing for IAM."""
        for need in needs:
            if need.principal != CALLER:
                for owner in (need.owner, ""):
                    self._judged.setdefault(owner, {SERVICE_PRINCIPAL}).add(need.principal_arn)

    def of(self, entry: Excess) -> Mapping[str, str]:
        """Return the others, each with what it should have of its own: a statement, a policy, or a role."""
        if entry.cause is Cause.FOR_ANOTHER_ACCOUNT:
            return {}  # that principal alone is taken out
        in_iam = entry.policy == IN_IAM
        judged = self._judged.get("" if in_iam else entry.policy_of, {SERVICE_PRINCIPAL})
        found: dict[str, str] = {}
        for statement in entry.reason.statements:
            names = statement.policy.also_of if in_iam else principals_of(statement.body)
            others = (each for each in names if not any(same(each, one) is Answer.YES for one in judged))
            found |= dict.fromkeys(others, "policy" if in_iam else "statement")
        if entry.cause is Cause.FOR_EVERYBODY:
            found.pop("*", None)
        return {**dict.fromkeys(self._users_of(entry.principal_arn), "role"), **found}

    def _users_of(self, arn: str) -> Iterator[str]:
        """Yield who else may assume a role."""
        for statement in allow_statements(self._model.roles[arn].trust) if arn in self._model.roles else ():
            yield from (each for each in principals_of(statement.body) if each != SERVICE_PRINCIPAL)


def for_nobody_else(found: Json, statement: Written, cause: Cause, actions: list[str]) -> Json:
    """Return a statement with some of its actions for the principal of another one, or with its account check."""
    body = statement.body
    names = ("Resource", "NotAction", "NotResource", *(["Principal"] if cause is Cause.FOR_ANY_ACCOUNT else []))
    condition = _with(found.get("Condition", {}), body.get("Condition") or {})
    kept = {"Action": actions, **{name: body[name] for name in names if name in body}, "Condition": condition}
    return {name: each for name, each in {**found, **kept}.items() if f"Not{name}" not in kept and each}


def _with(check: Json, condition: Json) -> Json:
    """Return a condition with the account check."""
    return {**condition, **{operator: {**condition.get(operator, {}), **keys} for operator, keys in check.items()}}


def _identity(statement: Written) -> tuple[object, ...]:
    """Return what tells a statement from others; each role that has a managed policy has read it for itself."""
    return statement.policy.declared, statement.policy.name, statement.name


def _is_on(need: Need, resource: str) -> bool:
    return matches(need.resource, resource) is not Answer.NO


def _is_to_account(statement: Written, caller: Caller) -> bool:
    """Tell if a statement speaks of a caller's account alone."""
    return all(way.whom is Addressed.ACCOUNT for way in addressed_to(statement.body, caller, denies=False))
