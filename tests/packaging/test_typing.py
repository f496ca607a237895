"""Users' code, which ``make mypy`` and ``make pyright`` check at their strictest, as it runs."""

import re
import tomllib
from typing import Any

import aws_cdk as cdk
from aws_cdk import assertions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_personalize as personalize
from aws_cdk import aws_s3 as s3

from tests.packaging import user_code
from tests.sources import ROOT, files

MYPY = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]


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
