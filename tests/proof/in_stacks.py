"""Keys, roles and buckets of the app, in one stack and in several."""

from __future__ import annotations

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3

from tests.proof.building import Building, encrypted_bucket, personalize_role


def all_in_one_stack(it: Building) -> None:
    stack = it.stack("Main")
    it.wire(stack, "Encryption", it.picks(encrypted_bucket(stack)))


def key_in_another_stack(it: Building) -> None:
    key = kms.Key(it.stack("Security"), "Key")
    stack = it.stack("Main")
    it.wire(stack, "Encryption", it.picks(encrypted_bucket(stack)), encryption_key=key)


def bucket_in_another_stack(it: Building) -> None:
    bucket = encrypted_bucket(it.stack("Data"))
    it.wire(it.stack("Main"), "Encryption", it.picks(bucket))


def three_stacks(it: Building) -> None:
    key = kms.Key(it.stack("Security"), "Key")
    bucket = encrypted_bucket(it.stack("Data"))
    it.wire(it.stack("Main"), "Encryption", it.picks(bucket), encryption_key=key)


def bucket_with_a_key_of_a_third_stack(it: Building) -> None:
    key = kms.Key(it.stack("Security"), "Key")
    bucket = s3.Bucket(it.stack("Data"), "Data", encryption_key=key)
    it.wire(it.stack("Main"), "Encryption", it.picks(bucket), encryption_key=key)


def in_a_nested_stack(it: Building) -> None:
    parent = it.stack("Main")
    bucket = encrypted_bucket(parent)
    it.wire(it.nested(parent, "Nested"), "Encryption", it.picks(bucket), encryption_key=kms.Key(parent, "Key"))


def all_in_a_nested_stack(it: Building) -> None:
    nested = it.nested(it.stack("Main"), "Nested")
    it.wire(nested, "Encryption", it.picks(encrypted_bucket(nested)))


def bucket_in_a_nested_stack(it: Building) -> None:
    parent = it.stack("Main")
    bucket = encrypted_bucket(it.nested(parent, "Data"))
    it.wire(parent, "Encryption", it.picks(bucket))


def in_sibling_nested_stacks(it: Building) -> None:
    parent = it.stack("Main")
    bucket = encrypted_bucket(it.nested(parent, "Data"))
    key = kms.Key(it.nested(parent, "Security"), "Key")
    it.wire(it.nested(parent, "Nested"), "Encryption", it.picks(bucket), encryption_key=key)


def in_a_stage(it: Building) -> None:
    stage = cdk.Stage(it.scope, "Production")
    bucket = encrypted_bucket(it.stack("Data", scope=stage))
    it.wire(it.stack("Main", scope=stage), "Encryption", it.picks(bucket))


def role_in_the_same_stack(it: Building) -> None:
    stack = it.stack("Main")
    it.wire(stack, "Encryption", it.picks(encrypted_bucket(stack)), service_role=personalize_role(stack))


def named_role_beside_the_construct(it: Building) -> None:
    stack = it.stack("Main")
    key = kms.Key(it.stack("Security"), "Key")
    role = personalize_role(stack, role_name="personalize", path="/service/")
    it.wire(stack, "Encryption", it.picks(encrypted_bucket(stack)), encryption_key=key, service_role=role)


def named_role_in_a_third_stack(it: Building) -> None:
    role = personalize_role(it.stack("Roles"), role_name="personalize")
    key = kms.Key(it.stack("Security"), "Key")
    bucket = encrypted_bucket(it.stack("Data"))
    it.wire(it.stack("Main"), "Encryption", it.picks(bucket), encryption_key=key, service_role=role)


def nameless_role_in_a_third_stack(it: Building) -> None:
    role = personalize_role(it.stack("Roles"))
    key = kms.Key(it.stack("Security"), "Key")
    bucket = encrypted_bucket(it.stack("Data"))
    it.wire(it.stack("Main"), "Encryption", it.picks(bucket), encryption_key=key, service_role=role)


def nameless_role_of_another_stack(it: Building) -> None:
    role = personalize_role(it.stack("Roles"))
    stack = it.stack("Main")
    it.wire(stack, "Encryption", it.picks(encrypted_bucket(stack)), service_role=role)


def key_and_role_in_another_stack(it: Building) -> None:
    security = it.stack("Security")
    key, role = kms.Key(security, "Key"), personalize_role(security)
    stack = it.stack("Main")
    it.wire(stack, "Encryption", it.picks(encrypted_bucket(stack)), encryption_key=key, service_role=role)


def role_name_of_the_users(it: Building) -> None:
    key = kms.Key(it.stack("Security"), "Key")
    stack = it.stack("Main")
    it.wire(stack, "Encryption", it.picks(encrypted_bucket(stack)), encryption_key=key, role_name="personalize")


def nameless_role_in_a_nested_stack(it: Building) -> None:
    parent = it.stack("Main")
    role = personalize_role(it.nested(parent, "Roles"))
    key = kms.Key(parent, "Key")
    it.wire(parent, "Encryption", it.picks(encrypted_bucket(parent)), encryption_key=key, service_role=role)


def named_role_beside_the_construct_in_a_nested_stack(it: Building) -> None:
    parent = it.stack("Main")
    nested = it.nested(parent, "Nested")
    role, key = personalize_role(nested, role_name="personalize"), kms.Key(parent, "Key")
    it.wire(nested, "Encryption", it.picks(encrypted_bucket(parent)), encryption_key=key, service_role=role)
