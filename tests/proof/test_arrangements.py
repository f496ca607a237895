"""All seven resources, in every arrangement: what AWS's page asks for is in effect, and nothing else is allowed.

Each is synthesized once, and judged by the independent prover and by the library's own check.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from personalize_kms_constructs.checks import check_assembly
from tests.proof import on_keys_and_buckets, outside_of_the_app
from tests.proof.arrangements import ARRANGEMENTS, UNSUPPORTED
from tests.proof.building import Arrangement, Building
from tests.proof.model import UnresolvableError
from tests.proof.prover import differences
from tests.proof.proving import synthesized
from tests.proof.variants import VARIANTS, Variant, case

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
    pytest.param((arrangement, variant), id=f"{arrangement.__name__}-{variant}")
    for arrangement in ARRANGEMENTS
    for variant in VARIANTS
    if list(case(arrangement, variant))
]


class Synthesized(NamedTuple):
    """An arrangement on disk."""

    arrangement: Arrangement
    building: Building
    directory: Path


@pytest.fixture(scope="module", params=CASES)
def app(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    feature_flags: Mapping[str, Mapping[str, Any]],
) -> Synthesized:
    """The arrangement in one of the variants."""
    arrangement, variant = request.param
    assert isinstance(variant, Variant)
    directory = tmp_path_factory.mktemp("app")
    building = synthesized(
        arrangement,
        directory,
        flags=feature_flags[variant.flags],
        partition=variant.partition,
        concrete=variant.concrete,
    )
    return Synthesized(arrangement, building, directory)


def test_an_arrangement_is_as_the_page_has_it(app: Synthesized) -> None:
    """Nothing is missing and nothing is too much, to the prover."""
    reason, unharmed = UNSUPPORTED.get(app.arrangement, ("", (None,)))
    if None not in unharmed:
        with pytest.raises(UnresolvableError):
            app.building.finish(app.directory)
        pytest.xfail(reason)
    deployed, uses, _ = app.building.finish(app.directory)
    assert [str(difference) for difference in differences(deployed, uses)] == []


def test_the_check_finds_what_the_construct_makes_as_aws_asks(app: Synthesized) -> None:
    """Nothing is missing, too much or wrong, and nothing is open but what can't be seen."""
    report = check_assembly(app.directory)
    assert report.problems == ()
    assert report.asked
    assert report.allowed or report.undecided
    if app.arrangement in WITHOUT_POLICIES:
        assert {(each.principal, each.policy) for each in report.missing} <= {("role", "role"), ("role", "key")}
    else:
        assert report.missing == ()
    assert bool(report.excess) == (app.arrangement in NOT_CHECKED)
    assert all("for any account" in each.because for each in report.excess)
    assert bool(report.undecided) == is_open(app.arrangement)


def is_open(arrangement: Arrangement) -> bool:
    """Tell if policies, or the accounts they are of, are such as no template of the app tells."""
    is_outside = arrangement.__module__ == outside_of_the_app.__name__
    return (is_outside and arrangement not in SEEN) or arrangement in UNDOCUMENTED
