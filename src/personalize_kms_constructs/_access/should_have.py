"""Policies to change, each with the whole list of statements for Personalize that it should have.

The list depends on all that is needed and on the form of each pair of owner and role, and on nothing else: not on what
the policy says today, nor on why something is missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .._answers import Answer
from .._default_key_policy import default_key_policy
from .._values import HOLE, PARTITION, has_unknown, last_part, same, split_arn
from ..matrix import ASSUME_ROLE, PASS_ROLE, SERVICE_PRINCIPAL
from .declarations import Declaration, template_of
from .entries import Entry, Json
from .forms import Forms, Owner
from .model import AccessModel, Asked, Bucket, Column, Key, Role, declared_of
from .needs import (
    CALLER,
    IN_BOUNDARY,
    IN_BUCKET_POLICY,
    IN_IAM,
    IN_KEY_POLICY,
    SERVICE,
    TRUST,
    Need,
    caller_of,
    owner_of,
)
from .policies import PolicyToChange
from .policy_documents import (
    Policy,
    PolicyStatement,
    allow_statements,
    names_everybody,
    principals_of,
)
from .too_much import statements_for

IAM_POLICY, MANAGED_POLICY, BUCKET_POLICY = "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::S3::BucketPolicy"
_ALWAYS_IN_LIST = ("aws:principalarn", "iam:passedtoservice")
"""Condition keys that a list has where they are needed, whatever the operator: who the role is, and to whom it goes."""
_ORDER: Sequence[Column] = (IN_KEY_POLICY, IN_BUCKET_POLICY, IN_IAM, IN_BOUNDARY, TRUST)

Needs = Mapping[Need, list[Asked]]


class WhichPolicy(NamedTuple):
    """A policy, by the resources that have it or in whose template it has to be made."""

    owner: str
    column: Column
    declared: tuple[Declaration, ...]
    make: str = ""


Lacks = dict[WhichPolicy, list[tuple[Need, Entry]]]
Lacking = Iterable[tuple[Need, Entry, list[WhichPolicy]]]
"""Permissions that are missing, each with the policies that lack it."""


class Advice:
    """Finds the policies that lack something or have too much, and what they should have."""

    def __init__(self, model: AccessModel, needs: Needs, forms: Forms) -> None:
        self._model = model
        self._needs = needs
        self._forms = forms

    def lacking(self, need: Need, columns: Iterable[Column]) -> list[WhichPolicy]:
        """Return the policies of some kinds that lack a permission."""
        return [self._place(need, column) for column in columns if column]

    def to_change(self, missing: Lacking, excess: Iterable[Entry], untrusted: Iterable[str]) -> list[PolicyToChange]:
        """Return the policies that lack something, have too much, or don't trust Personalize."""
        lacks: Lacks = {}
        for need, entry, places in missing:
            for place in places:
                lacks.setdefault(place, []).append((need, entry))
        beyond: dict[tuple[Column, str], list[Entry]] = {}
        for entry in excess:
            beyond.setdefault((entry.policy, entry.policy_of), []).append(entry)
        for arn in untrusted:
            beyond.setdefault((TRUST, arn), [])
        for column, owner in beyond:
            for place in self._places_with_too_much(column, owner, beyond[column, owner]):
                lacks.setdefault(place, [])
        found: list[PolicyToChange] = []
        for place in sorted(lacks, key=lambda place: (_ORDER.index(place.column), place)):
            # Of several policies of one role the first has what is too much in all of them.
            is_wide = (place.column, place.owner) in beyond
            is_first = not any(policy.is_of(place.column, place.owner) for policy in found)
            too_much = beyond[place.column, place.owner] if is_wide and is_first else []
            needs = self._all_for(place, lacks, is_wide)
            found.append(self._policy(place, needs, [entry for _, entry in lacks[place]], too_much))
        return found

    def _places_with_too_much(self, column: Column, owner: str, entries: Sequence[Entry]) -> list[WhichPolicy]:
        if column == IN_IAM:
            places = {self._place(need, IN_IAM): None for need in self._in_iam_of(owner)}
            statements = [statement for entry in entries for statement in entry.reason.statements]
            return list(places) or [WhichPolicy(owner, IN_IAM, declared_of(each.policy for each in statements))]
        if column == TRUST:
            return [WhichPolicy(owner, TRUST, declared_of([self._model.role(owner)]))]
        need = next(need for need in self._needs if need.owner == owner)
        return [self._place(need, column)]

    def _in_iam_of(self, role: str) -> list[Need]:
        """Return all that a role's IAM policies have to allow: what is left to them too."""
        found = []
        for need in self._needs:
            if need.role_arn == role:
                is_left = need.column == IN_KEY_POLICY and self._forms.is_left_to_iam(need)
                if need.principal != CALLER and (need.column == IN_IAM or is_left):
                    found.append(need)
        return found

    def _place(self, need: Need, column: Column) -> WhichPolicy:
        """Return the policies of a kind that take a statement for a need, or where a new one has to be made."""
        role, owner = self._model.role(need.role_arn), owner_of(self._model, need)
        if column == IN_BOUNDARY:
            boundary = role.boundary
            if boundary is not None and not boundary.of_aws:
                return WhichPolicy(role.arn, column, declared_of([boundary]))
            return WhichPolicy(role.arn, column, declared_of([role]), MANAGED_POLICY if role.declared else "")
        if column == IN_IAM:
            return self._place_in_iam(role, owner)
        assert owner is not None
        policies = [*owner.policies, *owner.may_have] if isinstance(owner, (Key, Bucket)) else []
        declared = declared_of(policies) or declared_of([owner])
        is_new = isinstance(owner, Bucket) and owner.declared is not None and not declared_of(policies)
        return WhichPolicy(owner.arn, column, declared, BUCKET_POLICY if is_new else "")

    def _place_in_iam(self, role: Role, owner: Owner | None) -> WhichPolicy:
        able: list[Declaration] = []
        for policy in role.identity:
            is_own = not policy.also_of and not policy.condition
            if policy.declared and is_own and not _comes_before(policy, role, owner):
                able.append(policy.declared)
        if able:
            # A statement is written for one template.
            here = [declared for declared in able if declared.template == able[0].template]
            return WhichPolicy(role.arn, IN_IAM, tuple(dict.fromkeys(here)))
        if role.declared is None:
            return WhichPolicy(role.arn, IN_IAM, ())
        # The role's stack can't refer to what waits for it, and a stack of another account makes no policy of the role.
        beside: Owner = role if owner is None or not _is_in_later_stack(owner, role) else owner
        return WhichPolicy(role.arn, IN_IAM, declared_of([beside]), IAM_POLICY)

    def _policy(
        self, place: WhichPolicy, needs: list[Need], lacks: Iterable[Entry], excess: Sequence[Entry]
    ) -> PolicyToChange:
        needs = sorted(needs, key=_in_order)
        goes, statements = self._goes(place, excess), self._statements(place, needs)
        entries = tuple(sorted(dict.fromkeys(lacks), key=Entry.sort_key))
        waiting = [asked for need in needs for asked in self._needs[need] if asked.waits_for is not None]
        templates = {declared.template for declared in place.declared}
        return PolicyToChange(
            policy=place.column,
            policy_of=place.owner,
            declared=place.declared,
            lacks=entries,
            too_much=tuple(excess),
            should_have=tuple(self._model.pasted(statement, place.declared) for statement in statements),
            replaces=() if place.column in (IN_IAM, IN_BOUNDARY) else tuple(statement.label for statement in goes),
            own_conditions=_own_conditions(goes, statements),
            also_for=self._also_for(place, goes),
            unnamed_roles=self._unnamed(place, needs),
            file=next((entry.file for entry in entries if entry.file), ""),
            make=place.make,
            waiting=tuple(each for each in sorted(declared_of(waiting)) if place.make and each.template in templates),
        )

    def _all_for(self, place: WhichPolicy, lacks: Lacks, is_wide: bool) -> list[Need]:
        """Return all needs that a policy has to serve; for callers, and roles with nothing too much, those it lacks.

        A role also lacks what key policies name it for today and will leave to IAM.
        """
        column, owner = place.column, place.owner
        if column == IN_IAM:
            needs = [need for need, _ in lacks[place]]
            keys_to_change = {other.owner for other in lacks if other.column == IN_KEY_POLICY}
            for need in self._in_iam_of(owner):
                is_left_anew = need.owner in keys_to_change and self._forms.is_left_anew(need)
                if (is_wide or is_left_anew) and need not in needs and self._place(need, IN_IAM) == place:
                    needs.append(need)
            return needs
        if column == IN_BOUNDARY:
            return [need for need in self._needs if need.role_arn == owner]
        if column == TRUST:
            return [need for need in self._needs if need.action == ASSUME_ROLE and need.owner == owner]
        if column == IN_KEY_POLICY:
            of_key = [need for need in self._needs if need.column == column and need.owner == owner]
            unnamed = self._unnamed(place, of_key)
            return [need for need in of_key if need.role_arn not in unnamed or not self._forms.is_of_account(need)]
        return [need for need in self._needs if need.owner == owner and self._is_in_bucket_policy(need)]

    def _is_in_bucket_policy(self, need: Need) -> bool:
        """Tell if a bucket's policy has to allow something: Personalize, and roles of other accounts."""
        role, bucket = self._model.role(need.role_arn), self._model.bucket(need.owner, need.account)
        is_of_role = need.column == IN_IAM and same(role.account, bucket.account) is Answer.NO
        return need.column == IN_BUCKET_POLICY or is_of_role

    def _statements(self, place: WhichPolicy, needs: list[Need]) -> list[Json]:
        column, owner = place.column, place.owner
        statements: list[Json] = []
        if column == IN_BOUNDARY:
            # It allows nothing itself, and one that referred to a key would be made after it, which waits for the role.
            return [{"Effect": "Allow", "Action": sorted({need.action for need in needs}), "Resource": "*"}]
        if column == IN_KEY_POLICY and self._model.key(owner).has_default_policy:
            statements.append(default_statement(self._model.key(owner)))
        if column == TRUST:
            role = self._model.role(owner)
            asks = {(asked.account, asked.region) for asked in self._model.asked if asked.role_arn == owner}
            statements += [trust_statement(role, account, region) for account, region in sorted(asks)]
        for group in _alike(needs):
            statements.append(self._statement(group, column))
        return statements

    def _statement(self, needs: list[Need], column: Column) -> Json:
        """Return one statement for needs of one principal, with the same actions on each resource."""
        first, statement = needs[0], Json(Effect="Allow")
        if column != IN_IAM:
            statement["Principal"] = {"Service": SERVICE_PRINCIPAL}
            if first.principal != SERVICE:
                role = self._model.role(first.role_arn)
                is_delegated = self._forms.is_delegated(first)
                root = f"arn:{_partition_of(role.arn)}:iam::{role.account}:root"
                statement["Principal"] = {"AWS": root if is_delegated else role.arn}
        statement["Action"] = sorted({need.action for need in needs})
        if column != TRUST:
            # In a key policy, "*" is this key.
            resources = sorted({_granted_on(need) for need in needs})
            one_or_more = resources if len(resources) > 1 else resources[0]
            statement["Resource"] = "*" if column == IN_KEY_POLICY else one_or_more
        if column != IN_IAM and first.principal == SERVICE:
            # It shuts others out wherever Personalize says for whom it calls
            # (https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html).
            statement["Condition"] = {"StringEqualsIfExists": {"aws:SourceAccount": first.account}}
        elif column != IN_IAM and self._forms.is_delegated(first):
            statement["Condition"] = {"ArnEquals": {"aws:PrincipalArn": first.role_arn}}
        if first.action == PASS_ROLE:
            statement["Condition"] = {"StringEquals": {"iam:PassedToService": SERVICE_PRINCIPAL}}
        return statement

    def _goes(self, place: WhichPolicy, excess: Sequence[Entry]) -> list[PolicyStatement]:
        """Return the statements whose place the list takes."""
        goes = [statement for entry in excess for statement in entry.reason.statements]
        if place.column in (IN_KEY_POLICY, IN_BUCKET_POLICY):
            owner = self._model.keys.get(place.owner) or self._model.buckets.get(place.owner)
            of_owner = [need for need in self._needs if need.owner == place.owner and need.principal != CALLER]
            callers = dict.fromkeys(caller_of(self._model, need) for need in of_owner)
            for caller in callers:
                for statement in statements_for([] if owner is None else owner.policies, caller):
                    # One for everybody goes only if it is too much: what others need of it isn't known.
                    if not names_everybody(statement.body):
                        goes.append(statement)
        if place.column == TRUST and any(asked.role_arn == place.owner for asked in self._model.asked):
            goes += [each for each in allow_statements(self._model.role(place.owner).trust) if _is_for_service(each)]
        return sorted(dict.fromkeys(goes), key=lambda statement: statement.policy.statements.index(statement))

    def _also_for(self, place: WhichPolicy, goes: Iterable[PolicyStatement]) -> tuple[str, ...]:
        """Return whom the statements that go serve besides, and who uses a role of which something is too much."""
        served = {SERVICE_PRINCIPAL, place.owner}
        served.update(need.principal_arn for need in self._needs if need.owner == place.owner)
        others: dict[str, None] = {}
        for statement in goes:
            if place.column == IN_IAM:
                others |= dict.fromkeys(statement.policy.also_of)
                trust = self._model.roles[place.owner].trust if place.owner in self._model.roles else []
                for trusting in allow_statements(trust):
                    others |= dict.fromkeys(principals_of(trusting.body))
            else:
                others |= dict.fromkeys(principals_of(statement.body))
        return tuple(name for name in others if not any(same(name, known) is Answer.YES for known in served))

    def _unnamed(self, place: WhichPolicy, needs: Iterable[Need]) -> tuple[str, ...]:
        """Return the roles without a name that a policy can only name by a string."""
        if place.column in (IN_IAM, IN_BOUNDARY):
            return ()
        unnamed = []
        for arn in dict.fromkeys(need.role_arn for need in needs if self._forms.is_delegated(need)):
            hole = HOLE.search(last_part(arn))
            if hole and not has_unknown(hole[0]):
                # Where the template can refer to the role, no hole is left.
                pasted = json.dumps(self._model.pasted(arn, place.declared))
                unnamed += [arn] if hole[0].removeprefix("${") in pasted else []
        return tuple(unnamed)


def _is_in_later_stack(owner: Owner, role: Role) -> bool:
    is_later = owner.declared is not None and role.declared in owner.waits_for
    is_apart = template_of(owner.declared) != template_of(role.declared)
    return is_later and is_apart and same(role.account, owner.account) is Answer.YES


def default_statement(key: Key) -> Json:
    """Return the statement that KMS gives a key that is made without a policy."""
    found: Json = default_key_policy(f"arn:{_partition_of(key.arn)}:iam::{key.account}:root")["Statement"][0]
    return found


def trust_statement(role: Role, account: str, region: str) -> Json:
    """Return the statement of a trust policy, as AWS's page on confused deputies has it."""
    return {
        "Effect": "Allow",
        "Principal": {"Service": SERVICE_PRINCIPAL},
        "Action": ASSUME_ROLE,
        "Condition": {
            "StringEquals": {"aws:SourceAccount": account},
            "ArnLike": {"aws:SourceArn": f"arn:{_partition_of(role.arn)}:personalize:{region}:{account}:*"},
        },
    }


def _granted_on(need: Need) -> str:
    """Return the resource of a statement; in that of a caller, a part that each execution chooses is any."""
    if need.principal != CALLER:
        return need.resource_arn
    return HOLE.sub(lambda hole: "*" if has_unknown(hole[0]) and hole[0].endswith("?}") else hole[0], need.resource_arn)


def _in_order(need: Need) -> tuple[str, ...]:
    """Return the values by which statements are sorted, whatever is asked first."""
    return (need.principal, need.principal_arn, need.account, need.owner, need.resource_arn, need.action)


def _alike(needs: Iterable[Need]) -> list[list[Need]]:
    """Return needs in groups that one statement can serve: of one principal, with the same actions on each resource.

    One statement for all of them would allow each action on each resource: writing into the folder of an import.
    """
    actions: dict[tuple[str, ...], set[str]] = {}
    for need in needs:
        actions.setdefault((need.principal_arn, need.account, need.owner, need.resource_arn), set()).add(need.action)
    groups: dict[tuple[object, ...], list[Need]] = {}
    for need in needs:
        same_actions = frozenset(actions[need.principal_arn, need.account, need.owner, need.resource_arn])
        groups.setdefault((need.principal_arn, need.account, need.owner, same_actions), []).append(need)
    return list(groups.values())


def _comes_before(policy: Policy, role: Role, owner: Owner | None) -> bool:
    """Tell if an IAM policy can't refer to a key or bucket, since that waits for it, or a key policy for the role."""
    waited_for = (owner or role).waits_for
    return policy.declared in role.waits_for or policy.declared in waited_for or policy.declared == role.declared


def _own_conditions(goes: Iterable[PolicyStatement], statements: Iterable[Json]) -> tuple[str, ...]:
    """Return the condition keys of statements that go which no statement of the list has, with the same operator."""
    of_list = {(operator, key.lower()) for statement in statements for operator, key in _conditions(statement)}
    own = {
        key
        for statement in goes
        for operator, key in _conditions(statement.body)
        if key.lower() not in _ALWAYS_IN_LIST and (operator, key.lower()) not in of_list
    }
    return tuple(sorted(own))


def _conditions(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the operators and keys of a statement's conditions, as far as they can be read."""
    condition = statement.get("Condition")
    for operator, keys in condition.items() if isinstance(condition, dict) else ():
        for key in keys if isinstance(keys, dict) else ():
            yield operator, key


def _is_for_service(statement: PolicyStatement) -> bool:
    return SERVICE_PRINCIPAL in principals_of(statement.body)


def _partition_of(arn: str) -> str:
    return (split_arn(arn) or ("", PARTITION))[1]
