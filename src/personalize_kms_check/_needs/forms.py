"""Forms of statements for a role in the policy of a key or bucket: by name or by account."""

from __future__ import annotations

from collections.abc import Sequence

from .._evaluation.decision import Decision
from .._evaluation.elements import aws_principals
from .._model.causes import Cause, Column, Reason
from .._model.declarations import template_of
from .._model.model import Owner, Role
from .._model.policy_documents import allow_statements
from .._shared.answers import Answer
from .._shared.values import same
from .decided_needs import DecidedNeed
from .need import IN_BOUNDARY, IN_IAM, IN_KEY_POLICY, Need


class Forms:
    """The forms of statements, for each pair of owner and role: by the role's name or its account.

    * In the policy as it should be: ``is_delegated`` is the form of a pair. ``is_left_to_iam``
      tells if IAM has to allow the same, which across accounts it has to in both forms.
    * In the policy of today: ``is_of_account`` tells if it leaves a need to the account already.
    """

    def __init__(self, on_needs: Sequence[DecidedNeed]) -> None:
        self._delegated: dict[tuple[str, str], bool] = {}
        """The form of each pair of owner and role, by their ARNs."""
        self._by_key_policy: dict[Need, DecidedNeed] = {}
        """The needs of roles that key policies decide on."""
        by_pair: dict[tuple[str, str], tuple[Owner, Role, list[Decision]]] = {}
        unmet = [decided for decided in on_needs if decided.answer is Answer.NO]
        lacked = {_permission(decided.need) for decided in unmet if decided.column == IN_IAM}
        for decided in on_needs:
            owner, role = decided.need.owner, decided.need.role
            if owner is None or role is None:
                continue
            *_, by_key_policy = by_pair.setdefault((owner.arn, role.arn), (owner, role, []))
            if decided.column == IN_KEY_POLICY:
                self._by_key_policy[decided.need] = decided
                # What IAM lacks, too, is added there in one form as in the other.
                if not (self.is_of_account(decided.need) and _permission(decided.need) in lacked):
                    by_key_policy.append(decided.decision)
        for pair, (owner, role, by_key_policy) in by_pair.items():
            self._delegated[pair] = _leaves_to_account(owner, role, by_key_policy)

    def is_delegated(self, need: Need) -> bool:
        """Tell if an owner's policy leaves a role to its account.

        It does where naming the role would make two resources or two stacks wait for each other,
        and where the account's statement gives it all today. A policy with the role's name today
        keeps it.
        """
        return self._delegated.get((need.owner_arn, need.principal_arn), False)

    def is_left_to_iam(self, need: Need) -> bool:
        owner, role = need.owner, need.role
        if owner is None or role is None:
            return False
        return same(owner.account, role.account) is not Answer.YES or self.is_delegated(need)

    def is_of_account(self, need: Need) -> bool:
        decision = self._by_key_policy[need].decision
        is_met = decision.answer is Answer.YES and not decision.named
        return is_met or any(reason.cause is Cause.LEFT_TO_IAM for reason in decision.refusals)

    def named(self) -> set[Need]:
        """Return the needs met by the role's name in a key policy, today or once it is right."""
        changed = set()
        for need, decided in self._by_key_policy.items():
            if IN_KEY_POLICY in self.reasons(decided):
                changed.add((need.owner_arn, need.principal_arn))
        named = set()
        for need, decided in self._by_key_policy.items():
            is_changed = (need.owner_arn, need.principal_arn) in changed
            if decided.decision.named or (is_changed and not self.is_left_to_iam(need)):
                named.add(need)
        return named

    def reasons(self, decided: DecidedNeed) -> dict[Column, Reason]:
        """Return the reasons by the lacking policy's column, empty if no statement helps."""
        reasons: dict[Column, Reason] = {}
        for reason in decided.decision.refusals:
            reasons.setdefault(self._lacking(decided, reason), reason)
        return reasons

    def _lacking(self, decided: DecidedNeed, reason: Reason) -> Column:
        if reason.cause is Cause.DENIED:
            return ""
        if reason.cause is Cause.BOUNDARY:
            return IN_BOUNDARY
        own = decided.column
        if own == IN_IAM or reason.cause is Cause.NO_STATEMENT:
            return own
        # A policy that names the role leaves nothing to IAM.
        return IN_IAM if self.is_left_to_iam(decided.need) else own


def _permission(need: Need) -> tuple[str, str, str]:
    return need.principal_arn, need.action, need.resource_arn


def _leaves_to_account(owner: Owner, role: Role, by_key_policy: Sequence[Decision]) -> bool:
    """Tell if an owner's policy should leave a role to its account: see ``Forms.is_delegated``."""
    # A role that exists already can be named.
    is_made = role.declared is not None
    is_apart = is_made and template_of(owner.declared) != template_of(role.declared)
    is_so_today = bool(by_key_policy) and all(map(_is_given_by_account, by_key_policy))
    is_wanted = is_apart or owner.declared in role.waits_for or is_so_today
    return is_wanted and not _is_named(owner, role)


def _is_given_by_account(decision: Decision) -> bool:
    """Tell if IAM gives it today. What a boundary or a denial takes away makes no difference."""
    if decision.answer is Answer.MAYBE and decision.reason.cause is not Cause.MAY_BE_DENIED:
        return False
    taken_away = {reason.cause for reason in decision.refusals} <= {Cause.BOUNDARY, Cause.DENIED}
    return taken_away and not decision.named


def _is_named(owner: Owner, role: Role) -> bool:
    for statement in allow_statements(owner.policies):
        for name in aws_principals(statement.body):
            if same(str(name), role.arn) is Answer.YES:
                return True
    return False
