"""The right statements for Personalize in each policy, as the construct would write them.

They depend on the needs and on the form of each pair of owner and role, and on nothing else:
neither on today's statements of the policy, nor on why something is missing.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from operator import attrgetter

from .._model.causes import Column
from .._model.finding import Json
from .._model.model import AccessModel
from .._needs.forms import Forms
from .._needs.need import (
    CALLER,
    IN_BOUNDARY,
    IN_BUCKET_POLICY,
    IN_IAM,
    IN_KEY_POLICY,
    SERVICE,
    TRUST,
    Need,
    needs_by_arn,
)
from .._shared.answers import Answer
from .._shared.default_key_policy import default_key_policy
from .._shared.values import HOLE, PARTITION, has_unknown, last_part, same, split_arn
from ..matrix import ASSUME_ROLE, PASS_ROLE, SERVICE_PRINCIPAL
from .pasting import pasted_for
from .policy_slots import PolicySlot

_IN_ORDER = attrgetter(
    "principal", "principal_arn", "account", "owner_arn", "resource_arn", "action"
)
"""The order of statements, whatever is asked first."""


class RightStatements:
    """The needs each policy should meet, and the statements for them."""

    def __init__(self, model: AccessModel, needs: Iterable[Need], forms: Forms) -> None:
        self._model = model
        self._forms = forms
        self.on = needs_by_arn(needs)
        """The needs on each key, bucket and service role, by its ARN."""
        self._of: dict[str, list[Need]] = defaultdict(list)
        """The needs of each role, by its ARN."""
        for need in needs:
            self._of[need.principal_arn].append(need)

    def needs_in_iam(self, role_arn: str) -> list[Need]:
        """Return those left to IAM by a key policy, too."""
        needs = []
        for need in self._of[role_arn]:
            if need.principal == CALLER:
                continue
            is_on_key = need.column == IN_KEY_POLICY
            if need.column == IN_IAM or (is_on_key and self._forms.is_left_to_iam(need)):
                needs.append(need)
        return needs

    def needs_in(self, slot: PolicySlot) -> list[Need]:
        if slot.column == IN_BOUNDARY:
            return self._of[slot.owner_arn]
        return [need for need in self.on[slot.owner_arn] if self._is_in(slot, need)]

    def _is_in(self, slot: PolicySlot, need: Need) -> bool:
        """Tell if the policy of an owner should meet a need about this owner."""
        owner, role = need.owner, need.role
        if slot.column == IN_BUCKET_POLICY and owner is not None and role is not None:
            # A bucket of another account has to let the role in, too.
            return same(role.account, owner.account) is Answer.NO
        if slot.column == IN_BUCKET_POLICY:
            return need.column == IN_BUCKET_POLICY
        if need.column != IN_KEY_POLICY:
            return False
        # It would be of no use to name a role whose account has the permission already.
        return not self._is_for_unnamed_role(slot, need) or not self._forms.is_of_account(need)

    def unnamed_roles(self, slot: PolicySlot, needs: Iterable[Need]) -> tuple[str, ...]:
        """Return the roles that need a name first: the policy can only name them by a string."""
        unnamed = [need for need in needs if self._is_for_unnamed_role(slot, need)]
        return tuple(dict.fromkeys([need.principal_arn for need in unnamed]))

    def _is_for_unnamed_role(self, slot: PolicySlot, need: Need) -> bool:
        if slot.column in (IN_IAM, IN_BOUNDARY) or not self._forms.is_delegated(need):
            return False
        hole = HOLE.search(last_part(need.principal_arn))
        if hole is None or has_unknown(hole[0]):
            return False
        # Where the template can refer to the role, no hole is left.
        pasted = json.dumps(pasted_for(self._model, need.principal_arn, slot.declared))
        return hole[0].removeprefix("${") in pasted

    def statements(self, slot: PolicySlot, needs: Iterable[Need]) -> list[Json]:
        """Return the statements of a policy for needs of named roles, always in the same order."""
        column, owner_arn = slot.column, slot.owner_arn
        needs = [need for need in needs if not self._is_for_unnamed_role(slot, need)]
        needs.sort(key=_IN_ORDER)
        if column == IN_BOUNDARY:
            # It allows nothing itself, and a boundary that refers to a key is made after the key,
            # which waits for the role.
            return [{"Effect": "Allow", "Action": _actions_of(needs), "Resource": "*"}]
        statements: list[Json] = []
        if column == IN_KEY_POLICY and self._model.key(owner_arn).has_default_policy:
            root = _root(owner_arn, self._model.key(owner_arn).account)
            statements += default_key_policy(root)["Statement"]
        if column == TRUST:
            statements += self._trust_statements(owner_arn)
        return statements + [self._statement(group, column) for group in _alike(needs)]

    def _trust_statements(self, role_arn: str) -> list[Json]:
        """Return a statement for each account and Region, as on AWS's page on confused deputies."""
        environments = set()
        for request in self._model.requests:
            if request.role_arn == role_arn:
                environments.add((request.account, request.region))
        statements: list[Json] = []
        for account, region in sorted(environments):
            source = f"arn:{_partition_of(role_arn)}:personalize:{region}:{account}:*"
            statements.append(
                {
                    "Effect": "Allow",
                    "Principal": {"Service": SERVICE_PRINCIPAL},
                    "Action": ASSUME_ROLE,
                    "Condition": {
                        "StringEquals": {"aws:SourceAccount": account},
                        "ArnLike": {"aws:SourceArn": source},
                    },
                }
            )
        return statements

    def _statement(self, needs: list[Need], column: Column) -> Json:
        """Return a statement for needs of a principal with the same actions on each resource."""
        statement = Json(Effect="Allow")
        if column != IN_IAM:
            statement["Principal"] = self._principal(needs[0])
        statement["Action"] = _actions_of(needs)
        if column == IN_KEY_POLICY:
            statement["Resource"] = "*"  # this key
        elif column != TRUST:
            resources = sorted({_granted_on(need) for need in needs})
            statement["Resource"] = resources if len(resources) > 1 else resources[0]
        if condition := self._condition(needs[0], column):
            statement["Condition"] = condition
        return statement

    def _principal(self, need: Need) -> Json:
        if need.role is None:
            return {"Service": SERVICE_PRINCIPAL}
        if self._forms.is_delegated(need):
            return {"AWS": _root(need.role.arn, need.role.account)}
        return {"AWS": need.role.arn}

    def _condition(self, need: Need, column: Column) -> Json:
        if need.action == PASS_ROLE:
            return {"StringEquals": {"iam:PassedToService": SERVICE_PRINCIPAL}}
        if column == IN_IAM:
            return {}
        if need.principal == SERVICE:
            # It shuts others out wherever Personalize says for whom it calls
            # (https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html).
            return {"StringEqualsIfExists": {"aws:SourceAccount": need.account}}
        if self._forms.is_delegated(need):
            return {"ArnEquals": {"aws:PrincipalArn": need.principal_arn}}
        return {}


def _actions_of(needs: Iterable[Need]) -> list[str]:
    return sorted({need.action for need in needs})


def _granted_on(need: Need) -> str:
    """Return the resource of a statement, with ``*`` for the parts chosen by a caller's call."""
    arn = need.resource_arn
    if need.principal != CALLER:
        return arn
    for hole in HOLE.findall(arn):
        if has_unknown(hole) and hole.endswith("?}"):
            arn = arn.replace(hole, "*")
    return arn


def _alike(needs: Iterable[Need]) -> list[list[Need]]:
    """Return needs in groups for one statement: of a principal, with the same actions everywhere.

    One statement for all of them would allow each action on each resource, for example writing into
    the folder of an import.
    """
    on_resource: dict[tuple[str, ...], list[Need]] = {}
    for need in needs:
        subject = (need.principal_arn, need.account, need.owner_arn, need.resource_arn)
        on_resource.setdefault(subject, []).append(need)
    groups: dict[tuple[object, ...], list[Need]] = {}
    for (principal_arn, account, owner_arn, _), alike in on_resource.items():
        actions = frozenset(need.action for need in alike)
        groups.setdefault((principal_arn, account, owner_arn, actions), []).extend(alike)
    return list(groups.values())


def _root(arn: str, account: str) -> str:
    return f"arn:{_partition_of(arn)}:iam::{account}:root"


def _partition_of(arn: str) -> str:
    return (split_arn(arn) or ("", PARTITION))[1]
