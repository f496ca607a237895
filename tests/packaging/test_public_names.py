"""The names that the packages offer before any of them was asked for, and under two names."""

import subprocess
import sys

import pytest

import personalize_kms_check
from personalize_kms_check import matrix
from personalize_kms_constructs import checks
from personalize_kms_constructs import matrix as matrix_of_construct

OF_CHECK = ["AccessReport", "AssemblyError", "Finding", "PolicyToChange", "check_assembly"]


@pytest.mark.parametrize(
    ("package", "names"),
    [
        ("personalize_kms_check", OF_CHECK),
        (
            "personalize_kms_constructs",
            [
                "ImportedKeyPolicy",
                "PendingStatements",
                "PersonalizeEncryption",
                "PersonalizeResource",
                "S3Location",
                "SourceAccountCheck",
            ],
        ),
    ],
)
def test_completion_offers_the_public_names(package: str, names: list[str]) -> None:
    """They are imported when they are asked for, so that the module doesn't have them by then."""
    script = (
        f"import sys, {package} as package; "
        "print(*dir(package)); "
        "print(sum(name.startswith('personalize_kms_check') for name in sys.modules))"
    )
    completed = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    shown, loaded = completed.stdout.splitlines()
    assert shown.split() == names
    assert int(loaded) == (package == "personalize_kms_check")


def test_checks_and_matrix_of_the_construct_have_the_names_of_the_check() -> None:
    """Apps import from one package."""
    assert dir(checks) == sorted([*OF_CHECK, "PersonalizeAccessChecks", "declare_created"])
    assert dir(checks) == checks.__all__
    for name in OF_CHECK:
        assert getattr(checks, name) is getattr(personalize_kms_check, name)
    public = {name for name in vars(matrix) if not name.startswith("_")}
    assert {"ROWS", "Permissions"} < public
    for name in public:
        assert getattr(matrix_of_construct, name) is getattr(matrix, name)
