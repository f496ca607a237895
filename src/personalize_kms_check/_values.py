"""Strings as far as they are known before deployment, and how IAM compares them.

A value may have holes, written like variables of ``Fn::Sub``:

* ``${Main.Key961B73FD}`` is an id that AWS generates for that resource. It is equal to itself and
  to nothing that somebody wrote down.
* ``${Main.KeyArn?}`` (it ends in ``?``) and ``${AWS::AccountId}`` (it has a colon) can be anything.
  Such a hole is equal to itself too.

Text of a template or an account has no holes, so the same comparison serves both. Its ``${`` gets
a character in the middle that no template keeps, which tells it from a hole (see ``as_text``).
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from ._answers import Answer

HOLE = re.compile(r"\$\{[^{}]*\}")
_BEFORE_SERVICE = re.compile(rf"^arn:(?:{HOLE.pattern}|[^:])*?:")
PARTITION = "${AWS::Partition}"
# A Unicode noncharacter.
MARK = "\ufdd0"
WRITTEN = f"${MARK}{{"
"""The beginning of a variable in a text."""

_DIGEST = re.compile(r" #[0-9a-f]{8}(?=\?)")
# Ids, names, Regions and account numbers that AWS gives have these characters alone.
_OF_GIVEN_NAMES = re.compile(r"[A-Za-z0-9.-]*")

# Saves time: without the cache of ``split_arn`` the check of 100 stacks takes a quarter longer, of
# ``same`` a fifth, of ``matches`` a tenth, and of the others a fiftieth each. It asks the first
# three for 1,200, 800 and 2,600 different values.
_CACHED = 1 << 14

# The private planes of Unicode, whose characters stand for holes.
_FIRST, _LAST = 0xF0000, 0x10FFFD
_HOLE = chr(_FIRST)
_WILDCARD_OR_HOLE = re.compile("[*?$]")
_CHARACTERS = f"{chr(_FIRST)}-{chr(_LAST)}"
_NOT_OF_TEXTS = re.compile(f"[\ud800-\udfff{MARK}{_CHARACTERS}]")


def as_text(text: str) -> str:
    """Return a text as a value without holes."""
    if not text.isascii():
        text = _NOT_OF_TEXTS.sub("\N{REPLACEMENT CHARACTER}", text)
    return text.replace("${", WRITTEN)


def as_written(text: str) -> Any:
    """Parse a JSON text into values without holes."""
    if "\\u" in text:
        # Replace escapes by their characters.
        text = json.dumps(json.loads(text), ensure_ascii=False)
    return json.loads(as_text(text))


def joined(parts: Iterable[str], separator: str = "") -> str:
    """Join values so that the end of one and the beginning of the next don't make a hole."""
    value = ""
    for number, part in enumerate(parts):
        if number:
            value = _appended(value, separator)
        value = _appended(value, part)
    return value


def _appended(value: str, end: str) -> str:
    makes_a_hole = value.endswith("$") and end.startswith("{")
    return f"{value}{MARK}{end}" if makes_a_hole else value + end


def shown(text: str) -> str:
    """Return a value as its text for reports. In a quoted value the mark is an escape."""
    return text.replace(MARK, "").replace("\\ufdd0", "")


def generated(name: str) -> str:
    """Return the hole for an id that AWS generates."""
    return f"${{{name}}}"


def unknown(name: str, *told_apart_by: Any) -> str:
    """Return the hole for something unknown, with this name.

    Equal holes stand for one value. Where two things can have one name, a digest at the end tells
    them apart; it is made from everything that decides the value.
    """
    readable = re.sub(r"[${}]", "", name)
    if told_apart_by:
        text = json.dumps(told_apart_by, sort_keys=True, default=lambda part: type(part).__name__)
        digest = hashlib.sha256(text.encode()).hexdigest()[:8]
        readable = f"{_DIGEST.sub('', readable)} #{digest}"
    return f"${{{readable}?}}"


@lru_cache(maxsize=_CACHED)
def has_unknown(value: str) -> bool:
    """Tell if a part of the value can be anything."""
    return any(_is_open(hole) for hole in HOLE.findall(value))


def with_open_ids(value: str) -> str:
    """Return a value in which the ids that AWS generates can be anything."""
    return HOLE.sub(lambda hole: hole[0] if _is_open(hole[0]) else unknown(f"id {hole[0]}"), value)


def open_parts(value: str) -> list[str]:
    """Return the names of the parts that can be anything, for messages."""
    open_holes = [hole for hole in HOLE.findall(value) if _is_open(hole)]
    return [_DIGEST.sub("", hole[2:-1]).rstrip("?") for hole in open_holes]


def told_apart_by(value: str, other: str) -> tuple[list[str], list[str]]:
    """Return the names of holes in just one of two values: the open holes, and ids of AWS."""
    holes, others = HOLE.findall(value), HOLE.findall(other)
    open_holes, ids = "", []
    for hole in dict.fromkeys(holes + others):
        if (hole in holes) == (hole in others):
            continue
        if not _is_open(hole):
            ids.append(hole[2:-1])
        elif hole != PARTITION:
            open_holes += hole
    return open_parts(open_holes), ids


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
        # Saves time: most often these are names of roles, and there may be hundreds to compare.
        return Answer.NO
    holes = _Holes()
    possible = holes.may_be_equal(holes.encoded(one), holes.encoded(other), wildcards=False)
    return Answer.MAYBE if possible else Answer.NO


@lru_cache(maxsize=_CACHED)
def matches(value: str, pattern: str) -> Answer:
    """Match a value with a pattern of IAM, in which ``*`` is any string and ``?`` any character.

    A ``*`` in the value stands for any end: ``bucket/import/*`` matches only patterns
    that match every object below the folder.
    """
    if pattern == "*":
        return Answer.YES
    if "${" not in value and "${" not in pattern and "*" not in value:
        return Answer.of(_glob(value, pattern))
    holes = _Holes()
    value, pattern = _in_one_partition(value, pattern)
    value, pattern = holes.encoded(value), holes.encoded(pattern)
    if _glob(value, pattern):
        return Answer.YES
    return Answer.MAYBE if holes.may_be_equal(value, pattern, wildcards=True) else Answer.NO


def without_case(value: str) -> str:
    """Return the value in lower case, holes left alone."""
    lower = HOLE.sub(_HOLE, value).lower()
    (with_holes,) = _with_holes_of(value, [lower])
    return with_holes


def split(value: str, separator: str, most: int = -1) -> list[str]:
    """Split a value at most ``most`` times, and never within a hole."""
    return _with_holes_of(value, HOLE.sub(_HOLE, value).split(separator, most))


def _with_holes_of(value: str, parts: list[str]) -> list[str]:
    """Return the parts of a value with its holes in place of the characters for them."""
    holes = iter(HOLE.findall(value))
    with_holes = []
    for part in parts:
        for hole in islice(holes, part.count(_HOLE)):
            part = part.replace(_HOLE, hole, 1)
        with_holes.append(part)
    return with_holes


def last_part(arn: str) -> str:
    """Return the end of an ARN after its last slash: the name of a role."""
    return split(arn, "/")[-1]


@lru_cache(maxsize=_CACHED)
def split_arn(arn: str) -> tuple[str, ...] | None:
    """Return the six parts of an ARN, or none if it isn't an ARN."""
    parts = tuple(split(arn, ":", 5))
    if len(parts) < 6 or parts[0] != "arn":
        return None
    # The variable of a text may have colons. Only the last part of an ARN can have a variable.
    return None if any(MARK in part for part in parts[:5]) else parts


@lru_cache(maxsize=_CACHED)
def bucket_in(resource: str) -> str:
    """Return the bucket that an ARN or a pattern names, or nothing if that is open.

    A resource in one bucket never matches a pattern with another bucket.
    """
    parts = split_arn(resource)
    if parts is None or parts[2:5] != ("s3", "", ""):
        return ""
    name = split(parts[5], "/")[0]
    has_wildcard = any(wildcard in parts[1] + name for wildcard in ("*", "?", MARK))
    return "" if has_wildcard or has_unknown(name) else name


@lru_cache(maxsize=_CACHED)
def beginning_in(resource: str) -> str:
    """Return the bucket that ``bucket_in`` returns, and its path up to a wildcard or a hole."""
    bucket = bucket_in(resource)
    path = resource.partition(f":::{bucket}")[2] if bucket else ""
    return bucket + _WILDCARD_OR_HOLE.split(path, 1)[0]


def of_any_partition(arn: str) -> str:
    """Return the ARN without its partition, which not all stacks of an app know."""
    return _BEFORE_SERVICE.sub("", arn)


def account_of(arn: str) -> str:
    """Return the account in an ARN, or a hole if it has none.

    ``iam.Role.from_lookup`` returns a dummy with a made-up account until the CLI has looked.
    """
    parts = split_arn(arn)
    return parts[4] if parts and parts[5] != "role/DUMMY_ARN" else unknown(f"account of {arn}")


def split_outside_of_holes(value: str, separator: str) -> list[str] | None:
    """Split a value, or return none if a hole in it may have the separator."""
    for hole in HOLE.findall(value):
        if not _is_given(hole) or _OF_GIVEN_NAMES.fullmatch(separator):
            return None
    return split(value, separator)


@lru_cache(maxsize=_CACHED)
def _known_end(value: str) -> str:
    """Return the end after the last slash, or nothing if there is none or it can be anything."""
    end = last_part(value)
    return "" if end == value or has_unknown(end) else end


def _is_open(hole: str) -> bool:
    return hole.endswith("?}") or ":" in hole


def _is_given(hole: str) -> bool:
    """Tell if AWS gives the value: an id, or a pseudo parameter."""
    return not _is_open(hole) or hole.startswith("${AWS::")


def _in_one_partition(one: str, other: str) -> tuple[str, str]:
    """Put the known partition of one value into the other.

    A template with an ARN of a foreign partition can't be deployed, so both have the same.
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
    # A hole can have any length, so only ``*`` matches it.
    one_character = f"[^*{_CHARACTERS}]"
    parts = [re.escape(part).replace(r"\?", one_character) for part in pattern.split("*")]
    if len(parts) == 1:
        return re.compile(parts[0])
    # The first match of a part between two wildcards is as good as any other, so the atomic groups
    # never try another.
    first, *between, last = parts
    middle = "".join(f"(?>.*?{part})" for part in between)
    return re.compile(f"{first}{middle}.*{last}", re.DOTALL)


class _Holes:
    """The holes of some values, as single characters while the values are compared."""

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
        """Tell if two encoded values can be equal. No hole stands for a value with a variable."""
        if (MARK in value) != (MARK in pattern) and (MARK in pattern or not wildcards):
            return False
        return _Comparison(value, pattern, self._holes, wildcards=wildcards).is_possible()


class _Comparison:
    """Two encoded values that may be equal, compared step by step from their beginnings."""

    def __init__(
        self, value: str, pattern: str, holes: Mapping[str, str], *, wildcards: bool
    ) -> None:
        self._value, self._pattern, self._holes = value, pattern, holes
        self._of_any_string = {character for character in holes if _is_open(holes[character])}
        self._of_any_character = ""
        if wildcards:
            self._of_any_string.add("*")
            self._of_any_character = "?"

    def is_possible(self) -> bool:
        """Look for a way through both, as long as the beginnings can be equal."""
        seen, to_visit = {(0, 0)}, [(0, 0)]
        while to_visit:
            for step in self._steps(*to_visit.pop()):
                if step not in seen:
                    seen.add(step)
                    to_visit.append(step)
        return (len(self._value), len(self._pattern)) in seen

    def _steps(self, i: int, j: int) -> Iterator[tuple[int, int]]:
        """Yield the positions in value and pattern to which one step leads."""
        of_value, of_pattern = self._value[i : i + 1], self._pattern[j : j + 1]
        if of_pattern in self._of_any_string:
            yield i, j + 1
            if of_value and self._may_have(of_pattern, of_value):
                yield i + 1, j
            for end in self._ends(j + 1, of_value):
                yield i + 1, end
        elif of_value in self._of_any_string:
            yield i + 1, j
            if of_pattern and self._may_have(of_value, of_pattern):
                yield i, j + 1
        elif of_value and of_pattern == of_value:
            yield i + 1, j + 1
        elif of_value in self._holes:
            # The id that AWS generates may match characters with a wildcard among them, and never
            # characters alone.
            end = j
            for end in self._ends(j, of_value):
                if "?" in self._pattern[j:end] and self._of_any_character:
                    yield i + 1, end
            if end > j and self._pattern[end : end + 1] in self._of_any_string:
                yield i, end
        elif of_value and of_pattern and of_pattern == self._of_any_character:
            yield i + 1, j + 1

    def _may_have(self, of_any: str, character: str) -> bool:
        """Tell if a hole or wildcard can stand for a character: AWS gives no colon or slash."""
        if of_any not in self._holes or not _is_given(self._holes[of_any]):
            return True
        if character in self._holes or (character in ("*", "?") and self._of_any_character):
            return True
        return _OF_GIVEN_NAMES.fullmatch(character) is not None

    def _ends(self, j: int, hole: str) -> Iterator[int]:
        """Yield the ends of the strings in the pattern, from ``j``, that can fill a hole."""
        if hole not in self._holes:
            return
        for end, character in enumerate(self._pattern[j:], j + 1):
            is_text = character not in self._holes and character not in self._of_any_string
            if not is_text or not self._may_have(hole, character):
                return
            yield end
