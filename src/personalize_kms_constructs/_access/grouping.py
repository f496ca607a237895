"""Entries of a report as readers see them: by key, bucket and role, alike ones in one row, with names for ARNs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .causes import POLICIES, Cause, because
from .entries import Allowed, Entry, Excess, Json, Missing
from .values import HOLE, split, split_arn
from .written import as_list


class Names:
    """The names of a report, by ARN."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names
        self._by_hole: dict[str, list[str]] = {}
        """The ARNs with holes, by the last one, which is most often that of no other."""
        for arn in names:
            for hole in HOLE.findall(arn)[-1:]:
                self._by_hole.setdefault(hole, []).append(arn)

    def of(self, arn: str) -> str:
        """Return the name; the ARN itself where there is none."""
        return self._names.get(arn, arn)

    def short(self, text: str) -> str:
        """Return a text in which resources of templates have their construct paths.

        Only where AWS generates an id: an ARN that is known can be pasted as it is.
        """
        arns = {arn for hole in HOLE.findall(text) for arn in self._by_hole.get(hole, ())}
        # An ARN may be the beginning of a longer one.
        for arn in sorted(arns, key=len, reverse=True):
            text = text.replace(arn, f"${{{self._names[arn]}}}")
        return text


@dataclass(frozen=True)
class Row:
    """Entries that readers are told of in one."""

    entries: tuple[Entry, ...]

    @property
    def first(self) -> Entry:
        """One of them."""
        return self.entries[0]

    @property
    def actions(self) -> list[str]:
        """Their actions."""
        return sorted({each.action for each in self.entries})

    @property
    def actions_on(self) -> list[tuple[list[str], list[str]]]:
        """Their actions, and on which resources these are; actions on the same resources are told together."""
        by_resource: dict[str, set[str]] = {}
        for each in sorted(self.entries, key=lambda each: each.resource):
            by_resource.setdefault(each.resource, set()).add(each.action)
        found: dict[tuple[str, ...], list[str]] = {}
        for resource, actions in by_resource.items():
            found.setdefault(tuple(sorted(actions)), []).append(resource)
        return [(list(actions), resources) for actions, resources in found.items()]

    def within(self, resources: list[str]) -> list[str]:
        """Return what resources are in the key or the bucket that they are shown under; nothing for itself alone."""
        kind, about = subject(self.first)
        itself = f"the {kind}" if len(resources) > 1 else ""
        return [itself if each == about else each.removeprefix(f"{about}/") for each in resources]

    @property
    def needed_by(self) -> list[str]:
        """All that needs one of them."""
        return sorted({by for each in self.entries for by in each.needed_by})

    @property
    def pages(self) -> list[str]:
        """The pages that ask for them."""
        return sorted({each.page for each in self.entries if each.page})

    @property
    def because(self) -> str:
        """Their reasons, in words; each statement by which they are allowed once."""
        if isinstance(self.first, Allowed):
            by = dict.fromkeys(statement for each in self.entries for statement in each.reason.statements)
            return because(Cause.ALLOWED, *by).sentence()
        if isinstance(self.first, Excess):
            return self._beyond
        return "; ".join(dict.fromkeys(each.because for each in self.entries))

    @property
    def _beyond(self) -> str:
        """The reasons for which parts of a statement are too much, each with the actions unless it is the only one."""
        found: dict[str, set[str]] = {}
        for each in self.entries:
            found.setdefault(replace(each.reason, statements=()).sentence(), set()).add(each.action)
        names = "; ".join(each.name for each in self.first.reason.statements)
        reasons = [f"{why} ({', '.join(sorted(actions))})" for why, actions in found.items()]
        return f"{names}: {'; '.join(reasons if len(found) > 1 else found)}"

    @property
    def where(self) -> str:
        """The policy that they are about, in words."""
        return POLICIES.get("boundary" if _is_bounded(self.first) else self.first.policy, "")

    @property
    def statements(self) -> tuple[Json, ...]:
        """The statements to add, or to put in the place of what is too much."""
        if isinstance(self.first, Missing):
            return () if self.first.add is None else (self.first.add,)
        found = [each for entry in self.entries if isinstance(entry, Excess) for each in entry.instead]
        return tuple(_joined(_joined(found, "Action"), "Resource"))

    @property
    def pasted(self) -> list[Any]:
        """The statements as the template that has the policy takes them."""
        return [self.first.pasted(each) for each in self.statements]


def rows(entries: Iterable[Entry]) -> list[Row]:
    """Return the entries in rows, in their order.

    Those of a row have one reason and one remedy; they differ in their actions and resources, and in what needs them.
    What is too much in one statement has several reasons maybe. What a role's boundary refuses is one row in whatever
    column.
    """
    found: dict[Any, list[Entry]] = {}
    for entry in entries:
        about = () if _is_bounded(entry) else (entry.policy, entry.policy_of)
        found.setdefault((type(entry), entry.principal_arn, about, _step(entry)), []).append(entry)
    return [Row(tuple(each)) for each in found.values()]


def _joined(statements: Iterable[Json], element: str) -> Iterable[Json]:
    """Join statements that differ in one element alone."""
    found: dict[str, Json] = {}
    for each in statements:
        like = found.setdefault(str({**each, element: ""}), each)
        if each != like:
            values = sorted({*as_list(like[element]), *as_list(each[element])})
            found[str({**each, element: ""})] = {**like, element: values}
    return found.values()


def _step(entry: Entry) -> tuple[object, ...]:
    """Return what is done about an entry, and why unless that is about a whole statement."""
    if isinstance(entry, Allowed):
        return ()
    if isinstance(entry, Excess):
        return entry.fix, *(each.name for each in entry.reason.statements)
    return entry.step


def _is_bounded(entry: Entry) -> bool:
    return isinstance(entry, Missing) and entry.add_to == "boundary"


def who(entry: Entry, names: Names) -> str:
    """Return what people call the principal."""
    role = f"role {names.of(entry.principal_arn)}"
    return {"service": "Personalize", "role": role, "caller": role}.get(entry.principal, entry.principal_arn)


def subject(entry: Entry) -> tuple[str, str]:
    """Return what an entry is shown under: its key, its bucket, or else its role."""
    about = entry.policy_of if entry.policy in ("key", "bucket") and entry.policy_of else entry.resource
    parts = split_arn(about)
    # The action tells the kind of what is known at deployment alone, a parameter for example.
    kind = parts[2] if parts else entry.action.partition(":")[0]
    if kind == "kms" and "*" not in about:
        return "key", about
    if kind == "s3":
        bucket = ":".join([*parts[:5], split(parts[5], "/", 1)[0]]) if parts else split(about, "/", 1)[0]
        if "*" not in bucket:
            return "bucket", bucket
    return ("role", entry.policy_of) if entry.policy_of else ("", "")


def by_subject(entries: Iterable[Entry]) -> dict[tuple[str, str], list[Entry]]:
    """Return the entries under what they are about: keys, then buckets, then roles, then the rest."""
    order = {"key": 0, "bucket": 1, "role": 2, "": 3}
    found: dict[tuple[str, str], list[Entry]] = {}
    for entry in entries:
        found.setdefault(subject(entry), []).append(entry)
    return dict(sorted(found.items(), key=lambda item: (order[item[0][0]], item[0][1])))
