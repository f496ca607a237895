"""In every arrangement, exactly the permissions of AWS's page are in effect.

Each is synthesized with all resources and with two, and judged by the independent prover and by the
library's own check. The variants take turns, so that each arrangement meets every value of theirs,
and two resources meet many arrangements. ``test_properties.py`` asks for other selections.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from personalize_kms_constructs.checks import check_assembly
from tests.proof import on_keys_and_buckets, outside_of_the_app
from tests.proof.arrangements import ARRANGEMENTS, CONCRETE_ALONE
from tests.proof.building import KINDS, Arrangement, Building
from tests.proof.prover import differences
from tests.proof.proving import feature_flags, synthesized


class Variant(NamedTuple):
    """A way to synthesize an arrangement."""

    concrete: bool
    flags: str
    partition: str

    def of(self, arrangement: Arrangement) -> Variant:
        """The variant, concrete if the arrangement has no other."""
        return self._replace(concrete=self.concrete or arrangement in CONCRETE_ALONE)

    def options(self) -> dict[str, Any]:
        """The arguments of `synthesized`."""
        return {
            "concrete": self.concrete,
            "flags": feature_flags(self.flags),
            "partition": self.partition,
        }

    def __str__(self) -> str:
        return f"{'concrete' if self.concrete else 'agnostic'}-{self.flags}-{self.partition}"


# The opposite of the first is the last, and so on.
VARIANTS = [
    Variant(*options)
    for options in product((False, True), ("flags_off", "recommended_flags"), ("aws", "aws-cn"))
]

APPS = []
for _number, _arrangement in enumerate(ARRANGEMENTS):
    _two = [KINDS[_number % 7], KINDS[(_number + 3) % 7]]
    for _kinds, _opposite in ((KINDS, VARIANTS[_number % 8]), (_two, VARIANTS[7 - _number % 8])):
        _variant = _opposite.of(_arrangement)
        _name = f"{_arrangement.__name__}-{len(_kinds)}-{_variant}"
        APPS.append(pytest.param((_arrangement, _variant, _kinds), id=_name))

# Everything about them is in the app: another account's stack is one of its stacks.
SEEN = (
    outside_of_the_app.bucket_of_another_accounts_stack,
    outside_of_the_app.key_of_another_accounts_stack,
    outside_of_the_app.role_without_policy_updates,
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


class Synthesized(NamedTuple):
    """An arrangement on disk."""

    arrangement: Arrangement
    building: Building
    directory: Path


@pytest.fixture(scope="module", params=APPS)
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Synthesized:
    """The arrangement in one of the variants."""
    arrangement, variant, kinds = request.param
    directory = tmp_path_factory.mktemp("app")
    building = synthesized(arrangement, directory, kinds=kinds, **variant.options())
    return Synthesized(arrangement, building, directory)


def test_an_arrangement_is_as_the_page_has_it(app: Synthesized) -> None:
    """Nothing is missing and nothing is too much, to the prover."""
    deployed, uses, _ = app.building.finish(app.directory)
    assert [str(difference) for difference in differences(deployed, uses)] == []


def test_the_check_finds_what_the_construct_makes_as_aws_asks(app: Synthesized) -> None:
    """Nothing is missing, too much or wrong, and only invisible policies are undecided."""
    report = check_assembly(app.directory)
    assert report.problems == ()
    assert report.asked
    assert report.allowed or report.undecided
    if app.arrangement is outside_of_the_app.role_without_policy_updates:
        # The role of the app has no policy, and takes none: its statements are pending, and missing
        # until then.
        assert {(entry.principal, entry.policy) for entry in report.missing} == {("role", "role")}
    else:
        assert report.missing == ()
    # The roles by hand have no condition on the source in their trust policies.
    beyond = [entry for entry in report.excess if entry.policy != "trust"]
    assert bool(beyond) == (app.arrangement in NOT_CHECKED)
    assert all("for any account" in entry.because for entry in report.excess)
    assert bool(report.undecided) == is_open(app.arrangement)


def is_open(arrangement: Arrangement) -> bool:
    """Tell if policies, or the accounts they are of, are such as no template of the app tells."""
    is_outside = arrangement.__module__ == outside_of_the_app.__name__
    return (is_outside and arrangement not in SEEN) or arrangement in UNDOCUMENTED
