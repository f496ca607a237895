"""Others who lose what is taken out: for whom a statement or a policy is too, and who uses the role besides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ..matrix import SERVICE_PRINCIPAL
from .causes import Cause
from .entries import Excess
from .model import AccessModel
from .needs import CALLER, IN_IAM, Need
from .written import allow_statements, principals_of


class Sharing:
    """Finds the others whom some entries concern, of whom nobody knows what they need."""

    def __init__(self, model: AccessModel, needs: Iterable[Need]) -> None:
        self._model = model
        self._judged: dict[str, set[str]] = {}
        """The principals whose needs are known, by what they are about: a key, a bucket, or nothing for IAM."""
        for need in needs:
            if need.principal != CALLER:
                for owner in (need.owner, ""):
                    self._judged.setdefault(owner, {SERVICE_PRINCIPAL}).add(need.principal_arn)

    def of(self, entry: Excess) -> Mapping[str, str]:
        """Return the others, each with what it should have of its own: a statement, a policy, or a role."""
        if entry.cause is Cause.FOR_ANOTHER_ACCOUNT:
            return {}  # that principal alone is taken out
        in_iam = entry.policy == IN_IAM
        judged = self._judged.get("" if in_iam else entry.policy_of, {SERVICE_PRINCIPAL})
        found: dict[str, str] = {}
        for statement in entry.reason.statements:
            names = statement.policy.also_of if in_iam else principals_of(statement.body)
            found |= dict.fromkeys((each for each in names if each not in judged), "policy" if in_iam else "statement")
        if entry.cause is Cause.FOR_EVERYBODY:
            found.pop("*", None)
        return {**dict.fromkeys(self._users_of(entry.principal_arn), "role"), **found}

    def _users_of(self, arn: str) -> Iterator[str]:
        """Yield who else may assume a role."""
        for statement in allow_statements(self._model.roles[arn].trust) if arn in self._model.roles else ():
            yield from (each for each in principals_of(statement.body) if each != SERVICE_PRINCIPAL)
