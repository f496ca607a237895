"""Values that a condition of a template chooses: each is known, though the condition isn't."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import product
from typing import Any

NO_VALUE = object()
"""The value of ``AWS::NoValue``; lists and objects drop it."""

_NOT = "not "
# Each doubles what there is to judge.
_MOST = 4


class Either(str):
    """A hole for one of two values; as a string it is like any other hole."""

    condition: str
    then: Any
    otherwise: Any

    @staticmethod
    def of(hole: str, condition: str, then: Any, otherwise: Any) -> Either:
        """Return the hole for what a condition chooses."""
        found = Either(hole)
        found.condition, found.then, found.otherwise = condition, then, otherwise
        return found

    def changed(self, change: Callable[[Any], Any]) -> Either:
        """Return the same choice between changed values."""
        return Either.of(self, self.condition, change(self.then), change(self.otherwise))


def strings_in(value: Any) -> list[str]:
    """Return the strings of a value in their order: after each that is chosen by a condition those of its choices."""
    found, left = [], [value]
    while left:
        each = left.pop()
        if isinstance(each, str):
            found.append(each)
            if isinstance(each, Either):
                left += (each.otherwise, each.then)
        elif isinstance(each, dict):
            left += reversed(each.values())
        elif isinstance(each, list):
            left += reversed(each)
    return found


def with_strings(value: Any, change: Callable[[str], Any]) -> Any:
    """Return a value with each string of it changed; of one that a condition chooses, those of both its choices."""
    if isinstance(value, Either):
        return value.changed(lambda each: with_strings(each, change))
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: with_strings(each, change) for name, each in value.items()}
    return [with_strings(each, change) for each in value] if isinstance(value, list) else value


def conditions_in(strings: Iterable[str]) -> tuple[str, ...]:
    """Return the conditions that choose some of these strings; none where there are too many of them."""
    found = tuple(dict.fromkeys(each.condition for each in strings if isinstance(each, Either)))
    return found if len(found) <= _MOST else ()


def possible(value: Any, conditions: tuple[str, ...], holding: frozenset[str]) -> Iterator[Any]:
    """Yield what conditions may make of a value, and ``NO_VALUE`` where it may be left out.

    Of some conditions, and opposites of conditions, it is known that they hold.
    """
    may_be = ([each in holding] if {each, opposite(each)} & holding else [True, False] for each in conditions)
    for answers in product(*may_be):
        yield _chosen(value, dict(zip(conditions, answers, strict=True)))


def chosen(value: Any, holding: frozenset[str]) -> Any:
    """Return which of two values it is where some conditions hold; the value itself where they leave that open."""
    if not isinstance(value, Either):
        return value
    found = list(possible(value, conditions_in(strings_in([value])), holding))
    return found[0] if len(found) == 1 else value


def choices(value: Any, conditions: tuple[str, ...]) -> Iterator[tuple[frozenset[str], Any]]:
    """Yield all that conditions may make of a value, each with the conditions, and opposites, under which it is so."""
    for each in product(*((condition, opposite(condition)) for condition in conditions)):
        (found,) = possible(value, conditions, frozenset(each))
        yield frozenset(each), found


def opposite(condition: str) -> str:
    """Return what holds where a condition, or the opposite of one, doesn't."""
    return condition.removeprefix(_NOT) if condition.startswith(_NOT) else f"{_NOT}{condition}"


def is_opposite(condition: str) -> bool:
    """Tell if it is the opposite of a condition."""
    return condition.startswith(_NOT)


def names_of(conditions: Iterable[str]) -> tuple[str, ...]:
    """Return the names of conditions, and of those of which these are opposites."""
    return tuple(sorted({each.removeprefix(_NOT) for each in conditions}))


def exclude(some: frozenset[str], others: frozenset[str]) -> bool:
    """Report whether conditions, and opposites of conditions, can't hold where others do."""
    return not others.isdisjoint(map(opposite, some))


def may_coexist(only_if: frozenset[str], other: frozenset[str]) -> bool:
    """Report whether two things may exist at once: not if each has a condition of its own, so that one is chosen."""
    return only_if <= other or other <= only_if


def _chosen(value: Any, holds: Mapping[str, bool]) -> Any:
    if isinstance(value, Either) and value.condition in holds:
        return _chosen(value.then if holds[value.condition] else value.otherwise, holds)
    if isinstance(value, list):
        items = [_chosen(each, holds) for each in value]
        return [each for each in items if each is not NO_VALUE]
    if isinstance(value, dict):
        values = {name: _chosen(each, holds) for name, each in value.items()}
        return {name: each for name, each in values.items() if each is not NO_VALUE}
    return value
