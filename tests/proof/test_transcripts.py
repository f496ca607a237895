"""The three transcripts of AWS's pages, compared: they are independent, so a mistake shows here."""

from collections.abc import Iterable

import pytest

from embedded_aws import requirements
from personalize_kms_constructs import PersonalizeResource, jobs, matrix
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
    return {
        (principal, asked.where, action, on)
        for asked in page.PAGE[kind]
        for principal in asked.principals
        for action in asked.actions
        for on in asked.on
    }


def of_matrix(kind: str) -> set[Permission]:
    """The permissions in the library's own transcript."""
    row = ROWS[kind]
    on_everything = [action for group in row.role_on_everything for action in group.actions]
    found = {(page.ROLE, page.IAM, action, page.EVERYTHING) for action in on_everything}
    keys = [(page.DATASET_GROUP_KEY, row.on_dataset_group_key)]
    for access, (key, objects, bucket) in zip((row.source, row.destination), PLACES, strict=True):
        if access is not None:
            keys.append((key, access.on_key))
            found |= on_data((action, objects) for action in access.on_objects.actions)
            found |= on_data(
                (action, bucket) for group in access.on_bucket for action in group.actions
            )
    for key, on_key in keys:
        for group in on_key.key_policy:
            found |= {
                (who, page.KEY_POLICY, action, key) for who in BOTH for action in group.actions
            }
        found |= {
            (page.ROLE, page.IAM, action, key)
            for group in on_key.role_policies
            for action in group.actions
        }
    return found


def of_requirements(kind: str) -> set[Permission]:
    """The permissions in the transcript of the embedded AWS."""
    row = REQUIREMENTS[kind]
    found = {(page.ROLE, page.IAM, action, page.EVERYTHING) for action in row.role_any}
    keys = [(page.DATASET_GROUP_KEY, row.dataset_group_key_policy)]
    for actions, more, (key, objects, bucket) in zip(
        (row.source, row.destination),
        (row.source_key_policy, row.destination_key_policy),
        PLACES,
        strict=True,
    ):
        if actions:
            keys.append((key, more))
            found |= on_data(
                (each, bucket if each in requirements.BUCKET_ACTIONS else objects)
                for each in actions
            )
    for key, more in keys:
        found |= {
            (who, page.KEY_POLICY, action, key)
            for who in BOTH
            for action in (*row.key_policy, *more)
        }
        found |= {(page.ROLE, page.IAM, action, key) for action in row.role_kms}
    return found


def on_data(asked: Iterable[tuple[str, str]]) -> set[Permission]:
    """The role and the service need the same of S3."""
    policies = ((page.ROLE, page.IAM), (page.SERVICE, page.BUCKET_POLICY))
    return {(who, policy, action, on) for action, on in asked for who, policy in policies}


@pytest.mark.parametrize("kind", KINDS)
def test_the_transcripts_are_equal(kind: str) -> None:
    """Row by row."""
    assert of_matrix(kind) == of_page(kind)
    assert of_requirements(kind) == of_page(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_each_row_can_be_chosen(kind: str) -> None:
    """By a factory of its name, which takes the locations that the resource has."""
    made = getattr(PersonalizeResource, kind.replace(" ", "_"))
    assert made().permissions is ROWS[kind]
    parts = {"source": page.reads(kind), "destination": page.writes(kind)}
    assert {name for name in made.__annotations__ if name != "return"} == {
        part for part, has in parts.items() if has
    }


@pytest.mark.parametrize("kind", [kind for kind, row in ROWS.items() if row.is_job])
def test_each_job_is_a_fragment(kind: str) -> None:
    """In state machines."""
    assert ROWS[kind].noun in jobs.__all__
