"""Keys, roles and buckets of the app in one or several stacks: each function is an arrangement."""

import aws_cdk as cdk

from tests.proof.building import Building, encrypted_bucket, key_in, personalize_role


def all_in_one_stack(it: Building) -> None:
    it.wire()


def key_in_another_stack(it: Building) -> None:
    it.wire(encryption_key=key_in(it.stack("Security")))


def bucket_in_another_stack(it: Building) -> None:
    it.wire(picks=it.picks(encrypted_bucket(it.stack("Data"))))


def three_stacks(it: Building) -> None:
    it.wire(
        picks=it.picks(encrypted_bucket(it.stack("Data"))),
        encryption_key=key_in(it.stack("Security")),
    )


def bucket_with_a_key_of_a_third_stack(it: Building) -> None:
    key = key_in(it.stack("Security"))
    it.wire(picks=it.picks(encrypted_bucket(it.stack("Data"), key)), encryption_key=key)


def in_a_nested_stack(it: Building) -> None:
    it.wire(
        it.nested(it.main, "Nested"),
        it.picks(encrypted_bucket(it.main)),
        encryption_key=key_in(it.main),
    )


def in_sibling_nested_stacks(it: Building) -> None:
    it.wire(
        it.nested(it.main, "Nested"),
        it.picks(encrypted_bucket(it.nested(it.main, "Data"))),
        encryption_key=key_in(it.nested(it.main, "Security")),
    )


def in_a_stage(it: Building) -> None:
    stage = cdk.Stage(it.scope, "Production")
    bucket = encrypted_bucket(it.stack("Data", scope=stage))
    it.wire(it.stack("Main", scope=stage), it.picks(bucket))


def role_in_the_same_stack(it: Building) -> None:
    it.wire(service_role=personalize_role(it.main))


def named_role_beside_the_construct(it: Building) -> None:
    it.wire(
        encryption_key=key_in(it.stack("Security")),
        service_role=personalize_role(it.main, role_name="personalize", path="/service/"),
    )


def named_role_in_a_third_stack(it: Building) -> None:
    it.wire(
        picks=it.picks(encrypted_bucket(it.stack("Data"))),
        encryption_key=key_in(it.stack("Security")),
        service_role=personalize_role(it.stack("Roles"), role_name="personalize"),
    )


def nameless_role_in_a_third_stack(it: Building) -> None:
    it.wire(
        picks=it.picks(encrypted_bucket(it.stack("Data"))),
        encryption_key=key_in(it.stack("Security")),
        service_role=personalize_role(it.stack("Roles")),
    )


def nameless_role_of_another_stack(it: Building) -> None:
    it.wire(service_role=personalize_role(it.stack("Roles")))


def key_and_role_in_another_stack(it: Building) -> None:
    security = it.stack("Security")
    it.wire(encryption_key=key_in(security), service_role=personalize_role(security))


def role_name_of_the_users(it: Building) -> None:
    it.wire(encryption_key=key_in(it.stack("Security")), role_name="personalize")


def nameless_role_in_a_nested_stack(it: Building) -> None:
    it.wire(
        encryption_key=key_in(it.main), service_role=personalize_role(it.nested(it.main, "Roles"))
    )


def named_role_beside_the_construct_in_a_nested_stack(it: Building) -> None:
    nested = it.nested(it.main, "Nested")
    it.wire(
        nested,
        it.picks(encrypted_bucket(it.main)),
        encryption_key=key_in(it.main),
        service_role=personalize_role(nested, role_name="personalize"),
    )
