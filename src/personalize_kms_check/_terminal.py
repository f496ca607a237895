"""The output of the commands: exit codes, reports, and the line on why one stops."""

from __future__ import annotations

import io
import os
import sys
from contextlib import suppress
from typing import NoReturn, TextIO

import click

PASSED, FOUND, COULD_NOT_LOOK = 0, 1, 2
# What an account or a template says may not steer a terminal. In JSON this stands for the same
# character.
_CONTROLS = {code: f"\\u{code:04x}" for code in (*range(10), *range(11, 32), *range(127, 160))}
_COLOURS = {"✘": "red", "!": "yellow", "?": "cyan"}


def write(text: str, *, coloured: bool = False) -> None:
    """Write to the standard output, and stop the command if it takes nothing.

    A character that the output lacks is replaced. Control characters are shown as numbers. Lines
    with a mark have its colour on a terminal, if the text is ``coloured``.
    """
    if sys.stdout is None:
        stop("the report can't be written: the standard output is closed")
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")
    text = text.translate(_CONTROLS)
    output = "".join(map(_in_colour, text.splitlines(keepends=True))) if coloured else text
    try:
        click.echo(output, nl=False, color=False if os.environ.get("NO_COLOR") else None)
    except OSError as error:
        _give_up(sys.stdout)
        stop(f"the report can't be written: {error.strerror}")


def say(message: str) -> None:
    """Write a line to the standard error, if it takes any."""
    try:
        click.echo(f"personalize-kms: {message}".translate(_CONTROLS), err=True)
    except OSError:
        _give_up(sys.stderr)


def _give_up(stream: TextIO) -> None:
    """Discard the rest of a stream: Python would write it again at its end, and end with 120."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def stop(message: str) -> NoReturn:
    """End the command, which failed to run."""
    say(message)
    sys.exit(COULD_NOT_LOOK)


def _in_colour(line: str) -> str:
    colour = _COLOURS.get(line[:1])
    return click.style(line, fg=colour) if colour else line
