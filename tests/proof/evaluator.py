"""Who may do what by these statements: ministack's evaluator, with AWS's strictness where that one is lax.

ministack decides on actions, resources and conditions. Which statements are addressed to a caller is decided here: its
matcher of principals takes wildcards, ignores case and partitions. What it would judge otherwise than AWS is never
left to it: ``not_understood`` names such elements, and a statement of ours must have none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from ministack.core.iam_evaluator import EvalContext, ParsedStatement, evaluate, fnmatch_iam_cs, parse_policy_document

from tests.proof.model import Document, Statement
from tests.proof.page import SERVICE

_ELEMENTS = frozenset({"Sid", "Effect", "Principal", "Action", "Resource", "Condition"})
_OPERATORS = frozenset({"StringEquals", "StringEqualsIfExists", "StringLike", "ArnEquals", "ArnLike"})
_CONDITION_KEYS = frozenset({"aws:SourceAccount", "aws:SourceArn", "aws:PrincipalArn"})
_WILDCARD = re.compile(r"[*?]")
_ARN = re.compile(r"arn:[^:*?]+:[^:*?]+:[^:]*:[^:]*:.+")


@dataclass(frozen=True)
class Caller:
    """An IAM principal by its ARN (a role by the role's, not the session's) or a service, and what its calls carry."""

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
        return (f"{self.arn.split(':iam:')[0]}:iam::{self.account}:root", self.account) if self.arn else ()

    def __str__(self) -> str:
        carried = [f"for {what}" for what in (self.source_account, self.source_arn) if what]
        return " ".join([self.arn or self.service or "anybody", *carried])


@lru_cache
def actions_of(service: str) -> frozenset[str]:
    """Every action of a service, in lower case, as cfn-lint knows them from AWS's service authorization reference."""
    # Found, and not imported: cfn-lint's own imports take a second and more.
    package = Path(str(cast("ModuleSpec", find_spec("cfnlint")).origin)).parent
    text = (package / "data/AdditionalSpecs/Policies.json").read_text("utf-8")
    return frozenset(f"{service}:{name}" for name in json.loads(text)[service]["Actions"])


def as_list(value: Any) -> list[Any]:
    """IAM's way of writing one or many."""
    return list(value) if isinstance(value, list) else [] if value is None else [value]


def statements_of(document: Document | None) -> list[Statement]:
    """The statements of a policy."""
    return as_list((document or {}).get("Statement"))


def is_addressed_to(statement: Statement, caller: Caller) -> bool:
    """Tell if the principals of a resource policy's statement comprise the caller, or delegate to its account."""
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


def addressed_to(document: Document | None, caller: Caller) -> list[Statement]:
    """The statements of a resource policy that are about the caller, in the words that ministack knows."""
    found = [statement for statement in statements_of(document) if is_addressed_to(statement, caller)]
    return [{**statement, "Principal": "*"} if "NotPrincipal" in statement else statement for statement in found]


def allowed(statements: Sequence[Statement], caller: Caller, actions: Collection[str], resource: str) -> frozenset[str]:
    """Those of the actions, in lower case, that the statements allow on the resource; all are about the caller."""
    return allowed_by(json.dumps(statements), caller, frozenset(actions), resource) if statements else frozenset()


@lru_cache(maxsize=1 << 16)
def allowed_by(text: str, caller: Caller, actions: frozenset[str], resource: str) -> frozenset[str]:
    """Return the same for statements as JSON, which a caller that asks of many resources writes once."""
    matching, patterns = _matching(text, resource)
    if not matching:
        return frozenset()
    asked = _lower(actions)
    if patterns is not None:
        # Without a wildcard in any pattern, no other action than these can be allowed; there is no need to ask.
        asked &= patterns
    context = _context(caller, resource)
    found = set()
    for action in asked:
        context.action = action
        if evaluate(context, [matching]).decision == "Allow":
            found.add(action)
    return frozenset(found)


@lru_cache(maxsize=1 << 16)
def _matching(text: str, resource: str) -> tuple[list[ParsedStatement], frozenset[str] | None]:
    """The statements about a resource and, if they name them without wildcards, the actions that they allow."""
    matching = [parsed for parsed in _parsed(text) if _is_about(parsed, resource)]
    patterns = frozenset(
        pattern.lower() for parsed in matching if parsed.effect == "Allow" for pattern in parsed.actions
    )
    is_open = any(parsed.not_actions or not parsed.actions for parsed in matching) or _WILDCARD.search(str(patterns))
    return matching, None if is_open else patterns


@lru_cache
def _lower(actions: frozenset[str]) -> frozenset[str]:
    return frozenset(action.lower() for action in actions)


def strange_principals(statement: Statement, roles: Collection[str], *, is_named: bool = True) -> Iterator[str]:
    """Principals that are neither the service nor one of the roles, nor its account on behalf of a role.

    Where roles are not to be named, in the policies of others, only the account is left: a policy that names a role
    has a dead id instead once the role is gone.
    """
    principal = statement.get("Principal")
    known = set(roles) if is_named else set()
    if any("aws:PrincipalArn" in keys for keys in (statement.get("Condition") or {}).values()):
        known.update(name for role in roles for name in Caller(role).account_names)
    named = principal if isinstance(principal, dict) else {"": principal}
    for kind, values in named.items():
        expected = {"AWS": known, "Service": {SERVICE}}.get(kind, set())
        yield from (f"principal {value}" for value in as_list(values) if value not in expected)


def not_understood(statement: Statement, services: Sequence[str], *, has_principal: bool) -> Iterator[str]:
    """Yield the faults of a statement on these services, and what can't be judged as AWS would."""
    if statement.get("Effect") != "Allow":
        yield f"effect {statement.get('Effect')!r}"
    expected = _ELEMENTS if has_principal else _ELEMENTS - {"Principal"}
    yield from (f"element {name}" for name in sorted(set(statement) - expected))
    for name in ("Action", *(["Principal"] if has_principal else [])):
        if not statement.get(name):
            yield f"no {name}"
    for action in as_list(statement.get("Action")):
        service = str(action).partition(":")[0]
        if "*" in action or "?" in action:
            yield f"wildcard in action {action}"
        elif service not in services:
            yield f"action {action}, which is out of place"
        elif action.lower() not in actions_of(service):
            yield f"action {action}, which there is not"
        for resource in as_list(statement.get("Resource")):
            if resource.startswith("arn:") and resource.split(":")[2] != service:
                yield f"action {action} on {resource}"
    for resource in as_list(statement.get("Resource")):
        if resource != "*" and not _ARN.fullmatch(resource):
            yield f"resource {resource}, which is no ARN"
        # Wildcards end the name of an object; everything else is named as it is.
        literal = resource[:-1] if ":s3:::" in resource and "/" in resource else resource
        if resource != "*" and (_WILDCARD.search(literal) or "${" in resource):
            yield f"wildcard or variable in resource {resource}"
    for operator, keys in (statement.get("Condition") or {}).items():
        if operator not in _OPERATORS:
            yield f"condition operator {operator}"
        for key, values in keys.items():
            if key not in _CONDITION_KEYS:
                yield f"condition key {key}"
            for value in as_list(values):
                wrong_arn = operator.startswith("Arn") and not _ARN.fullmatch(value)
                if wrong_arn or "${" in value or _WILDCARD.search(value.removesuffix(":*")):
                    yield f"condition value {value}"


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
