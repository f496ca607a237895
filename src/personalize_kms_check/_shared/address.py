"""The only place for the addresses of the project and the name of its author."""

SITE = ""
"""The address of the published pages, with a slash at the end; empty until somebody sets it."""

REPOSITORY = ""
"""The address of the repository, without a slash at the end; empty until a person sets it."""

AUTHOR = ""
"""The name of the author or of the organization; empty until a person sets it."""


def page_at(path: str) -> str:
    """Return the address of a page, or where its path is while ``SITE`` is empty."""
    if SITE:
        return f"{SITE}{path.removesuffix('.md')}/".removesuffix("index/")
    where = REPOSITORY or "the library's sources"
    return f"docs/{path} (in {where})"
