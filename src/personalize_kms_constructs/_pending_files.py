"""A file for each policy that somebody else has to change, in the cloud assembly."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from aws_cdk import Names, Stage
from constructs import Construct

from ._grant.place import Place

FOLDER = "personalize-kms-pending"

# Names of files have 255 bytes at most, and the id of a construct alone may have 248: its end is
# unique.
_LENGTH = 100

_written: set[Path] = set()
"""The files of this process; what else is in the folder is of an earlier synth, and of constructs that may be gone."""


def write_files(
    scope: Construct, here: Place, policies: Sequence[tuple[str, str, Any]]
) -> list[str]:
    """Write each policy, given by kind, ARN and statements, and return the paths within the app's assembly.

    Files of an earlier synth into the same folder are taken out.
    """
    folder = here.assembly / FOLDER
    if not policies and not folder.exists():
        return []
    construct = Names.unique_id(scope)[-_LENGTH:]
    for found in folder.glob("*.json"):
        if found not in _written or found.name.startswith(f"{construct}."):
            found.unlink()
    app = Path(cast("Stage", here.root).outdir)
    paths = []
    for kind, arn, statements in policies:
        folder.mkdir(exist_ok=True)
        path = _free(folder, f"{construct}.{kind}.{_name(arn)}")
        document = {"Version": "2012-10-17", "Statement": statements}
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        _written.add(path)
        paths.append(path.relative_to(app).as_posix())
    return paths


def _name(arn: str) -> str:
    """Return what the owner calls the resource, in letters that every file system takes."""
    return re.sub(r"[^A-Za-z0-9.-]+", "-", re.split("[:/]", arn)[-1]).strip("-.")[:_LENGTH]


def _free(folder: Path, name: str) -> Path:
    """Return a path that is not taken: two keys may be known by parameters that are spelt alike."""
    path, number = folder / f"{name}.json", 1
    while path.exists():
        number += 1
        path = folder / f"{name}.{number}.json"
    return path
