"""A key whose policy has nothing for Personalize: the wrong one, or the right one whose owner hasn't done his part."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from personalize_kms_constructs._doctor.check import Check
from tests.doctor.test_diagnosis import (
    ACCOUNT,
    BASE_4,
    BASE_5,
    BUCKET,
    BUCKET_FACTS,
    BUCKET_KEY,
    IMPORTED,
    KEY,
    OTHER_KEY,
    REGION,
    ROLE,
    ROLE_FACTS,
    SERVICE,
    allow,
    bad,
    key,
    look,
    policy,
)

ROOT = allow(["kms:*"], {"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
S3 = allow(["s3:GetObject", "s3:ListBucket"])


def checks(*role: Any, default: str = OTHER_KEY, group: Any = None) -> list[Check]:
    """A bucket's default key is one of which its own policy says nothing but that it leaves all to the account."""
    facts = replace(ROLE_FACTS, policies=(("policy P", policy(S3, *role)),))
    keys = (key(KEY, *([group] if group else [])), key(BUCKET_KEY), key(OTHER_KEY, ROOT))
    return look(IMPORTED, keys=keys, role=facts, bucket=replace(BUCKET_FACTS, key=default))


def test_another_key_than_the_role_knows() -> None:
    """The bucket has got another one."""
    found = checks(allow(BASE_4, None, KEY), allow(BASE_5, None, BUCKET_KEY))
    assert bad(found) == [("bucket-key", "failed", BUCKET)]
    (check,) = [each for each in found if each.name == "bucket-key"]
    assert check.title == f"its default key is {OTHER_KEY}, and isn't the one that the policies are about"
    assert check.because == f"the role's policies are about {BUCKET_KEY}"
    assert {each.to for each in check.add} == {f"the key policy of {OTHER_KEY}"}


@pytest.mark.parametrize(
    "role",
    [
        [allow(BASE_5, None, OTHER_KEY)],
        [allow(BASE_5, None, [OTHER_KEY, BUCKET_KEY])],
        [allow(BASE_5, None, f"arn:aws:kms:{REGION}:{ACCOUNT}:key/*")],
        [allow(BASE_5)],
        [allow(BASE_4, None, KEY)],
        [allow(["sqs:SendMessage"], None, BUCKET_KEY)],
    ],
)
def test_the_key_that_the_role_knows(role: Any) -> None:
    """Or the role's policies know no other one: its owner hasn't added the statements."""
    found = checks(*role, allow(BASE_4, None, KEY))
    assert ("statements-pending", "failed", OTHER_KEY) in bad(found)
    assert "bucket-key" not in {each[0] for each in bad(found)}


def test_the_key_of_the_dataset_group_is_meant() -> None:
    """Whatever the role's policies are about: they lack it, too."""
    found = checks(allow(BASE_5, None, BUCKET_KEY), default=BUCKET_KEY, group=allow(BASE_5, {"AWS": ROLE}))
    assert bad(found) == [("statements-pending", "failed", KEY), ("role-policy", "failed", ROLE)]


def test_an_id_that_nobody_needs_has_no_statements() -> None:
    """There is nothing to put in its place."""
    dead = allow(["kms:Encrypt"], {"AWS": "AROADEADDEADDEADDEAD1"})
    statements = (allow(BASE_5, {"AWS": ROLE}), allow(BASE_5, SERVICE), dead)
    (check,) = [each for each in look(keys=(key(KEY, *statements),)) if each.name == "orphaned-principal"]
    assert check.add == []
    assert check.next_step == "take the id out: KMS refuses every change of a policy that leaves it in"


def test_several_ids_of_one_policy() -> None:
    """The statements of one are put in their place, and nothing else of the policy."""
    dead = allow(BASE_5, {"AWS": ["AROADEADDEADDEADDEAD1", f"arn:aws:iam::{ACCOUNT}:role/Admin"]})
    other = allow(["kms:Encrypt"], {"AWS": "AROADEADDEADDEADDEAD2"})
    found = look(keys=(key(KEY, dead, allow(BASE_5, SERVICE), other),))
    added = {each.title.split(" ")[4].rstrip(","): each.add for each in found if each.name == "orphaned-principal"}
    assert {name: [each.statement for each in add] for name, add in added.items()} == {
        "AROADEADDEADDEADDEAD1": [allow(BASE_5, {"AWS": [ROLE, f"arn:aws:iam::{ACCOUNT}:role/Admin"]})],
        "AROADEADDEADDEADDEAD2": [],
    }
