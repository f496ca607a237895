"""All seven resources, in every arrangement: what AWS's page asks for is in effect, and nothing else is allowed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.proof.arrangements import ARRANGEMENTS
from tests.proof.building import Arrangement
from tests.proof.proving import found
from tests.proof.variants import VARIANTS, Variant, case

CASES = [each for arrangement in ARRANGEMENTS for variant in VARIANTS for each in case(arrangement, variant)]


@pytest.mark.parametrize(("arrangement", "variant"), CASES)
def test_an_arrangement_is_as_the_page_has_it(
    arrangement: Arrangement, variant: Variant, tmp_path: Path, feature_flags: Mapping[str, Mapping[str, Any]]
) -> None:
    """Nothing is missing and nothing is too much."""
    flags = feature_flags[variant.flags]
    assert found(arrangement, tmp_path, flags=flags, partition=variant.partition, concrete=variant.concrete) == []
