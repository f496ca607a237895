"""Denials, boundaries and conditions as companies write them: allowed, denied, or undecided with the element named."""

from __future__ import annotations

from typing import Any

import pytest

from personalize_kms_constructs._access.causes import Cause
from personalize_kms_constructs._access.comparison import compare
from personalize_kms_constructs._access.written import Policy
from tests.access.models import (
    ACCOUNT,
    BUCKET,
    EXPORT_JOB,
    IAM_ACTIONS,
    IMPORT_JOB,
    KEY,
    KEY_POLICY_ACTIONS,
    ON_BUCKET,
    ON_KEY,
    READ,
    ROLE,
    ROOT,
    SERVICE,
    Line,
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
EVERYTHING: dict[str, list[Statement]] = {"key": ON_KEY, "iam": READ, "bucket": ON_BUCKET}
OF_ROLE: set[Line] = {
    ("role", "bucket", "s3:GetObject", f"{BUCKET}/import/*"),
    ("role", "bucket", "s3:ListBucket", BUCKET),
}
OF_SERVICE: set[Line] = {
    ("service", "bucket", "s3:GetObject", f"{BUCKET}/import/*"),
    ("service", "bucket", "s3:ListBucket", BUCKET),
}


def denial(condition: Any, **elements: Any) -> Statement:
    given = {"Sid": "Perimeter", "Effect": "Deny", "Principal": "*", "Action": "s3:*"}
    return {**given, "Resource": [BUCKET, f"{BUCKET}/*"], "Condition": condition, **elements}


def with_denial(condition: Any, **elements: Any) -> Any:
    return report(IMPORT, **{**EVERYTHING, "bucket": [*ON_BUCKET, denial(condition, **elements)]})


def test_without_a_denial_nothing_is_missing() -> None:
    """So that the findings of the tests below come from the denial."""
    found = report(IMPORT, **EVERYTHING)
    assert (found.missing, found.undecided, found.excess, found.problems) == ((), (), (), ())


@pytest.mark.parametrize(
    "condition",
    [
        {"Bool": {"aws:SecureTransport": "false"}},
        {"NumericLessThan": {"s3:TlsVersion": "1.2"}},
        {"NumericLessThan": {"s3:TlsVersion": 1.2}},
        {"ArnNotLike": {"aws:PrincipalArn": ROLE}, "Bool": {"aws:PrincipalIsAWSService": "false"}},
        {"StringNotEqualsIfExists": {"aws:SourceVpce": "vpce-1"}, "Bool": {"aws:SecureTransport": "false"}},
        {"StringNotEquals": {"aws:ResourceAccount": ACCOUNT}},
    ],
)
def test_denials_that_leave_personalize_alone(condition: Any) -> None:
    """TLS, and denials that spare the role and services."""
    found = with_denial(condition)
    assert (found.missing, found.undecided) == ((), ())


@pytest.mark.parametrize(
    ("condition", "missing"),
    [
        # "Amazon Personalize can't interact with Amazon S3 buckets that allow only VPC access."
        ({"StringNotEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}}, OF_ROLE | OF_SERVICE),
        ({"StringNotEquals": {"aws:SourceVpc": ["vpc-1", "vpc-2"]}}, OF_ROLE | OF_SERVICE),
        (
            {"StringNotEquals": {"aws:SourceVpce": "vpce-1"}, "Bool": {"aws:PrincipalIsAWSService": "false"}},
            OF_ROLE,
        ),
        (
            {"ArnNotLike": {"aws:PrincipalArn": f"{ROLE}2"}, "Bool": {"aws:PrincipalIsAWSService": "false"}},
            OF_ROLE,
        ),
        # A service principal is a member of no organization.
        ({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}, "Bool": {"aws:PrincipalIsAWSService": "true"}}, OF_SERVICE),
        (None, OF_ROLE | OF_SERVICE),
    ],
)
def test_denials_that_shut_personalize_out(condition: Any, missing: set[Line]) -> None:
    """Each names the statement that denies, and no statement to add."""
    found = with_denial(condition)
    assert lines(found.missing) == missing
    assert {each.because for each in found.missing} == {"denied by statement Perimeter of bucket policy"}
    assert {each.add for each in found.missing} == {None}


@pytest.mark.parametrize(
    ("condition", "undecided", "element"),
    [
        # Whether Personalize sends the header isn't documented; only uploads have it.
        ({"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}, OF_ROLE | OF_SERVICE, None),
        (
            {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}, "Bool": {"aws:PrincipalIsAWSService": "false"}},
            OF_ROLE,
            "aws:PrincipalOrgID",
        ),
        ({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, OF_ROLE | OF_SERVICE, "aws:SourceIp"),
        # Signed requests have it, whatever they do.
        ({"Null": {"s3:x-amz-content-sha256": "true"}}, OF_ROLE | OF_SERVICE, "s3:x-amz-content-sha256"),
        ({"NumericLessThan": {"s3:TlsVersion": "1.3"}}, OF_ROLE | OF_SERVICE, "s3:TlsVersion"),
        ({"Null": {"aws:SourceAccount": "true"}, "Bool": {"aws:PrincipalIsAWSService": "true"}}, OF_SERVICE, "Null"),
        ({"NewOperator": {"aws:PrincipalIsAWSService": "true"}}, OF_ROLE | OF_SERVICE, "NewOperator"),
        ({"StringEquals": {"aws:PrincipalTag/team": "movies"}}, OF_ROLE | OF_SERVICE, "aws:PrincipalTag/team"),
        ("Restricted", OF_ROLE | OF_SERVICE, "Condition"),
    ],
)
def test_denials_that_cannot_be_decided(condition: Any, undecided: set[Line], element: str | None) -> None:
    """The element that leaves it open is named."""
    found = with_denial(condition)
    if element is None:
        # Neither GetObject nor ListBucket has the header, so that "not equal" is true.
        assert lines(found.missing) == undecided
        return
    assert found.missing == ()
    assert lines(found.undecided) == undecided
    for each in found.undecided:
        assert "may be denied: statement Perimeter of bucket policy" in each.because
        assert element in each.because


def test_an_encryption_header_that_uploads_must_have_leaves_them_undecided() -> None:
    """AWS doesn't document the headers that Personalize sends with PutObject."""
    export = asked(EXPORT_JOB, destination=location("export/"), dataset_group_key=None)
    allow = [service(["s3:PutObject"], Resource=f"{BUCKET}/export/*"), service(["s3:ListBucket"], Resource=BUCKET)]
    header = denial({"Null": {"s3:x-amz-server-side-encryption": "true"}}, Action="s3:PutObject")
    in_iam = [iam(["s3:PutObject"], f"{BUCKET}/export/*"), iam(["s3:ListBucket"], BUCKET)]
    found = report(export, iam=in_iam, bucket=[*allow, header])
    assert found.missing == ()
    assert lines(found.undecided) == {
        ("role", "bucket", "s3:PutObject", f"{BUCKET}/export/*"),
        ("service", "bucket", "s3:PutObject", f"{BUCKET}/export/*"),
    }


def on_key_for_service(*condition: Any) -> Any:
    return report(
        key=[role(KEY_POLICY_ACTIONS), service(KEY_POLICY_ACTIONS, Condition=condition[0])], iam=[iam(IAM_ACTIONS)]
    )


@pytest.mark.parametrize(
    "condition",
    [
        {},
        {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}},
        {"StringEqualsIfExists": {"AWS:sourceaccount": [ACCOUNT, "444455556666"]}},
        {"ArnLikeIfExists": {"aws:SourceArn": f"arn:aws:personalize:eu-west-1:{ACCOUNT}:*"}},
        {"StringLikeIfExists": {"aws:SourceArn": f"arn:aws:personalize:*:{ACCOUNT}:*"}},
        {"ForAllValues:StringEquals": {"aws:SourceAccount": ACCOUNT}},
    ],
)
def test_a_check_of_the_account_if_it_exists_counts_as_allowed(condition: Any) -> None:
    """It shuts nobody out by its absence."""
    found = on_key_for_service(condition)
    assert (found.missing, found.undecided) == ((), ())


@pytest.mark.parametrize(
    ("condition", "key"),
    [
        ({"StringEquals": {"aws:SourceAccount": ACCOUNT}}, "aws:SourceAccount"),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:personalize:eu-west-1:{ACCOUNT}:*"}}, "aws:SourceArn"),
        ({"StringEquals": {"kms:ViaService": "personalize.eu-west-1.amazonaws.com"}}, "kms:ViaService"),
        ({"StringEquals": {"kms:EncryptionContext:aws:personalize:arn": "x"}}, "kms:EncryptionContext"),
        (
            {"ArnLikeIfExists": {"aws:SourceArn": f"arn:aws:personalize:*:{ACCOUNT}:dataset-group/movies"}},
            "aws:SourceArn",
        ),
        ({"StringEqualsIfExists": {"aws:SourceAccount": "${Main.Account?}"}}, "Main.Account"),
    ],
)
def test_conditions_that_aws_does_not_document_are_undecided(condition: Any, key: str) -> None:
    """For the service alone; the key is named."""
    found = on_key_for_service(condition)
    assert found.missing == ()
    assert lines(found.undecided) == {("service", "key", action, KEY) for action in KEY_POLICY_ACTIONS}
    assert all(key in each.because for each in found.undecided)


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEqualsIfExists": {"aws:SourceAccount": "444455556666"}, "Bool": {"aws:PrincipalIsAWSService": "false"}},
        {"Bool": {"aws:SecureTransport": "false"}},
        {"StringEquals": {"aws:PrincipalServiceName": "forecast.amazonaws.com"}},
        {"StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}},
    ],
)
def test_conditions_that_never_hold_are_missing(condition: Any) -> None:
    """The statement is there, and gives nothing."""
    assert lines(on_key_for_service(condition).missing) == {
        ("service", "key", action, KEY) for action in KEY_POLICY_ACTIONS
    }


def test_grants_for_aws_resources_alone_are_undecided_for_create_grant() -> None:
    """``kms:GrantIsForAWSResource`` is a key of three operations; what Personalize's grants have isn't documented."""
    limited = role(["kms:CreateGrant"], Condition={"Bool": {"kms:GrantIsForAWSResource": "true"}})
    others = [action for action in KEY_POLICY_ACTIONS if action != "kms:CreateGrant"]
    found = report(key=[role(others), limited, service(KEY_POLICY_ACTIONS)], iam=[iam(IAM_ACTIONS)])
    assert lines(found.undecided) == {("role", "key", "kms:CreateGrant", KEY)}
    assert found.missing == ()


def test_source_conditions_shut_the_role_out() -> None:
    """``aws:SourceAccount`` exists only on calls of a service: one statement for both is not enough."""
    both = {"AWS": ROLE, "Service": SERVICE}
    found = report(
        key=[service(KEY_POLICY_ACTIONS, Principal=both, Condition={"StringEquals": {"aws:SourceAccount": ACCOUNT}})],
        iam=[iam(IAM_ACTIONS)],
    )
    assert lines(found.missing) == {("role", "key", action, KEY) for action in KEY_POLICY_ACTIONS}


def test_a_boundary_limits_what_the_key_policy_gives_the_role() -> None:
    """A policy that names a role's ARN is limited by an implicit denial in its boundary."""
    found = model(IMPORT, **EVERYTHING)
    found.roles[ROLE].boundary = policy("boundary", [iam(["s3:*"], "*"), iam(["kms:Decrypt"], "*")])
    report = compare(found)
    assert lines(report.missing) == {("role", "key", each, KEY) for each in KEY_POLICY_ACTIONS if each != "kms:Decrypt"}
    assert {each.because for each in report.missing} == {"the role's permissions boundary doesn't allow it"}


BOUNDED = policy("boundary", [iam(["s3:*"], "*")])
BY_ARN = {"ArnEquals": {"aws:PrincipalArn": ROLE}}


@pytest.mark.parametrize(
    ("statement", "missing", "undecided"),
    [
        (role(KEY_POLICY_ACTIONS), KEY_POLICY_ACTIONS, []),
        (role(KEY_POLICY_ACTIONS, Principal="*", Condition=BY_ARN), [], []),
        (role(KEY_POLICY_ACTIONS, Principal={"AWS": "*"}, Condition={"ArnLike": {"aws:PrincipalArn": ROLE}}), [], []),
        # What IAM's guide doesn't say of everybody, and of a session that may be Personalize's, stays open.
        (role(KEY_POLICY_ACTIONS, Principal="*"), [], KEY_POLICY_ACTIONS),
        (
            role(KEY_POLICY_ACTIONS, Principal={"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/PersonalizeRole/session"}),
            [],
            KEY_POLICY_ACTIONS,
        ),
        # The account delegates to IAM, where the boundary counts.
        (role(KEY_POLICY_ACTIONS, Principal={"AWS": ROOT}, Condition=BY_ARN), KEY_POLICY_ACTIONS, []),
    ],
)
def test_a_boundary_does_not_limit_what_the_key_policy_gives_by_the_principals_arn(
    statement: Statement, missing: list[str], undecided: list[str]
) -> None:
    """Or to a session: "Permissions boundaries … do not limit permissions granted using the aws:PrincipalArn …"."""
    found = model(asked(IMPORT_JOB, source=location()), key=[statement, service(KEY_POLICY_ACTIONS)], iam=READ)
    found.roles[ROLE].identity.append(policy("KMS", [iam(["kms:*"])]))
    found.roles[ROLE].boundary = BOUNDED
    report = compare(found)
    assert sorted(each.action for each in report.missing if each.policy == "key") == sorted(missing)
    assert sorted(each.action for each in report.undecided if each.policy == "key") == sorted(undecided)


@pytest.mark.parametrize("key", [[], ON_KEY[:1], [role(KEY_POLICY_ACTIONS, Principal={"AWS": ROOT})]])
def test_where_the_boundary_refuses_it_is_the_reason_and_takes_the_statement(key: list[Statement]) -> None:
    """Whatever the other policies lack besides: no statement of theirs helps."""
    found = model(key=[*key, ON_KEY[1]], iam=[])
    found.roles[ROLE].boundary = BOUNDED
    missing = compare(found).missing
    assert {(each.policy, each.cause, each.add_to, each.add_to_whom) for each in missing} == {
        ("key", Cause.BOUNDARY, "boundary", ROLE),
        ("role", Cause.BOUNDARY, "boundary", ROLE),
    }


def test_not_principal_never_spares_a_role_that_has_a_boundary() -> None:
    """IAM's guide: it will always deny a principal that has a permissions boundary, whatever the element names."""
    deny = {"Sid": "Others", "Effect": "Deny", "NotPrincipal": {"AWS": [ROLE, ROOT], "Service": SERVICE}}
    found = model(key=[*ON_KEY, {**deny, "Action": "kms:*", "Resource": "*"}], iam=[iam(IAM_ACTIONS)])
    found.roles[ROLE].boundary = policy("boundary", [iam(["*"], "*")])
    assert {(each.principal, each.cause) for each in compare(found).missing} == {("role", Cause.DENIED)}


def test_a_boundary_that_cannot_be_seen_leaves_the_role_undecided() -> None:
    """It may take everything away."""
    found = model(IMPORT, **EVERYTHING)
    found.roles[ROLE].unseen_boundary = "managed policy Boundary isn't part of the app"
    report = compare(found)
    assert report.missing == ()
    assert {each.principal for each in report.undecided} == {"role"}
    assert len(report.undecided) == len(KEY_POLICY_ACTIONS) + 2


@pytest.mark.parametrize(
    ("statement", "missing"),
    [
        (role([], NotAction=["kms:Encrypt"]), set()),
        (role([], NotAction=["kms:Decrypt", "kms:*Grant*"]), {"kms:Decrypt", "kms:CreateGrant", "kms:ListGrants"}),
        (role(["kms:*"]), set()),
        (role(["kms:D*", "kms:?reateGrant"]), {"kms:GenerateDataKey", "kms:ListGrants"}),
        (role(["KMS:decrypt"]), {"kms:CreateGrant", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"}),
        (role(["kms:*"], Resource=f"{KEY}2"), set(KEY_POLICY_ACTIONS)),
        (role(["kms:*"], Resource=KEY), set()),
        ({**role(["kms:*"]), "NotResource": [KEY], "Resource": None}, set(KEY_POLICY_ACTIONS)),
        (role(["kms:*"], Principal={"AWS": f"{ROLE}2"}), set(KEY_POLICY_ACTIONS)),
        (role(["kms:*"], Principal={"AWS": ROLE.lower()}), set(KEY_POLICY_ACTIONS)),
        (role(["kms:*"], Principal={"AWS": ["arn:aws:iam::111122223333:role/x", ROLE]}), set()),
        (role(["kms:*"], Principal={"AWS": ROOT}), set(KEY_POLICY_ACTIONS)),
        (role(["kms:*"], Principal="*"), set()),
        (role(["kms:*"], Principal={"Federated": "accounts.google.com"}), set(KEY_POLICY_ACTIONS)),
    ],
)
def test_elements_of_statements(statement: Statement, missing: set[str]) -> None:
    """Wildcards, inverted elements and principals; IAM has no KMS here, so that delegation gives nothing."""
    statement = {name: value for name, value in statement.items() if value not in ([], None)}
    found = report(asked(IMPORT_JOB), key=[statement, service(KEY_POLICY_ACTIONS)])
    assert {each.action for each in found.missing if each.principal == "role"} == missing


@pytest.mark.parametrize("element", ["Action", "Resource"])
def test_a_statement_of_a_key_policy_without_action_or_resource_has_no_effect(element: str) -> None:
    """KMS takes it all the same."""
    without = {name: value for name, value in service(KEY_POLICY_ACTIONS).items() if name != element}
    found = report(asked(IMPORT_JOB), key=[role(KEY_POLICY_ACTIONS), without])
    assert {each.action for each in found.missing if each.principal == "service"} == set(KEY_POLICY_ACTIONS)
    assert found.undecided == ()


def test_not_principal_spares_the_service_it_names_and_no_other() -> None:
    """A role is spared only with its session, which isn't documented."""
    deny = {"Sid": "Others", "Effect": "Deny", "Action": "kms:*", "Resource": "*"}
    for principal, undecided, missing in (
        ({"Service": SERVICE, "AWS": [ROLE, ROOT]}, {"role"}, set()),
        ({"Service": SERVICE}, set(), {"role"}),
        ({"AWS": [ROLE, ROOT]}, {"role"}, {"service"}),
        ({"AWS": "arn:aws:iam::111122223333:role/admin"}, set(), {"role", "service"}),
    ):
        found = report(key=[*ON_KEY, {**deny, "NotPrincipal": principal}], iam=[iam(IAM_ACTIONS)])
        assert {each.principal for each in found.undecided} == undecided
        assert {each.principal for each in found.missing} == missing


@pytest.mark.parametrize(
    ("elements", "reason"),
    [
        ({"Actions": "kms:*"}, "element Actions isn't understood"),
        ({"Effect": "Permit"}, "its Effect is 'Permit'"),
        ({"Principal": {"AWS": "${Main.PrincipalArn?}"}}, "Main.PrincipalArn"),
        ({"Principal": {"AWS": f"arn:aws:sts::{ACCOUNT}:assumed-role/PersonalizeRole/session"}}, "which session"),
        ({"Principal": {"AWS": "AROAEXAMPLEID"}}, "maybe of one that is no more"),
        ({"Principal": "${Main.Principal?}"}, "Principal isn't known"),
        ({"Action": {"Ref": "Actions"}}, "Action isn't known"),
        ({"Resource": "${Main.Resource?}"}, "Main.Resource"),
    ],
)
def test_what_is_not_understood_makes_the_answer_undecided(elements: Statement, reason: str) -> None:
    """And says which element."""
    found = report(asked(IMPORT_JOB), key=[{**role(KEY_POLICY_ACTIONS), **elements}, service(KEY_POLICY_ACTIONS)])
    undecided = [each for each in found.undecided if each.principal == "role"]
    assert {each.action for each in undecided} == set(KEY_POLICY_ACTIONS)
    assert all(reason in each.because and "statement number 1 of key policy" in each.because for each in undecided)


def test_a_dead_principal_is_missing_where_the_roles_id_is_known() -> None:
    """A key policy that names a deleted role keeps its unique id, which is never that of a new role."""
    found = model(key=[role(KEY_POLICY_ACTIONS, Principal={"AWS": "AROADEADDEAD"}), service(KEY_POLICY_ACTIONS)])
    found.roles[ROLE].unique_id = "AROAALIVEALIVE"
    assert {each.action for each in compare(found).missing if each.policy == "key"} == set(KEY_POLICY_ACTIONS)
    found.roles[ROLE].unique_id = "AROADEADDEAD"
    assert [each for each in compare(found).missing if each.policy == "key"] == []


def test_policies_that_depend_on_a_condition_are_undecided() -> None:
    """But for resources that depend on the same one."""
    found = model()
    found.keys[found.asked[0].dataset_group_key or ""].policies = [policy("key policy", ON_KEY)]
    found.roles[ROLE].identity = [policy("IAM", [iam(IAM_ACTIONS)], only_if=frozenset({"Main.IsProd"}))]
    assert {each.policy for each in compare(found).undecided} == {"role"}
    found.asked = [asked(only_if=frozenset({"Main.IsProd"}))]
    assert compare(found).undecided == ()


def test_a_policy_that_is_no_document_is_undecided() -> None:
    """A parameter may hold the whole policy."""
    found = model()
    found.keys[KEY].policies = [Policy("${Main.Policy?}", "key policy")]
    assert {each.policy for each in compare(found).undecided} == {"key"}
    assert {each.because for each in compare(found).undecided} == {"key policy isn't known before deployment"}
