"""The description of the package, rendered as PyPI renders it."""

import email.message
import re

from readme_renderer import markdown

from tests.packaging.conftest import ROOT


def test_description_is_what_pypi_can_show(metadata: email.message.Message) -> None:
    """The description is the README with its code, in HTML that PyPI allows, with whole links."""
    description = metadata.get_payload(decode=True)
    assert isinstance(description, bytes)
    text = description.decode()
    html = markdown.render(text)
    assert html is not None

    blocks = re.findall(
        r"^```(?:python|sh)$.*?^```$", (ROOT / "README.md").read_text(), re.DOTALL | re.MULTILINE
    )
    assert text.startswith("# personalize-kms-constructs\n")
    assert len(blocks) >= 4
    assert [block for block in blocks if block not in text] == []

    addresses = re.findall(r'(?:href|src|srcset)="([^"]*)"', html)
    places = {f"#{name}" for name in re.findall(r'id="([^"]*)"', html)}
    assert "https://docs.aws.amazon.com/personalize/" in addresses
    relative = [address for address in addresses if not address.startswith("https://")]
    assert set(relative) <= places
    elements = re.findall(r"<(\w+)", re.sub(r"(?s)```.*?```|`[^`\n]*`", "", text))
    assert [element for element in elements if f"<{element}" not in html] == []
    assert "```mermaid" not in text
