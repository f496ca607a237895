"""The app that is deployed: the example in variants, each a stack with a key of its own."""

import json
import sys
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_stepfunctions as sfn

from example_app.recommendations_stack import INTERACTIONS_SCHEMA
from integ.variants import DEFAULT, KEYS
from personalize_kms_constructs import (
    ImportedKeyPolicy,
    PersonalizeEncryption,
    PersonalizeResource,
    S3Location,
    SourceAccountCheck,
)
from personalize_kms_constructs.jobs import DatasetImportJob

_DESTROY = cdk.RemovalPolicy.DESTROY


class Example(cdk.Stack):
    """The example without what trains: a bucket, a dataset group, and what its jobs need.

    Only a key that waits for its deletion outlives it. All that has a name has the stack's.
    """

    def __init__(self, scope: cdk.App, name: str, *, imported: str = "", **options: Any) -> None:
        """Pass the options on, and the key that is exported by a name."""
        super().__init__(scope, name)
        if imported:
            arn = cdk.Fn.import_value(imported)
            options["encryption_key"] = kms.Key.from_key_arn(self, "Key", arn)
        encryption = PersonalizeEncryption(self, "Encryption", removal_policy=_DESTROY, **options)
        bucket = s3.Bucket(
            self, "Data", encryption_key=encryption.encryption_key, removal_policy=_DESTROY
        )
        source, destination = S3Location(bucket, "import/"), S3Location(bucket, "export/")
        encryption.allow(
            PersonalizeResource.dataset_import_job(source),
            PersonalizeResource.dataset_export_job(destination),
        )
        group = encryption.add_dataset_group("Group", name=name)
        schema = personalize.CfnSchema(
            self, "Schema", name=name, schema=json.dumps(INTERACTIONS_SCHEMA)
        )
        dataset = encryption.add_dataset(
            "Dataset",
            dataset_group=group,
            schema_arn=schema.attr_schema_arn,
            name=name,
            dataset_type="Interactions",
        )
        for output, value in {
            "GroupArn": group.attr_dataset_group_arn,
            "GroupRef": group.ref,
            "DatasetArn": dataset.attr_dataset_arn,
            "KeyArn": encryption.encryption_key.key_arn,
            "BucketName": bucket.bucket_name,
            "RoleArn": encryption.service_role.role_arn,
        }.items():
            cdk.CfnOutput(self, output, value=value)
        self.encryption, self.dataset, self.source = encryption, dataset, source


class ManagedExample(Example):
    """The example with the policy of its key, and its import, left to what is deployed."""

    def __init__(self, scope: cdk.App, name: str, **options: Any) -> None:
        super().__init__(scope, name, imported_key_policy=ImportedKeyPolicy.MANAGED, **options)
        job = DatasetImportJob(
            self,
            "Import",
            encryption=self.encryption,
            dataset_arn=self.dataset.attr_dataset_arn,
            source=self.source,
        )
        body = sfn.DefinitionBody.from_chainable(job)
        machine = sfn.StateMachine(self, "Machine", definition_body=body)
        cdk.CfnOutput(self, "MachineArn", value=machine.state_machine_arn)


def app_of(run: str) -> cdk.App:
    """Return the app: the stack of keys, and one for each variant."""
    # The judge would fail the synth for the controls.
    app = cdk.App(context={"personalize-kms-constructs:judge": "false"})
    stack = cdk.Stack(app, f"{run}-{KEYS}")
    keys = {}
    for name in ("NoGrants", "NoStatement", "Delegated", "Managed"):
        keys[name] = kms.Key(stack, name, removal_policy=_DESTROY)
        cdk.CfnOutput(stack, f"{name}Arn", value=keys[name].key_arn, export_name=f"{run}-{name}")
    denial = {"Effect": "Deny", "Principal": "*", "Action": "kms:CreateGrant", "Resource": "*"}
    keys["NoGrants"].add_to_resource_policy(iam.PolicyStatement.from_json(denial))
    Example(app, f"{run}-{DEFAULT}")
    Example(app, f"{run}-NoGrants", encryption_key=keys["NoGrants"])
    Example(app, f"{run}-NoStatement", imported=f"{run}-NoStatement")
    Example(app, f"{run}-Delegated", encryption_key=keys["Delegated"])
    Example(app, f"{run}-Required", source_account_check=SourceAccountCheck.REQUIRED)
    ManagedExample(app, f"{run}-Managed", imported=f"{run}-Managed")
    return app


if __name__ == "__main__":
    app_of(sys.argv[1]).synth()
