"""The address of the documentation."""

SITE = ""
"""The address of the published pages, with a slash at the end; empty until somebody sets it."""


def page_at(path: str) -> str:
    """Return the address of a page, or its path in the repository while ``SITE`` is empty."""
    if not SITE:
        return f"docs/{path}"
    return f"{SITE}{path.removesuffix('.md')}/".removesuffix("index/")
