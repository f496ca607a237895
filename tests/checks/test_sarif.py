"""SARIF: valid by its schema, with all that GitHub requires, and with alerts that last."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from personalize_kms_check._model.causes import Cause, Reason
from personalize_kms_check._model.finding import Finding
from personalize_kms_check._model.report import AccessReport
from personalize_kms_check._reports.sarif import sarif_report
from tests.checks.command import run
from tests.checks.templates import (
    ACTIONS,
    IN_IAM,
    Json,
    bucket_policy,
    complete,
    dataset_group,
    importing,
    key,
    policy,
    role,
    write,
)

ROOT = Path(__file__).parents[2]
GUIDE = "https://docs.aws.amazon.com/personalize/latest/dg"
KMS_PAGE = f"{GUIDE}/granting-personalize-key-access.html"
VALIDATE = """
const fs = require("fs");
const ajv = new (require("ajv"))({ strict: false, allErrors: true });
require("ajv-formats")(ajv);
const [schema, log] = process.argv.slice(1).map((file) => JSON.parse(fs.readFileSync(file)));
const valid = ajv.compile(schema);
valid(log);
console.log(JSON.stringify(valid.errors ?? []));
"""


def all_wrong() -> Json:
    """A template with findings of each level, at several resources."""
    of_role, of_service = key()["Properties"]["KeyPolicy"]["Statement"]
    statements = [of_role, {**of_service, "Action": ACTIONS[1:]}]
    return importing(
        Key=key(KeyPolicy={"Statement": statements}),
        Role=role(AssumeRolePolicyDocument={"Statement": []}),
        Policy=policy(actions=[*IN_IAM[1:], "kms:Encrypt"]),
        One=bucket_policy("s3:GetObject"),
        Books=dataset_group(waits=[]),
        Loose={
            "Type": "AWS::Personalize::DatasetGroup",
            "Properties": {"Name": "loose", "KmsKeyArn": {"Fn::GetAtt": ["Key", "Arn"]}},
        },
        Bucket={"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "other"}},
    )


def sarif(directory: Path, *options: str) -> Json:
    log: Json = json.loads(run(directory, "--format", "sarif", *options).stdout)
    return log


def results(log: Json) -> list[Json]:
    (run,) = log["runs"]
    listed: list[Json] = run["results"]
    return listed


def test_it_is_valid(tmp_path: Path) -> None:
    """A validator in JavaScript takes it, with the schema that GitHub names."""
    log = sarif(write(tmp_path / "cdk.out", {"Main": all_wrong()}))
    (tmp_path / "log.json").write_text(json.dumps(log))
    schema = str(Path(__file__).parent / "schema" / "sarif-2.1.0.json")
    command = ["node", "-e", VALIDATE, schema, str(tmp_path / "log.json")]
    assert (
        subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )


def test_it_has_what_github_requires(tmp_path: Path) -> None:
    """No required property is absent or empty, and each text is as short as GitHub shows it.

    https://docs.github.com/en/code-security/reference/code-scanning/sarif-files/sarif-support#supported-properties
    """
    log = sarif(write(tmp_path, {"Main": all_wrong()}))
    assert (log["$schema"], log["version"]) == (
        "https://json.schemastore.org/sarif-2.1.0.json",
        "2.1.0",
    )
    driver = log["runs"][0]["tool"]["driver"]
    assert driver["name"] == "personalize-kms"
    assert len(driver["rules"]) == 12
    for rule in driver["rules"]:
        texts = (
            rule["id"],
            rule["name"],
            rule["shortDescription"]["text"],
            rule["fullDescription"]["text"],
        )
        assert all(
            0 < len(text) <= limit
            for text, limit in zip(texts, (255, 255, 1024, 1024), strict=True)
        )
        assert rule["helpUri"].startswith("https://docs.aws.amazon.com/")
        assert rule["helpUri"] in rule["help"]["text"]
        assert rule["helpUri"] in rule["help"]["markdown"]
        # GitHub shows those with this tag among the findings on security.
        assert "security" in rule["properties"]["tags"]
    levels = {(result["ruleId"].partition("::")[2], result["level"]) for result in results(log)}
    assert levels == {
        ("Configuration", "error"),
        ("ExcessBucketAccess", "note"),
        ("ExcessRoleAccess", "note"),
        ("MissingBucketAccess", "error"),
        ("MissingKeyAccess", "error"),
        ("MissingRoleAccess", "error"),
        ("Ordering", "error"),
        ("Trust", "error"),
        ("Undecided", "warning"),
    }
    for result in results(log):
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["message"]["text"]
        assert list(result["partialFingerprints"]) == ["primaryLocationLineHash"]
        (place,) = result["locations"]
        region = place["physicalLocation"]["region"]
        line = region["startLine"]
        # The end of a region is behind its last character (SARIF, 3.30.8).
        assert region == {"startLine": line, "startColumn": 1, "endLine": line, "endColumn": 2}
        assert line >= 1


def test_a_result_says_what_is_missing_and_what_to_do(tmp_path: Path) -> None:
    """With the statement to add, and the page.

    Two braces side by side would stand for one, so there are none.
    """
    statements = [key()["Properties"]["KeyPolicy"]["Statement"][0]]
    (result,) = results(
        sarif(write(tmp_path, {"Main": complete(Key=key(KeyPolicy={"Statement": statements}))}))
    )
    text = result["message"]["text"]
    lacks = (
        "lacks kms:CreateGrant, kms:Decrypt, kms:DescribeKey, kms:GenerateDataKey, kms:ListGrants "
        "for Personalize"
    )
    assert text.startswith(
        f"key policy of Main/Key {lacks} (5 permissions). What to do: key policy of Main/Key, "
        "replacing statement 1: {"
    )
    assert text.endswith(f". {KMS_PAGE}")
    of_role, of_service = text[text.index('{"Effect"') : text.rindex("}") + 1].split("; ")
    assert json.loads(of_role)["Principal"] == {"AWS": {"Fn::GetAtt": ["Role", "Arn"]}}
    assert json.loads(of_service)["Condition"] == {
        "StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}
    }
    assert re.search(r"[{}]{2}", text) is None


def places(log: Json) -> dict[str, tuple[str, int]]:
    """The file and the line of each result, by the construct."""
    by_construct = {}
    for result in results(log):
        (place,) = result["locations"]
        at = place["physicalLocation"]
        (construct,) = place["logicalLocations"]
        by_construct[construct["fullyQualifiedName"]] = (
            at["artifactLocation"]["uri"],
            at["region"]["startLine"],
        )
    return by_construct


def test_a_location_is_the_resource_in_its_template(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its path is relative to the working directory; outside of that it is an address."""
    monkeypatch.chdir(tmp_path)
    lacking = complete(Policy=policy(actions=IN_IAM[1:]))
    # A property with the name of the resource.
    first = {"Type": "AWS::SNS::Topic", "Properties": {"Movies": {"Name": "movies"}}}
    lacking = {**lacking, "Resources": {"First": first, **lacking["Resources"]}}
    write(Path("an app/cdk.out/assembly-Prod"), {"Prod": lacking})
    write(Path("an app/cdk.out"), {"Main": lacking}, stages={"Stage": Path("assembly-Prod")})
    for file in ("Main.template.json", "assembly-Prod/Prod.template.json"):
        template = Path("an app/cdk.out", file)
        template.write_text(json.dumps(json.loads(template.read_text()), indent=1))
    lines = Path("an app/cdk.out/Main.template.json").read_text().splitlines()
    line = lines.index('  "Policy": {') + 1
    assert line > 50
    # The policy to change.
    expected = {
        "Main/Policy": ("an%20app/cdk.out/Main.template.json", line),
        "Prod/Policy": ("an%20app/cdk.out/assembly-Prod/Prod.template.json", line),
    }
    assert places(sarif(Path("an app/cdk.out"))) == expected
    assert places(sarif(tmp_path / "an app" / "cdk.out")) == expected
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir("elsewhere")
    uri, _ = places(sarif(Path("../an app/cdk.out")))["Main/Policy"]
    assert uri == f"{tmp_path.as_uri()}/an%20app/cdk.out/Main.template.json"


def test_what_is_about_the_app_is_at_its_manifest(tmp_path: Path) -> None:
    """GitHub shows no result without a location."""
    question = Finding(
        kind="undecided", name="Main", reason=Reason.of(Cause.NOT_KNOWN, why="it can't be read")
    )
    (result,) = results(
        json.loads(sarif_report(AccessReport((question,)), tmp_path / "manifest.json", "1.0.0"))
    )
    (place,) = result["locations"]
    assert (
        place["physicalLocation"]["artifactLocation"]["uri"] == f"{tmp_path.as_uri()}/manifest.json"
    )
    assert result["message"]["text"] == "Main: it can't be read"


def fingerprints(log: Json) -> dict[str, set[str]]:
    by_rule: dict[str, set[str]] = {}
    for result in results(log):
        by_rule.setdefault(result["ruleId"], set()).add(
            result["partialFingerprints"]["primaryLocationLineHash"]
        )
    return by_rule


def test_an_alert_stays_the_same(tmp_path: Path) -> None:
    """Other findings and resources, and another missing action, change nothing."""
    before = all_wrong()
    first = sarif(write(tmp_path / "1", {"Main": before}))
    number = len(results(first))
    assert sum(map(len, fingerprints(first).values())) == number
    after: dict[str, Any] = json.loads(json.dumps(before))
    after["Resources"]["Policy"] = policy(actions=[*IN_IAM[2:], "kms:Encrypt"])
    after["Resources"]["Another"] = {"Type": "AWS::SNS::Topic"}
    second = sarif(write(tmp_path / "2", {"Main": after, "Other": complete()}))
    assert fingerprints(second) == fingerprints(first)
    fixed = sarif(
        write(
            tmp_path / "3",
            {"Main": {**before, "Resources": {**before["Resources"], "Role": role()}}},
        )
    )
    left = {
        rule: prints for rule, prints in fingerprints(first).items() if rule != "Personalize::Trust"
    }
    assert fingerprints(fixed) == left


LACKED: dict[str, Any] = {
    "principal": "role",
    "principal_arn": "arn:aws:iam::111122223333:role/one",
    "action": "kms:Decrypt",
    "resource": "arn:aws:kms:eu-west-1:111122223333:key/one",
    "policy": "key",
    "policy_of": "arn:aws:kms:eu-west-1:111122223333:key/one",
    "name": "movies",
    "reason": Reason.of(Cause.NO_STATEMENT, column="key"),
}
OPEN = Reason.of(Cause.NOT_KNOWN, why="it can't be read")
NO_ROLE: dict[str, Any] = {"subject": "policy Main/One", "reason": Reason.of(Cause.NO_ROLE)}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # The rule, the subject, the cause; who lacks what on what, and in which policy.
        (Finding(kind="missing", **LACKED), Finding(kind="undecided", **LACKED)),
        (Finding(kind="ordering", **NO_ROLE), Finding(kind="trust", **NO_ROLE)),
        (
            Finding(kind="ordering", **NO_ROLE),
            Finding(kind="ordering", **{**NO_ROLE, "reason": Reason.of(Cause.KEY_WITHOUT_ROLE)}),
        ),
        (
            Finding(kind="undecided", **LACKED),
            Finding(kind="undecided", **{**LACKED, "policy": "role"}),
        ),
        *(
            (
                Finding(kind="missing", **LACKED),
                Finding(kind="missing", **{**LACKED, name: LACKED[name].replace("one", "two")}),
            )
            for name in ("principal_arn", "policy_of", "resource")
        ),
        (Finding(kind="excess", **LACKED), Finding(kind="excess", **{**LACKED, "action": "kms:*"})),
        (
            Finding(kind="undecided", name="Main/One", reason=OPEN),
            Finding(kind="undecided", name="Main/Two", reason=OPEN),
        ),
    ],
)
def test_another_finding_is_another_alert(one: Finding, other: Finding, tmp_path: Path) -> None:
    """GitHub would take it for the dismissed alert."""

    def alert(finding: Finding) -> set[str]:
        report = AccessReport((finding,))
        log = json.loads(sarif_report(report, tmp_path / "manifest.json", "1.0.0"))
        return set.union(*fingerprints(log).values())

    assert alert(one).isdisjoint(alert(other))


def test_findings_that_are_alike_are_several_alerts(tmp_path: Path) -> None:
    """They differ in their words alone, which may change."""
    reasons = [Reason.of(Cause.NOT_KNOWN, why=why) for why in ("one", "other")]
    questions = tuple(Finding(kind="undecided", name="Main", reason=reason) for reason in reasons)
    log = json.loads(sarif_report(AccessReport(questions), tmp_path / "manifest.json", "1.0.0"))
    (prints,) = fingerprints(log).values()
    assert len(prints) == 2
