"""Causes: why something is allowed, missing, undecided, too much or wrong, as data that ``words`` puts into words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from .written import Written


class Cause(Enum):
    """Tells causes apart; the values are their names in JSON."""

    # Answers of IAM's decision.
    ALLOWED = "allowed"
    DENIED = "denied"
    BOUNDARY = "boundary"
    LEFT_TO_IAM = "left-to-iam"
    NO_STATEMENT = "no-statement"
    NOT_IN_IAM = "not-in-iam"
    MAY_BE_DENIED = "may-be-denied"
    OPEN = "open"

    # What leaves an answer open.
    POLICY_UNSEEN = "policy-unseen"
    POLICIES_UNSEEN = "policies-unseen"
    DENIALS_UNSEEN = "denials-unseen"
    BOUNDARY_UNSEEN = "boundary-unseen"
    BOUNDARY_OF_EVERYBODY = "boundary-of-everybody"
    ENCRYPTION_UNSEEN = "encryption-unseen"
    ACCOUNTS_UNKNOWN = "accounts-unknown"
    NOT_KNOWN = "not-known"
    ELEMENT_UNKNOWN = "element-unknown"
    ELEMENT_ABSENT = "element-absent"
    ELEMENT_NOT_UNDERSTOOD = "element-not-understood"
    EFFECT_NOT_UNDERSTOOD = "effect-not-understood"
    TEMPLATE_CONDITION = "template-condition"
    PATTERN_UNKNOWN = "pattern-unknown"
    PATTERN_NARROW = "pattern-narrow"
    PRINCIPAL_NOT_UNDERSTOOD = "principal-not-understood"
    PRINCIPAL_UNKNOWN = "principal-unknown"
    PRINCIPAL_SESSION = "principal-session"
    PRINCIPAL_ID = "principal-id"
    NOT_PRINCIPAL = "not-principal"
    CONDITION_UNKNOWN = "condition-unknown"
    OPERATOR_WITHOUT_KEYS = "operator-without-keys"
    OPERATOR_UNKNOWN = "operator-unknown"
    KEY_NOT_IN_TEMPLATES = "condition-key-not-in-templates"
    KEY_UNDOCUMENTED = "condition-key-undocumented"
    KEY_MAYBE_ABSENT = "condition-key-maybe-absent"
    CONDITION_VALUE_UNKNOWN = "condition-value-unknown"
    CONDITION_VALUE_UNDOCUMENTED = "condition-value-undocumented"

    # Too much.
    NOT_ASKED = "not-asked"
    KEY_POLICY_IS_ENOUGH = "key-policy-is-enough"
    OTHER_KEYS = "other-keys"
    OTHER_BUCKETS = "other-buckets"
    WHOLE_BUCKET = "whole-bucket"
    OTHER_PREFIX = "other-prefix"
    FOR_EVERYBODY = "for-everybody"
    FOR_ANY_ACCOUNT = "for-any-account"

    # Problems that no added statement fixes.
    NOT_TRUSTED = "not-trusted"
    TRUST_DENIED = "trust-denied"
    ROLE_OF_ANOTHER_ACCOUNT = "role-of-another-account"
    ROLE_NAME_TAKEN = "role-name-taken"
    ROLE_NAME_ALIKE = "role-name-alike"
    NO_ROLE = "no-role"
    KEY_WITHOUT_ROLE = "key-without-role"
    ROLE_WITHOUT_KEY = "role-without-key"
    NO_ARN = "no-arn"
    KEY_OF_AWS = "key-of-aws"
    KEY_IS_ALIAS = "key-is-alias"
    KEY_IS_NO_ARN = "key-is-no-arn"
    KEY_STATE = "key-state"
    KEY_SPEC = "key-spec"
    KEY_REGION = "key-region"
    NO_S3_URI = "no-s3-uri"
    DESTINATION_IS_NO_FOLDER = "destination-is-no-folder"
    ONE_FOLDER = "one-folder"
    EXPRESS_EXECUTION = "express-execution"
    BUCKET_POLICIES = "bucket-policies"
    REPEATED_SID = "repeated-sid"
    GROUP_NAME_TAKEN = "group-name-taken"
    CONDITIONAL_REFERENCE = "conditional-reference"
    NOT_WAITED_FOR = "not-waited-for"
    POLICY_TOO_LONG = "policy-too-long"
    TRUST_TOO_LONG = "trust-too-long"
    INLINE_POLICIES_TOO_LONG = "inline-policies-too-long"
    MANY_MANAGED_POLICIES = "many-managed-policies"
    TOO_MANY_MANAGED_POLICIES = "too-many-managed-policies"


Value = str | int | tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Reason:
    """A cause, with all that its words need."""

    cause: Cause
    values: Mapping[str, Value] = field(default_factory=dict)
    statements: tuple[Written, ...] = ()
    """The statements that it is about."""
    doubts: tuple[Reason, ...] = ()
    """The reasons behind it: what leaves an answer open, or why a role isn't trusted."""


def because(cause: Cause, *statements: Written, **values: Value) -> Reason:
    """Return a reason."""
    return Reason(cause, values, statements)
