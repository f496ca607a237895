"""The skill for coding agents: its commands find a fault, and prove that it is mended."""

import json
import re
from pathlib import Path

import yaml

from tests.docs.test_in_ci import SYNTH as OF_WORKFLOW
from tests.docs.test_in_ci import run
from tests.sources import ROOT

SKILL = ROOT / "skills" / "personalize-kms" / "SKILL.md"
TEXT = SKILL.read_text(encoding="utf-8")
INSTALL, SYNTH, CHECK, READ, SYNTH_AGAIN, PROVE = re.findall(
    r"^```sh\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE
)
APP = """
import aws_cdk as cdk
from aws_cdk import aws_iam as iam, aws_kms as kms, aws_personalize as personalize
from personalize_kms_constructs import PersonalizeEncryption
from personalize_kms_constructs.checks import check_assembly

app = cdk.App(outdir=folder)
stack = cdk.Stack(app, "Recommendations")
key = kms.Key(stack, "Key")
of_account = {"StringEquals": {"aws:SourceAccount": stack.account}}
service = iam.ServicePrincipal("personalize.amazonaws.com", conditions=of_account)
role = iam.Role(stack, "Role", assumed_by=service)
"""
BY_HAND = """
key.grant_encrypt_decrypt(role)
personalize.CfnDatasetGroup(stack, "Movies", name="movies", kms_key_arn=key.key_arn, \
role_arn=role.role_arn)
app.synth()
"""
MENDED = """
encryption = PersonalizeEncryption(stack, "Encryption", encryption_key=key, service_role=role)
encryption.add_dataset_group("Movies", name="movies")
"""


def test_its_head_is_what_agents_read() -> None:
    """The head has the folder's name, in lower case, and a description (agentskills.io)."""
    _, head, _ = TEXT.split("---\n", 2)
    fields = yaml.safe_load(head)
    assert fields["name"] == SKILL.parent.name
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", fields["name"])
    assert len(fields["name"]) <= 64
    assert len(fields["description"]) <= 1024
    assert len(fields["compatibility"]) <= 500
    assert len(TEXT.splitlines()) < 500


def test_its_commands_find_a_fault_and_prove_that_it_is_mended(tmp_path: Path) -> None:
    """In an app's repository; test_in_ci runs the command that synthesizes it."""
    assert {f"npx {SYNTH}", f"npx {SYNTH_AGAIN}"} == {f"{OF_WORKFLOW}\n"}
    folder = str(tmp_path / "cdk.out")
    exec(APP + BY_HAND, {"folder": folder})
    assert run(CHECK, tmp_path).returncode == 1
    report = json.loads((tmp_path / "access.json").read_text())
    read = run(READ, tmp_path)
    assert (read.returncode, len(read.stdout.splitlines())) == (0, len(report["policies"]))
    assert '"Service": "personalize.amazonaws.com"' in read.stdout

    (in_a_test,) = re.findall(r"^```python\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
    exec(APP + MENDED + in_a_test, {"folder": folder})
    proved = run(PROVE, tmp_path)
    assert (proved.returncode, proved.stderr) == (0, "")
    assert proved.stdout.splitlines()[-1].startswith("0 missing, 0 problems, ")
