"""Files of policies of others: as they are, and in the assembly what to add to them."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from aws_cdk import Names, Stage
from constructs import Construct, IConstruct

from personalize_kms_check._shared.address import page_at

from ._grant.place import Place
from ._pasted import placeholders

ACKNOWLEDGE = f"Once that is done, acknowledge this warning: {page_at('messages.md')}"
FOLDER = "personalize-kms-pending"

# Names of files have 255 bytes at most, and the id of a construct alone may have 248: its end is
# unique.
_LENGTH = 100

_own_files: set[Path] = set()
"""The files of this process. Other files in the folder are of an earlier synth."""


def write_files(
    scope: Construct, here: Place, contents: Sequence[tuple[str, str, Any]]
) -> list[str]:
    """Write policies by kind, ARN and statements, and delete files of an earlier synth."""
    folder = here.assembly / FOLDER
    if not contents and not folder.exists():
        return []
    construct = Names.unique_id(scope)[-_LENGTH:]
    for file in folder.glob("*.json"):
        if file not in _own_files or file.name.startswith(f"{construct}."):
            file.unlink()
    app = Path(cast("Stage", here.root).outdir)
    paths = []
    for kind, arn, statements in contents:
        folder.mkdir(exist_ok=True)
        path = _free(folder, f"{construct}.{kind}.{_name(arn)}")
        document = {"Version": "2012-10-17", "Statement": statements}
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
        _own_files.add(path)
        paths.append(path.relative_to(app).as_posix())
    return paths


def policy_files(app: IConstruct) -> Any:
    """Return the files with policies as owners have them. The judge says if it isn't a mapping."""
    return app.node.try_get_context("personalize-kms-constructs:policies") or {}


def place_of_file(app: Any, path: str) -> str:
    """Return a path in the assembly as it lies below the current folder, if it does."""
    file, folder = (Path(app.outdir) / path).resolve(), Path.cwd().resolve()
    is_below = file.is_relative_to(folder)
    return file.relative_to(folder).as_posix() if is_below else f"{path} in the assembly"


def file_to_complete(app: Any, path: str, statements: Any) -> str:
    """Return the place of a file, with the values that somebody has to fill in."""
    left = placeholders(json.dumps(statements))
    return place_of_file(app, path) + (f" (fill in {', '.join(left)})" if left else "")


def _name(arn: str) -> str:
    """Return the name in an ARN, in characters that every file system takes."""
    name = re.split("[:/]", arn)[-1]
    return re.sub(r"[^A-Za-z0-9.-]+", "-", name).strip("-.")[:_LENGTH]


def _free(folder: Path, name: str) -> Path:
    """Return a path that no file has yet: two ARNs may end in one name."""
    path, number = folder / f"{name}.json", 1
    while path.exists():
        number += 1
        path = folder / f"{name}.{number}.json"
    return path
