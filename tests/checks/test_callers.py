"""Callers of Personalize: a role needs to create the job, and to pass the service role."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk import aws_stepfunctions_tasks as tasks
from constructs import Construct

from personalize_kms_check import check_assembly
from personalize_kms_check._model.finding import Finding
from personalize_kms_check._model.report import AccessReport
from personalize_kms_check.matrix import ROWS, Permissions
from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, jobs
from tests.checks.templates import Json, check, managed, of_type, reasons, role
from tests.checks.test_requests import DATASET_ARN, EXPORT, ROLE_ARN
from tests.checks.test_state_machines import machine, task
from tests.jobs.machines import DATASET, SOLUTION, VERSION, Data, job
from tests.jobs.machines import machine as machine_of

TAG = "personalize:TagResource"
CREATE, PASS = "personalize:CreateDatasetExportJob", "iam:PassRole"
DESCRIBE = "personalize:DescribeDatasetExportJob"
JOB = "arn:aws:personalize:eu-west-1:111122223333:dataset-export-job/nightly"
NEEDED = {(CREATE, DATASET_ARN), (CREATE, JOB), (PASS, ROLE_ARN)}
CALLER = "arn:aws:iam::111122223333:role/caller"
CALLERS_ROLE = of_type("AWS::IAM::Role", RoleName="caller", AssumeRolePolicyDocument={})
OF_CALLER = {"Fn::GetAtt": ["Caller", "Arn"]}
TO_PERSONALIZE = {"StringEquals": {"iam:PassedToService": "personalize.amazonaws.com"}}
CREATING: Json = {"Effect": "Allow", "Action": CREATE, "Resource": "*"}
PASSING: Json = {
    "Effect": "Allow",
    "Action": PASS,
    "Resource": ROLE_ARN,
    "Condition": TO_PERSONALIZE,
}


def of_caller(report: AccessReport) -> dict[str, set[tuple[str, str]]]:
    """Return the permissions that callers have, that they lack, and that are open."""
    return {
        "yes": {(entry.action, entry.resource) for entry in of_callers(report.allowed)},
        "no": {(entry.action, entry.resource) for entry in of_callers(report.missing)},
        "open": {(entry.action, entry.resource) for entry in of_callers(report.undecided)},
    }


def of_callers(entries: Sequence[Finding]) -> list[Finding]:
    """Return the entries on callers."""
    return [entry for entry in entries if entry.principal == "caller"]


def answers_on(answers: dict[str, set[tuple[str, str]]]) -> list[tuple[str, str]]:
    """Return each answer with its resource."""
    pairs = []
    for answer, needs in answers.items():
        pairs += [(answer, resource) for _, resource in needs]
    return pairs


def callers(report: AccessReport) -> set[str]:
    """Return the roles of callers."""
    entries = (*report.allowed, *report.missing, *report.undecided)
    return {entry.principal_arn for entry in of_callers(entries)}


@pytest.mark.parametrize(
    ("passed", "waits_for", "make"),
    [
        ("Service", "Service", ""),
        ("Service", "Other", "AWS::IAM::Policy"),
    ],
)
def test_a_caller_with_policies_of_its_own(
    passed: str, waits_for: str, make: str, tmp_path: Path
) -> None:
    """They take the statement if the caller waits for the role that it passes."""
    asks = machine(
        {"Export": task("createDatasetExportJob", {**EXPORT, "RoleArn": "${Role}"})},
        RoleArn=OF_CALLER,
        DefinitionSubstitutions={"Role": {"Fn::GetAtt": [passed, "Arn"]}},
    )
    inline = {"PolicyName": "own", "PolicyDocument": {"Statement": [CREATING]}}
    caller = {**role(Policies=[inline]), "DependsOn": waits_for}
    resources = {"Caller": caller, "Service": role(), "Other": role(), "Asks": asks}
    report = check(tmp_path, {"Resources": resources})
    of_caller = [policy for policy in report.policies if policy.where[0]["logical_id"] == "Caller"]
    made = {policy.make for policy in of_caller if PASS in {entry.action for entry in policy.lacks}}
    assert made == {make}


@pytest.mark.parametrize(
    ("actions", "missing"),
    [([CREATE], {(DESCRIBE, JOB)}), ([CREATE, DESCRIBE], set()), (["personalize:*"], set())],
)
def test_a_machine_that_waits_for_what_it_starts(
    actions: list[str], missing: set[tuple[str, str]], tmp_path: Path
) -> None:
    """It asks for the status: without that permission the job runs, and the execution fails."""
    looking = task("describeDatasetExportJob", {})
    states = {"Export": task("createDatasetExportJob", EXPORT), "Look": looking}
    policy = managed({**CREATING, "Action": actions}, PASSING, role={"Ref": "Caller"})
    asks = machine(states, RoleArn=OF_CALLER)
    resources = {"Caller": CALLERS_ROLE, "Asks": asks, "Policy": policy}
    assert of_caller(check(tmp_path, {"Resources": resources}))["no"] == missing


def test_the_caller_of_a_task_with_credentials_is_not_checked(tmp_path: Path) -> None:
    """It is another role than that of the machine, which needs none of the caller's permissions."""
    credentials = {"RoleArn": "arn:aws:iam::444455556666:role/there"}
    states = {"Export": task("createDatasetExportJob", EXPORT, Credentials=credentials)}
    resources = {"Caller": CALLERS_ROLE, "Asks": machine(states, RoleArn=OF_CALLER)}
    report = check(tmp_path, {"Resources": resources})
    assert report.asked == ("Main/Asks · Export (dataset export job)",)
    assert callers(report) == set()


@pytest.mark.parametrize(
    ("tags", "actions", "missing"),
    [
        ([{"TagKey": "team", "TagValue": "a"}], [CREATE], {(TAG, JOB)}),
        ([{"TagKey": "team", "TagValue": "a"}], [CREATE, TAG], set()),
        # An execution may choose none.
        ("{% $states.input.tags %}", [CREATE], set()),
    ],
)
def test_who_creates_with_tags_tags(
    tags: Any, actions: list[str], missing: set[tuple[str, str]], tmp_path: Path
) -> None:
    """The service authorization reference lists both actions for the call."""
    asks = machine(
        {"Export": task("createDatasetExportJob", {**EXPORT, "Tags": tags})}, RoleArn=OF_CALLER
    )
    policy = managed({**CREATING, "Action": actions}, PASSING, role={"Ref": "Caller"})
    resources = {"Caller": CALLERS_ROLE, "Asks": asks, "Policy": policy}
    assert of_caller(check(tmp_path, {"Resources": resources}))["no"] == missing


def test_a_caller_whose_role_sam_makes_is_not_checked(tmp_path: Path) -> None:
    """Nothing that an author could pass would show it, so one line says it."""
    states = {"Export": task("createDatasetExportJob", EXPORT)}
    asks = machine(states, Policies=[{"Statement": [CREATING]}])
    asks["Type"] = "AWS::Serverless::StateMachine"
    report = check(tmp_path, {"Resources": {"Asks": asks}})
    because = "SAM makes its role from Policies, which aren't read: set Role to a role instead"
    assert because in reasons(report)
    assert report.asked == ("Main/Asks · Export (dataset export job)",)
    assert of_caller(report) == {"yes": set(), "no": set(), "open": set()}


def test_a_caller_whose_policies_cannot_be_seen_is_undecided(tmp_path: Path) -> None:
    """An imported role; it isn't missing, and no ✔ either."""
    role_arn = "arn:aws:iam::111122223333:role/elsewhere"
    asks = machine({"Export": task("createDatasetExportJob", EXPORT)}, RoleArn=role_arn)
    assert of_caller(check(tmp_path, {"Resources": {"Asks": asks}})) == {
        "yes": set(),
        "no": set(),
        "open": NEEDED,
    }


@pytest.mark.parametrize(
    ("arguments", "resource", "answer"),
    [
        ({"JobName.$": "$.name"}, "dataset-export-job/*", "yes"),
        ({"JobName.$": "$.name"}, "dataset-export-job/nightly", "open"),
        ({"DatasetArn.$": "$.dataset"}, "dataset/movies/INTERACTIONS", "open"),
        ({"DatasetArn.$": "$.dataset"}, "dataset-group/*", "no"),
    ],
)
def test_what_an_execution_chooses(
    arguments: Json, resource: str, answer: str, tmp_path: Path
) -> None:
    """A name or a dataset of which the type alone is known."""
    (name,) = arguments
    known = {key: value for key, value in EXPORT.items() if key != name.removesuffix(".$")}
    state = task("createDatasetExportJob", {**known, **arguments}, "Parameters")
    here = "arn:aws:personalize:eu-west-1:111122223333"
    of_other = JOB if "Dataset" in name else DATASET_ARN
    statements: list[Json] = [{**CREATING, "Resource": [of_other, f"{here}:{resource}"]}, PASSING]
    resources = {"Caller": CALLERS_ROLE, "Asks": machine({"Export": state}, RoleArn=OF_CALLER)}
    policy = managed(*statements, role={"Ref": "Caller"})
    answers = of_caller(check(tmp_path, {"Resources": {**resources, "Policy": policy}}))
    assert [name for name, on in answers_on(answers) if "${" in on] == [answer]


def test_the_cdks_own_construct_lacks_the_right_to_pass_the_role(tmp_path: Path) -> None:
    """``CallAwsService`` never gives it."""
    app = cdk.App(analytics_reporting=False, outdir=str(tmp_path / "cdk.out"))
    stack = cdk.Stack(app, "Main", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    call: Any = {"service": "personalize", "action": "createDatasetExportJob"}
    export = tasks.CallAwsService(stack, "Export", **call, parameters=EXPORT, iam_resources=["*"])
    sfn.StateMachine(stack, "Machine", definition_body=sfn.DefinitionBody.from_chainable(export))
    report = check_assembly(app.synth())
    answers = of_caller(report)
    assert (answers["no"], answers["open"]) == ({(PASS, ROLE_ARN)}, set())
    assert {action for action, _ in answers["yes"]} == {CREATE}


def calling(stack: cdk.Stack, row: Permissions, role: iam.IRole, service_role: str) -> None:
    """A state machine that creates a resource; executions choose the rest of its arguments."""
    arguments: Json = (
        {"Name.$": "$.name", f"{row.made_for}.$": "$.of"} if row.made_for else {"Name.$": "$.name"}
    )
    *around, last = row.role_argument.split(".")
    given: Json = {last: service_role}
    for name in reversed(around):
        given = {name: given}
    if not row.is_job and not row.made_for:
        given["KmsKeyArn"] = "arn:aws:kms:eu-west-1:111122223333:key/1"
    state = task(f"create{row.noun}", {**arguments, **given}, "Parameters")
    sfn.CfnStateMachine(
        stack,
        f"Create{row.noun}",
        role_arn=role.role_arn,
        definition={"StartAt": "Create", "States": {"Create": state}},
    )


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.noun)
def test_what_grant_create_writes_is_enough(row: Permissions, tmp_path: Path) -> None:
    """For each resource: with it a caller lacks nothing, without it everything."""
    no_judge = {"personalize-kms-constructs:judge": "false"}
    app = cdk.App(analytics_reporting=False, outdir=str(tmp_path / "cdk.out"), context=no_judge)
    stack = cdk.Stack(app, "Main")
    encryption = PersonalizeEncryption(stack, "Encryption")
    able = iam.Role(stack, "Able", assumed_by=iam.ServicePrincipal("states.amazonaws.com"))
    unable = iam.Role(
        cdk.Stack(app, "Other"), "Unable", assumed_by=iam.ServicePrincipal("states.amazonaws.com")
    )
    encryption.grant_create(able, PersonalizeResource(row))
    calling(stack, row, able, encryption.service_role.role_arn)
    calling(cdk.Stack.of(unable), row, unable, ROLE_ARN)
    report = check_assembly(app.synth())
    names = {
        entry.principal_arn.rpartition(".")[2][:4]
        for entry in report.missing
        if entry.principal == "caller"
    }
    assert names == {"Unab"}
    actions = {f"personalize:Create{row.noun}", PASS}
    assert {action for action, _ in of_caller(report)["no"]} == actions
    assert {action for action, _ in of_caller(report)["yes"]} == actions
    assert of_caller(report)["open"] == set()


KINDS = [getattr(jobs, name) for name in jobs.__all__]


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        *((kind, {}) for kind in KINDS),
        (KINDS[0], {"job_name": "{% 'nightly-' & $states.input.day %}", "tags": {"team": "a"}}),
    ],
)
def test_the_role_of_a_machine_may_start_our_jobs(
    app: cdk.App, stack: cdk.Stack, kind: Any, options: Json
) -> None:
    """A fragment gives it all statements it needs, for a job that an execution names, too."""
    data = Data.of(stack)
    machine_of(stack, job(data, kind, **options))
    report = check_assembly(app.synth())
    answers = of_caller(report)
    assert (answers["no"], answers["open"]) == (set(), set())
    name = kind.__name__
    needed = {f"personalize:Create{name}", f"personalize:Describe{name}", PASS}
    assert {action for action, _ in answers["yes"]} == needed | (
        {TAG} if "tags" in options else set()
    )
    if kind is jobs.BatchInferenceJob:
        assert {SOLUTION, VERSION} <= {resource for _, resource in answers["yes"]}


def test_a_job_in_a_machine_whose_role_lost_its_statements(app: cdk.App, stack: cdk.Stack) -> None:
    """An override takes them away: certain, and ours."""
    made = machine_of(stack, job(Data.of(stack), jobs.DatasetExportJob))
    policy = made.role.node.find_child("DefaultPolicy").node.default_child
    assert isinstance(policy, iam.CfnPolicy)
    nothing = {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}
    policy.add_property_override("PolicyDocument.Statement", [nothing])
    lacks = "IAM policies of Stack/Machine/Role lack iam:PassRole on"
    with pytest.raises(RuntimeError, match=lacks):
        app.synth()


@pytest.mark.parametrize(
    ("resource", "answer"),
    [
        ("dataset/movies/INTERACTIONS", "yes"),
        ("dataset/movies/USERS", "no"),
        ("dataset/books/*", "no"),
    ],
)
def test_a_dataset_of_the_template_has_the_name_of_its_group(
    resource: str, answer: str, tmp_path: Path
) -> None:
    """Its ARN is known: the dataset group's name, and its type in capitals."""
    group = {"Fn::GetAtt": ["Movies", "DatasetGroupArn"]}
    ratings = {
        "Name": "ratings",
        "DatasetType": "Interactions",
        "DatasetGroupArn": group,
        "SchemaArn": "schema",
    }
    asks = machine(
        {"Export": task("createDatasetExportJob", {**EXPORT, "DatasetArn": "${Ratings}"})},
        RoleArn=OF_CALLER,
        DefinitionSubstitutions={"Ratings": {"Fn::GetAtt": ["Ratings", "DatasetArn"]}},
    )
    here = "arn:aws:personalize:eu-west-1:111122223333"
    statements: list[Json] = [{**CREATING, "Resource": [JOB, f"{here}:{resource}"]}, PASSING]
    resources = {
        "Movies": {"Type": "AWS::Personalize::DatasetGroup", "Properties": {"Name": "movies"}},
        "Ratings": {"Type": "AWS::Personalize::Dataset", "Properties": ratings},
        "Caller": CALLERS_ROLE,
        "Policy": managed(*statements, role={"Ref": "Caller"}),
        "Asks": asks,
    }
    answers = of_caller(check(tmp_path, {"Resources": resources}))
    assert [name for name, on in answers_on(answers) if ":dataset/" in on] == [answer]
    assert answers["open"] == set()


@pytest.mark.parametrize("options", [{}, {"source_path": sfn.JsonPath.string_at("$.path")}])
def test_two_jobs_whose_states_have_one_name(app: cdk.App, stack: cdk.Stack, options: Json) -> None:
    """In two state machines of a stack; each has the caller that starts it, whatever the order."""
    data = Data.of(stack)
    made = []
    for name in ("One", "Two"):
        scope = Construct(stack, name)
        given: Any = {
            "encryption": data.encryption,
            "dataset_arn": DATASET,
            "source": data.at("in/"),
            **options,
        }
        made.append((scope, jobs.DatasetImportJob(scope, "Job", **given)))
    for scope, fragment in reversed(made):
        sfn.StateMachine(
            stack,
            f"Runs{scope.node.id}",
            definition_body=sfn.DefinitionBody.from_chainable(fragment),
        )
    report = check_assembly(app.synth())
    asked = [request for request in report.asked if "/Job" in request]
    assert asked == ["Stack/One/Job (dataset import job)", "Stack/Two/Job (dataset import job)"]
    answers = of_caller(report)
    assert (answers["no"], answers["open"]) == (set(), set())
    assert len(callers(report)) == 2
