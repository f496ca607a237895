"""Conditions as companies write them: denied, allowed, or undecided with the element named."""

from typing import Any

import pytest

from personalize_kms_check._comparison import compare
from personalize_kms_check._evaluation import calls
from personalize_kms_check._evaluation.conditions import condition_answer
from personalize_kms_check._model.causes import Cause
from personalize_kms_check._model.declarations import Declaration
from personalize_kms_check._model.model import Bucket, Key
from personalize_kms_check._model.report import AccessReport
from personalize_kms_check._shared.answers import Answer
from tests.access.models import (
    ACCOUNT,
    ANOTHER_ACCOUNT,
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
    SERVICE,
    TRUST,
    Statement,
    asked,
    iam,
    in_main,
    lines,
    location,
    model_of,
    policy,
    report_of,
    role,
    service,
)

SERVICES_ALONE = {"Bool": {"aws:PrincipalIsAWSService": "true"}}
OTHERS_ALONE = {"Bool": {"aws:PrincipalIsAWSService": "false"}}
VPC_ALONE = {"aws:SourceVpce": "vpce-1"}
OTHER = f"arn:aws:iam::{ACCOUNT}:role/Other"
LISTED = [OTHER, ROLE]
ALL = set(KEY_POLICY_ACTIONS)
NEGATED = ("ArnNotEquals", "ArnNotLike", "StringNotEquals", "StringNotLike")
UNKNOWN = "the check doesn't know what Personalize sends"
IF_ABSENT = "it holds only if Personalize doesn't send the key"
SOURCE_ARNS = f"arn:aws:personalize:eu-west-1:{ACCOUNT}"
SSE_C = "s3:x-amz-server-side-encryption-customer-algorithm"


# An export of a dataset group without a key, and what it needs.
TO_EXPORT = asked(EXPORT_JOB, dataset_group_key=None, destination=location("export/"))
WRITE = [iam(["s3:PutObject"], f"{BUCKET}/export/*"), iam(["s3:ListBucket"], BUCKET)]
ON_OUTPUT = [
    service(["s3:PutObject"], Resource=f"{BUCKET}/export/*"),
    service(["s3:ListBucket"], Resource=BUCKET),
]


def denial(condition: Any, **elements: Any) -> Statement:
    given = iam("s3:*", "*", Sid="Perimeter", Effect="Deny", Principal="*")
    return {**given, "Condition": condition, **elements}


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ({"StringEquals": {"aws:ResourceTag/team": "movies"}}, UNKNOWN),
        (
            {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/movies"}},
            "the check doesn't read aliases",
        ),
    ],
)
def test_conditions_on_what_a_key_has(condition: Any, reason: str) -> None:
    """AWS documents them, and a template may say them: it is the check that doesn't look."""
    report = report_of(
        key=[role(KEY_POLICY_ACTIONS, Condition=condition), service(KEY_POLICY_ACTIONS)], iam=[]
    )
    assert {entry.action for entry in report.undecided if entry.policy == "key"} == ALL
    assert all(reason in entry.because for entry in report.undecided)


@pytest.mark.parametrize(
    ("condition", "is_denied"),
    [
        ({"Null": {SSE_C: "false"}}, False),
        ({"StringLike": {SSE_C: "*"}}, False),
        ({"Null": {SSE_C: "true"}}, True),
    ],
)
def test_a_denial_of_keys_that_customers_send(condition: Any, is_denied: bool) -> None:
    """Personalize takes no such key, so it sends none with what it writes."""
    denied = denial(condition, Action="s3:PutObject")
    report = report_of(TO_EXPORT, iam=WRITE, bucket=[*ON_OUTPUT, denied])
    assert {entry.action for entry in report.missing} == ({"s3:PutObject"} if is_denied else set())
    assert report.undecided == ()


def answers(report: AccessReport) -> dict[str, str]:
    """Tell for role and Personalize if they may read, are denied it, or if that is open."""
    missing = {entry.principal for entry in report.missing}
    undecided = {entry.principal for entry in report.undecided}
    return {
        principal: "denied" if principal in missing else "open" if principal in undecided else "may"
        for principal in ("role", "service")
    }


def judge(condition: Any, of_role: str, of_service: str, reason: str = "") -> None:
    """Judge an import job whose bucket policy has this denial.

    The report names the statement, and no policy to change; what leaves it open is named.
    """
    report = report_of(
        asked(IMPORT_JOB, source=location()),
        key=ON_KEY,
        iam=READ,
        bucket=[*ON_BUCKET, denial(condition)],
    )
    assert answers(report) == {"role": of_role, "service": of_service}
    assert {(entry.policy, entry.because) for entry in report.missing} <= {
        ("bucket", "denied by statement Perimeter of bucket policy")
    }
    assert report.policies == ()
    for entry in report.undecided:
        assert entry.because.startswith("may be denied: statement Perimeter of bucket policy: ")
        assert reason in entry.because
    assert len(report.missing) + len(report.undecided) == 2 * (
        (of_role != "may") + (of_service != "may")
    )


@pytest.mark.parametrize(
    ("condition", "answer"),
    [
        # TLS, and denials that spare the role and services.
        ({"Bool": {"aws:SecureTransport": "false"}}, "may"),
        ({"ArnNotLike": {"aws:PrincipalArn": ROLE}, **OTHERS_ALONE}, "may"),
        ({"ArnNotEquals": {"aws:PrincipalArn": LISTED}, **OTHERS_ALONE}, "may"),
        ({"StringNotEquals": {"aws:ResourceAccount": ACCOUNT}}, "may"),
        # "Amazon Personalize can't interact with Amazon S3 buckets that allow only VPC access."
        ({"StringNotEquals": {"aws:SourceVpc": ["vpc-1", "vpc-2"]}}, "denied"),
        ({"Null": {"aws:SourceVpc": ["False", True]}}, "denied"),
        (None, "denied"),
        # Only uploads have the header.
        ({"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}, "denied"),
        # No call of Personalize has MFA, whether the key is absent or false.
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, "denied"),
        ({"Null": {"aws:MultiFactorAuthAge": "true"}}, "denied"),
        ({"NumericGreaterThanIfExists": {"aws:MultiFactorAuthAge": "3600"}}, "denied"),
        # Personalize itself is none of the roles that a denial spares, whether or not its calls
        # have an ARN.
        *(({operator: {"aws:PrincipalArn": OTHER}}, "denied") for operator in NEGATED),
        # Of the role a variable is known, and puts another role into the ARN.
        (
            {"ArnNotEquals": {"aws:PrincipalArn": f"{OTHER[:-5]}${{aws:PrincipalAccount}}"}},
            "denied",
        ),
        # Variables are for operators of strings and ARNs.
        ({"StringEquals": {"aws:SecureTransport": "${aws:SecureTransport}"}}, "denied"),
        ({"Bool": {"aws:SecureTransport": "${aws:SecureTransport}"}}, "open"),
        # KMS's keys are in no call of S3.
        ({"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}, "may"),
        ({"StringNotEquals": {"kms:EncryptionContext:aws:s3:arn": "x"}}, "denied"),
        ({"Null": {"kms:EncryptionContextKeys": "true"}}, "denied"),
        # The account of the bucket is known.
        ({"StringEquals": {"s3:ResourceAccount": ACCOUNT}}, "denied"),
        ({"StringNotEquals": {"s3:ResourceAccount": ACCOUNT}}, "may"),
        # Two conditions on one key are about one value: a denial of other accounts, if Personalize
        # sends the account.
        (
            {
                "StringNotEquals": {"aws:SourceAccount": ACCOUNT},
                "Null": {"aws:sourceaccount": "false"},
            },
            "may",
        ),
        # With an absent key a comparison is false, and its negation true.
        *(({operator: VPC_ALONE}, "may") for operator in ("StringEquals", "ArnLike", "IpAddress")),
        *(({operator: VPC_ALONE}, "may") for operator in ("Bool", "DateEquals", "BinaryEquals")),
        ({"NumericEquals": VPC_ALONE}, "may"),
        *(({operator: VPC_ALONE}, "denied") for operator in ("StringNotLike", "ArnNotEquals")),
        *(({operator: VPC_ALONE}, "denied") for operator in ("NotIpAddress", "NumericNotEquals")),
        ({"ForAllValues:StringNotEquals": VPC_ALONE}, "denied"),
        ({"ForAnyValue:StringNotEquals": VPC_ALONE}, "may"),
        # A truth value is a string, and what is none can't be compared.
        ({"Bool": {"aws:SecureTransport": False}}, "may"),
        ({"StringEquals": {"aws:SecureTransport": True}}, "denied"),
        ({"StringEquals": {"aws:PrincipalAccount": [None]}}, "open"),
        ({"IpAddress": {"aws:PrincipalAccount": "10.0.0.0/8"}}, "open"),
        # ARNs, part by part.
        ({"ArnLike": {"aws:PrincipalArn": "PersonalizeRole"}}, "may"),
        ({"ArnNotLike": {"aws:PrincipalArn": "PersonalizeRole"}}, "denied"),
        ({"ArnLike": {"aws:PrincipalArn": "*"}}, "open"),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:*:role/PersonalizeRole"}}, "open"),
        # Numbers, as strings or not: TLS has version 1.2 or 1.3.
        ({"NumericEquals": {"s3:TlsVersion": "1.1"}}, "may"),
        ({"NumericNotEquals": {"s3:TlsVersion": ["1.2", "1.3"]}}, "may"),
        ({"NumericLessThan": {"s3:TlsVersion": 1.2}}, "may"),
        ({"NumericLessThanEquals": {"s3:TlsVersion": 1.3}}, "denied"),
        ({"NumericGreaterThan": {"s3:TlsVersion": "1.1"}}, "denied"),
        ({"NumericGreaterThan": {"s3:TlsVersion": "1.2"}}, "open"),
        ({"NumericGreaterThanEquals": {"s3:TlsVersion": "1.2"}}, "denied"),
    ],
)
def test_a_denial_in_the_bucket_policy(condition: Any, answer: str) -> None:
    """It is one for the role and for Personalize, or for neither."""
    judge(condition, answer, answer)


@pytest.mark.parametrize(
    ("condition", "of_role", "of_service"),
    [
        ({"StringNotEquals": VPC_ALONE, **OTHERS_ALONE}, "denied", "may"),
        ({"ArnNotLike": {"aws:PrincipalArn": f"{ROLE}2"}, **OTHERS_ALONE}, "denied", "may"),
        # A service principal is a member of no organization.
        ({"StringNotEquals": {"aws:PrincipalOrgID": "o-1"}, **SERVICES_ALONE}, "may", "denied"),
        # A denial that spares the role doesn't spare Personalize itself.
        *(({operator: {"aws:PrincipalArn": LISTED}}, "may", "denied") for operator in NEGATED),
        ({"ArnNotEquals": {"aws:PrincipalArn": f"{OTHER[:-5]}*"}}, "may", "denied"),
        ({"StringNotLike": {"aws:PrincipalArn": [ROLE, f"{OTHER[:-5]}Adm?n*"]}}, "may", "denied"),
        ({"ArnEquals": {"aws:PrincipalArn": ROLE}}, "denied", "may"),
        ({"ArnLike": {"aws:PrincipalArn": f"arn:${{AWS::Partition}}{ROLE[7:]}"}}, "denied", "may"),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/Personalize*"}}, "denied", "open"),
    ],
)
def test_a_denial_that_tells_the_role_from_personalize(
    condition: Any, of_role: str, of_service: str
) -> None:
    """By the principal: a service is no role, and a role no service."""
    judge(condition, of_role, of_service)


@pytest.mark.parametrize(
    ("condition", "reason"),
    [
        ({"Bool": {"aws:MultiFactorAuthPresent": "false"}}, "MultiFactorAuthPresent"),
        ({"Null": {"aws:SourceVpc": "${Main.IsNull?}"}}, "Main.IsNull isn't known"),
        # What neither AWS's documentation nor a template says.
        ({"StringEquals": {"aws:PrincipalTag/team": "movies"}}, UNKNOWN),
        ({"StringNotEquals": {"aws:ResourceOrgPaths": "x"}}, UNKNOWN),
        ({"DateLessThan": {"aws:CurrentTime": "2026-01-01"}}, UNKNOWN),
        ({"NotIpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, UNKNOWN),
        ({"Null": {"s3:x-amz-content-sha256": "true"}}, UNKNOWN),
        ("Restricted", "Condition isn't known before deployment"),
        # Of an operator that isn't known, who knows?
        (
            {"stringNotEquals": VPC_ALONE},
            "condition stringNotEquals aws:SourceVpce: the operator isn't known",
        ),
        ({"ArnNotEqualIfExists": VPC_ALONE}, "the operator isn't known"),
        ({"ForAllValues:StringIsNot": VPC_ALONE}, "the operator isn't known"),
        ({"NumericLike": {"s3:TlsVersion": "1"}}, "the operator isn't known"),
        ({"NumericLessThan": {"s3:TlsVersion": "1.3"}}, "condition NumericLessThan s3:TlsVersion"),
        ({"NumericLessThan": {"s3:TlsVersion": "new"}}, UNKNOWN),
        # Of several conditions, those that are decided aren't named.
        (
            {"Bool": {"aws:SecureTransport": "true"}, "StringEquals": {"aws:SourceIp": "10.0.0.1"}},
            "may be denied: statement Perimeter of bucket policy: condition StringEquals "
            "aws:SourceIp: " + UNKNOWN,
        ),
    ],
)
def test_what_leaves_a_denial_open_is_named(condition: Any, reason: str) -> None:
    """The key, the operator or the part of the template."""
    judge(condition, "open", "open", reason)


@pytest.mark.parametrize(
    ("condition", "of_role", "reason"),
    [
        # The role is no user; what Personalize itself has isn't documented.
        ({"StringNotEquals": {"aws:username": "scientist"}}, "denied", "username"),
        (
            {"ArnEqualsIfExists": {"aws:PrincipalArn": ROLE}},
            "denied",
            "aws:PrincipalArn: it holds only if",
        ),
        ({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/*"}}, "may", "aws:PrincipalArn"),
        ({"Null": {"aws:PrincipalArn": "true"}}, "may", "aws:PrincipalArn"),
        ({"Null": {"aws:SourceAccount": "true"}, **SERVICES_ALONE}, "may", IF_ABSENT),
        # Two conditions on one key are about one value.
        *(
            (
                {**condition, "Null": {"aws:SourceAccount": "false"}},
                "may",
                "condition Null aws:SourceAccount: AWS doesn't document whether",
            )
            for condition in (
                {"StringNotEquals": {"aws:SourceAccount": ANOTHER_ACCOUNT}},
                {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}},
            )
        ),
        # For a service role the key is false; for a service principal AWS doesn't say.
        ({"Bool": {"aws:ViaAWSService": "false"}}, "denied", UNKNOWN),
        ({"BoolIfExists": {"aws:ViaAWSService": "true"}}, "may", UNKNOWN),
        # Strings, with their case or without.
        ({"StringEqualsIgnoreCase": {"aws:PrincipalType": "assumedrole"}}, "denied", UNKNOWN),
        ({"StringNotEqualsIgnoreCase": {"aws:PrincipalType": "ASSUMEDROLE"}}, "may", UNKNOWN),
        ({"StringEquals": {"aws:PrincipalType": "assumedrole"}}, "may", UNKNOWN),
        ({"StringLike": {"aws:PrincipalType": "Assumed*"}}, "denied", UNKNOWN),
    ],
)
def test_a_denial_that_is_open_for_personalize_alone(
    condition: Any, of_role: str, reason: str
) -> None:
    """AWS documents what a role sends, and little of what a service does."""
    judge(condition, of_role, "open", reason)


OF_LISTING = ("s3:delimiter", "s3:max-keys", "s3:prefix")
OF_UPLOADS = (
    "s3:x-amz-acl",
    "s3:x-amz-server-side-encryption",
    "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "s3:x-amz-storage-class",
)


@pytest.mark.parametrize(
    ("key", "action", "resource"),
    [
        *((key, "s3:ListBucket", BUCKET) for key in OF_LISTING),
        *((key, "s3:PutObject", f"{BUCKET}/export/*") for key in OF_UPLOADS),
    ],
)
def test_what_a_listing_or_an_upload_must_have_leaves_it_undecided(
    key: str, action: str, resource: str
) -> None:
    """AWS doesn't document the parameters and headers that Personalize sends with these calls."""
    needed = denial({"Null": {key: "true"}}, Action=action)
    report = report_of(TO_EXPORT, iam=WRITE, bucket=[*ON_OUTPUT, needed])
    assert report.missing == ()
    told = lines(report.undecided)
    assert told == {("role", "bucket", action, resource), ("service", "bucket", action, resource)}


OF_ACCOUNT, OF_ANOTHER = {"aws:SourceAccount": ACCOUNT}, {"aws:SourceAccount": ANOTHER_ACCOUNT}
BY_PERSONALIZE = {"kms:ViaService": "personalize.eu-west-1.amazonaws.com"}


@pytest.mark.parametrize(
    ("condition", "answer", "key"),
    [
        # A check of the account shuts nobody out by its absence.
        ({}, "may", ""),
        ({"StringEqualsIfExists": OF_ACCOUNT}, "may", ""),
        ({"StringEqualsIfExists": {"AWS:sourceaccount": [ACCOUNT, ANOTHER_ACCOUNT]}}, "may", ""),
        ({"ArnLikeIfExists": {"aws:SourceArn": f"{SOURCE_ARNS}:*"}}, "may", ""),
        ({"ForAllValues:StringEquals": OF_ACCOUNT}, "may", ""),
        # What never holds: the statement is there, and gives nothing.
        ({"StringEqualsIfExists": OF_ANOTHER, **OTHERS_ALONE}, "denied", ""),
        ({"Bool": {"aws:SecureTransport": "false"}}, "denied", ""),
        ({"StringEquals": {"aws:PrincipalServiceName": "forecast.amazonaws.com"}}, "denied", ""),
        ({"StringEquals": VPC_ALONE}, "denied", ""),
        # AWS doesn't document whether Personalize sends it, or what.
        ({"StringEquals": OF_ACCOUNT}, "open", "aws:SourceAccount: AWS doesn't document whether"),
        ({"StringEqualsIfExists": OF_ANOTHER}, "open", f"aws:SourceAccount: {IF_ABSENT}"),
        ({"StringEqualsIfExists": {"aws:SourceAccount": "${Main.A?}"}}, "open", "Main.A"),
        ({"ArnLike": {"aws:SourceArn": f"{SOURCE_ARNS}:*"}}, "open", "aws:SourceArn"),
        ({"ArnLikeIfExists": {"aws:SourceArn": f"{SOURCE_ARNS}:x"}}, "open", "aws:SourceArn"),
        ({"StringEquals": BY_PERSONALIZE}, "open", "kms:ViaService"),
    ],
)
def test_what_a_key_policy_allows_personalize_under_a_condition(
    condition: Any, answer: str, key: str
) -> None:
    """All that it needs, or nothing; what leaves it open is named."""
    statements = [role(KEY_POLICY_ACTIONS), service(KEY_POLICY_ACTIONS, Condition=condition)]
    report = report_of(key=statements, iam=[iam(IAM_ACTIONS)])
    assert answers(report) == {"role": "may", "service": answer}
    entries = (*report.missing, *report.undecided)
    assert lines(entries) == {
        ("service", "key", action, KEY) for action in KEY_POLICY_ACTIONS if answer != "may"
    }
    assert all(key in entry.because for entry in entries)


SENT_BY_ROLES = ("aws:PrincipalOrgID", "aws:PrincipalOrgPaths")
SENT_BY_SERVICES = (
    *("aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID", "aws:SourceOrgPaths"),
    *("aws:CalledVia", "aws:CalledViaFirst", "aws:CalledViaLast", "aws:PrincipalServiceNamesList"),
)


@pytest.mark.parametrize(
    ("key", "of_role", "of_service"),
    [
        *((f"aws:{key}", "denied", "denied") for key in ("SourceVpc", "SourceVpce", "VpcSourceIp")),
        *((key, "denied", "denied") for key in (*OF_LISTING, *OF_UPLOADS)),
        *((key, "open", "denied") for key in SENT_BY_ROLES),
        *((key, "denied", "open") for key in SENT_BY_SERVICES),
        ("aws:PrincipalServiceName", "denied", "may"),
    ],
)
def test_condition_keys_that_calls_lack(key: str, of_role: str, of_service: str) -> None:
    """A denial of calls without them."""
    denied = denial({"Null": {key: "true"}}, Action="s3:GetObject")
    report = report_of(
        asked(IMPORT_JOB, source=location()), key=ON_KEY, iam=READ, bucket=[*ON_BUCKET, denied]
    )
    assert answers(report) == {"role": of_role, "service": of_service}


OF_CONTEXT = {"kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey"}
FOR_AWS = {"Bool": {"kms:GrantIsForAWSResource": "true"}}


@pytest.mark.parametrize(
    ("condition", "allowed", "undecided"),
    [
        # Neither DescribeKey nor ListGrants has an encryption context; the others may have any.
        ({"StringEquals": {"kms:EncryptionContext:aws:personalize:arn": "x"}}, set(), OF_CONTEXT),
        ({"StringNotEquals": {"kms:EncryptionContext:Purpose": "x"}}, ALL - OF_CONTEXT, OF_CONTEXT),
        ({"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": "x"}}, set(), OF_CONTEXT),
        ({"Null": {"kms:EncryptionContextKeys": "true"}}, ALL - OF_CONTEXT, OF_CONTEXT),
        (
            {"StringEquals": {"kms:EncryptionAlgorithm": "x"}},
            set(),
            OF_CONTEXT - {"kms:CreateGrant"},
        ),
        # Three operations tell it.
        (FOR_AWS, set(), {"kms:CreateGrant", "kms:ListGrants"}),
        (
            {"BoolIfExists": FOR_AWS["Bool"]},
            ALL - {"kms:CreateGrant", "kms:ListGrants"},
            {"kms:CreateGrant", "kms:ListGrants"},
        ),
        *(
            ({"StringEqualsIfExists": {key: "x"}}, ALL - {"kms:CreateGrant"}, {"kms:CreateGrant"})
            for key in (
                "kms:GrantConstraintType",
                "kms:GranteePrincipal",
                "kms:GrantOperations",
                "kms:RetiringPrincipal",
            )
        ),
        # S3's keys are in no call of KMS, not even one that S3 forwards.
        ({"StringEquals": {"s3:prefix": "import/"}}, set(), set()),
        ({"StringNotEquals": {"s3:x-amz-server-side-encryption": "aws:kms"}}, ALL, set()),
        ({"NumericGreaterThanEquals": {"s3:TlsVersion": "1.2"}}, set(), set()),
        # The account of the role is known, and which service calls for it isn't.
        ({"StringEquals": {"kms:CallerAccount": ACCOUNT}}, ALL, set()),
        ({"StringEquals": {"kms:CallerAccount": ANOTHER_ACCOUNT}}, set(), set()),
        ({"StringEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}, set(), ALL),
        ({"StringNotEquals": {"kms:ViaService": "s3.eu-west-1.amazonaws.com"}}, set(), ALL),
    ],
)
def test_condition_keys_of_kms_are_those_that_its_guide_lists(
    condition: Any, allowed: set[str], undecided: set[str]
) -> None:
    """https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html"""
    report = report_of(
        key=[role(KEY_POLICY_ACTIONS, Condition=condition), service(KEY_POLICY_ACTIONS)],
        iam=[iam(IAM_ACTIONS)],
    )
    assert lines(report.undecided) == {("role", "key", action, KEY) for action in undecided}
    assert lines(report.missing) == {
        ("role", "key", action, KEY) for action in ALL - allowed - undecided
    }


def test_the_condition_keys_of_a_new_action_stay_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until somebody has looked them up, no condition on them decides anything."""
    action = "s3:ListBucketVersions"
    monkeypatch.setattr(calls, "ASKED_ACTIONS", {action})
    calls._keys_of.cache_clear()
    call = calls.call_on(None, calls.service(ACCOUNT, "eu-west-1"), action, BUCKET)
    test = {"StringLike": {"s3:prefix": "import/*"}}
    assert condition_answer(test, call.context)[0] is Answer.MAYBE
    calls._keys_of.cache_clear()


@pytest.mark.parametrize(
    ("action", "algorithm", "for_aws"),
    [
        ("kms:Encrypt", "open", "may"),
        ("kms:ReEncryptTo", "open", "may"),
        ("kms:RevokeGrant", "may", "open"),
        ("kms:EnableKey", "may", "may"),
    ],
)
def test_condition_keys_of_actions_that_personalize_does_not_need(
    action: str, algorithm: str, for_aws: str
) -> None:
    """They are too much only if the condition holds for certain: the action has no such key."""
    for condition, answer in (
        ({"StringEqualsIfExists": {"kms:EncryptionAlgorithm": "x"}}, algorithm),
        ({"BoolIfExists": FOR_AWS["Bool"]}, for_aws),
    ):
        report = report_of(
            key=[*ON_KEY, role([action], Condition=condition)], iam=[iam(IAM_ACTIONS)]
        )
        assert lines(report.excess) == (
            {("role", "key", action, KEY)} if answer == "may" else set()
        )


def test_source_conditions_shut_the_role_out() -> None:
    """Only calls of a service have ``aws:SourceAccount``, so the role needs its own statement."""
    both = {"AWS": ROLE, "Service": SERVICE}
    of_account = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    report = report_of(
        key=[service(KEY_POLICY_ACTIONS, Principal=both, Condition=of_account)],
        iam=[iam(IAM_ACTIONS)],
    )
    assert lines(report.missing) == {("role", "key", action, KEY) for action in KEY_POLICY_ACTIONS}


def test_what_the_role_does_with_a_key_may_be_a_forwarded_call_of_s3() -> None:
    """S3 uses the key of a bucket on behalf of the role."""
    denied = role(["kms:*"], Effect="Deny", Condition={"Bool": {"aws:ViaAWSService": "true"}})
    told = answers(report_of(key=[*ON_KEY, denied], iam=[iam(IAM_ACTIONS)]))
    assert told == {"role": "open", "service": "may"}


OURS, THEIRS = "o-1a2b3c4d5e", "o-9z8y7x6w5v"
MEMBER = "${aws:PrincipalOrgID}"


@pytest.mark.parametrize(
    ("condition", "untold", "told"),
    [
        # The role is a member of the organization, and Personalize itself of none.
        ({"StringNotEquals": {"aws:PrincipalOrgID": OURS}}, "open denied", "may denied"),
        ({"StringNotEquals": {"aws:PrincipalOrgID": THEIRS}}, "open denied", "denied denied"),
        ({"Null": {"aws:PrincipalOrgID": "true"}}, "open denied", "may denied"),
        # So is the account of the bucket.
        ({"StringNotEquals": {"aws:ResourceOrgID": OURS}}, "open open", "may may"),
        ({"StringNotEquals": {"aws:ResourceOrgID": MEMBER}}, "open open", "may open"),
        # Whether Personalize sends it isn't documented.
        ({"StringNotEqualsIfExists": {"aws:SourceOrgID": OURS}}, "denied open", "denied open"),
        (
            {
                "StringNotEquals": {"aws:SourceOrgID": OURS},
                "Null": {"aws:SourceOrgID": "false"},
                **SERVICES_ALONE,
            },
            "may open",
            "may may",
        ),
        # The paths aren't told.
        (
            {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{OURS}/*"}},
            "open may",
            "open may",
        ),
    ],
)
def test_the_organization_can_be_told(condition: Any, untold: str, told: str) -> None:
    """Data perimeters deny what isn't of the organization: answers of the role and the service."""
    bucket = [*ON_BUCKET, denial(condition)]
    for organization, expected in (("", untold), (OURS, told)):
        model = model_of(asked(IMPORT_JOB, source=location()), key=ON_KEY, iam=READ, bucket=bucket)
        model.organization = organization
        assert " ".join(answers(compare(model)).values()) == expected


@pytest.mark.parametrize(
    ("account", "declared", "may"),
    [
        (ACCOUNT, None, "may"),
        (ANOTHER_ACCOUNT, None, "open"),
        (ANOTHER_ACCOUNT, in_main("Bucket"), "may"),
    ],
)
def test_a_bucket_of_another_account_is_of_the_organization_if_the_app_makes_it(
    account: str, declared: Declaration | None, may: str
) -> None:
    """Of others the organization isn't known."""
    perimeter = denial({"StringNotEquals": {"aws:ResourceOrgID": OURS}})
    model = model_of(asked(IMPORT_JOB, source=location()), key=ON_KEY, iam=READ)
    for_role = {
        **ON_BUCKET[0],
        "Principal": {"AWS": ROLE},
        "Action": ["s3:*"],
        "Resource": "*",
        "Condition": {},
    }
    policies = [policy("bucket policy", [*ON_BUCKET, for_role, perimeter])]
    model.buckets[BUCKET] = Bucket(BUCKET, account, policies, declared=declared)
    model.organization = OURS
    assert answers(compare(model)) == {"role": may, "service": may}


@pytest.mark.parametrize(
    "condition",
    [
        # As the source of Personalize's call, if it sends that; and the role is in the account that
        # Personalize works for.
        {
            "StringNotEqualsIfExists": {"aws:SourceOrgID": OURS},
            "Null": {"aws:SourceOrgID": "false"},
        },
        {"StringNotEquals": {"aws:ResourceOrgID": OURS}},
    ],
)
def test_a_trust_policy_may_be_for_the_organization(condition: Statement) -> None:
    refusing = denial(condition, Action="sts:AssumeRole")
    del refusing["Resource"]
    model = model_of(key=ON_KEY, iam=[iam(IAM_ACTIONS)], trust=[TRUST, refusing])
    assert [entry.policy for entry in compare(model).undecided] == ["trust"]
    model.organization = OURS
    assert compare(model).undecided == ()


@pytest.mark.parametrize(
    ("value", "expected", "answer"),
    [
        (ROLE, "role/${Main.Name?}", Answer.MAYBE),
        (ROLE, "Personalize*", Answer.MAYBE),
        ("${Main.RoleArn?}", ROLE, Answer.MAYBE),
        (ACCOUNT, "arn:aws:iam::*:role/*", Answer.NO),
        (ACCOUNT, "*", Answer.MAYBE),
    ],
)
def test_what_is_no_arn_is_like_none(value: str, expected: str, answer: Answer) -> None:
    """A value that may be an ARN, or a wildcard without colons, stays undecided."""
    condition = {"ArnLike": {"aws:PrincipalArn": expected}}
    assert condition_answer(condition, {"aws:principalarn": (value,)})[0] is answer


def test_a_key_that_is_the_beginning_of_others() -> None:
    context = {"kms:encryptioncontext:": (None,)}
    of_any = condition_answer({"StringEquals": {"kms:EncryptionContext": "x"}}, context)[0]
    assert of_any is Answer.MAYBE
    of_one = condition_answer({"StringEquals": {"kms:EncryptionContext:aws:s3:arn": "x"}}, context)[
        0
    ]
    assert of_one is Answer.NO


ITS_OWN, IN_TEXT = "${AWS::AccountId}", "111122223333"
OPEN_ARN = "arn:${AWS::Partition}:personalize:eu-west-1:${AWS::AccountId}:*"
VALUE_UNKNOWN = Cause.CONDITION_VALUE_UNKNOWN


@pytest.mark.parametrize(
    ("condition", "sent", "cause", "parts"),
    [
        # What is compared with the account of a stack that doesn't say it.
        ({"ArnLike": f"{SOURCE_ARNS}:*"}, (OPEN_ARN,), VALUE_UNKNOWN, ("AWS::AccountId",)),
        ({"StringEqualsIfExists": IN_TEXT}, (None, ITS_OWN), VALUE_UNKNOWN, ("AWS::AccountId",)),
        ({"StringEquals": "${Main.Owner?}"}, (IN_TEXT,), VALUE_UNKNOWN, ("Main.Owner",)),
        # Whether it is sent is open, not its value.
        ({"StringEquals": ITS_OWN}, (None, ITS_OWN), Cause.KEY_MAYBE_ABSENT, ()),
        ({"StringNotEquals": ITS_OWN}, (None, ITS_OWN), Cause.KEY_IF_ABSENT, ()),
        ({"StringEquals": "${aws:PrincipalAccount}"}, (None, IN_TEXT), Cause.KEY_MAYBE_ABSENT, ()),
        # Both known, and not to compare.
        ({"IpAddress": "10.0.0.0/8"}, ("10.0.0.1",), Cause.KEY_UNKNOWN, ()),
    ],
)
def test_what_leaves_a_condition_open(
    condition: dict[str, str], sent: tuple[str | None, ...], cause: Cause, parts: tuple[str, ...]
) -> None:
    """The value that is sent, the value that it is compared with, or whether it is sent."""
    ((operator, value),) = condition.items()
    answer, (doubt,) = condition_answer(
        {operator: {"aws:SourceAccount": value}}, {"aws:sourceaccount": sent}
    )
    assert (answer, doubt.cause) == (Answer.MAYBE, cause)
    assert doubt.values.get("parts", ()) == parts


def test_personalize_has_no_account_of_a_stack() -> None:
    """So that a denial for all but roles of the stack's own account denies it."""
    key, of_role = KEY.replace(ACCOUNT, ITS_OWN), ROLE.replace(ACCOUNT, ITS_OWN)
    model = model_of(asked(dataset_group_key=key, account=ITS_OWN, role_arn=of_role))
    statements = [
        service(KEY_POLICY_ACTIONS, Condition={}),
        denial({"ArnNotEquals": {"aws:PrincipalArn": of_role}}, Action="kms:*"),
    ]
    model.keys = {key: Key(key, [policy("key policy", statements)])}
    told = [entry for entry in compare(model).missing if entry.principal == "service"]
    assert {entry.cause for entry in told} == {Cause.DENIED}
    assert {entry.action for entry in told} == set(KEY_POLICY_ACTIONS)
