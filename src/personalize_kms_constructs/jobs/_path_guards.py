"""Paths that each execution evaluates: one that lacks a part stops the execution before a job is created.

JSONata takes a missing value for an empty string where it joins strings, and both languages write ``null`` where they
put one into a string. All that is below the prefix would be meant, or a folder that nobody asked for.
"""

from __future__ import annotations

import re

from ._run_time import jsonata_string

_JSONATA = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`|.)""", re.DOTALL)
_LITERAL = re.compile(r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\d+)""")
# Operators that bind less than "&" or are read from left to right with it, and what begins a regular expression.
_OTHER_OPERATORS = frozenset("?:=<>!~^|@#;,+-*/%")
_WORDS = re.compile(r"(?<![\w.$])(and|or|in)(?!\w)")
_INTRINSIC = re.compile(r"'(?:[^'\\]|\\.)*'|.", re.DOTALL)
# A step is empty, or the word that was made of null; or it leads elsewhere, as a step of a literal path may not.
_NO_NAME = r"/^$|(^|\/)(null|\.{0,2})\/|(^|\/)(null|\.{1,2})$/"


def guarded_jsonata(source: str) -> str:
    """Return JSONata for the same string that fails if a value that it is joined of is missing, null or empty.

    A path's parts are what the expression joins by ``&``; what a function or a condition makes of a missing value is
    its own.
    """
    operands = jsonata_operands(source)
    parts = [f"({source})"] if len(operands) == 1 else operands
    checked = [
        part if _LITERAL.fullmatch(part) else f"$pathPart({part}, {jsonata_string(name)})"
        for part, name in zip(parts, operands, strict=True)
    ]
    return " & ".join(checked)


def guard(parameter: str) -> str:
    """Return JSONata that defines the function that ``guarded_jsonata`` calls."""
    return (
        "$pathPart := function($value, $text) { $type($value) in ['string', 'number', 'boolean'] and $value != '' ? "
        f"$value : $error('{parameter} is empty in this execution: ' & $text & ' has no value') }}; "
    )


def json_path_parts(path: str) -> list[str]:
    """Return the JSONPaths that a path is, or that ``States.Format`` makes it of."""
    if not path.startswith("States."):
        return [path] if path.startswith("$") else []
    function, _, rest = path.partition("(")
    arguments, depth = [""], 0
    for token in _INTRINSIC.findall(rest.removesuffix(")")):
        depth += (token == "(") - (token == ")")
        if depth == 0 and token == ",":
            arguments.append("")
        else:
            arguments[-1] += token
    if function != "States.Format":
        return []
    return [part for argument in arguments for part in json_path_parts(argument.strip())]


def empty_part_check(parameter: str, value: str, text: str) -> str:
    """Return JSONata that stops an execution in which a value is null or empty, and goes on with what follows."""
    reason = jsonata_string(f"{parameter} is empty in this execution: {text} has no value")
    return f"{value} in ['', null] ? $error({reason}) : "


def path_check(parameter: str, start: str, uri: str) -> str:
    """Return JSONata that stops an execution whose path has a step without a name, and goes on with what follows."""
    path = f"$substringAfter({uri}, {jsonata_string(start)})"
    reason = "' in this execution, and a folder or file in it has no name, or is null, . or .."
    return f"$contains({path}, {_NO_NAME}) ? $error('{parameter} makes ' & {uri} & {reason}') : "


def jsonata_operands(source: str) -> list[str]:
    """Return what an expression joins by ``&`` last, or the whole expression if it does something else."""
    parts, outer, depth = [""], "", 0
    for token in _JSONATA.findall(source):
        depth += (token in "([{") - (token in ")]}")
        if depth == 0 and token == "&":
            parts.append("")
            continue
        parts[-1] += token
        outer += token if depth == 0 and len(token) == 1 else " "
        if token == "/":
            return [source]
    stripped = [part.strip() for part in parts]
    if depth or not all(stripped) or _OTHER_OPERATORS.intersection(outer) or _WORDS.search(outer):
        return [source]
    return stripped
