"""Rules broken by findings: their names, sentences and pages."""

from __future__ import annotations

from collections.abc import Mapping

from .._model.causes import Cause
from .._model.finding import Finding
from ..matrix import CONFUSED_DEPUTY_PAGE, IMPORT_PAGE, KMS_PAGE

RULES: Mapping[str, tuple[str, str]] = {
    "Personalize::Configuration": (
        "Personalize can't do what is asked, or a policy isn't as it was meant.",
        KMS_PAGE,
    ),
    "Personalize::ExcessBucketAccess": (
        "A bucket policy allows more than AWS's pages ask for.",
        IMPORT_PAGE,
    ),
    "Personalize::ExcessKeyAccess": (
        "A key policy allows more than AWS's page asks for.",
        KMS_PAGE,
    ),
    "Personalize::ExcessRoleAccess": (
        "An IAM policy allows the role more than AWS's pages ask for.",
        KMS_PAGE,
    ),
    "Personalize::MissingBucketAccess": (
        "A bucket policy lacks what AWS's pages ask for.",
        IMPORT_PAGE,
    ),
    "Personalize::MissingKeyAccess": (
        "The policies of a key lack what AWS's page asks for.",
        KMS_PAGE,
    ),
    "Personalize::MissingRoleAccess": (
        "The role's IAM policies lack what AWS's pages ask for.",
        KMS_PAGE,
    ),
    "Personalize::Ordering": ("A resource may be created before a policy that it needs.", KMS_PAGE),
    "Personalize::Retention": (
        "Something in the app deletes what should outlive its stack.",
        "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html",
    ),
    "Personalize::Trust": (
        "Personalize can't assume the role, or others can.",
        CONFUSED_DEPUTY_PAGE,
    ),
    "Personalize::Undecided": (
        "The app doesn't show whether Personalize has what AWS's pages ask for.",
        KMS_PAGE,
    ),
    "Personalize::Unencrypted": (
        "Personalize encrypts a dataset group with a key of its own.",
        KMS_PAGE,
    ),
}
"""The sentence of each rule, and the page of AWS's documentation."""
UNDECIDED = "Personalize::Undecided"
UNENCRYPTED = "Personalize::Unencrypted"
CONFIGURATION = "Personalize::Configuration"


def rule_of(finding: Finding) -> str:
    kind, policy = finding.kind, finding.policy
    if finding.cause is Cause.DELETED:
        return "Personalize::Retention"
    if finding.is_problem:
        return f"Personalize::{kind.capitalize()}"
    if kind == "excess" and policy == "trust":
        return "Personalize::Trust"
    if kind in ("missing", "excess"):
        return f"Personalize::{kind.capitalize()}{policy.capitalize()}Access"
    return UNDECIDED
