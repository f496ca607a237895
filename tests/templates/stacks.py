"""The stacks under test, in any app; ``python stacks.py DIRECTORY`` synthesizes them.

It needs nothing but the package and what that depends on, so that it also runs where the wheel
alone is installed.
"""

import json
import sys
import tarfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3

from personalize_kms_check import matrix
from personalize_kms_constructs import (
    ImportedKeyPolicy,
    PersonalizeEncryption,
    PersonalizeResource,
    S3Location,
)

SCHEMA = {
    "type": "record",
    "name": "Interactions",
    "namespace": "com.amazonaws.personalize.schema",
    "fields": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "EVENT_TYPE", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
    ],
    "version": "1.0",
}


def default(scope: cdk.Stage) -> cdk.Stack:
    """The construct alone: it makes key and role, for dataset groups that somebody else creates."""
    stack = empty_stack(scope, "Default")
    PersonalizeEncryption(stack, "Encryption", resources=[PersonalizeResource.dataset_group()])
    return stack


def encrypted_bucket(stack: cdk.Stack) -> s3.Bucket:
    """A bucket with a key of its own, and nothing besides."""
    key = kms.Key(stack, "DataKey", enable_key_rotation=True)
    return s3.Bucket(stack, "Data", encryption_key=key)


FOLDERS = {
    "dataset import job": ("import/", ""),
    "dataset export job": ("", "export/"),
    "batch inference job": ("batch/in/", "batch/out/"),
    "batch segment job": ("segments/in/", "segments/out/"),
    "data deletion job": ("deletion/", ""),
    "metric attribution": ("", "metrics/"),
}


def locations(row: matrix.Permissions, bucket: s3.Bucket) -> Iterator[S3Location | None]:
    """Source and destination of a resource, if it has them; a new row has folders of its name."""
    folders = FOLDERS.get(row.resource, (f"{row.resource}/in/", f"{row.resource}/out/"))
    for access, folder in zip((row.source, row.destination), folders, strict=True):
        yield None if access is None else S3Location(bucket, folder)


def everything(
    scope: cdk.Stage, make_bucket: Callable[[cdk.Stack], s3.Bucket] = encrypted_bucket
) -> cdk.Stack:
    """All resources with their locations in one bucket, and every L1 that the construct wires."""
    stack = empty_stack(scope, "Everything")
    data = make_bucket(stack)
    encryption = PersonalizeEncryption(
        stack,
        "Encryption",
        resources=[PersonalizeResource(row, *locations(row, data)) for row in matrix.ROWS],
    )
    movies = encryption.add_dataset_group("Movies", name="movies")
    schema = personalize.CfnSchema(stack, "Schema", name="interactions", schema=json.dumps(SCHEMA))
    encryption.add_dataset(
        "Interactions",
        dataset_group=movies,
        schema_arn=schema.attr_schema_arn,
        name="movies-interactions",
        dataset_type="Interactions",
        import_from=S3Location(data, "import/interactions.csv"),
    )
    encryption.add_metric_attribution(
        "Metrics",
        dataset_group=movies,
        name="movies-metrics",
        metrics=[
            personalize.CfnMetricAttribution.MetricAttributeProperty(
                metric_name="CLICKS", event_type="click", expression="SAMPLECOUNT()"
            )
        ],
        destination=S3Location(data, "metrics/"),
    )
    return stack


def several_keys(scope: cdk.Stage) -> cdk.Stack:
    """Each place has its own key or none: input, output, reports, data of an imported bucket."""
    stack = empty_stack(scope, "SeveralKeys")
    input_bucket = s3.Bucket(stack, "Input", encryption_key=kms.Key(stack, "InputKey"))
    output_bucket = s3.Bucket(stack, "Output", encryption_key=kms.Key(stack, "OutputKey"))
    reports = s3.Bucket(stack, "Reports")
    archive = s3.Bucket.from_bucket_arn(stack, "Archive", "arn:aws:s3:::amzn-s3-demo-bucket")
    PersonalizeEncryption(
        stack,
        "Encryption",
        resources=[
            PersonalizeResource.batch_inference_job(
                source=S3Location(input_bucket, "in/"),
                destination=S3Location(output_bucket, "out/"),
            ),
            PersonalizeResource.metric_attribution(S3Location(reports, "metrics/")),
            PersonalizeResource.dataset_import_job(
                S3Location(archive, "import/", encryption_key=kms.Key(stack, "ArchiveKey"))
            ),
        ],
    )
    return stack


def imported(scope: cdk.Stage) -> cdk.Stack:
    """Nothing here belongs to the app, so every statement is pending; the dataset group is made."""
    stack = empty_stack(scope, "Imported")
    key = kms.Key.from_key_arn(
        stack, "Key", "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    )
    role = iam.Role.from_role_arn(
        stack, "Role", "arn:aws:iam::111122223333:role/personalize", mutable=False
    )
    data = s3.Bucket.from_bucket_attributes(
        stack, "Data", bucket_arn="arn:aws:s3:::amzn-s3-demo-bucket", encryption_key=key
    )
    encryption = PersonalizeEncryption(
        stack,
        "Encryption",
        encryption_key=key,
        service_role=role,
        resources=[PersonalizeResource.dataset_export_job(S3Location(data, "export/"))],
    )
    encryption.add_dataset_group("Movies", name="movies")
    return stack


def managed(scope: cdk.Stage) -> cdk.Stack:
    """The key belongs to another team, whose key policy this stack may change."""
    stack = empty_stack(scope, "Managed")
    key = kms.Key.from_key_arn(
        stack, "Key", "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    )
    encryption = PersonalizeEncryption(
        stack, "Encryption", encryption_key=key, imported_key_policy=ImportedKeyPolicy.MANAGED
    )
    encryption.add_dataset_group("Movies", name="movies")
    return stack


STACKS: Mapping[str, Callable[[cdk.Stage], cdk.Stack]] = {
    "Default": default,
    "Everything": everything,
    "SeveralKeys": several_keys,
    "Imported": imported,
    "Managed": managed,
}


def recommended_flags() -> dict[str, Any]:
    """The feature flags of ``cdk init`` for new apps, from the installed aws-cdk-lib.

    Old ones carry no list; they get the example app's.
    """
    (library,) = Path(cdk.__file__).parent.glob("_jsii/aws-cdk-lib@*.jsii.tgz")
    with tarfile.open(library, "r|gz") as members:
        for member in members:
            if member.name == "package/recommended-feature-flags.json":
                file = members.extractfile(member)
                assert file is not None
                return dict(json.load(file))
    return dict(json.loads(Path("cdk.json").read_text())["context"])


FLAGS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "flags_off": dict,
    "recommended_flags": recommended_flags,
}


def app(directory: Path, context: Mapping[str, Any] | None = None) -> cdk.App:
    """An app whose templates have neither metadata nor paths."""
    return cdk.App(
        outdir=str(directory),
        analytics_reporting=False,
        context={"aws:cdk:enable-path-metadata": False, **(context or {})},
    )


def synthesize(directory: Path) -> None:
    """Synthesize every stack below ``directory``, in a folder for each set of feature flags."""
    for flags, context in FLAGS.items():
        every_stack = app(directory / flags, context())
        for stack in STACKS.values():
            stack(every_stack)
        every_stack.synth()


def template_files(directory: Path) -> dict[str, bytes]:
    """The templates in cloud assemblies, byte for byte."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*.template.json")
    }


def empty_stack(scope: cdk.Stage, id: str, env: cdk.Environment | None = None) -> cdk.Stack:
    """A stack without the rule on the bootstrap stack's version, which says nothing about ours."""
    synthesizer = cdk.DefaultStackSynthesizer(generate_bootstrap_version_rule=False)
    return cdk.Stack(scope, id, env=env, synthesizer=synthesizer)


if __name__ == "__main__":
    synthesize(Path(sys.argv[1]))
