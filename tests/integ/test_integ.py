"""``make integ`` on the embedded AWS, through the same code."""

import json
import os
import re
import signal
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import integ.__main__
import integ.options
from demo.cdk_cli import CdkError, bootstrap, cdk
from embedded_aws import EmbeddedAws
from integ.account import PREFIX, Patience
from integ.beforehand import PERMISSIONS, beforehand
from integ.record import Record
from integ.variants import VARIANTS, Variant, answer
from tests.integ.conftest import RUN, at_once, hurry, left_over, lines, recorded
from tests.sources import ROOT

ANSWERS = ["yes", "no", "no", "yes", "yes", "yes"]


def test_it_deploys_tries_records_and_takes_down(
    aws: EmbeddedAws, run: Callable[..., bool], tmp_path: Path
) -> None:
    """The embedded Personalize sends both condition keys, and needs each statement."""
    calls = set()
    for service in ("cloudformation", "cloudtrail", "kms", "personalize", "s3", "stepfunctions"):
        events = aws.client(service).meta.events
        events.register("before-call", lambda model, **_: calls.add(model.name))
    assert run(environment=aws.environment(tmp_path))
    first, *between, last = lines()
    assert aws.account not in json.dumps(between)
    assert list(first) == ["run", "region", "began", "versions"]
    assert list(last) == ["ended"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", last["ended"])
    (report,) = recorded("report")
    assert re.fullmatch(r"4 dataset groups: (\d+ undecided, )?\d+ as documented", report[-1])
    steps = {line["tried"]: line["status"] for line in between if "tried" in line}
    failed = {"NoGrants: deploy": "ROLLBACK_COMPLETE", "NoStatement: deploy": "ROLLBACK_COMPLETE"}
    worked = product(
        ("Default", "Delegated", "Required", "Managed"), ("deploy", "import", "export")
    )
    assert steps == failed | {f"{variant}: {step}": "ACTIVE" for variant, step in worked}
    assert recorded("answer") == ANSWERS
    no_grants, no_statement = [said for said in recorded("said") if said]
    assert "arn:aws:iam::ACCOUNT:role/PersonalizeKmsInteg-" in no_grants
    assert "needs kms:CreateGrant on arn:aws:kms:eu-west-1:ACCOUNT:key/" in no_grants
    assert "personalize.amazonaws.com needs kms:Decrypt" in no_statement
    outputs = {
        line["stack"].rpartition("-")[2]: line["outputs"] for line in between if "stack" in line
    }
    assert outputs["Default"]["GroupRef"] == outputs["Default"]["GroupArn"]
    assert recorded("kms")[0] == {
        "key": outputs["Managed"]["KeyArn"],
        "action": "ListGrants",
        "caller": outputs["Managed"]["RoleArn"],
        "type": "AssumedRole",
        "invokedBy": "personalize.amazonaws.com",
    }
    example = (ROOT / "docs" / "run-on-the-embedded-aws.jsonl").read_text("utf-8")
    shape = {tuple(json.loads(line)) for line in example.splitlines()}
    assert {tuple(line) for line in (first, *between, last)} == shape
    # CloudFormation of the embedded AWS has no DescribeType.
    jobs = ("BatchInferenceJob", "BatchSegmentJob", "DataDeletionJob")
    assert between[0] == {"types": dict.fromkeys(jobs, "InvalidAction")}
    # S3 has another name for a permission, and the CLI creates stacks.
    assert calls - {"ListObjectsV2", "CreateStack"} <= set(re.findall(r"\w+", PERMISSIONS))
    # AWS deletes no bucket with objects; the embedded one does.
    assert "DeleteObject" in calls
    assert left_over(aws) == []


def hurried_cdk(verb: str, *arguments: str, **options: Any) -> None:
    """Synthesize a function that doesn't wait for other writers."""
    cdk(verb, *arguments, **options)
    if verb == "synth":
        (file,) = Path(arguments[arguments.index("--output") + 1]).glob("*-Managed.template.json")
        template = json.loads(file.read_text("utf-8"))
        hurry(template)
        file.write_text(json.dumps(template), "utf-8")


@pytest.mark.long
def test_the_cdk_cli_deploys_it(
    aws: EmbeddedAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in an account: each stack is deployed by a process of the CLI, which takes a minute."""
    bootstrap(aws, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(integ.__main__, "cdk", hurried_cdk)
    context = at_once(aws, environment=aws.environment(tmp_path))
    assert integ.__main__.integrate(context, lambda _: True)
    assert recorded("answer") == ANSWERS
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
        "make integ TAKE_DOWN=PersonalizeKmsInteg-0a1b2c3d REGION=eu-west-1 PROFILE=tests",
    ):
        assert said in text


def test_the_file_can_be_published(tmp_path: Path) -> None:
    """It has no accounts, people, organizations or folders; all else is as AWS has written it."""
    record = Record(tmp_path / "record.jsonl")
    session = "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin/zoë.doe+x@example.com"
    user = "arn:aws:iam::111122223333:user/staff/zoë"
    federated = "arn:aws:sts::111122223333:federated-user/zoë"
    policy = "arn:aws:organizations::444455556666:policy/o-1234/service_control_policy/p-5678"
    record.add(
        stopped=f"User: {session} is not authorized… by an explicit deny in ({policy})",
        said=f"{user} or {federated} ({Path.home()}/cdk, cdk-assets-111122223333-eu-west-1)",
    )
    assert json.loads(record.path.read_text("utf-8")) == {
        "stopped": "User: arn:aws:sts::ACCOUNT:assumed-role/AWSReservedSSO_Admin/*** is not "
        "authorized… by an explicit deny in (arn:aws:organizations::***)",
        "said": "arn:aws:iam::ACCOUNT:user/*** or arn:aws:sts::ACCOUNT:federated-user/*** (~/cdk, "
        "cdk-assets-ACCOUNT-eu-west-1)",
    }


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the command's account one of which nothing is asked."""
    account = SimpleNamespace(account="1", region="eu-west-1", client=None)
    monkeypatch.setattr(integ.options, "OwnAccount", lambda *_: account)
    for variable in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(sys, "argv", ["integ"])


@pytest.mark.usefixtures("command")
@pytest.mark.parametrize(("answer", "wanted"), [("yes", True), ("y", False)])
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


def has_no_bootstrap() -> None:
    raise CdkError("no bootstrap")


def fills_the_disk() -> None:
    raise OSError("no space left")


def closes_its_terminal() -> None:
    os.kill(os.getpid(), signal.SIGHUP)


@pytest.mark.usefixtures("command")
@pytest.mark.parametrize(
    ("fails", "said"),
    [
        (has_no_bootstrap, "no bootstrap"),
        (fills_the_disk, "no space left"),
        (closes_its_terminal, "KeyboardInterrupt"),
    ],
)
def test_what_goes_wrong_is_told_in_a_line(
    fails: Callable[[], None],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Whatever part of it fails, and if the user ends it."""
    monkeypatch.setattr(integ.__main__, "integrate", lambda *_: fails())
    assert integ.__main__.main() == 1
    assert capsys.readouterr().err == f"✘ {said}\n"


@pytest.mark.usefixtures("command")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        # A timer of no time never goes off.
        ("--hours 0", "--hours has to be more than 0"),
        # The CDK's CLI would deploy with the keys, and boto3 would look with the profile.
        ("--profile mine", "unset AWS_ACCESS_KEY_ID or the profile mine"),
        # The prefix alone would take down every run.
        (f"--take-down {PREFIX}", f"{PREFIX} is no run of this command"),
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
    ("no_grants", "works", "expected"),
    [
        ("no", True, "yes"),
        ("yes", False, "no"),
        # If a key that denies kms:CreateGrant works, nothing follows from one that allows it.
        ("yes", True, "unclear, since the answer of NoGrants isn't no"),
    ],
)
def test_an_answer_is_clear_beside_another(no_grants: str, works: bool, expected: str) -> None:
    """A "yes" beside a control that fails, and a "no" beside a default that works."""
    delegated = Variant("Delegated", "May I?", control="NoGrants")
    assert answer(delegated, works, {"Default": "yes", "NoGrants": no_grants}) == expected
    assert answer(VARIANTS[0], False, {}) == "unclear: see what AWS said"
