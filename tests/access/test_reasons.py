"""In which words a decision says why: the policy, whose it is, and what can't be seen of it."""

from __future__ import annotations

from typing import Any

import pytest

from personalize_kms_constructs._access.comparison import compare
from tests.access.models import (
    BUCKET,
    IMPORT_JOB,
    KEY,
    KEY_POLICY_ACTIONS,
    ON_BUCKET,
    ON_KEY,
    READ,
    ROLE,
    asked,
    iam,
    location,
    model,
    policy,
    role,
    service,
)

GIVEN = {"key": ON_KEY, "iam": READ, "bucket": ON_BUCKET}
NOT_IN_KEY_POLICY = "the key policy has no statement that allows it"
NOT_IN_BUCKET_POLICY = "the bucket policy has no statement that allows it"
KEY_UNSEEN = f"the key policy of {KEY} can't be seen: it is imported"
BUCKET_UNSEEN = f"the bucket policy of {BUCKET} can't be seen: it is imported"
ROLE_UNSEEN = f"not all policies of role {ROLE} can be seen: it is imported"
BOUNDARY_UNSEEN = f"the permissions boundary of role {ROLE} can't be seen: it is imported"
BY_EVERYBODY = [role(KEY_POLICY_ACTIONS, Principal="*"), service(KEY_POLICY_ACTIONS)]


@pytest.mark.parametrize(
    ("given", "of", "changes", "reasons"),
    [
        ({"key": []}, "key", {}, {("role", "key", NOT_IN_KEY_POLICY), ("service", "key", NOT_IN_KEY_POLICY)}),
        (
            {"key": []},
            "key",
            {"unseen": "it is imported"},
            {("role", "key", KEY_UNSEEN), ("service", "key", KEY_UNSEEN)},
        ),
        ({"bucket": []}, "bucket", {}, {("service", "bucket", NOT_IN_BUCKET_POLICY)}),
        ({"bucket": []}, "bucket", {"unseen": "it is imported"}, {("service", "bucket", BUCKET_UNSEEN)}),
        (
            {"bucket": []},
            "bucket",
            {"account": "222222222222"},
            {("role", "bucket", NOT_IN_BUCKET_POLICY), ("service", "bucket", NOT_IN_BUCKET_POLICY)},
        ),
        (
            {"bucket": []},
            "bucket",
            {"account": "222222222222", "unseen": "it is imported"},
            {("role", "bucket", BUCKET_UNSEEN), ("service", "bucket", BUCKET_UNSEEN)},
        ),
        ({"iam": []}, "role", {"unseen": "it is imported"}, {("role", "role", ROLE_UNSEEN)}),
        (
            {},
            "role",
            {"unseen_boundary": "it is imported"},
            {("role", "key", BOUNDARY_UNSEEN), ("role", "role", BOUNDARY_UNSEEN)},
        ),
        (
            {"key": BY_EVERYBODY},
            "role",
            {"boundary": policy("boundary", [iam(["s3:*"], "*")])},
            {
                (
                    "role",
                    "key",
                    "statement number 1 of key policy: whether a permissions boundary limits what it allows isn't "
                    "documented; the role's permissions boundary doesn't allow it",
                )
            },
        ),
    ],
    ids=[
        "key",
        "unseen key",
        "bucket",
        "unseen bucket",
        "bucket of another account",
        "unseen bucket of another account",
        "unseen role",
        "unseen boundary",
        "everybody, beyond a boundary",
    ],
)
def test_a_reason_names_the_policy(
    given: dict[str, Any], of: str, changes: dict[str, Any], reasons: set[tuple[str, str, str]]
) -> None:
    """What is not there, and what can't be seen, for the role and for Personalize."""
    found = model(asked(IMPORT_JOB, source=location()), **{**GIVEN, **given})
    owner = {"key": found.keys[KEY], "bucket": found.buckets[BUCKET], "role": found.roles[ROLE]}[of]
    for name, value in changes.items():
        setattr(owner, name, value)
    report = compare(found)
    entries = [*report.missing, *report.undecided]
    assert {(each.principal, each.policy, each.because) for each in entries} == reasons
