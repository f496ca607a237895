"""Writes the report on the template of reports.md into that page, and what it allows.

Run it as ``python docs/reports.py``.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

from click.testing import CliRunner

from personalize_kms_check._cli import personalize_kms

PAGE = Path(__file__).absolute().parent / "how-to" / "reports.md"
NAME = "personalize.yaml"
TEMPLATE = re.compile(r"```yaml\n(.*?)```", re.DOTALL)


def main() -> None:
    """Write the page anew."""
    text = PAGE.read_text()
    template = TEMPLATE.search(text)
    if template is None:
        raise SystemExit(f"{PAGE.name} has no template")
    (command,) = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    for name, report in reports(template[1], command).items():
        before, begins, rest = text.partition(f"<!-- {name} -->\n")
        _, ends, after = rest.partition(f"<!-- end of {name} -->")
        if not ends:
            raise SystemExit(f"{PAGE.name} has no place for {name}")
        text = "".join((before, begins, f"\n{report}\n\n", ends, after))
    PAGE.write_text(text)


def reports(template: str, command: str) -> Mapping[str, str]:
    """Return what the page shows, by the names of its places."""
    with TemporaryDirectory() as directory, chdir(directory):
        Path(NAME).write_text(template)
        text, allowed = _printed(), _run(command)
    return {
        "text": _block("text", text),
        "allowed": _block("text", allowed.strip()),
    }


def _printed() -> str:
    return CliRunner().invoke(personalize_kms, ["check", NAME]).stdout.strip()


def _run(command: str) -> str:
    """Return what a command of the page prints, with the Python that runs this."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.check_output(
        command, shell=True, text=True, env={**os.environ, "PATH": path}
    )


def _block(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


if __name__ == "__main__":
    main()
