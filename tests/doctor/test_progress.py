"""How far the work is, on a terminal."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import pytest
from click.testing import Result

from personalize_kms_constructs._cli import personalize_kms
from tests.doctor.conftest import Deployed


class Terminal(io.StringIO):
    """Standard error that somebody looks at."""

    def isatty(self) -> bool:
        """It is one."""
        return True


@pytest.mark.usefixtures("deployed", "doctor")
def test_progress_is_on_standard_error_alone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The line is taken away before the report is written, and at the end."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with pytest.raises(SystemExit, match="0"):
        personalize_kms(["doctor", "--format", "json"])
    clear = "\r\033[K"
    assert terminal.getvalue().startswith(f"{clear}looking at dataset group 1: movies{clear}")
    assert terminal.getvalue().endswith(clear)
    assert terminal.getvalue().count("looking at") == 1
    assert "looking at" not in capsys.readouterr().out


@pytest.mark.usefixtures("deployed", "doctor")
def test_an_interrupt_takes_the_progress_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """The last line says what happened, and the exit code is that of a doctor who couldn't look."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("personalize_kms_constructs._doctor.look.diagnose", interrupted)
    with pytest.raises(SystemExit, match="2"):
        personalize_kms(["doctor"])
    assert terminal.getvalue().endswith("looking at dataset group 1: movies\r\033[Kpersonalize-kms: interrupted\n")


def test_nothing_is_shown_where_nobody_looks(doctor: Callable[..., Result], deployed: Deployed) -> None:
    """A log of a pipeline."""
    assert doctor().stderr == ""


def test_a_module_that_is_missing_of_the_library_itself(
    doctor: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It isn't mistaken for the extra."""
    monkeypatch.setitem(sys.modules, "personalize_kms_constructs._doctor.look", None)
    with pytest.raises(ModuleNotFoundError, match=r"doctor\.look"):
        doctor()
