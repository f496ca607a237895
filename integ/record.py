"""The file with all that was seen, which can be published."""

from __future__ import annotations

import json
import platform
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

_ACCOUNT = re.compile(r"(?<!\d)\d{12}(?!\d)")
# Names of sessions, which are often e-mail addresses, of users, and what is the organization's.
_NAMES = re.compile(r"(assumed-role/[\w+=,.@-]+/|[:-]user/|:organizations::)[\w+=,.@:/-]+")


class Record:
    """A JSON object a line, written at once, if it is killed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, **fields: Any) -> None:
        """Write a line, with times as CloudTrail writes them, without whom and whose it is."""
        line = json.dumps(fields, ensure_ascii=False, default=lambda at: f"{at:%Y-%m-%dT%H:%M:%SZ}")
        line = _ACCOUNT.sub("ACCOUNT", _NAMES.sub(r"\1***", line)).replace(str(Path.home()), "~")
        with self.path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def versions() -> dict[str, str]:
    """Return the versions of all that has a part in the answers."""
    packages = ("personalize-kms-constructs", "aws-cdk-lib", "boto3")
    return {"python": platform.python_version()} | {name: version(name) for name in packages}
