"""``check_assembly``: the report on a cloud assembly."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from .._access.comparison import compare
from .._access.model import OpenQuestion
from .._access.report import AccessReport, merged
from .._assembly.files import AssemblyError
from .._assembly.manifest import Assembly, read_with_stages
from .._assembly.reading import read_assemblies
from .._assembly.templates import Unread

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
            ``cdk.out``, or of a template in JSON or, with the extra ``cli``, in YAML. Nested stacks, and the stages of
            an app, are included.

    Raises:
        AssemblyError: a ``ValueError``: if there is no cloud assembly, or it can't be read; one line that says what and
            where. A policy or a definition that can't be read is undecided.

    https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html
    """
    return read_report(Path(str(getattr(assembly_or_path, "directory", assembly_or_path))))[0]


def read_report(directory: Path) -> tuple[AccessReport, list[Assembly]]:
    """Return the report on an assembly, with the assembly and its stages as they were read.

    Raises:
        AssemblyError: as above.
    """
    unread: list[Unread] = []
    assemblies = list(read_with_stages(directory, unread))
    _refuse(unread)
    reports = []
    try:
        for read in read_assemblies(assemblies, unread):
            _refuse(unread)
            model = read.model()
            model.open_questions += (OpenQuestion(each.template.name, str(each.error)) for each in unread)
            unread.clear()
            reports.append(compare(model))
    except RecursionError:
        raise AssemblyError(f"{directory}: something is nested too deeply to be read") from None
    return merged(reports), assemblies


def _refuse(unread: list[Unread]) -> None:
    if unread:
        raise unread[0].error
