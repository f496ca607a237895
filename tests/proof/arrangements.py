"""Every way in which keys, roles and buckets can lie in stacks, accounts and outside of the app."""

from inspect import isfunction
from types import ModuleType

from tests.proof import in_stacks, on_keys_and_buckets, outside_of_the_app
from tests.proof.building import Arrangement


def _in_module(module: ModuleType) -> tuple[Arrangement, ...]:
    """The public functions that the module itself defines."""
    functions = [value for value in vars(module).values() if isfunction(value)]
    own = [function for function in functions if function.__module__ == module.__name__]
    return tuple(function for function in own if not function.__name__.startswith("_"))


ARRANGEMENTS: tuple[Arrangement, ...] = (
    *_in_module(in_stacks),
    *_in_module(on_keys_and_buckets),
    *_in_module(outside_of_the_app),
)
# Stacks that know no account are none of another.
CONCRETE_ALONE: tuple[Arrangement, ...] = (
    outside_of_the_app.bucket_of_another_accounts_stack,
    outside_of_the_app.bucket_of_another_accounts_stack_and_imported_role,
    outside_of_the_app.bucket_with_a_key_of_another_accounts_stack,
    outside_of_the_app.key_of_another_accounts_stack,
    outside_of_the_app.key_of_another_accounts_stack_and_imported_role,
)
