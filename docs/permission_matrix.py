"""Writes the permission matrix into matrix.md, from the rows that the constructs use.

So the page always has the constructs' own permissions. Each mark links to its AWS page.

    python docs/permission_matrix.py
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from personalize_kms_check.matrix import ROWS, Actions, Permissions

PAGE = Path(__file__).with_name("matrix.md")
PLACE = re.compile(r"(?<=<!-- matrix -->\n).*(?=<!-- end of matrix -->)", re.DOTALL)

# The policies that can have statements, in the order of the page.
KEY_POLICIES = {
    "every": "Key policy of every key, for the role and for the service",
    "group": "Key policy of the dataset group's key, for both, in addition",
    "source": "Key policy of the source's key, for both, in addition",
    "destination": "Key policy of the destination's key, for both, in addition",
}
ROLE_ON_KEYS = {
    "every": "IAM policy of the role, on every key",
    "group": "IAM policy of the role, on the dataset group's key, in addition",
    "source": "IAM policy of the role, on the source's key, in addition",
    "destination": "IAM policy of the role, on the destination's key, in addition",
}
DATA = "IAM policy of the role, and bucket policy for the service"
ROLE_ON_ALL = "IAM policy of the role, on every resource"
POLICIES = (*KEY_POLICIES.values(), *ROLE_ON_KEYS.values(), DATA, ROLE_ON_ALL)

Need = tuple[str, str, str]
"""A policy, an action, and its place if places differ within the policy."""


def main() -> None:
    """Write the page anew."""
    text, places = PLACE.subn("\n".join(table()) + "\n", PAGE.read_text())
    if places != 1:
        raise SystemExit(f"{PAGE.name} has no place for the matrix: {PLACE.pattern}")
    PAGE.write_text(text)


def table() -> Iterator[str]:
    """Return the table: a column for each resource, a row for each action."""
    pages = {row: dict(needs(row)) for row in ROWS}
    every_need: dict[Need, None] = {}
    for needs_of_row in pages.values():
        every_need |= dict.fromkeys(needs_of_row)

    yield '<table class="matrix">'
    yield "<thead>"
    yield "<tr><td></td>"
    for row in ROWS:
        name = row.resource.replace(" ", "_")
        anchor = f"personalize_kms_constructs.PersonalizeResource.{name}"
        link = f'<a href="reference/constructs.md#{anchor}">{row.resource}</a>'
        yield f'<th scope="col">{link}</th>'
    yield "</tr>"
    yield "</thead>"
    yield "<tbody>"
    for policy in POLICIES:
        of_policy = [need for need in every_need if need[0] == policy]
        if of_policy:
            span = len(ROWS) + 1
            yield f'<tr><th scope="colgroup" colspan="{span}">{policy}</th></tr>'
        for need in of_policy:
            _, action, place = need
            yield f'<tr><th scope="row"><code>{action}</code>{place}</th>'
            for row in ROWS:
                page = pages[row].get(need)
                yield f'<td><a href="{page}">✓</a></td>' if page else "<td>&ndash;</td>"
            yield "</tr>"
    yield "</tbody>"
    yield "</table>"
    for row in ROWS:
        if row.note:
            yield ""
            yield f"**{row.resource.capitalize()}**: {row.note}"


def needs(row: Permissions) -> Iterator[tuple[Need, str]]:
    """Yield the needs of a resource, each with its AWS page."""
    keys = {"group": row.on_dataset_group_key}
    places = (("source", row.source), ("destination", row.destination))
    keys |= {name: access.on_key for name, access in places if access}
    in_key_policies = {name: access.key_policy for name, access in keys.items()}
    in_iam = {name: access.role_policies for name, access in keys.items()}
    yield from on_keys(row, KEY_POLICIES, in_key_policies)
    yield from on_keys(row, ROLE_ON_KEYS, in_iam)
    yield from of_groups(row, ROLE_ON_ALL, row.role_on_everything)
    for name, access in places:
        if access is not None:
            on_objects, on_bucket = f" on the {name}", f" on the {name}'s bucket"
            yield from of_groups(row, DATA, [access.on_objects], on_objects)
            yield from of_groups(row, DATA, access.on_bucket, on_bucket)


def on_keys(
    row: Permissions,
    policies: Mapping[str, str],
    groups_of_keys: Mapping[str, Sequence[Actions]],
) -> Iterator[tuple[Need, str]]:
    """Yield the needs of all keys once, and the further needs of a single key."""
    first, *others = groups_of_keys.values()
    common = list(first)
    for groups in others:
        common = [group for group in common if group in groups]
    yield from of_groups(row, policies["every"], common)
    for key, groups in groups_of_keys.items():
        more = [group for group in groups if group not in common]
        yield from of_groups(row, policies[key], more)


def of_groups(
    row: Permissions, policy: str, groups: Iterable[Actions], place: str = ""
) -> Iterator[tuple[Need, str]]:
    """Yield each action of the groups as a need."""
    for group in groups:
        for action in group.actions:
            yield (policy, action, place), group.page or row.page


if __name__ == "__main__":
    main()
