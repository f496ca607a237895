"""The statements that add what is missing, and the policies that they belong in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..matrix import PASS_ROLE, SERVICE_PRINCIPAL
from .answers import Answer
from .causes import Cause
from .decision import Decision
from .declarations import Declaration, template_of
from .model import AccessModel, Asked, PolicyOwner, Role, declared_of
from .needs import IN_BOUNDARY, IN_BUCKET_POLICY, IN_IAM, IN_KEY_POLICY, SERVICE, Need
from .values import PARTITION, same, split_arn
from .written import Policy, allow_statements, names_principal

Json = dict[str, Any]
IAM_POLICY, BUCKET_POLICY = "AWS::IAM::Policy", "AWS::S3::BucketPolicy"


def statements_to_add(
    model: AccessModel, decisions: Mapping[Need, Decision], *, in_bucket: bool
) -> dict[Need, tuple[str, Json]]:
    """Return for each need that a statement helps the policy that takes it, and the statement.

    Resources that need the same actions share a statement. One for all of them would allow each action on each
    resource: to write into the folder of an import, for example.
    """
    lacking: dict[tuple[str, ...], list[Need]] = {}
    for need, found in decisions.items():
        if found.answer is Answer.NO and found.reason.cause is not Cause.DENIED:
            add_to = IN_BUCKET_POLICY if in_bucket else _add_to(model, need, found)
            lacking.setdefault((need.principal_arn, need.account, need.owner, add_to), []).append(need)
    added: dict[Need, tuple[str, Json]] = {}
    for (*who, add_to), needs in lacking.items():
        for group in alike(needs):
            # What a key policy will leave to IAM goes there at once.
            in_key_policy = lacking.get((*who, IN_KEY_POLICY), []) if add_to == IN_IAM else []
            left_to_iam = [each for each in in_key_policy if _are_in_two_stacks(model, each)]
            statement = statement_for([*group, *left_to_iam], add_to)
            if add_to == IN_KEY_POLICY and _are_in_two_stacks(model, group[0]):
                statement |= _delegated(model.role(group[0].role_arn))
            if add_to == IN_BOUNDARY and _is_declared(model.role(group[0].role_arn).boundary):
                # It allows nothing, and if it referred to a key it would be made after it, which waits for the role.
                statement["Resource"] = "*"
            added |= dict.fromkeys(group, (add_to, statement))
    return added


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


def _add_to(model: AccessModel, need: Need, found: Decision) -> str:
    """Return whose policy should take what is missing.

    What a key policy leaves to IAM goes into IAM where the key policy can't name the role: for a key of another
    account or stack, and one whose policy speaks of the role by a condition already.
    """
    if found.reason.cause is Cause.BOUNDARY:
        return IN_BOUNDARY
    if found.reason.cause not in (Cause.LEFT_TO_IAM, Cause.BOTH_SIDES):
        return need.policy
    key, role = model.key(need.owner), model.role(need.role_arn)
    by_condition = any(names_principal(each.body, role.arn) for each in allow_statements(key.policies))
    across = same(key.account, role.account) is not Answer.YES
    return IN_IAM if across or by_condition or _are_in_two_stacks(model, need) else IN_KEY_POLICY


def _are_in_two_stacks(model: AccessModel, need: Need) -> bool:
    """Tell if a key policy that named the role would make two stacks depend on each other."""
    if need.principal == SERVICE:
        return False
    key, role = model.key(need.owner), model.role(need.role_arn)
    return template_of(key.declared) != template_of(role.declared)


def _is_declared(boundary: Policy | None) -> bool:
    return boundary is not None and bool(boundary.declared)


def _delegated(role: Role) -> Json:
    """Return the elements of a statement for a role's account, which says by a condition whom it is for."""
    partition = (split_arn(role.arn) or ("", PARTITION))[1]
    return {
        "Principal": {"AWS": f"arn:{partition}:iam::{role.account}:root"},
        "Condition": {"ArnEquals": {"aws:PrincipalArn": role.arn}},
    }


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
    # In a key policy, "*" is this key.
    resources = sorted({need.resource for need in needs})
    found["Resource"] = "*" if add_to == IN_KEY_POLICY else resources if len(resources) > 1 else resources[0]
    if names_principal and first.principal == SERVICE:
        found["Condition"] = {"StringEqualsIfExists": {"aws:SourceAccount": first.account}}
    if first.action == PASS_ROLE:
        found["Condition"] = {"StringEquals": {"iam:PassedToService": SERVICE_PRINCIPAL}}
    return found


def policies_to_change(model: AccessModel, need: Need, add_to: str) -> tuple[tuple[Declaration, ...], str]:
    """Return the resources of templates that have the policy of a need, or else need one, and the type of that one."""
    if add_to == IN_BOUNDARY:
        role = model.role(need.role_arn)
        return declared_of([role.boundary] if role.boundary is not None else [role]), ""
    if add_to == IN_IAM:
        role = model.role(need.role_arn)
        # A key policy that names the role would wait for a policy in it or before it, and that for the key.
        after = [each for each in role.identity if each.declared != role.declared and not each.before_role]
        policies = [each for each in after if not each.also_of]
        return _of_owner(role, policies, IAM_POLICY)
    if need.action.startswith("kms:"):
        key = model.key(need.owner)
        return _of_owner(key, key.policies, "")
    bucket = model.bucket(need.owner, need.account)
    return _of_owner(bucket, bucket.policies, BUCKET_POLICY)


def _of_owner(owner: PolicyOwner, policies: list[Policy], type: str) -> tuple[tuple[Declaration, ...], str]:
    found = declared_of(policies)
    return (found, "") if found else (declared_of([owner]), type if owner.declared else "")


def trust_statement(role: Role, asked: Asked) -> Json:
    """Return the statement of a trust policy, as AWS's page on confused deputies has it."""
    partition = (split_arn(role.arn) or ("", PARTITION))[1]
    return {
        "Effect": "Allow",
        "Principal": {"Service": SERVICE_PRINCIPAL},
        "Action": "sts:AssumeRole",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": asked.account},
            "ArnLike": {"aws:SourceArn": f"arn:{partition}:personalize:{asked.region}:{asked.account}:*"},
        },
    }
