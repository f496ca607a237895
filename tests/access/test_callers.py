"""A role that calls Personalize needs the API's action, and has to pass the service role on."""

from typing import Any

import pytest

from personalize_kms_check._comparison import compare
from personalize_kms_check._model.model import AccessModel, Role
from personalize_kms_check._model.report import AccessReport
from tests.access.models import (
    ACCOUNT,
    BATCH_INFERENCE_JOB,
    IMPORT_JOB,
    KEY,
    REGION,
    ROLE,
    Statement,
    asked,
    iam,
    lacking,
    lines,
    policy,
)

CALLER = f"arn:aws:iam::{ACCOUNT}:role/Machine"
HERE = f"arn:aws:personalize:{REGION}:{ACCOUNT}"
DATASET, JOB = f"{HERE}:dataset/movies/INTERACTIONS", f"{HERE}:dataset-import-job/nightly"
SOLUTION, VERSION = f"{HERE}:solution/sims", f"{HERE}:solution/sims/4a5b"
PAGE = (
    "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonpersonalize.html"
)

CREATE, PASS = "personalize:CreateDatasetImportJob", "iam:PassRole"
TO_PERSONALIZE = {"StringEquals": {"iam:PassedToService": "personalize.amazonaws.com"}}
TO_STEP_FUNCTIONS = {"StringEquals": {"iam:PassedToService": "states.amazonaws.com"}}
FOR_A_RESOURCE = {"StringLike": {"iam:AssociatedResourceArn": "*"}}
NEEDED = {(CREATE, DATASET), (CREATE, JOB), (PASS, ROLE)}
CREATING, PASSING = iam([CREATE], [DATASET, JOB]), iam([PASS], ROLE, Condition=TO_PERSONALIZE)


def model_of(*statements: Statement, **more: Any) -> AccessModel:
    """An import job that a role with these statements starts."""
    model = AccessModel(
        requests=[asked(IMPORT_JOB, caller_arn=CALLER, calls_on=(DATASET, JOB), **more)]
    )
    model.roles[CALLER] = Role(
        CALLER, identity=[policy("IAM policy of the machine", list(statements))]
    )
    return model


def denied(condition: Statement, action: str = "*") -> list[Statement]:
    """Statements for everything that the caller needs, and a denial under a condition."""
    return [CREATING, PASSING, iam([action], "*", Effect="Deny", Condition=condition)]


def of_caller(report: AccessReport) -> list[set[tuple[str, str]]]:
    """Return what the caller may do, lacks, and may have or lack; all of it in its IAM policies."""
    permissions = []
    for entries in (report.allowed, report.missing, report.undecided):
        own = lines(tuple(entry for entry in entries if entry.principal == "caller"))
        assert {policy for _, policy, _, _ in own} <= {"role"}
        permissions.append({(action, resource) for _, _, action, resource in own})
    return permissions


@pytest.mark.parametrize(
    ("statements", "missing", "undecided"),
    [
        ([CREATING, PASSING], set(), set()),
        ([iam(["*"], "*")], set(), set()),
        ([], NEEDED, set()),
        ([CREATING], {(PASS, ROLE)}, set()),
        ([PASSING], {(CREATE, DATASET), (CREATE, JOB)}, set()),
        ([iam([CREATE], JOB), PASSING], {(CREATE, DATASET)}, set()),
        ([CREATING, iam([PASS], f"{ROLE}2")], {(PASS, ROLE)}, set()),
        ([CREATING, iam([PASS], "*", Condition=TO_STEP_FUNCTIONS)], {(PASS, ROLE)}, set()),
        ([CREATING, iam([PASS], ROLE, Condition=FOR_A_RESOURCE)], set(), {(PASS, ROLE)}),
        (
            denied({"StringNotEquals": {"aws:RequestedRegion": REGION}}, "personalize:*"),
            set(),
            set(),
        ),
        (
            denied({"StringNotEquals": {"iam:PassedToService": "personalize.amazonaws.com"}}, PASS),
            set(),
            set(),
        ),
        (
            denied({"Null": {"iam:PassedToService": "true"}}, "personalize:*"),
            {(CREATE, DATASET), (CREATE, JOB)},
            set(),
        ),
        (denied({"Null": {"aws:SourceAccount": "false"}}), set(), set()),
        (denied({"ArnNotLike": {"aws:PrincipalArn": CALLER}}), set(), set()),
        (denied({"StringLike": {"kms:ViaService": "s3.*"}}), set(), set()),
        (denied({"StringNotEquals": {"aws:SourceVpc": "vpc-1"}}), set(), NEEDED),
    ],
)
def test_what_a_caller_needs(
    statements: list[Statement], missing: set[tuple[str, str]], undecided: set[tuple[str, str]]
) -> None:
    """A caller needs the action on each type of the reference, and ``iam:PassRole``."""
    report = compare(model_of(*statements))
    assert of_caller(report) == [NEEDED - missing - undecided, missing, undecided]
    assert {
        entry.page for entry in (*report.allowed, *report.missing) if entry.principal == "caller"
    } <= {PAGE}


def test_a_caller_that_lacks_everything() -> None:
    """Its IAM policies should have two statements, and with them nothing is missing."""
    (to_change,) = compare(model_of()).policies
    assert (to_change.policy, to_change.policy_of) == ("role", CALLER)
    assert to_change.should_have == (
        {
            "Effect": "Allow",
            "Action": ["iam:PassRole"],
            "Resource": ROLE,
            "Condition": {"StringEquals": {"iam:PassedToService": "personalize.amazonaws.com"}},
        },
        {
            "Effect": "Allow",
            "Action": ["personalize:CreateDatasetImportJob"],
            "Resource": [JOB, DATASET],
        },
    )
    assert of_caller(compare(model_of(*to_change.should_have))) == [NEEDED, set(), set()]


def test_nobody_is_asked_where_no_template_shows_who_calls() -> None:
    """A notebook, or CloudFormation itself."""
    model = model_of()
    model.requests = [asked(IMPORT_JOB)]
    assert of_caller(compare(model)) == [set(), set(), set()]


def test_the_boundary_of_a_caller_counts() -> None:
    """It lacks the action, and no IAM policy does."""
    model = model_of(CREATING, PASSING)
    model.roles[CALLER].boundary = policy("boundary", [iam(["personalize:*"], "*")])
    assert lacking(compare(model)) == {"boundary": {PASS}}


def test_what_a_caller_has_is_not_too_much() -> None:
    """Statements of the caller on keys aren't reported, those of the service role are."""
    model = model_of(CREATING, PASSING, iam(["kms:Encrypt"], KEY))
    model.roles[ROLE] = Role(ROLE, identity=[policy("IAM policy", [iam(["kms:Encrypt"], KEY)])])
    assert {entry.principal_arn for entry in compare(model).excess} == {ROLE}


@pytest.mark.parametrize(
    ("resource", "missing", "undecided"),
    [
        (f"{HERE}:solution/*", set(), set()),
        ([SOLUTION, VERSION], set(), set()),
        (SOLUTION, set(), {VERSION}),
        (f"{SOLUTION}/*", set(), {SOLUTION}),
        (f"{HERE}:solution/other", {SOLUTION, VERSION}, set()),
    ],
)
def test_a_solution_or_its_version(resource: Any, missing: set[str], undecided: set[str]) -> None:
    """The reference has one type for both, and doesn't say which is looked at."""
    create, job = "personalize:CreateBatchInferenceJob", f"{HERE}:batch-inference-job/nightly"
    model = model_of(iam([create], job), iam([create], resource), PASSING)
    needed = (SOLUTION, VERSION, job)
    model.requests = [asked(BATCH_INFERENCE_JOB, caller_arn=CALLER, calls_on=needed)]
    report = compare(model)
    assert of_caller(report) == [
        {(create, arn) for arn in {*needed} - missing - undecided} | {(PASS, ROLE)},
        {(create, arn) for arn in missing},
        {(create, arn) for arn in undecided},
    ]
    reasons = {entry.because for entry in report.undecided if entry.principal == "caller"}
    assert reasons == (
        {"whether the solution or its version has to be allowed isn't documented"}
        if undecided
        else set()
    )


@pytest.mark.parametrize(
    ("told", "answer"), [("o-a1b2c3d4e5", "yes"), ("o-f6g7h8i9j0", "no"), ("", "open")]
)
@pytest.mark.parametrize("key", ["aws:PrincipalOrgID", "aws:ResourceOrgID"])
def test_a_caller_is_of_the_organization(key: str, told: str, answer: str) -> None:
    """And so is what it creates and passes."""
    of_ours = {"StringEquals": {key: "o-a1b2c3d4e5"}}
    model = model_of({**CREATING, "Condition": of_ours}, {**PASSING, "Condition": of_ours})
    model.organization = told
    answers = dict(zip(("yes", "no", "open"), of_caller(compare(model)), strict=True))
    assert answers == {"yes": set(), "no": set(), "open": set(), answer: NEEDED}


def test_a_job_is_no_solution() -> None:
    """That its solution is allowed makes nothing of the job open."""
    create, job = "personalize:CreateBatchInferenceJob", f"{HERE}:batch-inference-job/nightly"
    model = model_of(iam([create], f"{HERE}:solution/*"), PASSING)
    needed = (SOLUTION, VERSION, job)
    model.requests = [asked(BATCH_INFERENCE_JOB, caller_arn=CALLER, calls_on=needed)]
    assert of_caller(compare(model))[1:] == [{(create, job)}, set()]
