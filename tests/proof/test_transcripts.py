"""The three transcripts of AWS's pages, compared: they are independent, so a mistake shows here."""

from collections.abc import Iterable
from itertools import product

import pytest

from embedded_aws import requirements
from personalize_kms_check import matrix
from personalize_kms_constructs import PersonalizeResource, jobs
from tests.proof import page

Permission = tuple[str, str, str, str]
"""Principal, policy, action, and what it is on."""

ROWS = {row.resource: row for row in matrix.ROWS}
REQUIREMENTS = {
    row.resource: row for row in vars(requirements).values() if isinstance(row, requirements.Row)
}
KINDS = sorted({*ROWS, *REQUIREMENTS, *page.PAGE})

PLACES = (
    (page.SOURCE_KEY, page.SOURCE_OBJECTS, page.SOURCE_BUCKET),
    (page.DESTINATION_KEY, page.DESTINATION_OBJECTS, page.DESTINATION_BUCKET),
)
BOTH = (page.ROLE, page.SERVICE)


def of_page(kind: str) -> set[Permission]:
    """The permissions in the transcript of these tests."""
    permissions: set[Permission] = set()
    for asked in page.PAGE[kind]:
        for principal, action, on in product(asked.principals, asked.actions, asked.on):
            permissions.add((principal, asked.where, action, on))
    return permissions


def of_matrix(kind: str) -> set[Permission]:
    """The permissions in the library's own transcript."""
    row = ROWS[kind]
    permissions: set[Permission] = set()
    for group in row.role_on_everything:
        permissions |= {(page.ROLE, page.IAM, action, page.EVERYTHING) for action in group.actions}
    keys = [(page.DATASET_GROUP_KEY, row.on_dataset_group_key)]
    for access, (key, objects, bucket) in zip((row.source, row.destination), PLACES, strict=True):
        if access is not None:
            keys.append((key, access.on_key))
            permissions |= on_data((action, objects) for action in access.on_objects.actions)
            for group in access.on_bucket:
                permissions |= on_data((action, bucket) for action in group.actions)
    for key, on_key in keys:
        for group in on_key.key_policy:
            permissions |= in_key_policy(key, group.actions)
        for group in on_key.role_policies:
            permissions |= {(page.ROLE, page.IAM, action, key) for action in group.actions}
    return permissions


def of_requirements(kind: str) -> set[Permission]:
    """The permissions in the transcript of the embedded AWS."""
    row = REQUIREMENTS[kind]
    permissions = {(page.ROLE, page.IAM, action, page.EVERYTHING) for action in row.role_any}
    keys = [(page.DATASET_GROUP_KEY, row.dataset_group_key_policy)]
    used = ((row.source, row.source_key_policy), (row.destination, row.destination_key_policy))
    for (actions, more), (key, objects, bucket) in zip(used, PLACES, strict=True):
        if actions:
            keys.append((key, more))
            permissions |= on_data(
                (action, bucket if action in requirements.BUCKET_ACTIONS else objects)
                for action in actions
            )
    for key, more in keys:
        permissions |= in_key_policy(key, (*row.key_policy, *more))
        permissions |= {(page.ROLE, page.IAM, action, key) for action in row.role_kms}
    return permissions


def on_data(asked: Iterable[tuple[str, str]]) -> set[Permission]:
    """The role and the service need the same of S3."""
    permissions: set[Permission] = set()
    for action, on in asked:
        permissions.add((page.ROLE, page.IAM, action, on))
        permissions.add((page.SERVICE, page.BUCKET_POLICY, action, on))
    return permissions


def in_key_policy(key: str, actions: Iterable[str]) -> set[Permission]:
    """The role and the service need the same of a key policy."""
    permissions: set[Permission] = set()
    for action in actions:
        permissions |= {(principal, page.KEY_POLICY, action, key) for principal in BOTH}
    return permissions


@pytest.mark.parametrize("kind", KINDS)
def test_the_transcripts_are_equal(kind: str) -> None:
    """The transcripts have the same permissions in each row."""
    assert of_matrix(kind) == of_page(kind)
    assert of_requirements(kind) == of_page(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_each_row_can_be_chosen(kind: str) -> None:
    """A factory of its name makes it, with the locations that the resource has."""
    made = getattr(PersonalizeResource, kind.replace(" ", "_"))
    assert made().permissions is ROWS[kind]
    parts = {"source": page.reads(kind), "destination": page.writes(kind)}
    assert {name for name in made.__annotations__ if name != "return"} == {
        part for part, has in parts.items() if has
    }


@pytest.mark.parametrize("kind", [kind for kind, row in ROWS.items() if row.is_job])
def test_each_job_is_a_fragment(kind: str) -> None:
    """Each kind of job has a class in ``jobs``."""
    assert ROWS[kind].noun in jobs.__all__
