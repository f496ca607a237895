"""Things that the commands have in common: exit codes, colours, and the line that says why one stops."""

from __future__ import annotations

import io
import os
import sys
from typing import NoReturn

import click

PASSED, FOUND, COULD_NOT_LOOK = 0, 1, 2
_COLOURS = {"✔": "green", "✘": "red", "!": "yellow", "?": "cyan"}


def take_any_character() -> None:
    """Let a terminal that lacks a character show another instead of failing."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def print_coloured(text: str) -> None:
    """Print lines, those with a mark in its colour on a terminal."""
    for line in text.splitlines():
        mark = line[2:3] if line.startswith("  ") else ""
        click.echo(click.style(line, fg=_COLOURS.get(mark)), color=False if os.environ.get("NO_COLOR") else None)


def stop(message: str) -> NoReturn:
    """End the command, which couldn't look."""
    click.echo(f"personalize-kms: {message}", err=True)
    sys.exit(COULD_NOT_LOOK)
