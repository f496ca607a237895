"""Type checkers on users' code, with the types that the package comes with.

Both have a configuration of their own here, at their strictest, whatever the repository's is.
"""

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import assertions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3

from tests.packaging import user_code
from tests.sources import ROOT, files

HERE = Path(__file__).parent
RIGHT, WRONG = HERE / "user_code.py", HERE / "wrong_user_code.py"

MYPY = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]

Complaints = set[tuple[str, int]]


def _output(*command: str) -> str:
    """Return the output of a checker.

    It runs where the library's own check does, to share the cache of types.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    process = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PATH": path}, capture_output=True, text=True
    )
    # Both exit with 1 when there are complaints, which there are: one of the files has them by
    # design.
    assert process.returncode == 1, process.stdout + process.stderr
    return process.stdout


def mypy(directory: Path) -> Complaints:
    """File name and line of each of mypy's complaints."""
    # Which modules of aws_cdk it reads is as in the repository's configuration, or the cache would
    # be of no use.
    overrides = MYPY["overrides"]
    configuration = directory / "mypy.ini"
    configuration.write_text(
        "[mypy]\nstrict = true\n"
        + "".join(
            f"[mypy-{','.join(override['module'])}]\nfollow_imports = "
            f"{override['follow_imports']}\n"
            for override in overrides
            if "follow_imports" in override
        )
    )
    files = [str(RIGHT), str(WRONG)]
    output = _output(
        sys.executable, "-m", "mypy", "--config-file", str(configuration), "-O", "json", *files
    )
    complaints = [json.loads(line) for line in output.splitlines()]
    return {(Path(complaint["file"]).name, complaint["line"]) for complaint in complaints}


def pyright(_: Path) -> Complaints:
    """File name and line of each of pyright's complaints."""
    command = str(ROOT / "node_modules" / ".bin" / "pyright")
    report = json.loads(
        _output(command, "-p", str(HERE), "--pythonpath", sys.executable, "--outputjson")
    )
    assert report["summary"]["filesAnalyzed"] == 2
    complaints = report["generalDiagnostics"]
    return {
        (Path(complaint["file"]).name, complaint["range"]["start"]["line"] + 1)
        for complaint in complaints
    }


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_checkers_find_every_mistake_and_nothing_else(
    checker: Callable[[Path], Complaints], tmp_path: Path
) -> None:
    """The code that is right has no complaint; in the other file each line that says so has one."""
    lines = enumerate(WRONG.read_text().splitlines(), start=1)

    assert checker(tmp_path) == {
        (WRONG.name, number) for number, line in lines if line.endswith("# wrong")
    }


def test_mypy_reads_what_is_imported_from_aws_cdk() -> None:
    """pyproject.toml lists all imported modules; the others would be Any, without mistakes."""
    read: set[str] = set()
    for override in MYPY["overrides"]:
        if override.get("follow_imports") == "normal":
            read.update(override["module"])
    imported: set[str] = set()
    for folder in MYPY["files"]:
        for path in files(ROOT / folder):
            text = path.read_text()
            names = re.findall(r"from aws_cdk import ([a-z]\w*)", text)
            imported.update(f"aws_cdk.{name}" for name in names)
            imported.update(re.findall(r"(?:from|import) (aws_cdk\.\w+)", text))

    assert "aws_cdk.aws_kms" in imported
    assert imported - {name.removesuffix(".*") for name in read} == set()


def test_code_that_checkers_accept_also_runs() -> None:
    """No annotation promises what jsii refuses at run time."""
    stack = cdk.Stack(cdk.App(), "Stack")
    key = kms.Key(stack, "Key")
    data = s3.Bucket(stack, "Data", encryption_key=key)
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("personalize.amazonaws.com"))
    schema = personalize.CfnSchema(stack, "Schema", name="interactions", schema="{}")
    solution = personalize.CfnSolution(
        stack, "Solution", name="solution", dataset_group_arn="movies"
    )
    imported_key = kms.Key.from_key_arn(
        stack,
        "ImportedKey",
        "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    )
    imported_role = iam.Role.from_role_name(stack, "ImportedRole", "personalize")
    imported_data = s3.Bucket.from_bucket_name(stack, "ImportedData", "amzn-s3-demo-bucket")

    assert len(user_code.checked(cdk.App())) > 2
    user_code.nothing_given(stack)
    user_code.all_given(stack)
    l1s: Any = [l2.node.default_child for l2 in (key, role, data)]
    encryption, _, of_imported = user_code.every_form(
        stack,
        (key, l1s[0], imported_key),
        (role, l1s[1], imported_role),
        (data, l1s[2], imported_data),
    )
    user_code.what_it_adds(encryption, schema, data)
    user_code.what_it_has(encryption, solution, data)
    user_code.jobs(stack, encryption, data, role)

    assert [group.policy for group in of_imported.pending_statements] == ["key", "bucket"]
    assertions.Template.from_stack(stack).has_resource("AWS::Personalize::MetricAttribution", {})
