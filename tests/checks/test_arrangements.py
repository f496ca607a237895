"""No false alarm on any stack that the construct makes."""

from pathlib import Path

import pytest

from personalize_kms_constructs.checks import check_assembly
from tests.checks.assemblies import synthesize
from tests.proof import on_keys_and_buckets, outside_of_the_app
from tests.proof.arrangements import ARRANGEMENTS
from tests.proof.building import Arrangement
from tests.proof.variants import VARIANTS, Variant, case
from tests.templates.stacks import FLAGS

# Everything about them is in the app: another account's stack is one of its stacks.
SEEN = (
    outside_of_the_app.bucket_of_another_accounts_stack,
    outside_of_the_app.key_of_another_accounts_stack,
    outside_of_the_app.role_without_policy_updates,
    outside_of_the_app.role_without_policy_updates_and_bucket_of_another_stack,
)
# AWS doesn't document whether Personalize sends the keys that these require.
UNDOCUMENTED = (
    on_keys_and_buckets.source_account_required,
    on_keys_and_buckets.source_account_required_in_three_stacks,
)
# Their statements for Personalize are AWS's sample as it stands.
NOT_CHECKED = (
    on_keys_and_buckets.source_account_not_checked,
    on_keys_and_buckets.source_account_not_checked_in_three_stacks,
    on_keys_and_buckets.each_source_account_check_on_one_key,
)
# The role of the app has no policy, and takes none: its statements are pending, and missing until then.
WITHOUT_POLICIES = (
    outside_of_the_app.role_without_policy_updates,
    outside_of_the_app.role_without_policy_updates_and_bucket_of_another_stack,
)
CASES = [
    pytest.param(arrangement, variant, id=f"{arrangement.__name__}-{variant}")
    for arrangement in ARRANGEMENTS
    for variant in VARIANTS
    if list(case(arrangement, variant))
]


def is_open(arrangement: Arrangement) -> bool:
    """Tell if policies, or the accounts they are of, are such as no template of the app tells."""
    is_outside = arrangement.__module__ == outside_of_the_app.__name__
    return (is_outside and arrangement not in SEEN) or arrangement in UNDOCUMENTED


@pytest.mark.parametrize(("arrangement", "variant"), CASES)
def test_what_the_construct_makes_is_as_aws_asks(arrangement: Arrangement, variant: Variant, tmp_path: Path) -> None:
    """Nothing is missing, too much or wrong, and nothing is open but what can't be seen."""
    directory = synthesize(
        arrangement,
        tmp_path,
        flags=FLAGS[variant.flags](),
        partition=variant.partition,
        concrete=variant.concrete,
    )
    report = check_assembly(directory)
    assert report.problems == ()
    assert report.asked
    assert report.allowed or report.undecided
    if arrangement in WITHOUT_POLICIES:
        assert {(each.principal, each.policy) for each in report.missing} <= {("role", "role"), ("role", "key")}
    else:
        assert report.missing == ()
    assert bool(report.excess) == (arrangement in NOT_CHECKED)
    assert all("for any account" in each.because for each in report.excess)
    assert bool(report.undecided) == is_open(arrangement)
