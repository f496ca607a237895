"""Statements in the policy of a key that no CloudFormation template of this app makes."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import cast

from aws_cdk import CfnResource, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

# In seconds. The function ends by itself before its timeout, and CloudFormation waits somewhat longer than that, not
# the hour that is its default, if the function should fail to start.
_TIMEOUT = 600
_SERVICE_TIMEOUT = 900


class ManagedKeyPolicy(Construct):
    """Merges statements into the policy of an existing key at deployment, and touches no other statement.

    A custom resource does it, by sid, through a Lambda function that may do nothing else. Whoever else writes the
    whole policy of the key without a look at what is there, such as the stack that owns the key, removes the
    statements; the next change of them puts all back.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
    """

    @classmethod
    def of(
        cls, scope: Construct, *, key_arn: str, removal_policy: RemovalPolicy, revision: str | None = None
    ) -> ManagedKeyPolicy:
        """Makes one whose id comes from the key: its place among others may change, as may a token's text.

        With an id that counts, a key that changes its place is first written and then cleaned up by another.
        """
        resolved = json.dumps(Stack.of(scope).resolve(key_arn), sort_keys=True)
        id = f"KeyPolicy{sha256(resolved.encode()).hexdigest()[:8].upper()}"
        return cls(scope, id, key_arn=key_arn, removal_policy=removal_policy, revision=revision)

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        key_arn: str,
        removal_policy: RemovalPolicy,
        revision: str | None = None,
    ) -> None:
        """Makes the function, its role and the custom resource.

        Args:
            scope: the parent construct.
            id: the construct's id. The ids of its children are a contract.
            key_arn: the ARN of a key in the stack's account and Region, whose policy lets the account use IAM policies.
            removal_policy: ``RETAIN`` leaves the statements in the policy when they leave the stack, since data that
                stays behind needs them, and in that of the old key when ``key_arn`` changes. Only a stack operation
                that fails takes out what it put in. ``DESTROY`` takes them out in all these cases.
                Statements that were in the policy before the resource was stay in any case.
            revision: any string; another one looks at the policy again.
        """
        super().__init__(scope, id)
        self.document = iam.PolicyDocument()
        """The statements, each with a sid that nothing else uses in the key's policy."""
        role = iam.Role(self, "Role", assumed_by=cast("iam.IPrincipal", iam.ServicePrincipal("lambda.amazonaws.com")))
        policy = iam.ManagedPolicy(
            self,
            "Policy",
            # Another description is another policy: with a new key, the one for the old key stays until CloudFormation
            # has cleaned up there
            # (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-iam-managedpolicy.html).
            description=f"Read and write the policy of {key_arn}",
            statements=[
                iam.PolicyStatement(actions=["kms:GetKeyPolicy", "kms:PutKeyPolicy"], resources=[key_arn]),
                iam.PolicyStatement(
                    effect=iam.Effect.DENY,
                    actions=["kms:PutKeyPolicy"],
                    resources=[key_arn],
                    conditions={"Bool": {"kms:BypassPolicyLockoutSafetyCheck": "true"}},
                ),
            ],
            roles=[cast("iam.IRole", role)],
        )
        function = lambda_.CfnFunction(
            self,
            "Function",
            description="Keeps statements for Amazon Personalize in the policy of a KMS key",
            # The L2 and its Runtime differ between versions of aws-cdk-lib; templates must not.
            runtime="python3.13",
            handler="index.handler",
            code=lambda_.CfnFunction.CodeProperty(zip_file=_code()),
            role=role.role_arn,
            timeout=_TIMEOUT,
        )
        resource = CfnResource(
            self,
            "Resource",
            type="Custom::PersonalizeKeyPolicy",
            properties={
                "ServiceToken": function.attr_arn,
                "ServiceTimeout": _SERVICE_TIMEOUT,
                "KeyArn": key_arn,
                "FunctionRoleArn": role.role_arn,
                "PolicyDocument": self.document,
                **({} if revision is None else {"Revision": revision}),
            },
        )
        # Without its policy the function could neither write nor, at the end, clean up.
        resource.node.add_dependency(policy)
        if removal_policy is RemovalPolicy.RETAIN:
            # What remains after a failed creation would be of no use to anybody.
            removal_policy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
        resource.apply_removal_policy(removal_policy)


def _code() -> str:
    """The function's source. Inline code may have 4 MB, zipped.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-lambda-function-code.html
    """
    return Path(__file__).with_name("function.py").read_text(encoding="utf-8")
