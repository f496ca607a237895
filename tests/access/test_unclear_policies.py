"""Policies that are easily read in the wrong way: misspelt operators, old versions, documents that aren't known."""

from __future__ import annotations

from typing import Any

import pytest

from personalize_kms_constructs._access.comparison import compare
from personalize_kms_constructs._access.model import AccessModel, Key, Role
from personalize_kms_constructs._access.written import Policy
from tests.access.models import (
    ACCOUNT,
    BUCKET,
    IAM_ACTIONS,
    IMPORT_JOB,
    KEY_POLICY_ACTIONS,
    ON_BUCKET,
    ON_KEY,
    READ,
    ROLE,
    Statement,
    asked,
    iam,
    lines,
    location,
    model,
    policy,
    report,
    role,
    service,
)

IMPORT = asked(IMPORT_JOB, source=location())


def with_denial(condition: Any) -> Any:
    denial = {"Effect": "Deny", "Principal": "*", "Action": "s3:*", "Resource": "*", "Condition": condition}
    return report(IMPORT, key=ON_KEY, iam=READ, bucket=[*ON_BUCKET, denial])


@pytest.mark.parametrize(
    "operator",
    ["stringNotEquals", "StringNotEqual", "NotStringEquals", "ArnNotEqualIfExists", "ForAllValues:StringIsNot"],
)
def test_an_operator_that_is_not_known_is_undecided_where_the_key_is_absent(operator: str) -> None:
    """Whether the absence of the key fulfils the condition depends on what the operator means."""
    found = with_denial({operator: {"aws:SourceVpce": "vpce-1"}})
    assert found.missing == ()
    assert {(each.principal, each.action) for each in found.undecided} == {
        ("role", "s3:GetObject"),
        ("role", "s3:ListBucket"),
        ("service", "s3:GetObject"),
        ("service", "s3:ListBucket"),
    }
    assert all(
        f"condition {operator} aws:SourceVpce: the operator isn't known" in each.because for each in found.undecided
    )


@pytest.mark.parametrize(
    "operator", ["StringEquals", "ArnLike", "IpAddress", "NumericEquals", "DateEquals", "Bool", "BinaryEquals"]
)
def test_a_comparison_with_an_absent_key_is_false(operator: str) -> None:
    """Whatever it compares with."""
    found = with_denial({operator: {"aws:SourceVpce": "vpce-1"}})
    assert (found.missing, found.undecided) == ((), ())


@pytest.mark.parametrize("operator", ["StringNotLike", "ArnNotEquals", "NotIpAddress", "NumericNotEquals"])
def test_a_negated_comparison_with_an_absent_key_is_true(operator: str) -> None:
    """Of all types."""
    found = with_denial({operator: {"aws:SourceVpce": "vpce-1"}})
    assert {each.principal for each in found.missing} == {"role", "service"}


@pytest.mark.parametrize(
    ("version", "missing"),
    [({"Version": "2012-10-17"}, set()), ({"Version": "2008-10-17"}, {"s3:GetObject"}), ({}, {"s3:GetObject"})],
)
def test_variables_of_policies_are_literal_before_version_2012(version: Statement, missing: set[str]) -> None:
    """As in a bucket with a folder for each account, and in a condition."""
    found = model(asked(IMPORT_JOB, source=location(f"{ACCOUNT}/")), key=ON_KEY)
    found.buckets[BUCKET].unseen = "it isn't part of the app"
    folder = iam(["s3:GetObject"], f"{BUCKET}/${{aws:PrincipalAccount}}/*")
    found.roles[ROLE].identity = [
        Policy({**version, "Statement": [folder]}, "objects"),
        policy("bucket", [iam(["s3:ListBucket"], BUCKET)]),
    ]
    assert {each.action for each in compare(found).missing if each.policy == "role"} == missing
    assert {each.policy for each in compare(found).undecided} == {"bucket"}
    condition = {"StringEquals": {"aws:PrincipalArn": "${aws:PrincipalArn}"}}
    found.roles[ROLE].identity[0] = Policy(
        {**version, "Statement": iam(["s3:GetObject"], f"{BUCKET}/*", Condition=condition)}, "objects"
    )
    assert {each.action for each in compare(found).missing if each.policy == "role"} == missing
    assert {each.policy for each in compare(found).undecided} == {"bucket"}


def test_holes_of_old_policies_stay_what_they_are() -> None:
    """The account of a template and a parameter are no variables of a policy."""
    found = model(key=ON_KEY)
    found.roles[ROLE].identity = [
        Policy({"Statement": [iam(IAM_ACTIONS, "arn:aws:kms:eu-west-1:${AWS::AccountId}:key/${resolve:ssm?}")]}, "IAM")
    ]
    assert {each.action for each in compare(found).undecided} == set(IAM_ACTIONS)


def test_a_document_that_is_not_known_may_deny() -> None:
    """What other policies allow may be taken away by it."""
    found = model(key=ON_KEY, iam=[iam(IAM_ACTIONS)])
    assert compare(found).undecided == ()
    found.roles[ROLE].identity.append(Policy("${Main.Policy?}", "policy Main/Another"))
    undecided = compare(found).undecided
    assert {(each.principal, each.policy) for each in undecided} == {("role", "key"), ("role", "role")}
    assert {each.because for each in undecided} == {"may be denied: policy Main/Another isn't known before deployment"}


def test_a_managed_policy_that_cannot_be_seen_may_deny() -> None:
    """One of the company's, attached to a role of the app."""
    found = model(key=ON_KEY, iam=[iam(IAM_ACTIONS)])
    found.roles[ROLE].unseen_denials = "managed policy Baseline isn't part of the app"
    undecided = compare(found).undecided
    assert {(each.principal, each.policy) for each in undecided} == {("role", "key"), ("role", "role")}
    assert {each.because for each in undecided} == {"may be denied: managed policy Baseline isn't part of the app"}


@pytest.mark.parametrize("principal", [{"AWS": "${AWS::AccountId}"}, {"AWS": ["${AWS::AccountId}"]}])
def test_an_account_is_named_by_its_id_where_that_is_not_known(principal: Any) -> None:
    """The account of a template is its own, whichever it is."""
    role_arn = "arn:aws:iam::${AWS::AccountId}:role/r"
    key_arn = "arn:aws:kms:eu-west-1:${AWS::AccountId}:key/${Main.Key}"
    found = AccessModel(
        asked=[asked(dataset_group_key=key_arn, role_arn=role_arn, account="${AWS::AccountId}")],
        keys={key_arn: Key(key_arn, [policy("key policy", [role(["kms:*"], Principal=principal)])])},
        roles={role_arn: Role(role_arn, identity=[policy("IAM", [iam(KEY_POLICY_ACTIONS, key_arn)])])},
    )
    of_role = [each for each in compare(found).allowed if each.principal == "role"]
    assert {each.action for each in of_role if each.policy == "key"} == set(KEY_POLICY_ACTIONS)


@pytest.mark.parametrize(
    ("condition", "missing", "undecided"),
    [
        ({"Bool": {"aws:ViaAWSService": "false"}}, {"role"}, {"service"}),
        ({"BoolIfExists": {"aws:ViaAWSService": "true"}}, set(), {"service"}),
    ],
)
def test_what_the_role_does_in_s3_is_no_forwarded_call(condition: Any, missing: set[str], undecided: set[str]) -> None:
    """For a service role the key is false; for a service principal AWS doesn't say."""
    found = with_denial(condition)
    assert {each.principal for each in found.missing} == missing
    assert {each.principal for each in found.undecided} == undecided


def test_what_the_role_does_with_a_key_may_be_a_forwarded_call_of_s3() -> None:
    """S3 uses the key of a bucket on behalf of the role."""
    denial = role(["kms:*"], Effect="Deny", Condition={"Bool": {"aws:ViaAWSService": "true"}})
    found = report(key=[*ON_KEY, denial], iam=[iam(IAM_ACTIONS)])
    assert lines(found.missing) == set()
    assert {(each.principal, each.policy) for each in found.undecided} == {("role", "key")}


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("aws:PrincipalOrgID", "a template doesn't say what it is"),
        ("aws:ResourceOrgPaths", "a template doesn't say what it is"),
        ("aws:PrincipalTag/team", "a template doesn't say what it is"),
        ("aws:ResourceTag/team", "a template doesn't say what it is"),
        ("aws:CurrentTime", "a template doesn't say what it is"),
        ("aws:SourceIp", "AWS doesn't document the key for Personalize's calls"),
    ],
)
def test_the_reason_says_who_does_not_say_what_a_key_is(key: str, reason: str) -> None:
    """AWS's documentation, or the template."""
    found = with_denial({"StringNotEquals": {key: "x"}})
    of_role = [each for each in found.undecided if each.principal == "role"]
    assert {each.because.rpartition("condition StringNotEquals ")[2] for each in of_role} == {f"{key}: {reason}"}


def test_only_what_is_open_is_a_reason() -> None:
    """Of several conditions, those that are decided aren't named."""
    found = with_denial({"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"aws:SourceIp": "10.0.0.1"}})
    assert {each.because for each in found.undecided} == {
        "may be denied: statement number 3 of bucket policy: condition StringEquals aws:SourceIp: AWS doesn't document "
        "the key for Personalize's calls"
    }


@pytest.mark.parametrize("value", [None, {"Ref": "X"}, ["AssumedRole", {"Ref": "X"}][1:]])
def test_a_value_that_is_no_string_is_undecided(value: Any) -> None:
    """A parameter that somebody forgot to resolve for example."""
    found = with_denial({"StringEquals": {"aws:PrincipalAccount": [value] if value is None else value}})
    assert {each.principal for each in found.undecided if each.policy == "bucket"} == {"role", "service"}
    assert found.missing == ()


@pytest.mark.parametrize(
    ("operator", "value", "denied"),
    [
        ("StringEqualsIgnoreCase", "assumedrole", True),
        ("StringNotEqualsIgnoreCase", "ASSUMEDROLE", False),
        ("StringEquals", "assumedrole", False),
        ("StringLike", "Assumed*", True),
        ("StringLike", "assumed*", False),
    ],
)
def test_strings_are_compared_with_their_case_or_without(operator: str, value: str, denied: bool) -> None:
    """As the operator says."""
    denial = iam(["s3:*"], "*", Effect="Deny", Condition={operator: {"aws:PrincipalType": value}})
    found = report(IMPORT, key=ON_KEY, iam=[*READ, denial], bucket=ON_BUCKET)
    assert {each.policy for each in found.missing} == ({"role"} if denied else set())
    assert found.undecided == ()


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        ({"ArnLike": {"aws:PrincipalArn": "PersonalizeRole"}}, "not denied"),
        ({"ArnNotLike": {"aws:PrincipalArn": "PersonalizeRole"}}, "denied"),
        ({"ArnLike": {"aws:PrincipalArn": "*"}}, "open"),
        ({"ArnLike": {"aws:PrincipalArn": "${Main.Arn?}"}}, "open"),
        ({"ArnLike": {"aws:PrincipalArn": "arn:${AWS::Partition}:iam::111122223333:role/PersonalizeRole"}}, "denied"),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Personalize*"}}, "denied"),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:*:role/PersonalizeRole"}}, "open"),
        ({"IpAddress": {"aws:PrincipalAccount": "10.0.0.0/8"}}, "open"),
        ({"NumericEquals": {"s3:TlsVersion": "1.1"}}, "not denied"),
        ({"NumericEquals": {"s3:TlsVersion": "1.2"}}, "open"),
        ({"NumericNotEquals": {"s3:TlsVersion": ["1.2", "1.3"]}}, "not denied"),
        ({"NumericLessThanEquals": {"s3:TlsVersion": "1.1"}}, "not denied"),
        ({"NumericGreaterThan": {"s3:TlsVersion": "1.1"}}, "denied"),
        ({"NumericGreaterThanEquals": {"s3:TlsVersion": "1.2"}}, "denied"),
        ({"NumericLessThan": {"s3:TlsVersion": "new"}}, "open"),
    ],
)
def test_comparisons_of_arns_and_numbers(condition: Any, answer: str) -> None:
    """Of the role, in a denial of its IAM policies."""
    denial = iam(["s3:*"], "*", Effect="Deny", Condition=condition)
    found = report(IMPORT, key=ON_KEY, iam=[*READ, denial], bucket=ON_BUCKET)
    places = {"denied": found.missing, "open": found.undecided}
    assert {name for name, entries in places.items() if entries} == ({answer} & set(places))


@pytest.mark.parametrize(
    ("condition", "kinds", "undecided"),
    [
        # A wildcard in a comparison that knows none.
        ({"StringEquals": {"aws:SourceArn": "arn:aws:personalize:eu-west-1:111122223333:*"}}, {"trust"}, False),
        ({"StringEquals": {"aws:SourceArn": "arn:aws:personalize:eu-west-1:111122223333:job/x"}}, set(), True),
        ({"StringEquals": {"aws:SourceArn": "arn:aws:personalize:eu-west-1:444455556666:job/x"}}, {"trust"}, False),
        ({"StringLike": {"aws:SourceArn": "arn:aws:personalize:eu-west-1:111122223333:*"}}, set(), False),
        ({"ArnEquals": {"aws:SourceArn": "arn:aws:personalize:*:111122223333:*"}}, set(), False),
        ({"ArnEquals": {"aws:SourceArn": "arn:aws:personalize:us-east-1:111122223333:*"}}, {"trust"}, False),
    ],
)
def test_the_source_of_a_trust_policy(condition: Any, kinds: set[str], undecided: bool) -> None:
    """Which resource of Personalize calls isn't known, but its account and Region are."""
    trust = {**service(["sts:AssumeRole"]), "Condition": condition}
    del trust["Resource"]
    found = report(key=ON_KEY, iam=[iam(IAM_ACTIONS)], trust=[trust])
    assert {each.kind for each in found.problems} == kinds
    assert bool(found.undecided) == undecided
