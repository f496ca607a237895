"""Statements that others add to the policy of an L1, by every way of the CDK, before and after the construct's.

What others would have without the construct they have beside it; and ours are there, or the synth fails.
"""

from collections.abc import Callable
from itertools import permutations
from typing import Any, cast

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.policies import resources

EXPORT = PersonalizeResource.dataset_export_job()
Step = Callable[[cdk.Stack, Any], None]


def theirs(sid: str, action: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(sid=sid, actions=[action], resources=["*"], principals=[iam.AccountRootPrincipal()])


def wrap_key(stack: cdk.Stack, l1: kms.CfnKey) -> None:
    kms.Key.from_cfn_key(l1).add_to_resource_policy(theirs("ByWrapper", "kms:Encrypt"))


def grant_on_key(stack: cdk.Stack, l1: kms.CfnKey) -> None:
    policies: Any = iam.ResourceWithPolicies.of(l1)
    policies.add_to_resource_policy(theirs("ByGrants", "kms:Encrypt"))


def encrypt(stack: cdk.Stack, l1: kms.CfnKey) -> None:
    PersonalizeEncryption(stack, "Encryption", encryption_key=l1, resources=[PersonalizeResource.dataset_group()])


def allow_export(stack: cdk.Stack, l1: kms.CfnKey) -> None:
    cast("PersonalizeEncryption", stack.node.find_child("Encryption")).allow(EXPORT)


def named(order: tuple[Step, ...]) -> str:
    return " ".join(step.__name__ for step in order)


ROOT: dict[str, Any] = {
    "Sid": "Root",
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
    "Action": "kms:*",
    "Resource": "*",
}
SUB = {**ROOT, "Resource": {"Fn::Sub": "arn:aws:kms:${AWS::Region}:111111111111:key/*"}}
KEY_POLICIES = {
    "none": None,
    "plain": {"Version": "2012-10-17", "Statement": [ROOT]},
    "with a function": {"Version": "2012-10-17", "Statement": [SUB, ROOT]},
}


def sids(steps: tuple[Step, ...], policy: Any) -> set[str] | None:
    """The sids of the key's policy after these steps; none if a step or the synth fails."""
    app = cdk.App(analytics_reporting=False)
    stack = cdk.Stack(app, "Stack")
    try:
        l1 = kms.CfnKey(stack, "L1", key_policy=policy)
        for step in steps:
            step(stack, l1)
        (key,) = resources(stack, "AWS::KMS::Key").values()
    except RuntimeError:
        return None
    return {statement.get("Sid", "") for statement in key["Properties"]["KeyPolicy"]["Statement"]}


def orders(first: Step, then: Step, *ways: Step) -> list[tuple[Step, ...]]:
    """All orders of the construct's two steps with one way of others, or with both."""
    chosen = [(way,) for way in ways] + [ways]
    found = [order for each in chosen for order in permutations((first, then, *each))]
    return [order for order in found if order.index(first) < order.index(then)]


@pytest.mark.parametrize("policy", KEY_POLICIES.values(), ids=KEY_POLICIES)
@pytest.mark.parametrize("order", orders(encrypt, allow_export, wrap_key, grant_on_key), ids=named)
def test_statements_of_others_on_an_l1_key(order: tuple[Step, ...], policy: Any) -> None:
    """By ``from_cfn_key``, which keeps a document of its own, and by what ``KeyGrants`` use."""
    without = sids(tuple(step for step in order if step in (wrap_key, grant_on_key)), policy)
    found = sids(order, policy)
    if without is None:
        # The CDK says so: it can't add their statements to this policy, nor to none, until the default one is there.
        assert found is None or policy is None
    elif found is None:
        assert {wrap_key, grant_on_key} <= set(order)  # the judge says so: what the one way adds, the other drops
    else:
        assert {"PersonalizeRole", "PersonalizeService"} | without <= found


def wrap_bucket(stack: cdk.Stack, l1: s3.CfnBucket) -> None:
    s3.Bucket.from_cfn_bucket(l1).add_to_resource_policy(theirs("ByWrapper", "s3:GetObject"))


def grant_on_bucket(stack: cdk.Stack, l1: s3.CfnBucket) -> None:
    policies: Any = iam.ResourceWithPolicies.of(l1)
    policies.add_to_resource_policy(theirs("ByGrants", "s3:GetObject"))


def import_from(stack: cdk.Stack, l1: s3.CfnBucket) -> None:
    job = PersonalizeResource.dataset_import_job(S3Location(l1, "import/"))
    PersonalizeEncryption(stack, "Encryption", resources=[job])


def export_to(stack: cdk.Stack, l1: s3.CfnBucket) -> None:
    job = PersonalizeResource.dataset_export_job(S3Location(l1, "export/"))
    cast("PersonalizeEncryption", stack.node.find_child("Encryption")).allow(job)


def sids_in_the_bucket_policy(steps: tuple[Step, ...], policy: Any) -> set[str] | None:
    """The sids of the bucket's policy after these steps; none if there are several, or a step or the synth fails."""
    app = cdk.App(analytics_reporting=False)
    stack = cdk.Stack(app, "Stack")
    try:
        l1 = s3.CfnBucket(stack, "L1")
        if policy is not None:
            s3.CfnBucketPolicy(stack, "Own", bucket=l1.ref, policy_document=policy)
        for step in steps:
            step(stack, l1)
        policies = resources(stack, "AWS::S3::BucketPolicy").values()
    except RuntimeError:
        return None
    if len(policies) != 1:
        return None
    (document,) = [each["Properties"]["PolicyDocument"] for each in policies]
    return {statement.get("Sid", "") for statement in document["Statement"]}


@pytest.mark.parametrize("policy", KEY_POLICIES.values(), ids=KEY_POLICIES)
@pytest.mark.parametrize("order", orders(import_from, export_to, wrap_bucket, grant_on_bucket), ids=named)
def test_statements_of_others_on_an_l1_bucket(order: tuple[Step, ...], policy: Any) -> None:
    """By ``from_cfn_bucket``, which makes a policy of its own, and by what ``BucketGrants`` use."""
    without = sids_in_the_bucket_policy(tuple(step for step in order if step in (wrap_bucket, grant_on_bucket)), policy)
    found = sids_in_the_bucket_policy(order, policy)
    if without is None:
        assert found is None  # S3 keeps one policy of a bucket, or the CDK can't read this one, with us or without
    elif found is None:
        # The judge says so: the wrapper makes a second policy, whatever policy the bucket has by then.
        assert order.index(wrap_bucket) > order.index(import_from)
    else:
        ours = {f"PersonalizeService{each}" for each in ("ListBucket", "ReadObjects", "WriteObjects")}
        assert ours | without <= found
