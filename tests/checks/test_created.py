"""Resources that code creates and no template shows: declared in the app, or told to the check."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from personalize_kms_constructs.checks import check_assembly, declare_created
from tests.checks.command import run
from tests.checks.templates import (
    ACCOUNT,
    CLEAN,
    KEY,
    ROLE,
    Json,
    bucket,
    complete,
    findings,
    readable,
    write,
)
from tests.checks.test_metadata import left, reference
from tests.checks.test_undeclared import CREATING, OF_ANOTHER, PASSING, creates, passes
from tests.checks.test_undeclared import app as creating
from tests.life.conftest import GROUP, trusted_role

IN = {"bucket": "arn:aws:s3:::ratings", "prefix": "in/"}
IMPORT: Json = {"resource": "dataset import job", "source": IN}
CREATED: Json = {"serviceRole": ROLE, "encryptionKey": KEY, "resources": [IMPORT]}
ROLE_ARN = f"arn:aws:iam::{ACCOUNT}:role/team/Personalize"
KEY_ARN = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
IN_TEMPLATE = {"template": "Main.template.json", "logicalId": "Role", "attribute": "Arn"}
NO_RESOURCES = "created[0].resources is None, expected a list of mappings"
A_ROLE = "expected an ARN, for example arn:aws:iam::111122223333:role/Personalize"
A_KEY = f"expected an ARN, for example {KEY_ARN}"
A_BUCKET = "expected an ARN, for example arn:aws:s3:::ratings"
A_FOLDER = "expected a folder, for example import/"


def told(directory: Path, *created: Json, **resources: Json) -> Any:
    """A report on a template in which nothing is missing, and on resources that code creates."""
    return check_assembly(write(directory, {"Main": complete(**resources)}), created=list(created))


@pytest.fixture
def stack(app: cdk.App) -> cdk.Stack:
    return cdk.Stack(app, "Main")


def test_a_stack_wired_by_hand_says_what_its_code_creates(app: cdk.App, stack: cdk.Stack) -> None:
    """The metadata is that of a construct; nothing else is left, no judge and no permission."""
    key, data_key = (kms.Key(stack, id) for id in ("Key", "DataKey"))
    data = s3.Bucket(stack, "Data", encryption_key=data_key)
    role = trusted_role(stack, "Role")
    before = len(stack.node.find_all())
    declare_created(
        stack,
        GROUP,
        PersonalizeResource.dataset_import_job(S3Location(data, "import/")),
        service_role=role,
        encryption_key=key,
    )
    assert len(stack.node.find_all()) == before
    key.node.default_child.override_logical_id("Renamed")  # type: ignore[union-attr]
    assembly = app.synth()
    assert left(Path(assembly.directory)) == {
        "/Main": {
            "stack": "Main",
            "template": "Main.template.json",
            "serviceRole": reference("Main", "Role1ABCC5F0"),
            "encryptionKey": reference("Main", "Renamed"),
            "resources": [
                {"resource": "dataset group"},
                {
                    "resource": "dataset import job",
                    "source": {"bucket": reference("Main", "Data666C94C7"), "prefix": "import/"},
                },
            ],
            "pending": [],
            "isDeclared": True,
        }
    }
    report = check_assembly(assembly)
    assert report.asked == ("Main (dataset group)", "Main (dataset import job)")
    assert {entry.principal for entry in report.missing} == {"role", "service"}
    assert {"kms:CreateGrant", "s3:GetObject"} <= {entry.action for entry in report.missing}
    assert {entry.needed_by[0] for entry in report.missing if entry.policy == "bucket"} == {
        "Main (dataset import job)"
    }


def test_what_is_declared_is_nothing_that_a_construct_answers_for(
    app: cdk.App, stack: cdk.Stack
) -> None:
    """The judge is silent, on the rest of the stack, too; a scope may declare twice."""
    PersonalizeEncryption(stack, "Encryption", resources=[GROUP])
    for name in ("One", "Two"):
        role = iam.Role(stack, name, assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        declare_created(stack, PersonalizeResource.dataset_export_job(), service_role=role)
    personalize.CfnDatasetGroup(stack, "Alone", name="alone", role_arn=ROLE_ARN)
    report = check_assembly(app.synth())
    assert [problem.kind for problem in report.problems] == ["configuration", "trust", "trust"]


def test_roles_and_keys_of_the_templates_own_forms(app: cdk.App, stack: cdk.Stack) -> None:
    """As the construct takes them: L1s, and references to them."""
    role = iam.CfnRole(stack, "L1", assume_role_policy_document={})
    key = kms.CfnKey(stack, "KeyL1")
    declare_created(stack, GROUP, service_role=role, encryption_key=key)
    of_reference = iam.Role.from_role_arn(stack, "Of", role.attr_arn)
    declare_created(cdk.Stack(app, "Other"), GROUP, service_role=of_reference)
    directory = Path(app.synth().directory)
    (data,), (other,) = left(directory).values(), left(directory, "Other").values()
    assert data["serviceRole"] == other["serviceRole"] == reference("Main", "L1")
    assert data["encryptionKey"] == reference("Main", "KeyL1")


def test_a_declaration_that_makes_no_sense(stack: cdk.Stack) -> None:
    """All that is wrong, in one message."""
    with pytest.raises(ValueError, match=r"^Main: ") as refused:
        declare_created(stack, "dataset group", service_role="role", encryption_key="key")  # type: ignore[arg-type]
    assert str(refused.value).splitlines() == [
        "Main: ",
        "- service_role is 'role', expected a role: pass an iam.Role or a CfnRole, or "
        "iam.Role.from_role_arn for an ARN",
        "- encryption_key is 'key', expected a key: pass a kms.Key or a CfnKey, or "
        "kms.Key.from_key_arn for an ARN",
        "- 'dataset group' is not a resource: call a factory, as in "
        "PersonalizeResource.dataset_group()",
    ]
    role = iam.Role.from_role_arn(stack, "Role", ROLE_ARN)
    with pytest.raises(ValueError, match=r"^Main: nothing is declared: name the resources"):
        declare_created(stack, service_role=role)


@pytest.mark.parametrize("service_role", [ROLE, {"Fn::Sub": "${Role.Arn}"}])
def test_the_check_is_told_what_code_creates(service_role: Json, tmp_path: Path) -> None:
    """In the form of the metadata, with references as CloudFormation writes them."""
    created = {**CREATED, "serviceRole": service_role}
    parts = readable()
    report = told(tmp_path, created, **parts)
    assert report.asked == ("Main (dataset import job)", "Main/Movies (dataset group)")
    assert findings(report) == CLEAN
    del parts["Read"]
    missing = {entry.action for entry in told(tmp_path, created, **parts).missing}
    assert missing == {"s3:GetObject", "s3:ListBucket"}


@pytest.mark.parametrize(
    "change",
    [
        {"stack": "Main/Loader"},
        {"serviceRole": IN_TEMPLATE},
        {"encryptionKey": None},
    ],
)
def test_forms_of_what_is_told(change: Json, tmp_path: Path) -> None:
    """ARNs, references, and the name in the report."""
    report = told(tmp_path, {**CREATED, **change})
    assert f"{change.get('stack', 'Main')} (dataset import job)" in report.asked
    assert not report.problems


def test_what_is_told_is_text(tmp_path: Path) -> None:
    """Nobody can write the app's own key as a string: that is another, unknown key."""
    parts = readable()
    written = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/${{Main.Key}}"
    report = told(tmp_path, {**CREATED, "encryptionKey": written, "stack": "half \ud800"}, **parts)
    assert "half \N{REPLACEMENT CHARACTER} (dataset import job)" in report.asked
    open_on = {entry.resource for entry in report.undecided}
    assert {resource.replace("\ufdd0", "") for resource in open_on} == {written}
    assert not open_on & {entry.resource for entry in report.allowed}


def test_a_role_of_a_loop(tmp_path: Path) -> None:
    """It is there once the stack is deployed, and its permissions can't be seen."""
    loop = ["Name", ["Import", "Export"], {"${Name}Role": complete()["Resources"]["Role"]}]
    directory = write(tmp_path, {"Main": {"Resources": {"Fn::ForEach::Roles": loop}}})
    created = {"serviceRole": {"Fn::GetAtt": ["ImportRole", "Arn"]}, "resources": [IMPORT]}
    report = check_assembly(directory, created=[created])
    assert report.asked == ("Main (dataset import job)",)
    assert (report.missing, report.problems) == ((), ())
    policies = {entry.policy for entry in report.undecided if entry.action}
    assert policies == {"bucket", "role", "trust"}


def test_a_template_of_several(tmp_path: Path) -> None:
    """Where stacks are of different accounts, it has to be said whose it is."""
    stacks = {"Main": complete(), "Other": complete()}
    directory = write(tmp_path, stacks, accounts={"Other": "444455556666"})
    told_of = {**CREATED, "template": "Other.template.json"}
    report = check_assembly(directory, created=[told_of])
    of_roles = [entry for entry in report.missing if entry.principal == "role"]
    (role,) = {entry.principal_arn for entry in of_roles if "s3:" in entry.action}
    assert role == "arn:aws:iam::444455556666:role/${Other.Role}"
    with pytest.raises(ValueError, match=r"created\[0\] has no template") as refused:
        check_assembly(directory, created=[CREATED])
    assert str(refused.value).endswith("add one of Main.template.json, Other.template.json")
    one = check_assembly(write(tmp_path / "one", stacks), created=[CREATED])
    assert one.asked[0] == "Main (dataset import job)"


@pytest.mark.parametrize(
    ("created", "problems"),
    [
        ({},
         ["created is a dict, expected a list of mappings, as --write-created FILE begins one"]),
        (["x"], ["created[0] is 'x', expected a mapping", NO_RESOURCES]),
        ([{}], ["created[0] has no serviceRole", NO_RESOURCES]),
        ([{**CREATED, "resource": []}],
         ["created[0] has resource, which isn't one of stack, template, serviceRole, "
          "encryptionKey, resources"]),
        ([{**CREATED, "serviceRole": {"Ref": {"Role"}}}],
         ["created can't be written as JSON: Object of type set is not JSON serializable"]),
        ([{**CREATED, "resources": [{"resource": "import"}]}],
         ["created[0].resources[0].resource is 'import', expected one of dataset group, dataset "
          "import job, dataset export job, batch inference job, batch segment job, data deletion "
          "job, metric attribution"]),
        ([{**CREATED, "resources": [IMPORT, {**IMPORT, "destination": IN}]}],
         ["created[0].resources[1] has destination, which isn't one of resource, source"]),
        ([{**CREATED, "resources": [{**IMPORT, "source": {"prefix": 1, "Bucket": "b"}}]}],
         ["created[0].resources[0].source has Bucket, which isn't one of bucket, prefix, key, "
          "account",
          "created[0].resources[0].source has no bucket",
          f"created[0].resources[0].source.prefix is 1, {A_FOLDER}"]),
        ([{**CREATED, "serviceRole": "PersonalizeRole", "encryptionKey": "1234abcd"}],
         [f"created[0].serviceRole is 'PersonalizeRole', {A_ROLE}",
          f"created[0].encryptionKey is '1234abcd', {A_KEY}"]),
        ([{**CREATED, "resources": [{**IMPORT, "source": {"bucket": "s3://data", "key": "k"}}]}],
         [f"created[0].resources[0].source.bucket is 's3://data', {A_BUCKET}",
          f"created[0].resources[0].source.key is 'k', {A_KEY}"]),
        ([{**CREATED, "serviceRole": {"Ref": "Role"}, "encryptionKey": {"Fn::Sub": "${Keyy.Arn}"}}],
         ["created[0].serviceRole refers to Role by Ref, which isn't its ARN: use Fn::GetAtt",
          "created[0].encryptionKey refers to Keyy, which Main.template.json doesn't have"]),
        ([{**CREATED,
           "serviceRole": {**IN_TEMPLATE, "template": "Main"},
           "encryptionKey": {**IN_TEMPLATE, "logicalId": "Keyy"}}],
         ["created[0].serviceRole refers to template Main, expected one of Main.template.json",
          "created[0].encryptionKey refers to Keyy, which Main.template.json doesn't have"]),
        ([CREATED, {**CREATED, "template": 1}],
         ["created[1].template is 1, expected one of Main.template.json"]),
    ],
)  # fmt: skip
def test_what_is_malformed_is_refused_with_all_reasons(
    created: Any, problems: list[str], tmp_path: Path
) -> None:
    """A slip of the pen isn't taken for nothing."""
    directory = write(tmp_path, {"Main": complete()})
    with pytest.raises(ValueError, match="created") as refused:
        check_assembly(directory, created=created)
    assert [line.removeprefix("- ") for line in str(refused.value).splitlines() if line] == problems


ORG = "o-a1b2c3d4e5"


def test_the_organization_can_be_told(tmp_path: Path) -> None:
    """Without it conditions on it are open."""
    template = complete()
    of_role, _ = template["Resources"]["Key"]["Properties"]["KeyPolicy"]["Statement"]
    of_role["Condition"] = {"StringEquals": {"aws:PrincipalOrgID": ORG}}
    directory = write(tmp_path, {"Main": template})
    assert {entry.principal for entry in check_assembly(directory).undecided} == {"role"}
    assert findings(check_assembly(directory, organization=ORG)) == CLEAN
    others = check_assembly(directory, organization="o-f6g7h8i9j0")
    assert {entry.principal for entry in others.missing} == {"role"}


@pytest.mark.parametrize("organization", ["", "111122223333", 1, f"o-{'a' * 33}"])
def test_what_is_no_organization(organization: Any, tmp_path: Path) -> None:
    """An account, or an id that was cut off; an id has 10 to 32 letters and digits."""
    with pytest.raises(ValueError, match=r"organization is .*, expected the id of an organization"):
        check_assembly(write(tmp_path, {"Main": complete()}), organization=organization)


def test_the_command_is_told_by_a_file_and_an_option(tmp_path: Path) -> None:
    """A JSON file of the same, and the organization; faults in them are exit code 2."""
    directory = write(tmp_path / "cdk.out", {"Main": complete()})
    file = tmp_path / "created.json"

    def told_by(content: str, *options: str) -> tuple[int, str]:
        file.write_text(content)
        result = run(directory, "--created", file, *options)
        return result.exit_code, result.output

    code, output = told_by(json.dumps([CREATED]), "--organization", ORG)
    assert code == 1
    assert "IAM policies of Main/Role lack s3:ListBucket on arn:aws:s3:::ratings" in output
    assert told_by("[]") == (0, told_by("[]")[1])
    assert told_by("{}")[0] == told_by("[")[0] == told_by("[]", "--organization", "acme")[0] == 2
    assert f"personalize-kms: {file} is a dict, expected a list of mappings" in told_by("{}")[1]
    assert f"personalize-kms: {file}: can't be read as JSON: " in told_by("[")[1]
    assert told_by("[" * 100_000)[0] == 2
    assert "a defect of this command" not in told_by("[" * 100_000)[1]
    file.unlink()
    missing = run(directory, "--created", file)
    assert (missing.exit_code, f"{file}: no such file" in missing.output) == (2, True)


PLACES = {"bucket": "<bucket ARN>", "prefix": "<folder/>"}
OF_ROLE: Json = {
    "serviceRole": {"Fn::GetAtt": ["Role", "Arn"]},
    "encryptionKey": "<key ARN of the dataset group>",
}
OF_SECOND: Json = {**OF_ROLE, "serviceRole": {"Fn::GetAtt": ["Second", "Arn"]}}
IMPORTING: Json = {"resource": "dataset import job", "source": PLACES}
EXPORTING: Json = {"resource": "dataset export job", "destination": PLACES}
EVERYTHING: list[Json] = [
    {"resource": "dataset group"},
    IMPORTING,
    EXPORTING,
    {"resource": "batch inference job", "source": PLACES, "destination": PLACES},
    {"resource": "batch segment job", "source": PLACES, "destination": PLACES},
    {"resource": "data deletion job", "source": PLACES},
    {"resource": "metric attribution", "destination": PLACES},
]


def begun(directory: Path, template: Json, *options: str) -> tuple[str, Any]:
    """The messages of the command, and the file that it began."""
    file, template_file = directory / "created.json", directory / "stack.json"
    template_file.write_text(json.dumps(template))
    result = run(template_file, "--write-created", file, *options)
    return result.stderr, json.loads(file.read_text()) if file.exists() else None


@pytest.mark.parametrize(
    ("template", "entries"),
    [
        (creating(CREATING, PASSING), [{**OF_ROLE, "resources": [IMPORTING]}]),
        (creating(creates("personalize:*"), PASSING), [{**OF_ROLE, "resources": EVERYTHING}]),
        # One may pass two roles.
        (
            creating(CREATING, OF_ANOTHER, Second=complete()["Resources"]["Role"]),
            [{**OF_ROLE, "resources": [IMPORTING]}, {**OF_SECOND, "resources": [IMPORTING]}],
        ),
        (
            creating(CREATING, passes("*"), Role=bucket()),
            [{**OF_ROLE, "serviceRole": "<role ARN>", "resources": [IMPORTING]}],
        ),
    ],
)
def test_a_file_to_complete(template: Json, entries: Json, tmp_path: Path) -> None:
    """An entry for each role, with each kind of resource that somebody may create."""
    said, written = begun(tmp_path, template)
    assert written == entries
    file = tmp_path / "created.json"
    assert said == (
        f'personalize-kms: {file} is written. Replace each "<…>", by a string or by a function of '
        'the template such as {"Fn::GetAtt": ["Bucket", "Arn"]}; remove the resources that your '
        "code doesn't create, and encryptionKey if "
        f"the dataset group has no key. Then run this command again, with --created {file} instead "
        "of --write-created\n"
    )


def test_a_file_that_is_not_completed_is_refused(tmp_path: Path) -> None:
    """With the file and each place; completed, it is checked."""
    template = creating(CREATING, PASSING)
    template["Resources"] |= {"Data": bucket(), "Key": complete()["Resources"]["Key"]}
    _, (entry,) = begun(tmp_path, template)
    file = tmp_path / "created.json"

    def completed() -> Any:
        file.write_text(json.dumps([entry]))
        return run(tmp_path / "stack.json", "--created", file)

    refused = completed()
    assert refused.exit_code == 2
    reasons = [line for line in refused.stderr.splitlines() if line.startswith("- ")]
    assert [reason.removeprefix("- ") for reason in reasons] == [
        f"{file}: [0].encryptionKey is '<key ARN of the dataset group>', {A_KEY}",
        f"{file}: [0].resources[0].source.bucket is '<bucket ARN>', {A_BUCKET}",
        f"{file}: [0].resources[0].source.prefix is '<folder/>', {A_FOLDER}",
    ]
    entry["encryptionKey"] = {"Fn::GetAtt": ["Key", "Arn"]}
    source = {"bucket": {"Fn::GetAtt": ["Data", "Arn"]}, "prefix": "import/"}
    entry["resources"][0]["source"] = source
    checked = completed()
    assert checked.exit_code == 1
    assert "IAM policies of stack/Role lack" in checked.stdout
    assert "no template says which" not in checked.stdout


def test_templates_of_one_name_are_told_apart_by_their_paths(tmp_path: Path) -> None:
    """A declared resource is judged in the template of its entry, whatever else is checked."""
    paths = [tmp_path / name / "template.json" for name in ("a", "b")]
    templates = creating(CREATING, PASSING), complete()
    for path, template in zip(paths, templates, strict=True):
        path.parent.mkdir()
        path.write_text(json.dumps(template))
    file = tmp_path / "created.json"
    for given in (paths, paths[::-1]):
        file.unlink(missing_ok=True)
        run(*given, "--write-created", file)
        assert json.loads(file.read_text()) == [
            {"template": paths[0].as_posix(), **OF_ROLE, "resources": [IMPORTING]}
        ]
        of_role = {"serviceRole": ROLE, "resources": [{"resource": "dataset import job"}]}
        file.write_text(json.dumps([{"template": str(paths[0]), **of_role}]))
        report = run(*given, "--created", file, "--format", "json")
        asked = json.loads(report.stdout)["asked"]
        assert [name for name in asked if "import" in name] == [
            f"{paths[0].as_posix()} (dataset import job)"
        ]


def test_a_creator_of_whom_more_is_not_known_leaves_what_is_declared_checked(
    tmp_path: Path,
) -> None:
    """A dataset group without a key needs nothing, and the role may create jobs besides."""
    file, template = tmp_path / "created.json", tmp_path / "stack.json"
    template.write_text(json.dumps(creating(CREATING, PASSING)))
    created = {"serviceRole": ROLE, "resources": [{"resource": "dataset group"}]}
    file.write_text(json.dumps([created]))
    result = run(template, "--created", file)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "1 undecided, 0 as documented" in result.stdout


def test_no_file_is_written_for_nothing(tmp_path: Path) -> None:
    """Nor over another file, nor where it can't be written."""
    said, written = begun(tmp_path, complete())
    file = tmp_path / "created.json"
    assert (said, written) == (
        f"personalize-kms: --write-created {file}: nothing to write, since nobody is seen who may "
        "create by code and pass a role\n",
        None,
    )
    file.write_text("[]")
    said, written = begun(tmp_path, creating(CREATING, PASSING))
    assert (said, written) == (
        f"personalize-kms: --write-created {file}: the file exists: name another one, or "
        "complete it for --created\n",
        [],
    )
    nowhere = tmp_path / "nowhere" / "created.json"
    said, _ = begun(tmp_path, creating(CREATING, PASSING), "--write-created", str(nowhere))
    assert said == (
        f"personalize-kms: --write-created {nowhere} can't be written: No such file or directory\n"
    )


def test_the_line_is_that_of_the_page(tmp_path: Path) -> None:
    """Less the name of the file and the line in it."""
    template = json.dumps(creating(CREATING, PASSING)).replace("Caller", "Loader")
    of_loader = '"Role": {"Fn::GetAtt": ["Loader"'
    renamed = template.replace('"Role"', '"ImportRole"')
    file = tmp_path / "stack.json"
    file.write_text(renamed.replace(of_loader.replace("Role", "ImportRole"), of_loader))
    (line,) = [line for line in check_assembly(file).to_text().splitlines() if line[:2] == "? "]
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "check.md").read_text(encoding="utf-8")
    assert f"  {line.partition('  ')[2]}\n" in page
