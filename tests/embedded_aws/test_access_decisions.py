"""Known answers of the functions that judge policy documents; no server runs here."""

from __future__ import annotations

from typing import Any

import pytest

from embedded_aws import access
from embedded_aws.access import Caller, Key, Location, Missing, Role
from embedded_aws.requirements import DATASET_GROUP, DATASET_IMPORT_JOB, METRIC_ATTRIBUTION

ROLE = "arn:aws:iam::111111111111:role/personalize"
KEY = "arn:aws:kms:eu-west-1:111111111111:key/one"
FOREIGN_KEY = "arn:aws:kms:eu-west-1:222222222222:key/two"
CALLER = Caller("arn:aws:personalize:eu-west-1:111111111111:dataset-group/movies")
REGION = "eu-west-1"
SERVICE = {"Service": "personalize.amazonaws.com"}
BASE_5 = ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:CreateGrant", "kms:ListGrants"]
BASE_4 = ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey", "kms:ListGrants"]


def _policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", **s} for s in statements]}


def _role(*identity: dict[str, Any], boundary: dict[str, Any] | None = None) -> Role:
    trust = {
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": SERVICE,
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": "111111111111"},
                    "StringLike": {"aws:SourceArn": "arn:aws:personalize:eu-west-1:111111111111:*"},
                },
            }
        ]
    }
    return Role(ROLE, trust, identity, boundary)


def _decrypt(*statements: dict[str, Any], identity: tuple[dict[str, Any], ...] = (), key: str = KEY) -> str | None:
    return access.on_key(_role(*identity), Key(key, _policy(*statements)), "kms:Decrypt", REGION)


IAM_DECRYPT = _policy({"Action": "kms:Decrypt", "Resource": KEY})
NAMES_ROLE = {"Principal": {"AWS": ROLE}, "Action": "kms:Decrypt"}
NAMES_ACCOUNT = {"Principal": {"AWS": "arn:aws:iam::111111111111:root"}, "Action": "kms:*"}


def test_a_key_policy_that_names_the_role_is_enough() -> None:
    """The key policy alone decides where it names the principal."""
    assert _decrypt(NAMES_ROLE) is None


def test_iam_alone_is_not_enough_on_a_key() -> None:
    """Without an account statement in the key policy, IAM policies have no effect on the key."""
    assert _decrypt({**NAMES_ROLE, "Action": "kms:DescribeKey"}, identity=(IAM_DECRYPT,)) == "key policy"


def test_a_key_policy_that_names_the_account_needs_iam_too() -> None:
    """An account as principal only delegates to IAM."""
    assert _decrypt(NAMES_ACCOUNT, identity=(IAM_DECRYPT,)) is None
    assert _decrypt(NAMES_ACCOUNT) == "IAM policies of the role: the key policy only delegates to its account"


@pytest.mark.parametrize(("name", "answer"), [("personalize", None), ("another", "key policy")])
def test_delegation_can_be_narrowed_to_one_role(name: str, answer: str | None) -> None:
    """`aws:PrincipalArn` on an account statement lets in the role of that name and no other."""
    condition = {"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::111111111111:role/{name}"}}
    assert _decrypt({**NAMES_ACCOUNT, "Condition": condition}, identity=(IAM_DECRYPT,)) == answer


def test_an_explicit_deny_in_the_key_policy_wins() -> None:
    """A denial for everybody reaches a role that another statement allows."""
    assert _decrypt(NAMES_ROLE, {"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt"}) == "key policy"


def test_an_explicit_deny_in_iam_wins() -> None:
    """A denial in the role's own policies beats a key policy that names the role."""
    denied = _policy({"Effect": "Deny", "Action": "kms:*"})
    assert _decrypt(NAMES_ROLE, identity=(denied,)) == "IAM policies of the role"


def test_a_key_of_another_account_needs_both_sides() -> None:
    """Across accounts the key policy and IAM have to allow, though the key policy names the role."""
    foreign = _policy({"Action": "kms:Decrypt", "Resource": FOREIGN_KEY})
    assert _decrypt(NAMES_ROLE, identity=(foreign,), key=FOREIGN_KEY) is None
    assert _decrypt(NAMES_ROLE, key=FOREIGN_KEY) == "IAM policies of the role: the key belongs to another account"
    own_account = {"Principal": {"AWS": "arn:aws:iam::222222222222:root"}, "Action": "kms:*"}
    assert _decrypt(own_account, identity=(foreign,), key=FOREIGN_KEY) == "key policy"


def test_a_boundary_limits_what_iam_allows() -> None:
    """A permissions boundary without KMS takes away what the role's policies give."""
    bounded = _role(IAM_DECRYPT, boundary=_policy({"Action": "s3:*"}))
    assert access.by_iam(_role(IAM_DECRYPT), "kms:Decrypt", KEY, REGION)
    assert not access.by_iam(bounded, "kms:Decrypt", KEY, REGION)


def test_every_document_of_the_role_counts() -> None:
    """Inline and managed policies are one: an allow in any of them is found."""
    assert access.by_iam(_role(_policy({"Action": "s3:*"}), IAM_DECRYPT), "kms:Decrypt", KEY, REGION)


def test_iam_scoped_to_another_key_gives_nothing_on_this_one() -> None:
    """`Resource` in an IAM policy is matched against the key's ARN."""
    assert not access.by_iam(_role(_policy({"Action": "kms:*", "Resource": FOREIGN_KEY})), "kms:Decrypt", KEY, REGION)


@pytest.mark.parametrize(
    ("condition", "allowed"),
    [
        ({}, True),
        ({"StringEquals": {"aws:SourceAccount": "111111111111"}}, True),
        ({"StringEquals": {"aws:SourceAccount": "222222222222"}}, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:personalize:eu-west-1:111111111111:*"}}, True),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:personalize:us-east-1:111111111111:*"}}, False),
        ({"ArnEquals": {"aws:PrincipalArn": ROLE}}, False),
    ],
)
def test_conditions_on_the_service_principal(condition: dict[str, Any], allowed: bool) -> None:
    """A call of the service carries its source account and source ARN, and no principal ARN."""
    document = _policy({"Principal": SERVICE, "Action": "kms:Decrypt", "Condition": condition})
    assert access.by_service(document, "kms:Decrypt", KEY, CALLER) is allowed


@pytest.mark.parametrize(
    "principal",
    [{"Service": "forecast.amazonaws.com"}, {"AWS": "arn:aws:iam::111111111111:root"}, {"AWS": ROLE}],
)
def test_nobody_else_stands_for_the_service(principal: dict[str, str]) -> None:
    """Neither another service nor an account or role lets Personalize itself in."""
    document = _policy({"Principal": principal, "Action": "kms:*"})
    assert not access.by_service(document, "kms:Decrypt", KEY, CALLER)


def test_a_bucket_open_only_to_tls_is_open_to_personalize() -> None:
    """The usual denial of plain HTTP touches neither the service nor the role."""
    document = _policy(
        {"Principal": SERVICE, "Action": "s3:GetObject", "Resource": "arn:aws:s3:::data/*"},
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    )
    assert access.by_service(document, "s3:GetObject", "arn:aws:s3:::data/a.csv", CALLER)


def test_a_bucket_open_only_to_a_vpc_is_closed() -> None:
    """Buckets open only to a VPC don't work: Personalize calls from outside of it."""
    document = _policy(
        {"Principal": SERVICE, "Action": "s3:GetObject"},
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Condition": {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}},
        },
    )
    assert not access.by_service(document, "s3:GetObject", "arn:aws:s3:::data/a.csv", CALLER)


def test_everything_missing_for_a_dataset_group_is_named() -> None:
    """With empty policies, the whole of the page's list comes back, for both principals and both places."""
    nobody = Role(ROLE, {"Statement": []})
    assert access.missing(DATASET_GROUP, CALLER, nobody, dataset_group_key=Key(KEY, {"Statement": []})) == (
        Missing("personalize.amazonaws.com", "sts:AssumeRole", ROLE, "trust policy of the role"),
        Missing("personalize.amazonaws.com", "kms:Decrypt", KEY, "key policy"),
        Missing(ROLE, "kms:Decrypt", KEY, "key policy"),
        Missing("personalize.amazonaws.com", "kms:GenerateDataKey", KEY, "key policy"),
        Missing(ROLE, "kms:GenerateDataKey", KEY, "key policy"),
        Missing("personalize.amazonaws.com", "kms:DescribeKey", KEY, "key policy"),
        Missing(ROLE, "kms:DescribeKey", KEY, "key policy"),
        Missing("personalize.amazonaws.com", "kms:CreateGrant", KEY, "key policy"),
        Missing(ROLE, "kms:CreateGrant", KEY, "key policy"),
        Missing("personalize.amazonaws.com", "kms:ListGrants", KEY, "key policy"),
        Missing(ROLE, "kms:ListGrants", KEY, "key policy"),
        Missing(ROLE, "kms:Decrypt", KEY, "IAM policies of the role"),
        Missing(ROLE, "kms:GenerateDataKey", KEY, "IAM policies of the role"),
        Missing(ROLE, "kms:DescribeKey", KEY, "IAM policies of the role"),
        Missing(ROLE, "kms:ListGrants", KEY, "IAM policies of the role"),
    )


def test_an_import_needs_no_kms_in_iam_when_the_key_policy_names_the_role() -> None:
    """AWS says: "Dataset import job (only AWS KMS key policy must grant permissions)"."""
    key = Key(KEY, _policy({"Principal": {"AWS": ROLE}, "Action": BASE_5}, {"Principal": SERVICE, "Action": BASE_5}))
    data = Location("data", "111111111111", _policy({"Principal": SERVICE, "Action": "s3:*"}), ("a.csv",), key=key)
    reader = _role(_policy({"Action": ["s3:GetObject", "s3:ListBucket"]}))
    assert access.missing(DATASET_IMPORT_JOB, CALLER, reader, source=data) == ()


def test_an_import_needs_all_five_actions_in_iam_when_the_key_policy_delegates() -> None:
    """In the delegated form IAM carries CreateGrant too, though the page asks for no KMS in IAM."""
    key = Key(KEY, _policy(NAMES_ACCOUNT, {"Principal": SERVICE, "Action": BASE_5}))
    data = Location("data", "111111111111", _policy({"Principal": SERVICE, "Action": "s3:*"}), ("a.csv",), key=key)
    reader = _role(_policy({"Action": ["s3:GetObject", "s3:ListBucket", *BASE_4]}))
    assert access.missing(DATASET_IMPORT_JOB, CALLER, reader, source=data) == (
        Missing(
            ROLE,
            "kms:CreateGrant",
            KEY,
            "IAM policies of the role: the key policy only delegates to its account",
        ),
    )


def test_a_metric_attribution_writes_metrics_and_files() -> None:
    """`cloudwatch:PutMetricData` on everything, and `s3:PutObject` for role and service where files go."""
    target = Location("out", "111111111111", None, ("metrics/output.csv",), "metrics/")
    assert access.missing(METRIC_ATTRIBUTION, CALLER, _role(), destination=target) == (
        Missing(ROLE, "cloudwatch:PutMetricData", "*", "IAM policies of the role"),
        Missing("personalize.amazonaws.com", "s3:PutObject", "arn:aws:s3:::out/metrics/output.csv", "bucket policy"),
        Missing(ROLE, "s3:PutObject", "arn:aws:s3:::out/metrics/output.csv", "IAM policies of the role"),
    )


def test_a_message_groups_the_actions_that_share_a_place() -> None:
    """One clause for each principal, resource and policy, with every action in it."""
    entries = [
        Missing("personalize.amazonaws.com", "kms:Decrypt", KEY, "key policy"),
        Missing(ROLE, "kms:Decrypt", KEY, "key policy"),
        Missing("personalize.amazonaws.com", "kms:ListGrants", KEY, "key policy"),
    ]
    assert access.describe(entries) == (
        "personalize.amazonaws.com needs kms:Decrypt, kms:ListGrants on "
        "arn:aws:kms:eu-west-1:111111111111:key/one (key policy); "
        "arn:aws:iam::111111111111:role/personalize needs kms:Decrypt on "
        "arn:aws:kms:eu-west-1:111111111111:key/one (key policy)"
    )
