"""Parts that a statement of ours may not have: unexpected ones, and some that ministack misjudges.

ministack lets a wildcard in an ARN span colons, knows no policy variables, and takes no actions for
all actions.
"""

import json
import re
from collections.abc import Collection, Iterator, Sequence
from functools import lru_cache
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from pathlib import Path
from typing import cast

from tests.proof.evaluator import Caller, as_list
from tests.proof.model import Statement
from tests.proof.page import SERVICE

_ELEMENTS = frozenset({"Sid", "Effect", "Principal", "Action", "Resource", "Condition"})
_OPERATORS = frozenset(
    {"StringEquals", "StringEqualsIfExists", "StringLike", "ArnEquals", "ArnLike"}
)
_CONDITION_KEYS = frozenset({"aws:SourceAccount", "aws:SourceArn", "aws:PrincipalArn"})
_WILDCARD = re.compile(r"[*?]")
_ARN = re.compile(r"arn:[^:*?]+:[^:*?]+:[^:]*:[^:]*:.+")


@lru_cache
def actions_of(service: str) -> frozenset[str]:
    """All actions of a service, in lower case, from cfn-lint's service authorization reference."""
    # Found, and not imported: cfn-lint's own imports take a second and more.
    package = Path(str(cast("ModuleSpec", find_spec("cfnlint")).origin)).parent
    text = (package / "data/AdditionalSpecs/Policies.json").read_text("utf-8")
    return frozenset(f"{service}:{name}" for name in json.loads(text)[service]["Actions"])


def strange_principals(
    statement: Statement, roles: Collection[str], *, is_named: bool = True
) -> Iterator[str]:
    """Principals that are neither the service, nor a role, nor its account on behalf of it.

    Where roles are not to be named, in the policies of others, only the account is left: a policy
    that names a role has a dead id instead once the role is gone.
    """
    principal = statement.get("Principal")
    known = set(roles) if is_named else set()
    if any("aws:PrincipalArn" in keys for keys in (statement.get("Condition") or {}).values()):
        for role in roles:
            known.update(Caller(role).account_names)
    named = principal if isinstance(principal, dict) else {"": principal}
    for kind, values in named.items():
        expected = {"AWS": known, "Service": {SERVICE}}.get(kind, set())
        yield from (f"principal {value}" for value in as_list(values) if value not in expected)


def not_understood(
    statement: Statement, services: Sequence[str], *, has_principal: bool
) -> Iterator[str]:
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
