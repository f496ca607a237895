"""Findings of cdk-nag's packs in the custom resource and its function."""

from pathlib import Path
from typing import Any

import aws_cdk as cdk
import cdk_nag
import pytest

from tests.managed_key_policy.test_construct import managed
from tests.templates.findings import REPORT_ONLY, findings


@pytest.mark.parametrize(
    ("pack", "rules"),
    [
        (cdk_nag.AwsSolutionsChecks, ["L1"]),
        (cdk_nag.NIST80053R5Checks, ["LambdaConcurrency", "LambdaDLQ", "LambdaInsideVPC"]),
    ],
    ids=["AwsSolutions", "NIST.800.53.R5"],
)
def test_packs_find_what_a_custom_resource_does_not_need(
    tmp_path: Path, pack: Any, rules: list[str]
) -> None:
    """A call in a deployment needs no VPC, queue or reserved concurrency; its runtime is fixed."""
    app = cdk.App(analytics_reporting=False, outdir=str(tmp_path), context=REPORT_ONLY)
    plugin = pack(app)
    cdk.Validations.of(app).add_plugins(plugin)
    managed(cdk.Stack(app, "Stack"))
    reported = findings(app, plugin.name)
    assert sorted(rule.removeprefix(f"{plugin.name}-") for _, rule, _ in reported) == rules
    assert {path for *_, path in reported} == {"Stack/PersonalizeKeyPolicies/Function"}
