"""Permissions that are missing and not yet put down to a cause, and the failed checks that were made of the rest."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from .._access.entries import Missing
from .check import Addition, Check, Status
from .facts import Facts

IN_WORDS = {"key": "the key policy", "role": "an IAM policy of the role", "bucket": "the bucket policy"}


@dataclass
class Findings:
    """Missing permissions of a report; each cause takes what it explains, and what is left speaks for itself."""

    facts: Facts
    left: list[Missing]
    checks: list[Check] = field(default_factory=list)
    explained: set[str] = field(default_factory=set)
    """The ARNs of what is gone or can't work at all, so that policies don't matter."""

    def take(self, is_explained: Callable[[Missing], bool]) -> list[Missing]:
        """Take out, and return, what is explained."""
        taken = [each for each in self.left if is_explained(each)]
        self.left = [each for each in self.left if not is_explained(each)]
        return taken

    def take_about(self, arn: str) -> list[Missing]:
        """Take out, and return, all that has to do with a key, role or bucket."""
        return self.take(
            lambda each: (
                arn in (each.principal_arn, each.policy_of, each.resource) or each.resource.startswith(f"{arn}/")
            )
        )

    def who(self, entry: Missing) -> str:
        """Return what people call the principal."""
        return "Personalize" if entry.principal == "service" else f"role {self.facts.model.label(entry.principal_arn)}"

    def add(
        self,
        name: str,
        kind: str,
        of: str,
        title: str,
        taken: list[Missing],
        *,
        status: Status = Status.FAILED,
        because: str = "",
        next_step: str = "",
        add: list[Addition] | None = None,
        page: str = "",
    ) -> None:
        """Add a failed check for what was taken; by default with the statements that the report has for it."""
        principals = sorted({each.principal_arn for each in taken})
        self.checks.append(
            Check(
                name,
                status,
                kind,
                of,
                title,
                because,
                next_step,
                self._additions(taken) if add is None else add,
                sorted({by for each in taken for by in each.needed_by}),
                page or (taken[0].page if taken else ""),
                principals[0] if len(principals) == 1 else "",
                sorted({each.action for each in taken}),
                sorted({each.resource for each in taken}),
            )
        )

    def _additions(self, taken: Iterable[Missing]) -> list[Addition]:
        label = self.facts.model.label
        statements = {str(each.add): each for each in taken if each.add is not None}
        return [
            Addition(
                f"an IAM policy of role {label(each.principal_arn)}"
                if each.add_to == "role"
                else f"{IN_WORDS[each.add_to]} of {label(each.policy_of)}",
                each.add,
            )
            for each in statements.values()
        ]


def actions_of(taken: Iterable[Missing]) -> str:
    """Return the actions, for a title."""
    return ", ".join(sorted({each.action for each in taken}))
