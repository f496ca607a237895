"""Writes the report on the template of reports.md into that page: text and some JSON.

Run it as ``python docs/reports.py``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

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
    for name, report in reports(template[1]).items():
        before, begins, rest = text.partition(f"<!-- {name} -->\n")
        _, ends, after = rest.partition(f"<!-- end of {name} -->")
        if not ends:
            raise SystemExit(f"{PAGE.name} has no place for {name}")
        text = "".join((before, begins, f"\n{report}\n\n", ends, after))
    PAGE.write_text(text)


def reports(template: str) -> Mapping[str, str]:
    """Return what the page shows, by the names of its places."""
    with TemporaryDirectory() as directory, chdir(directory):
        Path(NAME).write_text(template)
        text, data = _printed("text"), json.loads(_printed("json"))
    return {
        "text": _block("text", text),
        "entry": _block("json", json.dumps(data["missing"][0], indent=2)),
        "policy": _block("json", json.dumps(_trust(data["policies"]), indent=2)),
    }


def _trust(policies: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the trust policy, which is the shortest."""
    (trust,) = (policy for policy in policies if policy["policy"] == "trust")
    return trust


def _printed(form: str) -> str:
    arguments = ["check", NAME, "--format", form]
    return CliRunner().invoke(personalize_kms, arguments).stdout.strip()


def _block(language: str, text: str) -> str:
    return f"```{language}\n{text}\n```"


if __name__ == "__main__":
    main()
