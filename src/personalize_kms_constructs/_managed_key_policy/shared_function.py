"""The Lambda function that writes the policies of keys, one for all managed keys of a stack."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import cast

import jsii
from aws_cdk import IResolveContext, IStringProducer, Lazy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from ..matrix import KEY_POLICY_ACTIONS, SERVICE_PRINCIPAL

_ID = "PersonalizeKeyPolicies"
# In seconds: the most that Lambda gives. The function ends by itself before.
_TIMEOUT = 900


class KeyPolicyFunction(Construct):
    """The function with its role, and for each key a policy of the role.

    The role may write no logs: failures stand in the stack's events, and the calls in CloudTrail.
    """

    @classmethod
    def of(cls, stack: Stack) -> KeyPolicyFunction:
        """Return the one of a stack."""
        return cast("KeyPolicyFunction", stack.node.try_find_child(_ID)) or cls(stack, _ID)

    def __init__(self, scope: Construct, id: str) -> None:
        """Make the function, which may do nothing yet."""
        super().__init__(scope, id)
        self._sids: dict[str, dict[str, None]] = {}
        self._policies: dict[str, iam.ManagedPolicy] = {}
        service = cast("iam.IPrincipal", iam.ServicePrincipal("lambda.amazonaws.com"))
        self._role = iam.Role(self, "Role", assumed_by=service)
        may_write = Lazy.uncached_string(cast("IStringProducer", _MayWrite(Stack.of(self), self._sids)))
        self._function = lambda_.CfnFunction(
            self,
            "Function",
            description="Keeps statements for Amazon Personalize in the policies of KMS keys",
            # The L2 and its Runtime differ between versions of aws-cdk-lib; templates must not.
            runtime="python3.13",
            handler="index.handler",
            code=lambda_.CfnFunction.CodeProperty(zip_file=_code()),
            environment=lambda_.CfnFunction.EnvironmentProperty(variables={"MAY_WRITE": may_write}),
            role=self._role.role_arn,
            timeout=_TIMEOUT,
        )

    @property
    def arn(self) -> str:
        """The function's ARN."""
        return self._function.attr_arn

    @property
    def role_arn(self) -> str:
        """The ARN of its role."""
        return self._role.role_arn

    def allow_sids(self, key_arn: str, sids: Iterable[str]) -> None:
        """Let the function write statements of these sids into the policy of a key."""
        self._sids.setdefault(key_arn, {}).update(dict.fromkeys(sids))

    def policy_for(self, key_arn: str, id: str) -> iam.ManagedPolicy:
        """Return the policy that lets the function reach a key.

        Each key has one of its own, which goes after all that needs it: when CloudFormation cleans up what an update
        left over, the function has to reach keys that its stack knows no longer.
        """
        if id not in self._policies:
            self._policies[id] = self._make_policy(key_arn, id)
        return self._policies[id]

    def _make_policy(self, key_arn: str, id: str) -> iam.ManagedPolicy:
        return iam.ManagedPolicy(
            self,
            f"Policy{id}",
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
            roles=[cast("iam.IRole", self._role)],
        )


@jsii.implements(IStringProducer)
class _MayWrite:
    """The function's configuration, when no later ``allow`` can change it any more."""

    def __init__(self, stack: Stack, sids: dict[str, dict[str, None]]) -> None:
        self._stack = stack
        self._sids = sids

    def produce(self, context: IResolveContext) -> str:
        """Return the configuration as JSON, with tokens in it for what is known only at deployment."""
        return self._stack.to_json_string(
            {
                "Service": SERVICE_PRINCIPAL,
                "Actions": list(KEY_POLICY_ACTIONS),
                # No mapping, whose keys can't be tokens.
                "Keys": [{"Arn": key_arn, "Sids": list(sids)} for key_arn, sids in self._sids.items()],
            }
        )


def _code() -> str:
    """Return the function's source. Inline code may have 4 MB, zipped.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-lambda-function-code.html
    """
    return Path(__file__).with_name("function.py").read_text(encoding="utf-8")
