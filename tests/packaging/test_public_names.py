"""The names that the package offers before any of them was asked for."""

import subprocess
import sys


def test_completion_offers_the_public_names() -> None:
    """They are imported when they are asked for, so that the module doesn't have them by then."""
    script = (
        "import personalize_kms_constructs as package; "
        "print(*sorted(set(dir(package)) & set(package.__all__)))"
    )
    completed = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert completed.stdout.split() == [
        "ImportedKeyPolicy",
        "PendingStatements",
        "PersonalizeEncryption",
        "PersonalizeResource",
        "S3Location",
        "SourceAccountCheck",
    ]
