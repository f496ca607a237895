"""Lines of resources in the files of templates."""

from __future__ import annotations

import os
import re
from pathlib import Path

from .._model.declarations import STANDARD_INPUT, Declaration


class LineNumbers:
    """Finds resources in files, each of which is read once."""

    def __init__(self) -> None:
        self._lines: dict[str, list[str]] = {}

    def of(self, declared: Declaration) -> int:
        """Return the line on which a resource begins; 1 if it isn't in the file."""
        file = declared.template
        if not declared.logical_id or file == STANDARD_INPUT:
            return 1
        if file not in self._lines:
            self._lines[file] = Path(file).read_text("utf-8").splitlines()
        begins = re.compile(rf'(\s*)"?{re.escape(declared.logical_id)}"?:(\s*\{{)?\s*(#.*)?')
        candidates = []
        for number, line in enumerate(self._lines[file], 1):
            if match := begins.fullmatch(line):
                candidates.append((len(match[1]), number))
        # A property may have the name of a resource, and is further in.
        return min(candidates, default=(0, 1))[1]

    def place_of(self, declared: Declaration) -> str:
        """Return file and line, relative to the working directory. Standard input has no line."""
        if declared.template == STANDARD_INPUT:
            return STANDARD_INPUT
        return f"{os.path.relpath(declared.template)}:{self.of(declared)}"
