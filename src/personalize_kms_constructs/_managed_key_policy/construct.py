"""Statements in the policy of a key outside of this app's templates."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

from aws_cdk import CfnResource, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from constructs import Construct

from .._pasted import with_placeholders
from .shared_function import KeyPolicyFunction

# In seconds. If the function fails to start, CloudFormation waits this time, somewhat longer than
# the function runs, instead of an hour.
_SERVICE_TIMEOUT = 1200


class ManagedKeyPolicy(Construct):
    """Merges statements into the policy of an existing key at deployment.

    A custom resource does it, by sid, through a Lambda function. A stack has only one.
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

        The id is a hash of the key's ARN. With a number as id, a key that moves in the list would
        be written by a resource, and then cleaned up by another. The text of a token may
        change too.

        ``RETAIN`` also leaves the statements in the policy of the old key when ``key_arn`` changes.
        Only a failed stack operation removes the statements that it added. Statements older than
        the resource always stay.
        """
        id_of_key = key_id(Stack.of(scope), key_arn)
        super().__init__(scope, f"KeyPolicy{id_of_key}")
        self._document = iam.PolicyDocument()
        self._function = KeyPolicyFunction.find_or_make(Stack.of(self))
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
        resource.apply_removal_policy(removal_policy)
        self._function.reach(key_arn, id_of_key, resource)
        self.resource = resource
        """The custom resource, which waits for everything it needs."""

    def add_statements(self, statements: Sequence[iam.PolicyStatement]) -> None:
        """Add statements, each with a sid of its own in the key's policy."""
        self._document.add_statements(*statements)
        self._function.allow(self.resource, self._key_arn, statements)


def key_id(stack: Stack, key_arn: str) -> str:
    """Return a hash of a key's ARN, whatever the numbers of tokens."""
    text = with_placeholders(key_arn, stack)
    return sha256(text.encode()).hexdigest()[:8].upper()
