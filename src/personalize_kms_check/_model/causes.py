"""Causes of entries and problems: why something is allowed, missing, undecided or wrong."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, unique
from typing import Any, Literal

from .._shared.values import open_parts, unmark
from .hints import PASS_PARAMETERS, how_to_tell
from .policy_documents import PolicyStatement

Column = Literal["key", "role", "bucket", "boundary", "trust", ""]
"""The column of AWS's pages for a policy, or its name."""
POLICIES: Mapping[str, str] = {
    "key": "key policy",
    "role": "IAM",
    "bucket": "bucket policy",
    "trust": "trust policy",
    "boundary": "permissions boundary",
}
"""The kinds of policies, by the column of a report."""
_IN_SENTENCES = {column: f"the {name}" for column, name in POLICIES.items()}
_IN_SENTENCES["role"] = "an IAM policy"

# The doctor sees no more of it.
_TRY = (
    "use another condition (in a statement of its own, if this one serves others), or try whether "
    "it holds"
)
_TELL = "{how_to_tell}"
NOT_OF_THE_APP = "it isn't part of the app"


@unique
class Cause(Enum):
    """Tells causes apart.

    A value is a sentence, and the remedy unless a statement to add says it. Programs compare
    members; nothing reads the words again. In braces are the values of a ``Reason``, its subject,
    statements and doubts.
    """

    # Answers of IAM's decision.
    ALLOWED = "{statements}"
    DENIED = "denied by {statements}", "{mend}: a denial overrides every permission"
    BOUNDARY = "the role's permissions boundary doesn't allow it"
    LEFT_TO_IAM = "{column} leaves it to the role's IAM policies, which don't allow it"
    BOTH_SIDES = (
        "no IAM policy of the role allows it, and across accounts {column} has to allow it too: "
        "{doubts}"
    )
    NO_STATEMENT = "{column} has no statement that allows it"
    NOT_IN_IAM = "no IAM policy of the role allows it"
    MAY_BE_DENIED = "may be denied: {doubts}"
    OPEN = "{doubts}"

    # What leaves an answer open.
    POLICY_UNSEEN = "{column} of {arn} can't be seen: {why}", "{mend}"
    POLICIES_UNSEEN = "not all policies of role {arn} can be seen: {why}", _TELL
    BOUNDARY_UNSEEN = "the permissions boundary can't be seen: {why}"
    BOUNDARY_OF_EVERYBODY = "whether a permissions boundary limits what it allows isn't documented"
    ENCRYPTION_UNSEEN = (
        "a key that encrypts it needs permissions, too, and can't be seen, since {why}",
        "pass the template of the bucket as well; in a CDK app name its key, as in "
        "S3Location(…, encryption_key=…)",
    )
    KEY_STATE_UNSEEN = "its state and kind can't be seen: {why}"
    REGION_UNSEEN = "whether it is in the Region that Personalize works in can't be seen: {why}"
    MAY_BE_DENIED_UNSEEN = (
        "not all of its IAM policies can be seen, and one that can't may deny: {why}"
    )
    GROUP_UNSEEN = "it can't be seen: {why}"
    JOBS_UNSEEN = "not all jobs, or listings of jobs, can be seen"
    SOLUTION_OR_VERSION = "whether the solution or its version has to be allowed isn't documented"
    ACCOUNTS_UNKNOWN = "it isn't known whether role and {kind} are in one account", _TELL
    NOT_KNOWN = "{why}", _TELL
    NOT_DECLARED = (
        "{subject} may create resources of Personalize ({actions}) and pass {roles} to it, but no "
        "template says which",
        "in a CDK app call declare_created; elsewhere begin a file with --write-created FILE, and "
        "pass it with --created FILE",
    )
    ELEMENT_UNKNOWN = "{element} isn't known before deployment", _TELL
    ELEMENT_NOT_UNDERSTOOD = "element {elements} isn't understood"
    TEMPLATE_CONDITION = "it depends on the condition {condition}", PASS_PARAMETERS
    CHOSEN = "{why}", PASS_PARAMETERS
    PATTERN_UNKNOWN = "{element} {pattern}: {parts} isn't known before deployment", _TELL
    NAME_NOT_SAID = (
        "{element}: the name of {parts} isn't in the template",
        "set the name there, or refer to the resource",
    )
    PATTERN_NARROW = (
        "{element} {pattern} is about a part of what is needed, and which part Personalize uses "
        "isn't documented"
    )
    PRINCIPAL_NOT_UNDERSTOOD = "Principal {principal} isn't understood"
    PRINCIPAL_UNKNOWN = "Principal {principal}: {parts} isn't known before deployment", _TELL
    PRINCIPAL_SESSION = "Principal {principal}: which session Personalize has isn't documented"
    PRINCIPAL_ID = "Principal {principal} is the id of a role, which may have been deleted"
    NOT_PRINCIPAL = "NotPrincipal names the role or its account, but not its session"
    OPERATOR_WITHOUT_KEYS = "condition operator {operator} without condition keys"
    OPERATOR_UNKNOWN = "condition {operator} {key}: the operator isn't known"
    KEY_OF_ALIASES = "condition {operator} {key}: the check doesn't read aliases", _TRY
    KEY_OF_ORGANIZATION = (
        "condition {operator} {key}: the policies don't say what it is",
        "name the organization of the accounts, as personalize-kms-constructs:organization in "
        "cdk.json, or by --organization o-…",
    )
    KEY_UNKNOWN = (
        "condition {operator} {key}: the check doesn't know what Personalize sends",
        _TRY,
    )
    KEY_IF_ABSENT = (
        "condition {operator} {key}: it holds only if Personalize doesn't send the key",
        _TRY,
    )
    KEY_MAYBE_ABSENT = (
        "condition {operator} {key}: AWS doesn't document whether Personalize sends the key",
        _TRY,
    )
    CONDITION_VALUE_UNKNOWN = (
        "condition {operator} {key}: {parts} isn't known before deployment",
        _TELL,
    )

    # Too much.
    NOT_ASKED = "AWS's pages don't ask for it"
    NOT_SEEN_TO_BE_ASKED = "no resource in the templates needs it"
    WIDER_THAN_ASKED = "it is more than AWS's pages ask for"
    KEY_POLICY_IS_ENOUGH = (
        "AWS's page asks for it in the key policy alone, which should name the role"
    )
    OTHER_KEYS = "it is on keys that aren't used"
    OTHER_BUCKETS = "it is on buckets that aren't used"
    WHOLE_BUCKET = "it is on the whole bucket, not only the prefix that is used"
    OTHER_PREFIX = "it is on a prefix for which no resource in the templates needs it"
    FOR_EVERYBODY = (
        "{statements} lets everybody in, since its Principal is *",
        "name those who need it as its Principal, or add a condition on who calls",
    )
    FOR_ANY_ACCOUNT = (
        "{statements} lets Personalize in for any account",
        "in a statement for Personalize alone, name each account that needs it as "
        "aws:SourceAccount: by StringEquals in a trust policy, StringEqualsIfExists elsewhere",
    )
    FOR_ANOTHER_ACCOUNT = "{statements} lets another account in, since its {element} is {value}"
    MAY_BE_ANOTHER_ACCOUNT = (
        "{statements} may let another account in, since its {element} is {value}"
    )
    MAY_BE_ASKED = (
        "no resource in the templates needs it, and {requests}, which can't be seen in full, may"
    )

    # Problems that no added statement fixes.
    NOT_TRUSTED = (
        "{subject} doesn't trust Personalize, which has to assume it ({doubts})",
        "allow personalize.amazonaws.com sts:AssumeRole in its trust policy",
    )
    TRUST_DENIED = (
        "{subject} doesn't trust Personalize, which has to assume it ({doubts})",
        "remove the denial from its trust policy, or exempt personalize.amazonaws.com",
    )
    ROLE_OF_ANOTHER_ACCOUNT = (
        "{subject} is a role in another account, which Personalize doesn't take",
        "use a role in account {account}",
    )
    NOT_MADE = (
        "{subject} refers to {what} {logical_id}, which the template no longer makes",
        "leave it in the app, or pass another one",
    )
    DELETED = (
        "something in the app deletes with the stack what {subject} should retain ({what})",
        "keep it, as by RemovalPolicies.of(<the construct>).retain_on_update_or_delete(), "
        "or set removal_policy=RemovalPolicy.DESTROY",
    )
    NO_ROLE = "{subject} has no role, without which Personalize can't create it", "set its RoleArn"
    KEY_WITHOUT_ROLE = (
        "{subject} has a key but no role",
        "set its RoleArn as well, or remove its key",
    )
    ROLE_WITHOUT_KEY = (
        "{subject} has a role but no key",
        "set its KmsKeyArn as well, or remove its role",
    )
    NO_ARN = (
        "{subject}: {what} is {given}, and Personalize takes only the ARN of a {kind}",
        "pass the {kind}'s ARN",
    )
    KEY_OF_AWS = (
        "{subject} is AWS's own key aws/s3, whose policy can't allow Personalize",
        "encrypt the bucket with a key of yours, and write its objects again",
    )
    KEY_IS_ALIAS = (
        "{subject} is an alias, and Personalize takes only the ARN of a key",
        "pass the key's ARN",
    )
    KEY_IS_NO_ARN = (
        "{subject} isn't an ARN, and Personalize takes nothing else",
        "pass the key's ARN",
    )
    KEY_ABSENT = (
        "{subject} doesn't exist",
        "a deleted key can't be restored: use another key, and for a dataset group create a new "
        "one",
    )
    ALIAS_ABSENT = (
        "{subject}: the alias doesn't exist",
        "make the alias, or set another default key of the bucket",
    )
    ROLE_ABSENT = "role {subject} doesn't exist", "{mend}"
    BUCKET_ABSENT = (
        "bucket {subject} doesn't exist",
        "make the bucket, or use another one for the next job",
    )
    BUCKET_REGION = (
        "bucket {subject} is in {bucket_region}, and Personalize works in {region}",
        "use a bucket of that Region",
    )
    UNUSED_ID = (
        "{column} of {subject} names {id}, the id of a role or user that was deleted",
        "take it out, with its statement if that names nobody else: AWS refuses every change of a "
        "policy that has it",
    )
    GROUP_FAILED = (
        "{subject} is CREATE FAILED: {why}",
        "delete it, and create it again once the policies allow all that it needs",
    )
    JOB_FAILED = "{subject} failed: {why}", "start another one {mend}"
    CALL_DENIED = (
        "CloudTrail: {says}, which no finding explains",
        "it was fixed since, a control policy denies it, or it was for another dataset group",
    )
    KEY_STATE = "{subject} is {state}", "{mend}"
    KEY_SPEC = (
        "{subject} is {spec} for {usage}, and Personalize needs a symmetric encryption key, "
        "SYMMETRIC_DEFAULT for ENCRYPT_DECRYPT",
        "use another key",
    )
    KEY_REGION = (
        "{subject} is in {key_region}, and Personalize works in {region}",
        "use a key of that Region",
    )
    NO_S3_URI = (
        "{subject}: its {what} is {given}, expected an s3:// URI",
        "pass one, for example s3://bucket/folder/",
    )
    ENDS_EARLY = (
        "{subject}: an Express execution ends after five minutes",
        "use the type STANDARD, for a distributed Map as its map_execution_type",
    )
    BUCKET_POLICIES = (
        "{subject} has {number} bucket policies, {paths}, but S3 keeps one",
        "put the statements into one; in a CDK app, use the bucket's add_to_resource_policy, or "
        "make your policy first, with bucket=bucket.bucket_name",
    )
    INLINE_NAME_TAKEN = (
        "{subject}: {paths} share the name {name}, and a role keeps only the last inline policy "
        "of a name",
        "name each differently; if the CDK has named them, set the feature flag "
        "@aws-cdk/aws-iam:importedRoleStackSafeDefaultPolicyName",
    )
    WRITTEN_AS_TEXT = (
        "{subject} has {texts} as plain text, which isn't replaced there",
        "write the value, in a template by Fn::Sub",
    )
    NOT_WAITED_FOR = ("{subject} may be created before {before}, which allows {actions}", "{mend}")

    def __init__(self, says: str, fix: str = "") -> None:
        self.says = says
        self.fix = fix

    @property
    def id(self) -> str:
        """Its name in JSON."""
        return self.name.lower().replace("_", "-")


MAY_BE_TOO_MUCH = frozenset({Cause.MAY_BE_ASKED, Cause.MAY_BE_ANOTHER_ACCOUNT})
"""The causes of permissions that may be too much."""

Value = str | int | tuple[str, ...]


@dataclass(frozen=True, eq=False, slots=True)
class Reason:
    """A cause, with the values of its words."""

    cause: Cause
    values: Mapping[str, Value] = field(default_factory=dict)
    statements: tuple[PolicyStatement, ...] = ()
    """The statements it is about."""
    doubts: tuple[Reason, ...] = ()
    """The reasons behind it: they leave an answer open, or keep a role from being trusted."""

    @staticmethod
    def of(cause: Cause, *statements: PolicyStatement, **values: Value) -> Reason:
        return Reason(cause, values, statements)

    def sentence(self, subject: str = "it") -> str:
        """Return the sentence of the cause, with its statements and doubts, each once."""
        says, words = self.cause.says, self._words(subject)
        sentence = says.format_map(words)
        if self.doubts and "{doubts}" not in says:
            sentence += f", since {words['doubts']}"
        if self.statements and "{statements}" not in says:
            sentence = f"{words['statements']}: {sentence}"
        return unmark(sentence)

    @property
    def remedy(self) -> str:
        """The remedy in words, its own or its doubts'; empty if a statement to add says it."""
        own = unmark(self.cause.fix.format_map(self._words("it")))
        of_doubts = {doubt.remedy for doubt in self.doubts}
        return own or (of_doubts.pop() if len(of_doubts) == 1 else "")

    def _words(self, subject: str) -> dict[str, str]:
        words = {name: _text(value) for name, value in self.values.items()}
        words["subject"] = subject
        words["statements"] = _joined([statement.name for statement in self.statements])
        words["doubts"] = _joined([doubt.sentence() for doubt in self.doubts])
        words["how_to_tell"] = how_to_tell(self.values.get("parts", ()))
        if "column" in words:
            words["column"] = _IN_SENTENCES.get(words["column"], words["column"])
        return words


def unknown_element(element: str, value: Any) -> Reason:
    parts = open_parts(value) if isinstance(value, str) else []
    if parts:
        element = f"{element} ({', '.join(parts)})"
    return Reason.of(Cause.ELEMENT_UNKNOWN, element=element, parts=tuple(parts))


def _text(value: Value) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return value if isinstance(value, str) else ", ".join(value)


def _joined(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(texts))
