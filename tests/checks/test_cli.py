"""The command: arguments, formats, exit codes, and what it prints where."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from personalize_kms_constructs._cli import personalize_kms
from personalize_kms_constructs.checks import check_assembly
from tests.checks.templates import IN_IAM, complete, policy, write

LACKING = complete(Policy=policy(actions=IN_IAM[1:]))
WIDE = complete(Policy=policy(actions=[*IN_IAM, "kms:Encrypt"]))
SCHEDULE = {
    "Type": "AWS::Scheduler::Schedule",
    "Properties": {"Target": {"Arn": {"Fn::Sub": "arn:${AWS::Partition}:scheduler:::aws-sdk:personalize:${Call}"}}},
}
OPEN = {"Resources": {"Schedule": SCHEDULE}}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(personalize_kms, arguments)


@pytest.mark.parametrize(
    ("template", "options", "code"),
    [
        (complete(), [], 0),
        (complete(), ["--strict"], 0),
        (LACKING, [], 1),
        (WIDE, [], 0),
        (WIDE, ["--strict"], 1),
        (OPEN, [], 0),
        (OPEN, ["--strict"], 1),
        ({"Resources": {}}, [], 0),
    ],
)
def test_exit_codes(template: dict[str, object], options: list[str], code: int, tmp_path: Path) -> None:
    """0: nothing missing and no problem; 1: something. ``--strict`` counts what is too much and undecided, too."""
    result = run("check", str(write(tmp_path, {"Main": template})), *options)
    assert (result.exit_code, result.stderr) == (code, "")


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_formats_are_the_reports(form: str, tmp_path: Path) -> None:
    """On standard output, with nothing else there."""
    directory = write(tmp_path, {"Main": LACKING})
    report = check_assembly(directory)
    expected = {"text": report.to_text(), "json": report.to_json(), "markdown": report.to_markdown()}
    result = run("check", str(directory), "--format", form)
    assert (result.stdout, result.stderr) == (expected[form], "")


def test_with_strict_a_check_of_nothing_does_not_pass(tmp_path: Path) -> None:
    """It would be green in a pipeline that reads another directory, or code that no check can see."""
    result = run("check", str(write(tmp_path, {"Main": {"Resources": {}}})), "--strict", "--format", "json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["asked"] == []
    assert result.stderr == (
        f"personalize-kms: {tmp_path}: no template asks Personalize for anything, so nothing was checked: look at "
        "another assembly, or say what is created by code that the check can't see, by declare_created or --created; "
        "where an app doesn't use Personalize, leave --strict out\n"
    )


def test_the_default_is_cdk_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the CDK's CLI puts an assembly."""
    write(tmp_path / "cdk.out", {"Main": complete()})
    monkeypatch.chdir(tmp_path)
    result = run("check")
    assert result.exit_code == 0
    assert "Main/Movies (dataset group)" in result.stdout


def test_bad_input_is_one_line_on_standard_error(tmp_path: Path) -> None:
    """And exit code 2, as for wrong arguments."""
    result = run("check", str(tmp_path))
    said = f"personalize-kms: {tmp_path}: no manifest.json, so it isn't a cloud assembly; run cdk synth first\n"
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", said)
    assert run("check", "--format", "yaml").exit_code == 2
    assert run("chekc").exit_code == 2


def test_an_interrupt_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends the command with 2, since it couldn't look, and without a traceback."""

    def interrupted(path: Path, **_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("personalize_kms_constructs._cli.check_assembly", interrupted)
    result = run("check")
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", "personalize-kms: interrupted\n")


LOADING = (
    "import sys, builtins; original = builtins.__import__\n"
    "def load(name, *arguments, **more):\n"
    "    if name.endswith('_cli'): raise {error}\n"
    "    return original(name, *arguments, **more)\n"
    "from personalize_kms_constructs.__main__ import main; builtins.__import__ = load; main()"
)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ("KeyboardInterrupt", "personalize-kms: interrupted\n"),
        (
            "ModuleNotFoundError(name='click')",
            "personalize-kms needs its extra cli: install the library again, with [cli] after its name or path\n",
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
    text = run("check", "--help").stdout
    assert "  cdk synth --quiet && personalize-kms check\n" in text
    assert '  personalize-kms check --format markdown >> "$GITHUB_STEP_SUMMARY"\n' in text
    assert (
        "  Exit code:\n"
        "    0  nothing is missing and nothing is wrong\n"
        "    1  something is missing or wrong; with --strict, also too much or undecided\n"
        "    2  the assembly can't be read; with --strict, also if nothing in it asks\n"
        "       Personalize for anything\n"
    ) in text
    assert "check" in run("--help").stdout


def on_a_terminal(*arguments: str, **environment: str) -> str:
    """Return what the command writes when output and errors go to a terminal."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "personalize_kms_constructs", *arguments]
    environment = {**os.environ, "TERM": "xterm", **environment}
    process = subprocess.Popen(command, stdout=theirs, stderr=theirs, stdin=theirs, env=environment)
    os.close(theirs)
    found = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        found += part
    process.wait()
    os.close(ours)
    return found.decode()


def test_colours_on_a_terminal_alone(tmp_path: Path) -> None:
    """Marks in green and red, unless somebody doesn't want them."""
    directory = str(write(tmp_path, {"Main": complete()}))
    assert "\x1b[32m  ✔ " in on_a_terminal("check", directory)
    assert "\x1b[32m" not in on_a_terminal("check", directory, NO_COLOR="1")


def test_an_output_that_knows_no_marks(tmp_path: Path) -> None:
    """One that can't show them gets something else, and no traceback; a pipe gets no colours."""
    directory = str(write(tmp_path, {"Main": LACKING}))
    command = [sys.executable, "-m", "personalize_kms_constructs", "check", directory]
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(command, capture_output=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"  ? role Main/Role lacks kms:Decrypt" in done.stdout
    assert b"\x1b" not in done.stdout
