"""Others' wrappers, grants and mixins on an L1, before, between and after the construct's steps.

Without the construct and with it, all resources of others are the same but for our statements; and
ours are there, or the synth fails.
"""

import copy
from collections.abc import Callable
from typing import Any, cast

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk.aws_s3 import mixins
from constructs import IMixin

from personalize_kms_constructs import PersonalizeEncryption, PersonalizeResource, S3Location
from tests.life.conftest import GROUP, allowing
from tests.policies import template

EXPORT = PersonalizeResource.dataset_export_job()
Step = Callable[[cdk.Stack, Any], None]
Json = dict[str, Any]


def theirs(sid: str, action: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid=sid, actions=[action], resources=["*"], principals=[iam.AccountRootPrincipal()]
    )


def reader(stack: cdk.Stack) -> iam.Role:
    """A role of others, which every grant is for."""
    reader: Any = stack.node.try_find_child("Reader")
    return reader or iam.Role(
        stack, "Reader", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com")
    )


def wrap_key(stack: cdk.Stack, l1: kms.CfnKey) -> None:
    kms.Key.from_cfn_key(l1).add_to_resource_policy(theirs("ByWrapper", "kms:Encrypt"))


def grant_on_key(stack: cdk.Stack, l1: kms.CfnKey) -> None:
    kms.KeyGrants.from_key(l1).decrypt(reader(stack))


def encrypt(stack: cdk.Stack, l1: kms.CfnKey) -> None:
    allowing(stack, GROUP, encryption_key=l1)


def allow_export(stack: cdk.Stack, l1: kms.CfnKey) -> None:
    cast("PersonalizeEncryption", stack.node.find_child("Encryption")).allow(EXPORT)


def import_from(stack: cdk.Stack, l1: s3.CfnBucket) -> None:
    job = PersonalizeResource.dataset_import_job(S3Location(l1, "import/"))
    PersonalizeEncryption(stack, "Encryption", resources=[job])


def export_to(stack: cdk.Stack, l1: s3.CfnBucket) -> None:
    job = PersonalizeResource.dataset_export_job(S3Location(l1, "export/"))
    cast("PersonalizeEncryption", stack.node.find_child("Encryption")).allow(job)


def wrap_bucket(stack: cdk.Stack, l1: s3.CfnBucket) -> None:
    s3.Bucket.from_cfn_bucket(l1).add_to_resource_policy(theirs("ByWrapper", "s3:GetObject"))


def grant_on_bucket(stack: cdk.Stack, l1: s3.CfnBucket) -> None:
    # Of another account, so both sides have to allow.
    s3.BucketGrants.from_bucket(l1).read(iam.AccountPrincipal("222222222222"))


def mix_into_policy(stack: cdk.Stack, l1: s3.CfnBucket) -> None:
    policy = stack.node.try_find_child("Own")
    if policy is not None:
        policy.with_(
            cast("IMixin", mixins.BucketPolicyStatements([theirs("ByMixin", "s3:GetObject")]))
        )


OURS = (encrypt, allow_export, import_from, export_to)
ROOT: dict[str, Any] = {
    "Sid": "Root",
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
    "Action": "kms:*",
    "Resource": "*",
}
SUB = {
    **ROOT,
    "Sid": "Sub",
    "Resource": {"Fn::Sub": "arn:aws:kms:${AWS::Region}:111111111111:key/*"},
}
POLICIES: dict[str, Any] = {
    "none": None,
    "plain": {"Version": "2012-10-17", "Statement": [ROOT]},
    "with a function": {"Version": "2012-10-17", "Statement": [SUB, ROOT]},
    # The CDK drops an id, and writes another version than that of a policy without one, in which
    # variables are text.
    "with an id": {"Id": "mine", "Statement": [ROOT]},
}


def orders(first: Step, then: Step, *ways: Step) -> list[tuple[Step, ...]]:
    """Each of the other ways before the construct's two steps, between them and after them."""
    all_orders: list[tuple[Step, ...]] = []
    for way in ways:
        all_orders += [(way, first, then), (first, way, then), (first, then, way)]
    return all_orders


def named(order: tuple[Step, ...]) -> str:
    return " ".join(step.__name__ for step in order)


def l1_key(stack: cdk.Stack, policy: Any) -> kms.CfnKey:
    return kms.CfnKey(stack, "L1", key_policy=policy)


def l1_bucket(stack: cdk.Stack, policy: Any) -> s3.CfnBucket:
    l1 = s3.CfnBucket(stack, "L1")
    if policy is not None:
        s3.CfnBucketPolicy(stack, "Own", bucket=l1.ref, policy_document=policy)
    return l1


def resources_after(
    make: Callable[[cdk.Stack, Any], Any], policy: Any, steps: tuple[Step, ...]
) -> Json | None:
    """Return the resources after these steps; None if these fail or a bucket gets two policies."""
    stack = cdk.Stack(cdk.App(analytics_reporting=False), "Stack")
    try:
        l1 = make(stack, policy)
        for step in steps:
            step(stack, l1)
        resources = dict(template(stack)["Resources"])
    except RuntimeError:
        return None
    types = [resource["Type"] for resource in resources.values()]
    return None if types.count("AWS::S3::BucketPolicy") > 1 else resources


def compared(
    make: Callable[[cdk.Stack, Any], Any], policy: Any, order: tuple[Step, ...]
) -> tuple[Json | None, ...]:
    """Return the resources without the construct's steps and with them."""
    copies = [copy.deepcopy(policy) for _ in range(2)]
    theirs_alone = tuple(step for step in order if step not in OURS)
    return resources_after(make, copies[0], theirs_alone), resources_after(make, copies[1], order)


def sids(resources: Json) -> set[str]:
    """Return the sids of ours in policies of keys and buckets."""
    statements = []
    for resource in of_others(resources).values():
        statements += statements_of(resource)
    return {statement["Sid"] for statement in statements if is_ours(statement)}


def of_others(resources: Json) -> Json:
    return {
        logical_id: resource
        for logical_id, resource in resources.items()
        if not logical_id.startswith("Encryption")
    }


def statements_of(resource: Json) -> list[Json]:
    """Return the statements in the policy of a key or a bucket."""
    properties = resource.get("Properties", {})
    if resource["Type"] == "AWS::S3::BucketPolicy":
        return list(properties["PolicyDocument"]["Statement"])
    return list(properties.get("KeyPolicy", {}).get("Statement", ()))


def is_ours(statement: Json) -> bool:
    return str(statement.get("Sid")).startswith("Personalize")


def without_ours(resources: Json) -> Json:
    """Return the resources of others without the statements of ours, as AWS understands them."""
    others = copy.deepcopy(of_others(resources))
    for logical_id, resource in list(others.items()):
        properties = resource.get("Properties", {})
        document = properties.get("KeyPolicy", properties.get("PolicyDocument"))
        if statements_of(resource):
            document["Statement"] = [
                as_lists(statement) for statement in document["Statement"] if not is_ours(statement)
            ]
            if not document["Statement"]:  # a bucket policy that is there for ours alone
                del others[logical_id]
    return others


def as_lists(statement: Json) -> Json:
    """Return a statement with single values as lists, so two spellings are equal."""
    listed = ("Action", "Resource")
    return {
        key: [value] if key in listed and not isinstance(value, list) else value
        for key, value in statement.items()
    }


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
@pytest.mark.parametrize("order", orders(encrypt, allow_export, wrap_key, grant_on_key), ids=named)
def test_statements_of_others_on_an_l1_key_stay(order: tuple[Step, ...], policy: Any) -> None:
    """``from_cfn_key`` keeps a document of its own, and ``KeyGrants`` another."""
    without, with_ours = compared(l1_key, policy, order)
    if without is None:
        # The CDK says so: it can't add their statements to this policy, nor to none, until the
        # default one is there.
        assert with_ours is None or policy is None
    elif with_ours is None:
        # The judge says so: a grant, as the first statement of a key, takes the default policy
        # away, so that nobody may change the key's.
        assert (policy, order[0]) == (None, grant_on_key)
    else:
        assert sids(with_ours) == {"PersonalizeRole", "PersonalizeService"}
        if policy is None:
            # What KMS gives to a key without a policy is written out before the first statement is
            # added.
            for resources in (without, with_ours):
                del resources["L1"]
        assert without_ours(with_ours) == without_ours(without)


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
@pytest.mark.parametrize(
    "order",
    orders(import_from, export_to, wrap_bucket, grant_on_bucket, mix_into_policy),
    ids=named,
)
def test_statements_of_others_on_an_l1_bucket_stay(order: tuple[Step, ...], policy: Any) -> None:
    """``from_cfn_bucket`` makes a policy of its own; ``BucketGrants`` and a mixin add to one."""
    without, with_ours = compared(l1_bucket, policy, order)
    if without is None:
        # S3 keeps one policy of a bucket, or the CDK can't read this one, with us or without.
        assert with_ours is None
    elif with_ours is None:
        # The judge says so: the wrapper makes a second policy, whatever policy the bucket has by
        # then.
        assert order.index(wrap_bucket) > order.index(import_from)
    else:
        assert sids(with_ours) == {
            f"PersonalizeService{sid}" for sid in ("ListBucket", "ReadObjects", "WriteObjects")
        }
        assert without_ours(with_ours) == without_ours(without)


def wrap(stack: cdk.Stack, l1: s3.CfnBucket) -> None:
    s3.Bucket.from_cfn_bucket(l1)


OURS_OR_GRANTS, OF_WRAPPER = "L1S3BucketPolicy1CFBC1C4", "L1FromCfnBucketPolicy91012F4C"
IDS: dict[str, tuple[tuple[Step, ...], str]] = {
    "ours alone": ((import_from,), OURS_OR_GRANTS),
    "a grant before": ((grant_on_bucket, import_from), OURS_OR_GRANTS),
    "a grant after": ((import_from, grant_on_bucket), OURS_OR_GRANTS),
    "a wrapper before": ((wrap, import_from, export_to), OF_WRAPPER),
    "a wrapper after": ((import_from, wrap), OURS_OR_GRANTS),
    "statements of a wrapper and a grant before": (
        (wrap_bucket, grant_on_bucket, import_from),
        OF_WRAPPER,
    ),
}


@pytest.mark.parametrize(("steps", "logical_id"), IDS.values(), ids=IDS)
def test_the_bucket_policy_keeps_its_logical_id(steps: tuple[Step, ...], logical_id: str) -> None:
    """A policy made before the construct keeps its id; else the policy has the CDK's id.

    With another id, an update makes a second policy of the bucket and then deletes the one in use.
    """
    resources = resources_after(l1_bucket, None, steps) or {}
    assert [
        key for key, resource in resources.items() if resource["Type"] == "AWS::S3::BucketPolicy"
    ] == [logical_id]
    assert "PersonalizeServiceReadObjects" in sids(resources)
