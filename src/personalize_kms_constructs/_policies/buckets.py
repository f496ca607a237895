"""The policies of buckets: statements for the service, and for a role of another account.

In one account the role's IAM policies are enough; across accounts both sides have to allow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import cast

from aws_cdk import Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3

from ..matrix import S3Access
from .app import contents_of
from .documents import append_to_property, is_document, sids_in
from .elsewhere import lazy_text_elsewhere
from .place import Place
from .policy import Policy
from .principals import PolicyPrincipal
from .resources import BucketFacts
from .sids import bucket_sid, next_suffix


class BucketPolicy(Policy):
    """Our statements in a bucket's policy."""

    kind = "bucket"

    def __init__(
        self,
        bucket: BucketFacts,
        here: Place,
        *,
        principals: Sequence[PolicyPrincipal],
        foreign_suffix: Callable[[], str],
    ) -> None:
        super().__init__(bucket.arn, bucket.construct)
        self.bucket = bucket
        self._here = here
        self.dependable: s3.BucketPolicy | s3.CfnBucketPolicy | None = None
        """The policy in this app that has the statements."""
        self._principals = principals
        self._foreign_suffix = foreign_suffix
        self._chosen_suffix: str | None = None
        self._made_policy: s3.CfnBucketPolicy | None = None
        self._l1_of_l2: s3.CfnBucketPolicy | None = None
        self._prefixes: dict[str, str] = {}
        """Prefixes as the bucket's stack says them, where that is another one."""

    def collect_access(self, access: S3Access, prefix: str) -> None:
        """Allow this access to the objects below the prefix."""
        if self.bucket.stack not in (None, self._here.stack):
            prefix = self._prefixes.setdefault(prefix, lazy_text_elsewhere(prefix, self._here.stack))
        for needed, resource in (
            (access.on_objects, f"{self.resource_arn}/{prefix}*"),
            *((needed, self.resource_arn) for needed in access.on_bucket),
        ):
            for principal in self._principals:
                self.collect(bucket_sid(principal.name, needed, self._suffix), needed.actions, resource, principal)

    @property
    def _suffix(self) -> str:
        if self._chosen_suffix is None:
            self._chosen_suffix = self._find_suffix()
        return self._chosen_suffix

    def _find_suffix(self) -> str:
        if self.bucket.stack is None:
            return self._foreign_suffix()
        document = self._document_there_already()
        return "" if document is None else next_suffix(sids_in(document, self.bucket.stack))

    def _document_there_already(self) -> object:
        l2 = self.bucket.l2
        if l2 is None:
            return None if self._l1_policy is None else self._l1_policy.policy_document
        return None if l2.policy is None else l2.policy.document

    @cached_property
    def _l1_policy(self) -> s3.CfnBucketPolicy | None:
        """The policy that the app has already for a bucket without an L2."""
        l1 = self.bucket.own_l1
        return None if l1 is None else next(iter(contents_of(Place.of(l1.stack)).bucket_policies_of(l1)), None)

    def roll_back(self) -> None:
        """Forget what was collected since it was last attached, and with it the sids, which others may take."""
        super().roll_back()
        if not self.statements:
            self._chosen_suffix = None

    @property
    def is_of_this_app(self) -> bool:
        """True if this app makes the bucket."""
        return self.bucket.stack is not None

    @property
    def l1_of_policy(self) -> s3.CfnBucketPolicy | None:
        """The L1 of the policy in this app that has the statements."""
        if not isinstance(self.dependable, s3.BucketPolicy):
            return self.dependable
        if self._l1_of_l2 is None:
            self._l1_of_l2 = cast("s3.CfnBucketPolicy | None", self.dependable.node.default_child)
        return self._l1_of_l2

    def _add(self, statements: Sequence[iam.PolicyStatement]) -> bool:
        if self.bucket.l2 is not None:
            return self._add_to_l2(self.bucket.l2, statements)
        if self.bucket.own_l1 is not None:
            return self._add_to_l1(self.bucket.own_l1, statements)
        return False

    def _add_to_l2(self, bucket: s3.Bucket, statements: Sequence[iam.PolicyStatement]) -> bool:
        first, *others = statements
        policy = cast("s3.BucketPolicy", bucket.add_to_resource_policy(first).policy_dependable)
        if others:
            policy.document.add_statements(*others)
        self.dependable = policy
        return True

    def _add_to_l1(self, bucket: s3.CfnBucket, statements: Sequence[iam.PolicyStatement]) -> bool:
        policy = self._made_policy or self._l1_policy
        if policy is None:
            document = iam.PolicyDocument()
            policy = s3.CfnBucketPolicy(bucket, "PersonalizePolicy", bucket=bucket.ref, policy_document=document)
            self._made_policy = policy
        document = policy.policy_document
        if isinstance(document, iam.PolicyDocument):
            document.add_statements(*statements)
        elif not is_document(document, Stack.of(policy)):
            return False
        elif len(statements) == len(self.statements):
            append_to_property(policy, "policy_document", document, lambda: self.statements_json)
        self.dependable = policy
        return True
