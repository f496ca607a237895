"""The check where the CDK isn't, and a synth where there is nothing to say."""

import subprocess
import sys

from tests.sources import SOURCE, files

CHECK = SOURCE / "personalize_kms_check"
ABSENT = ("aws_cdk", "constructs", "jsii", "boto3", "botocore", "personalize_kms_constructs")


def last_line(script: str) -> str:
    """Run a script in a process of its own."""
    command = [sys.executable, "-c", script]
    process = subprocess.run(command, capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    return process.stdout.splitlines()[-1]


def test_all_of_the_check_but_the_doctor_is_imported_without_the_cdk() -> None:
    """Whoever has templates alone installs neither the CDK nor boto3."""
    names = []
    for path in files(CHECK):
        if "_account" not in path.parts:
            parts = path.relative_to(SOURCE).with_suffix("").parts
            names.append(".".join(part for part in parts if part != "__init__"))
    assert len(names) > 80
    script = (
        f"import sys; sys.modules.update(dict.fromkeys({ABSENT})); from importlib import "
        f"import_module; names = {names}; [import_module(name) for name in names]; "
        "print(*sorted(name for name in sys.modules if name.startswith('personalize_kms')))"
    )
    loaded = set(last_line(script).split())
    assert set(names) <= loaded
    assert loaded - set(names) == {
        "personalize_kms_check._account",
        "personalize_kms_check._account.command",
        "personalize_kms_constructs",
    }


def test_a_clean_synth_loads_neither_advice_nor_words() -> None:
    """Each app with a construct waits for what is imported."""
    script = """
import sys
import aws_cdk as cdk
from personalize_kms_constructs import PersonalizeEncryption

app = cdk.App()
encryption = PersonalizeEncryption(cdk.Stack(app, "Main"), "Encryption")
encryption.add_dataset_group("Movies", name="movies")
app.synth()
print(*(name for name in sys.modules if name.startswith("personalize_kms_check.")))
"""
    loaded = set(last_line(script).removeprefix("personalize_kms_check.").split())
    parts = {name.removeprefix("personalize_kms_check.") for name in loaded}
    assert "_judging" in parts
    unneeded = {"_advice", "_comparison", "_findings.too_much", "_findings.undeclared"}
    assert not parts & {*unneeded, "_reports.text", "_reports.words"}
