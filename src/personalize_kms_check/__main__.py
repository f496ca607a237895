"""The command ``personalize-kms``; it comes with the extra ``cli``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command, or name the extra it needs."""
    try:
        from ._cli import personalize_kms
    except KeyboardInterrupt:
        print("personalize-kms: interrupted", file=sys.stderr)
        sys.exit(2)
    except ModuleNotFoundError as error:
        if error.name != "click":
            raise
        needs = "needs its extra cli: install the library again, with [cli] after its name or path"
        print(f"personalize-kms {needs}", file=sys.stderr)
        sys.exit(2)
    personalize_kms(prog_name="personalize-kms")


if __name__ == "__main__":
    main()
