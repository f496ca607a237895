"""The same stack by somebody who knows AWS's page by heart, with as few calls as that takes."""

import hashlib
from collections.abc import Sequence
from itertools import pairwise

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3
from constructs import Construct

USE_KEY = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]
KEY_POLICY = ["kms:CreateGrant", *USE_KEY]
# One managed policy has 6,144 characters, room for about this many prefixes.
PREFIXES_OF_A_POLICY = 59


def add_encryption(scope: cdk.Stack, id: str, bucket: s3.Bucket, prefixes: Sequence[str]) -> None:
    """A dataset group with a key and a role, import jobs from the prefixes, and an export job."""
    here = Construct(scope, id)
    # Both ways name the role alike: by the stack's name, the construct's path in it and the Region.
    path_hash = hashlib.sha256(f"Stack\nStack/{id}".encode()).hexdigest()[:8].upper()
    account = scope.account
    service = iam.ServicePrincipal(
        "personalize.amazonaws.com",
        conditions={"StringEqualsIfExists": {"aws:SourceAccount": account}},
    )
    role = iam.Role(
        here,
        "Role",
        assumed_by=iam.ServicePrincipal(
            "personalize.amazonaws.com",
            conditions={
                "StringEquals": {"aws:SourceAccount": account},
                "ArnLike": {
                    "aws:SourceArn": scope.format_arn(
                        service="personalize",
                        resource="*",
                        arn_format=cdk.ArnFormat.NO_RESOURCE_NAME,
                    )
                },
            },
        ),
        description="Lets Amazon Personalize use data and customer managed KMS keys",
        role_name=f"Stack-{id}-{path_hash}-{scope.region}",
    )
    key = kms.Key(
        here,
        "Key",
        description="Encrypts what Amazon Personalize stores",
        enable_key_rotation=True,
    )
    bucket_key = bucket.encryption_key
    assert bucket_key is not None
    for used_key, actions in (
        (key, [*KEY_POLICY, "kms:GenerateDataKeyWithoutPlaintext"]),
        (bucket_key, KEY_POLICY),
    ):
        for who, principal in (("Role", role), ("Service", service)):
            used_key.add_to_resource_policy(
                iam.PolicyStatement(
                    sid=f"Personalize{who}",
                    principals=[principal],
                    actions=actions,
                    resources=["*"],
                )
            )

    bucket_arn = bucket.bucket_arn
    objects = [f"{bucket_arn}/{prefix}*" for prefix in prefixes]
    exported = f"{bucket_arn}/export/*"
    for what, action, resources in (
        ("ListBucket", "s3:ListBucket", [bucket_arn]),
        ("ReadObjects", "s3:GetObject", objects),
        ("WriteObjects", "s3:PutObject", [exported]),
    ):
        result = bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid=f"PersonalizeService{what}",
                principals=[service],
                actions=[action],
                resources=resources,
            )
        )
    bucket_policy = result.policy_dependable
    assert bucket_policy is not None

    pages = [
        objects[start : start + PREFIXES_OF_A_POLICY]
        for start in range(0, len(objects), PREFIXES_OF_A_POLICY)
    ]
    list_bucket = iam.PolicyStatement(
        sid="ListBucket", actions=["s3:ListBucket"], resources=[bucket_arn]
    )
    read_objects = [
        iam.PolicyStatement(sid="ReadObjects", actions=["s3:GetObject"], resources=page)
        for page in pages
    ]
    use_key = iam.PolicyStatement(
        sid="UseKey", actions=USE_KEY, resources=[key.key_arn, bucket_key.key_arn]
    )
    write_objects = iam.PolicyStatement(
        sid="WriteObjects", actions=["s3:PutObject"], resources=[exported]
    )
    policies = []
    for number, reading in enumerate(read_objects, 1):
        statements = [reading]
        if number == 1:
            statements = [list_bucket, *statements]
        if number == len(pages):
            statements = [*statements, use_key, write_objects]
        policies.append(
            iam.ManagedPolicy(
                here,
                f"Policy{number if number > 1 else ''}",
                description=(
                    "Lets the service role of Amazon Personalize use data and customer managed "
                    "KMS keys"
                ),
                statements=statements,
                roles=[role],
            )
        )
    for policy, following in pairwise(policies):
        # A prefix that is added before others moves the last ones to the next policy, which has to
        # have them first.
        policy.node.add_dependency(following)

    dataset_group = personalize.CfnDatasetGroup(
        here, "Movies", name=id, kms_key_arn=key.key_arn, role_arn=role.role_arn
    )
    dataset_group.apply_removal_policy(cdk.RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
    dataset_group.node.add_dependency(bucket_policy, *policies)
