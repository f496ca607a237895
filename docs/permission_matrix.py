"""Writes the permission matrix into matrix.md, from the rows that the constructs use.

So the page always says what is granted. Each mark links to the AWS page it comes from.

    python docs/permission_matrix.py
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from personalize_kms_constructs import PersonalizeResource
from personalize_kms_constructs.matrix import KMS_PAGE, Actions, Permissions

PAGE = Path(__file__).with_name("matrix.md")
PLACE = re.compile(r"(?<=<!-- matrix -->\n).*(?=<!-- end of matrix -->)", re.DOTALL)

# The policies that say something, in the order of the page.
KEYS = "Key policy of every key, for the role and for the service"
GROUP_KEY = "Key policy of the dataset group's key, for both, in addition"
ROLE_ON_KEYS = "IAM policy of the role, on every key"
DATA = "IAM policy of the role, and bucket policy for the service"
ROLE_ON_ALL = "IAM policy of the role, on every resource"
POLICIES = (KEYS, GROUP_KEY, ROLE_ON_KEYS, DATA, ROLE_ON_ALL)

Need = tuple[str, str, str]
"""A policy, an action, and what it is on where that differs within the policy."""


def main() -> None:
    """Write the page anew."""
    text, places = PLACE.subn("\n".join(table()) + "\n", PAGE.read_text())
    if places != 1:
        raise SystemExit(f"{PAGE.name} has no place for the matrix: {PLACE.pattern}")
    PAGE.write_text(text)


def table() -> Iterator[str]:
    """Return the table: a column for each resource, a row for each action."""
    members = vars(PersonalizeResource).items()
    names = [name for name, member in members if isinstance(member, staticmethod)]
    rows = {name: getattr(PersonalizeResource, name)().permissions for name in names}
    pages = {name: dict(needs(row)) for name, row in rows.items()}
    every_need = dict.fromkeys(need for found in pages.values() for need in found)

    yield '<table class="matrix">'
    yield "<thead>"
    yield "<tr><td></td>"
    for name, row in rows.items():
        anchor = f"personalize_kms_constructs.PersonalizeResource.{name}"
        link = f'<a href="reference/resources.md#{anchor}">{row.resource}</a>'
        yield f'<th scope="col">{link}</th>'
    yield "</tr>"
    yield "</thead>"
    yield "<tbody>"
    for policy in POLICIES:
        yield f'<tr><th scope="colgroup" colspan="{len(rows) + 1}">{policy}</th></tr>'
        for need in (need for need in every_need if need[0] == policy):
            _, action, place = need
            yield f'<tr><th scope="row"><code>{action}</code>{place}</th>'
            for name in rows:
                page = pages[name].get(need)
                yield f'<td><a href="{page}">✓</a></td>' if page else "<td>&ndash;</td>"
            yield "</tr>"
    yield "</tbody>"
    yield "</table>"
    for row in rows.values():
        if row.note:
            yield ""
            yield f"**{row.resource.capitalize()}**: {row.note}"


def needs(row: Permissions) -> Iterator[tuple[Need, str]]:
    """Yield what a resource needs, each with the page that says so."""
    # What is about KMS is on one page for all resources, and everything else on a page
    # of the resource's own.
    (other_page,) = [page for page in row.pages if page != KMS_PAGE] or [KMS_PAGE]
    yield from of_actions(KEYS, row.key_policy, KMS_PAGE)
    yield from of_actions(GROUP_KEY, row.dataset_group_key_policy, KMS_PAGE)
    yield from of_actions(ROLE_ON_KEYS, row.role_on_keys, KMS_PAGE)
    yield from of_actions(ROLE_ON_ALL, row.role_on_everything, other_page)
    for access, verb in ((row.source, "reads"), (row.destination, "writes")):
        if access is not None:
            objects, bucket = f" on what it {verb}", f" on the bucket it {verb}"
            yield from of_actions(DATA, [access.on_objects], other_page, objects)
            yield from of_actions(DATA, access.on_bucket, other_page, bucket)


def of_actions(
    policy: str, groups: Iterable[Actions], page: str, place: str = ""
) -> Sequence[tuple[Need, str]]:
    """Return each action of the groups as a need."""
    return [
        ((policy, action, place), page) for group in groups for action in group.actions
    ]


if __name__ == "__main__":
    main()
