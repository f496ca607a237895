"""Forms of statements for a role in the policy of a key, a bucket or another role: by its name, or by its account."""

from __future__ import annotations

from collections.abc import Mapping

from .._answers import Answer
from .._values import same
from ..matrix import ASSUME_ROLE
from .causes import Cause, Reason
from .decision import Decision
from .declarations import template_of
from .model import AccessModel, Bucket, Column, Key, Role
from .needs import IN_BOUNDARY, IN_BUCKET_POLICY, IN_IAM, IN_KEY_POLICY, SERVICE, TRUST, Need, owner_of
from .policy_documents import allow_statements, aws_principals, is_account, names_principal

Owner = Key | Bucket | Role
Decisions = Mapping[Need, Decision]


def _reasons(decision: Decision) -> tuple[Reason, ...]:
    """Return the reasons for which a need isn't met."""
    return (decision.reason, *decision.further) if decision.answer is Answer.NO else ()


def _is_by_account(decision: Decision) -> bool:
    """Tell if a key policy leaves something to IAM, which allows it, whatever a boundary or a denial takes away."""
    lacks_none = all(reason.cause in (Cause.BOUNDARY, Cause.DENIED) for reason in _reasons(decision))
    return decision.answer is not Answer.MAYBE and not decision.named and lacks_none


class Forms:
    """The forms of statements, one for each pair of owner and role: naming the role, or leaving it to its account.

    What a policy should say: ``is_delegated`` is the form of a pair, and ``is_left_to_iam`` tells if IAM has to allow
    the same, which across accounts it has to in both forms. What it says today: ``is_of_account`` if it leaves a need
    to the account already. What changes: ``is_left_anew`` if it names the role, and should leave it to the account.
    """

    def __init__(self, model: AccessModel, decisions: Decisions) -> None:
        self._model = model
        self._decisions = decisions
        self._delegated: dict[tuple[str, str], bool] = {}
        self._left_to_iam: set[tuple[str, str]] = set()
        """The pairs of key and role of which nothing lacks a statement, and nothing is allowed by naming the role."""
        of_pair: dict[tuple[str, str], list[Decision]] = {}
        for need, decision in decisions.items():
            if need.column == IN_KEY_POLICY and need.role_arn:
                of_pair.setdefault((need.owner, need.role_arn), []).append(decision)
        for pair, answers in of_pair.items():
            if all(_is_by_account(decision) for decision in answers):
                self._left_to_iam.add(pair)

    def is_delegated(self, need: Need) -> bool:
        """Tell if an owner's policy leaves a role to its account.

        It does where naming the role would make two resources or two stacks wait for each other, and where it does so
        already. One that names the role, of another stack too, goes on naming it.
        """
        owner = owner_of(self._model, need)
        if owner is None or need.principal == SERVICE:
            return False
        pair = (owner.arn, need.role_arn)
        if pair not in self._delegated:
            role = self._model.role(need.role_arn)
            # A role that exists already can be named.
            is_apart = role.declared is not None and template_of(owner.declared) != role.declared.template
            is_later = owner.declared in role.waits_for
            is_so_already = is_apart or self._is_so_already(owner, role)
            self._delegated[pair] = is_later or (is_so_already and not _is_named(owner, role))
        return self._delegated[pair]

    def is_left_to_iam(self, need: Need) -> bool:
        """Tell if IAM has to allow a role what the policy of its column allows too: delegated, or across accounts."""
        owner, role = owner_of(self._model, need), self._model.role(need.role_arn)
        is_across = owner is not None and same(owner.account, role.account) is not Answer.YES
        return is_across or self.is_delegated(need)

    def is_of_account(self, need: Need) -> bool:
        """Tell if a key policy leaves a need to a role's account already, so that it can do without the role's name."""
        decision = self._decisions[need]
        is_met = decision.answer is Answer.YES and not decision.named
        return is_met or any(reason.cause is Cause.LEFT_TO_IAM for reason in _reasons(decision))

    def is_left_anew(self, need: Need) -> bool:
        """Tell if a key policy meets a need by naming the role, or everybody, and should leave it to the account."""
        return self._decisions[need].named and self.is_delegated(need)

    def named(self) -> set[Need]:
        """Return the needs that key policies meet by naming the role, or will once they are as they should be."""
        changed = set()
        for need, decision in self._decisions.items():
            if IN_KEY_POLICY in self.reasons(need, decision):
                changed.add((need.owner, need.role_arn))
        named = set()
        for need, decision in self._decisions.items():
            is_to_be = (need.owner, need.role_arn) in changed and not self.is_left_to_iam(need)
            if decision.named or is_to_be:
                named.add(need)
        return named

    def _is_so_already(self, owner: Owner, role: Role) -> bool:
        by_condition = False
        for statement in allow_statements(owner.policies) if isinstance(owner, (Key, Bucket)) else ():
            is_for_account = any(is_account(str(name)) for name in aws_principals(statement.body))
            by_condition = by_condition or (is_for_account and names_principal(statement.body, role.arn))
        return by_condition or (owner.arn, role.arn) in self._left_to_iam

    def reasons(self, need: Need, decision: Decision, *, in_bucket: bool = False) -> dict[Column, Reason]:
        """Return why a need isn't met, one reason for each policy that lacks it; for none where no statement helps."""
        found: dict[Column, Reason] = {}
        for reason in _reasons(decision):
            found.setdefault(self._lacking(need, reason, in_bucket=in_bucket), reason)
        return found

    def _lacking(self, need: Need, reason: Reason, *, in_bucket: bool) -> Column:
        if reason.cause is Cause.DENIED:
            return ""
        if reason.cause is Cause.BOUNDARY:
            return IN_BOUNDARY
        if in_bucket:
            return IN_BUCKET_POLICY
        own = TRUST if need.action == ASSUME_ROLE else need.column
        if own == IN_IAM or reason.cause is Cause.NO_STATEMENT:
            return own
        # A policy that names the role leaves nothing to IAM; what a trust policy leaves to it stays there.
        is_in_iam = self.is_left_to_iam(need) or (own == TRUST and reason.cause is Cause.LEFT_TO_IAM)
        return IN_IAM if is_in_iam else own


def _is_named(owner: Owner, role: Role) -> bool:
    policies = owner.trust if isinstance(owner, Role) else owner.policies
    named = [str(name) for statement in allow_statements(policies) for name in aws_principals(statement.body)]
    return any(same(name, role.arn) is Answer.YES for name in named)
