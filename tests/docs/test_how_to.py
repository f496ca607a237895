"""The code of the how-to pages does what the pages say; the pages' own tests run it."""

import json
import re
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn

from personalize_kms_constructs import (
    PersonalizeEncryption,
    PersonalizeResource,
    S3Location,
)
from personalize_kms_constructs.checks import check_assembly
from personalize_kms_constructs.jobs import DatasetExportJob, DatasetImportJob
from tests.actions import FIVE
from tests.docs.code import DOCS, as_written, names_of
from tests.policies import key_policy, resources, sids_of, template

GROUP = PersonalizeResource.dataset_group()


def reported(report: Any) -> list[tuple[str, ...]]:
    """Return the entries of a report that aren't allowed permissions."""
    entries = [*report.missing, *report.excess, *report.undecided]
    return [(entry.kind, entry.principal, entry.action, entry.policy) for entry in entries]


def json_of(page: str, number: int = 1) -> Any:
    """Return JSON that a page shows, the first by default."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return json.loads(text.split("```json\n")[number].split("```")[0])


def test_statements_of_an_imported_key() -> None:
    """The page shows the first; the owner's app adds both from the file; MANAGED has none."""
    names = names_of("how-to/imported-key.md")
    (pending,) = names["encryption"].pending_statements
    assert (pending.policy, pending.resource_arn) == ("key", names["key"].key_arn)
    assert names["managed"].pending_statements == ()
    (sent,) = Path(names["app"].synth().directory).glob(
        "personalize-kms-pending/RecommendationsEncryption*.json"
    )
    shown, for_the_service = json.loads(sent.read_text())["Statement"]
    assert shown == json_of("how-to/imported-key.md")
    security = names["Security"](cdk.App(), "Security", sent=sent)
    (key,) = resources(security, "AWS::KMS::Key")
    statements = key_policy(security, key)
    assert statements == [{**shown, "Resource": "*"}, {**for_the_service, "Resource": "*"}]


def test_the_owners_policies_are_named_in_the_context(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the key of the page's app, from the folder of ``cdk.json``, and of a bucket."""
    key = names_of("how-to/imported-key.md")["key"]
    context = json_of("how-to/imported-key.md", 2)["context"]
    ((files),) = context.values()
    assert [*files] == [key.key_arn, "arn:aws:s3:::ratings"]
    monkeypatch.chdir(tmp_path)
    Path("policies").mkdir()
    for file in files.values():
        Path(file).write_text(json.dumps({"Policy": json.dumps({"Statement": []})}))
    stack = cdk.Stack(cdk.App(context=context), "Recommendations")
    imported = kms.Key.from_key_arn(stack, "Key", key.key_arn)
    PersonalizeEncryption(stack, "Encryption", encryption_key=imported, resources=[GROUP])
    with pytest.raises(RuntimeError, match=f"key policy of {key.key_arn} lacks kms:CreateGrant"):
        stack.node.root.synth()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("arn", "is_taken"),
    [
        ("arn:aws-cn:kms:cn-north-1:111122223333:key/mrk-1234abcd12ab34cd56ef1234567890ab", True),
        ("", False),
        ("arn:aws:kms:us-east-1:111122223333:alias/personalize", False),
    ],
)
def test_parameter_takes_the_arn_of_a_key(arn: str, is_taken: bool) -> None:
    """CloudFormation compares the whole value with the pattern of the page."""
    pattern = names_of("how-to/imported-key.md")["key_parameter"].allowed_pattern
    assert (re.fullmatch(pattern, arn) is not None) == is_taken


def test_statement_of_a_cross_stack_key() -> None:
    """The key policy of the other stack has the statement that the page shows."""
    (key,) = resources(names_of("how-to/keys.md")["security"], "AWS::KMS::Key").values()
    statements = as_written(key["Properties"]["KeyPolicy"]["Statement"])
    assert json_of("how-to/keys.md") in statements


@pytest.mark.parametrize("construct", ["with_immutable_role", "precreated"])
def test_role_of_others_has_pending_statements(construct: str) -> None:
    """The role gets no policy, and its missing statements are pending."""
    (pending,) = names_of("how-to/roles.md")[construct].pending_statements
    assert pending.policy == "role"
    assert [statement.to_json()["Sid"] for statement in pending.statements] == ["UseKey"]


def test_one_prefix_is_read_and_written() -> None:
    """By the role and by the service; the caller may create the jobs and pass the role."""
    stack = names_of("how-to/buckets.md")["stack"]
    of_role = statements_of(stack, "AWS::IAM::ManagedPolicy", "BatchJobs")
    of_bucket = statements_of(stack, "AWS::S3::BucketPolicy", "Batches")
    bucket = {"Fn::GetAtt": ["BatchesE11AE858", "Arn"]}
    objects = {"Fn::Join": ["", [bucket, "/batch/*"]]}
    on_data = {"s3:ListBucket": bucket, "s3:GetObject": objects, "s3:PutObject": objects}
    for statements in (of_role, of_bucket):
        of_s3 = {
            statement["Action"]: statement["Resource"]
            for statement in statements
            if str(statement["Action"]).startswith("s3:")
        }
        assert of_s3 == on_data
    assert statements_of(stack, "AWS::IAM::Policy", "Caller")[-1]["Action"] == "iam:PassRole"


def statements_of(stack: cdk.Stack, type: str, part: str) -> list[dict[str, Any]]:
    """Return the statements of the only policy of a type with this in its logical id."""
    (policy,) = [policy for id, policy in resources(stack, type).items() if part in id]
    return list(policy["Properties"]["PolicyDocument"]["Statement"])


def test_nothing_permanent_needs_what_a_condition_leaves_out() -> None:
    """Only the construct's resources have the condition; CloudFormation refuses other templates."""
    solution = template(names_of("how-to/keys.md")["solution"])["Resources"]
    optional, permanent = set(), []
    for name, resource in solution.items():
        if resource.get("Condition") == "IsEncrypted":
            optional.add(name)
        else:
            permanent.append(resource)
    types = sorted(solution[name]["Type"] for name in optional)
    assert types == ["AWS::IAM::ManagedPolicy", "AWS::KMS::Key", "AWS::Personalize::DatasetGroup"]
    assert [name for name in optional if f'"{name}"' in json.dumps(permanent)] == []


def test_each_account_has_its_statements_in_one_app() -> None:
    """Nothing is pending, nothing is missing, and the application account waits for the others."""
    names = names_of("how-to/imported-key.md")
    assert names["across_accounts"].pending_statements == ()
    assembly = names["accounts"].synth()
    report = check_assembly(assembly)
    assert (reported(report), report.problems) == ([], ())
    assert len(report.allowed) > 0
    waits_for = {
        dependency.id for dependency in assembly.get_stack_by_name("Recommendations").dependencies
    }
    assert {"Security", "Data"} < waits_for
    role_arn = (
        "arn:${AWS::Partition}:iam::777788889999:role/Recommendations-Encryption-8485E84F-eu-west-1"
    )
    for stack in (names["security"], names["data"]):
        (key,) = resources(stack, "AWS::KMS::Key")
        assert as_written(key_policy(stack, key)[0]) == {
            "Sid": "PersonalizeRole",
            "Effect": "Allow",
            "Principal": {"AWS": "arn:${AWS::Partition}:iam::777788889999:root"},
            "Action": FIVE,
            "Resource": "*",
            "Condition": {"ArnEquals": {"aws:PrincipalArn": role_arn}},
        }


def test_migration_changes_nothing_but_the_key_policy() -> None:
    """Dataset group, key and role of the stack by hand are the same with the construct."""
    names = names_of("how-to/migrate.md")
    before, both = (
        template(names[step](cdk.App(), "Recommendations"))["Resources"]
        for step in ("Before", "Both")
    )
    kept = {
        name: resource["Properties"]
        for name, resource in before.items()
        if resource["Type"] in ("AWS::Personalize::DatasetGroup", "AWS::KMS::Key", "AWS::IAM::Role")
    }
    assert len(kept) == 3
    for name, properties in kept.items():
        properties.pop("KeyPolicy", None)
        assert both[name]["Properties"].items() >= properties.items()


def test_later_bucket_policy_takes_the_place_of_the_deployed_one() -> None:
    """The page has the id of the CDK's policy; the construct's statements are in the user's."""
    stack = names_of("errors-of-aws.md")["stack"]
    (policy,) = resources(stack, "AWS::S3::BucketPolicy").items()
    assert policy[0] == "DataPolicyB80589C3"
    sids = sids_of(policy[1]["Properties"]["PolicyDocument"]["Statement"])
    assert sids == ["PersonalizeServiceListBucket", "PersonalizeServiceReadObjects"]


def test_check_finds_the_mistakes_of_the_page() -> None:
    """The CDK's grants don't reach the key policy, and the dataset group doesn't wait."""
    names = names_of("how-to/check.md")
    report = names["report"]
    lacking = {(entry.principal, entry.action) for entry in report.missing}
    assert {("service", "kms:Decrypt"), ("role", "kms:CreateGrant")} <= lacking
    excess = {"kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*", "sts:AssumeRole"}
    assert {entry.action for entry in report.excess} == excess
    assert [problem.kind for problem in report.problems] == ["ordering"]
    assert (
        report.to_text().splitlines()[-1]
        in (DOCS / "how-to/check.md").read_text(encoding="utf-8").splitlines()
    )
    names["test_personalize_has_access"]()


def test_a_grant_is_too_much() -> None:
    """A stack of the construct has no excess; the grant of the page on reports adds its own."""
    app = cdk.App()
    encryption = PersonalizeEncryption(cdk.Stack(app, "Recommendations"), "Encryption")
    encryption.allow(GROUP)
    encryption.encryption_key.grant_encrypt_decrypt(encryption.service_role)
    report = check_assembly(app.synth())
    excess = {"kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"}
    assert ({entry.action for entry in report.excess}, report.missing) == (excess, ())


def test_nothing_is_left_for_nag() -> None:
    """The acknowledgements of the page are complete, and their ids right."""
    app = names_of("how-to/test-and-ci.md")["app"]
    report = json.loads((Path(app.synth().directory) / "validation-report.json").read_text())
    for plugin in report["pluginReports"]:
        assert plugin["violations"] == []
    # A plugin that found nothing isn't in the report.
    assert "AwsSolutions" not in {plugin["pluginName"] for plugin in report["pluginReports"]}


def test_template_goes_on_without_the_library() -> None:
    """Nothing differs, so that CloudFormation has nothing to do."""
    names = names_of("how-to/change.md")
    assert template(names["by_hand"]) == template(names["stack"])


def test_pinned_names_are_the_present_ones() -> None:
    """The names of the page are those that role and job have without them."""
    names = names_of("how-to/change.md")
    app = cdk.App()
    before = cdk.Stack(app, "Recommendations", env=names["env"])
    encryption = PersonalizeEncryption(before, "Encryption")
    encryption.add_dataset_group("Movies", name="movies")
    assert template(names["stack"]) == template(before)

    page = (DOCS / "how-to/change.md").read_text(encoding="utf-8")
    (job_name,) = re.findall(r'`job_name="(.*)"`', page)
    templates = []
    for options in ({}, {"job_name": job_name}):
        app = cdk.App()
        encryption = PersonalizeEncryption(cdk.Stack(app, "Recommendations"), "Encryption")
        nightly = cdk.Stack(app, "Nightly")
        job = DatasetImportJob(
            nightly,
            "Import",
            encryption=encryption,
            dataset_arn="arn:aws:personalize:eu-west-1:111122223333:dataset/movies/INTERACTIONS",
            source=S3Location(s3.Bucket(nightly, "Data"), "import/"),
            **options,
        )
        body = sfn.DefinitionBody.from_chainable(job)
        sfn.StateMachine(nightly, "Machine", definition_body=body)
        templates.append(template(nightly))
    assert templates[0] == templates[1]


def test_ids_that_are_kept_by_hand() -> None:
    """With the ids of the page nothing differs."""
    names = names_of("how-to/change.md")
    before = cdk.Stack(cdk.App(), "Recommendations", env=names["env"])
    PersonalizeEncryption(before, "Encryption").add_dataset_group("Movies", name="movies")
    assert template(names["kept_stack"]) == template(before)


def test_aspects_and_boundaries_leave_nothing_missing() -> None:
    """With the path of the aspect, which a key policy of another stack names; in the boundary."""
    names = names_of("how-to/roles.md")
    app = cdk.App()
    key = kms.Key(cdk.Stack(app, "Security"), "Key")
    stack = cdk.Stack(app, "Recommendations")
    PersonalizeEncryption(stack, "Encryption", encryption_key=key, resources=[GROUP])
    cdk.Aspects.of(app).add(names["RolePath"]())
    assert reported(check_assembly(app.synth())) == []
    assert reported(names["report_with_boundary"]) == []


def test_a_boundary_on_a_stack_with_a_state_machine() -> None:
    """With the page's additions the machine's role lacks nothing."""
    names = names_of("how-to/roles.md")
    app = cdk.App()
    stack = cdk.Stack(app, "Recommendations")
    *first, call, pass_role = [
        iam.PolicyStatement.from_json(statement)
        for statement in names["boundary"].document.to_json()["Statement"]
    ]
    boundary = iam.ManagedPolicy(stack, "Boundary", statements=first[:1])
    iam.PermissionsBoundary.of(stack).apply(boundary)
    boundary.add_statements(call, pass_role)
    encryption = PersonalizeEncryption(stack, "Encryption")
    job = DatasetExportJob(
        stack,
        "Export",
        encryption=encryption,
        dataset_arn=stack.format_arn(
            service="personalize", resource="dataset", resource_name="movies/INTERACTIONS"
        ),
        destination=S3Location(s3.Bucket(stack, "Data"), "export/"),
        ingestion_mode="ALL",
    )
    sfn.StateMachine(stack, "Machine", definition_body=sfn.DefinitionBody.from_chainable(job))
    report = check_assembly(app.synth(skip_validation=True))
    assert [entry.action for entry in report.missing if "Machine" in entry.principal_arn] == []


def test_grants_for_services_only_make_the_roles_grants_undecided() -> None:
    """And nothing else; the tag of the perimeter is on the key."""
    stack = names_of("how-to/operate.md")["stack"]
    (key,) = resources(stack, "AWS::KMS::Key").values()
    assert key["Properties"]["Tags"] == [{"Key": "dp:exclude:identity", "Value": "true"}]
    assembly = cdk.App.of(stack).synth()  # type: ignore[union-attr]
    assert reported(check_assembly(assembly)) == [("undecided", "role", "kms:CreateGrant", "key")]


def test_callers_at_run_time_and_administrators() -> None:
    """Their permissions stand in IAM policies of their own, and nothing is missing."""
    names = names_of("how-to/jobs.md")
    (of_shop,) = statements_of(names["stack"], "AWS::IAM::Policy", "Shop")
    assert of_shop["Action"] == "personalize:GetRecommendations"
    assert check_assembly(names["app"].synth()).missing == ()
    of_admins, *_ = statements_of(names_of("how-to/keys.md")["stack"], "AWS::IAM::Policy", "Admins")
    assert "kms:Put*" in of_admins["Action"]


def test_statements_without_a_cdk_app_are_filled_in() -> None:
    """Nothing of the CDK is left in them; there are some for each of the four policies."""
    policies = names_of("how-to/check.md")["policies"]
    assert "${" not in json.dumps(policies)
    actions = {
        name: set(re.findall(r'"(\w+:\w+)"', json.dumps(policy)))
        for name, policy in policies.items()
    }
    conditions = {"aws:PrincipalArn", "aws:SourceAccount"}
    of_data = {"s3:GetObject", "s3:ListBucket"}
    of_bucket = {*of_data, "aws:SourceAccount"}
    keys = {
        f"key arn:aws:kms:eu-west-1:111122223333:key/{id}-12ab-34cd-56ef-1234567890ab"
        for id in ("1234abcd", "4321dcba")
    }
    assert actions == {
        **{key: {*FIVE, *conditions} for key in keys},
        "role arn:aws:iam::111122223333:role/personalize": {*FIVE, *of_data},
        "bucket arn:aws:s3:::ratings": of_bucket,
    }
