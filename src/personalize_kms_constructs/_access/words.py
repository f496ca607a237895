"""The words for causes, policies and marks, each once, for text, Markdown, JSON, the plugin and the doctor.

Nothing reads these words again: programs ask a reason for its cause and its values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ..matrix import SERVICE_PRINCIPAL
from .causes import Cause, Reason, Value

POLICIES: Mapping[str, str] = {"key": "key policy", "role": "IAM", "bucket": "bucket policy", "trust": "trust policy"}
"""The four kinds of policies, as columns of a report."""
_IN_SENTENCES = {**{kind: f"the {name}" for kind, name in POLICIES.items()}, "role": "an IAM policy"}

# https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
_KEY_STATES = {
    "Creating": "wait until KMS has made it",
    "Updating": "wait until KMS has changed its primary Region",
    "PendingDeletion": "cancel its deletion, and enable it, before everything that it encrypts is lost",
    "PendingReplicaDeletion": "cancel its deletion, and enable it, before everything that it encrypts is lost",
    "PendingImport": "import its key material",
    "Unavailable": "connect its custom key store",
}


class _Words(NamedTuple):
    says: str
    fix: str = ""


_WORDS: Mapping[Cause, _Words] = {
    Cause.ALLOWED: _Words("{statements}"),
    Cause.DENIED: _Words("denied by {statements}", "change what the reason names: no further statement helps"),
    Cause.BOUNDARY: _Words(
        "the role's permissions boundary doesn't allow it", "change what the reason names: no further statement helps"
    ),
    Cause.LEFT_TO_IAM: _Words("the key policy leaves it to the role's IAM policies, which don't allow it"),
    Cause.NO_STATEMENT: _Words("{policy} has no statement that allows it"),
    Cause.NOT_IN_IAM: _Words("no IAM policy of the role allows it"),
    Cause.MAY_BE_DENIED: _Words("may be denied: {doubts}"),
    Cause.OPEN: _Words("{doubts}"),
    Cause.POLICY_UNSEEN: _Words("{policy} of {arn} can't be seen: {why}"),
    Cause.POLICIES_UNSEEN: _Words("not all policies of role {arn} can be seen: {why}"),
    Cause.DENIALS_UNSEEN: _Words("{why}"),
    Cause.BOUNDARY_UNSEEN: _Words("the permissions boundary of role {arn} can't be seen: {why}"),
    Cause.BOUNDARY_OF_EVERYBODY: _Words("whether a permissions boundary limits what it allows isn't documented"),
    Cause.ENCRYPTION_UNSEEN: _Words(
        "a key that encrypts the bucket needs permissions too, and it can't be seen whether there is one: {why}"
    ),
    Cause.ACCOUNTS_UNKNOWN: _Words("whether role and {kind} are of one account isn't known"),
    Cause.NOT_KNOWN: _Words("{why}"),
    Cause.ELEMENT_UNKNOWN: _Words("{element} isn't known before deployment"),
    Cause.ELEMENT_ABSENT: _Words("it has neither {element} nor Not{element}"),
    Cause.ELEMENT_NOT_UNDERSTOOD: _Words("element {elements} isn't understood"),
    Cause.EFFECT_NOT_UNDERSTOOD: _Words("its Effect is {effect}"),
    Cause.TEMPLATE_CONDITION: _Words("it depends on the condition {condition}"),
    Cause.PATTERN_UNKNOWN: _Words("{element} {pattern}: {parts} isn't known before deployment"),
    Cause.PATTERN_NARROW: _Words(
        "{element} {pattern} is about a part of what is needed, and which part Personalize uses isn't documented"
    ),
    Cause.PRINCIPAL_NOT_UNDERSTOOD: _Words("Principal {principal} isn't understood"),
    Cause.PRINCIPAL_UNKNOWN: _Words("Principal {principal}: {parts} isn't known before deployment"),
    Cause.PRINCIPAL_SESSION: _Words("Principal {principal}: which session Personalize has isn't documented"),
    Cause.PRINCIPAL_ID: _Words("Principal {principal} is the id of a role, maybe of one that is no more"),
    Cause.NOT_PRINCIPAL: _Words("NotPrincipal names the role or its account, but not its session"),
    Cause.CONDITION_UNKNOWN: _Words("a Condition that isn't known before deployment"),
    Cause.OPERATOR_WITHOUT_KEYS: _Words("condition operator {operator} without condition keys"),
    Cause.OPERATOR_UNKNOWN: _Words("condition {operator} {key}: the operator isn't known"),
    Cause.KEY_NOT_IN_TEMPLATES: _Words("condition {operator} {key}: a template doesn't say what it is"),
    Cause.KEY_UNDOCUMENTED: _Words("condition {operator} {key}: AWS doesn't document the key for Personalize's calls"),
    Cause.KEY_MAYBE_ABSENT: _Words(
        "condition {operator} {key}: AWS doesn't document whether Personalize sends the key"
    ),
    Cause.CONDITION_VALUE_UNKNOWN: _Words("condition {operator} {key}: {parts} isn't known before deployment"),
    Cause.CONDITION_VALUE_UNDOCUMENTED: _Words(
        "condition {operator} {key}: what Personalize sends isn't documented in such detail, or the values can't be "
        "compared"
    ),
    Cause.NOT_ASKED: _Words("AWS's pages don't ask for it", "take it out"),
    Cause.KEY_POLICY_IS_ENOUGH: _Words(
        "every key policy concerned names the role, and AWS's page asks for it there alone", "take it out"
    ),
    Cause.OTHER_KEYS: _Words("on other keys than those that are used", "name the keys' ARNs"),
    Cause.OTHER_BUCKETS: _Words(
        "on other buckets than those that are used", "allow it on {needed} alone, in a statement of its own"
    ),
    Cause.WHOLE_BUCKET: _Words(
        "on the whole bucket, not only the prefix that is used",
        "allow it on {needed} alone, in a statement of its own",
    ),
    Cause.OTHER_PREFIX: _Words("on a prefix for which nothing asks for it", "take it out"),
    Cause.FOR_EVERYBODY: _Words("for everybody: its Principal is *", "name {arn}"),
    Cause.FOR_ANY_ACCOUNT: _Words(
        "for any account: no condition on aws:SourceAccount or aws:SourceArn",
        'add "Condition": {{"StringEqualsIfExists": {{"aws:SourceAccount": "{account}"}}}}',
    ),
    Cause.NOT_TRUSTED: _Words(
        "{subject} doesn't trust Personalize, which has to assume it ({doubts})",
        f"let {SERVICE_PRINCIPAL} do sts:AssumeRole in its trust policy",
    ),
    Cause.TRUST_DENIED: _Words(
        "{subject} doesn't trust Personalize, which has to assume it ({doubts})",
        f"take the denial out of its trust policy, or except {SERVICE_PRINCIPAL} from it",
    ),
    Cause.ROLE_OF_ANOTHER_ACCOUNT: _Words(
        "{subject} is a role of another account, which Personalize doesn't take", "use a role of account {account}"
    ),
    Cause.ROLE_NAME_TAKEN: _Words(
        "{paths} have one role name, which an account takes once", "give each its own, or share one role"
    ),
    Cause.ROLE_NAME_ALIKE: _Words(
        "{paths} have one role name, which an account takes once, whatever the path and the case of the letters",
        "give each its own, or share one role",
    ),
    Cause.NO_ROLE: _Words("{subject} has no role, without which Personalize can't create it", "give its RoleArn"),
    Cause.KEY_WITHOUT_ROLE: _Words(
        "{subject} has a key but no role", "key and role of a dataset group come together, or not at all"
    ),
    Cause.ROLE_WITHOUT_KEY: _Words(
        "{subject} has a role but no key", "key and role of a dataset group come together, or not at all"
    ),
    Cause.NO_ARN: _Words(
        "{subject}: {what} is given as {given}, and Personalize takes the ARN of a {kind} alone",
        "give the {kind}'s ARN",
    ),
    Cause.KEY_OF_AWS: _Words(
        "{subject} is AWS's own key aws/s3, whose policy can't let Personalize in",
        "encrypt the bucket with a key of yours",
    ),
    Cause.KEY_IS_ALIAS: _Words(
        "{subject} is an alias, and Personalize takes the ARN of a key alone", "give the key's ARN"
    ),
    Cause.KEY_IS_NO_ARN: _Words("{subject} is no ARN, and Personalize takes nothing else", "give the key's ARN"),
    Cause.KEY_STATE: _Words("{subject} is {state}", "{mend}"),
    Cause.KEY_SPEC: _Words(
        "{subject} is {spec} for {usage}, and Personalize needs a symmetric encryption key, SYMMETRIC_DEFAULT for "
        "ENCRYPT_DECRYPT",
        "use another key",
    ),
    Cause.KEY_REGION: _Words(
        "{subject} is in {key_region}, and Personalize works in {region}", "use a key of that Region"
    ),
    Cause.NO_S3_URI: _Words(
        "{subject}: its {what} is {given} but an s3:// URI is expected", "give one, for example s3://bucket/folder/"
    ),
    Cause.DESTINATION_IS_NO_FOLDER: _Words(
        "{subject}: its destination is {given}, which is not a folder", "end it in /"
    ),
    Cause.EXPRESS_EXECUTION: _Words(
        "{subject}: an execution of type EXPRESS waits for the job, and ends after five minutes, before most jobs do",
        "use type STANDARD, for a distributed Map too",
    ),
    Cause.ONE_FOLDER: _Words(
        "{subject} has the same source and destination, {given}, but Personalize wants another folder for the output",
        "change one of them",
    ),
    Cause.BUCKET_POLICIES: _Words(
        "{subject} has {number} bucket policies, {paths}, but S3 keeps one", "put the statements into one"
    ),
    Cause.REPEATED_SID: _Words(
        "{subject} has the sid {sid} {times} times, which AWS refuses", "name each statement once"
    ),
    Cause.GROUP_NAME_TAKEN: _Words(
        "{paths} have one name, {name}, and names of dataset groups are unique in an account and Region",
        "use another name, or give both a condition of which only one holds",
    ),
    Cause.CONDITIONAL_REFERENCE: _Words(
        "{subject} is made only if {conditions} holds, and {user}, which refers to it, also if not, so that "
        "CloudFormation refuses the template then",
        "give both the same condition, or have the app decide what it makes",
    ),
    Cause.NOT_WAITED_FOR: _Words(
        "{subject} may be created before {before}, which allows {actions}",
        "make it depend on that policy, for example by node.add_dependency",
    ),
    Cause.POLICY_TOO_LONG: _Words(
        "{subject} has at least {size} {unit} but AWS takes {limit}", "write it shorter, or split it"
    ),
    Cause.TRUST_TOO_LONG: _Words(
        "{subject} has at least {size} {unit} but AWS takes {limit}, 4,096 on request", "write it shorter, or split it"
    ),
    Cause.INLINE_POLICIES_TOO_LONG: _Words(
        "the inline policies of {subject} have at least {size} characters together but AWS takes {limit}",
        "write them shorter, or use managed policies",
    ),
    Cause.MANY_MANAGED_POLICIES: _Words(
        "{subject} has {number} managed policies, more than the 10 that AWS takes by default",
        "merge some of them, or ask AWS for up to 20",
    ),
    Cause.TOO_MANY_MANAGED_POLICIES: _Words(
        "{subject} has {number} managed policies but AWS takes 20 at most", "merge some of them"
    ),
}


def sentence(reason: Reason, subject: str = "it") -> str:
    """Say what a reason is; statements that its words don't name are put before it."""
    says = _WORDS[reason.cause].says
    found = says.format_map(_shown(reason, subject))
    if reason.statements and "{statements}" not in says:
        return f"{_names(reason)}: {found}"
    return found


def remedy(reason: Reason) -> str:
    """Say what to do about it; nothing where the statement to add says it."""
    return _WORDS[reason.cause].fix.format_map(_shown(reason, "it"))


def policy_in_words(kind: str) -> str:
    """Say in a sentence which kind of policy is meant: ``the key policy``, ``an IAM policy``."""
    return _IN_SENTENCES.get(kind, kind)


def policy_of_whom(kind: str, name: str) -> str:
    """Say whose policy is meant."""
    return f"{policy_in_words(kind)} of {'role ' if kind == 'role' else ''}{name}"


def _shown(reason: Reason, subject: str) -> dict[str, str]:
    found = {name: _text(value) for name, value in reason.values.items()}
    found["subject"] = subject
    found["statements"] = _names(reason)
    found["doubts"] = _joined(sentence(each) for each in reason.doubts)
    if "policy" in found:
        found["policy"] = policy_in_words(found["policy"])
    if "state" in found:
        found["mend"] = _KEY_STATES.get(found["state"], "enable it")
    return found


def _text(value: Value) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return value if isinstance(value, str) else ", ".join(value)


def _names(reason: Reason) -> str:
    return _joined(each.name for each in reason.statements)


def _joined(texts: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(texts))
