"""The address of the documentation."""

SITE = ""
"""The address of the published pages, with a slash at the end; empty until a person sets it."""


def page_at(path: str) -> str:
    """Return the address of a page, or as long as there is none its path in repository and source distribution."""
    if not SITE:
        return f"docs/{path}"
    return f"{SITE}{path.removesuffix('.md')}/".removesuffix("index/")
