"""Documents of policies from outside of the templates, as users pass them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._model.policy_documents import Policy
from .._shared.values import as_written, name_of, split_arn
from .files import AssemblyError, read_given
from .intrinsics import functions

_PENDING = "personalize-kms-pending"
"""The folder of an assembly for statements that owners have to add."""
GivenPolicies = Mapping[str, Any]
"""Documents by the name of a managed policy, which it may have in every account, or by the ARN of a
key or a bucket."""


def read_files(files: Mapping[str, str]) -> tuple[dict[str, Any], list[str]]:
    """Return the documents in files by the same names, and the reasons why some can't be used."""
    documents, problems = {}, []
    if not isinstance(files, Mapping):
        return {}, [f"policies is {files!r}, expected files by the names or ARNs of policies"]
    for name, file in files.items():
        path = Path(str(file))
        try:
            document = read_given(path)
        except AssemblyError as error:
            problems.append(f"policy {name}: {error}")
            continue
        if _PENDING in path.parts:
            problems.append(f"policy {name}: {file} is what it should have, pass what AWS returns")
        elif reasons := policy_problems({name: document}):
            problems += reasons
        else:
            documents[name] = document
    return documents, problems


def given_policies(documents: Mapping[str, Mapping[str, Any]]) -> GivenPolicies:
    """Return documents as templates have them after reading."""
    given = {}
    for name, document in documents.items():
        given[name] = as_written(json.dumps(_without_envelope(document)))
    return given


def given_policy_of(kind: str, arn: str, documents: GivenPolicies) -> list[Policy]:
    document = documents.get(name_of(arn, documents))
    return [] if document is None else [Policy(document, f"{kind} policy of {arn}", is_given=True)]


def policy_problems(documents: Any) -> list[str]:
    if not isinstance(documents, Mapping):
        return [f"policies is {documents!r}, expected a mapping of names or ARNs to documents"]
    problems: list[str] = []
    for name, document in documents.items():
        problem = _problem(name, _without_envelope(document))
        if problem:
            problems.append(f"policy {name}: {problem}")
    return problems


def _problem(name: str, document: Any) -> str:
    kind = _kind_in(name)
    if (":" in name or "/" in name) and not kind:
        return (
            "pass the name of a managed policy without path and account, or the ARN of a key or a "
            "bucket"
        )
    if not isinstance(document, Mapping) or "Statement" not in document:
        save = "of what get-policy-version returns, save PolicyVersion.Document"
        if kind:
            save = f"save what get-{kind}-policy returns"
        return f"not the document of a policy, with statements; {save}"
    if any(functions(document)):
        return "it has functions of a template; pass what AWS returns"
    return ""


def _kind_in(arn: str) -> str:
    """Return ``key`` or ``bucket``; nothing for what isn't the ARN of one."""
    parts = split_arn(arn)
    if parts is None:
        return ""
    if parts[2] == "kms" and parts[5].startswith("key/"):
        return "key"
    return "bucket" if parts[2] == "s3" and "/" not in parts[5] else ""


def _without_envelope(document: Any) -> Any:
    """Return a document, which get-key-policy and get-bucket-policy put into ``Policy`` as text."""
    text = document.get("Policy") if isinstance(document, Mapping) else None
    if not isinstance(text, str):
        return document
    try:
        return json.loads(text)
    except ValueError:
        return document
