"""``check_assembly``: the report on a cloud assembly."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .._access.comparison import compare
from .._access.report import AccessReport, merged
from .._assembly.assembly import Assembly, read_assembly
from .._assembly.errors import AssemblyError
from .._assembly.reading import read_models

if TYPE_CHECKING:
    from aws_cdk.cx_api import CloudAssembly


def check_assembly(assembly_or_path: CloudAssembly | str | os.PathLike[str]) -> AccessReport:
    """Compare what a cloud assembly deploys with what AWS asks for Personalize.

    In a test of the app:

        report = check_assembly(app.synth())
        assert report.asked, report.to_text()  # else nothing was checked
        assert not report.missing and not report.problems and not report.undecided, report.to_text()

    Args:
        assembly_or_path: what ``app.synth()`` or ``stage.synth()`` returns, or the path of its directory, for example
            ``cdk.out``. Nested stacks, and the stages of an app, are included.

    Raises:
        AssemblyError: a ``ValueError``: if there is no cloud assembly, or it can't be read; one line that says what and
            where.

    https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html
    """
    directory = getattr(assembly_or_path, "directory", assembly_or_path)
    return check_assemblies(list(read_assembly(Path(str(directory))).with_stages()))


def check_assemblies(assemblies: list[Assembly], progress: Callable[[str], None] = lambda _: None) -> AccessReport:
    """Compare assemblies that were read; ``progress`` learns of each."""
    reports = []
    try:
        for model, assembly in zip(read_models(assemblies), assemblies, strict=True):
            progress(str(assembly.directory))
            reports.append(compare(model))
    except RecursionError:
        raise AssemblyError(f"{assemblies[0].directory}: something is nested too deeply to be read") from None
    return merged(reports)
