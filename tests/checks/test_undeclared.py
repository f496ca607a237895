"""Roles that may create resources, where nothing says which: a line instead of nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from aws_cdk import custom_resources

from personalize_kms_check import check_assembly
from tests.checks.templates import (
    KEY,
    ROLE,
    Json,
    check,
    complete,
    managed,
    of_type,
    role,
    trusted_by,
    write,
)
from tests.checks.test_callers import OF_CALLER, TO_PERSONALIZE
from tests.checks.test_state_machines import machine

START = {"Fn::GetAtt": ["Start", "Arn"]}
IMPORTS = "personalize:CreateDatasetImportJob"


def line(actions: str = IMPORTS, roles: str = "Main/Role") -> str:
    return (
        f"it may create resources of Personalize ({actions}) and pass {roles} to it, but no "
        "template says which"
    )


CREATING: Json = {"Effect": "Allow", "Action": [IMPORTS], "Resource": "*"}
PASSING: Json = {
    "Effect": "Allow",
    "Action": "iam:PassRole",
    "Resource": ROLE,
    "Condition": TO_PERSONALIZE,
}


def creates(actions: Any) -> Json:
    """A statement that allows to create by these actions."""
    return {**CREATING, "Action": actions}


def passes(roles: Any) -> Json:
    """A statement that allows to pass these roles to Personalize."""
    return {**PASSING, "Resource": roles}


def app(*statements: Json, **more: Json) -> Json:
    """A function with these permissions, and a role that trusts Personalize."""
    basic = {
        "Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    }
    properties = {**trusted_by("lambda.amazonaws.com"), "ManagedPolicyArns": [basic]}
    return {
        "Resources": {
            "Role": role(),
            "Caller": {"Type": "AWS::IAM::Role", "Properties": properties},
            "Start": {"Type": "AWS::Lambda::Function", "Properties": {"Role": OF_CALLER}},
            "Policy": managed(*statements, role={"Ref": "Caller"}, type="AWS::IAM::Policy"),
            **more,
        }
    }


def lines(report: Any) -> list[tuple[list[str], str]]:
    return [(entry.needed_by, entry.because) for entry in report.undecided]


@pytest.mark.parametrize(
    ("statements", "actions"),
    [
        ([CREATING, PASSING], IMPORTS),
        ([creates("personalize:*"), passes("*")], "personalize:*"),
        # Where it depends on what no template says.
        (
            [
                CREATING,
                {**PASSING, "Condition": {"StringEquals": {"aws:PrincipalTag/team": "movies"}}},
            ],
            IMPORTS,
        ),
        ([CREATING, passes("arn:aws:iam::111122223333:role/Main-?ole-*")], IMPORTS),
    ],
)
def test_a_function_that_may_start_jobs(
    statements: list[Json], actions: str, tmp_path: Path
) -> None:
    """Nothing was asked, so that nothing was checked: that is said."""
    report = check(tmp_path, app(*statements))
    assert lines(report) == [(["Main/Caller"], line(actions=actions))]
    assert (report.asked, report.missing, report.problems) == ((), (), ())


@pytest.mark.parametrize(
    "statements",
    [
        [CREATING],
        [PASSING],
        [creates("personalize:CreateSolution"), PASSING],
        [creates("*")],
        [creates({"Fn::Sub": "personalize:Create${Stage}"}), PASSING],
        [CREATING, passes("arn:aws:iam::111122223333:role/another")],
        [
            CREATING,
            {
                **PASSING,
                "Condition": {"StringEquals": {"iam:PassedToService": "states.amazonaws.com"}},
            },
        ],
        [CREATING, PASSING, {**PASSING, "Effect": "Deny"}],
    ],
)
def test_a_function_that_starts_no_jobs(statements: list[Json], tmp_path: Path) -> None:
    """It may create no resource with a role, or pass no role, or it is an administrator."""
    assert lines(check(tmp_path, app(*statements))) == []


@pytest.mark.parametrize(
    "resource",
    [
        {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/service"},
        {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/${!aws:PrincipalTag/team}"},
    ],
)
def test_the_role_that_is_passed_in_every_spelling(resource: Any, tmp_path: Path) -> None:
    """In a stack that doesn't know its account and partition."""
    template = app(CREATING, passes(resource), Role=role(RoleName="service"))
    template["Resources"]["Policy"]["Properties"]["PolicyDocument"]["Version"] = "2012-10-17"
    directory = write(
        tmp_path, {"Main": template}, account="unknown-account", region="unknown-region"
    )
    assert lines(check_assembly(directory)) == [(["Main/Caller"], line())]


NAMED_AT_DEPLOYMENT = {"Fn::GetAtt": ["Names", "Name"]}


@pytest.mark.parametrize(
    ("resource", "roles"),
    [
        ([ROLE, {"Ref": "Theirs"}], "Main/Role"),
        ({"Ref": "Theirs"}, "Main/Role, Main/Second"),
        ({"Fn::Sub": "${Role.Arn}*"}, "Main/Role, Main/Second"),
    ],
)
def test_a_role_whose_name_is_not_known(resource: Any, roles: str, tmp_path: Path) -> None:
    """Only its own reference is sure to be its name; any other may be, where there is none."""
    second = role(RoleName={"Fn::Sub": "second-${Names.Name}"})
    template = app(
        CREATING,
        passes(resource),
        Role=role(RoleName=NAMED_AT_DEPLOYMENT),
        Second=second,
        Names={"Type": "Custom::Names", "Properties": {"ServiceToken": START}},
    )
    template["Parameters"] = {"Theirs": {"Type": "String"}}
    assert lines(check(tmp_path, template)) == [(["Main/Caller"], line(roles=roles))]


@pytest.mark.parametrize(
    ("trusted", "description", "said"),
    [
        ("states.amazonaws.com", "starts Personalize", False),
        ({"Ref": "Stage"}, "of Personalize", True),
        ({"Fn::FindInMap": ["Services", {"Ref": "Stage"}, "Lambda"]}, "of Personalize", False),
        ({"Ref": "Stage"}, "", False),
    ],
)
def test_the_role_that_is_passed_trusts_personalize(
    trusted: Any, description: str, said: bool, tmp_path: Path
) -> None:
    """It may trust Personalize, or only name it; a role for another service isn't told."""
    other = role(**trusted_by(trusted), Description=description)
    template = {"Parameters": {"Stage": {"Type": "String"}}, **app(CREATING, PASSING, Role=other)}
    template["Mappings"] = {"Services": {"prod": {"Lambda": "lambda.amazonaws.com"}}}
    report = check(tmp_path, template, region="unknown-region")
    assert lines(report) == [(["Main/Caller"], line())] * said


SEGMENTS, EXPORTS, DELETIONS = (
    f"personalize:Create{kind}Job" for kind in ("BatchSegment", "DatasetExport", "DataDeletion")
)
THEIRS = "arn:aws:iam::111122223333:role/theirs"
OF_ANOTHER: Json = passes([ROLE, {"Fn::GetAtt": ["Second", "Arn"]}])
OF_OTHERS: Json = passes([ROLE, THEIRS])


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        ([CREATING, PASSING], []),
        # Each action that is written out is judged by itself.
        ([creates([*CREATING["Action"], EXPORTS]), PASSING], [line(actions=EXPORTS)]),
        ([creates(["personalize:*", EXPORTS]), PASSING], [line(actions=EXPORTS)]),
        # One is asked for with another role.
        ([creates([*CREATING["Action"], SEGMENTS]), OF_ANOTHER], []),
        ([creates([*CREATING["Action"], SEGMENTS]), PASSING], [line(actions=SEGMENTS)]),
        ([creates([*CREATING["Action"], DELETIONS]), OF_OTHERS], []),
        # What is asked for with one role says nothing of another.
        ([CREATING, OF_ANOTHER], [line(roles="Main/Second")]),
        # Of a pattern one is enough, and a dataset group says nothing of jobs.
        ([creates("personalize:*"), PASSING], []),
        ([creates([*CREATING["Action"], "personalize:CreateDatasetGroup"]), PASSING], []),
        (
            [creates("personalize:CreateBatch*"), PASSING],
            [line(actions="personalize:CreateBatch*")],
        ),
    ],
)
def test_jobs_that_the_template_shows_hide_no_others(
    statements: list[Json], said: list[str], tmp_path: Path
) -> None:
    """An import job has the role, a batch segment job another, a deletion job one out of sight."""
    second = role(RoleName="second")
    created: Any = [
        {"serviceRole": ROLE, "resources": [{"resource": "dataset import job"}]},
        {
            "serviceRole": {"Fn::GetAtt": ["Second", "Arn"]},
            "resources": [{"resource": "batch segment job"}],
        },
        {"serviceRole": THEIRS, "resources": [{"resource": "data deletion job"}]},
    ]
    directory = write(tmp_path, {"Main": app(*statements, Second=second)})
    report = check_assembly(directory, created=created)
    told = [because for _, because in lines(report) if "no template says which" in because]
    assert told == said


@pytest.mark.parametrize(
    ("statements", "said"),
    [
        ([CREATING, passes("*")], [line(roles="any role")]),
        (
            [CREATING, passes("arn:aws:iam::111122223333:role/Personalize-*")],
            [line(roles="any role")],
        ),
        ([CREATING, PASSING], []),
        ([CREATING, passes("arn:aws:iam::111122223333:role/another")], []),
        ([CREATING, passes("*"), {**PASSING, "Effect": "Deny", "Resource": "*"}], []),
    ],
)
def test_a_role_outside_of_the_app(statements: list[Json], said: list[str], tmp_path: Path) -> None:
    """A pattern is about roles of others where no role of the app trusts Personalize."""
    movies = of_type("AWS::Personalize::DatasetGroup", Name="movies")
    template = app(*statements, Movies=movies)
    template["Resources"]["Role"] = role(**trusted_by("lambda.amazonaws.com"))
    told = lines(check(tmp_path / "1", template))
    assert told == [(["Main/Caller"], because) for because in said]
    # Something is asked.
    template["Resources"]["Movies"]["Properties"] |= {
        "KmsKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        "RoleArn": "arn:aws:iam::111122223333:role/another",
    }
    assert not set(said) & {because for _, because in lines(check(tmp_path / "2", template))}


@pytest.mark.parametrize(
    "statements",
    [[creates("personalize:*")], [CREATING, passes("arn:aws:iam::111122223333:role/another")]],
)
def test_a_policy_that_cannot_be_seen_passes_no_role(
    statements: list[Json], tmp_path: Path
) -> None:
    """Nobody is said to pass a role by a guess."""
    template = app(*statements)
    theirs = "arn:aws:iam::111122223333:policy/Theirs"
    template["Resources"]["Caller"]["Properties"]["ManagedPolicyArns"] = [theirs]
    assert lines(check(tmp_path, template)) == []


FULL_ACCESS = "arn:aws:iam::aws:policy/service-role/AmazonPersonalizeFullAccess"
INLINE = {
    "PolicyName": "create",
    "PolicyDocument": {"Version": "2012-10-17", "Statement": [CREATING, PASSING]},
}


@pytest.mark.parametrize(
    ("policy", "actions"),
    [
        ({"S3ReadPolicy": {"BucketName": "data"}}, IMPORTS),
        ("AmazonPersonalizeFullAccess", f"personalize:*, {IMPORTS}"),
    ],
)
def test_a_function_for_which_sam_makes_a_role(policy: Any, actions: str, tmp_path: Path) -> None:
    """Of the documents in its policies, and of AWS's managed policies by their names."""
    function = of_type("AWS::Serverless::Function", Policies=[policy, INLINE["PolicyDocument"]])
    report = check(tmp_path, app(Notebook=function))
    assert lines(report) == [(["Main/Notebook"], line(actions))]


@pytest.mark.parametrize(
    ("type", "properties"),
    [
        ("AWS::Serverless::Function", {"Role": OF_CALLER, "Policies": INLINE["PolicyDocument"]}),
        ("AWS::Serverless::Function", {"Policies": "AmazonS3FullAccess"}),
        ("AWS::IAM::User", {"Policies": [INLINE]}),
        ("AWS::IAM::Policy", {**INLINE, "Groups": ["scientists"]}),
    ],
)
def test_creators_that_are_not_looked_at(type: str, properties: Json, tmp_path: Path) -> None:
    """SAM takes no policies beside a role; of users and groups nothing is said."""
    assert lines(check(tmp_path, app(Notebook={"Type": type, "Properties": properties}))) == []


def test_a_role_that_only_personalize_assumes(tmp_path: Path) -> None:
    """It calls nothing, whatever its policies allow; a role that a function assumes, too, does."""
    alone = role(ManagedPolicyArns=[FULL_ACCESS])
    assert lines(check(tmp_path, app(Role=alone))) == []
    of_function = trusted_by("lambda.amazonaws.com")["AssumeRolePolicyDocument"]["Statement"]
    alone["Properties"]["AssumeRolePolicyDocument"]["Statement"] += of_function
    told = lines(check(tmp_path, app(Role=alone)))
    assert told == [(["Main/Role"], line(actions="personalize:*"))]


@pytest.mark.parametrize(
    ("action", "said"), [("CreateDatasetImportJob", True), ("CreateDatasetGroup", False)]
)
def test_the_role_of_a_dataset_group(action: str, said: bool, tmp_path: Path) -> None:
    """A template's request says nothing of the jobs that code starts with the role."""
    resources = app(creates(f"personalize:{action}"), PASSING)["Resources"]
    report = check(tmp_path, complete(**{**resources, "Role": complete()["Resources"]["Role"]}))
    assert any("no template says which" in because for _, because in lines(report)) == said


def test_what_is_undeclared_is_open_for_the_roles_that_are_passed(tmp_path: Path) -> None:
    """The needless permissions of another role are too much all the same."""
    group = {"Name": "movies", "KmsKeyArn": KEY, "RoleArn": {"Fn::GetAtt": ["Second", "Arn"]}}
    surplus = {"Effect": "Allow", "Action": "kms:GenerateDataKeyWithoutPlaintext", "Resource": KEY}
    own = {"PolicyName": "all", "PolicyDocument": {"Statement": [surplus]}}
    second = role(Policies=[own])
    movies = of_type("AWS::Personalize::DatasetGroup", **group)
    more = {"Second": second, "Key": {"Type": "AWS::KMS::Key"}, "Movies": movies}
    report = check(tmp_path, app(CREATING, PASSING, **more))
    actions = [entry.action for entry in report.excess if entry.policy == "role"]
    assert actions == ["kms:GenerateDataKeyWithoutPlaintext"]


SCHEDULED = of_type(
    "AWS::Scheduler::Schedule",
    Target={
        "Arn": "arn:aws:scheduler:::aws-sdk:personalize:createDatasetImportJob",
        "RoleArn": OF_CALLER,
        "Input": "{}",
    },
)
TOLD = '{"service": "Personalize", "action": "createDatasetImportJob", "parameters": {}}'


@pytest.mark.parametrize(
    "resource",
    [
        SCHEDULED,
        of_type("AWS::Events::Rule", Targets=[{"Id": "Target0", "Arn": START, "Input": TOLD}]),
        {"Type": "Custom::AWS", "Properties": {"ServiceToken": START, "Create": TOLD}},
        machine(
            {
                "Call": {
                    "Type": "Task",
                    "Resource": "arn:aws:states:::lambda:invoke",
                    "Parameters": {
                        "FunctionName": "${Start}",
                        "Payload": {"service": "Personalize"},
                    },
                    "End": True,
                }
            },
            DefinitionSubstitutions={"Start": START},
        ),
    ],
    ids=["a schedule", "a rule", "a custom resource", "a function that a task tells"],
)
def test_what_calls_by_a_role_of_the_app(resource: Json, tmp_path: Path) -> None:
    """Its role is told, and Personalize's role may need its permissions for it."""
    read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::ratings/*"}
    template = app(CREATING, PASSING, Asks=resource, Read=managed(read))
    report = check(tmp_path, template)
    assert (["Main/Caller"], line()) in lines(report)
    assert (report.asked, report.missing, report.problems, report.excess) == ((), (), (), ())


def test_the_cdks_own_constructs_for_calls(tmp_path: Path) -> None:
    """Functions and rules for calls are told once they may pass the role as well."""
    app = cdk.App(analytics_reporting=False, outdir=str(tmp_path / "cdk.out"))
    stack = cdk.Stack(app, "Main", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    service_role = iam.Role(
        stack, "Role", assumed_by=iam.ServicePrincipal("personalize.amazonaws.com")
    )
    pass_role = iam.PolicyStatement(actions=["iam:PassRole"], resources=[service_role.role_arn])
    create = iam.PolicyStatement(
        actions=["personalize:CreateDatasetExportJob", "iam:PassRole"], resources=["*"]
    )
    call: Any = {"service": "personalize", "action": "createDatasetExportJob", "parameters": {}}
    nightly = events.Rule(stack, "Nightly", schedule=events.Schedule.rate(cdk.Duration.days(1)))
    nightly.add_target(targets.AwsApi(**call, policy_statement=create))
    elsewhere = tasks.CallAwsServiceCrossRegion(
        stack,
        "Elsewhere",
        **call,
        iam_resources=["*"],
        region="us-east-1",
        additional_iam_statements=[pass_role],
    )
    sfn.StateMachine(stack, "Machine", definition_body=sfn.DefinitionBody.from_chainable(elsewhere))
    custom_resources.AwsCustomResource(
        stack,
        "Call",
        on_create=custom_resources.AwsSdkCall(
            **call, physical_resource_id=custom_resources.PhysicalResourceId.of("export")
        ),
        policy=custom_resources.AwsCustomResourcePolicy.from_statements([create]),
    )
    report = check_assembly(app.synth())
    assert report.asked == ()
    of_task = line(actions="personalize:createDatasetExportJob")
    reasons = [because for _, because in lines(report)]
    assert reasons == [line(actions=EXPORTS), of_task, line(actions=EXPORTS)]
