"""An owner gets a warning that says all, and a policy as a file in the cloud assembly."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from personalize_kms_check._shared.address import page_at
from personalize_kms_constructs import ImportedKeyPolicy, PersonalizeEncryption, PersonalizeResource
from tests.life.conftest import GROUP, for_owners, importing, warnings
from tests.policies import sids_of, template

KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
FOLDER = "personalize-kms-pending"
OF_FUNCTION = "Stack/PersonalizeKeyPolicies/Role"


def imported_key(
    scope: cdk.Stack, *, partition: str = "aws", account: str = "111111111111"
) -> kms.IKey:
    return kms.Key.from_key_arn(
        scope, "Key", f"arn:{partition}:kms:eu-west-1:{account}:key/{KEY_ID}"
    )


def encryption(scope: Construct, id: str = "Encryption", **props: Any) -> PersonalizeEncryption:
    return PersonalizeEncryption(scope, id, **{"resources": [GROUP], **props})


def files(assembly: str, folder: str = FOLDER) -> dict[str, Any]:
    """Return the contents of the files, by name."""
    return {
        path.name: json.loads(path.read_text())
        for path in sorted((Path(assembly) / folder).glob("*"))
    }


MANAGED = "- pass imported_key_policy=ImportedKeyPolicy.MANAGED, and the deployment adds them"
OF_KEY = "- if a KMS key encrypts it, pass that as S3Location(…, encryption_key=…)"
NAME_A_COPY = (
    "Once they are there, name a copy of the policy in cdk.json, and this warning ends: "
    f"{page_at('how-to/imported-key.md')}"
)
ACKNOWLEDGE = f"Once that is done, acknowledge this warning: {page_at('messages.md')}"


@pytest.mark.parametrize("is_below", [True, False])
def test_a_warning_has_a_line_for_each_way_out(
    is_below: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole text: who adds which file, what the deployment can do, how the warning ends."""
    if is_below:
        monkeypatch.chdir(tmp_path)
    app = cdk.App(outdir=str(tmp_path / "cdk.out"))
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(account="111111111111", region="eu-west-1"))
    encryption(stack, encryption_key=imported_key(stack))
    (text,) = warnings(stack).values()
    path = f"{FOLDER}/StackEncryptionAE998EAF.key.{KEY_ID}.json"
    assert text.splitlines() == [
        f"Personalize has no access to key arn:aws:kms:eu-west-1:111111111111:key/{KEY_ID} yet. "
        "Do one of these:",
        "- have its owner, account 111111111111, add the statements in "
        f"{f'cdk.out/{path}' if is_below else f'{path} in the assembly'} to the key policy",
        MANAGED,
        NAME_A_COPY,
    ]


def test_partition_and_region_are_those_of_the_key(stack: cdk.Stack) -> None:
    """The stack knows neither, and Personalize takes no other key; the rest is to be filled in."""
    encryption(stack, encryption_key=imported_key(stack, partition="aws-cn"))
    of_role, _ = for_owners(stack)["key"]
    role = "arn:aws-cn:iam::${AWS::AccountId}:role/Stack-Encryption-8875952E-eu-west-1"
    assert of_role["Condition"] == {"ArnEquals": {"aws:PrincipalArn": role}}
    (text,) = warnings(stack).values()
    assert ".json in the assembly (fill in ${AWS::AccountId}) to the key policy\n" in text


def test_partition_is_that_of_the_region(app: cdk.App) -> None:
    """The Region gives the partition where no ARN has it."""
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(region="cn-north-1"))
    warning_on(stack, s3.Bucket.from_bucket_name(stack, "Imported", "ratings"))
    _, reading = for_owners(stack)["bucket"]
    assert reading["Resource"] == ["arn:aws-cn:s3:::ratings/import/*"]


def test_a_dynamic_reference_is_to_be_filled_in(stack: cdk.Stack) -> None:
    """CloudFormation replaces it in templates, and no owner's policy does."""
    bucket = s3.Bucket.from_bucket_name(stack, "Imported", "ratings")
    encryption(stack, resources=[importing(bucket, "{{resolve:ssm:/folder}}/")])
    (text,) = warnings(stack).values()
    assert "(fill in ${AWS::Partition}, ${AWS::AccountId}, {{resolve:ssm:/folder}})" in text


def test_placeholders_are_named(stack: cdk.Stack) -> None:
    """Each is named once; a bucket's ARN has no account; MANAGED is for keys."""
    name = cdk.CfnParameter(stack, "BucketName").value_as_string
    text = warning_on(stack, s3.Bucket.from_bucket_name(stack, "Imported", name))
    assert text.splitlines() == [
        "Personalize has no access to bucket arn:${AWS::Partition}:s3:::${BucketName} yet:",
        f"- have its owner add the statements in {FOLDER}/StackEncryptionAE998EAF.bucket."
        "BucketName.json in the assembly (fill in ${AWS::Partition}, ${BucketName}, "
        "${AWS::AccountId}) to the bucket policy",
        OF_KEY,
        ACKNOWLEDGE,
    ]


@pytest.mark.parametrize("is_exported", [True, False])
def test_a_key_that_only_the_deployment_knows(stack: cdk.Stack, is_exported: bool) -> None:
    """Nobody can name a file by the ARN of an export, or of an SSM parameter."""
    parameter = ssm.StringParameter.value_for_string_parameter(stack, "/key")
    arn = cdk.Fn.import_value("Key") if is_exported else parameter
    encryption(stack, encryption_key=kms.Key.from_key_arn(stack, "Key", arn))
    (text,) = warnings(stack).values()
    assert text.splitlines()[2:] == [MANAGED, ACKNOWLEDGE]


FUNCTIONS = {
    "Fn::ImportValue": (cdk.Fn.import_value("Lake"), "${Fn::ImportValue Lake}"),
    "Fn::Sub": (
        cdk.Fn.sub("data-${Where}", {"Where": cdk.Fn.import_value("Lake")}),
        "data-${Fn::ImportValue Lake}",
    ),
    "Fn::If": (
        cdk.Token.as_string(cdk.Fn.condition_if("Yes", "one", "two")),
        "${Fn::If Yes one two}",
    ),
    "Fn::Select": (
        cdk.Fn.select(1, cdk.Fn.split(":", cdk.Fn.import_value("Lake"))),
        "${Fn::Select 1 Fn::Split : Fn::ImportValue Lake}",
    ),
    "list parameter": (
        cdk.Fn.select(0, cdk.Token.as_list(cdk.Fn.ref("Names"))),
        "${Fn::Select 0 Ref Names}",
    ),
}


@pytest.mark.parametrize(("name", "shown"), FUNCTIONS.values(), ids=FUNCTIONS)
def test_a_function_in_a_name_is_a_placeholder_with_a_name(
    stack: cdk.Stack, name: str, shown: str
) -> None:
    """JSON within JSON could neither be read nor pasted."""
    text = warning_on(stack, s3.Bucket.from_bucket_name(stack, "Imported", name))
    _, reading = for_owners(stack)["bucket"]
    assert reading["Resource"] == [f"arn:${{AWS::Partition}}:s3:::{shown}/import/*"]
    assert f", {shown.removeprefix('data-')}, " in text


def test_the_key_of_another_account_can_not_be_managed(app: cdk.App) -> None:
    """The message doesn't advise MANAGED."""
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(account="111111111111", region="eu-west-1"))
    encryption(stack, encryption_key=imported_key(stack, account="222222222222"))
    (text,) = warnings(stack).values()
    assert " yet:\n- have its owner, account 222222222222, add " in text
    assert text.splitlines()[2:] == [NAME_A_COPY]


def test_the_owner_of_a_role_gets_a_policy_of_its_own(app: cdk.App, stack: cdk.Stack) -> None:
    """A file for the role and one for the key, each a whole policy."""
    role = iam.Role.from_role_arn(
        stack, "Role", "arn:aws:iam::111111111111:role/team/personalize", mutable=False
    )
    encryption(stack, encryption_key=imported_key(stack), service_role=role)
    written = files(app.synth().directory)
    assert list(written) == [
        f"StackEncryptionAE998EAF.key.{KEY_ID}.json",
        "StackEncryptionAE998EAF.role.personalize.json",
    ]
    policy = written["StackEncryptionAE998EAF.role.personalize.json"]
    assert (policy["Version"], sids_of(policy["Statement"])) == (
        "2012-10-17",
        ["CreateGrants", "UseKey"],
    )


def test_two_resources_that_are_spelt_alike_have_two_files(app: cdk.App, stack: cdk.Stack) -> None:
    """Their difference may lie in characters that a file name can't have."""
    buckets = [
        s3.Bucket.from_bucket_name(stack, name, cdk.Fn.import_value(f"{name}/ratings"))
        for name in ("A", "B")
    ]
    encryption(stack, resources=[importing(bucket) for bucket in buckets])
    assert list(files(app.synth().directory)) == [
        "StackEncryptionAE998EAF.bucket.ratings.2.json",
        "StackEncryptionAE998EAF.bucket.ratings.json",
    ]


def test_a_stage_has_its_files_in_its_own_assembly(app: cdk.App) -> None:
    """The warning says where, seen from the folder of the app."""
    stack = cdk.Stack(cdk.Stage(app, "Production"), "Stack")
    encryption(stack, encryption_key=imported_key(stack))
    assembly = app.synth()
    name = f"ProductionStackEncryptionC01F2FCD.key.{KEY_ID}.json"
    assert list(files(assembly.directory, f"assembly-Production/{FOLDER}")) == [name]
    (text,) = warnings(stack).values()
    assert f"the statements in assembly-Production/{FOLDER}/{name} in the assembly (" in text


def test_a_file_of_a_construct_that_is_gone_is_taken_out(app: cdk.App, stack: cdk.Stack) -> None:
    """An earlier synth of another process left it; files of others stay."""
    folder = Path(app.outdir) / FOLDER
    folder.mkdir()
    for name in ("StackGone12345678.key.1234abcd.json", "notes.txt"):
        (folder / name).write_text("{}")
    encryption(stack, encryption_key=imported_key(stack))
    app.synth()
    assert sorted(files(app.outdir)) == [f"StackEncryptionAE998EAF.key.{KEY_ID}.json", "notes.txt"]


def test_a_long_path_and_a_long_name(app: cdk.App, stack: cdk.Stack) -> None:
    """A file name has up to 255 bytes; paths that differ at the end have different files."""
    scope: Any = stack
    for _ in range(9):
        scope = Construct(scope, "x" * 24)
    name = "".join(f"${{{'P' * 200}{number}}}" for number in range(2))
    bucket = s3.Bucket.from_bucket_name(stack, "Imported", cdk.Fn.sub(name))
    for id in ("One", "Two"):
        encryption(scope, id, resources=[importing(bucket)])
    assert len(files(app.synth().directory)) == 2


def test_no_template_and_no_folder_knows_of_it(app: cdk.App, stack: cdk.Stack) -> None:
    """Keys, roles and buckets of the app take every statement: no folder, and no warning."""
    assert encryption(stack).pending_statements == ()
    assert warnings(stack) == {}
    assert not (Path(app.synth().directory) / FOLDER).exists()
    assert FOLDER not in json.dumps(template(stack))


def test_the_owner_of_a_callers_role_is_told_as_well(stack: cdk.Stack) -> None:
    """The account is that of the service role, which a caller of another account could not pass."""
    role = iam.Role.from_role_arn(stack, "Role", "arn:aws:iam::111111111111:role/personalize")
    caller = iam.Role.from_role_arn(
        stack, "Caller", "arn:aws:iam::111111111111:role/deployer", mutable=False
    )
    encryption(stack, service_role=role).grant_create(caller, GROUP)
    (text,) = warnings(stack).values()
    assert text.splitlines() == [
        "role arn:aws:iam::111111111111:role/deployer can't create resources of Personalize yet:",
        "- have its owner, account 111111111111, attach the policy in "
        f"{FOLDER}/StackEncryptionAE998EAF.caller.deployer.json in the assembly (fill in "
        "${AWS::Region}) to the role",
        ACKNOWLEDGE,
    ]
    created, *_ = for_owners(stack)["caller"]
    assert created["Resource"] == [
        "arn:aws:personalize:${AWS::Region}:111111111111:dataset-group/*"
    ]


def test_all_that_a_caller_lacks_is_in_one_file(concrete: cdk.Stack) -> None:
    """Each call adds what it needs, and nothing twice."""
    caller = iam.Role.from_role_arn(
        concrete, "Caller", "arn:aws:iam::111111111111:role/deployer", mutable=False
    )
    made = encryption(concrete)
    export = PersonalizeResource.dataset_export_job()
    for resources in ([GROUP], [GROUP, export], [export]):
        made.grant_create(caller, *resources)
    assert [statement["Action"][0] for statement in for_owners(concrete)["caller"]] == [
        "personalize:CreateDatasetGroup",
        "personalize:DescribeDatasetGroup",
        "iam:PassRole",
        "personalize:CreateDatasetExportJob",
        "personalize:DescribeDatasetExportJob",
    ]


def warning_on(stack: cdk.Stack, bucket: Any, **props: Any) -> str:
    """Return the warning about the policy of an imported bucket."""
    encryption(stack, resources=[importing(bucket, **props)])
    return warnings(stack)["pendingBucketPolicy"]


@pytest.mark.parametrize("is_given", [False, True])
def test_the_key_of_an_imported_bucket(stack: cdk.Stack, is_given: bool) -> None:
    """Only its owner knows if there is one, and forgets it when pasting the statements."""
    key = imported_key(stack) if is_given else None
    text = warning_on(
        stack, s3.Bucket.from_bucket_name(stack, "Imported", "ratings"), encryption_key=key
    )
    assert (f"\n{OF_KEY}\n" in text) is not is_given


@pytest.mark.parametrize(
    ("account", "owner"), [("222222222222", ", account 222222222222,"), (None, "")]
)
def test_the_owner_of_an_imported_bucket(
    concrete: cdk.Stack, account: str | None, owner: str
) -> None:
    """The CDK takes the stack's account where nothing says another one."""
    bucket = s3.Bucket.from_bucket_attributes(
        concrete, "Imported", bucket_name="ratings", account=account
    )
    assert f"have its owner{owner} add" in warning_on(concrete, bucket)


def test_the_function_of_a_managed_key_policy_whose_role_others_make(app: cdk.App) -> None:
    """The CDK's report has the statements that ``customize_roles`` leaves out of its role."""
    names = {"Stack/Encryption/Role": "personalize", OF_FUNCTION: "function"}
    iam.Role.customize_roles(app, use_precreated_roles=names)
    stack = cdk.Stack(app, "Stack")
    construct = encryption(
        stack,
        encryption_key=imported_key(stack),
        imported_key_policy=ImportedKeyPolicy.MANAGED,
    )
    assert [pending.policy for pending in construct.pending_statements] == ["role"]
    directory = app.synth().directory
    assert list(files(directory)) == ["StackEncryptionAE998EAF.role.personalize.json"]
    report = json.loads(Path(directory, "iam-policy-report.json").read_text())
    of_function = json.dumps([role for role in report["roles"] if OF_FUNCTION in str(role)])
    for action in ("kms:GetKeyPolicy", "kms:PutKeyPolicy", "cloudformation:DescribeStacks"):
        assert action in of_function


def test_a_role_of_others_that_has_no_name_yet(app: cdk.App, stack: cdk.Stack) -> None:
    """Its owner can't do anything before it has one: no file has an ARN that no role has."""
    iam.Role.customize_roles(stack)
    encryption(stack, encryption_key=imported_key(stack))
    assembly = app.synth()
    messages = [str(message.entry.data) for message in assembly.get_stack_by_name("Stack").messages]
    told = 'IAM Role is being created at path "Stack/Encryption/Role"'
    assert any(message.startswith(told) for message in messages)
    assert list(files(assembly.directory)) == []
    assert not any("personalize-kms" in message for message in messages)
