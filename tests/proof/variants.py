"""The variants that arrangements are proved in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.proof.arrangements import CONCRETE_ALONE, UNSUPPORTED
from tests.proof.building import Arrangement
from tests.proof.model import UnresolvableError


class Variant(NamedTuple):
    """A way to synthesize an arrangement."""

    concrete: bool
    flags: str
    partition: str

    def __str__(self) -> str:
        return f"{'concrete' if self.concrete else 'agnostic'}-{self.flags}-{self.partition}"


# Each value meets each value of the two others.
VARIANTS = (
    Variant(False, "flags_off", "aws"),
    Variant(True, "recommended_flags", "aws"),
    Variant(False, "recommended_flags", "aws-cn"),
    Variant(True, "flags_off", "aws-cn"),
)


def case(arrangement: Arrangement, variant: Variant, kind: str | None = None) -> Iterator[object]:
    """The parameters of a test, unless there is no such arrangement; marked if it isn't supported yet."""
    if arrangement in CONCRETE_ALONE and not variant.concrete:
        return
    given = [kind] if kind else []
    name = "-".join([arrangement.__name__, *(each.replace(" ", "_") for each in given), str(variant)])
    reason, unharmed = UNSUPPORTED.get(arrangement, ("", (kind,)))
    fails = pytest.mark.xfail(strict=True, raises=UnresolvableError, reason=reason)
    yield pytest.param(arrangement, variant, *given, id=name, marks=[] if kind in unharmed else [fails])
