"""Decisions on statements: ministack's evaluator, with AWS's strictness where that is lax.

ministack decides on actions, resources and conditions. Which statements are addressed to a caller
is decided here: its matcher of principals takes wildcards, ignores case and partitions. What else
it judges otherwise than AWS no statement of ours may have: ``strange.py`` names it.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ministack.core.iam_evaluator import (
    EvalContext,
    ParsedStatement,
    evaluate,
    fnmatch_iam_cs,
    parse_policy_document,
)

from tests.proof.model import Document, Statement

_WILDCARD = re.compile(r"[*?]")


@dataclass(frozen=True)
class Caller:
    """An IAM principal by its ARN (a role's, not its session's) or a service, and its context."""

    arn: str = ""
    service: str = ""
    source_account: str | None = None
    source_arn: str | None = None

    @property
    def account(self) -> str:
        """The account of an IAM principal."""
        return self.arn.split(":")[4] if self.arn else ""

    @property
    def account_names(self) -> tuple[str, ...]:
        """Return the ways in which a policy can name the account."""
        return (
            (f"{self.arn.split(':iam:')[0]}:iam::{self.account}:root", self.account)
            if self.arn
            else ()
        )

    def __str__(self) -> str:
        carried = [f"for {what}" for what in (self.source_account, self.source_arn) if what]
        return " ".join([self.arn or self.service or "anybody", *carried])


def as_list(value: Any) -> list[Any]:
    """IAM's way of writing one or many."""
    return list(value) if isinstance(value, list) else [] if value is None else [value]


def statements_of(document: Document | None) -> list[Statement]:
    """The statements of a policy."""
    return as_list((document or {}).get("Statement"))


def is_addressed_to(statement: Statement, caller: Caller) -> bool:
    """Tell if a resource policy's statement names the caller or delegates to its account."""
    if "NotPrincipal" in statement:
        return not is_addressed_to({"Principal": statement["NotPrincipal"]}, caller)
    principal = statement.get("Principal")
    if principal == "*":
        return True
    named = as_list(principal.get("AWS")) if isinstance(principal, dict) else []
    services = as_list(principal.get("Service")) if isinstance(principal, dict) else []
    if caller.service:
        return caller.service in services or "*" in named
    return "*" in named or bool(caller.arn and {caller.arn, *caller.account_names} & set(named))


def addressed_to(document: Document | None, caller: Caller) -> str:
    """The statements of a resource policy about the caller, as JSON in ministack's words."""
    about_caller = [
        statement for statement in statements_of(document) if is_addressed_to(statement, caller)
    ]
    statements = [
        {**statement, "Principal": "*"} if "NotPrincipal" in statement else statement
        for statement in about_caller
    ]
    return json.dumps(statements)


def statements_in(documents: Iterable[Document]) -> str:
    """The statements of all these IAM policies, as JSON."""
    statements: list[Statement] = []
    for document in documents:
        statements += statements_of(document)
    return json.dumps(statements)


@lru_cache(maxsize=1 << 16)
def allowed(
    statements: str, caller: Caller, actions: frozenset[str], resource: str
) -> frozenset[str]:
    """The actions, in lower case, that statements about the caller allow on the resource."""
    matching, patterns = _matching(statements, resource)
    if not matching:
        return frozenset()
    asked = frozenset(action.lower() for action in actions)
    if patterns is not None:
        # Without a wildcard in any pattern, no other action than these can be allowed; there is no
        # need to ask.
        asked &= patterns
    context = _context(caller, resource)
    actions_allowed = set()
    for action in asked:
        context.action = action
        if evaluate(context, [matching]).decision == "Allow":
            actions_allowed.add(action)
    return frozenset(actions_allowed)


@lru_cache(maxsize=1 << 16)
def _matching(
    statements: str, resource: str
) -> tuple[list[ParsedStatement], frozenset[str] | None]:
    """The statements about a resource and, if named without wildcards, the actions they allow."""
    matching = [parsed for parsed in _parsed(statements) if _is_about(parsed, resource)]
    patterns: set[str] = set()
    for parsed in matching:
        if parsed.not_actions or not parsed.actions:
            return matching, None
        if parsed.effect == "Allow":
            patterns.update(pattern.lower() for pattern in parsed.actions)
    has_wildcard = _WILDCARD.search(str(patterns))
    return matching, None if has_wildcard else frozenset(patterns)


@lru_cache(maxsize=4096)
def _parsed(statements: str) -> list[ParsedStatement]:
    return list(parse_policy_document({"Statement": json.loads(statements)}))


def _is_about(statement: ParsedStatement, resource: str) -> bool:
    if statement.not_resources or not statement.resources:
        return True
    return any(fnmatch_iam_cs(resource, pattern) for pattern in statement.resources)


def _context(caller: Caller, resource: str) -> Any:
    carried = {
        "aws:sourceaccount": caller.source_account,
        "aws:sourcearn": caller.source_arn,
        "aws:principalisawsservice": str(bool(caller.service)).lower(),
    }
    return EvalContext(
        principal_arn=caller.arn,
        principal_type="AWSService" if caller.service else "AssumedRole",
        principal_account=caller.account,
        action="",
        resource_arn=resource,
        region="",
        secure_transport=True,
        service_context={key: value for key, value in carried.items() if value is not None},
    )
