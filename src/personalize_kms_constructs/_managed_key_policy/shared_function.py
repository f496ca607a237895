"""The Lambda function for key policies, shared by all managed keys of a stack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import jsii
from aws_cdk import CfnResource, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct, IValidation

from personalize_kms_check.matrix import ROWS, SERVICE_PRINCIPAL

from .._tokens import late_text
from .._warnings import warn

_ID = "PersonalizeKeyPolicies"
# In seconds: the longest that Lambda allows. The function ends itself before.
_TIMEOUT = 900
# Managed policies of a role:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_POLICIES_BY_DEFAULT = 10
# In seconds: the stack operation of an older call is over.
_EVENT_AGE = 300


def _key_policy_actions() -> Iterator[str]:
    for row in ROWS:
        for access in row.on_keys():
            yield from access.key_policy_actions


# The function recognizes its own statements by these. With only the present actions, it would
# refuse to replace the statements of an earlier version of the stack, for resources that are gone.
_ACTIONS = sorted(set(_key_policy_actions()))

_Statements = dict[CfnResource, tuple[str, list[iam.PolicyStatement]]]


class KeyPolicyFunction(Construct):
    """The function with its role, and a policy of the role for each key.

    The role may write no logs: failures are in the stack's events, and the calls in CloudTrail.
    """

    @classmethod
    def find_or_make(cls, stack: Stack) -> KeyPolicyFunction:
        """Return the function of a stack, and make it if there is none."""
        return cast("KeyPolicyFunction", stack.node.try_find_child(_ID)) or cls(stack, _ID)

    def __init__(self, scope: Construct, id: str) -> None:
        """Make the function without permissions."""
        super().__init__(scope, id)
        self._statements: _Statements = {}
        self._policies: dict[str, iam.ManagedPolicy] = {}
        self._last: dict[str, CfnResource] = {}
        service = cast("iam.IPrincipal", iam.ServicePrincipal("lambda.amazonaws.com"))
        self._role = iam.Role(self, "Role", assumed_by=service)
        configuration = _Configuration(self, self._statements, self._policies)
        may_write = late_text(lambda _: configuration.text())
        self.node.add_validation(cast("IValidation", configuration))
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
        lambda_.CfnEventInvokeConfig(
            self,
            "Calls",
            function_name=self._function.ref,
            qualifier="$LATEST",
            maximum_event_age_in_seconds=_EVENT_AGE,
        )

    @property
    def arn(self) -> str:
        """The function's ARN."""
        return self._function.attr_arn

    def allow(
        self, owner: CfnResource, key_arn: str, statements: Iterable[iam.PolicyStatement]
    ) -> None:
        """Let the function write these statements into a key's policy, for a custom resource."""
        _, allowed = self._statements.setdefault(owner, (key_arn, []))
        allowed.extend(statements)

    def reach(self, key_arn: str, id: str, resource: CfnResource) -> None:
        """Let the function reach a key, and make a custom resource wait for this permission.

        Each key has its own policy, and everything that needs it is deleted first: when
        CloudFormation cleans up after an update, the function must reach keys no longer in the
        template. Custom resources of the same key wait for each other, so they don't undo each
        other's work.
        """
        if id not in self._policies:
            self._policies[id] = self._make_policy(key_arn, id)
        # The function needs its policy to write, and at the end to clean up.
        resource.node.add_dependency(self._policies[id])
        if id in self._last:
            resource.node.add_dependency(self._last[id])
        self._last[id] = resource

    def _make_policy(self, key_arn: str, id: str) -> iam.ManagedPolicy:
        statements = [
            iam.PolicyStatement(
                actions=["kms:GetKeyPolicy", "kms:PutKeyPolicy"], resources=[key_arn]
            ),
            iam.PolicyStatement(
                effect=iam.Effect.DENY,
                actions=["kms:PutKeyPolicy"],
                resources=[key_arn],
                conditions={"Bool": {"kms:BypassPolicyLockoutSafetyCheck": "true"}},
            ),
            # To notice that somebody cancelled the operation.
            iam.PolicyStatement(
                actions=["cloudformation:DescribeStacks"], resources=[Stack.of(self).stack_id]
            ),
        ]
        return iam.ManagedPolicy(
            self,
            f"Policy{id}",
            # A new description makes a new policy. So with a new key, the policy for the old key
            # stays until CloudFormation has cleaned up there
            # (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-iam-managedpolicy.html).
            description=f"Lets the function read and write the policy of {key_arn}",
            statements=statements,
            roles=[cast("iam.IRole", self._role)],
        )


@jsii.implements(IValidation)
class _Configuration:
    """The function's configuration at synth, when no later ``allow`` can change it."""

    def __init__(
        self, scope: Construct, statements: _Statements, policies: Mapping[str, iam.ManagedPolicy]
    ) -> None:
        self._scope = scope
        self._stack = Stack.of(scope)
        self._statements = statements
        self._policies = policies

    def validate(self) -> list[str]:
        """Return no problems, and warn of too many policies."""
        keys = len(self._policies)
        if keys > _POLICIES_BY_DEFAULT:
            warn(
                self._scope,
                "manyManagedPolicies",
                f"role {self._scope.node.path}/Role has {keys} managed policies, one for each "
                f"key, but the quota is {_POLICIES_BY_DEFAULT} by default: have it raised, or use "
                "another stack for some of the constructs, or ImportedKeyPolicy.PENDING",
            )
        return []

    def text(self) -> str:
        """Return the configuration as JSON with tokens.

        Many statements share a condition, so the configuration has each condition once, and its
        number for each sid. Equal conditions may have different tokens, so resolved conditions are
        compared.
        """
        conditions: list[Any] = []
        in_template: list[Any] = []
        keys = []
        for owner, (key_arn, statements) in self._statements.items():
            sids = {}
            for statement in statements:
                document = statement.to_statement_json()
                condition = document.get("Condition", {})
                resolved = self._stack.resolve(condition)
                if resolved not in in_template:
                    in_template.append(resolved)
                    conditions.append(condition)
                sids[document["Sid"]] = in_template.index(resolved)
            keys.append({"Owner": owner.logical_id, "Arn": key_arn, "Sids": sids})
        return self._stack.to_json_string(
            {
                "Service": SERVICE_PRINCIPAL,
                "Actions": _ACTIONS,
                "Conditions": conditions,
                "Keys": keys,
            }
        )


def _code() -> str:
    """Return the function's source. Inline code may have 4 MB, zipped.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-lambda-function-code.html
    """
    return Path(__file__).with_name("function.py").read_text(encoding="utf-8")
