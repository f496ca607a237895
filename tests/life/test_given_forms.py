"""Keys, buckets and roles in every form of the CDK: L2, L1, imported, lazy, reference, look-up."""

import json
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any, cast

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm
from aws_cdk import aws_stepfunctions as sfn

from personalize_kms_constructs import (
    ImportedKeyPolicy,
    PersonalizeEncryption,
    PersonalizeResource,
    S3Location,
)
from personalize_kms_constructs.jobs import DatasetExportJob
from tests.life.conftest import (
    GROUP,
    KEY_ARN,
    KEY_SIDS,
    PERSONALIZE,
    Late,
    allowing,
    encrypted_by,
    for_owners,
    importing,
    key_sids,
    key_statement,
    l1_role,
    trusted_role,
    warnings,
)
from tests.policies import pending_policies, resources, sids_of, template

KEYS: dict[str, Callable[[kms.Key], Any]] = {
    "L1 of an L2": lambda key: key.node.default_child,
    "imported by a reference": lambda key: kms.Key.from_key_arn(key.stack, "Imported", key.key_arn),
    "imported by its L1's reference": lambda key: kms.Key.from_key_arn(
        key.stack,
        "Imported",
        key.node.default_child.attr_arn,  # type: ignore[union-attr]
    ),
}


@pytest.mark.parametrize("form", KEYS.values(), ids=KEYS)
def test_a_key_of_the_app_is_the_apps_own_in_every_form(
    stack: cdk.Stack, form: Callable[[kms.Key], Any]
) -> None:
    """The policy gets the statements once, beside those for an L2's bucket; nothing is pending."""
    key = kms.Key(stack, "Key")
    job = importing(s3.Bucket(stack, "Bucket", encryption_key=key))
    encryption = allowing(stack, GROUP, job, encryption_key=form(key))
    assert encryption.pending_statements == ()
    assert key_sids(stack) == KEY_SIDS


def test_references_to_what_is_outside_of_the_app(stack: cdk.Stack) -> None:
    """They count as imported: all their owners' statements are pending."""
    encryption = allowing(
        stack,
        importing(s3.CfnBucket.from_bucket_arn(stack, "Bucket", "arn:aws:s3:::ratings")),
        encryption_key=kms.CfnKey.from_key_arn(stack, "Key", KEY_ARN),
    )
    arns = [pending.resource_arn for pending in encryption.pending_statements]
    assert arns == [KEY_ARN, "arn:aws:s3:::ratings"]
    assert encryption.encryption_key.key_arn == KEY_ARN


def test_the_path_in_a_bucket_reference(stack: cdk.Stack) -> None:
    """The address that Personalize takes has the bucket's name in it."""
    bucket = s3.CfnBucket.from_bucket_arn(stack, "Bucket", "arn:aws:s3:::ratings")
    assert S3Location(bucket, "import/").uri == "s3://ratings/import/"
    l1 = s3.CfnBucket(stack, "L1")
    assert stack.resolve(S3Location(l1, "import/").uri) == {
        "Fn::Join": ["", ["s3://", {"Ref": "L1"}, "/import/"]]
    }


def lazy_role(stack: cdk.Stack, path: str | None = None) -> iam.LazyRole:
    return iam.LazyRole(stack, "Lazy", assumed_by=iam.ServicePrincipal(PERSONALIZE), path=path)


ROLES: dict[str, Callable[[cdk.Stack], Any]] = {
    "L2": trusted_role,
    "L1": lambda stack: l1_role(stack, path="/personalize/"),
    "imported by its ARN": lambda stack: iam.Role.from_role_arn(
        stack, "Wrapped", l1_role(stack, path="/personalize/").attr_arn
    ),
    "imported by its name": lambda stack: iam.Role.from_role_name(
        stack, "Wrapped", l1_role(stack, path="/personalize/").ref
    ),
    "lazy": lazy_role,
    "lazy with a path": lambda stack: lazy_role(stack, "/personalize/"),
}


@pytest.mark.parametrize("make", ROLES.values(), ids=ROLES)
def test_a_role_of_the_app_in_every_form(
    app: cdk.App, stack: cdk.Stack, make: Callable[[cdk.Stack], Any]
) -> None:
    """It gets its policy by its name, not a part of an ARN with a path; all grants reach it."""
    encryption = allowing(stack, GROUP, service_role=make(stack))
    encryption.grant_create(iam.User(stack, "Caller"), GROUP)
    (logical_id,) = resources(stack, "AWS::IAM::Role")
    (policy,) = resources(stack, "AWS::IAM::ManagedPolicy").values()
    assert policy["Properties"]["Roles"] == [{"Ref": logical_id}]
    arn = {"Fn::GetAtt": [logical_id, "Arn"]}
    assert key_statement(stack, "PersonalizeRole")["Principal"] == {"AWS": arn}
    # The CDK puts together an ARN of its own for a role that is imported by its name.
    if make is not ROLES["imported by its name"]:
        assert stack.resolve(encryption.service_role.role_arn) == arn
    (of_caller,) = resources(stack, "AWS::IAM::Policy").values()
    assert arn in [
        statement["Resource"]
        for statement in of_caller["Properties"]["PolicyDocument"]["Statement"]
    ]
    app.synth()


def test_a_role_that_is_looked_up(app: cdk.App, concrete: cdk.Stack) -> None:
    """Its dummy, of an account of nobody, is refused by nobody, so that the CLI can look it up."""
    role = iam.Role.from_lookup(concrete, "Role", role_name="personalize")
    allowing(concrete, GROUP, service_role=role)
    assert warnings(concrete) == {}
    assert [look_up["provider"] for look_up in missing(app)] == ["cc-api-provider"]
    assert not (Path(app.outdir) / "personalize-kms-pending").exists()


def test_a_caller_that_is_looked_up(app: cdk.App, concrete: cdk.Stack) -> None:
    """Its dummy belongs to no account, and gets its policy in the synth after the look-up."""
    encryption = allowing(concrete, GROUP)
    encryption.grant_create(iam.Role.from_lookup(concrete, "Caller", role_name="caller"), GROUP)
    assert warnings(concrete) == {}
    assert [look_up["provider"] for look_up in missing(app)] == ["cc-api-provider"]


def looked_up(stack: cdk.Stack) -> str:
    """A dummy for a part of an ARN that the CLI has not looked up yet."""
    return ssm.StringParameter.value_from_lookup(stack, "/company/shared")


def key_looked_up(stack: cdk.Stack, part: str) -> kms.IKey:
    """The key of the ARN of these tests, with a dummy in place of a part of it."""
    return kms.Key.from_key_arn(stack, "Shared", KEY_ARN.replace(part, looked_up(stack)))


def imported_bucket(stack: cdk.Stack, **props: Any) -> s3.IBucket:
    return s3.Bucket.from_bucket_attributes(stack, "Data", bucket_name="data", **props)


def on_dataset(encryption: PersonalizeEncryption, dataset_arn: str) -> None:
    caller = iam.User(encryption, "Caller")
    encryption.grant_create(caller, PersonalizeResource.dataset_import_job(), on=[dataset_arn])


def role_looked_up(stack: cdk.Stack) -> iam.IRole:
    return iam.Role.from_role_arn(
        stack, "Looked", f"arn:aws:iam::{looked_up(stack)}:role/personalize"
    )


WITH_LOOK_UPS: dict[str, Callable[[cdk.Stack], object]] = {
    "Region of the key": lambda stack: allowing(
        stack, GROUP, encryption_key=key_looked_up(stack, "eu-west-1")
    ),
    "account of a managed key": lambda stack: allowing(
        stack,
        GROUP,
        encryption_key=key_looked_up(stack, "111111111111"),
        imported_key_policy=ImportedKeyPolicy.MANAGED,
    ),
    "key of an L1": lambda stack: allowing(
        stack,
        importing(s3.CfnBucket(stack, "Data", bucket_encryption=encrypted_by(looked_up(stack)))),
    ),
    "account of the role": lambda stack: allowing(stack, GROUP, service_role=role_looked_up(stack)),
    "account of a caller": lambda stack: PersonalizeEncryption(stack, "Encryption").grant_create(
        role_looked_up(stack), GROUP
    ),
    "account of a bucket": lambda stack: allowing(
        stack, importing(imported_bucket(stack, account=looked_up(stack)))
    ),
    "Region of a bucket": lambda stack: allowing(
        stack, importing(imported_bucket(stack, region=looked_up(stack)))
    ),
    "account of a dataset": lambda stack: on_dataset(
        PersonalizeEncryption(stack, "Encryption"),
        f"arn:aws:personalize:eu-west-1:{looked_up(stack)}:dataset/movies/ITEMS",
    ),
}


def missing(app: cdk.App) -> list[dict[str, str]]:
    """Synthesize, and return what the CLI has yet to look up."""
    manifest = json.loads((Path(app.synth().directory) / "manifest.json").read_text("utf-8"))
    return list(manifest["missing"])


@pytest.mark.parametrize("make", WITH_LOOK_UPS.values(), ids=WITH_LOOK_UPS)
def test_parts_that_are_looked_up(
    app: cdk.App, concrete: cdk.Stack, make: Callable[[cdk.Stack], object]
) -> None:
    """Nothing is compared with a dummy: the CLI looks it up only if the synth succeeds."""
    make(concrete)
    assert [look_up["provider"] for look_up in missing(app)] == ["ssm"]


def test_values_that_are_looked_up(app: cdk.App, concrete: cdk.Stack) -> None:
    """The dummies are no names, folders or ARNs; constructor and synth accept them all the same."""

    def looked_up(name: str) -> Any:
        return ssm.StringParameter.value_from_lookup(concrete, f"/personalize/{name}")

    location = S3Location(s3.Bucket(concrete, "Bucket"), looked_up("prefix"))
    encryption = allowing(
        concrete, PersonalizeResource.dataset_export_job(location), role_name=looked_up("role")
    )
    encryption.add_dataset_group("Movies", name=looked_up("name"), domain=looked_up("domain"))
    encryption.add_dataset(
        "Items",
        dataset_group=looked_up("group"),
        schema_arn=looked_up("schema"),
        name=looked_up("dataset"),
        dataset_type=looked_up("type"),
    )
    output = S3Location(location.bucket, looked_up("output"))
    encryption.allow(PersonalizeResource.batch_inference_job(location, output))
    DatasetExportJob(
        concrete,
        "Export",
        encryption=encryption,
        dataset_arn=looked_up("arn"),
        destination=location,
        destination_path="today/",
    )
    assert len(missing(app)) == 10


def test_a_precreated_role_has_pending_statements() -> None:
    """``customize_roles`` synthesizes no policies: the role's maker must add the statements."""
    app = cdk.App(analytics_reporting=False)
    iam.Role.customize_roles(app, use_precreated_roles={"Stack/Encryption/Role": "precreated"})
    stack = cdk.Stack(app, "Stack")
    key = kms.Key.from_key_arn(stack, "Key", KEY_ARN)
    encryption = allowing(stack, GROUP, encryption_key=key)
    assert pending_policies(encryption) == ["key", "role"]
    (of_key, of_role) = encryption.pending_statements
    assert [statement.sid for statement in of_role.statements] == ["CreateGrants", "UseKey"]
    condition = stack.resolve(of_key.statements[0].to_statement_json())["Condition"]
    account = ["arn:", {"Ref": "AWS::Partition"}, ":iam::", {"Ref": "AWS::AccountId"}]
    assert condition == {
        "ArnEquals": {"aws:PrincipalArn": {"Fn::Join": ["", [*account, ":role/precreated"]]}}
    }
    assert not resources(stack, "AWS::IAM::Role")


def test_the_report_on_precreated_roles_has_later_statements(tmp_path: Path) -> None:
    """The role's maker reads it in the report."""
    app = cdk.App(analytics_reporting=False, outdir=str(tmp_path))
    iam.Role.customize_roles(app, use_precreated_roles={"Stack/Encryption/Role": "precreated"})
    stack = cdk.Stack(app, "Stack")
    encryption = allowing(stack, GROUP)
    location = S3Location(s3.Bucket(stack, "Data"), "import/")
    encryption.allow(PersonalizeResource.dataset_import_job(location))
    app.synth()
    (role,) = json.loads((tmp_path / "iam-policy-report.json").read_text())["roles"]
    (pending,) = encryption.pending_statements
    sids = sids_of(role["managedPolicyStatements"])
    assert (
        set(sids)
        == {statement.sid for statement in pending.statements}
        == {"ListBucket", "ReadObjects", "UseKey"}
    )


def test_a_precreated_role_and_the_key_of_another_stack() -> None:
    """The role exists, so the key of the app names it, as AWS's page does."""
    app = cdk.App(analytics_reporting=False)
    iam.Role.customize_roles(app, use_precreated_roles={"Stack/Role": "precreated"})
    stack, security = cdk.Stack(app, "Stack"), cdk.Stack(app, "Security")
    allowing(
        stack,
        GROUP,
        encryption_key=kms.Key(security, "Key"),
        service_role=trusted_role(stack, "Role"),
    )
    account = ["arn:", {"Ref": "AWS::Partition"}, ":iam::", {"Ref": "AWS::AccountId"}]
    assert key_statement(security, "PersonalizeRole")["Principal"] == {
        "AWS": {"Fn::Join": ["", [*account, ":role/precreated"]]}
    }


@pytest.mark.parametrize(
    ("make", "where", "sids"),
    [(l1_role, "Stack", ["UseKey"]), (trusted_role, "Roles", ["CreateGrants", "UseKey"])],
    ids=["L1", "L2 of another stack"],
)
def test_a_role_that_is_made_beside_precreated_ones(
    make: Callable[..., Any], where: str, sids: list[str]
) -> None:
    """``customize_roles`` leaves out the construct's policies, whoever makes the role."""
    app = cdk.App(analytics_reporting=False)
    stacks = {id: cdk.Stack(app, id) for id in ("Stack", "Roles")}
    iam.Role.customize_roles(stacks["Stack"])
    role = make(stacks[where], role_name="personalize")
    (of_role,) = allowing(stacks["Stack"], GROUP, service_role=role).pending_statements
    assert (of_role.policy, [statement.sid for statement in of_role.statements]) == ("role", sids)
    app.synth()


@pytest.mark.parametrize("given", [False, True])
def test_a_report_on_permissions_leaves_the_role_as_it_is(given: bool) -> None:
    """``customize_roles(prevent_synthesis=False)`` makes the roles, and their report besides."""
    app = cdk.App(analytics_reporting=False)
    iam.Role.customize_roles(app, prevent_synthesis=False)
    stack = cdk.Stack(app, "Stack")
    role: Any = (
        iam.Role(stack, "Given", assumed_by=iam.ServicePrincipal(PERSONALIZE)) if given else None
    )
    key = kms.Key.from_key_arn(stack, "Key", KEY_ARN)
    encryption = PersonalizeEncryption(stack, "Encryption", encryption_key=key, service_role=role)
    encryption.add_dataset_group("Movies", name="movies")
    encryption.grant_create(iam.User(stack, "Caller"), GROUP)
    by_type: dict[str, list[tuple[str, Any]]] = {}
    for logical_id, resource in template(stack)[
        "Resources"
    ].items():  # the report can be written once
        by_type.setdefault(resource["Type"], []).append((logical_id, resource.get("Properties")))
    ((role_id, _),) = by_type["AWS::IAM::Role"]
    ((_, group),) = by_type["AWS::Personalize::DatasetGroup"]
    assert group["RoleArn"] == {"Fn::GetAtt": [role_id, "Arn"]}
    ((_, policy),) = by_type["AWS::IAM::ManagedPolicy"]
    assert policy["Roles"] == [{"Ref": role_id}]
    ((_, of_caller),) = by_type["AWS::IAM::Policy"]
    assert {"Fn::GetAtt": [role_id, "Arn"]} in [
        statement["Resource"] for statement in of_caller["PolicyDocument"]["Statement"]
    ]
    assert pending_policies(encryption) == ["key"]


@pytest.mark.parametrize("policy", [ImportedKeyPolicy.PENDING, ImportedKeyPolicy.MANAGED])
@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ({"Fn::Join": ["-", [5, True]]}, "5-true"),
        (None, ""),
        ({"Fn::Join": ["-", {"Ref": "List"}]}, None),
        ({"Fn::Sub": 5}, None),
    ],
    ids=str,
)
def test_a_part_of_a_name_that_is_no_string(
    app: cdk.App, stack: cdk.Stack, value: Any, shown: str | None, policy: ImportedKeyPolicy
) -> None:
    """A composed name is written out as CloudFormation does; an unknown part breaks nothing."""
    part = cdk.Token.as_string(Late(value).as_any())
    bucket = s3.Bucket.from_bucket_name(stack, "Bucket", f"data{part}")
    key = kms.Key.from_key_arn(stack, "Key", f"{KEY_ARN}{part}")
    resources = [GROUP, importing(bucket, f"in{part}/")]
    encryption = allowing(stack, *resources, encryption_key=key, imported_key_policy=policy)
    encryption.output_pending_statements()
    _, reading = for_owners(stack)["bucket"]
    assert shown is None or reading["Resource"] == [f"arn:aws:s3:::data{shown}/in{shown}/*"]


PERSONALIZE_ARN = "arn:aws:personalize:eu-west-1:111111111111"


def with_strings(text: Callable[[str], str]) -> cdk.Stack:
    """A stack of all that is made of strings of the user's, each handed through a function."""
    env = cdk.Environment(account="111111111111", region="eu-west-1")
    stack = cdk.Stack(cdk.App(analytics_reporting=False), "Stack", env=env)
    data = s3.Bucket(stack, "Data")
    folder = S3Location(data, text("import/"))
    encryption = allowing(
        stack, PersonalizeResource.dataset_import_job(folder), role_name=text("personalize")
    )
    encryption.add_dataset_group(
        "Movies",
        name=text("movies"),
        domain=cast("Any", text("ECOMMERCE")),
        tags={text("team"): text("a")},
    )
    encryption.add_dataset(
        "Items",
        dataset_group=text(f"{PERSONALIZE_ARN}:dataset-group/movies"),
        schema_arn=text(f"{PERSONALIZE_ARN}:schema/items"),
        name=text("items"),
        dataset_type=cast("Any", text("Items")),
        import_from=folder,
    )
    solution = text(f"{PERSONALIZE_ARN}:solution/watched")
    caller = iam.User(stack, "Caller")
    encryption.grant_create(caller, PersonalizeResource.batch_inference_job(), on=[solution])
    job = DatasetExportJob(
        stack,
        "Export",
        encryption=encryption,
        dataset_arn=text(f"{PERSONALIZE_ARN}:dataset/movies/ITEMS"),
        destination=S3Location(data, text("export/")),
        destination_path=text("today/"),
        job_name=text("nightly"),
    )
    sfn.StateMachine(stack, "Machine", definition_body=sfn.DefinitionBody.from_chainable(job))
    return stack


def member(text: str) -> str:
    """The member of an enumeration that is this string."""
    Names: Any = Enum("Names", {"A": text}, type=str)  # noqa: N806 - a class
    return cast("str", Names.A)


def test_strings_of_an_enumeration() -> None:
    """A member of ``class Folder(str, Enum)`` is its string; an f-string says ``Folder.IMPORT``."""
    of_enumeration = template(with_strings(member))
    assert of_enumeration == template(with_strings(str))
    assert "Names.A" not in json.dumps(of_enumeration)
