"""The policies for our statements. Each takes them in its own way, or takes none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, cast

from aws_cdk import Lazy, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct, IDependable

from personalize_kms_check._shared.default_key_policy import default_key_policy

from .._tokens import Producer
from .l1_policies import BucketPolicies, add_by_cdk, extended, wrapper_of_key
from .place import Place
from .resolved import KeyL1, ResolvedBucket, ResolvedKey
from .role import ServiceRole
from .statement import Statement

if TYPE_CHECKING:
    from aws_cdk import IAnyProducer

PolicyKind = Literal["key", "bucket", "role"]
AddStatements = Callable[[Sequence[iam.PolicyStatement]], None]

# A changed description replaces the policy, so this never changes:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-iam-managedpolicy.html
_DESCRIPTION = "Lets the service role of Amazon Personalize use data and customer managed KMS keys"


class PolicyTarget:
    """A policy, with its statements of the plan."""

    kind: ClassVar[PolicyKind]

    def __init__(self, arn: str, *, is_of_this_app: bool = False) -> None:
        self.arn = arn
        """The ARN of the key, the bucket or the role whose policy it is."""
        self.is_of_this_app = is_of_this_app
        """True if this app makes the key or the bucket."""
        self.statements: tuple[Statement, ...] = ()
        self.is_pending = False
        """True if the policy took no statements, so somebody else must add them."""
        self.dependable: IDependable | None = None
        """The construct that has the statements."""
        self._objects: dict[str, iam.PolicyStatement] = {}

    def put(self, statements: Sequence[Statement]) -> None:
        """Replace the statements by a superset, and add the difference to the app."""
        before = {statement.sid: statement for statement in self.statements}
        for statement in statements:
            if statement.sid in self._objects:
                _grow(self._objects[statement.sid], before[statement.sid], statement)
        self.statements = tuple(statements)
        new = [statement for statement in statements if statement.sid not in before]
        if new:
            # Pending policies too: the CDK's report on roles that others make has their statements.
            is_added = self._add(new)
            self.is_pending = self.is_pending or not is_added

    def _add(self, statements: Sequence[Statement]) -> bool:
        """Add statements to the policy; return False if it takes none."""
        return False

    def _make_objects(self, statements: Iterable[Statement]) -> list[iam.PolicyStatement]:
        """Make objects of statements for the CDK, and let them grow with the plan."""
        objects = []
        for statement in statements:
            self._objects[statement.sid] = iam.PolicyStatement.from_json(statement.to_json())
            objects.append(self._objects[statement.sid])
        return objects

    def _lazy_json(self, statement: Statement) -> dict[str, Any]:
        """Return a statement to copy, whose actions and resources the plan decides at synth."""

        def planned(element: str) -> str:
            producer = Producer(lambda _: self._planned(statement.sid, element))
            return Token.as_string(Lazy.uncached_any(cast("IAnyProducer", producer)))

        actions_and_resources = {"Action": planned("Action"), "Resource": planned("Resource")}
        return {**statement.to_json(), **actions_and_resources}

    def _planned(self, sid: str, element: str) -> Any:
        """Return an element of the plan; a single value without a list, as the CDK does."""
        statements = {statement.sid: statement for statement in self.statements}
        values = statements[sid].to_json()[element]
        return values[0] if len(values) == 1 else values


class KeyTarget(PolicyTarget):
    """The policy of a key, of this app or imported."""

    kind = "key"

    def __init__(self, key: ResolvedKey, manage: Callable[[str], AddStatements] | None) -> None:
        super().__init__(key.arn, is_of_this_app=key.l1 is not None)
        self.key = key
        self._manage = manage
        self._add_to_managed: AddStatements | None = None

    def _add(self, statements: Sequence[Statement]) -> bool:
        l1 = self.key.l1
        if l1 is not None:
            self.dependable = cast("IDependable", l1)
            return self._add_to_l1(l1, statements)
        if self._manage is None:
            return False
        if self._add_to_managed is None:
            self._add_to_managed = self._manage(self.arn)
        self._add_to_managed(self._make_objects(statements))
        return True

    def _add_to_l1(self, l1: KeyL1, statements: Sequence[Statement]) -> bool:
        policy = l1.key_policy
        if isinstance(policy, iam.PolicyDocument):
            policy.add_statements(*self._make_objects(statements))
            return True
        if policy is not None and not isinstance(policy, Mapping):
            # The document of an L2 or a wrapper, of which jsii knows only the interface, or an
            # expression.
            construct = self.key.construct
            l2 = construct if isinstance(construct, kms.Key) else wrapper_of_key(l1)
            return l2 is not None and self._add_to_l2(l2, statements)
        if policy is None:
            place = Place.of(l1.stack)
            root = f"arn:{place.partition}:iam::{place.account}:root"
            policy = l1.key_policy = default_key_policy(root)
        lazy = [self._lazy_json(statement) for statement in statements]
        if isinstance(l1, kms.CfnKey) and add_by_cdk(l1, policy, lazy):
            return True
        longer = extended(policy, lazy)
        if longer is not None:
            l1.key_policy = longer
        return longer is not None

    def _add_to_l2(self, l2: kms.IKey | kms.Key, statements: Sequence[Statement]) -> bool:
        are_added = []
        for statement in self._make_objects(statements):
            result = l2.add_to_resource_policy(statement)
            are_added.append(result.statement_added)
        return all(are_added)


class BucketTarget(PolicyTarget):
    """The policy of a bucket, of this app or imported."""

    kind = "bucket"

    def __init__(self, bucket: ResolvedBucket, bucket_policies: BucketPolicies) -> None:
        super().__init__(bucket.arn, is_of_this_app=bucket.stack is not None)
        self.bucket = bucket
        self._bucket_policies = bucket_policies
        self._policy: s3.BucketPolicy | s3.CfnBucketPolicy | None = None

    def _add(self, statements: Sequence[Statement]) -> bool:
        if not self.is_of_this_app:
            return False
        policy = self._policy = self._policy or self._bucket_policies.find_or_make(self.bucket)
        document = (
            policy.document if isinstance(policy, s3.BucketPolicy) else policy.policy_document
        )
        if isinstance(document, iam.PolicyDocument):
            document.add_statements(*self._make_objects(statements))
        else:
            lazy = [self._lazy_json(statement) for statement in statements]
            longer = extended(document, lazy)
            if longer is None:
                return False
            cast("s3.CfnBucketPolicy", policy).policy_document = longer
        self.dependable = cast("IDependable", policy)
        return True


class ManagedPolicyTarget(PolicyTarget):
    """A managed policy of the role, made with its first statement."""

    kind = "role"

    def __init__(
        self, scope: Construct, before: Sequence[ManagedPolicyTarget], role: ServiceRole
    ) -> None:
        super().__init__(role.arn)
        self._scope = scope
        self._id = f"Policy{len(before) + 1 if before else ''}"
        self._before = before[-1] if before else None
        self._role = role
        self._policy: iam.ManagedPolicy | None = None

    def _add(self, statements: Sequence[Statement]) -> bool:
        if not self._role.is_mutable:
            return False
        objects = self._make_objects(statements)
        if self._policy is not None:
            self._policy.add_statements(*objects)
            return True
        self._policy = self.dependable = self._attached_to_role(objects)
        if self._before is not None and self._before.dependable is not None:
            # A new location may move the last statements to the next policy, which must have them
            # before this policy loses them.
            cast("iam.ManagedPolicy", self._before.dependable).node.add_dependency(self._policy)
        # A role that others make before the deployment gets nothing from the app. The CDK reports
        # its statements.
        return not self._role.is_precreated

    def _attached_to_role(self, statements: Sequence[iam.PolicyStatement]) -> iam.ManagedPolicy:
        by_name = self._role.own_l1
        policy = iam.ManagedPolicy(
            self._scope,
            self._id,
            description=_DESCRIPTION,
            statements=statements,
            roles=None if by_name is not None else [self._role.role],
        )
        if by_name is not None and not self._role.is_precreated:
            # The CDK has a wrong name for a role that was imported by an ARN with a path.
            cast("iam.CfnManagedPolicy", policy.node.default_child).roles = [by_name.ref]
        return policy


def _grow(cdk_statement: iam.PolicyStatement, before: Statement, after: Statement) -> None:
    """Add new actions and resources. Covered resources stay: the CDK can't remove any."""
    known = {*before.actions, *before.resources}
    if actions := [action for action in after.actions if action not in known]:
        cdk_statement.add_actions(*actions)
    if resources := [resource for resource in after.resources if resource not in known]:
        cdk_statement.add_resources(*resources)
