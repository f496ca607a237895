"""Service roles as they are deployed, with every policy that bears on them."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from .._access.model import Role
from .._access.policy_documents import Policy
from .._values import as_written
from .asking import AbsentError, Account, NotAnsweredError


def read_role(account: Account, arn: str) -> Role:
    """Read a role of this account."""
    if arn.split(":")[4] != account.id:
        why = "it is in another account"
        return Role(arn, unseen=why, unseen_trust=why, unseen_boundary=why)
    role, name = Role(arn), arn.rpartition("/")[2]
    described, unseen = account.see("iam", "GetRole", arn, RoleName=name)
    found = {} if described is None else described["Role"]
    if unseen:
        role.unseen_trust = role.unseen_boundary = unseen
    elif found.get("Arn") != arn:  # the name may be there, on another path
        return Role(arn, exists=False)
    else:
        role.unique_id = str(found["RoleId"])
        role.trust = [Policy(_document(found["AssumeRolePolicyDocument"]), "the trust policy")]
        _add_boundary(account, role, found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"))
    _add_policies(account, role, name)
    return role


def _add_boundary(account: Account, role: Role, arn: str | None) -> None:
    if arn is None:
        role.notes = ("it has no permissions boundary",)
        return
    name = f"permissions boundary {arn.rpartition('/')[2]}"
    role.notes = (f"it has {name}",)
    try:
        role.boundary = Policy(_managed(account, arn), name)
    except AbsentError:
        # A boundary that is no more allows nothing.
        role.boundary = Policy({"Statement": []}, name)
        role.notes = (f"it has {name}, which doesn't exist and allows nothing",)
    except NotAnsweredError as error:
        role.unseen_boundary = str(error)


def _add_policies(account: Account, role: Role, name: str) -> None:
    unseen: list[str] = []

    def listed(operation: str, member: str) -> list[Any]:
        try:
            return list(account.pages("iam", operation, member, role.arn, RoleName=name))
        except (AbsentError, NotAnsweredError) as error:
            unseen.append(str(error))
            return []

    def add(policy: str, document: Callable[[], Any]) -> None:
        try:
            role.identity.append(Policy(document(), policy))
        except AbsentError:
            pass  # deleted since it was listed
        except NotAnsweredError as error:
            unseen.append(f"{policy}: {error}")

    for inline in listed("ListRolePolicies", "PolicyNames"):
        add(f"inline policy {inline}", partial(_inline, account, role, name, inline))
    for attached in listed("ListAttachedRolePolicies", "AttachedPolicies"):
        arn = str(attached["PolicyArn"])
        add(f"policy {arn.rpartition('/')[2]}", partial(_managed, account, arn))
    role.unseen = ", ".join(unseen)


def _inline(account: Account, role: Role, name: str, policy: str) -> Any:
    return _document(account.ask("iam", "GetRolePolicy", role.arn, RoleName=name, PolicyName=policy)["PolicyDocument"])


def _managed(account: Account, arn: str) -> Any:
    version = account.ask("iam", "GetPolicy", arn, PolicyArn=arn)["Policy"]["DefaultVersionId"]
    found = account.ask("iam", "GetPolicyVersion", arn, PolicyArn=arn, VersionId=version)["PolicyVersion"]
    return _document(found["Document"])


def _document(parsed: Any) -> Any:
    """Return a policy that boto3 has parsed as that of a key is read."""
    return as_written(json.dumps(parsed))
