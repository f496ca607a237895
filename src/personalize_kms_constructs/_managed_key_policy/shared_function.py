"""The Lambda function that writes the policies of keys, one for all managed keys of a stack."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import jsii
from aws_cdk import CfnResource, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct, IValidation

from .._expressions import parts_of
from .._grant.role import has_precreated_roles
from .._grant.statement import Statement
from .._grant.targets import RoleOfOthers
from .._tokens import late_text
from .._warnings import warn
from ..matrix import ROWS, SERVICE_PRINCIPAL

_ID = "PersonalizeKeyPolicies"
# In seconds: the most that Lambda gives. The function ends by itself before.
_TIMEOUT = 900
# In bytes: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
_ENVIRONMENT_SIZE = 4096
_CONFIGURATION = "MAY_WRITE"
# What tokens become at least, in the Regions with the shortest names: of a key, of a role, and of
# the stack.
_KEY_ARN_SIZE = len("arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab")
_ROLE_ARN = "arn:aws:iam::111122223333:role/r"
_PSEUDO_PARAMETERS = {
    "AWS::Partition": "aws",
    "AWS::Region": "us-east-1",
    "AWS::AccountId": "111122223333",
}
# Managed policies of a role:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_POLICIES_BY_DEFAULT = 10
# In seconds: a call that came so late would be of an operation that is over.
_EVENT_AGE = 300
# The function knows its own statements by these, also those that an earlier version of the stack
# has written: with no more than the present ones it would refuse to replace what a resource needed
# that was removed since.
_ACTIONS = sorted(
    {action for row in ROWS for access in row.on_keys() for action in access.key_policy_actions}
)

_WAY_OUT = "use another stack for some of the constructs, or ImportedKeyPolicy.PENDING"

_Statements = dict[CfnResource, tuple[str, list[iam.PolicyStatement]]]


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
        self._statements: _Statements = {}
        self._policies: dict[str, iam.ManagedPolicy] = {}
        self._last: dict[str, CfnResource] = {}
        service = cast("iam.IPrincipal", iam.ServicePrincipal("lambda.amazonaws.com"))
        self._role = iam.Role(self, "Role", assumed_by=service)
        configuration = _MayWrite(self, self._statements, self._policies)
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
            environment=lambda_.CfnFunction.EnvironmentProperty(
                variables={_CONFIGURATION: may_write}
            ),
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
        """Let the function write statements of these sids and conditions into a key's policy, for a custom resource."""
        self._statements.setdefault(owner, (key_arn, []))[1].extend(statements)

    def reach(self, key_arn: str, id: str, resource: CfnResource) -> None:
        """Let the function reach a key, for a custom resource that waits for all that it needs.

        Each key has a policy of its own, which goes after all that needs it: when CloudFormation
        cleans up what an update left over, the function has to reach keys that its stack knows no
        longer. Custom resources of one key wait for each other, so that they don't undo each
        other's work.
        """
        if id not in self._policies:
            self._policies[id] = self._make_policy(key_arn, id)
        # Without its policy the function could neither write nor, at the end, clean up.
        resource.node.add_dependency(self._policies[id])
        if id in self._last:
            resource.node.add_dependency(self._last[id])
        self._last[id] = resource

    def lost_policy(self, key_arn: str, id: str) -> RoleOfOthers | None:
        """Return what the role lacks for a key that it can't reach yet, where others make the role.

        They do (``iam.Role.customize_roles``) before there is the stack, whose id they can't know.
        """
        if not has_precreated_roles(self) or id in self._policies:
            return None
        policy = RoleOfOthers(self._role)
        stack = Stack.of(self)
        stack_arn = stack.format_arn(
            service="cloudformation", resource="stack", resource_name=f"{stack.stack_name}/*"
        )
        policy.put(self._needed(key_arn, id, stack_arn))
        return policy

    def _needed(self, key_arn: str, id: str, stack_arn: str) -> list[Statement]:
        to_bypass = {"Bool": {"kms:BypassPolicyLockoutSafetyCheck": "true"}}
        write, put = ("kms:GetKeyPolicy", "kms:PutKeyPolicy"), ("kms:PutKeyPolicy",)
        # To see that an operation was cancelled.
        see = ("cloudformation:DescribeStacks",)
        return [
            Statement(f"WriteKeyPolicy{id}", actions=write, resources=(key_arn,)),
            Statement(
                f"KeepAccountInKeyPolicy{id}", None, to_bypass, put, (key_arn,), effect="Deny"
            ),
            Statement(f"SeeCancellation{id}", actions=see, resources=(stack_arn,)),
        ]

    def _make_policy(self, key_arn: str, id: str) -> iam.ManagedPolicy:
        # The template has them without sids, which are a contract as well.
        statements = [each.to_json() for each in self._needed(key_arn, id, Stack.of(self).stack_id)]
        return iam.ManagedPolicy(
            self,
            f"Policy{id}",
            # Another description is another policy: with a new key, the one for the old key stays
            # until CloudFormation has cleaned up there
            # (https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-iam-managedpolicy.html).
            description=f"Lets the function read and write the policy of {key_arn}",
            statements=[
                iam.PolicyStatement.from_json({**each, "Sid": None}) for each in statements
            ],
            roles=[cast("iam.IRole", self._role)],
        )


@jsii.implements(IValidation)
class _MayWrite:
    """The function's configuration, when no later ``allow`` can change it any more."""

    def __init__(
        self, scope: Construct, statements: _Statements, policies: Mapping[str, iam.ManagedPolicy]
    ) -> None:
        self._scope = scope
        self._stack = Stack.of(scope)
        self._statements = statements
        self._policies = policies

    def validate(self) -> list[str]:
        """Return a problem if what is known by now is already more than Lambda takes, and warn of too many policies."""
        keys = len(self._policies)
        if keys > _POLICIES_BY_DEFAULT:
            warn(
                self._scope,
                "manyManagedPolicies",
                f"role {self._scope.node.path}/Role has {keys} managed policies, one for each "
                f"key, but the quota is {_POLICIES_BY_DEFAULT} by default: have it raised, or "
                f"{_WAY_OUT}",
            )
        return list(self._problems())

    def _problems(self) -> Iterator[str]:
        # Lambda measures JSON, with the variable's name, and its value in quotes.
        size = len(json.dumps({_CONFIGURATION: self._shortest(self.text())}, separators=(",", ":")))
        size += sum(
            max(0, _KEY_ARN_SIZE - len(self._shortest(arn))) for arn, _ in self._statements.values()
        )
        if size > _ENVIRONMENT_SIZE:
            yield (
                "the stack manages the policies of too many keys: the configuration of its "
                f"function has {size:,} bytes or more but Lambda takes {_ENVIRONMENT_SIZE:,}: "
                f"{_WAY_OUT}"
            )

    def _shortest(self, text: str) -> str:
        return "".join(map(_shortest_part, parts_of(self._stack.resolve(text))))

    def text(self) -> str:
        """Return the configuration as JSON, with tokens in it for what is known only at deployment.

        Many statements have one condition: each stands there once, and a sid has its number.
        Equal conditions can have different tokens, so they are compared as the template has them.
        """
        conditions: list[Any] = []
        in_template: list[Any] = []
        keys = []
        for owner, (key_arn, statements) in self._statements.items():
            sids = {}
            for document in (statement.to_statement_json() for statement in statements):
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


def _shortest_part(part: str | dict[str, Any]) -> str:
    match part:
        case str():
            return part
        case {"Ref": str(name)}:
            return _PSEUDO_PARAMETERS.get(name, "")
        case {"Fn::GetAtt": [_, "Arn"]}:
            return _ROLE_ARN
    return ""


def _code() -> str:
    """Return the function's source. Inline code may have 4 MB, zipped.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-lambda-function-code.html
    """
    return Path(__file__).with_name("function.py").read_text(encoding="utf-8")
