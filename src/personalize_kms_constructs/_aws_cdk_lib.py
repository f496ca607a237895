"""The version of aws-cdk-lib that the library needs, and an error that names it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

# The same as in pyproject.toml, which pip reads.
LOWEST = "2.271.0"


@contextmanager
def explaining_an_old_version() -> Iterator[None]:
    """Replace an import that fails for an aws-cdk-lib that is too old by an error that says so.

    Saves time: the installed version is asked for only after a failure.
    """
    try:
        yield
    except (ImportError, AttributeError):
        installed = _installed_version()
        if installed is None or _numbers(installed) >= _numbers(LOWEST):
            raise
        raise ImportError(
            f"personalize-kms-constructs needs aws-cdk-lib {LOWEST} or later, got {installed}: "
            "upgrade aws-cdk-lib"
        ) from None


def _installed_version() -> str | None:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("aws-cdk-lib")
    except PackageNotFoundError:
        return None


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)[:3]]
