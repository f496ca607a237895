"""Reasons and policies in words, for text, Markdown, JSON, the plugin and the doctor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from .causes import Reason, Value

POLICIES: Mapping[str, str] = {"key": "key policy", "role": "IAM", "bucket": "bucket policy", "trust": "trust policy"}
"""The four kinds of policies, as columns of a report."""
_IN_SENTENCES = {
    **{kind: f"the {name}" for kind, name in POLICIES.items()},
    "role": "an IAM policy",
    "boundary": "the permissions boundary",
}

# https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html
_KEY_STATES = {
    "Creating": "wait until KMS has made it",
    "PendingDeletion": "cancel its deletion, and enable it, before everything that it encrypts is lost",
    "PendingReplicaDeletion": "cancel its deletion, and enable it, before everything that it encrypts is lost",
    "PendingImport": "import its key material",
    "Unavailable": "connect its custom key store",
}


def sentence(reason: Reason, subject: str = "it") -> str:
    """Say what a reason is; statements that its words don't name are put before it."""
    says = reason.cause.says
    found = says.format_map(_shown(reason, subject))
    if reason.statements and "{statements}" not in says:
        return f"{_names(reason)}: {found}"
    return found


def remedy(reason: Reason) -> str:
    """Say what to do about it; nothing where the statement to add says it."""
    return reason.cause.fix.format_map(_shown(reason, "it"))


def policy_in_words(kind: str) -> str:
    """Say in a sentence which kind of policy is meant: ``the key policy``, ``an IAM policy``."""
    return _IN_SENTENCES.get(kind, kind)


def policy_of_whom(kind: str, name: str) -> str:
    """Say whose policy is meant."""
    return f"{policy_in_words(kind)} of {'role ' if kind in ('role', 'boundary') else ''}{name}"


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
