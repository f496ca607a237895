"""The command: arguments, formats, exit codes, and what it prints where."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from personalize_kms_constructs._cli import personalize_kms
from personalize_kms_constructs.checks import check_assembly
from tests.checks.templates import IN_IAM, complete, policy, write

LACKING = complete(Policy=policy(actions=IN_IAM[1:]))
WIDE = complete(Policy=policy(actions=[*IN_IAM, "kms:Encrypt"]))


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
        ({"Resources": {}}, [], 0),
        ({"Resources": {}}, ["--strict"], 2),
    ],
)
def test_exit_codes(template: dict[str, object], options: list[str], code: int, tmp_path: Path) -> None:
    """0: nothing missing and no problem; 1: something. ``--strict`` counts more, and 2 if nothing could be checked."""
    directory = write(tmp_path, {"Main": template})
    assert run("check", str(directory), *options).exit_code == code


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_formats_are_the_reports(form: str, tmp_path: Path) -> None:
    """On standard output, with nothing else there."""
    directory = write(tmp_path, {"Main": LACKING})
    report = check_assembly(directory)
    expected = {"text": report.to_text(), "json": report.to_json(), "markdown": report.to_markdown()}
    result = run("check", str(directory), "--format", form)
    assert result.stdout == expected[form]
    assert result.stderr == ""


SCHEDULE = {
    "Type": "AWS::Scheduler::Schedule",
    "Properties": {"Target": {"Arn": {"Fn::Sub": "arn:${AWS::Partition}:scheduler:::aws-sdk:personalize:${Call}"}}},
}


def test_with_strict_a_check_of_nothing_does_not_pass(tmp_path: Path) -> None:
    """It would be green in a pipeline that reads another directory, or code that no check can see."""
    nested = {"Type": "AWS::CloudFormation::Stack", "Metadata": {"aws:asset:path": "Nested.json"}}
    (tmp_path / "Nested.json").write_text(json.dumps({"Resources": {}}))
    write(tmp_path, {"Main": {"Resources": {"Nested": nested}}, "Other": {"Resources": {}}})
    result = run("check", str(tmp_path), "--strict", "--format", "json")
    assert result.exit_code == 2
    assert json.loads(result.stdout)["asked"] == []
    assert result.stderr == (
        f"personalize-kms: {tmp_path}: no template (of 3) asks Personalize for anything, so nothing was checked: look "
        "at another assembly, or pass to a PersonalizeEncryption, as resources, what is created by code that the check "
        "can't see; where an app doesn't use Personalize, leave --strict out\n"
    )
    assert run("check", str(tmp_path)).stderr == ""


def test_with_strict_a_call_that_is_not_known_is_a_finding(tmp_path: Path) -> None:
    """Something is asked for: the check has looked, and can't decide."""
    directory = write(tmp_path, {"Main": {"Resources": {"Schedule": SCHEDULE}}})
    result = run("check", str(directory), "--strict")
    assert (result.exit_code, result.stderr) == (1, "")


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
    assert (result.exit_code, result.stdout) == (2, "")
    assert (
        result.stderr
        == f"personalize-kms: {tmp_path}: no manifest.json, so it isn't a cloud assembly; run cdk synth first\n"
    )
    assert run("check", "--format", "yaml").exit_code == 2
    assert run("chekc").exit_code == 2


def test_an_interrupt_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends the command with 2, since it couldn't look, and without a traceback."""

    def interrupted(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("personalize_kms_constructs._cli.read_all", interrupted)
    result = run("check")
    assert (result.exit_code, result.stdout, result.stderr) == (2, "", "personalize-kms: interrupted\n")


def test_an_interrupt_while_the_command_loads() -> None:
    """It takes a moment in which somebody may press Ctrl-C, too."""
    code = (
        "import sys, builtins; original = builtins.__import__\n"
        "def load(name, *arguments, **more):\n"
        "    if name.endswith('_cli'): raise KeyboardInterrupt\n"
        "    return original(name, *arguments, **more)\n"
        "from personalize_kms_constructs.__main__ import main; builtins.__import__ = load; main()"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (result.returncode, result.stdout, result.stderr) == (2, "", "personalize-kms: interrupted\n")


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


def stages(directory: Path) -> Path:
    """An app with three stages."""
    write(directory, {})
    manifest = json.loads((directory / "manifest.json").read_text())
    for stage in ("Beta", "Gamma", "Prod"):
        write(directory / f"assembly-{stage}", {f"{stage}Main": complete()})
        manifest["artifacts"][stage] = {
            "type": "cdk:cloud-assembly",
            "properties": {"directoryName": f"assembly-{stage}"},
        }
    (directory / "manifest.json").write_text(json.dumps(manifest))
    return directory


def test_colours_and_progress_on_a_terminal_alone(tmp_path: Path) -> None:
    """Marks in green and red, and a bar where there are several stages; nothing of it in a pipe."""
    directory = str(stages(tmp_path))
    shown = on_a_terminal("check", directory)
    assert "\x1b[32m  ✔ " in shown
    assert "checking stages" in shown
    plain = on_a_terminal("check", directory, NO_COLOR="1")
    assert "\x1b[32m" not in plain
    command = [sys.executable, "-m", "personalize_kms_constructs", "check", directory]
    piped = subprocess.run(command, capture_output=True, check=False)
    assert b"\x1b" not in piped.stdout
    assert piped.stderr == b""


def test_an_output_that_knows_no_marks(tmp_path: Path) -> None:
    """A terminal that can't show them gets something else, and no traceback."""
    directory = str(write(tmp_path, {"Main": LACKING}))
    command = [sys.executable, "-m", "personalize_kms_constructs", "check", directory]
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(command, capture_output=True, check=False, env=environment)
    assert (done.returncode, done.stderr) == (1, b"")
    assert b"  ? role Main/Role lacks kms:Decrypt" in done.stdout


def test_without_the_extra_the_command_says_what_to_install(tmp_path: Path) -> None:
    """One line, exit code 2."""
    code = "import sys; sys.modules['click'] = None; from personalize_kms_constructs.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == (
        "personalize-kms needs its extra cli: install the library again, with [cli] after its name or path\n"
    )
