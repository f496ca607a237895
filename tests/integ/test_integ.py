"""``make integ`` on the embedded AWS, through the same code."""

import json
import re
import sys
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import integ.__main__
import integ.options
from demo.cdk_cli import CdkError, cdk
from embedded_aws import EmbeddedAws
from integ.account import PREFIX, Patience
from integ.beforehand import PERMISSIONS, beforehand
from integ.record import Record
from integ.steps import DATA
from integ.trail import calls_on
from integ.variants import Variant, answer
from tests.integ.conftest import RUN, at_once, hurry, left_over
from tests.sources import ROOT


def hurried_cdk(verb: str, *arguments: str, **options: Any) -> None:
    """Synthesize a function that doesn't wait for other writers."""
    cdk(verb, *arguments, **options)
    if verb == "synth":
        (file,) = Path(arguments[arguments.index("--output") + 1]).glob("*-Managed.template.json")
        template = json.loads(file.read_text("utf-8"))
        hurry(template)
        file.write_text(json.dumps(template), "utf-8")


def test_it_deploys_tries_records_and_takes_down(
    aws: EmbeddedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The embedded Personalize sends both condition keys, and needs each statement."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(integ.__main__, "cdk", hurried_cdk)
    calls = set()
    for service in ("cloudformation", "cloudtrail", "kms", "personalize", "s3", "stepfunctions"):
        events = aws.client(service).meta.events
        events.register("before-call", lambda model, **_: calls.add(model.name))
    context = at_once(aws, environment=aws.environment(tmp_path))
    assert integ.__main__.integrate(context, lambda _: True)
    (file,) = tmp_path.glob(f"{PREFIX}*.jsonl")
    text = file.read_text("utf-8")
    assert aws.account not in text
    first, *lines, last = map(json.loads, text.splitlines())
    assert list(first) == ["run", "region", "began", "versions"]
    assert list(last) == ["ended"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", last["ended"])
    (report,) = [line["report"] for line in lines if "doctor" in line]
    assert re.fullmatch(r"4 dataset groups: (\d+ undecided, )?\d+ as documented", report[-1])
    steps = {line["tried"]: line["status"] for line in lines if "tried" in line}
    failed = {"NoGrants: deploy": "ROLLBACK_COMPLETE", "NoStatement: deploy": "ROLLBACK_COMPLETE"}
    worked = product(
        ("Default", "Delegated", "Required", "Managed"), ("deploy", "import", "export")
    )
    assert steps == failed | {f"{variant}: {step}": "ACTIVE" for variant, step in worked}
    answers = [line["answer"] for line in lines if "question" in line]
    assert answers == ["yes", "no", "no", "yes", "yes", "yes"]
    no_grants, no_statement = [line["said"] for line in lines if line.get("said")]
    assert "arn:aws:iam::ACCOUNT:role/PersonalizeKmsInteg-" in no_grants
    assert "needs kms:CreateGrant on arn:aws:kms:eu-west-1:ACCOUNT:key/" in no_grants
    assert "personalize.amazonaws.com needs kms:Decrypt" in no_statement
    outputs = {
        line["stack"].rpartition("-")[2]: line["outputs"] for line in lines if "stack" in line
    }
    assert outputs["Default"]["GroupRef"] == outputs["Default"]["GroupArn"]
    assert next(line["kms"] for line in lines if "kms" in line) == {
        "key": outputs["Managed"]["KeyArn"],
        "action": "ListGrants",
        "caller": outputs["Managed"]["RoleArn"],
        "type": "AssumedRole",
        "invokedBy": "personalize.amazonaws.com",
    }
    example = (ROOT / "docs" / "run-on-the-embedded-aws.jsonl").read_text("utf-8")
    shape = {tuple(json.loads(line)) for line in example.splitlines()}
    assert {tuple(line) for line in (first, *lines, last)} == shape
    # CloudFormation of the embedded AWS has no DescribeType.
    jobs = ("BatchInferenceJob", "BatchSegmentJob", "DataDeletionJob")
    assert lines[0] == {"types": dict.fromkeys(jobs, "InvalidAction")}
    # S3 has another name for a permission.
    assert calls - {"ListObjectsV2"} <= set(re.findall(r"\w+", PERMISSIONS))
    assert left_over(aws) == []


def test_nothing_is_done_without_a_yes(aws: EmbeddedAws, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even a synth."""
    monkeypatch.setattr(integ.__main__, "cdk", None)
    assert integ.__main__.integrate(at_once(aws), lambda _: False) is False


def test_what_is_said_beforehand(aws: EmbeddedAws) -> None:
    """With the patience that it has on AWS."""
    context = at_once(aws, environment={"AWS_PROFILE": "tests"}, patience=Patience(8 * 3600))
    text = " ".join(beforehand(context, RUN).split())
    for said in (
        "Delegated: May a key of another stack leave",
        "Account 111111111111, Region eu-west-1",
        "for all keys 9 cents at most, but $6 a month if they are left",
        "8 hours after its start it stops",
        "if they deny the bootstrap's role kms:ScheduleKeyDeletion, the keys stay, and cost",
        "make integ TAKE_DOWN=PersonalizeKmsInteg-0a1b2c3d REGION=eu-west-1 PROFILE=tests",
        "PersonalizeKmsInteg-0a1b2c3d.jsonl, in this folder",
    ):
        assert said in text


def test_the_file_can_be_published(tmp_path: Path) -> None:
    """It has no accounts, people, organizations or folders; all else is as AWS has written it."""
    record = Record(tmp_path / "record.jsonl")
    session = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin/zoë.doe+x@example.com"
    user = "arn:aws:iam::111122223333:user/staff/zoë"
    policy = "arn:aws:organizations::444455556666:policy/o-1234/service_control_policy/p-5678"
    record.add(
        stopped=f"User: {session} is not authorized… by an explicit deny in ({policy})",
        said=f"User: {user} ({Path.home()}/cdk, cdk-hnb659fds-assets-111122223333-eu-west-1)",
        key="arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    )
    assert json.loads(record.path.read_text("utf-8")) == {
        "stopped": "User: arn:aws:sts::ACCOUNT:assumed-role/AWSReservedSSO_Admin/*** is not "
        "authorized… by an explicit deny in (arn:aws:organizations::***)",
        "said": "User: arn:aws:iam::ACCOUNT:user/*** (~/cdk, "
        "cdk-hnb659fds-assets-ACCOUNT-eu-west-1)",
        "key": "arn:aws:kms:eu-west-1:ACCOUNT:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    }


def test_a_call_of_kms_shows_who_called_and_how(aws: EmbeddedAws) -> None:
    """Calls that are alike are one; users have no name, and other keys aren't shown."""
    key = "arn:aws:kms:eu-west-1:111111111111:key/1234abcd"
    grant = {"operations": ["Decrypt"], "constraints": {"encryptionContextSubset": {"a": "b"}}}
    caller = "arn:aws:iam::111111111111:role/Service"
    role = {"sessionContext": {"sessionIssuer": {"arn": caller}}}
    created: Any = {"eventName": "CreateGrant", "userIdentity": role, "resources": key}
    created["requestParameters"] = {"keyId": key, **grant}
    denied: Any = {"eventName": "Decrypt", "userIdentity": {"type": "IAMUser", "userName": "zoë"}}
    denied |= {"errorCode": "AccessDenied", "requestParameters": None, "resources": key}
    records = [created, created, denied, {**denied, "resources": f"{key}2"}]

    def answer_with(parsed: Any, **_: Any) -> None:
        parsed["Events"] = [{"CloudTrailEvent": json.dumps(record)} for record in records]

    events = aws.client("cloudtrail").meta.events
    events.register("after-call", answer_with)
    try:
        calls = calls_on(("1234abcd",), aws, datetime.now(UTC))
    finally:
        events.unregister("after-call", answer_with)
    by_role = {"key": key, "action": "CreateGrant", "caller": caller, **grant}
    by_user = {"key": key, "action": "Decrypt", "type": "IAMUser", "error": "AccessDenied"}
    found = [(json.loads(call), times) for call, times in calls.items()]
    assert found == [(by_role, 2), (by_user, 1)]


def test_an_import_job_takes_a_thousand_interactions_at_least() -> None:
    """With fewer, every import would fail, and say nothing of policies."""
    header, *interactions = DATA.splitlines()
    assert header == "USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP"
    assert len(set(interactions)) >= 1000


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the command's account one of which nothing is asked."""
    account = SimpleNamespace(account="1", region="eu-west-1", client=None)
    monkeypatch.setattr(integ.options, "OwnAccount", lambda *_: account)
    for variable in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(sys, "argv", ["integ"])


@pytest.mark.usefixtures("command")
@pytest.mark.parametrize(("answer", "wanted"), [("yes", True), ("y", False), ("", False)])
def test_only_a_yes_is_a_yes(answer: str, wanted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """With ``--yes`` nobody is asked; the deadline is one for the whole run."""
    answers: list[Any] = []

    def note(context: Any, ask: Any) -> bool:
        answers.append((ask("It costs"), context.patience.for_all))
        return True

    monkeypatch.setattr(integ.__main__, "integrate", note)
    monkeypatch.setattr("builtins.input", lambda _: answer)
    assert integ.__main__.main() == 0
    monkeypatch.setattr("builtins.input", None)
    monkeypatch.setattr(sys, "argv", ["integ", "--yes", "--hours", "0.5"])
    assert integ.__main__.main() == 0
    assert answers == [(wanted, 8 * 3600), (True, 1800)]


@pytest.mark.usefixtures("command")
@pytest.mark.parametrize("error", [CdkError("no bootstrap"), KeyboardInterrupt("8 hours")])
def test_what_goes_wrong_is_told_in_a_line(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whatever part of it fails."""

    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(integ.__main__, "integrate", fail)
    assert integ.__main__.main() == 1
    assert capsys.readouterr().err == f"✘ {error}\n"


@pytest.mark.usefixtures("command")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        # A timer of no time never goes off.
        ("--hours 0", "--hours has to be more than 0"),
        ("--hours nan", "--hours has to be more than 0"),
        # The CDK's CLI would deploy with the keys, and boto3 would look with the profile.
        ("--profile mine", "unset AWS_ACCESS_KEY_ID or the profile mine"),
        # The prefix alone would take down every run.
        (f"--take-down {PREFIX}", f"{PREFIX} is no run of this command"),
        (f"--take-down {RUN}-Keys", f"{RUN}-Keys is no run of this command"),
    ],
)
def test_options_that_would_do_harm_are_refused(
    arguments: str, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anything is asked of AWS."""
    monkeypatch.setattr(sys, "argv", ["integ", *arguments.split()])
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    with pytest.raises(SystemExit):
        integ.__main__.main()
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("default", "no_grants", "works", "expected"),
    [
        ("yes", "no", True, "yes"),
        ("yes", "yes", False, "no"),
        # If a key that denies kms:CreateGrant works, nothing follows from one that allows it.
        ("yes", "yes", True, "unclear, since the answer of NoGrants isn't no"),
        # If nothing works, no policy is the cause.
        ("unclear", "unclear", False, "unclear, since the answer of Default isn't yes"),
        ("unclear", "unclear", True, "unclear, since the answer of NoGrants isn't no"),
    ],
)
def test_an_answer_is_clear_beside_another(
    default: str, no_grants: str, works: bool, expected: str
) -> None:
    """A "yes" beside a control that fails, and a "no" beside a default that works."""
    delegated = Variant("Delegated", "May I?", control="NoGrants")
    assert answer(delegated, works, {"Default": default, "NoGrants": no_grants}) == expected
    assert answer(Variant("Default", "Does it?"), works, {}) == (
        "yes" if works else "unclear, since the answer of Default isn't yes"
    )
