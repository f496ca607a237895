"""The code of a page, and the values of templates as pages write them."""

import re
from functools import cache
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parents[2] / "docs"


@cache
def names_of(page: str) -> dict[str, Any]:
    """Run the Python blocks of a page, one after the other, and return what they define."""
    names: dict[str, Any] = {}
    for block in blocks(page, "python"):
        exec(block, names)
    return names


def blocks(page: str, language: str) -> list[str]:
    """Return all code of a page in a language."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def as_written(value: Any) -> Any:
    """Return a value of a template with its references as ``${…}``."""
    if isinstance(value, dict) and "Ref" in value:
        return f"${{{value['Ref']}}}"
    if isinstance(value, dict) and "Fn::GetAtt" in value:
        return f"${{{'.'.join(value['Fn::GetAtt'])}}}"
    if isinstance(value, dict) and "Fn::Join" in value:
        return "".join(as_written(part) for part in value["Fn::Join"][1])
    if isinstance(value, dict):
        return {key: as_written(member) for key, member in value.items()}
    return [as_written(member) for member in value] if isinstance(value, list) else value
