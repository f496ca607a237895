"""Service roles as they are deployed, with every policy that bears on them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from .._access.model import Role
from .._access.written import Policy
from .asking import AbsentError, Account, NotAnsweredError


def read_role(account: Account, arn: str) -> Role:
    """Read a role of this account."""
    if arn.split(":")[4] != account.id:
        why = "it is of another account"
        return Role(arn, unseen=why, unseen_trust=why, unseen_boundary=why)
    iam, name = account.client("iam"), arn.rpartition("/")[2]
    role = Role(arn)
    try:
        found = account.ask("iam:GetRole", arn, lambda: iam.get_role(RoleName=name)["Role"])
        if found["Arn"] != arn:  # the name is there, on another path
            return Role(arn, exists=False)
        role.unique_id = str(found["RoleId"])
        role.trust = [Policy(_document(found["AssumeRolePolicyDocument"]), "the trust policy")]
        _add_boundary(account, iam, role, found.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"))
    except AbsentError:
        return Role(arn, exists=False)
    except NotAnsweredError as error:
        role.unseen_trust = role.unseen_boundary = str(error)
    _add_policies(account, iam, role, name)
    return role


def _add_boundary(account: Account, iam: Any, role: Role, arn: str | None) -> None:
    if arn is None:
        role.notes = ("it has no permissions boundary",)
        return
    name = f"permissions boundary {arn.rpartition('/')[2]}"
    role.notes = (f"it has {name}",)
    try:
        role.boundary = Policy(_managed(account, iam, arn), name)
    except AbsentError:
        # A boundary that is no more allows nothing.
        role.boundary = Policy({"Statement": []}, name)
        role.notes = (f"it has {name}, which doesn't exist and allows nothing",)
    except NotAnsweredError as error:
        role.unseen_boundary = str(error)


def _add_policies(account: Account, iam: Any, role: Role, name: str) -> None:
    unseen: list[str] = []

    def inline() -> list[str]:
        pages = iam.get_paginator("list_role_policies").paginate(RoleName=name)
        return [each for page in pages for each in page["PolicyNames"]]

    def attached() -> list[str]:
        pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=name)
        return [each["PolicyArn"] for page in pages for each in page["AttachedPolicies"]]

    def document(policy: str) -> Any:
        def question() -> Any:
            return _document(iam.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"])

        return account.ask("iam:GetRolePolicy", role.arn, question)

    def read(action: str, listing: Callable[[], list[str]], kind: str, look: Callable[[str], Any]) -> None:
        try:
            found = account.ask(action, role.arn, listing)
        except (AbsentError, NotAnsweredError) as error:
            unseen.append(str(error))
            return
        for each in found:
            policy = f"{kind} {each.rpartition('/')[2]}"
            try:
                role.identity.append(Policy(look(each), policy))
            except AbsentError:
                pass  # deleted since it was listed
            except NotAnsweredError as error:
                unseen.append(f"{policy}: {error}")

    read("iam:ListRolePolicies", inline, "inline policy", document)
    read("iam:ListAttachedRolePolicies", attached, "policy", lambda each: _managed(account, iam, each))
    role.unseen = ", ".join(unseen)


def _managed(account: Account, iam: Any, arn: str) -> Any:
    policy = account.ask("iam:GetPolicy", arn, lambda: iam.get_policy(PolicyArn=arn)["Policy"])

    def version() -> Any:
        return iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])["PolicyVersion"]["Document"]

    return _document(account.ask("iam:GetPolicyVersion", arn, version))


def _document(found: Any) -> Any:
    """Return a policy; boto3 has parsed it already, if it came as AWS sends it."""
    return dict(found) if isinstance(found, Mapping) else json.loads(found)
