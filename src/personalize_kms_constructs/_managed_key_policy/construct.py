"""Statements in the policy of a key that no CloudFormation template of this app makes."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from aws_cdk import CfnResource, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from .._pasted import with_placeholders
from .shared_function import KeyPolicyFunction

# In seconds: CloudFormation waits somewhat longer than the function runs, not the hour that is its
# default, if the function should fail to start.
_SERVICE_TIMEOUT = 1200


class ManagedKeyPolicy(Construct):
    """Merges statements into the policy of an existing key at deployment, and touches no other statement.

    A custom resource does it, by sid, through a Lambda function that the stack has once. Whoever
    else writes the whole policy of the key without a look at what is there, such as the stack that
    owns the key, removes the statements; the next change of them puts all back.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
    """

    def __init__(
        self,
        scope: Construct,
        *,
        key_arn: str,
        removal_policy: RemovalPolicy,
        revision: str | None = None,
    ) -> None:
        """Make the custom resource and, if it is the stack's first, the function.

        The id comes from the key: its place among others may change, as may a token's text. With an
        id that counts, a key that changes its place is first written and then cleaned up by
        another.

        Args:
            scope: the parent construct.
            key_arn: the ARN of a key in the stack's account and Region, whose policy lets the
                account use IAM policies.
            removal_policy: ``RETAIN`` leaves the statements in the policy when they leave the
                stack, since data that stays behind needs them, and in that of the old key when
                ``key_arn`` changes. Only a stack operation that fails takes out what it put in.
                ``DESTROY`` takes them out in all these cases. Statements that were in the policy
                before the resource was stay in any case.
            revision: any string; another one looks at the policy again.
        """
        id_of_key = key_id(Stack.of(scope), key_arn)
        super().__init__(scope, f"KeyPolicy{id_of_key}")
        self._document = iam.PolicyDocument()
        self._function = KeyPolicyFunction.of(Stack.of(self))
        self._key_arn = key_arn
        resource = CfnResource(
            self,
            "Resource",
            type="Custom::PersonalizeKeyPolicy",
            properties={
                "ServiceToken": self._function.arn,
                "ServiceTimeout": _SERVICE_TIMEOUT,
                "KeyArn": key_arn,
                "PolicyDocument": self._document,
                **({} if revision is None else {"Revision": revision}),
            },
        )
        if removal_policy is RemovalPolicy.RETAIN:
            # What remains after a failed creation would be of no use to anybody.
            removal_policy = RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE
        resource.apply_removal_policy(removal_policy)
        self.lost_policy = self._function.lost_policy(key_arn, id_of_key)
        """What the function's role lacks, where others make the role."""
        self._function.reach(key_arn, id_of_key, resource)
        self.resource = resource
        """The custom resource, which waits for all that it needs."""

    def add_statements(self, statements: Sequence[iam.PolicyStatement]) -> None:
        """Add statements, each with a sid that nothing else uses in the key's policy."""
        self._document.add_statements(*statements)
        self._function.allow(self.resource, self._key_arn, statements)


def key_id(stack: Stack, key_arn: str) -> str:
    """Return a hash of a key's ARN that is the same however many tokens were made before."""
    return sha256(with_placeholders(key_arn, stack).encode()).hexdigest()[:8].upper()
