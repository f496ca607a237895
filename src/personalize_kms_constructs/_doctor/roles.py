"""Service roles as they are deployed, with every policy that bears on them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .asking import Account
from .errors import AbsentError, NotAnsweredError


@dataclass(frozen=True)
class RoleFacts:
    """The answers of IAM about a role."""

    arn: str
    exists: bool = True
    unique_id: str = ""
    trust: Any = None
    unseen_trust: str = ""
    policies: tuple[tuple[str, Any], ...] = ()
    """Names and documents of its inline and managed policies."""
    unseen: str = ""
    boundary: tuple[str, Any] | None = None
    unseen_boundary: str = ""


def read_role(account: Account, arn: str) -> RoleFacts:
    """Read a role of this account."""
    if arn.split(":")[4] != account.id:
        why = "it is of another account"
        return RoleFacts(arn, unseen=why, unseen_trust=why, unseen_boundary=why)
    iam, name = account.client("iam"), arn.rpartition("/")[2]
    found: dict[str, Any] = {}
    try:
        role = account.ask("iam:GetRole", arn, lambda: iam.get_role(RoleName=name)["Role"])
        if role["Arn"] != arn:  # the name is there, on another path
            return RoleFacts(arn, exists=False)
        found = {"unique_id": str(role["RoleId"]), "trust": _document(role["AssumeRolePolicyDocument"])}
        boundary = role.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        if boundary:
            found |= _boundary(account, iam, boundary)
    except AbsentError:
        return RoleFacts(arn, exists=False)
    except NotAnsweredError as error:
        found = {"unseen_trust": str(error), "unseen_boundary": str(error)}
    return RoleFacts(arn, **found, **_identity(account, iam, name, arn))


def _boundary(account: Account, iam: Any, arn: str) -> dict[str, Any]:
    try:
        return {"boundary": (f"permissions boundary {arn.rpartition('/')[2]}", _managed(account, iam, arn))}
    except AbsentError:
        # A boundary that is no more allows nothing.
        return {"boundary": (f"permissions boundary {arn.rpartition('/')[2]}, which doesn't exist", {"Statement": []})}
    except NotAnsweredError as error:
        return {"unseen_boundary": str(error)}


def _identity(account: Account, iam: Any, name: str, arn: str) -> dict[str, Any]:
    policies: list[tuple[str, Any]] = []
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

        return account.ask("iam:GetRolePolicy", arn, question)

    def read(action: str, listing: Callable[[], list[str]], kind: str, look: Callable[[str], Any]) -> None:
        try:
            found = account.ask(action, arn, listing)
        except (AbsentError, NotAnsweredError) as error:
            unseen.append(str(error))
            return
        for each in found:
            policy = f"{kind} {each.rpartition('/')[2]}"
            try:
                policies.append((policy, look(each)))
            except AbsentError:
                pass  # deleted since it was listed
            except NotAnsweredError as error:
                unseen.append(f"{policy}: {error}")

    read("iam:ListRolePolicies", inline, "inline policy", document)
    read("iam:ListAttachedRolePolicies", attached, "policy", lambda each: _managed(account, iam, each))
    return {"policies": tuple(policies), "unseen": ", ".join(unseen)}


def _managed(account: Account, iam: Any, arn: str) -> Any:
    policy = account.ask("iam:GetPolicy", arn, lambda: iam.get_policy(PolicyArn=arn)["Policy"])

    def version() -> Any:
        return iam.get_policy_version(PolicyArn=arn, VersionId=policy["DefaultVersionId"])["PolicyVersion"]["Document"]

    return _document(account.ask("iam:GetPolicyVersion", arn, version))


def _document(found: Any) -> Any:
    """Return a policy; boto3 has parsed it already, if it came as AWS sends it."""
    return dict(found) if isinstance(found, Mapping) else json.loads(found)
