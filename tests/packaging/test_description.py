"""The description of the package, rendered as PyPI renders it."""

import email.parser
import re
import zipfile
from pathlib import Path

import pytest
from readme_renderer import markdown

from tests.packaging.conftest import ROOT


def faults(description: str) -> list[str]:
    """Return what is broken in a description where nothing lies beside it and no script runs."""
    html = markdown.render(description)
    if html is None:
        return ["it can't be rendered"]
    addresses = re.findall(r'(?:href|src|srcset)="([^"]*)"', html)
    places = {f"#{name}" for name in re.findall(r'id="([^"]*)"', html)}
    found = [f"{each} leads nowhere" for each in addresses if not each.startswith("https://") and each not in places]
    # PyPI takes out the elements that it doesn't allow.
    text = re.sub(r"(?s)```.*?```|`[^`\n]*`", "", description)
    found += [f"<{tag}> is left out" for tag in set(re.findall(r"<(\w+)", text)) if f"<{tag}" not in html]
    if re.search(r'(?:lang|class)="[^"]*mermaid', html) or "```mermaid" in description:
        found.append("a diagram is shown as its source")
    return found


def test_a_good_description_has_no_faults() -> None:
    """A link to a heading of the page is one that leads somewhere."""
    assert faults("# Title\n\n[up](#title), [AWS](https://aws.amazon.com/) and `<code>`\n") == []


def test_description_is_what_pypi_can_show(wheel: Path) -> None:
    """It is the README, code included, with none of the faults below."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        description = email.parser.BytesParser().parsebytes(archive.read(name)).get_payload(decode=True)
    assert isinstance(description, bytes)
    text = description.decode()

    blocks = re.findall(r"^```(?:python|sh)$.*?^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE)
    assert text.startswith("# personalize-kms-constructs\n")
    assert len(blocks) >= 5
    assert [block for block in blocks if block not in text] == []
    assert faults(text) == []


@pytest.mark.parametrize(
    ("description", "fault"),
    [
        ("[how](docs/index.md)", "docs/index.md leads nowhere"),
        ("[below](#below)", "#user-content-below leads nowhere"),
        ("![plot](docs/speed.svg)", "docs/speed.svg leads nowhere"),
        ('<img src="docs/speed.svg">', "docs/speed.svg leads nowhere"),
        ("<svg><path/></svg>", "<svg> is left out"),
        ("```mermaid\nflowchart LR\n```\n", "a diagram is shown as its source"),
    ],
)
def test_faults_of_a_description_are_found(description: str, fault: str) -> None:
    """The test above would pass for want of looking otherwise."""
    assert fault in faults(description)
