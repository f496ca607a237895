"""The command: arguments, formats, exit codes, and its two outputs."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from click.testing import CliRunner

from personalize_kms_check import check_assembly
from personalize_kms_check._cli import personalize_kms
from personalize_kms_check._shared.address import page_at
from personalize_kms_constructs import PersonalizeEncryption
from tests.checks.command import run
from tests.checks.templates import (
    IN_IAM,
    Json,
    complete,
    managed,
    policy,
    role,
    trusted_by,
    write,
)
from tests.checks.test_state_machines import machine, task

LACKING = complete(Policy=policy(actions=IN_IAM[1:]))
WIDE = complete(Policy=policy(actions=[*IN_IAM, "kms:Encrypt"]))
GROUP = "AWS::Personalize::DatasetGroup"
MACHINE = machine({"Create": task("${Call}", {})})
OPEN: Json = {"Resources": {"Machine": MACHINE}}
WARNED = complete(
    Queue=managed(
        {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "arn:aws:sqs:*:*:${Queue}"}
    )
)
UNTRUSTED = complete(Role=role(AssumeRolePolicyDocument={"Statement": []}))
OF_PERSONALIZE: Json = {"Resources": {"Movies": {"Type": GROUP, "Properties": {"Name": "movies"}}}}


@pytest.mark.parametrize(
    ("template", "code"),
    [(complete(), 0), (LACKING, 1), (WIDE, 0), (OPEN, 0), ({"Resources": {}}, 0)],
)
def test_exit_codes(template: Json, code: int, tmp_path: Path) -> None:
    """0: nothing missing and no problem; 1: something."""
    result = run(write(tmp_path, {"Main": template}))
    assert (result.exit_code, result.stderr) == (code, "")


@pytest.mark.parametrize(
    ("template", "counted", "code"),
    [
        (LACKING, "missing", 1),
        (LACKING, "problems", 0),
        (UNTRUSTED, "problems", 1),
        (WIDE, "excess", 1),
        (OPEN, "undecided", 1),
        (WARNED, "missing,problems,excess,undecided", 0),
        (complete(), "missing,problems,excess,undecided", 0),
    ],
)
def test_what_counts_can_be_chosen(template: Json, counted: str, code: int, tmp_path: Path) -> None:
    """Kinds of findings are chosen, less warnings; ``--strict`` counts all of them all the same."""
    directory = write(tmp_path, {"Main": template})
    assert run(directory, "--fail-on", counted).exit_code == code
    everything = run(directory, "--fail-on", counted, "--strict").exit_code
    assert everything == (0 if template in (complete(), WARNED) else 1)
    assert bool(check_assembly(directory).problems) is (template in (UNTRUSTED, WARNED))


@pytest.mark.parametrize("quiet", [False, True])
def test_formats_are_the_reports(
    quiet: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On standard output, with nothing else there, and the same wherever that isn't a terminal.

    A quiet report is shorter in the formats for people.
    """
    monkeypatch.setenv("COLUMNS", "60")
    directory = write(tmp_path, {"Main": LACKING})
    report = check_assembly(directory)
    for form, expected in {
        "text": report.to_text(quiet=quiet),
        "json": report.to_json(),
        "markdown": report.to_markdown(quiet=quiet),
    }.items():
        result = run(directory, "--format", form, *["--quiet"] * quiet)
        assert (result.stdout, result.stderr) == (expected, "")


@pytest.mark.parametrize(
    ("options", "code"), [([], 0), (["--strict"], 1), (["--fail-on", "unencrypted"], 1)]
)
def test_dataset_groups_without_a_key_ask_for_nothing(
    options: list[str], code: int, tmp_path: Path
) -> None:
    """Personalize encrypts them with a key of its own: that is an answer, in one line."""
    result = run(write(tmp_path, {"Main": OF_PERSONALIZE}), *options)
    assert (result.exit_code, result.stderr) == (code, "")
    said = (
        "Main/Movies has no key of yours: Personalize encrypts it with its own, and needs no "
        "permissions for that"
    )
    assert said in result.stdout
    assert "nothing was checked" not in result.stdout
    assert said in run(tmp_path, "--format", "markdown").stdout
    assert json.loads(run(tmp_path, "--format", "json").stdout)["without_key"] == ["Main/Movies"]
    properties = OF_PERSONALIZE["Resources"]["Movies"]["Properties"]
    with_role = {**properties, "RoleArn": "arn:aws:iam::111122223333:role/r"}
    wrong = {"Resources": {"Movies": {"Type": GROUP, "Properties": with_role}}}
    assert check_assembly(write(tmp_path, {"Main": wrong})).without_key == ()


def test_a_dataset_group_is_unencrypted_on_purpose(tmp_path: Path) -> None:
    """It can be ignored, as any finding."""
    directory = write(tmp_path, {"Main": OF_PERSONALIZE})
    ignore = ["--ignore", "Personalize::Unencrypted@Main/Movies"]
    assert run(directory, "--strict", *ignore).exit_code == 0


UNSEEN_KEY = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
UNSEEN: Json = {
    "Resources": {
        "Movies": {
            "Type": GROUP,
            "Properties": {
                "Name": "movies",
                "KmsKeyArn": UNSEEN_KEY,
                "RoleArn": "arn:aws:iam::111122223333:role/personalize",
            },
        }
    }
}


def test_where_no_answer_is_decided_the_check_could_not_look(tmp_path: Path) -> None:
    """Unless that counts, or somebody accepts it."""
    directory = write(tmp_path, {"Main": UNSEEN})
    result = run(directory)
    assert (result.exit_code, len(check_assembly(directory).undecided)) == (2, 15)
    assert result.stderr == (
        f"personalize-kms: {directory}: not one of its answers is decided, so nothing was checked: "
        "do what the report says, or look at the account with personalize-kms doctor\n"
    )
    assert run(directory, "--fail-on", "undecided").exit_code == 1
    assert run(directory, "--ignore", "Personalize::Undecided").exit_code == 0
    half = {"Resources": {**UNSEEN["Resources"], **complete()["Resources"]}, **{"Conditions": {}}}
    half["Resources"]["More"] = UNSEEN["Resources"]["Movies"]
    assert run(write(tmp_path, {"Main": half})).exit_code == 0
    # What is too much is certain.
    wide = role(**trusted_by("personalize.amazonaws.com"))
    beside = {"Resources": {**UNSEEN["Resources"], "Wide": wide}}
    result = run(write(tmp_path, {"Main": beside}))
    assert (result.exit_code, result.stderr) == (0, "")


def test_what_is_pending_is_no_check_that_could_not_look(app: cdk.App, tmp_path: Path) -> None:
    """Key and role have other owners, who were told."""
    stack = cdk.Stack(app, "Stack", env=cdk.Environment(account="111122223333", region="eu-west-1"))
    group = UNSEEN["Resources"]["Movies"]["Properties"]
    encryption = PersonalizeEncryption(
        stack,
        "Encryption",
        encryption_key=kms.Key.from_key_arn(stack, "Key", group["KmsKeyArn"]),
        service_role=iam.Role.from_role_arn(stack, "Role", group["RoleArn"], mutable=False),
    )
    encryption.add_dataset_group("Movies", name="movies")
    result = run(app.synth().directory)
    assert (result.exit_code, result.stderr) == (0, "")


def test_the_code_of_an_app_is_no_assembly() -> None:
    """The message says which command writes one."""
    result = run("app.py")
    assert result.exit_code == 2
    assert "app.py is an app's code: run cdk synth, then check cdk.out" in result.stderr


def test_with_strict_a_check_of_nothing_does_not_pass(tmp_path: Path) -> None:
    """It would be green in a pipeline that reads another directory, or for code out of sight."""
    result = run(write(tmp_path, {"Main": {"Resources": {}}}), "--strict", "--format", "json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["asked"] == []
    assert result.stderr == (
        f"personalize-kms: {tmp_path}: no template asks Personalize for anything, so nothing was "
        "checked: look at another assembly, or declare what other code creates, with "
        "declare_created or --created; where an app doesn't use Personalize, leave --strict out\n"
    )


def test_the_default_is_cdk_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the CDK's CLI puts an assembly."""
    write(tmp_path / "cdk.out", {"Main": complete()})
    monkeypatch.chdir(tmp_path)
    assert run().exit_code == 0


def test_bad_input_is_one_line_on_standard_error(tmp_path: Path) -> None:
    """And exit code 2, as for wrong arguments."""
    result = run(tmp_path)
    what = "no manifest.json and no template: run cdk synth first, or pass its output, cdk.out"
    said = f"personalize-kms: {tmp_path}: {what}\n"
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", said)
    assert run("--format", "yaml").exit_code == 2
    assert CliRunner().invoke(personalize_kms, "chekc").exit_code == 2


def test_an_interrupt_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends the command with 2, since it couldn't look, and without a traceback."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("personalize_kms_check._cli.read_reports", interrupted)
    result = run()
    told = (result.exit_code, result.stdout, result.stderr)
    assert told == (2, "", "personalize-kms: interrupted\n")


COMMAND = f"env -u PYTHONUNBUFFERED {sys.executable} -m personalize_kms_check check"
NOT_WRITTEN = "personalize-kms: the report can't be written: "


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("{command} {path} >/dev/full", NOT_WRITTEN + "No space left on device\n"),
        ("{command} {path} >&-", NOT_WRITTEN + "the standard output is closed\n"),
        ("{command} {path}/absent 2>/dev/full", ""),
    ],
)
def test_whatever_goes_wrong_is_no_finding(command: str, said: str, tmp_path: Path) -> None:
    """A report that nobody can read is as good as none: 2, in one line, and never a traceback."""
    path = write(tmp_path, {"Main": LACKING})
    done = subprocess.run(
        ["bash", "-c", command.format(command=COMMAND, path=path)], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said.format(path=path))


def test_a_reader_that_went_away_is_no_finding(tmp_path: Path) -> None:
    """A pipe that is closed at its other end; in a shell with ``pipefail``, ``head`` does it."""
    path = write(tmp_path, {"Main": LACKING})
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        f"{COMMAND} {path}".split(), stdout=writer, stderr=subprocess.PIPE, text=True, check=False
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (2, NOT_WRITTEN + "Broken pipe\n")


def test_a_defect_of_the_command_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends with 2, with the text for a bug report."""

    def broken(*_: object) -> None:
        raise KeyError("Main")

    monkeypatch.setattr("personalize_kms_check._cli.read_reports", broken)
    result = run()
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Traceback")
    assert result.stderr.endswith(
        "KeyError: 'Main'\npersonalize-kms: a defect of this command. Report it with the lines "
        f"above: {page_at('versions.md')} says where\n"
    )


LOADING = (
    "import sys, builtins; original = builtins.__import__\n"
    "def load(name, *arguments, **more):\n"
    "    if name.endswith('_cli'): raise {error}\n"
    "    return original(name, *arguments, **more)\n"
    "from personalize_kms_check.__main__ import main; builtins.__import__ = load; main()"
)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("KeyboardInterrupt", "personalize-kms: interrupted\n"),
        (
            "ModuleNotFoundError(name='click')",
            "personalize-kms needs its extra cli: install the library again, with [cli] after "
            "its name or path\n",
        ),
    ],
)
def test_what_may_happen_while_the_command_loads(error: str, said: str) -> None:
    """It takes a moment in which somebody may press Ctrl-C, and the extra may not be there."""
    code = LOADING.format(error=error)
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (2, "", said)


def test_help_has_examples() -> None:
    """Lines that can be pasted, and the exit codes."""
    text = run("--help").stdout
    assert "  cdk synth --quiet && personalize-kms check\n" in text
    assert '  personalize-kms check --format markdown >> "$GITHUB_STEP_SUMMARY"\n' in text
    assert (
        "  Exit code:\n"
        "    0  nothing that counts\n"
        "    1  something that counts\n"
        "    2  the check failed to run, or everything is undecided; with --strict, also\n"
        "       if nothing is created in Personalize\n"
    ) in text
    assert " ".join(text.split()).endswith(f" Documentation: {page_at('how-to/check.md')}")
    assert "check" in CliRunner().invoke(personalize_kms, "--help").stdout


def on_a_terminal(*arguments: str, **environment: str) -> str:
    """Return the text that the command writes to a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "personalize_kms_check", *arguments]
    environment = {**os.environ, "TERM": "xterm", **environment}
    process = subprocess.Popen(command, stdout=theirs, stderr=theirs, stdin=theirs, env=environment)
    os.close(theirs)
    written = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        written += part
    process.wait()
    os.close(ours)
    return written.decode()


def test_colours_on_a_terminal_alone(tmp_path: Path) -> None:
    """Findings have colours by their kind, and nothing else has; no line is cut."""
    directory = write(tmp_path, {"Main": LACKING})
    coloured = on_a_terminal("check", str(directory), COLUMNS="60")
    assert (
        "\r\n\x1b[31m✘ IAM policies of Main/Role lack kms:Decrypt on Main/Key\r\n\x1b[0m"
        in coloured
    )
    assert coloured.count("\x1b") == 2
    plain = on_a_terminal("check", str(directory), NO_COLOR="1", COLUMNS="60")
    assert plain.replace("\r\n", "\n") == check_assembly(directory).to_text()


def test_an_output_that_knows_no_marks(tmp_path: Path) -> None:
    """It gets other characters, and no traceback; a pipe gets no colours."""
    directory = write(tmp_path, {"Main": LACKING})
    command = [sys.executable, "-m", "personalize_kms_check", "check", str(directory)]
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(command, capture_output=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"\n? IAM policies of Main/Role lack kms:Decrypt" in done.stdout
    assert b"\x1b" not in done.stdout


def test_parameters_have_the_form_of_the_cdks_cli(tmp_path: Path) -> None:
    """A value may have an equals sign; another form, or an unknown parameter, is refused."""
    policy_in_prod = {**policy(), "Condition": "IsProd"}
    directory = write(tmp_path, {"Main": complete(Policy=policy_in_prod)})
    assert run(directory, "--strict").exit_code == 1
    assert run(directory, "--strict", "--parameters", "Main:Stage=prod").exit_code == 0
    result = run(directory, "--parameters", "Stage=a=b", "--format", "json")
    assert (result.exit_code, len(json.loads(result.stdout)["missing"])) == (1, 4)
    malformed = run(directory, "--parameters", "Stage")
    assert malformed.exit_code == 2
    assert "'Stage' is not of the form [STACK:]NAME=VALUE" in malformed.stderr
    unknown = run(directory, "--parameters", "Stag=prod")
    told = "personalize-kms: parameters has Stag, but no template has a parameter Stag\n"
    assert (unknown.exit_code, unknown.stderr) == (2, told)
