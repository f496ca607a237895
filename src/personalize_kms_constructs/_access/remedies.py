"""The statements that add what is missing, and the policies that they belong in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..matrix import ASSUME_ROLE, PASS_ROLE, SERVICE_PRINCIPAL
from .answers import Answer
from .causes import Cause, Reason
from .decision import Decision
from .declarations import template_of
from .default_key_policy import default_key_policy
from .model import AccessModel, Asked, Key, Role, declared_of
from .needs import IN_BOUNDARY, IN_BUCKET_POLICY, IN_IAM, IN_KEY_POLICY, SERVICE, TRUST, Need, owner_of
from .values import PARTITION, same, split_arn
from .written import Policy, allow_statements, names_principal

Json = dict[str, Any]
IAM_POLICY, BUCKET_POLICY = "AWS::IAM::Policy", "AWS::S3::BucketPolicy"
_NAMING = (IN_KEY_POLICY, TRUST, IN_BUCKET_POLICY)
"""The policies that name a role, or leave to its account what it may do."""


def remedies_of(
    model: AccessModel, needs: Mapping[Need, list[Asked]], decisions: Mapping[Need, Decision], *, in_bucket: bool
) -> dict[Need, list[Json]]:
    """Return what to do about each need that isn't met, as entries have it: once for each policy that lacks something.

    Resources that need the same actions share a statement. One for all of them would allow each action on each
    resource: to write into the folder of an import, for example.
    """
    lacking: dict[tuple[str, ...], dict[Need, Reason]] = {}
    for need, found in decisions.items():
        for reason in (found.reason, *found.further) if found.answer is Answer.NO else ():
            add_to = _add_to(model, need, reason.cause, in_bucket=in_bucket)
            lacking.setdefault((need.principal_arn, need.account, need.owner, add_to), {}).setdefault(need, reason)
    remedies: dict[Need, list[Json]] = {}
    for (*_, add_to), reasons in lacking.items():
        for group in alike(reasons):
            add = _statement(model, group, add_to) if add_to else None
            for need in group:
                denials = declared_of(each.policy for each in reasons[need].statements)
                place = place_of(model, need, add_to, needs[need]) if add_to else {"policies": denials}
                origins = model.origins_in((*place.get("beside", ()), *place["policies"], *declared_of(needs[need])))
                remedy = {"reason": reasons[need], "add_to": add_to, "add": add, "origins": origins, **place}
                remedies.setdefault(need, []).append(remedy)
    return remedies


def _statement(model: AccessModel, needs: list[Need], add_to: str) -> Json:
    statement, role = statement_for(needs, add_to), model.role(needs[0].role_arn)
    if add_to in _NAMING and _is_delegated(model, needs[0]):
        # It is for the role's account, and a condition says for whom in it.
        statement["Principal"] = {"AWS": f"arn:{_partition_of(role.arn)}:iam::{role.account}:root"}
        statement["Condition"] = {"ArnEquals": {"aws:PrincipalArn": role.arn}}
    if add_to == IN_BOUNDARY and role.boundary is not None and role.boundary.declared:
        # It allows nothing, and if it referred to a key it would be made after it, which waits for the role.
        statement["Resource"] = "*"
    return statement


def alike(needs: Iterable[Need]) -> Iterator[list[Need]]:
    """Yield needs that one statement can serve: of one principal, with the same actions on each resource."""
    by_owner: dict[tuple[str, ...], list[Need]] = {}
    for need in needs:
        by_owner.setdefault((need.principal_arn, need.account, need.owner), []).append(need)
    for own in by_owner.values():
        actions: dict[str, set[str]] = {}
        for need in own:
            actions.setdefault(need.resource, set()).add(need.action)
        groups: dict[frozenset[str], list[Need]] = {}
        for need in own:
            groups.setdefault(frozenset(actions[need.resource]), []).append(need)
        yield from groups.values()


def _add_to(model: AccessModel, need: Need, cause: Cause, *, in_bucket: bool) -> str:
    """Return whose policy should take what is missing; nothing where no statement helps.

    What a key policy leaves to IAM goes into IAM where the key policy can't name the role: for a key of another
    account or stack, and one whose policy speaks of the role by a condition already. What a trust policy leaves to IAM
    goes there always.
    """
    if cause in (Cause.DENIED, Cause.BOUNDARY):
        return IN_BOUNDARY if cause is Cause.BOUNDARY else ""
    own = TRUST if need.action == ASSUME_ROLE else need.policy
    if in_bucket or cause is Cause.NO_STATEMENT or own not in _NAMING:
        return IN_BUCKET_POLICY if in_bucket else own
    role, owner = model.role(need.role_arn), owner_of(model, need)
    policies = owner.policies if isinstance(owner, Key) else None
    leaves = policies is None or any(names_principal(each.body, role.arn) for each in allow_statements(policies))
    across = owner is None or same(owner.account, role.account) is not Answer.YES
    named = not (across or _is_delegated(model, need) or (leaves and cause is Cause.LEFT_TO_IAM))
    return own if named else IN_IAM


def is_to_be_named(model: AccessModel, need: Need, found: Decision) -> bool:
    """Report whether the key policy gets a statement that names the role, so that nothing is left to IAM."""
    if need.policy != IN_KEY_POLICY or need.principal == SERVICE or found.answer is not Answer.NO:
        return False
    to = {_add_to(model, need, each.cause, in_bucket=False) for each in (found.reason, *found.further)}
    in_account = same(model.key(need.owner).account, model.role(need.role_arn).account) is Answer.YES
    return in_account and IN_KEY_POLICY in to and not _is_delegated(model, need)


def _is_delegated(model: AccessModel, need: Need) -> bool:
    """Tell if a policy that named the role would make two stacks, or its owner and the role, wait for each other."""
    owner, role = owner_of(model, need), model.role(need.role_arn)
    if owner is None or need.principal == SERVICE:
        return False
    return template_of(owner.declared) != template_of(role.declared) or owner.declared in role.waits_for


def statement_instead(model: AccessModel, needs: list[Need], policy: str, *, is_past_boundary: bool) -> Json:
    """Return a statement that takes another's place, and needs no more of IAM.

    It names by a condition a role that is made later, and one whose permissions boundary doesn't limit this form.
    """
    found, owner, role = statement_for(needs, policy), owner_of(model, needs[0]), model.role(needs[0].role_arn)
    is_first = owner is None or role.declared is None or role.declared in owner.waits_for
    if is_past_boundary or (policy != IN_IAM and not is_first and _is_delegated(model, needs[0])):
        found |= {"Principal": "*", "Condition": {"ArnEquals": {"aws:PrincipalArn": role.arn}}}
    return found


def statement_for(needs: list[Need], add_to: str) -> Json:
    """Return one statement for needs of one principal in one policy.

    Personalize's carries the account check that shuts others out wherever Personalize says for whom it calls
    (https://docs.aws.amazon.com/personalize/latest/dg/cross-service-confused-deputy-prevention.html).
    """
    first = needs[0]
    found: Json = {"Effect": "Allow"}
    names_principal = add_to not in (IN_IAM, IN_BOUNDARY)
    if names_principal:
        is_service = first.principal == SERVICE
        found["Principal"] = {"Service": SERVICE_PRINCIPAL} if is_service else {"AWS": first.role_arn}
    found["Action"] = sorted({need.action for need in needs})
    # In a key policy, "*" is this key; a trust policy has no resource.
    resources = sorted({need.resource for need in needs})
    if add_to != TRUST:
        found["Resource"] = "*" if add_to == IN_KEY_POLICY else resources if len(resources) > 1 else resources[0]
    if names_principal and first.principal == SERVICE:
        found["Condition"] = {"StringEqualsIfExists": {"aws:SourceAccount": first.account}}
    if first.action == PASS_ROLE:
        found["Condition"] = {"StringEquals": {"iam:PassedToService": SERVICE_PRINCIPAL}}
    return found


def is_waited_for(model: AccessModel, need: Need, policy: Policy) -> bool:
    """Tell if an IAM policy can't refer to a key or a bucket, as that waits for it, or a key policy for the role."""
    role, target = model.role(need.role_arn), owner_of(model, need)
    before = (role.waits_for, (target or role).waits_for, (role.declared,))
    return any(policy.declared in those for those in before)


def place_of(model: AccessModel, need: Need, kind: str, asked: list[Asked], *, is_new: bool = False) -> Json:
    """Return the policies of a kind that a need is about, or else a new one."""
    role, target = model.role(need.role_arn), owner_of(model, need)
    key, bucket = model.key(need.owner), model.bucket(need.owner, need.account)
    after = [each for each in role.identity if not is_waited_for(model, need, each)]
    boundary = [role.boundary] if role.boundary and not role.boundary.of_aws else []
    owner, policies, make = {
        IN_BOUNDARY: (role, boundary, "AWS::IAM::ManagedPolicy"),
        IN_IAM: (role, [each for each in after if not each.also_of and not each.condition], IAM_POLICY),
        IN_KEY_POLICY: (key, key.policies, ""),
        TRUST: (model.role(need.owner), model.role(need.owner).trust, ""),
        IN_BUCKET_POLICY: (bucket, [*bucket.policies, *bucket.may_have], BUCKET_POLICY),
    }[kind]
    # A statement is written for one template: that of the key or bucket, if it has such a policy.
    policies = sorted(policies, key=lambda each: template_of(each.declared) != template_of((target or owner).declared))
    policies = [each for each in policies if template_of(each.declared) == template_of(policies[0].declared)]
    parts = (part for each in policies for part in (*filter(None, [each.condition]), *each.whose))
    if (found := declared_of(policies)) and not is_new:
        return {"policies": found, "depends_on": tuple(dict.fromkeys(parts)) if kind == IN_BUCKET_POLICY else ()}
    # The role's stack can't refer to what waits for it, and a stack of another account makes no policy of the role.
    is_later = kind == IN_IAM and target and role.declared in target.waits_for and _is_delegated(model, need)
    place = target if target and is_later and same(role.account, target.account) is Answer.YES else owner
    made = {"make": make, "beside": () if place is owner else declared_of([place])}
    return {"policies": declared_of([owner]), **(made if owner.declared else {})}


def default_statements(key: Key) -> tuple[Json, ...]:
    """Return what KMS gives a key that is made without a policy."""
    return tuple(default_key_policy(f"arn:{_partition_of(key.arn)}:iam::{key.account}:root")["Statement"])


def trust_statement(role: Role, asked: Asked) -> Json:
    """Return the statement of a trust policy, as AWS's page on confused deputies has it."""
    source = f"arn:{_partition_of(role.arn)}:personalize:{asked.region}:{asked.account}:*"
    return {
        "Effect": "Allow",
        "Principal": {"Service": SERVICE_PRINCIPAL},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": asked.account},
            "ArnLike": {"aws:SourceArn": source},
        },
    }


def _partition_of(arn: str) -> str:
    return (split_arn(arn) or ("", PARTITION))[1]
