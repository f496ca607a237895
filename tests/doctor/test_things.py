"""What is said of a key, a role or a bucket itself: one thing, and nothing that wasn't seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from personalize_kms_constructs._doctor.buckets import BucketFacts
from personalize_kms_constructs._doctor.check import Check
from personalize_kms_constructs._doctor.roles import RoleFacts
from tests.doctor.test_diagnosis import (
    ACCOUNT,
    BASE_5,
    BUCKET,
    BUCKET_FACTS,
    IMPORTED,
    KEY,
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


def said(checks: list[Check], of: str, name: str) -> list[tuple[str, str]]:
    """The status and title of each check of this name."""
    return [(each.status.value, each.title) for each in checks if (each.of, each.name) == (of, name)]


def test_the_state_of_a_key() -> None:
    """As KMS describes it."""
    title = f"it is Enabled, SYMMETRIC_DEFAULT for ENCRYPT_DECRYPT, and in {REGION}"
    assert said(look(), KEY, "key-state") == [("ok", title)]
    assert said(look(keys=(key(state="Disabled"),)), KEY, "key-state") == [("failed", "it is Disabled")]
    assert said(look(keys=()), KEY, "key-state") == []


def test_a_key_that_cannot_be_described() -> None:
    """Its policy may be seen all the same."""
    hidden = key(state="", spec="", usage="", unseen_state="kms:DescribeKey isn't allowed to you")
    checks = look(keys=(hidden,))
    assert said(checks, KEY, "key-state") == [("undecided", "its state and kind can't be seen")]
    assert bad(checks) == [("key-state", "undecided", KEY)]


def test_rotation_and_grants() -> None:
    """Shown where they can be seen."""
    shown = look(keys=(key(rotates=True, grants=("Decrypt for somebody",), grant_count=1),))
    assert said(shown, KEY, "key-rotation") == [("note", "rotation is on")]
    assert said(shown, KEY, "key-grants") == [("note", "1 grant for Personalize: Decrypt for somebody")]
    assert said(look(keys=(key(rotates=False),)), KEY, "key-rotation") == [("note", "rotation is off")]
    hidden = look(keys=(key(unseen_grants="kms:ListGrants isn't allowed to you"),))
    assert said(hidden, KEY, "key-rotation") == []
    assert said(hidden, KEY, "key-grants") == [("note", "grants can't be seen: kms:ListGrants isn't allowed to you")]


@pytest.mark.parametrize("name", ["alias/aws/s3", f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/aws/s3", "by its id"])
def test_the_key_of_s3(name: str) -> None:
    """By its alias or its id: its policy can't be changed, so that only that is told of it."""
    of_s3 = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/5353"
    alias = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/aws/s3"
    bucket = replace(BUCKET_FACTS, key=of_s3 if name == "by its id" else name)
    root = allow(["kms:Decrypt"], {"AWS": "*"})
    checks = look(IMPORTED, keys=(key(), key(of_s3, root, is_aws_managed=True)), bucket=bucket)
    assert [(each.name, each.of) for each in checks if each.of == alias] == [("key-state", alias)]
    assert bad(checks) == [("key-state", "failed", alias)]


def test_the_trust_of_a_role() -> None:
    """Once, and for a role that is gone not at all."""
    assert said(look(), ROLE, "trust") == [("ok", "Personalize may assume it (trust policy)")]
    (told,) = said(look(role=replace(ROLE_FACTS, trust=policy())), ROLE, "trust")
    assert told[0] == "failed"
    assert said(look(role=RoleFacts(ROLE, exists=False)), ROLE, "trust") == []
    unseen = replace(ROLE_FACTS, trust=None, unseen_trust="iam:GetRole isn't allowed to you")
    assert said(look(role=unseen), ROLE, "trust") == []
    assert bad(look(role=unseen)) == [("trust-policy", "undecided", ROLE)]


def test_the_boundary_of_a_role() -> None:
    """One that leaves all that is needed, one that doesn't, and one that can't be seen."""
    assert said(look(), ROLE, "boundary") == [("ok", "it has no permissions boundary")]
    wide = replace(ROLE_FACTS, boundary=("permissions boundary limits", policy(allow(["*"]))))
    assert said(look(role=wide), ROLE, "boundary") == [("ok", "permissions boundary limits leaves it what it needs")]
    narrow = replace(wide, boundary=("permissions boundary limits", policy(allow(BASE_5[:4]))))
    assert said(look(role=narrow), ROLE, "boundary") == [
        ("failed", "permissions boundary limits doesn't allow kms:ListGrants")
    ]
    unseen = replace(ROLE_FACTS, unseen_boundary="iam:GetPolicy isn't allowed to you")
    assert said(look(role=unseen), ROLE, "boundary") == []


def test_policies_of_a_role_that_cannot_be_seen() -> None:
    """One of them may deny what the others allow."""
    unseen = replace(ROLE_FACTS, unseen="iam:ListRolePolicies isn't allowed to you")
    assert ("role-policy", "undecided", ROLE) in bad(look(role=unseen))
    title = "not all of its IAM policies can be seen, and one that can't may deny"
    assert ("undecided", title) in said(look(role=unseen), ROLE, "role-policy")


def test_a_bucket() -> None:
    """Its Region, key and public access, as far as they can be seen."""
    title = f"it is in {REGION}, encrypted with a key of S3, which needs no permission"
    assert said(look(IMPORTED), BUCKET, "bucket-encryption") == [("ok", title)]
    assert said(look(IMPORTED), BUCKET, "public-access") == [("note", "public access is blocked")]
    hidden = replace(BUCKET_FACTS, region="", blocks_public_access=None)
    title = "it is encrypted with a key of S3, which needs no permission"
    assert said(look(IMPORTED, bucket=hidden), BUCKET, "bucket-encryption") == [("ok", title)]
    assert said(look(IMPORTED, bucket=hidden), BUCKET, "public-access") == []
    unseen = replace(BUCKET_FACTS, unseen_encryption="s3:GetEncryptionConfiguration isn't allowed to you")
    assert said(look(IMPORTED, bucket=unseen), BUCKET, "bucket-encryption") == []


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        (allow(["kms:ListGrants"], SERVICE), "key-policy"),
        (allow(["kms:ListGrants"], "*"), "key-policy"),
        (allow(["kms:ListGrants"], {"AWS": ["*"]}), "key-policy"),
        ({"Effect": "Allow", "NotPrincipal": {"AWS": ROLE}, "Action": "kms:ListGrants", "Resource": "*"}, "key-policy"),
        (allow(["kms:ListGrants"], {"Service": "lambda.amazonaws.com"}), "statements-pending"),
    ],
)
def test_statements_that_are_pending(statement: Any, name: str) -> None:
    """The key policy has nothing at all for Personalize."""
    names = {each[0] for each in bad(look(keys=(key(KEY, allow(BASE_5, {"AWS": ROLE}), statement),)))}
    assert names == {name}


@pytest.mark.parametrize(
    ("principal", "name"),
    [
        (ACCOUNT, "key-policy"),
        (f"arn:aws:iam::{ACCOUNT}:root", "key-policy"),
        (ROLE, "key-policy"),
        ("arn:aws:iam::444455556666:root", "delegation"),
        (f"arn:aws:iam::{ACCOUNT}:role/Other", "delegation"),
    ],
)
def test_delegation(principal: str, name: str) -> None:
    """A key policy that names the role, or leaves something to its account, is no lack of delegation."""
    checks = look(keys=(key(KEY, allow(["kms:Encrypt"], {"AWS": principal}), allow(BASE_5, SERVICE)),))
    assert bad(checks) == [(name, "failed", KEY)]


def test_an_account_that_owns_a_bucket() -> None:
    """S3 shows a bucket's policy to its owner alone: who else is asked may or may not be of the account."""
    theirs = BucketFacts("ratings", region=REGION, unseen="s3:GetBucketPolicy isn't allowed to you")
    found = bad(look(IMPORTED, bucket=theirs))
    assert {(status, of) for _, status, of in found} == {("undecided", BUCKET)}
    because = {each.because for each in look(IMPORTED, bucket=theirs) if each.principal == ROLE and each.of == BUCKET}
    assert because == {"whether role and bucket are of one account isn't known"}
