"""Each resource alone, in every arrangement: it gets what AWS's page says of it, and nothing of the others."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.proof.arrangements import ARRANGEMENTS, OWN_CHOICE
from tests.proof.building import KINDS, Arrangement
from tests.proof.proving import found
from tests.proof.variants import VARIANTS, Variant, case

# The variants take turns, so that each resource meets them all, and each arrangement too.
CASES = [
    each
    for number, arrangement in enumerate(ARRANGEMENTS)
    for turn, kind in enumerate(KINDS)
    if arrangement not in OWN_CHOICE
    for each in case(arrangement, VARIANTS[(number + turn) % len(VARIANTS)], kind)
]


@pytest.mark.parametrize(("arrangement", "variant", "kind"), CASES)
def test_a_resource_alone_is_as_the_page_has_it(
    arrangement: Arrangement,
    variant: Variant,
    kind: str,
    tmp_path: Path,
    feature_flags: Mapping[str, Mapping[str, Any]],
) -> None:
    """Nothing is missing and nothing is too much."""
    flags, partition = feature_flags[variant.flags], variant.partition
    assert found(arrangement, tmp_path, flags=flags, partition=partition, concrete=variant.concrete, kinds=[kind]) == []
