"""A key whose policy has nothing for Personalize: the wrong one, or the right one whose owner hasn't done his part."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from personalize_kms_constructs._access.report import AccessReport
from tests.doctor.findings import bad, findings
from tests.doctor.read import (
    ACCOUNT,
    BASE_4,
    BASE_5,
    BUCKET_KEY,
    IMPORTED,
    KEY,
    OTHER_KEY,
    REGION,
    ROLE,
    SERVICE,
    THE_BUCKET,
    THE_ROLE,
    allow,
    key,
    look,
    policy,
)

ROOT = allow(["kms:*"], {"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
S3 = allow(["s3:GetObject", "s3:ListBucket"])


def report(*role: Any, default: str = OTHER_KEY, group: Any = None) -> AccessReport:
    """A bucket's default key is one of which its own policy says nothing but that it leaves all to the account."""
    reader = replace(THE_ROLE, identity=[policy("policy P", S3, *role)])
    keys = (key(KEY, *([group] if group else [])), key(BUCKET_KEY), key(OTHER_KEY, ROOT))
    return look(IMPORTED, keys=keys, roles=(reader,), bucket=replace(THE_BUCKET, key_arn=default))


def test_another_key_than_the_role_knows() -> None:
    """The bucket has got another one."""
    found = findings(report(allow(BASE_4, None, KEY), allow(BASE_5, None, BUCKET_KEY)))
    assert {each.cause for each in found} == {"another-default-key"}
    assert {says for each in found for says in each.says} == {
        f"it is the default key of bucket ratings, and the role's policies are about {BUCKET_KEY}: should that be the "
        "default key again?"
    }
    assert {policy for each in found for policy, _ in each.add} == {"key"}


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
    found = bad(report(*role, allow(BASE_4, None, KEY)))
    assert ("nothing-for-personalize", "failed", OTHER_KEY) in found
    assert "another-default-key" not in {cause for cause, _, _ in found}


def test_the_key_of_the_dataset_group_is_meant() -> None:
    """Whatever the role's policies are about: they lack it, too."""
    found = bad(report(allow(BASE_5, None, BUCKET_KEY), default=BUCKET_KEY, group=allow(BASE_5, {"AWS": ROLE})))
    assert sorted(found) == [("not-in-iam", "failed", ROLE), ("nothing-for-personalize", "failed", KEY)]


@pytest.mark.parametrize(
    ("statement", "cause"),
    [
        (allow(["kms:ListGrants"], SERVICE), "no-statement"),
        (allow(["kms:ListGrants"], "*"), "no-statement"),
        (allow(["kms:ListGrants"], {"AWS": ["*"]}), "no-statement"),
        (
            {"Effect": "Allow", "NotPrincipal": {"AWS": ROLE}, "Action": "kms:ListGrants", "Resource": "*"},
            "no-statement",
        ),
        (allow(["kms:ListGrants"], {"Service": "lambda.amazonaws.com"}), "nothing-for-personalize"),
    ],
)
def test_statements_that_are_pending(statement: Any, cause: str) -> None:
    """The key policy has nothing at all for Personalize."""
    assert {each[0] for each in bad(look(keys=(key(KEY, allow(BASE_5, {"AWS": ROLE}), statement),)))} == {cause}


@pytest.mark.parametrize(
    ("principal", "causes"),
    [
        (ACCOUNT, {"no-statement"}),
        (f"arn:aws:iam::{ACCOUNT}:root", {"no-statement"}),
        (ROLE, {"no-statement"}),
        ("arn:aws:iam::444455556666:root", {"no-delegation"}),
        (f"arn:aws:iam::{ACCOUNT}:role/Other", {"no-delegation"}),
    ],
)
def test_delegation(principal: str, causes: set[str]) -> None:
    """A key policy that names the role, or leaves something to its account, is no lack of delegation."""
    found = bad(look(keys=(key(KEY, allow(["kms:Encrypt"], {"AWS": principal}), allow(BASE_5, SERVICE)),)))
    assert {(cause, of) for cause, _, of in found} == {(cause, KEY) for cause in causes}


def test_the_key_of_s3() -> None:
    """Its policy can't be changed, so only that is told of it."""
    alias = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/aws/s3"
    report = look(IMPORTED, keys=(key(), key(alias)), bucket=replace(THE_BUCKET, key_arn=alias))
    assert bad(report) == [("key-of-aws", "failed", alias)]
