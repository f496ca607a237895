"""Cloud assemblies of the arrangements of ``tests.proof``, and the entries of reports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import aws_cdk as cdk

from personalize_kms_constructs._access.entries import Entry
from personalize_kms_constructs._access.report import AccessReport
from personalize_kms_constructs._access.short_names import Names
from tests.proof.building import KINDS, Arrangement, Building
from tests.proof.proving import HERE

Line = tuple[str, str, str, str]
"""Principal, policy, action and resource, in the names of constructs."""


def synthesize(
    arrangement: Arrangement,
    directory: Path,
    *,
    flags: Mapping[str, Any],
    partition: str = "aws",
    concrete: bool = False,
    kinds: Sequence[str] = KINDS,
) -> Path:
    """Synthesize an arrangement, and return the directory."""
    app = cdk.App(outdir=str(directory), analytics_reporting=False, context=dict(flags))
    arrangement(Building(app, HERE[partition], concrete, kinds))
    app.synth()
    return directory


def lines(report: AccessReport, entries: Sequence[Entry]) -> set[Line]:
    """Return entries as lines, with the names of constructs for resources of the app."""
    names = Names(report.names)
    described = [
        (entry.principal, entry.policy, entry.action, names.short(entry.resource))
        for entry in entries
    ]
    assert len(described) == len(set(described))
    return set(described)
