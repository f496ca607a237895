"""Strings as far as they are known before deployment, and how IAM compares them.

A value may have holes, written like variables of ``Fn::Sub``:

* ``${Main.Key961B73FD}`` is an id that AWS generates for that resource. It is equal to itself and to nothing that
  somebody wrote down.
* ``${Main.KeyArn?}`` (it ends in ``?``) and ``${AWS::AccountId}`` (it has a colon) can be anything. Such a hole is
  equal to itself too.

What somebody wrote has no holes, in a template or in an account, so that the same comparison serves
both: where it has ``${``, a character between the two, which no template keeps, tells it from a
hole (see ``as_text``).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

from ._answers import Answer

HOLE = re.compile(r"\$\{[^{}]*\}")
PARTITION = "${AWS::Partition}"
# A noncharacter of Unicode.
MARK = "\ufdd0"
WRITTEN = f"${MARK}{{"
"""The beginning of a variable that somebody wrote."""

_DIGEST = re.compile(r" #[0-9a-f]{8}(?=\?)")
# Ids, names, Regions and account numbers that AWS gives have these characters alone.
_OF_GIVEN_NAMES = re.compile(r"[A-Za-z0-9.-]*")

# Without these caches the check of 100 stacks takes a fifth longer for ``same``, a tenth for
# ``matches``, a quarter for ``split_arn``, a fiftieth for each of the others; it asks the three for
# 800, 2,600 and 1,200 different values.
_CACHED = 1 << 14

# The private planes of Unicode, whose characters stand for holes.
_FIRST, _LAST = 0xF0000, 0x10FFFD
_HOLE = chr(_FIRST)
_CHARACTERS = f"{chr(_FIRST)}-{chr(_LAST)}"
_NOT_OF_TEXTS = re.compile(f"[\ud800-\udfff{MARK}{_CHARACTERS}]")


def as_text(text: str) -> str:
    """Return what somebody wrote as a value: nothing in it is a hole."""
    if not text.isascii():
        text = _NOT_OF_TEXTS.sub("\N{REPLACEMENT CHARACTER}", text)
    return text.replace("${", WRITTEN)


def as_written(text: str) -> Any:
    """Parse JSON that somebody wrote, if it is some: nothing in it is a hole."""
    if "\\u" in text:
        # Every character is itself then, however it was spelled.
        text = json.dumps(json.loads(text), ensure_ascii=False)
    return json.loads(as_text(text))


def joined(parts: Iterable[str], separator: str = "") -> str:
    """Join values so that the end of one and the beginning of the next don't make a hole."""
    found = ""
    for each in [text for part in parts for text in (separator, part)][1:]:
        found += f"{MARK}{each}" if found.endswith("$") and each.startswith("{") else each
    return found


def shown(text: str) -> str:
    """Return a text as it was written, for reports; quoted ones have the mark as an escape."""
    return text.replace(MARK, "").replace("\\ufdd0", "")


def generated(name: str) -> str:
    """Return the hole for an id that AWS generates."""
    return f"${{{name}}}"


def unknown(name: str, *told_apart_by: Any) -> str:
    """Return the hole for something that can't be known; the name says what it is.

    Holes that are equal stand for one value. Where two things can have one name, all that makes the
    value tells them apart, as a digest at the end.
    """
    readable = re.sub(r"[${}]", "", name)
    if told_apart_by:
        text = json.dumps(told_apart_by, sort_keys=True, default=lambda each: type(each).__name__)
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        readable = f"{_DIGEST.sub('', readable)} #{digest}"
    return f"${{{readable}?}}"


@lru_cache(maxsize=_CACHED)
def has_unknown(value: str) -> bool:
    """Report whether a part of the value can be anything."""
    return any(_is_open(hole) for hole in HOLE.findall(value))


def open_parts(value: str) -> list[str]:
    """Return the names of the parts that can be anything, for messages."""
    return [
        _DIGEST.sub("", hole[2:-1]).rstrip("?") for hole in HOLE.findall(value) if _is_open(hole)
    ]


def told_apart_by(value: str, other: str) -> tuple[list[str], list[str]]:
    """Return the parts that only one of two values has, by name: those that can be anything, and ids of AWS's."""
    holes, others = HOLE.findall(value), HOLE.findall(other)
    alone = [hole for hole in dict.fromkeys(holes + others) if (hole in holes) != (hole in others)]
    open_holes = [hole for hole in alone if _is_open(hole) and hole != PARTITION]
    return open_parts("".join(open_holes)), [hole[2:-1] for hole in alone if not _is_open(hole)]


@lru_cache(maxsize=_CACHED)
def same(one: str, other: str) -> Answer:
    """Compare two values, case-sensitively and without wildcards."""
    if one == other:
        return Answer.YES
    if "${" not in one and "${" not in other:
        return Answer.NO
    one, other = _in_one_partition(one, other)
    if one == other:
        return Answer.YES
    ends = _known_end(one), _known_end(other)
    if all(ends) and ends[0] != ends[1]:
        # Two names, most often; there may be hundreds of roles, each to compare with each.
        return Answer.NO
    holes = _Holes()
    possible = holes.may_be_equal(holes.encoded(one), holes.encoded(other), wildcards=False)
    return Answer.MAYBE if possible else Answer.NO


@lru_cache(maxsize=_CACHED)
def matches(value: str, pattern: str) -> Answer:
    """Match a value with a pattern of IAM, in which ``*`` is any string and ``?`` any character.

    A ``*`` in the value stands for whatever may follow: ``bucket/import/*`` matches only patterns
    that match every object below the folder.
    """
    if pattern == "*":
        return Answer.YES
    if "${" not in value and "${" not in pattern and "*" not in value:
        return Answer.of(_glob(value, pattern))
    holes = _Holes()
    value, pattern = (holes.encoded(each) for each in _in_one_partition(value, pattern))
    if _glob(value, pattern):
        return Answer.YES
    return Answer.MAYBE if holes.may_be_equal(value, pattern, wildcards=True) else Answer.NO


def without_case(value: str) -> str:
    """Return the value in lower case, holes left alone."""
    return _with_holes_of(value, [HOLE.sub(_HOLE, value).lower()])[0]


def split(value: str, separator: str, most: int = -1) -> list[str]:
    """Split a value, holes left alone, at most so often."""
    return _with_holes_of(value, HOLE.sub(_HOLE, value).split(separator, most))


def _with_holes_of(value: str, parts: list[str]) -> list[str]:
    """Put the holes of a value back into its parts, where a character stands for each."""
    holes = iter(HOLE.findall(value))
    for number, part in enumerate(parts):
        for hole in islice(holes, part.count(_HOLE)):
            parts[number] = parts[number].replace(_HOLE, hole, 1)
    return parts


def last_part(arn: str) -> str:
    """Return what follows the last slash: the name in the ARN of a role."""
    return split(arn, "/")[-1]


@lru_cache(maxsize=_CACHED)
def split_arn(arn: str) -> tuple[str, ...] | None:
    """Return the six parts of an ARN, or none for what is no ARN."""
    parts = tuple(split(arn, ":", 5))
    # A variable that somebody wrote may have colons, and is in no ARN but in its last part.
    return (
        parts
        if len(parts) == 6 and parts[0] == "arn" and not any(MARK in each for each in parts[:5])
        else None
    )


@lru_cache(maxsize=_CACHED)
def bucket_in(resource: str) -> str:
    """Return the bucket that a resource or a pattern names; nothing where a wildcard or a hole leaves open which it is.

    A resource in one bucket never matches a pattern that names another.
    """
    parts = split_arn(resource)
    if parts is None or parts[2:5] != ("s3", "", ""):
        return ""
    name = split(parts[5], "/")[0]
    is_open = has_unknown(name) or any(each in parts[1] + name for each in ("*", "?", MARK))
    return "" if is_open else name


def account_of(arn: str) -> str:
    """Return the account in an ARN, or a hole if the value is no ARN that can be read, or a dummy of the CDK's.

    ``iam.Role.from_lookup`` puts one, of an account of its own, until the CLI has looked; it looks
    only if the synth succeeds.
    """
    parts = split_arn(arn)
    return parts[4] if parts and parts[5] != "role/DUMMY_ARN" else unknown(f"account of {arn}")


def split_outside_of_holes(value: str, separator: str) -> list[str] | None:
    """Split a value, or return none if a hole in it may have the separator in it."""
    for hole in HOLE.findall(value):
        if not _is_given(hole) or _OF_GIVEN_NAMES.fullmatch(separator):
            return None
    return split(value, separator)


@lru_cache(maxsize=_CACHED)
def _known_end(value: str) -> str:
    """Return what follows the last slash; nothing where there is none, or where it can be anything."""
    end = last_part(value)
    return "" if end == value or has_unknown(end) else end


def _is_open(hole: str) -> bool:
    return hole.endswith("?}") or ":" in hole


def _is_given(hole: str) -> bool:
    """Tell if AWS gives the value: an id, or one of the pseudo parameters."""
    return not _is_open(hole) or hole.startswith("${AWS::")


def _in_one_partition(one: str, other: str) -> tuple[str, str]:
    """Put the partition of the one into the other.

    A template with an ARN of another partition than its own can't be deployed, so that where both
    are deployed they have the same.
    """
    if (PARTITION in one) == (PARTITION in other):
        return one, other
    known = other if PARTITION in one else one
    parts = known.split(":", 2)
    if len(parts) == 3 and parts[0] == "arn" and "*" not in parts[1] and "?" not in parts[1]:
        return one.replace(PARTITION, parts[1]), other.replace(PARTITION, parts[1])
    return one, other


def _glob(value: str, pattern: str) -> bool:
    start, star, end = pattern.partition("*")
    if "?" in pattern or "*" in end:
        return _compiled(pattern).fullmatch(value) is not None
    if not star:
        return value == pattern
    return len(value) >= len(start) + len(end) and value.startswith(start) and value.endswith(end)


def _compiled(pattern: str) -> re.Pattern[str]:
    # A hole isn't one character long, so that only ``*`` may stand for one.
    one_character = f"[^*{_CHARACTERS}]"
    parts = [
        "".join(one_character if each == "?" else re.escape(each) for each in part)
        for part in pattern.split("*")
    ]
    if len(parts) == 1:
        return re.compile(parts[0])
    # The first place where a part between two wildcards fits is as good as any other: none is tried
    # again.
    first, *between, last = parts
    return re.compile(
        first + "".join(f"(?>.*?{part})" for part in between) + f".*{last}", re.DOTALL
    )


class _Holes:
    """The holes of some values, each as one character while the values are compared or split."""

    def __init__(self) -> None:
        self._characters: dict[str, str] = {}
        self._holes: dict[str, str] = {}

    def encoded(self, value: str) -> str:
        """Return a value with characters for its holes."""
        return HOLE.sub(lambda hole: self._character(hole[0]), value)

    def _character(self, hole: str) -> str:
        character = self._characters.setdefault(hole, chr(_FIRST + len(self._characters)))
        self._holes[character] = hole
        return character

    def may_be_equal(self, value: str, pattern: str, *, wildcards: bool) -> bool:
        """Tell if two encoded values can turn out to be equal: no hole stands for what has a variable in it."""
        if (MARK in value) != (MARK in pattern) and (MARK in pattern or not wildcards):
            return False
        return self._possible(value, pattern, wildcards)

    def _is_open(self, character: str) -> bool:
        return character in self._holes and _is_open(self._holes[character])

    def _possible(self, value: str, pattern: str, wildcards: bool) -> bool:
        """Look for a way through both, from where what is left can go on being equal to where nothing is left."""
        any_of_value = [(each == "*" and wildcards) or self._is_open(each) for each in value]
        any_of_pattern = [(each == "*" and wildcards) or self._is_open(each) for each in pattern]
        one_of_pattern = [each == "?" and wildcards for each in pattern]
        holes = self._holes

        def steps(i: int, j: int) -> Iterator[tuple[int, int]]:
            if j < len(pattern) and any_of_pattern[j]:
                yield i, j + 1
                if i < len(value):
                    if may_have(pattern[j], value[i]):
                        yield i + 1, j
                    yield from ((i + 1, end) for end in literals(j + 1, value[i]))
            elif i < len(value) and any_of_value[i]:
                yield i + 1, j
                if j < len(pattern) and may_have(value[i], pattern[j]):
                    yield i, j + 1
            elif i < len(value) and j < len(pattern):
                if (one_of_pattern[j] and value[i] not in holes) or value[i] == pattern[j]:
                    yield i + 1, j + 1
                elif value[i] in holes:
                    # Characters and wildcards may be the id that AWS generates; characters alone
                    # are not.
                    ends = literals(j, value[i])
                    yield from ((i + 1, end) for end in ends if any(one_of_pattern[j:end]))
                    if ends and ends[-1] < len(pattern) and any_of_pattern[ends[-1]]:
                        yield i, ends[-1]

        def may_have(of_any: str, character: str) -> bool:
            """Tell if a hole or a wildcard can stand for a character: what AWS gives has no colon, slash or star."""
            if (
                of_any not in holes
                or not _is_given(holes[of_any])
                or (wildcards and character in "*?")
            ):
                return True
            return character in holes or _OF_GIVEN_NAMES.fullmatch(character) is not None

        def literals(j: int, hole: str) -> list[int]:
            ends: list[int] = []
            if hole not in holes:
                return ends
            while (
                j < len(pattern)
                and not any_of_pattern[j]
                and pattern[j] not in holes
                and may_have(hole, pattern[j])
            ):
                j += 1
                ends.append(j)
            return ends

        seen, left = {(0, 0)}, [(0, 0)]
        while left:
            for step in steps(*left.pop()):
                if step not in seen:
                    seen.add(step)
                    left.append(step)
        return (len(value), len(pattern)) in seen
