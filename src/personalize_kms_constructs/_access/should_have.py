"""Policies to change, each with the whole list of statements for Personalize that it should have.

The list depends on all needs and on the form of each pair of owner and role, and on nothing else:
neither on today's statements of the policy, nor on why something is missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from .._answers import Answer
from .._default_key_policy import default_key_policy
from .._values import HOLE, PARTITION, has_unknown, last_part, same, split_arn
from ..matrix import ASSUME_ROLE, PASS_ROLE, SERVICE_PRINCIPAL
from .calls import Caller
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

IAM_POLICY = "AWS::IAM::Policy"
MANAGED_POLICY = "AWS::IAM::ManagedPolicy"
BUCKET_POLICY = "AWS::S3::BucketPolicy"
_ALWAYS_IN_LIST = ("aws:principalarn", "iam:passedtoservice")
"""The condition keys that a list has where they are needed, whatever the operator."""
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
    """Finds the policies that lack something or have too much, and the statements for them."""

    def __init__(self, model: AccessModel, needs: Needs, forms: Forms) -> None:
        self._model = model
        self._needs = needs
        self._forms = forms
        # Saves time: an app may have hundreds of owners.
        self._needs_on: dict[str, list[Need]] = {}
        for need in needs:
            self._needs_on.setdefault(need.owner, []).append(need)

    def lacking(self, need: Need, columns: Iterable[Column]) -> list[WhichPolicy]:
        """Return the policies of some columns that lack a permission."""
        return [self._policy_for(need, column) for column in columns if column]

    def to_change(
        self, missing: Lacking, excess: Iterable[Entry], untrusted: Iterable[str]
    ) -> list[PolicyToChange]:
        """Return the policies that lack something, have too much, or don't trust Personalize."""
        lacks: Lacks = {}
        for need, entry, policies in missing:
            for which in policies:
                lacks.setdefault(which, []).append((need, entry))
        beyond: dict[tuple[Column, str], list[Entry]] = {}
        for entry in excess:
            beyond.setdefault((entry.policy, entry.policy_of), []).append(entry)
        for arn in untrusted:
            beyond.setdefault((TRUST, arn), [])
        for (column, owner), entries in beyond.items():
            for which in self._policies_with_too_much(column, owner, entries):
                lacks.setdefault(which, [])
        changes: list[PolicyToChange] = []
        told: set[tuple[Column, str]] = set()
        for which in sorted(lacks, key=lambda which: (_ORDER.index(which.column), which)):
            in_column = (which.column, which.owner)
            needs = self._all_for(which, lacks, is_wide=in_column in beyond)
            entries = [entry for _, entry in lacks[which]]
            # Of several policies of a role the first has the excess of all.
            too_much = beyond.get(in_column, []) if in_column not in told else []
            told.add(in_column)
            changes.append(self._change(which, needs, entries, too_much))
        return changes

    def _policies_with_too_much(
        self, column: Column, owner: str, entries: Sequence[Entry]
    ) -> list[WhichPolicy]:
        if column == IN_IAM:
            policies: dict[WhichPolicy, None] = {}
            for need in self._in_iam_of(owner):
                policies[self._policy_for(need, IN_IAM)] = None
            if policies:
                return list(policies)
            with_excess: list[Policy] = []
            for entry in entries:
                with_excess += [statement.policy for statement in entry.reason.statements]
            return [WhichPolicy(owner, IN_IAM, declared_of(with_excess))]
        if column == TRUST:
            return [WhichPolicy(owner, TRUST, declared_of([self._model.role(owner)]))]
        return [self._policy_for(self._needs_on[owner][0], column)]

    def _in_iam_of(self, role: str) -> list[Need]:
        """Return all needs that a role's IAM policies have to meet, those left to them too."""
        needs = []
        for need in self._needs:
            if need.role_arn != role or need.principal == CALLER:
                continue
            is_on_key = need.column == IN_KEY_POLICY
            if need.column == IN_IAM or (is_on_key and self._forms.is_left_to_iam(need)):
                needs.append(need)
        return needs

    def _policy_for(self, need: Need, column: Column) -> WhichPolicy:
        """Return the policies of a column that take a statement for a need, or the one to make."""
        role, owner = self._model.role(need.role_arn), owner_of(self._model, need)
        if column == IN_BOUNDARY:
            boundary = role.boundary
            if boundary is not None and not boundary.of_aws:
                return WhichPolicy(role.arn, column, declared_of([boundary]))
            make = MANAGED_POLICY if role.declared else ""
            return WhichPolicy(role.arn, column, declared_of([role]), make)
        if column == IN_IAM:
            return self._policy_in_iam(role, owner)
        assert owner is not None
        if not isinstance(owner, Role):
            declared = declared_of([*owner.policies, *owner.may_have])
            if declared:
                return WhichPolicy(owner.arn, column, declared)
        is_new = isinstance(owner, Bucket) and owner.declared is not None
        make = BUCKET_POLICY if is_new else ""
        return WhichPolicy(owner.arn, column, declared_of([owner]), make)

    def _policy_in_iam(self, role: Role, owner: Owner | None) -> WhichPolicy:
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
        # The role's stack can't refer to a resource that waits for it, and a stack of another
        # account makes no policy of the role.
        beside: Owner = role if owner is None or not _is_in_later_stack(owner, role) else owner
        return WhichPolicy(role.arn, IN_IAM, declared_of([beside]), IAM_POLICY)

    def _change(
        self,
        which: WhichPolicy,
        needs: list[Need],
        lacks: Iterable[Entry],
        excess: Sequence[Entry],
    ) -> PolicyToChange:
        needs = sorted(needs, key=_in_order)
        statements = self._statements(which, needs)
        replaced = self._replaced(which, excess)
        entries = sorted(dict.fromkeys(lacks), key=Entry.sort_key)
        files = [entry.file for entry in entries if entry.file]
        has_list = which.column not in (IN_IAM, IN_BOUNDARY)
        return PolicyToChange(
            policy=which.column,
            policy_of=which.owner,
            declared=which.declared,
            lacks=tuple(entries),
            too_much=tuple(excess),
            should_have=tuple(self._model.pasted(body, which.declared) for body in statements),
            replaces=tuple(statement.label for statement in replaced) if has_list else (),
            own_conditions=_own_conditions(replaced, statements),
            also_for=self._also_for(which, replaced),
            unnamed_roles=self._unnamed(which, needs),
            file=files[0] if files else "",
            make=which.make,
            waiting=tuple(self._waiting(which, needs)) if which.make else (),
        )

    def _waiting(self, which: WhichPolicy, needs: Iterable[Need]) -> Iterator[Declaration]:
        """Yield the resources that have to wait for a policy to make, in its template."""
        waiting: list[Asked] = []
        for need in needs:
            for asked in self._needs[need]:
                if asked.waits_for is not None:
                    waiting.append(asked)
        templates = {declared.template for declared in which.declared}
        for declared in sorted(declared_of(waiting)):
            if declared.template in templates:
                yield declared

    def _all_for(self, which: WhichPolicy, lacks: Lacks, *, is_wide: bool) -> list[Need]:
        """Return all needs that a policy has to meet.

        For callers, and for roles with nothing too much, these are the needs that it lacks. A role
        also lacks the permissions that key policies give it by name today and will leave to IAM.
        """
        column, owner = which.column, which.owner
        if column == IN_IAM:
            needs = [need for need, _ in lacks[which]]
            changing = {other.owner for other in lacks if other.column == IN_KEY_POLICY}
            for need in self._in_iam_of(owner):
                is_left_anew = need.owner in changing and self._forms.is_left_anew(need)
                is_missing = (is_wide or is_left_anew) and need not in needs
                if is_missing and self._policy_for(need, IN_IAM) == which:
                    needs.append(need)
            return needs
        if column == IN_BOUNDARY:
            return [need for need in self._needs if need.role_arn == owner]
        of_owner = self._needs_on.get(owner, [])
        if column == TRUST:
            return [need for need in of_owner if need.action == ASSUME_ROLE]
        if column == IN_BUCKET_POLICY:
            return [need for need in of_owner if self._is_in_bucket_policy(need)]
        on_key = [need for need in of_owner if need.column == column]
        needs, unnamed = [], self._unnamed(which, on_key)
        for need in on_key:
            if need.role_arn not in unnamed or not self._forms.is_of_account(need):
                needs.append(need)
        return needs

    def _is_in_bucket_policy(self, need: Need) -> bool:
        """Tell if a bucket's policy has to allow it: Personalize's, or another account's role's."""
        role, bucket = self._model.role(need.role_arn), self._model.bucket(need.owner, need.account)
        is_of_role = need.column == IN_IAM and same(role.account, bucket.account) is Answer.NO
        return need.column == IN_BUCKET_POLICY or is_of_role

    def _statements(self, which: WhichPolicy, needs: list[Need]) -> list[Json]:
        column, owner = which.column, which.owner
        statements: list[Json] = []
        if column == IN_BOUNDARY:
            # It allows nothing itself, and a boundary that refers to a key is made after the key,
            # which waits for the role.
            return [{"Effect": "Allow", "Action": _actions_of(needs), "Resource": "*"}]
        if column == IN_KEY_POLICY and self._model.key(owner).has_default_policy:
            statements.append(default_statement(self._model.key(owner)))
        if column == TRUST:
            for account, region in self._environments_of(owner):
                statements.append(trust_statement(self._model.role(owner), account, region))
        for group in _alike(needs):
            statements.append(self._statement(group, column))
        return statements

    def _environments_of(self, role_arn: str) -> list[tuple[str, str]]:
        """Return the accounts and Regions in which Personalize is asked to use a role."""
        environments = set()
        for asked in self._model.asked:
            if asked.role_arn == role_arn:
                environments.add((asked.account, asked.region))
        return sorted(environments)

    def _statement(self, needs: list[Need], column: Column) -> Json:
        """Return a statement for needs of a principal with the same actions on each resource."""
        first, statement = needs[0], Json(Effect="Allow")
        if column != IN_IAM:
            statement["Principal"] = {"Service": SERVICE_PRINCIPAL}
            if first.principal != SERVICE:
                role = self._model.role(first.role_arn)
                is_delegated = self._forms.is_delegated(first)
                root = f"arn:{_partition_of(role.arn)}:iam::{role.account}:root"
                statement["Principal"] = {"AWS": root if is_delegated else role.arn}
        statement["Action"] = _actions_of(needs)
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

    def _replaced(self, which: WhichPolicy, excess: Sequence[Entry]) -> list[PolicyStatement]:
        """Return the statements whose place the list takes."""
        replaced: list[PolicyStatement] = []
        for entry in excess:
            replaced += entry.reason.statements
        if which.column in (IN_KEY_POLICY, IN_BUCKET_POLICY):
            replaced += self._meant_for_callers(which.owner)
        if which.column == TRUST:
            is_asked = self._environments_of(which.owner)
            trust = self._model.role(which.owner).trust if is_asked else []
            for statement in allow_statements(trust):
                if SERVICE_PRINCIPAL in principals_of(statement.body):
                    replaced.append(statement)
        unique = dict.fromkeys(replaced)
        return sorted(unique, key=lambda statement: statement.policy.statements.index(statement))

    def _meant_for_callers(self, arn: str) -> Iterator[PolicyStatement]:
        """Yield the statements of a key or bucket that are meant for who needs something there."""
        owner = self._model.keys.get(arn) or self._model.buckets.get(arn)
        callers: dict[Caller, None] = {}
        for need in self._needs_on.get(arn, ()):
            if need.principal != CALLER:
                callers[caller_of(self._model, need)] = None
        for caller in callers:
            for statement in statements_for([] if owner is None else owner.policies, caller):
                # A statement for everybody goes only if it is too much: others may need it.
                if not names_everybody(statement.body):
                    yield statement

    def _also_for(self, which: WhichPolicy, replaced: Iterable[PolicyStatement]) -> tuple[str, ...]:
        """Return the others whom replaced statements serve, or who use a role with too much."""
        others: dict[str, None] = {}
        for statement in replaced:
            if which.column != IN_IAM:
                others |= dict.fromkeys(principals_of(statement.body))
                continue
            others |= dict.fromkeys(statement.policy.also_of)
            role = self._model.roles.get(which.owner)
            for trusting in allow_statements(role.trust if role else []):
                others |= dict.fromkeys(principals_of(trusting.body))
        served = {SERVICE_PRINCIPAL, which.owner}
        for need in self._needs_on.get(which.owner, ()):
            served.add(need.principal_arn)
        for name in list(others):
            if any(same(name, known) is Answer.YES for known in served):
                del others[name]
        return tuple(others)

    def _unnamed(self, which: WhichPolicy, needs: Iterable[Need]) -> tuple[str, ...]:
        """Return the roles without a name that a policy can only name by a string."""
        if which.column in (IN_IAM, IN_BOUNDARY):
            return ()
        delegated: dict[str, None] = {}
        for need in needs:
            if self._forms.is_delegated(need):
                delegated[need.role_arn] = None
        unnamed = []
        for arn in delegated:
            hole = HOLE.search(last_part(arn))
            if hole and not has_unknown(hole[0]):
                # Where the template can refer to the role, no hole is left.
                pasted = json.dumps(self._model.pasted(arn, which.declared))
                if hole[0].removeprefix("${") in pasted:
                    unnamed.append(arn)
        return tuple(unnamed)


def _is_in_later_stack(owner: Owner, role: Role) -> bool:
    is_later = owner.declared is not None and role.declared in owner.waits_for
    is_apart = template_of(owner.declared) != template_of(role.declared)
    return is_later and is_apart and same(role.account, owner.account) is Answer.YES


def default_statement(key: Key) -> Json:
    """Return the statement that KMS gives a key that is made without a policy."""
    root = f"arn:{_partition_of(key.arn)}:iam::{key.account}:root"
    statement: Json = default_key_policy(root)["Statement"][0]
    return statement


def trust_statement(role: Role, account: str, region: str) -> Json:
    """Return the statement of a trust policy, as AWS's page on confused deputies has it."""
    return {
        "Effect": "Allow",
        "Principal": {"Service": SERVICE_PRINCIPAL},
        "Action": ASSUME_ROLE,
        "Condition": {
            "StringEquals": {"aws:SourceAccount": account},
            "ArnLike": {
                "aws:SourceArn": f"arn:{_partition_of(role.arn)}:personalize:{region}:{account}:*"
            },
        },
    }


def _actions_of(needs: Iterable[Need]) -> list[str]:
    return sorted({need.action for need in needs})


def _granted_on(need: Need) -> str:
    """Return the resource of a statement, with ``*`` for the part that a caller's call chooses."""
    arn = need.resource_arn
    for hole in HOLE.findall(arn) if need.principal == CALLER else ():
        if has_unknown(hole) and hole.endswith("?}"):
            arn = arn.replace(hole, "*")
    return arn


def _in_order(need: Need) -> tuple[str, ...]:
    """Return the values by which statements are sorted, whatever is asked first."""
    subject = (need.principal, need.principal_arn, need.account)
    return (*subject, need.owner, need.resource_arn, need.action)


def _alike(needs: Iterable[Need]) -> list[list[Need]]:
    """Return needs in groups for one statement: of a principal, with the same actions everywhere.

    One statement for all of them would allow each action on each resource, for example writing into
    the folder of an import.
    """
    actions_on: dict[tuple[str, ...], set[str]] = {}
    for need in needs:
        actions_on.setdefault(_subject(need), set()).add(need.action)
    groups: dict[tuple[object, ...], list[Need]] = {}
    for need in needs:
        actions = frozenset(actions_on[_subject(need)])
        group = (need.principal_arn, need.account, need.owner, actions)
        groups.setdefault(group, []).append(need)
    return list(groups.values())


def _subject(need: Need) -> tuple[str, ...]:
    return (need.principal_arn, need.account, need.owner, need.resource_arn)


def _comes_before(policy: Policy, role: Role, owner: Owner | None) -> bool:
    """Tell if an IAM policy can't refer to a key or bucket, which waits for it or for the role."""
    waited_for = (owner or role).waits_for
    is_waited_for = policy.declared in role.waits_for or policy.declared in waited_for
    return is_waited_for or policy.declared == role.declared


def _own_conditions(
    replaced: Iterable[PolicyStatement], statements: Iterable[Json]
) -> tuple[str, ...]:
    """Return the condition keys that only replaced statements have, with the same operator."""
    of_list: set[tuple[str, str]] = set()
    for statement in statements:
        for operator, key in _conditions(statement):
            of_list.add((operator, key.lower()))
    own = set()
    for policy_statement in replaced:
        for operator, key in _conditions(policy_statement.body):
            is_in_list = key.lower() in _ALWAYS_IN_LIST or (operator, key.lower()) in of_list
            if not is_in_list:
                own.add(key)
    return tuple(sorted(own))


def _conditions(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the operators and keys of a statement's conditions, as far as they can be read."""
    condition = statement.get("Condition")
    for operator, keys in condition.items() if isinstance(condition, dict) else ():
        for key in keys if isinstance(keys, dict) else ():
            yield operator, key


def _partition_of(arn: str) -> str:
    return (split_arn(arn) or ("", PARTITION))[1]
