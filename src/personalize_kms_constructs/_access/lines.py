"""Lines of resources in the files of templates."""

from __future__ import annotations

import os
import re
from pathlib import Path

from .declarations import Declaration

# It can be read once.
STANDARD_INPUT = "-"


class Lines:
    """Finds resources in files, each of which is read once."""

    def __init__(self) -> None:
        self._lines: dict[str, list[str]] = {}

    def of(self, declared: Declaration) -> int:
        """Return the line on which a resource begins; 1 where it isn't found."""
        file = declared.template
        if not declared.logical_id or file == STANDARD_INPUT:
            return 1
        if file not in self._lines:
            self._lines[file] = Path(file).read_text("utf-8").splitlines()
        begins = re.compile(rf'(\s*)"?{re.escape(declared.logical_id)}"?:(\s*\{{)?\s*(#.*)?')
        found = [(begins.fullmatch(line), number) for number, line in enumerate(self._lines[file], 1)]
        # A property may have the name of a resource, and is further in.
        return min(((len(line[1]), number) for line, number in found if line), default=(0, 1))[1]

    def shown(self, declared: Declaration) -> str:
        """Return file and line, the file relative to the working directory; no line of the input."""
        if declared.template == STANDARD_INPUT:
            return STANDARD_INPUT
        return f"{os.path.relpath(declared.template)}:{self.of(declared)}"
