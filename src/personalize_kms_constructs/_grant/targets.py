"""The policies that take our statements, each in its own way, or tell that they take none."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal, cast

import jsii
from aws_cdk import IAnyProducer, IResolveContext, Lazy, Token
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct, IDependable

from .._default_key_policy import default_key_policy
from .l1_policies import BucketPolicies, added_by_cdk, extended, wrapper_of_key
from .place import Place
from .resolved import KeyL1, ResolvedBucket, ResolvedKey
from .role import ServiceRole
from .statement import Statement

PolicyKind = Literal["key", "bucket", "role"]
AddStatements = Callable[[Sequence[iam.PolicyStatement]], None]

# A changed description replaces a policy, so this one is for good:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-iam-managedpolicy.html
_DESCRIPTION = "Lets the service role of Amazon Personalize use data and customer managed KMS keys"


class PolicyTarget:
    """One policy with the statements that the plan has for it."""

    kind: ClassVar[PolicyKind]

    def __init__(self, arn: str, owner: object, *, is_of_this_app: bool = False) -> None:
        self.arn = arn
        """The ARN of the key, the bucket or the role whose policy it is."""
        self.is_of_this_app = is_of_this_app
        """True if this app makes it, a role excepted."""
        self._owner = owner
        self.statements: tuple[Statement, ...] = ()
        self.pending = False
        """True if the policy took no statements, so somebody else must add them."""
        self.dependable: IDependable | None = None
        """What exists in the app as soon as the statements do."""
        self._objects: dict[str, iam.PolicyStatement] = {}

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} {self.arn}: {', '.join(each.sid for each in self.statements)}>"
        )

    def __str__(self) -> str:
        return f"{self.kind} {self._owner}"

    def put(self, statements: Sequence[Statement]) -> None:
        """Put into the app what is new in these statements, which allow all that the statements before do."""
        before = {each.sid: each for each in self.statements}
        for each in statements:
            if each.sid in self._objects:
                _grow(self._objects[each.sid], before[each.sid], each)
        self.statements = tuple(statements)
        new = [each for each in statements if each.sid not in before]
        if new:
            # Also where it is pending: the CDK's report on roles that others make has what they
            # should have.
            is_added = self._add(new)
            self.pending = self.pending or not is_added

    def _add(self, statements: Sequence[Statement]) -> bool:
        """Add statements to the policy; return False if it takes none."""
        return False

    def _made(self, statements: Iterable[Statement]) -> list[iam.PolicyStatement]:
        """Return statements as objects that the CDK keeps, and that grow with the plan."""
        made = {each.sid: iam.PolicyStatement.from_json(each.to_json()) for each in statements}
        self._objects |= made
        return list(made.values())

    def _lazy_json(self, statement: Statement) -> dict[str, Any]:
        """Return a statement that the CDK copies; its actions and resources are those of the plan at synth."""
        return statement.to_json() | {
            element: Token.as_string(
                Lazy.uncached_any(cast("IAnyProducer", _Planned(self, statement.sid, element)))
            )
            for element in ("Action", "Resource")
        }


@jsii.implements(IAnyProducer)
class _Planned:
    """An element of a statement, as the plan has it when the template is written."""

    def __init__(self, target: PolicyTarget, sid: str, element: str) -> None:
        self._target = target
        self._sid = sid
        self._element = element

    def produce(self, context: IResolveContext) -> Any:
        """Return the element, without a list around a single value, as the CDK writes policies."""
        (found,) = [
            each.to_json()[self._element]
            for each in self._target.statements
            if each.sid == self._sid
        ]
        return found[0] if len(found) == 1 else found


class KeyTarget(PolicyTarget):
    """The policy of a key of this app, or of an imported one."""

    kind = "key"

    def __init__(self, key: ResolvedKey, manage: Callable[[str], AddStatements] | None) -> None:
        super().__init__(key.arn, key, is_of_this_app=key.l1 is not None)
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
        self._add_to_managed(self._made(statements))
        return True

    def _add_to_l1(self, l1: KeyL1, statements: Sequence[Statement]) -> bool:
        policy = l1.key_policy
        if isinstance(policy, iam.PolicyDocument):
            policy.add_statements(*self._made(statements))
            return True
        if policy is not None and not isinstance(policy, Mapping):
            # A document that jsii knows by an interface alone, as the L2 and the wrapper have, or
            # an expression.
            l2 = (
                self.key.construct
                if isinstance(self.key.construct, kms.Key)
                else wrapper_of_key(l1)
            )
            results = (
                []
                if l2 is None
                else [l2.add_to_resource_policy(each) for each in self._made(statements)]
            )
            return bool(results) and all(result.statement_added for result in results)
        if policy is None:
            place = Place.of(l1.stack)
            policy = l1.key_policy = default_key_policy(
                f"arn:{place.partition}:iam::{place.account}:root"
            )
        lazy = [self._lazy_json(each) for each in statements]
        if isinstance(l1, kms.CfnKey) and added_by_cdk(l1, policy, lazy):
            return True
        longer = extended(policy, lazy)
        if longer is not None:
            l1.key_policy = longer
        return longer is not None


class BucketTarget(PolicyTarget):
    """The policy of a bucket of this app, or of an imported one."""

    kind = "bucket"

    def __init__(self, bucket: ResolvedBucket, policies: BucketPolicies) -> None:
        super().__init__(bucket.arn, bucket, is_of_this_app=bucket.stack is not None)
        self.bucket = bucket
        self._policies = policies
        self._policy: s3.BucketPolicy | s3.CfnBucketPolicy | None = None

    def _add(self, statements: Sequence[Statement]) -> bool:
        if not self.is_of_this_app:
            return False
        policy = self._policy = self._policy or self._policies.of(self.bucket)
        document = (
            policy.document if isinstance(policy, s3.BucketPolicy) else policy.policy_document
        )
        if isinstance(document, iam.PolicyDocument):
            document.add_statements(*self._made(statements))
        else:
            longer = extended(document, [self._lazy_json(each) for each in statements])
            if longer is None:
                return False
            cast("s3.CfnBucketPolicy", policy).policy_document = longer
        self.dependable = cast("IDependable", policy)
        return True


class ManagedPolicyTarget(PolicyTarget):
    """One managed policy of the role; it exists as soon as it has a statement."""

    kind = "role"

    def __init__(
        self, scope: Construct, before: Sequence[ManagedPolicyTarget], role: ServiceRole
    ) -> None:
        super().__init__(role.arn, role)
        self._scope = scope
        self._id = f"Policy{len(before) + 1 if before else ''}"
        self._before = before[-1] if before else None
        self._role = role
        self._policy: iam.ManagedPolicy | None = None

    def _add(self, statements: Sequence[Statement]) -> bool:
        if not self._role.is_mutable:
            return False
        made = self._made(statements)
        if self._policy is not None:
            self._policy.add_statements(*made)
            return True
        self._policy = self.dependable = self._attached_to_role(made)
        if self._before is not None and self._before.dependable is not None:
            # A location that comes before others moves the last ones to the next policy, which has
            # to have them first.
            cast("iam.ManagedPolicy", self._before.dependable).node.add_dependency(self._policy)
        # What is made before the app is deployed gets nothing from it; the CDK reports what it
        # should have.
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
            # A role that was imported by its ARN has a wrong name in the CDK if it has a path.
            cast("iam.CfnManagedPolicy", policy.node.default_child).roles = [by_name.ref]
        return policy


class RoleOfOthers(PolicyTarget):
    """A role besides the service role that somebody else makes, and that takes no policy from this app."""

    kind = "role"

    def __init__(self, role: iam.Role) -> None:
        super().__init__(role.role_arn, role.node.path)


def _grow(made: iam.PolicyStatement, before: Statement, after: Statement) -> None:
    """Add what is new; a resource that a wider one covers now stays, since the CDK takes none out."""
    known = {*before.actions, *before.resources}
    if actions := [action for action in after.actions if action not in known]:
        made.add_actions(*actions)
    if resources := [resource for resource in after.resources if resource not in known]:
        made.add_resources(*resources)
