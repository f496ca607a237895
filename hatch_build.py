"""Makes the metadata that depends on ``_shared/address.py``: author, URLs and an index's README."""

import re
from pathlib import Path
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

ADDRESS = Path("src", "personalize_kms_check", "_shared", "address.py")


class AddressHook(MetadataHookInterface):
    """Fills in ``authors``, ``urls`` and ``readme`` of pyproject.toml, as far as they are set."""

    def update(self, metadata: dict[str, Any]) -> None:
        """Link from the README to pages and files where they are, or leave relative links out."""
        names: dict[str, Any] = {}
        exec((Path(self.root) / ADDRESS).read_text(encoding="utf-8"), names)
        site, page_at, repository = names["SITE"], names["page_at"], names["REPOSITORY"]

        def linked(link: re.Match[str]) -> str:
            text, page, file, fragment = link.groups()
            if site and page:
                return f"[{text}]({page_at(page)}{fragment or ''})"
            return f"[{text}]({repository}/blob/HEAD/{file})" if repository and file else text

        text = (Path(self.root) / "README.md").read_text(encoding="utf-8")
        text = re.sub(r"!\[[^\]]*\]\((?!https://)[^)]+\)\n*", "", text)
        text = re.sub(
            r"\[([^\]]+)\]\((?!https://)(?:docs/([^)#]+\.md)|([^)#]*))(#[^)]*)?\)", linked, text
        )
        metadata["readme"] = {"content-type": "text/markdown", "text": text}
        support = page_at("versions.md") if site else ""
        urls = {"Documentation": site, "Support": support, "Source": names["REPOSITORY"]}
        metadata["urls"] = {label: url for label, url in urls.items() if url}
        metadata["authors"] = [{"name": names["AUTHOR"]}] if names["AUTHOR"] else []
