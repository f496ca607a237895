"""cfn-lint has no findings in our templates and the example app's."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.templates import arrangements, stacks

ROOT = Path(__file__).parents[2]


def findings(template: str) -> list[tuple[str, str]]:
    """The rule, and the resource and property, of every error and warning in a template."""
    # It takes a second and more, which the processes of other tests are spared.
    from cfnlint.api import lint

    return [(match.rule.id, "/".join(map(str, match.path or []))) for match in lint(template)]


@pytest.fixture(scope="session")
def example_app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example app's cloud assembly, as the CLI would have it made."""
    directory = tmp_path_factory.mktemp("example_app")
    context = json.loads((ROOT / "cdk.json").read_text())["context"]
    subprocess.run(
        [sys.executable, "-m", "example_app"],
        cwd=ROOT,
        check=True,
        env={**os.environ, "CDK_OUTDIR": str(directory), "CDK_CONTEXT_JSON": json.dumps(context)},
    )
    return directory


@pytest.mark.parametrize("stack", stacks.STACKS)
def test_no_stack_has_a_finding(stack: str, synthesized: Path) -> None:
    """An unknown action or property, a cycle, or an id in place of an ARN would be a finding."""
    assert (
        findings((synthesized / "recommended_flags" / f"{stack}.template.json").read_text()) == []
    )


@pytest.mark.parametrize("template", arrangements.TEMPLATES)
def test_no_arrangement_has_a_finding(template: str, arranged: Path) -> None:
    """Keys, roles and buckets from elsewhere have no finding either; without feature flags."""
    assert findings((arranged / f"{template}.template.json").read_text()) == []


@pytest.mark.parametrize("stack", ["Data", "Recommendations", "Security"])
def test_no_stack_of_the_example_app_has_a_finding(stack: str, example_app: Path) -> None:
    """The example that users copy is as clean as the library's templates, across stacks as well.

    W3005 says that the CDK's state machines wait for roles that they refer to anyhow.
    """
    for rule, path in findings((example_app / f"{stack}.template.json").read_text()):
        assert (rule, "Machine" in path) == ("W3005", True)


def test_example_app_has_no_other_stacks(example_app: Path) -> None:
    """A stack that is added to the example app belongs in the test above."""
    names = {path.name.partition(".")[0] for path in example_app.glob("*.template.json")}
    assert names == {"Data", "Recommendations", "Security"}


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
