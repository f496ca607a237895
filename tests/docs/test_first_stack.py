"""The first page keeps its promise: its two files, in an empty folder, become a deployed stack."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from embedded_aws import EmbeddedAws
from personalize_kms_constructs.checks import check_assembly
from tests.deploy.stacks import deploy

PAGE = Path(__file__).parents[2] / "docs" / "index.md"


def first_block(language: str) -> str:
    """The first code of the page in this language."""
    block = re.search(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    assert block is not None
    return block[1]


def test_files_of_the_first_page_deploy(tmp_path: Path) -> None:
    """The command of cdk.json synthesizes app.py, and CloudFormation makes an encrypted dataset group of it."""
    (tmp_path / "app.py").write_text(first_block("python"))
    interpreter, *arguments = json.loads(first_block("json"))["app"].split()
    assert interpreter == "python"
    assembly = tmp_path / "cdk.out"
    subprocess.run(
        [sys.executable, *arguments], cwd=tmp_path, env={**os.environ, "CDK_OUTDIR": str(assembly)}, check=True
    )
    assert first_block("text") == check_assembly(assembly).to_text().splitlines(keepends=True)[-1]
    template = json.loads((assembly / "Recommendations.template.json").read_text())

    with EmbeddedAws() as aws:
        assert deploy(aws, {"Recommendations": template}) == []
        (stack,) = aws.client("cloudformation").describe_stacks(StackName="Recommendations")["Stacks"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        described = aws.client("personalize").describe_dataset_group(datasetGroupArn=outputs["DatasetGroupArn"])

    movies = described["datasetGroup"]
    assert (movies["status"], movies["kmsKeyArn"], movies["roleArn"]) == (
        "ACTIVE",
        outputs["KeyArn"],
        outputs["RoleArn"],
    )
