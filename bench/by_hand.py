"""The same stack by somebody who knows AWS's page by heart, with as few calls as that takes."""

import hashlib
from collections.abc import Sequence

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3
from constructs import Construct

USE_KEY = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]
KEY_POLICY = ["kms:CreateGrant", *USE_KEY]
KEPT = cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE


def add_encryption(scope: cdk.Stack, id: str, bucket: s3.Bucket, prefixes: Sequence[str]) -> None:
    """A dataset group with a key and a role, import jobs from the prefixes, and an export job."""
    here = Construct(scope, id)
    # Both ways name the role alike: by the stack's name, the construct's path in it and the Region.
    path_hash = hashlib.sha256(f"Stack\nStack/{id}".encode()).hexdigest()[:8].upper()
    principal, account = "personalize.amazonaws.com", {"aws:SourceAccount": scope.account}
    resources = scope.format_arn(
        service="personalize", resource="*", arn_format=cdk.ArnFormat.NO_RESOURCE_NAME
    )
    role = iam.Role(
        here,
        "Role",
        assumed_by=iam.ServicePrincipal(
            principal,
            conditions={"StringEquals": account, "ArnLike": {"aws:SourceArn": resources}},
        ),
        description="Lets Amazon Personalize use data and customer managed KMS keys",
        role_name=f"Stack-{id}-{path_hash}-{scope.region}",
    )
    service = iam.ServicePrincipal(principal, conditions={"StringEqualsIfExists": account})
    key = kms.Key(
        here,
        "Key",
        description="Encrypts what Amazon Personalize stores",
        enable_key_rotation=True,
        removal_policy=KEPT,
    )
    bucket_key = bucket.encryption_key
    assert bucket_key is not None
    of_group = [*KEY_POLICY, "kms:GenerateDataKeyWithoutPlaintext"]
    for used_key, actions in ((key, of_group), (bucket_key, KEY_POLICY)):
        used_key.add_to_resource_policy(allow("PersonalizeRole", actions, ["*"], role))
        used_key.add_to_resource_policy(allow("PersonalizeService", actions, ["*"], service))

    bucket_arn = bucket.bucket_arn
    of_role = {
        "ListBucket": (["s3:ListBucket"], [bucket_arn]),
        "ReadObjects": (["s3:GetObject"], [f"{bucket_arn}/{prefix}*" for prefix in prefixes]),
        "UseKey": (USE_KEY, [key.key_arn, bucket_key.key_arn]),
        "WriteObjects": (["s3:PutObject"], [f"{bucket_arn}/export/*"]),
    }
    for sid in ("ListBucket", "ReadObjects", "WriteObjects"):
        statement = allow(f"PersonalizeService{sid}", *of_role[sid], service)
        bucket_policy = bucket.add_to_resource_policy(statement).policy_dependable
    assert bucket_policy is not None
    # One managed policy has 6,144 characters, room for dozens of prefixes.
    policy = iam.ManagedPolicy(
        here,
        "Policy",
        description="Lets the service role of Amazon Personalize use data and customer managed "
        "KMS keys",
        statements=[allow(sid, *asked) for sid, asked in of_role.items()],
        roles=[role],
    )
    dataset_group = personalize.CfnDatasetGroup(
        here, "Movies", name=id, kms_key_arn=key.key_arn, role_arn=role.role_arn
    )
    dataset_group.node.add_dependency(bucket_policy, policy)
    for kept in (role, policy, dataset_group):
        kept.apply_removal_policy(KEPT)


def allow(
    sid: str, actions: list[str], resources: list[str], *principals: iam.IPrincipal
) -> iam.PolicyStatement:
    """A statement; those of IAM policies have no principal."""
    return iam.PolicyStatement(
        sid=sid, actions=actions, resources=resources, principals=list(principals)
    )
