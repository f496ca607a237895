"""The ways to a pending policy besides asking its owner, as the warning names them."""

from __future__ import annotations

from collections.abc import Iterable

from aws_cdk import Stack
from aws_cdk import aws_s3 as s3

from ._policies.app import AppContents
from ._policies.buckets import BucketPolicy
from ._policies.documents import sids_of
from ._policies.keys import KeyPolicy
from ._policies.place import Place
from ._policies.policy import Policy
from ._policies.resources import BucketFacts
from ._tokens import is_token
from ._wiring import Wiring

_MANAGED = "or this app adds them at deployment: imported_key_policy=ImportedKeyPolicy.MANAGED"


def ways_out(policy: Policy, wiring: Wiring, app: AppContents) -> Iterable[str]:
    """Yield what else can be done about the statements of a policy that took none."""
    if isinstance(policy, KeyPolicy):
        role = wiring.policies.role
        if not policy.is_of_this_app and not role.is_of_another_account_than(policy.key.account):
            yield _MANAGED
    elif isinstance(policy, BucketPolicy) and not policy.is_of_this_app:
        yield from _in_this_app(policy.bucket, app)
        if _has_unknown_key(policy.bucket, wiring):
            yield (
                "if a KMS key encrypts the objects, its policy needs statements too: pass the key, as "
                "S3Location(…, encryption_key=…)"
            )


def is_added_elsewhere(policy: Policy, app: AppContents) -> bool:
    """Tell if the app has put the pending statements into a policy of its own for the bucket, as it was told to."""
    if not isinstance(policy, BucketPolicy) or policy.is_of_this_app:
        return False
    needed = {statement.sid for statement in policy.statements}
    documents = (app.properties_of(each).get("policyDocument") for each in _policies_of(policy.bucket, app))
    return any(needed.issubset(sids_of(document)) for document in documents)


def _in_this_app(bucket: BucketFacts, app: AppContents) -> Iterable[str]:
    for policy in _policies_of(bucket, app):
        yield (
            f"or this app adds them to {policy.node.path}, the policy that it has for the bucket: they are in "
            "encryption.pending_statements"
        )
    name = _name_of(bucket)
    for made in () if is_token(name) else app.all_of(s3.CfnBucket):
        if made.bucket_name == name and Place.of(made.stack).region == bucket.region:
            yield f"or pass {made.node.path} in place of the imported bucket, since it is the bucket of that name"


def _policies_of(bucket: BucketFacts, app: AppContents) -> list[s3.CfnBucketPolicy]:
    name = _name_of(bucket)
    return [
        policy
        for policy in app.bucket_policies_by_name
        if policy.bucket == name or _is_same_expression(policy, name, bucket)
    ]


def _name_of(bucket: BucketFacts) -> str:
    return bucket.arn.rpartition(":")[2]


def _is_same_expression(policy: s3.CfnBucketPolicy, name: str, bucket: BucketFacts) -> bool:
    """Tell if a policy of the same stack has its bucket by the expression of an imported one, a parameter perhaps."""
    if not is_token(name) or bucket.construct is None:
        return False
    here = Stack.of(bucket.construct)
    return policy.stack is here and bool(here.resolve(policy.bucket) == here.resolve(name))


def _has_unknown_key(bucket: BucketFacts, wiring: Wiring) -> bool:
    """Tell if the construct was given no key for a location in an imported bucket, which may have one."""
    return any(
        wiring.known.bucket(location.bucket).identity == bucket.identity
        and wiring.known.encryption_of(location).key is None
        for resource in wiring.allowed
        for _, location in resource.locations()
    )
