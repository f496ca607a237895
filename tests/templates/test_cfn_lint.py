"""cfn-lint has no findings in our templates and the example app's."""

import json
from pathlib import Path

import aws_cdk as cdk
import pytest

from example_app.data_stack import DataStack
from example_app.recommendations_stack import RecommendationsStack
from example_app.security_stack import SecurityStack

CDK_JSON = Path(__file__).parents[2] / "cdk.json"


def findings(template: str) -> list[tuple[str, str]]:
    """The rule, and the resource and property, of every error and warning in a template."""
    # It takes a second and more, which the processes of other tests are spared.
    from cfnlint.api import lint

    return [(match.rule.id, "/".join(map(str, match.path or []))) for match in lint(template)]


@pytest.mark.parametrize("stack", ["Everything", "SeveralKeys", "Managed"])
def test_no_stack_has_a_finding(stack: str, synthesized: Path) -> None:
    """An unknown action or property, a cycle, or an id in place of an ARN would be a finding."""
    assert (
        findings((synthesized / "recommended_flags" / f"{stack}.template.json").read_text()) == []
    )


@pytest.mark.parametrize("template", ["AcrossStacks", "AcrossAccounts", "L1s", "Options"])
def test_no_arrangement_has_a_finding(template: str, arranged: Path) -> None:
    """Keys, roles and buckets from elsewhere have no finding either; without feature flags."""
    assert findings((arranged / f"{template}.template.json").read_text()) == []


def test_no_stack_of_the_example_app_has_a_finding(tmp_path: Path) -> None:
    """The example that users copy is as clean as the library's templates, across stacks as well.

    W3005 says that the CDK's state machines wait for roles that they refer to anyhow.
    """
    context = json.loads(CDK_JSON.read_text())["context"]
    app = cdk.App(outdir=str(tmp_path), context=context)
    data, security = DataStack(app, "Data"), SecurityStack(app, "Security")
    key = security.encryption_key
    RecommendationsStack(app, "Recommendations", encryption_key=key, bucket=data.bucket)
    app.synth()
    for template in tmp_path.glob("*.template.json"):
        for rule, path in findings(template.read_text()):
            assert (rule, "Machine" in path) == ("W3005", True)


def test_bad_template_has_findings(synthesized: Path) -> None:
    """An action that KMS doesn't have is a warning, a key id in place of an ARN an error."""
    template = json.loads((synthesized / "flags_off" / "Everything.template.json").read_text())
    resources = template["Resources"]
    key_policy = resources["EncryptionKey3A692D6E"]["Properties"]["KeyPolicy"]
    key_policy["Statement"][1]["Action"] = "kms:ReEncrypt"
    resources["EncryptionMoviesB1966C99"]["Properties"]["KmsKeyArn"] = {
        "Ref": "EncryptionKey3A692D6E"
    }

    assert sorted(findings(json.dumps(template))) == [
        ("E1041", "Resources/EncryptionMoviesB1966C99/Properties/KmsKeyArn"),
        ("W3037", "Resources/EncryptionKey3A692D6E/Properties/KeyPolicy/Statement/1/Action"),
    ]
