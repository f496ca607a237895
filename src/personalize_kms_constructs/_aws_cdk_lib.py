"""The version of aws-cdk-lib needed by the library, and an error that names it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# The same as in pyproject.toml, which pip reads.
LOWEST = "2.271.0"


@contextmanager
def explaining_an_old_version() -> Iterator[None]:
    """Refuse an aws-cdk-lib that is too old, also where the import succeeds.

    Saves time: the distribution is asked for its version only after a failure.
    """
    try:
        yield
    except (ImportError, AttributeError):
        _refuse_an_old_version(_installed_version())
        raise
    assembly = getattr(sys.modules.get("aws_cdk._jsii"), "__jsii_assembly__", None)
    _refuse_an_old_version(getattr(assembly, "version", None))


def _refuse_an_old_version(installed: str | None) -> None:
    if installed is not None and _numbers(installed) < _numbers(LOWEST):
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
