"""The metadata of a construct: its resources, in the assembly, never in a template."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3

from personalize_kms_check import check_assembly
from personalize_kms_check._model.report import AccessReport
from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from personalize_kms_constructs.jobs import DataDeletionJob, DatasetExportJob
from tests.actions import FIVE
from tests.checks.templates import if_prod
from tests.datasets import add_ratings
from tests.jobs.machines import machine
from tests.judge.apps import told
from tests.life.conftest import allowing, importing

TYPE = "personalize-kms-constructs:resources"
KEY_ARN = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ROLE_ARN = "arn:aws:iam::111122223333:role/service/personalize"
IN_MAIN = {"stack": "Main", "template": "Main.template.json"}
OF_ROLE = {"template": "Main.template.json", "serviceRole": "x"}
NOT_WRITTEN = "what it was told to allow couldn't be written down"


def left(directory: Path, stack: str = "Main") -> dict[str, Any]:
    """The metadata by construct path, wherever this version of aws-cdk-lib writes it."""
    manifest = json.loads((directory / "manifest.json").read_text())
    artifact = manifest["artifacts"][stack]
    metadata = dict(artifact.get("metadata", {}))
    if "additionalMetadataFile" in artifact:
        metadata |= json.loads((directory / artifact["additionalMetadataFile"]).read_text())
    data = {}
    for path, entries in metadata.items():
        for entry in entries:
            if entry["type"] == TYPE:
                data[path] = entry["data"]
    return data


def reference(stack: str, logical_id: str, attribute: str = "Arn") -> dict[str, str]:
    template = {"stack": stack, "template": f"{stack}.template.json"}
    return {**template, "logicalId": logical_id, "attribute": attribute}


@pytest.fixture
def stack(app: cdk.App) -> cdk.Stack:
    return cdk.Stack(app, "Main")


def test_key_role_and_resources_with_their_locations(app: cdk.App) -> None:
    """References to resources of the app have their stack, and an imported ARN stays as it is."""
    data, stack = cdk.Stack(app, "Data"), cdk.Stack(app, "Main")
    bucket = s3.Bucket(data, "Data", encryption_key=kms.Key(data, "DataKey"))
    theirs = kms.Key.from_key_arn(stack, "Imported", KEY_ARN)
    imported = s3.Bucket.from_bucket_attributes(
        stack, "Theirs", bucket_name="theirs", encryption_key=theirs
    )
    encryption = allowing(
        stack, importing(bucket), service_role=iam.Role.from_role_arn(stack, "Role", ROLE_ARN)
    )
    encryption.allow(PersonalizeResource.dataset_export_job(S3Location(imported, "export/")))
    encryption.add_dataset_group("Movies", name="movies")
    assert left(Path(app.synth().directory)) == {
        "/Main/Encryption": {
            **IN_MAIN,
            "encryptionKey": reference("Main", "EncryptionKey3A692D6E"),
            "serviceRole": ROLE_ARN,
            "resources": [
                {
                    "resource": "dataset import job",
                    "source": {"bucket": reference("Data", "Data666C94C7"), "prefix": "import/"},
                },
                {
                    "resource": "dataset export job",
                    "destination": {
                        "bucket": {"parts": ["arn:", {"Ref": "AWS::Partition"}, ":s3:::theirs"]},
                        "prefix": "export/",
                        "key": KEY_ARN,
                    },
                },
                {"resource": "dataset group"},
            ],
            "pending": [
                {
                    "policy": "key",
                    "resource": KEY_ARN,
                    "actions": FIVE,
                    "file": (
                        "personalize-kms-pending/MainEncryption9156E675.key."
                        f"{KEY_ARN.rpartition('/')[2]}.json"
                    ),
                },
                {
                    "policy": "bucket",
                    "resource": {"parts": ["arn:", {"Ref": "AWS::Partition"}, ":s3:::theirs"]},
                    "actions": ["s3:ListBucket", "s3:PutObject"],
                    "file": "personalize-kms-pending/MainEncryption9156E675.bucket.theirs.json",
                },
            ],
            "retained": ["Key", "Movies"],
        }
    }


def test_nested_stacks_have_their_own_templates(app: cdk.App) -> None:
    """Metadata is resolved in the outermost stack, where a token would lose its nested stack."""
    parent = cdk.Stack(app, "Main")
    nested = cdk.NestedStack(parent, "Nested")
    PersonalizeEncryption(nested, "Encryption", encryption_key=kms.Key(parent, "Key"))
    ((path, data),) = left(Path(app.synth().directory)).items()
    template = nested.template_file
    assert path == "/Main/Nested/Encryption"
    assert data["template"] == template
    assert data["encryptionKey"] == reference("Main", "Key961B73FD")
    assert data["serviceRole"]["template"] == template
    assert data["serviceRole"]["stack"] == "Main/Nested"


def test_a_parameter_in_a_prefix_stays_a_reference(app: cdk.App, stack: cdk.Stack) -> None:
    """And makes the answer no guess: the prefix is the same hole in policies."""
    folder = cdk.CfnParameter(stack, "Folder").value_as_string
    bucket = s3.Bucket(stack, "Data")
    allowing(stack, importing(bucket, f"{folder}/in/"))
    assembly = app.synth()
    source = left(Path(assembly.directory))["/Main/Encryption"]["resources"][0]["source"]
    assert source["prefix"] == {"parts": [reference("Main", "Folder", "Ref"), "/in/"]}
    report = check_assembly(assembly)
    assert (report.missing, report.undecided, report.problems) == ((), (), ())
    assert "${Main.Folder?}/in/*" in report.to_json()


def test_a_problem_fails_no_synth(app: cdk.App, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is left in the metadata as well, and the check says so."""
    from personalize_kms_constructs import _metadata

    def broken(*_: object) -> object:
        raise LookupError("no such thing")

    monkeypatch.setattr(_metadata._Description, "text", broken)
    PersonalizeEncryption(cdk.Stack(app, "Main"), "Encryption")
    assembly = app.synth()
    data = left(Path(assembly.directory))["/Main/Encryption"]
    assert data == {**IN_MAIN, "problem": "LookupError: no such thing"}
    (entry,) = check_assembly(assembly).undecided
    assert entry.needed_by == ["Main/Encryption"]
    assert entry.because == f"{NOT_WRITTEN}: LookupError: no such thing"
    assert told(app) == [("Undecided", "warning", "Main/Encryption")]


def test_a_job_leaves_what_each_execution_chooses(app: cdk.App, stack: cdk.Stack) -> None:
    """The state that starts it, by its final name, and the prefix that a path is below."""
    bucket = s3.Bucket(stack, "Data", encryption_key=kms.Key(stack, "DataKey"))
    encryption = PersonalizeEncryption(stack, "Encryption")
    movies = encryption.add_dataset_group("Movies", name="movies")
    deletion = DataDeletionJob(
        stack,
        "Delete",
        encryption=encryption,
        dataset_group_arn=movies.attr_dataset_group_arn,
        source=S3Location(bucket, "users/"),
        source_path="{% $states.input.file %}",
    )
    export = DatasetExportJob(
        stack,
        "Export",
        encryption=encryption,
        dataset_arn="{% $states.input.dataset %}",
        destination=S3Location(bucket, "export/"),
        destination_path="daily/",
    )
    machine(stack, deletion.prefix_states("All: "), export)
    declared = left(Path(app.synth().directory))
    common = {
        **IN_MAIN,
        "encryptionKey": reference("Main", "EncryptionKey3A692D6E"),
        "serviceRole": reference("Main", "EncryptionRole2D2265A5"),
        "pending": [],
    }
    users = {"bucket": reference("Main", "Data666C94C7"), "prefix": "users/"}
    daily = {"bucket": reference("Main", "Data666C94C7"), "prefix": "export/daily/"}
    group = reference("Main", "EncryptionMoviesB1966C99", "DatasetGroupArn")
    assert declared["/Main/Delete"] == {
        **common,
        "resources": [{"resource": "data deletion job", "source": users}],
        "job": {"state": "All: Start Delete", "name": "MainDeleteD2A2A912-*", "madeFor": group},
    }
    assert declared["/Main/Export"] == {
        **common,
        "resources": [{"resource": "dataset export job", "destination": daily}],
        "job": {"state": "Start Export", "name": "MainExport4B1AF417-*"},
    }


def test_a_job_for_a_dataset_group_whose_key_a_condition_leaves_out(
    app: cdk.App, stack: cdk.Stack
) -> None:
    """Its need of the key is one question; its need of the bucket is asked for."""
    bucket = s3.Bucket(stack, "Data", bucket_name="ratings")
    encryption = PersonalizeEncryption(stack, "Encryption")
    movies = encryption.add_dataset_group("Movies", name="movies")
    parameter = cdk.CfnParameter(stack, "Encrypted", default="yes")
    expression = cdk.Fn.condition_equals(parameter.value_as_string, "yes")
    cdk.CfnCondition(stack, "IsProd", expression=expression)
    for name, given in (("KmsKeyArn", movies.kms_key_arn), ("RoleArn", movies.role_arn)):
        movies.add_property_override(name, if_prod(stack.resolve(given)))
    users, arn = S3Location(bucket, "users/"), movies.attr_dataset_group_arn
    job = DataDeletionJob(
        stack, "Delete", encryption=encryption, dataset_group_arn=arn, source=users
    )
    machine(stack, job)
    assembly = app.synth()
    report = check_assembly(assembly)
    assert (report.missing, report.undecided, report.assumed) == ((), (), {"Main.Encrypted": "yes"})
    template = Path(assembly.directory) / "Main.template.json"
    written = json.loads(template.read_text())
    del written["Parameters"]["Encrypted"]["Default"]
    template.write_text(json.dumps(written))
    report = check_assembly(assembly)
    assert report.missing == ()
    assert {(entry.name, entry.because) for entry in report.undecided} == {
        ("Main/Encryption/Movies", "what it asks for depends on the condition Main.IsProd"),
        ("Main/Delete", "the key of its dataset group depends on the condition Main.IsProd"),
    }
    assert "Main/Delete (data deletion job)" in report.asked


def test_a_bucket_of_another_account_has_to_let_the_role_in_too(app: cdk.App) -> None:
    """Its policy isn't the app's, so that it is open whether the role has a statement there."""
    stack = cdk.Stack(app, "Main", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    theirs = s3.Bucket.from_bucket_attributes(
        stack, "Theirs", bucket_name="theirs", account="444455556666"
    )
    mine = s3.Bucket.from_bucket_name(stack, "Mine", "mine")
    reference = s3.CfnBucket.from_bucket_name(stack, "Reference", "either")
    for id, bucket in (("Theirs", theirs), ("Mine", mine), ("Either", reference)):
        PersonalizeEncryption(stack, f"Of{id}", resources=[importing(bucket)])
    assembly = app.synth()
    declared = left(Path(assembly.directory))
    sources = {path: data["resources"][0]["source"] for path, data in declared.items()}
    assert sources.pop("/Main/OfTheirs")["account"] == "444455556666"
    assert ["account" in source for source in sources.values()] == [False, False]
    report = check_assembly(assembly)
    in_bucket = {
        (entry.principal, entry.policy_of) for entry in report.undecided if entry.policy == "bucket"
    }
    # Of Personalize it isn't known for either.
    assert in_bucket == {
        ("role", "arn:aws:s3:::theirs"),
        ("service", "arn:aws:s3:::theirs"),
        ("service", "arn:aws:s3:::mine"),
        ("service", "arn:aws:s3:::either"),
    }


def in_doubt_of_a_key(report: AccessReport) -> set[str]:
    """The requests of which it isn't known whether the bucket has a key."""
    return {
        name
        for entry in report.undecided
        if "a key that encrypts it" in entry.because
        for name in entry.needed_by
    }


def test_the_key_of_an_imported_bucket_is_what_the_app_says(app: cdk.App) -> None:
    """All jobs of the bucket need it, a dataset's too, whose properties have no place for a key."""
    stack = cdk.Stack(app, "Main")
    theirs = s3.Bucket.from_bucket_name(stack, "Theirs", "theirs")
    encryption = PersonalizeEncryption(stack, "Encryption")
    movies = encryption.add_dataset_group("Movies", name="movies")
    source = S3Location(theirs, "import/", encryption_key=kms.Key(stack, "DataKey"))
    add_ratings(encryption, movies, import_from=source)
    report = check_assembly(app.synth())
    assert "Main/Encryption/Ratings (dataset import job)" in report.asked
    assert not in_doubt_of_a_key(report)
    on_key = {
        name for entry in report.allowed if "DataKey" in entry.resource for name in entry.needed_by
    }
    assert on_key == {
        "Main/Encryption (dataset import job)",
        "Main/Encryption/Ratings (dataset import job)",
    }


def test_a_bucket_by_its_arn_is_that_of_a_path(app: cdk.App, stack: cdk.Stack) -> None:
    """A path has no partition, and a stack without env doesn't know it."""
    data = s3.Bucket.from_bucket_arn(stack, "Data", "arn:aws:s3:::ratings")
    export = PersonalizeResource.dataset_export_job(destination=S3Location(data, "out/"))
    made = PersonalizeEncryption(stack, "Encryption", resources=[export])
    metric = personalize.CfnMetricAttribution.MetricAttributeProperty(
        event_type="click", expression="SUM(DatasetType.INTERACTIONS)", metric_name="clicks"
    )
    group = made.add_dataset_group("Movies", name="movies")
    made.add_metric_attribution(
        "Metrics",
        dataset_group=group,
        name="metrics",
        metrics=[metric],
        destination=S3Location(data, "metrics/"),
    )
    report = check_assembly(app.synth())
    assert (report.missing, report.problems, report.excess) == ((), (), ())
    files = {entry.file.partition(".")[2] for entry in report.undecided if entry.principal}
    assert files == {"bucket.ratings.json"}
