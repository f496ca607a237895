"""The rules that findings break: the names by which the plugin, the command and SARIF tell of them."""

from __future__ import annotations

from collections.abc import Mapping

from ..matrix import CONFUSED_DEPUTY_PAGE, IMPORT_PAGE, KMS_PAGE
from .entries import Entry, Excess, Missing
from .model import Problem

_IAM_QUOTAS = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"

RULES: Mapping[str, tuple[str, str]] = {
    "Personalize::Configuration": ("Personalize, CloudFormation or IAM refuses what is asked.", KMS_PAGE),
    "Personalize::ExcessBucketAccess": ("A bucket policy allows more than AWS's pages ask for.", IMPORT_PAGE),
    "Personalize::ExcessKeyAccess": ("A key policy allows more than AWS's page asks for.", KMS_PAGE),
    "Personalize::ExcessRoleAccess": ("An IAM policy allows the role more than AWS's pages ask for.", KMS_PAGE),
    "Personalize::Limit": ("A policy or a role exceeds what AWS takes.", _IAM_QUOTAS),
    "Personalize::MissingBucketAccess": ("A bucket policy lacks what AWS's pages ask for.", IMPORT_PAGE),
    "Personalize::MissingKeyAccess": ("The policies of a key lack what AWS's page asks for.", KMS_PAGE),
    "Personalize::MissingRoleAccess": ("The role's IAM policies lack what AWS's pages ask for.", KMS_PAGE),
    "Personalize::Ordering": ("A resource may be created before a policy that it needs.", KMS_PAGE),
    "Personalize::Trust": ("Personalize can't assume the role, or others can.", CONFUSED_DEPUTY_PAGE),
    "Personalize::Undecided": ("The app doesn't show whether Personalize has what AWS's pages ask for.", KMS_PAGE),
}
"""What each rule says, and the page of AWS's documentation."""
UNDECIDED = "Personalize::Undecided"
CONFIGURATION = "Personalize::Configuration"


def rule_of(found: Entry | Problem) -> str:
    """Return the name of the rule that a finding breaks."""
    if isinstance(found, Problem):
        return f"Personalize::{found.kind.capitalize()}"
    if found.policy == "trust" and isinstance(found, Excess):
        return "Personalize::Trust"
    kind = "Missing" if isinstance(found, Missing) else "Excess" if isinstance(found, Excess) else ""
    return f"Personalize::{kind}{found.policy.capitalize()}Access" if kind else UNDECIDED
