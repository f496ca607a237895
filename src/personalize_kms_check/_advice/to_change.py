"""The policies to change, each with all the statements it should have for Personalize."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import filterfalse, groupby

from .._evaluation.elements import is_account, is_for, is_one_of, principals_of, without
from .._model.causes import Column
from .._model.declarations import Declaration, template_of
from .._model.finding import Finding, Json
from .._model.model import AccessModel, Owner
from .._model.policy_documents import Policy, PolicyStatement, allow_statements, conditions_of
from .._model.policy_to_change import PolicyToChange
from .._model.requests import files_for
from .._needs.forms import Forms
from .._needs.need import IN_BOUNDARY, IN_BUCKET_POLICY, IN_IAM, IN_KEY_POLICY, TRUST, Need
from ..matrix import SERVICE_PRINCIPAL
from .pasting import pasted_for
from .policy_slots import PolicySlot, own_policy, policy_for
from .should_have import RightStatements

_ORDER: Sequence[Column] = (IN_KEY_POLICY, IN_BUCKET_POLICY, IN_IAM, IN_BOUNDARY, TRUST)
MissingPermissions = Iterable[tuple[Need, Finding, list[PolicySlot]]]
"""Missing permissions, each with the policies to add it to."""


@dataclass
class _Change:
    """A policy to change, with its unmet needs and its excessive permissions."""

    slot: PolicySlot
    lacks: dict[Need, Finding] = field(default_factory=dict)
    too_much: list[Finding] = field(default_factory=list)


class Advice:
    """Finds the policies with missing or excessive permissions, and the statements for them."""

    def __init__(
        self, model: AccessModel, needs: list[Need], forms: Forms, undecided: Container[Need]
    ) -> None:
        self._model = model
        self._undecided = undecided
        self._right = RightStatements(model, needs, forms)
        self._made = {role.arn for role in model.roles.values() if role.declared}
        """The roles of the app."""

    def to_change(
        self, missing: MissingPermissions, excess: Iterable[Finding], untrusted: Iterable[str]
    ) -> list[PolicyToChange]:
        """``excess`` is sorted, and ``untrusted`` has the ARNs of roles."""
        changes: dict[PolicySlot, _Change] = {}
        for need, entry, slots in missing:
            for slot in slots:
                changes.setdefault(slot, _Change(slot)).lacks[need] = entry
        for (column, arn), entries in groupby(
            filter(self._can_go, excess), lambda entry: (entry.policy, entry.policy_of)
        ):
            too_much = list(entries)
            for slot in self._slots_to_narrow(column, arn):
                changes.setdefault(slot, _Change(slot)).too_much += too_much
        for arn in untrusted:
            slot = own_policy(self._model.role(arn))
            changes.setdefault(slot, _Change(slot))
        in_order = sorted(changes, key=lambda slot: (_ORDER.index(slot.column), slot))
        return [self._policy_to_change(changes[slot]) for slot in in_order]

    def _can_go(self, entry: Finding) -> bool:
        """Tell if no given policy of an owner allows it to others than roles of the app."""
        given = [statement for statement in entry.reason.statements if statement.policy.is_given]
        is_own = all(self._made.issuperset(principals_of(statement.body)) for statement in given)
        return is_own or entry.policy == IN_IAM

    def _slots_to_narrow(self, column: Column, arn: str) -> Iterable[PolicySlot]:
        """Return the own policy of an owner, or the IAM policies for a role's needs."""
        if column == IN_IAM:
            slots: dict[PolicySlot, None] = {}
            for need in self._right.needs_in_iam(arn):
                slots[policy_for(self._model, need, IN_IAM)] = None
            return slots
        return [own_policy(self._owner(arn))]

    def _owner(self, arn: str) -> Owner:
        return self._model.keys.get(arn) or self._model.buckets.get(arn) or self._model.role(arn)

    def _policy_to_change(self, change: _Change) -> PolicyToChange:
        slot = change.slot
        is_in_iam = slot.column == IN_IAM
        needs = self._needs_in_iam(change) if is_in_iam else self._right.needs_in(slot)
        is_given = any(policy.is_given for policy in self._policies_of(slot))
        if is_given:
            # Others have statements there: the list is for those who lack something, or may.
            lacking = {entry.principal_arn for entry in (*change.lacks.values(), *change.too_much)}
            lacking.update(need.principal_arn for need in needs if need in self._undecided)
            needs = [need for need in needs if need.principal_arn in lacking]
        statements = self._right.statements(slot, needs)
        listed = set() if is_given else _listed(slot, statements)
        replaced = self._replaced(change, listed)
        gone = {"*", *listed, *(entry.principal_arn for entry in change.too_much)}
        rests = [None if old.condition else without(gone, old.body) for old in replaced]
        should_have = [*statements, *filter(None, rests)]
        labels = tuple([statement.label for statement in replaced])
        lacks = sorted(dict.fromkeys(change.lacks.values()), key=Finding.sort_key)
        requests = [request for need in change.lacks for request in need.requests]
        return PolicyToChange(
            policy=slot.column,
            policy_of=slot.owner_arn,
            declared=slot.declared,
            lacks=tuple(lacks),
            too_much=tuple(change.too_much),
            should_have=tuple(pasted_for(self._model, should_have, slot.declared)),
            # Statements of a role stay, without the actions that are too much.
            replaces=() if is_in_iam else labels,
            own_conditions=_own_conditions(replaced, statements),
            also_for=self._also_for(slot, replaced, rests),
            unnamed_roles=self._right.unnamed_roles(slot, needs),
            files=files_for(requests, slot.column, slot.owner_arn),
            make=slot.make,
            waiting=self._waiting(slot, needs),
        )

    def _needs_in_iam(self, change: _Change) -> list[Need]:
        """Return the needs to write statements for in a role's IAM policy.

        These are the unmet ones, and all if something is too much.
        """
        if not change.too_much:
            return list(change.lacks)
        needs = dict.fromkeys(change.lacks)
        for need in self._right.needs_in_iam(change.slot.owner_arn):
            if policy_for(self._model, need, IN_IAM) == change.slot:
                needs[need] = None
        return list(needs)

    def _replaced(self, change: _Change, listed: set[str]) -> list[PolicyStatement]:
        """Return the statements whose place a list takes: too much, or for somebody in the list."""
        wide: set[PolicyStatement] = set()
        for entry in change.too_much:
            wide.update(entry.reason.statements)
        replaced = []
        for statement in allow_statements(self._policies_of(change.slot)):
            if statement in wide or is_for(statement.body, listed):
                replaced.append(statement)
        return replaced

    def _policies_of(self, slot: PolicySlot) -> list[Policy]:
        if slot.column in (IN_IAM, IN_BOUNDARY):
            return self._model.role(slot.owner_arn).identity
        return self._owner(slot.owner_arn).policies

    def _also_for(
        self, slot: PolicySlot, replaced: list[PolicyStatement], rests: list[Json | None]
    ) -> tuple[str, ...]:
        """Return the others who lose a replaced statement, or who use a role with too much."""
        others: list[str] = []
        for statement, rest in zip(replaced, rests, strict=True):
            if slot.column != IN_IAM:
                kept = set(principals_of(rest)) if rest else set()
                others += [name for name in principals_of(statement.body) if name not in kept]
                continue
            others += statement.policy.also_of
            for trusting in allow_statements(self._model.role(slot.owner_arn).trust):
                others += principals_of(trusting.body)
        users = [need.principal_arn for need in self._right.on[slot.owner_arn]]
        served = {SERVICE_PRINCIPAL, slot.owner_arn, *users}
        return tuple(dict.fromkeys([name for name in others if not is_one_of(name, served)]))

    def _waiting(self, slot: PolicySlot, needs: Iterable[Need]) -> tuple[Declaration, ...]:
        if not slot.make:
            return ()
        waiting: set[Declaration] = set()
        for need in needs:
            for request in need.requests:
                is_here = template_of(request.declared) == slot.declared[0].template
                if request.declared and is_here and request.waits_for is not None:
                    waiting.add(request.declared)
        return tuple(sorted(waiting))


def _listed(slot: PolicySlot, statements: Iterable[Json]) -> set[str]:
    """Return the principals of whom a policy has all statements in its list."""
    listed: set[str] = set()
    if slot.column in (IN_IAM, IN_BOUNDARY):
        return listed
    for statement in statements:
        # The statement of KMS's default policy is in no template.
        listed.update(filterfalse(is_account, principals_of(statement)))
    return listed


def _own_conditions(
    replaced: Iterable[PolicyStatement], statements: Iterable[Json]
) -> tuple[str, ...]:
    """Return the condition keys of replaced statements but not of the new ones."""
    # The list says by whom a role is named in one way or the other.
    in_list = {*_condition_keys(statements), "aws:principalarn"}
    own = _condition_keys(statement.body for statement in replaced)
    return tuple(sorted([own[key] for key in own if key not in in_list]))


def _condition_keys(bodies: Iterable[Json]) -> dict[str, str]:
    """Return the condition keys of statements as they are written, by lower case."""
    keys: dict[str, str] = {}
    for body in bodies:
        for _, key, _ in conditions_of(body):
            keys[key.lower()] = key
    return keys
