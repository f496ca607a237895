"""Causes of what is missing that no further statement mends: what is gone, dead, denied or out of bounds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .._access.causes import Cause
from .._access.entries import Missing
from .._access.problems import AWS_MANAGED_KEY
from ..matrix import IMPORT_PAGE, KMS_PAGE
from .check import Addition, Status
from .findings import Findings, actions_of
from .orphans import PAGE, Orphan, orphans

BOUNDARIES_PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html"

_NEXT_WITHOUT = {
    "key": "nothing brings a deleted key back: use another key, for a dataset group a new one",
    "alias": "make the alias, or give the bucket another default key",
    "role": "make the role anew under the same name and path, then put its ARN into the policies that name it",
    "bucket": "make the bucket, or give the next job another one",
}


def find_causes(findings: Findings) -> None:
    """Find what no further statement mends."""
    _gone(findings)
    _managed_by_aws(findings)
    _orphaned(findings)
    _denied(findings)
    _out_of_bounds(findings)


def _gone(findings: Findings) -> None:
    facts = findings.facts
    gone = [("key", arn) for arn, each in facts.keys.items() if not each.exists]
    gone += [("role", arn) for arn, each in facts.roles.items() if not each.exists]
    gone += [("bucket", arn) for arn, each in facts.buckets.items() if not each.exists]
    for kind, arn in gone:
        findings.explained.add(arn)
        taken = findings.take_about(arn)
        page = IMPORT_PAGE if kind == "bucket" else KMS_PAGE
        # A statement for what doesn't exist helps nobody.
        findings.add(
            f"{kind}-exists",
            kind,
            arn,
            f"the {'alias' if ':alias/' in arn else kind} doesn't exist",
            taken,
            next_step=_NEXT_WITHOUT["alias" if ":alias/" in arn else kind],
            add=[],
            page=page,
        )


def _managed_by_aws(findings: Findings) -> None:
    for arn in findings.facts.model.keys:
        if arn.endswith(AWS_MANAGED_KEY):
            findings.explained.add(arn)
            findings.take_about(arn)  # the report has a problem with the key itself


def _orphaned(findings: Findings) -> None:
    """Find ids of deleted roles and users, and whether a role needs what they have.

    While a role is gone, an id may be its own, and it is told that the role is gone.
    """
    if not all(role.exists for role in findings.facts.roles.values()):
        return
    for orphan in orphans(findings.facts.model):
        healed, role_arn = _healed(findings, orphan)
        where = {"key": "the key policy", "bucket": "the bucket policy", "role": "the trust policy"}[orphan.kind]
        statements = orphan.statements_for(role_arn) if healed else []
        findings.add(
            "orphaned-principal",
            orphan.kind,
            orphan.owner,
            f"{where} names {orphan.id}, the id of a role or user that was deleted",
            healed,
            status=Status.FAILED if healed else Status.WARNING,
            because="a role that is made anew has a new id, and policies keep the old one",
            next_step=(
                "put in the place of the statements with the id:"
                if healed
                else "take the id out: KMS refuses every change of a policy that leaves it in"
            ),
            add=[Addition(where, each) for each in statements],
            page=PAGE,
        )


def _healed(findings: Findings, orphan: Orphan) -> tuple[list[Missing], str]:
    """Take what would not be missing if a policy named a role instead of an id."""
    model = findings.facts.model
    for role_arn in model.roles if findings.left else ():
        still = {each.sort_key() for each in orphan.missing_with(model, role_arn)}
        if taken := findings.take(lambda each: each.sort_key() not in still):  # noqa: B023
            return taken, role_arn
    return [], ""


def _denied(findings: Findings) -> None:
    """Find the statements that deny; one in an IAM policy is seen in the columns of keys and of the role."""
    by_statement: dict[tuple[str, str, str], list[Missing]] = {}
    for each in findings.take(lambda each: each.cause is Cause.DENIED):
        role = findings.facts.model.roles.get(each.principal_arn)
        of_role = [*role.identity, role.boundary] if role is not None else []
        in_iam = any(statement.policy in of_role for statement in each.reason.statements)
        kind, of = ("role", each.principal_arn) if in_iam else (each.policy, each.policy_of)
        by_statement.setdefault((each.because, kind, of), []).append(each)
    for (because, kind, of), taken in by_statement.items():
        who = sorted({findings.who(each) for each in taken})
        findings.add(
            "denied",
            kind,
            of,
            f"{' and '.join(who)} {'are' if len(who) > 1 else 'is'} denied {actions_of(taken)}",
            taken,
            because=because,
            next_step="except them from that statement, or take it out: no further statement helps",
        )


def _out_of_bounds(findings: Findings) -> None:
    by_role: dict[str, list[Missing]] = {}
    for each in findings.take(lambda each: each.cause is Cause.BOUNDARY):
        by_role.setdefault(each.principal_arn, []).append(each)
    for arn, taken in by_role.items():
        boundary = findings.facts.model.roles[arn].boundary
        findings.add(
            "boundary",
            "role",
            arn,
            f"{boundary.name if boundary else 'its permissions boundary'} doesn't allow {actions_of(taken)}",
            taken,
            because="a role may do what both its policies and its permissions boundary allow",
            next_step="add to the boundary:",
            add=[Addition("the boundary", each) for each in _statements_for(taken)],
            page=BOUNDARIES_PAGE,
        )


def _statements_for(taken: list[Missing]) -> Iterator[dict[str, Any]]:
    by_resource: dict[str, set[str]] = {}
    for each in taken:
        by_resource.setdefault(each.resource, set()).add(each.action)
    by_actions: dict[tuple[str, ...], list[str]] = {}
    for resource, actions in by_resource.items():
        by_actions.setdefault(tuple(sorted(actions)), []).append(resource)
    for together, resources in sorted(by_actions.items()):
        yield {"Effect": "Allow", "Action": list(together), "Resource": sorted(resources)}
