"""The two files of the page on the first stack, in an empty folder, become a deployed stack."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from embedded_aws import EmbeddedAws
from tests.deploy.stacks import deploy
from tests.docs.code import as_written, blocks
from tests.docs.test_in_ci import run

PAGE = "first-stack.md"


def first_block(language: str) -> str:
    """Return the first code of the page in this language."""
    return blocks(PAGE, language)[0]


def is_the_librarys(statement: dict[str, Any]) -> bool:
    """Tell if the statement is none of those that the CDK writes for keys and buckets."""
    return "Sid" in statement or statement["Action"] == "sts:AssumeRole"


def test_files_of_the_page_deploy(aws: EmbeddedAws, tmp_path: Path) -> None:
    """The command of cdk.json synthesizes the page's policies, and CloudFormation deploys them."""
    (tmp_path / "app.py").write_text(first_block("python"))
    interpreter, *arguments = json.loads(first_block("json"))["app"].split()
    assert interpreter == "python"
    assembly = tmp_path / "cdk.out"
    subprocess.run(
        [sys.executable, *arguments],
        cwd=tmp_path,
        env={**os.environ, "CDK_OUTDIR": str(assembly)},
        check=True,
    )
    checked = subprocess.run(
        [sys.executable, "-m", "personalize_kms_check", "check", str(assembly)],
        capture_output=True,
        text=True,
    )
    assert (checked.returncode, checked.stdout.splitlines()[-1]) == (0, first_block("text").strip())
    listed = run(blocks(PAGE, "sh")[2], tmp_path).stdout.splitlines()
    assert set(blocks(PAGE, "text")[1].splitlines()) - {"…"} < set(listed)
    template = json.loads((assembly / "Recommendations.template.json").read_text())

    policies = {}
    for name, resource in as_written(template["Resources"]).items():
        for key, document in resource["Properties"].items():
            if key in ("KeyPolicy", "PolicyDocument", "AssumeRolePolicyDocument"):
                policies[name] = [*filter(is_the_librarys, document["Statement"])]
    for statement in (of_the_buckets_key := policies.pop("DataKey5F086070")):
        statement["Action"].append("kms:GenerateDataKeyWithoutPlaintext")
    assert of_the_buckets_key == policies["EncryptionKey3A692D6E"]
    assert json.loads(blocks(PAGE, "json")[1]) == policies

    assert deploy(aws, {"Recommendations": template}) == []
    personalize = aws.client("personalize")
    (movies,) = personalize.list_dataset_groups()["datasetGroups"]
    described = personalize.describe_dataset_group(datasetGroupArn=movies["datasetGroupArn"])
    names = {
        resource["LogicalResourceId"]: resource["PhysicalResourceId"]
        for resource in aws.client("cloudformation").describe_stack_resources(
            StackName="Recommendations"
        )["StackResources"]
    }

    group = described["datasetGroup"]
    assert group["status"] == "ACTIVE"
    assert group["kmsKeyArn"].endswith(f":key/{names['EncryptionKey3A692D6E']}")
    assert group["roleArn"].endswith(f":role/{names['EncryptionRole2D2265A5']}")
