"""Problems that no statement mends: limits, keys that can't work, roles that can't be assumed, missing waits."""

from __future__ import annotations

from typing import Any

import pytest

from personalize_kms_constructs._access.causes import Cause
from personalize_kms_constructs._access.comparison import compare
from personalize_kms_constructs._access.limits import least_size
from personalize_kms_constructs._access.model import Asked, Key, Role
from personalize_kms_constructs._access.written import Policy
from tests.access.models import (
    ACCOUNT,
    ANOTHER_ACCOUNT,
    BUCKET,
    IAM_ACTIONS,
    IMPORT_JOB,
    KEY,
    ON_BUCKET,
    ON_KEY,
    READ,
    REGION,
    ROLE,
    TRUST,
    Statement,
    asked,
    iam,
    in_main,
    location,
    model,
    policy,
    report,
)

AWS_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:alias/aws/s3"
CLEAN: dict[str, Any] = {"key": ON_KEY, "iam": [iam(IAM_ACTIONS)]}


def problems(*requests: Asked, **more: Any) -> list[tuple[str, str]]:
    return [(each.kind, each.message) for each in report(*requests, **{**CLEAN, **more}).problems]


def test_a_clean_model_has_no_problem() -> None:
    """So that the findings below come from what was done."""
    assert problems() == []


def source(operator: str, arn: str) -> Statement:
    """A trust policy's statement for some resources of Personalize."""
    return {**TRUST, "Condition": {operator: {"aws:SourceArn": f"arn:aws:personalize:{arn}"}}}


@pytest.mark.parametrize(
    ("statement", "answer"),
    [
        # The page's trust policy, with or without its conditions, which are documented here.
        ({**TRUST, "Condition": {}}, "yes"),
        ({**TRUST, "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}}, "yes"),
        ({**TRUST, "Principal": {"Service": ["lambda.amazonaws.com", "personalize.amazonaws.com"]}}, "yes"),
        ({**TRUST, "Action": ["sts:AssumeRole", "sts:TagSession"]}, "yes"),
        ({**TRUST, "Action": "sts:*"}, "yes"),
        (source("StringLike", f"eu-west-1:{ACCOUNT}:*"), "yes"),
        (source("ArnEquals", f"*:{ACCOUNT}:*"), "yes"),
        # Another service, another action, another account or Region; a wildcard in a comparison that knows none.
        ({**TRUST, "Principal": {"Service": "lambda.amazonaws.com"}}, "no"),
        ({**TRUST, "Condition": {"StringEquals": {"sts:ExternalId": "secret"}}}, "no"),
        ({**TRUST, "Condition": {"StringEqualsIfExists": {"sts:ExternalId": "secret"}}}, "yes"),
        ({**TRUST, "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}, "no"),
        ({**TRUST, "Action": "sts:AssumeRoleWithSAML"}, "no"),
        ({**TRUST, "Condition": {"StringEquals": {"aws:SourceAccount": ANOTHER_ACCOUNT}}}, "no"),
        (source("ArnLike", f"us-east-1:{ACCOUNT}:*"), "no"),
        (source("StringEquals", f"eu-west-1:{ACCOUNT}:*"), "no"),
        (source("StringEquals", f"eu-west-1:{ANOTHER_ACCOUNT}:job/x"), "no"),
        # Which ARN Personalize sends isn't documented in such detail.
        (source("ArnEquals", f"eu-west-1:{ACCOUNT}:dataset-group/movies"), "open"),
        (source("StringEquals", f"eu-west-1:{ACCOUNT}:job/x"), "open"),
    ],
)
def test_roles_that_personalize_can_assume(statement: Statement, answer: str) -> None:
    """A role that doesn't trust it is a problem, with the statement to add."""
    found = report(trust=[statement], **CLEAN)
    assert [(each.action, each.policy, each.resource) for each in found.undecided] == [
        ("sts:AssumeRole", "trust", ROLE)
    ] * (answer == "open")
    assert [(each.kind, each.message) for each in found.problems] == [
        (
            "trust",
            f"{ROLE} doesn't trust Personalize, which has to assume it (the trust policy has no statement that allows "
            "it): allow personalize.amazonaws.com sts:AssumeRole in its trust policy",
        )
    ] * (answer == "no")
    assert [each.add for each in found.problems] == [(TRUST,)] * (answer == "no")


def test_a_role_whose_trust_policy_denies() -> None:
    """The denial has to go: one more statement that allows it doesn't help."""
    (problem,) = report(trust=[TRUST, {**TRUST, "Sid": "DenyAll", "Effect": "Deny"}], **CLEAN).problems
    assert problem.add == ()
    assert problem.message == (
        f"{ROLE} doesn't trust Personalize, which has to assume it (denied by statement DenyAll of trust policy): "
        "remove the denial from its trust policy, or exempt personalize.amazonaws.com"
    )
    # Without it, a statement is missing.
    (problem,) = report(trust=[{**TRUST, "Effect": "Deny"}], **CLEAN).problems
    assert (problem.cause, problem.add) == (Cause.TRUST_DENIED, (TRUST,))


@pytest.mark.parametrize(
    ("elements", "says"),
    [
        ({"state": "Disabled"}, "is Disabled: enable it"),
        ({"state": "PendingDeletion"}, "is PendingDeletion: cancel its deletion, and enable it, before everything"),
        ({"spec": "RSA_2048"}, "is RSA_2048 for ENCRYPT_DECRYPT, and Personalize needs a symmetric encryption key"),
        ({"spec": "HMAC_256", "usage": "GENERATE_VERIFY_MAC"}, "is HMAC_256 for GENERATE_VERIFY_MAC"),
        ({"exists": False}, "doesn't exist: a deleted key can't be restored"),
    ],
)
def test_keys_that_cannot_work(elements: dict[str, Any], says: str) -> None:
    """Whatever their policies say."""
    found = model(**CLEAN)
    found.keys[KEY] = Key(KEY, found.keys[KEY].policies, **elements)
    (problem,) = compare(found).problems
    assert (problem.kind, problem.needed_by) == ("configuration", ("movies (dataset group)",))
    assert problem.message.startswith(f"key {KEY} {says}")


@pytest.mark.parametrize(
    ("arn", "says"),
    [
        (f"arn:aws:kms:eu-west-1:{ACCOUNT}:alias/movies", "is an alias, and Personalize takes only the ARN of a key"),
        ("1234abcd-12ab-34cd-56ef-1234567890ab", "isn't an ARN, and Personalize takes nothing else"),
        (f"arn:aws:kms:us-east-1:{ACCOUNT}:key/1234", "is in us-east-1, and Personalize works in eu-west-1"),
        (AWS_KEY, "is AWS's own key aws/s3"),
    ],
)
def test_arns_that_personalize_does_not_take(arn: str, says: str) -> None:
    """An alias, an id, a key of another Region, and the key whose policy nobody can change."""
    ((_, message),) = problems(asked(dataset_group_key=arn))
    assert says in message


def test_a_bucket_with_awss_own_key() -> None:
    """Its policy can't let Personalize in, and nobody can change it: no statement is missing there."""
    found = model(asked(IMPORT_JOB, source=location(), dataset_group_key=None), iam=READ, bucket=ON_BUCKET)
    found.buckets[BUCKET].key_arn = AWS_KEY
    (problem,) = compare(found).problems
    assert (problem.cause, problem.fix) == (Cause.KEY_OF_AWS, "encrypt the bucket with a key of yours")
    assert (compare(found).missing, compare(found).undecided) == ((), ())


def test_a_role_of_another_account() -> None:
    """AWS says: cross-account pass role is not allowed."""
    arn = f"arn:aws:iam::{ANOTHER_ACCOUNT}:role/theirs"
    found = model(asked(role_arn=arn), **CLEAN)
    found.roles[arn] = Role(arn, [policy("trust policy", [{**TRUST, "Condition": {}}])])
    (problem,) = compare(found).problems
    assert (problem.kind, problem.message) == (
        "configuration",
        f"{arn} is a role in another account, which Personalize doesn't take: use a role in account 111122223333",
    )


def long_policy(name: str, size: int, *, inline: bool = False) -> Policy:
    """A policy of that size, in characters without white space."""
    shell = least_size(policy(name, [iam(["s3:GetObject"], "")]))
    return policy(name, [iam(["s3:GetObject"], "x" * (size - shell))], inline=inline)


@pytest.mark.parametrize(
    ("place", "limit", "says"),
    [
        ("key", 32_768, "long policy has at least 32,769 bytes but AWS takes 32,768"),
        ("bucket", 20_480, "long policy has at least 20,481 bytes but AWS takes 20,480"),
        ("identity", 6_144, "long policy has at least 6,145 characters but AWS takes 6,144"),
        (
            "inline",
            10_240,
            f"the inline policies of {ROLE} have at least 10,241 characters together but AWS takes 10,240",
        ),
        (
            "trust",
            2_048,
            "long policy has at least 2,049 characters, more than the 2,048 that AWS takes by default",
        ),
        ("trust", 8_192, "long policy has at least 8,193 characters but AWS takes 8,192"),
    ],
)
def test_policies_at_their_limit_and_beyond(place: str, limit: int, says: str) -> None:
    """One character more is a problem, and none less."""
    for size, expected in ((limit, []), (limit + 1, [says])):
        found = model(**CLEAN)
        policies = {
            "key": found.keys[KEY].policies,
            "bucket": found.buckets[BUCKET].policies,
            "identity": found.roles[ROLE].identity,
            "inline": found.roles[ROLE].identity,
            "trust": found.roles[ROLE].trust,
        }
        policies[place].append(long_policy("long policy", size, inline=place == "inline"))
        limits = [each for each in compare(found).problems if each.kind == "limit"]
        if place == "trust" and limit == 8_192:
            limits = [each for each in limits if not each.is_warning]
        assert [each.says for each in limits] == expected


def test_letters_of_two_bytes_are_characters_of_iam_and_bytes_of_kms() -> None:
    """IAM takes letters up to U+00FF."""
    found = policy("policy", [iam(["kms:Decrypt"], "\u00e9" * 100)])
    assert least_size(found, "bytes") == least_size(found) + 100


def test_holes_count_as_little_as_they_can() -> None:
    """An account has twelve digits, a key's id thirty-six characters, a generated name at least one."""

    def size(resource: str) -> int:
        return least_size(policy("policy", [iam(["kms:Decrypt"], resource)]))

    assert size("arn:aws:kms:${AWS::Region}:${AWS::AccountId}:key/${Main.Key961B73FD}") == size(
        "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    )
    assert size("arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${Main.Role}") == size(
        "arn:aws:iam::111122223333:role/x"
    )


@pytest.mark.parametrize(
    ("count", "passed", "says"),
    [
        (10, True, []),
        (11, True, [f"{ROLE} has 11 managed policies, more than the 10 that AWS takes by default"]),
        (25, True, [f"{ROLE} has 25 managed policies, more than the 10 that AWS takes by default"]),
        (26, False, [f"{ROLE} has 26 managed policies but AWS takes 25 at most"]),
    ],
)
def test_too_many_managed_policies(count: int, passed: bool, says: list[str]) -> None:
    """Ten a role, and up to twenty-five if AWS is asked: that is a warning, and fails nothing."""
    found = model(**CLEAN)
    found.roles[ROLE].managed_policies = count
    compared = compare(found)
    assert [(each.kind, each.says) for each in compared.problems] == [("limit", each) for each in says]
    assert compared.passed is passed
    assert (", 1 problem (1 warning), " in compared.to_text()) is (passed and bool(says))


@pytest.mark.parametrize(
    ("kind", "statements", "says"),
    [
        (
            "iam",
            [iam(IAM_ACTIONS, Sid="UseKey"), iam(["s3:GetObject"], f"{BUCKET}/import/*", Sid="UseKey")],
            ["IAM policy has the sid UseKey 2 times, which AWS refuses: name each statement once"],
        ),
        (
            "bucket",
            [{**each, "Sid": "Read"} for each in ON_BUCKET],
            ["bucket policy has the sid Read 2 times, which AWS refuses: name each statement once"],
        ),
        ("key", [{**each, "Sid": "Use"} for each in ON_KEY], []),
    ],
)
def test_a_sid_that_is_there_twice(kind: str, statements: list[Statement], says: list[str]) -> None:
    """IAM and S3 refuse the policy; of KMS AWS documents no such rule."""
    given = {"iam": [iam(IAM_ACTIONS), *READ], "bucket": ON_BUCKET, kind: statements}
    found = problems(asked(), asked(IMPORT_JOB, source=location()), **given)
    assert found == [("configuration", each) for each in says]


def test_what_is_not_waited_for() -> None:
    """One problem for each resource and policy, with the actions; what exists already needs no waiting."""
    found = model(asked(waits_for=frozenset({in_main("Key")})), **CLEAN)
    found.keys[KEY].policies = [Policy(found.keys[KEY].policies[0].document, "key policy", declared=in_main("Key"))]
    assert compare(found).problems == ()
    document = found.roles[ROLE].identity[0].document
    found.roles[ROLE].identity = [Policy(document, "policy Main/Policy", declared=in_main("Policy"))]
    (problem,) = compare(found).problems
    assert problem.kind == "ordering"
    assert problem.message == (
        "movies (dataset group) may be created before policy Main/Policy, which allows kms:Decrypt, kms:DescribeKey, "
        "kms:GenerateDataKey, kms:ListGrants: make it depend on that policy, by DependsOn or "
        "node.add_dependency(…), with encryption.permissions where a PersonalizeEncryption has it"
    )
    assert problem.certain
    # What can't be seen of a key's policy may allow it as well.
    found.keys[KEY].unseen = "it is pending"
    (problem,) = compare(found).problems
    assert not problem.certain
    # Another policy that says the same is there in time.
    found.roles[ROLE].identity.append(Policy(document, "policy Main/Other", declared=in_main("Key")))
    assert compare(found).problems == ()


PROD, TEST = frozenset({"Main.IsProd"}), frozenset({"Main.IsTest"})


def test_entries_and_problems_have_the_requests_behind_them() -> None:
    """And tell whether a construct of this library answers for one of them."""
    ours, theirs = asked(name="ours", ours=True), asked(IMPORT_JOB, name="theirs", source=location())
    found = model(ours, theirs, key=[], iam=[])
    found.keys[KEY].state = "Disabled"
    report = compare(found)
    on_bucket = [each for each in report.missing if each.policy == "bucket"]
    assert {(each.asked, each.ours) for each in on_bucket} == {((theirs,), False)}
    create = next(each for each in report.missing if each.action == "kms:CreateGrant")
    assert (create.asked, create.ours) == ((ours, theirs), True)
    (problem,) = report.problems
    assert (problem.asked, problem.ours, problem.certain) == ((ours, theirs), True, True)
    assert problem.needed_by == ("ours (dataset group)", "theirs (dataset import job)")


def test_a_policy_that_may_not_be_there_is_not_too_long_for_certain() -> None:
    """Nor are those together that may not be there."""
    found = model(**CLEAN)
    long = long_policy("long policy", 6_145).document
    found.roles[ROLE].identity += [
        Policy(long, "long policy", condition="Main.IsProd"),
        Policy(long_policy("inline", 10_241).document, "inline", condition="Main.IsProd", inline="own"),
    ]
    assert [each for each in compare(found).problems if each.kind == "limit"] == []
