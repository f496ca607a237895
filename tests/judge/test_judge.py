"""The judge of a construct fails the synth for certain faults of this library's resources."""

import base64
import gzip
import json
import re
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions, pipelines
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_servicecatalog as servicecatalog
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct, RootConstruct

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from personalize_kms_constructs.checks import (
    PersonalizeAccessChecks,
    check_assembly,
)
from tests.actions import FIVE
from tests.datasets import add_ratings
from tests.jobs.machines import machine
from tests.judge.apps import (
    ENV,
    LACKS,
    SCHEMA_ARN,
    break_key_policy,
    by_hand,
    encryption,
    export_job,
    failure,
    new_app,
    of_app,
    told,
)
from tests.life.conftest import change, importing, trusted_role

# Earlier versions write nothing of the constructs in a product.
CDK_TELLS_OF_PRODUCTS = tuple(map(int, version("aws-cdk-lib").split(".")[:2])) >= (2, 274)


TAKEN_OUT = (
    "let no aspect, override or expression replace what the construct writes into this policy"
)


@pytest.fixture
def stack(app: cdk.App) -> cdk.Stack:
    return cdk.Stack(app, "Main")


def test_an_override_of_a_statement_fails_the_synth(app: cdk.App, stack: cdk.Stack) -> None:
    """At the construct, with what to do in a sentence."""
    break_key_policy(encryption(stack))
    message = failure(app.synth)
    assert f"key policy of Main/Encryption/Key {LACKS}" in message
    assert f"Suggested fix: {TAKEN_OUT} (https://" in message
    assert told(app) == [("MissingKeyAccess", "error", "Main/Encryption")]


def test_a_construct_and_its_dataset_groups_have_a_finding_once(
    app: cdk.App, stack: cdk.Stack
) -> None:
    """The CDK prints it for each construct, so it is at the outer one and names the others."""
    made = encryption(stack)
    made.add_dataset_group("Movies", name="movies")
    made.add_dataset_group("Books", name="books")
    break_key_policy(made)
    message = failure(app.synth)
    groups = "Main/Encryption/Movies, Main/Encryption/Books"
    finding = f"key policy of Main/Encryption/Key {LACKS} (at {groups}) (Personalize)"
    assert message.count("ERROR ") == message.count(finding) == 1
    assert told(app) == [("MissingKeyAccess", "error", "Main/Encryption")]


def take_bucket_policy(of: PersonalizeEncryption) -> None:
    (policy,) = [
        construct
        for construct in of.node.root.node.find_all()
        if isinstance(construct, s3.CfnBucketPolicy)
    ]
    policy.add_property_override("PolicyDocument.Statement", [])


def put_condition(of: PersonalizeEncryption, condition: dict[str, Any]) -> None:
    """Put a condition into the place of that of the key policy's statement for Personalize."""
    key = of.encryption_key.node.default_child
    assert isinstance(key, kms.CfnKey)
    without = {"StringEqualsIfExists": None}
    key.add_property_override("KeyPolicy.Statement.2.Condition", {**without, **condition})


@pytest.mark.parametrize(
    ("condition", "is_told"),
    [
        ({"StringEqualsIfExists": {"aws:SourceAccount": "444455556666"}}, True),
        ({"StringNotEquals": {"aws:SourceAccount": "111122223333"}}, True),
        ({"StringEquals": {"aws:ResourceOrgID": "o-1"}}, True),
        ({"StringEquals": {"aws:SourceAccount": "111122223333"}}, False),
    ],
    ids=["another account", "not this account", "an organization", "as REQUIRED writes it"],
)
def test_a_condition_that_is_not_ours_is_a_warning(
    condition: dict[str, Any], is_told: bool, app: cdk.App
) -> None:
    """Of ours, only what REQUIRED writes is undecided, which is the user's choice."""
    put_condition(encryption(cdk.Stack(app, "Main", env=ENV)), condition)
    app.synth()
    assert told(app) == [("Undecided", "warning", "Main/Encryption")] * is_told


def test_a_condition_on_what_a_stack_without_env_does_not_know(
    app: cdk.App, stack: cdk.Stack
) -> None:
    """It may be right: only the whole check tells of it, as the page says."""
    condition = {"StringEqualsIfExists": {"aws:SourceAccount": "444455556666"}}
    put_condition(encryption(stack), condition)
    report = check_assembly(app.synth())
    assert told(app) == []
    assert {entry.action for entry in report.undecided} == {*FIVE}


def key_by_its_id(stack: cdk.Stack) -> None:
    key = kms.Key(stack, "Key")
    arn = stack.format_arn(service="kms", resource="key", resource_name=key.key_id)
    encryption(stack, encryption_key=kms.Key.from_key_arn(stack, "Imported", arn))


def bucket_with_a_policy_by_its_name(stack: cdk.Stack) -> None:
    bucket = s3.Bucket(stack, "Data", bucket_name="ratings")
    bucket.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[iam.AccountRootPrincipal()], actions=["s3:*"], resources=["*"]
        )
    )
    named = s3.Bucket.from_bucket_name(stack, "Named", "ratings")
    encryption(stack, resources=[PersonalizeResource.dataset_export_job(S3Location(named, "out/"))])


def role_without_trust(stack: cdk.Stack) -> None:
    role = iam.Role(stack, "Given", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
    encryption(stack, service_role=role)


def trust_that_an_aspect_replaces(stack: cdk.Stack) -> None:
    encryption(stack)
    empty: dict[str, Any] = {"Version": "2012-10-17", "Statement": []}
    change(stack, iam.CfnRole, lambda role: setattr(role, "assume_role_policy_document", empty))


def narrow_boundary(stack: cdk.Stack) -> None:
    reading = iam.PolicyStatement(actions=["s3:*"], resources=["*"])
    boundary = iam.ManagedPolicy(stack, "Boundary", statements=[reading])
    iam.PermissionsBoundary.of(stack).apply(boundary)
    encryption(stack)


def group_of_another_construct(stack: cdk.Stack) -> None:
    books = encryption(stack, "Other").add_dataset_group("Books", name="books")
    encryption(stack).add_metric_attribution("Clicks", dataset_group=books, name="c", metrics=[])


def machine_without_policy(stack: cdk.Stack) -> None:
    movies = "arn:aws:personalize:eu-west-1:111122223333:dataset/movies/INTERACTIONS"
    machine(stack, export_job(encryption(stack), dataset_arn=movies))
    change(stack, iam.CfnPolicy, lambda policy: policy.add_property_override("Roles", []))


@pytest.mark.parametrize(
    ("build", "remedy"),
    [
        (key_by_its_id, "pass the key itself instead of its ARN"),
        (
            bucket_with_a_policy_by_its_name,
            "have its owner add the statements in "
            "personalize-kms-pending/MainEncryption9156E675.bucket.ratings.json in the assembly",
        ),
        (
            role_without_trust,
            "have the owner of the role allow personalize.amazonaws.com sts:AssumeRole in its "
            "trust policy",
        ),
        (trust_that_an_aspect_replaces, TAKEN_OUT),
        (narrow_boundary, "add these actions to the permissions boundary"),
        (group_of_another_construct, "use the PersonalizeEncryption that made the dataset group"),
        (machine_without_policy, TAKEN_OUT),
    ],
)
def test_a_remedy_is_a_sentence(
    build: Callable[[cdk.Stack], None], remedy: str, app: cdk.App
) -> None:
    """It is about whoever writes the policy, and needs no statements."""
    build(cdk.Stack(app, "Main", env=ENV))
    fixes = re.findall(r"Suggested fix: (.*) \(https://", failure(app.synth))
    assert set(fixes) == {remedy}


def test_a_fault_in_a_nested_stack(app: cdk.App, stack: cdk.Stack) -> None:
    """By the path of the construct in it."""
    break_key_policy(encryption(cdk.NestedStack(stack, "Nested")))
    assert LACKS in failure(app.synth)
    assert told(app) == [("MissingKeyAccess", "error", "Main/Nested/Encryption")]


def test_a_fault_in_a_stage_names_the_app(app: cdk.App) -> None:
    """The CLI counts only violations in selected stacks, and selects no stack of a stage."""
    stack = cdk.Stack(cdk.Stage(app, "Prod"), "Main")
    break_key_policy(encryption(stack, encryption_key=kms.Key(stack, "Key")))
    message = failure(app.synth)
    assert message.count(LACKS) == message.count("(at Prod/Main/Encryption)") == 1
    assert told(app) == [("MissingKeyAccess", "error", "")]


def test_a_fault_of_a_job(app: cdk.App, stack: cdk.Stack) -> None:
    """Whose path each execution chooses; the construct allows the same."""
    made = encryption(stack)
    machine(stack, export_job(made, destination_path="{% $states.input.folder %}"))
    take_bucket_policy(made)
    assert "ValidationFailed" in failure(app.synth)
    assert ("MissingBucketAccess", "error", "Main/Encryption") in told(app)


@pytest.mark.parametrize("machine_type", sfn.StateMachineType)
def test_a_job_in_an_express_machine(
    app: cdk.App, stack: cdk.Stack, machine_type: sfn.StateMachineType
) -> None:
    """No job is done within five minutes; one that a machine by hand only starts may be."""
    machine(stack, export_job(encryption(stack)), state_machine_type=machine_type)
    message = failure(app.synth)
    if machine_type is sfn.StateMachineType.STANDARD:
        assert message == ""
    else:
        told_of = "Main/Machine · Start Export: an Express execution ends after five minutes"
        assert told_of in message
        assert (
            "Suggested fix: use the type STANDARD, for a distributed Map as its map_execution_type (https://"
            in message
        )
        assert told(app) == [("Configuration", "error", "Main/Machine/Resource")]


def test_a_fault_in_what_the_construct_made(app: cdk.App, stack: cdk.Stack) -> None:
    """A dataset group in another Region's key, which the dataset group alone says."""
    movies = encryption(stack).add_dataset_group("Movies", name="movies")
    movies.add_property_deletion_override("RoleArn")
    assert "ValidationFailed" in failure(app.synth)
    assert told(app) == [("Configuration", "error", "Main/Encryption/Movies")]


def test_silent_on_success(
    app: cdk.App, stack: cdk.Stack, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nothing is printed, and nothing is in the report of the CDK."""
    made = encryption(stack)
    made.allow(importing(s3.Bucket(stack, "Data")))
    made.add_dataset_group("Movies", name="movies")
    app.synth()
    assert told(app) == []
    assert capfd.readouterr() == ("", "")


def test_a_stack_by_hand_beside_ours_fails_nothing(app: cdk.App, stack: cdk.Stack) -> None:
    """Nor one by hand in the same stack, nor two dataset groups of others with one name."""
    encryption(stack)
    by_hand(stack)
    for name in ("Other", "Another"):
        by_hand(cdk.Stack(app, name, env=ENV))
    app.synth()
    assert told(app) == []


def role_without_updates(stack: cdk.Stack) -> None:
    encryption(stack, service_role=trusted_role(stack).without_policy_updates())


def role_without_updates_and_a_key_of_another_account(stack: cdk.Stack) -> None:
    """Both accounts have to allow it, and the statements of both are pending."""
    main = of_app(stack, "Ours")
    key = kms.Key.from_key_arn(main, "Key", "arn:aws:kms:eu-west-1:444455556666:key/1234abcd")
    role = trusted_role(main).without_policy_updates()
    encryption(main, encryption_key=key, service_role=role)


def bucket_by_its_name(stack: cdk.Stack) -> None:
    s3.Bucket(stack, "Data", bucket_name="ratings")
    named = s3.Bucket.from_bucket_name(stack, "Named", "ratings")
    export = PersonalizeResource.dataset_export_job(S3Location(named, "export/"))
    encryption(stack, resources=[export])


@pytest.mark.parametrize(
    "build",
    [
        role_without_updates,
        role_without_updates_and_a_key_of_another_account,
        bucket_by_its_name,
    ],
)
def test_what_is_pending_fails_nothing(
    build: Callable[[cdk.Stack], None], app: cdk.App, stack: cdk.Stack
) -> None:
    """The construct has told of it by a warning, and somebody may add it."""
    build(stack)
    app.synth()
    assert told(app) == []


@pytest.mark.parametrize("policy", ["key", "bucket", "role"])
def test_what_is_pending_under_an_unknown_arn_hides_nothing_that_the_app_makes(
    policy: str, app: cdk.App, stack: cdk.Stack
) -> None:
    """Any ARN could be that of a parameter, but the app's own policies have their statements."""
    made = encryption(stack)
    other = cdk.Stack(app, "Other")
    unknown = cdk.CfnParameter(other, "Unknown").value_as_string
    resources = [PersonalizeResource.dataset_group()]
    key = kms.Key.from_key_arn(other, "Key", unknown) if policy == "key" else None
    role = (
        iam.Role.from_role_arn(other, "Role", unknown, mutable=False) if policy == "role" else None
    )
    if policy == "bucket":
        bucket = s3.Bucket.from_bucket_arn(other, "Data", unknown)
        resources.append(PersonalizeResource.dataset_export_job(S3Location(bucket, "export/")))
    encryption(other, "Theirs", encryption_key=key, service_role=role, resources=resources)
    break_key_policy(made)
    assert "ValidationFailed" in failure(app.synth)
    assert set(told(app)) == {("MissingKeyAccess", "error", "Main/Encryption")}


def test_what_is_pending_hides_no_denial(app: cdk.App, stack: cdk.Stack) -> None:
    """The owner of the role can add what they like: a denial is final."""
    role = trusted_role(stack)
    encryption(stack, service_role=role.without_policy_updates())
    role.add_to_principal_policy(
        iam.PolicyStatement(effect=iam.Effect.DENY, actions=["kms:*"], resources=["*"])
    )
    assert "denied by statement" in failure(app.synth)
    assert ("MissingRoleAccess", "error", "Main/Encryption") in told(app)


def test_what_is_pending_hides_no_action_that_is_not_in_it(app: cdk.App, stack: cdk.Stack) -> None:
    """The role's pending statements don't have what its key policy was to allow."""
    made = encryption(stack, service_role=trusted_role(stack).without_policy_updates())
    break_key_policy(made, 1)
    assert "kms:CreateGrant" in failure(app.synth)
    assert {rule for rule, _, _ in told(app)} == {"MissingKeyAccess"}


@pytest.mark.parametrize("first", [True, False])
def test_nothing_is_told_twice(first: bool, app: cdk.App, stack: cdk.Stack) -> None:
    """With the user's own checks, before or after, which tell all that the judge leaves to them."""
    if first:
        cdk.Validations.of(app).add_plugins(PersonalizeAccessChecks())
    made = encryption(stack)
    break_key_policy(made)
    by_hand(cdk.Stack(app, "Other"))
    if not first:
        cdk.Validations.of(app).add_plugins(PersonalizeAccessChecks())
    assert LACKS in failure(app.synth)
    errors = [(rule, place) for rule, severity, place in told(app) if severity == "error"]
    assert errors == [
        ("MissingKeyAccess", "Main/Encryption"),
        ("MissingKeyAccess", "Other/Books"),
        ("MissingRoleAccess", "Other/Books"),
    ]


def test_what_ours_and_others_lack_is_told_once(app: cdk.App, stack: cdk.Stack) -> None:
    """A dataset group by hand on the construct's key: with the construct, not by the checks."""
    cdk.Validations.of(app).add_plugins(PersonalizeAccessChecks())
    made = encryption(stack)
    books = by_hand(stack)
    books.kms_key_arn, books.role_arn = made.encryption_key.key_arn, made.service_role.role_arn
    books.node.add_dependency(made.permissions)
    break_key_policy(made)
    assert f"{LACKS} (at Main/Books)" in failure(app.synth)
    errors = [(rule, place) for rule, severity, place in told(app) if severity == "error"]
    assert errors == [("MissingKeyAccess", "Main/Encryption")]


def test_the_stage_of_a_pipeline_is_judged(app: cdk.App, stack: cdk.Stack) -> None:
    """``add_stage`` synthesizes it at once; the judge sees it at the end."""
    source = pipelines.CodePipelineSource.s3(s3.Bucket(stack, "Source"), "app.zip")
    step = pipelines.ShellStep("Synth", commands=["cdk synth"], input=source)
    pipeline = pipelines.CodePipeline(stack, "Pipeline", synth=step)
    stage = cdk.Stage(app, "Prod")
    break_key_policy(encryption(cdk.Stack(stage, "Main")))
    pipeline.add_stage(stage)
    assert LACKS in failure(app.synth)
    assert ("MissingKeyAccess", "error", "") in told(app)


def test_several_apps_in_one_process(tmp_path: Path) -> None:
    """Each has one judge of its own, which sees nothing of the others."""
    apps = [new_app(tmp_path / name) for name in ("one", "two", "three")]
    made = [encryption(cdk.Stack(app, "Main")) for app in apps]
    encryption(cdk.Stack(apps[1], "Other"))
    break_key_policy(made[1])
    assert [bool(failure(app.synth)) for app in apps] == [False, True, False]
    of_apps = [told(app) for app in apps]
    assert of_apps == [[], [("MissingKeyAccess", "error", "Main/Encryption")], []]


def test_an_app_that_nobody_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stack without a scope makes a new app each time, and assertions ask the judge too."""
    monkeypatch.chdir(tmp_path)
    stack = cdk.Stack()
    break_key_policy(encryption(stack))
    encryption(stack, "Other")
    message = failure(lambda: assertions.Template.from_stack(stack))
    assert message.count(f"ERROR key policy of Default/Encryption/Key {LACKS}") == 1


def broken(app: cdk.App) -> cdk.Stack:
    """A stack with a role that is named by itself, and a definition that is no JSON."""
    stack = cdk.Stack(app, "Broken")
    one = cdk.CfnResource(
        stack, "One", type="AWS::IAM::Role", properties={"RoleName": {"Ref": "One"}}
    )
    machine = {"DefinitionString": "{personalize"}
    cdk.CfnResource(stack, "Machine", type="AWS::StepFunctions::StateMachine", properties=machine)
    return one.stack


def test_ours_is_judged_beside_a_foreign_stack_that_cant_be_read(
    app: cdk.App, stack: cdk.Stack
) -> None:
    """It stops nobody, and nothing is said of it."""
    broken(app)
    break_key_policy(encryption(stack))
    assert LACKS in failure(app.synth)
    assert told(app) == [("MissingKeyAccess", "error", "Main/Encryption")]


def test_a_stack_of_ours_that_cant_be_read_is_a_warning(app: cdk.App) -> None:
    """And what can be read of it is judged."""
    break_key_policy(encryption(broken(app)))
    assert LACKS in failure(app.synth)
    assert told(app) == [
        ("MissingKeyAccess", "error", "Broken/Encryption"),
        ("Undecided", "warning", ""),
        ("Undecided", "warning", ""),
    ]
    assert "Broken.template.json: something refers to itself" in failure(app.synth)


def test_a_nested_stack_of_ours_that_cant_be_read_is_a_warning(
    app: cdk.App, stack: cdk.Stack
) -> None:
    """Its constructs aren't judged; the stack around it is."""
    nested = cdk.NestedStack(stack, "Nested")
    encryption(nested)
    cdk.CfnResource(nested, "One", type="AWS::SQS::Queue").add_override("Properties", [])
    break_key_policy(encryption(stack))
    assert "Resources.One: its Properties aren't an object" in failure(app.synth)
    assert told(app) == [
        ("MissingKeyAccess", "error", "Main/Encryption"),
        ("Undecided", "warning", ""),
        ("Undecided", "warning", "Main/Nested/Encryption"),
    ]


def test_it_never_raises(app: cdk.App, stack: cdk.Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin that does passes under the CLI, as if all were well."""

    def decisions(*_: Any) -> None:
        raise LookupError("no such thing")

    monkeypatch.setattr("personalize_kms_check._judging.decisions", decisions)
    encryption(stack)
    app.synth()
    assert told(app) == [("Undecided", "warning", "")]


def acknowledge(scope: cdk.Stack | PersonalizeEncryption | cdk.App, rule: str) -> None:
    known = cdk.Acknowledgment(id=f"Personalize::{rule}", reason="known")
    cdk.Validations.of(scope).acknowledge(known)


@pytest.mark.parametrize(
    ("where", "in_stage"),
    [("construct", False), ("app", False), ("construct", True), ("stack", True), ("app", True)],
)
def test_what_is_acknowledged_fails_nothing(where: str, in_stage: bool, app: cdk.App) -> None:
    """On the construct or above; in a stage too, where the CDK would look at the app alone."""
    stack = cdk.Stack(cdk.Stage(app, "Prod") if in_stage else app, "Main")
    made = encryption(stack)
    break_key_policy(made)
    places: dict[str, Any] = {"construct": made, "stack": stack, "app": app}
    acknowledge(places[where], "MissingKeyAccess")
    app.synth()
    assert told(app) == []


def test_other_findings_than_those_acknowledged_fail(app: cdk.App, stack: cdk.Stack) -> None:
    """Of another rule, or another construct."""
    made, other = encryption(stack), encryption(stack, "Other")
    break_key_policy(made)
    break_key_policy(other)
    acknowledge(made, "MissingKeyAccess")
    acknowledge(other, "MissingRoleAccess")
    assert LACKS in failure(app.synth)
    assert told(app) == [("MissingKeyAccess", "error", "Main/Other")]


@pytest.mark.parametrize("no", [False, "false"])
def test_the_context_switches_it_off(no: object, tmp_path: Path) -> None:
    """From ``cdk.json`` or the command line (a string); the checks still report everything."""
    app = new_app(tmp_path, context={"personalize-kms-constructs:judge": no})
    break_key_policy(encryption(cdk.Stack(app, "Main")))
    app.synth()
    assert told(app) == []
    cdk.Validations.of(app).add_plugins(PersonalizeAccessChecks())
    assert LACKS in failure(lambda: app.synth(force=True))
    assert ("MissingKeyAccess", "error", "Main/Encryption") in told(app)


@pytest.mark.parametrize("in_stage", [False, True])
def test_the_template_of_a_stack_in_a_stage_is_taken_unjudged(in_stage: bool, app: cdk.App) -> None:
    """``from_stack`` synthesizes the stage alone, which asks no plugin of the app."""
    stack = cdk.Stack(cdk.Stage(app, "Prod") if in_stage else app, "Main")
    break_key_policy(encryption(stack))
    assert bool(failure(lambda: assertions.Template.from_stack(stack))) is not in_stage
    assert failure(app.synth)


@pytest.mark.parametrize("skipped", [False, True])
def test_without_validation_jobs_are_unknown(skipped: bool, app: cdk.App, stack: cdk.Stack) -> None:
    """Constructs write their metadata when validated; dataset groups are in the template anyway."""
    made = encryption(stack, resources=[importing(s3.Bucket(stack, "Data"))])
    made.add_dataset_group("Movies", name="movies")
    asked = check_assembly(app.synth(skip_validation=skipped)).asked
    group = "Main/Encryption/Movies (dataset group)"
    jobs = ["Main/Encryption (dataset group)", "Main/Encryption (dataset import job)"]
    assert asked == ((group,) if skipped else (*jobs, group))


def analytics(template: dict[str, Any]) -> str:
    """Take the CDK's analytics out of a template, and unpack them."""
    packed = template["Resources"]["CDKMetadata"]["Properties"].pop("Analytics").split(":")[-1]
    return gzip.decompress(base64.b64decode(packed)).decode()


def files(directory: Path, *, in_stage: bool, is_judged: bool) -> dict[str, str]:
    """The files of a synth with the CDK's analytics, without the report of validation."""
    context = {"personalize-kms-constructs:judge": is_judged}
    app = cdk.App(analytics_reporting=True, outdir=str(directory), context=context)
    cdk.CfnResource(cdk.Stack(app, "Other", env=ENV), "Topic", type="AWS::SNS::Topic")
    scope = cdk.Stage(app, "Prod", env=ENV) if in_stage else app
    encryption(cdk.Stack(scope, "Main", env=ENV))
    app.synth()
    paths = [path for path in directory.rglob("*.json") if path.name != "validation-report.json"]
    return {str(path.relative_to(directory)): path.read_text() for path in paths}


@pytest.mark.parametrize("in_stage", [False, True])
def test_no_file_of_an_app_differs(in_stage: bool, tmp_path: Path) -> None:
    """The judge comes when the CDK has counted the plugins.

    After a stage it is counted: by a name, with neither a version nor a rule, so that no release
    changes a template.
    """
    without = files(tmp_path / "one", in_stage=in_stage, is_judged=False)
    with_judge = files(tmp_path / "two", in_stage=in_stage, is_judged=True)
    assert set(with_judge) == set(without)
    differing = [name for name in sorted(without) if without[name] != with_judge[name]]
    template = "Other.template.json"
    # The hash of the template is in the other two.
    assert differing == (["Other.assets.json", template, "manifest.json"] if in_stage else [])
    one, other = json.loads(without[template]), json.loads(with_judge[template])
    counted = ",0.0.0!policyValidation.Personalize" if in_stage else ""
    assert analytics(other) == analytics(one) + counted
    assert one == other


def test_a_tree_that_is_no_app_has_no_judge(tmp_path: Path) -> None:
    """The CDK asks plugins of apps alone."""
    stage = cdk.Stage(RootConstruct(), "Prod", outdir=str(tmp_path))
    break_key_policy(encryption(cdk.Stack(stage, "Main")))
    stage.synth()


def stack_of_stage(app: cdk.App, stage: str) -> cdk.Stack:
    return cdk.Stack(cdk.Stage(app, stage, env=ENV), "Main")


def boundary(scope: cdk.Stack) -> iam.ManagedPolicy:
    """A permissions boundary with a fixed name."""
    everything = iam.PolicyStatement(actions=["*"], resources=["*"])
    return iam.ManagedPolicy(
        scope, "Boundary", managed_policy_name="boundary", statements=[everything]
    )


def take_dependencies(of: PersonalizeEncryption) -> None:
    """Add a dataset group, and take its dependencies on the role's policies by an override."""
    of.add_dataset_group("Movies", name="movies").add_override("DependsOn", [])


@pytest.mark.parametrize("in_stages", [True, False])
def test_a_boundary_is_no_policy_to_wait_for(in_stages: bool, app: cdk.App) -> None:
    """IAM makes no role without it, so one of another stage or stack exists by its name."""
    boundary(stack_of_stage(app, "Baseline") if in_stages else cdk.Stack(app, "Baseline", env=ENV))
    stack = stack_of_stage(app, "Prod") if in_stages else cdk.Stack(app, "Main", env=ENV)
    iam.PermissionsBoundary.of(stack).apply(
        iam.ManagedPolicy.from_managed_policy_name(stack, "Given", "boundary")
    )
    encryption(stack).add_dataset_group("Movies", name="movies")
    app.synth()
    assert told(app) == []


def test_policies_of_an_earlier_stage_are_there(app: cdk.App) -> None:
    """Stages can't refer to each other, so a bucket of another stage is named, not waited for."""
    earlier, stack = stack_of_stage(app, "Data"), stack_of_stage(app, "Prod")
    bucket = s3.Bucket(earlier, "Ratings", bucket_name="ratings")
    reads = iam.PolicyStatement(
        principals=[iam.ServicePrincipal("personalize.amazonaws.com")],
        actions=["s3:GetObject", "s3:ListBucket"],
        resources=[bucket.bucket_arn, bucket.arn_for_objects("*")],
        conditions={"StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}},
    )
    bucket.add_to_resource_policy(reads)
    made = encryption(stack)
    source = S3Location(s3.Bucket.from_bucket_name(stack, "Data", "ratings"), "import/")
    movies = made.add_dataset_group("Movies", name="movies")
    add_ratings(made, movies, schema_arn=SCHEMA_ARN, import_from=source)
    app.synth()
    assert told(app) == []


def test_the_order_where_a_policy_of_the_role_cant_be_seen(app: cdk.App, stack: cdk.Stack) -> None:
    """It may allow the same, and is there before the dataset group, so that this is a warning."""
    made = encryption(stack)
    made.service_role.add_managed_policy(
        iam.ManagedPolicy.from_managed_policy_name(stack, "Given", "baseline")
    )
    take_dependencies(made)
    app.synth()
    assert told(app) == [("Ordering", "warning", "Main/Encryption/Movies")]


def in_a_product(stack: cdk.Stack) -> cdk.Stack:
    product = servicecatalog.ProductStack(stack, "Inner")
    template = servicecatalog.CloudFormationTemplate.from_product_stack(product)
    version = servicecatalog.CloudFormationProductVersion(cloud_formation_template=template)
    servicecatalog.CloudFormationProduct(
        stack, "Of", owner="us", product_name="p", product_versions=[version]
    )
    return product


def test_a_construct_whose_template_is_of_no_stack_is_not_judged(app: cdk.App) -> None:
    """A single warning for all constructs of the template; other stacks are judged."""
    old = cdk.Stack(app, "Main", synthesizer=cdk.LegacyStackSynthesizer())
    # Its asset is in no manifest, so nothing tells which file is its template.
    stack = cdk.NestedStack(old, "Inner")
    encryption(stack, "One")
    encryption(stack, "Two")
    break_key_policy(encryption(cdk.Stack(app, "Other")))
    assert LACKS in failure(app.synth)
    assert told(app) == [
        ("MissingKeyAccess", "error", "Other/Encryption"),
        ("Undecided", "warning", "Main/Inner/One"),
    ]


@pytest.mark.parametrize("is_nested", [False, True])
def test_a_construct_in_a_product_is_not_judged(is_nested: bool, app: cdk.App) -> None:
    """Its template is of no stack, which is a warning where the CDK tells of the construct."""
    stack = cdk.Stack(app, "Main", env=ENV)
    if is_nested:
        stack = cdk.NestedStack(stack, "Nested")
        encryption(stack)
    made = encryption(in_a_product(stack))
    for _ in range(2):
        app.synth(force=True)
        warning = ("Undecided", "warning", made.node.path)
        assert told(app) == [warning] * CDK_TELLS_OF_PRODUCTS
        break_key_policy(made)


def test_the_key_of_a_group_that_no_template_shows(app: cdk.App, stack: cdk.Stack) -> None:
    """It is that of the construct that made the request, whoever else has the role."""
    role, data = trusted_role(stack), s3.Bucket(stack, "Data")
    movies = PersonalizeResource.dataset_import_job(S3Location(data, "movies/"))
    encryption(stack, "Movies", service_role=role, resources=[movies])
    books = encryption(stack, "Books", service_role=role)
    add_ratings(books, import_from=S3Location(data, "books/"))
    app.synth()
    assert told(app) == []


def without_key(scope: Construct, id: str = "Books") -> personalize.CfnDatasetGroup:
    return personalize.CfnDatasetGroup(scope, id, name=id.lower())


def test_a_dataset_group_without_a_key_is_a_warning(app: cdk.App, stack: cdk.Stack) -> None:
    """Each is a warning, unless a transform or a condition may give it a key."""
    encryption(stack).add_dataset_group("Movies", name="movies")
    without_key(stack)
    without_key(cdk.NestedStack(stack, "Nested"))
    maybe = without_key(stack, "Maybe")
    maybe.add_property_override("KmsKeyArn", {"Fn::If": ["IsProd", "arn", {"Ref": "AWS::NoValue"}]})
    stage = cdk.Stack(cdk.Stage(app, "Prod"), "Main")
    without_key(stage)
    app.synth()
    assert told(app) == [
        ("Unencrypted", "warning", ""),
        ("Unencrypted", "warning", "Main/Books"),
        ("Unencrypted", "warning", "Main/Nested/Books"),
    ]
