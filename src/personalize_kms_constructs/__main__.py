"""The command ``personalize-kms``; it comes with the extra ``cli``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command, or say what it needs."""
    try:
        from ._cli import personalize_kms
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        print("personalize-kms needs an extra: pip install 'personalize-kms-constructs[cli]'", file=sys.stderr)
        sys.exit(2)
    personalize_kms(prog_name="personalize-kms")


if __name__ == "__main__":
    main()
