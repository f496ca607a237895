"""The lines of a report, and all of them together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .causes import DETACH, FOR_OTHERS, MOVE, REPLACE, TAKE_OUT, Cause, Reason
from .declarations import Declaration
from .model import Asked, Column, PrincipalKind, Problem, declared_of, labels_of
from .pasting import Origins, pasted

Json = dict[str, Any]
_IN_JSON = ("principal", "principal_arn", "action", "resource", "policy", "policy_of", "needed_by", "page", "where")


@dataclass(kw_only=True)
class Entry:
    """One permission: who, what, on what, in which policy, and what it is for; what isn't known of it is empty."""

    principal: PrincipalKind = ""
    """``"role"``, ``"service"``, ``"caller"`` or ``"account"``: the service role, Personalize itself, a role that calls
    it, or somebody whom a trust policy lets in."""
    principal_arn: str = ""
    """The ARN of the role, or ``personalize.amazonaws.com``."""
    action: str = ""
    resource: str = ""
    policy: Column = ""
    """``"key"``, ``"role"``, ``"bucket"`` or ``"trust"``: the column of AWS's pages, or the role's trust policy."""
    policy_of: str = ""
    """The ARN of the key, role or bucket whose policy it is."""
    name: str = ""
    """What is open, in words, where it is no single permission."""
    page: str = ""
    """The page of AWS's documentation."""
    reason: Reason = field(repr=False, compare=False)
    """The cause, with all that its words need."""
    declared: tuple[Declaration, ...] = field(default=(), repr=False, compare=False)
    """The resources of templates that it is about, if not those that ask for what needs it."""
    asked: tuple[Asked, ...] = field(default=(), repr=False, compare=False)
    """The requests that need it."""
    policies: tuple[Declaration, ...] = field(default=(), repr=False, compare=False)
    """The resources of templates that have the policies to change."""
    file: str = field(default="", repr=False, compare=False)
    """The file of the assembly that has the statements for the policy's owner, if they are pending."""
    origins: Origins = field(default_factory=dict, repr=False, compare=False)
    """The functions of the template that has the policy, by their values."""
    make: str = field(default="", repr=False, compare=False)
    """The type of the resource to make for a statement, where the template has no policy that takes it."""
    condition: str = field(default="", repr=False, compare=False)
    """The condition of that template that the resource to make has to have."""
    beside: tuple[Declaration, ...] = field(default=(), repr=False, compare=False)
    """The resource in whose template it has to be made, if not that of ``policies``, which is deployed before."""
    needing: tuple[Asked, ...] = field(default=(), repr=False, compare=False)
    """The requests that need what has to be made, if not all that it is about."""
    depends_on: tuple[str, ...] = field(default=(), repr=False, compare=False)
    """The conditions and parts of names on which it depends that the policy to change is there, and the owner's."""

    @property
    def made_where(self) -> str:
        """The stack and the condition of what has to be made, in words, if it isn't simply that of ``policies``."""
        where = "".join(f" in the stack of {each.construct_path}" for each in self.beside)
        return where + (f" under the condition {self.condition}" if self.condition else "")

    @property
    def waiting(self) -> list[Declaration]:
        """The resources of the same template that have to depend on what has to be made."""
        where = {each.template for each in self.beside or self.policies or self.found_at} if self.make else ()
        waiting = declared_of(each for each in self.needing or self.asked if each.waits_for is not None)
        return [each for each in waiting if each.template in where]

    @property
    def needed_by(self) -> list[str]:
        """The resources, jobs and constructs that need it, in words."""
        return [self.name] if self.name else labels_of(self.asked)

    @property
    def ours(self) -> bool:
        """True if a construct of this library answers for a request that needs it."""
        return any(each.ours for each in self.asked)

    @property
    def cause(self) -> Cause:
        """The cause that allows it, leaves it open or makes it too much."""
        return self.reason.cause

    @property
    def because(self) -> str:
        """The reason, in words."""
        return self.reason.sentence()

    @property
    def found_at(self) -> tuple[Declaration, ...]:
        """The resources of templates that it is about, or that ask for what needs it."""
        return self.declared or declared_of(self.asked)

    @property
    def where(self) -> list[dict[str, str]]:
        """The policies to change, or else the resources that it is about, as reports have them."""
        return [each.place for each in self.policies or self.found_at]

    @property
    def step(self) -> tuple[object, ...]:
        """The reason, and where something has to change."""
        where = (self.policies, self.make, self.condition, self.depends_on, self.file)
        return self.because, str(getattr(self, "add", "")), *where

    def pasted(self, statement: Any) -> Any:
        """Return a statement as the template that has the policy takes it."""
        return pasted(statement, self.origins)

    def sort_key(self) -> tuple[str, ...]:
        """Return the values by which reports are sorted: for one permission several policies may have to be changed."""
        add_to = getattr(self, "add_to", "")
        return (self.policy_of, self.policy, self.principal, self.principal_arn, self.action, self.resource, add_to)

    def to_json(self) -> Json:
        """Return the entry as JSON."""
        more = {name: [each.place for each in getattr(self, name)] for name in ("beside", "waiting")}
        more |= {name: getattr(self, name) for name in ("file", "make", "condition", "depends_on")}
        return {
            **{name: getattr(self, name) for name in _IN_JSON},
            **{name: each for name, each in more.items() if each},
            "cause": self.cause.id,
            "because": self.because,
        }


class Allowed(Entry):
    """A permission that is needed and there."""


@dataclass
class Missing(Entry):
    """A permission that is needed and missing, whatever unknown values turn out to be."""

    add: Json | None = None
    """The statement to add, with everything that the policy lacks for this principal; none for a denial."""
    add_to: Column = ""
    """The policy that the statement belongs in: ``"key"``, ``"role"``, ``"bucket"``, ``"boundary"`` or ``"trust"``. It
    differs from ``policy`` where the key policy already leaves the decision to IAM, the role's boundary refuses, or a
    role to assume doesn't trust it."""

    @property
    def add_to_whom(self) -> str:
        """The ARN of the role, key or bucket whose policy it is."""
        own = self.resource if self.add_to == "trust" else self.policy_of
        return self.principal_arn if self.add_to in ("role", "boundary") else own

    def to_json(self) -> Json:
        """Return the entry as JSON."""
        return {**super().to_json(), "add": self.pasted(self.add), "add_to": self.add_to}


@dataclass
class Excess(Entry):
    """A permission that is there and not needed."""

    instead: tuple[Json, ...] = ()
    """The statements to put into the same policy when the action is taken out of its statement, so that nothing that
    is needed goes with it; none where nothing does."""
    also_for: Mapping[str, str] = field(default_factory=dict)
    """The others who lose it too, each with what it should have of its own: a statement, a policy, or a role."""
    make_for: str = ""
    """The ARN of the role for which a policy has to be made for them."""

    @property
    def fix(self) -> str:
        """The remedy, in words."""
        replaced = f"{MOVE.format(make=self.make, role=self.make_for)}{self.made_where}" if self.make else REPLACE
        step = self.reason.remedy or (replaced if self.instead else TAKE_OUT)
        if any(each.policy.of_aws for each in self.reason.statements):
            step = f"{DETACH}, and {step}" if self.instead else DETACH
        elif self.make:
            step = f"{TAKE_OUT}, and {step}"
        others: dict[str, list[str]] = {}
        for name, what in self.also_for.items():
            others.setdefault(what, []).append("everybody else" if name == "*" else name)
        first = [FOR_OTHERS.format(what=what, names=", ".join(names)) for what, names in others.items()]
        return f"{'; '.join(first)}, then {step}" if first else step

    def to_json(self) -> Json:
        """Return the entry as JSON."""
        more = {"make_for": self.make_for, "also_for": dict(self.also_for)}
        found = {**super().to_json(), "fix": self.fix, "instead": self.pasted(self.instead)}
        return found | {name: each for name, each in more.items() if each}


class Undecided(Entry):
    """A permission that is needed, and may be missing: whether it is there isn't known."""


@dataclass(frozen=True)
class AccessFindings:
    """The findings on the keys and buckets that Personalize is asked to use: missing, too much, undecided or wrong."""

    missing: tuple[Missing, ...] = ()
    """Permissions that AWS's pages ask for and the policies don't grant."""
    excess: tuple[Excess, ...] = ()
    """Permissions that the policies grant beyond that."""
    undecided: tuple[Undecided, ...] = ()
    """Permissions that can't be seen, or depend on what AWS doesn't document; ``because`` says what it is."""
    problems: tuple[Problem, ...] = ()
    """Problems that no added statement fixes: ordering, trust, limits, configuration."""
    allowed: tuple[Allowed, ...] = ()
    """Permissions that AWS's pages ask for and the policies grant."""
    asked: tuple[str, ...] = ()
    """The resources that Personalize is asked to create."""
    without_key: tuple[str, ...] = ()
    """The dataset groups that Personalize encrypts with a key of its own, which asks for nothing."""
    names: Mapping[str, str] = field(default_factory=dict)
    """The names of the keys, roles and buckets, by ARN."""
    assumed: Mapping[str, str] = field(default_factory=dict)
    """The defaults of parameters by which conditions of templates were decided, by stack and name: ``Main.Stage``."""
    left_out: int = 0
    """How many findings are left out, because they are acknowledged or ignored."""
    deployed: str = ""
    """The dataset group of an account that it is about; what is too much wasn't looked for there."""
    notes: tuple[str, ...] = ()
    """Facts that decide nothing."""

    @property
    def passed(self) -> bool:
        """True if nothing is missing and no problem is an error; what is undecided or too much doesn't count."""
        return not self.missing and all(each.is_warning for each in self.problems)
