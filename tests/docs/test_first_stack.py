"""The two files of the page on the first stack, in an empty folder, become a deployed stack."""

import json
import os
import subprocess
import sys
from pathlib import Path

from embedded_aws import EmbeddedAws
from tests.deploy.stacks import deploy
from tests.docs.code import as_written, blocks

PAGE = "first-stack.md"


def first_block(language: str) -> str:
    """Return the first code of the page in this language."""
    return blocks(PAGE, language)[0]


def test_files_of_the_page_deploy(tmp_path: Path) -> None:
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
    template = json.loads((assembly / "Recommendations.template.json").read_text())

    policies = {}
    for name, resource in as_written(template["Resources"]).items():
        for key, document in resource["Properties"].items():
            if key in ("KeyPolicy", "PolicyDocument", "AssumeRolePolicyDocument"):
                policies[name] = document["Statement"]
    for statement in (of_the_buckets_key := policies.pop("DataKey5F086070")):
        if "Sid" in statement:
            statement["Action"].append("kms:GenerateDataKeyWithoutPlaintext")
    assert of_the_buckets_key == policies["EncryptionKey3A692D6E"]
    assert json.loads(blocks(PAGE, "json")[1]) == policies

    with EmbeddedAws() as aws:
        assert deploy(aws, {"Recommendations": template}) == []
        (stack,) = aws.client("cloudformation").describe_stacks(StackName="Recommendations")[
            "Stacks"
        ]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        described = aws.client("personalize").describe_dataset_group(
            datasetGroupArn=outputs["DatasetGroupArn"]
        )

    movies = described["datasetGroup"]
    assert (movies["status"], movies["kmsKeyArn"], movies["roleArn"]) == (
        "ACTIVE",
        outputs["KeyArn"],
        outputs["RoleArn"],
    )
