"""Every way in which keys, roles and buckets can lie in stacks, accounts and outside of the app."""

from __future__ import annotations

from inspect import isfunction

from tests.proof import in_stacks, on_keys_and_buckets, outside_of_the_app
from tests.proof.building import Arrangement

ARRANGEMENTS: tuple[Arrangement, ...] = tuple(
    each
    for module in (in_stacks, on_keys_and_buckets, outside_of_the_app)
    for name, each in vars(module).items()
    if isfunction(each) and each.__module__ == module.__name__ and not name.startswith("_")
)
# Stacks that know no account are none of another.
CONCRETE_ALONE: tuple[Arrangement, ...] = (
    outside_of_the_app.bucket_of_another_accounts_stack,
    outside_of_the_app.bucket_of_another_accounts_stack_and_imported_role,
    outside_of_the_app.bucket_with_a_key_of_another_accounts_stack,
    outside_of_the_app.key_of_another_accounts_stack,
    outside_of_the_app.key_of_another_accounts_stack_and_imported_role,
)
