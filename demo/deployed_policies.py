"""The example app as it is deployed, read back through boto3 into the model that the product's report is made of."""

from __future__ import annotations

import json
from collections.abc import Iterator

from embedded_aws import EmbeddedAws
from personalize_kms_constructs import matrix
from personalize_kms_constructs._access.model import AccessModel, Asked, Bucket, Key, Location, Role
from personalize_kms_constructs._access.written import Policy


def deployed_access(aws: EmbeddedAws) -> AccessModel:
    """Return the role, the keys and the bucket with their policies, and what the app asks of Personalize."""
    role = _role(aws, _physical_id(aws, "Recommendations", "AWS::IAM::Role", "EncryptionRole"))
    key = _key(aws, _physical_id(aws, "Security", "AWS::KMS::Key"))
    data_key = _key(aws, _physical_id(aws, "Data", "AWS::KMS::Key"))
    bucket = _bucket(aws, bucket_name(aws), data_key)
    return AccessModel(
        keys={each.arn: each for each in (key, data_key)},
        roles={role.arn: role},
        buckets={bucket.arn: bucket},
        asked=list(_asked(aws, role, key, bucket)),
        names={
            role.arn: "Recommendations/Encryption/Role",
            key.arn: "Security/PersonalizeKey",
            data_key.arn: "Data/Key",
            bucket.arn: "Data/Bucket",
        },
    )


def bucket_name(aws: EmbeddedAws) -> str:
    """Return the name of the bucket."""
    return _physical_id(aws, "Data", "AWS::S3::Bucket")


def key_arn(aws: EmbeddedAws, stack: str) -> str:
    """Return the ARN of a stack's key."""
    return _key(aws, _physical_id(aws, stack, "AWS::KMS::Key")).arn


def _asked(aws: EmbeddedAws, role: Role, key: Key, bucket: Bucket) -> Iterator[Asked]:
    def at(prefix: str) -> Location:
        return Location(bucket.arn, prefix)

    for name, permissions, source, destination in (
        ("Recommendations/Encryption/Movies", matrix.DATASET_GROUP, None, None),
        ("Recommendations/Encryption/Ratings", matrix.DATASET_IMPORT_JOB, at("import/ratings.csv"), None),
        ("Recommendations/Encryption/Metrics", matrix.METRIC_ATTRIBUTION, None, at("metrics/")),
        ("Recommendations/Encryption", matrix.BATCH_SEGMENT_JOB, at("segments/in/"), at("segments/out/")),
        ("Recommendations/Nightly/Import", matrix.DATASET_IMPORT_JOB, at("import/"), None),
        ("Recommendations/Nightly/Recommend", matrix.BATCH_INFERENCE_JOB, at("batch/in/"), at("batch/out/")),
        ("Recommendations/Nightly/Export", matrix.DATASET_EXPORT_JOB, None, at("export/")),
        ("Recommendations/Deletion/Delete", matrix.DATA_DELETION_JOB, at("deletion/"), None),
    ):
        yield Asked(
            name,
            permissions,
            role.arn,
            aws.account,
            aws.region,
            dataset_group_key=key.arn,
            source=source,
            destination=destination,
        )


def _physical_id(aws: EmbeddedAws, stack: str, resource_type: str, logical_id: str = "") -> str:
    resources = aws.client("cloudformation").describe_stack_resources(StackName=stack)["StackResources"]
    (found,) = [
        resource
        for resource in resources
        if resource["ResourceType"] == resource_type and resource["LogicalResourceId"].startswith(logical_id)
    ]
    return str(found["PhysicalResourceId"])


def _key(aws: EmbeddedAws, key_id: str) -> Key:
    kms = aws.client("kms")
    metadata = kms.describe_key(KeyId=key_id)["KeyMetadata"]
    document = json.loads(kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"])
    return Key(metadata["Arn"], [Policy(document, "the key policy")], state=str(metadata["KeyState"]))


def _bucket(aws: EmbeddedAws, name: str, key: Key) -> Bucket:
    document = json.loads(aws.client("s3").get_bucket_policy(Bucket=name)["Policy"])
    return Bucket(f"arn:aws:s3:::{name}", aws.account, [Policy(document, "the bucket policy")], key_arn=key.arn)


def _role(aws: EmbeddedAws, name: str) -> Role:
    iam = aws.client("iam")
    role = iam.get_role(RoleName=name)["Role"]
    policies = []
    for attached in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        arn = attached["PolicyArn"]
        version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
        document = iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
        policies.append(Policy(_json(document), f"policy {attached['PolicyName']}"))
    trust = Policy(_json(role["AssumeRolePolicyDocument"]), "the trust policy")
    return Role(role["Arn"], trust=[trust], identity=policies, managed_policies=len(policies))


def _json(document: object) -> dict[str, object]:
    found: dict[str, object] = json.loads(document) if isinstance(document, str) else dict(document)  # type: ignore[call-overload]
    return found
