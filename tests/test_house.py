"""The rules of the house: imports and layers."""

import ast
import sys
from collections.abc import Collection, Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.sources import SOURCE, files

Module = tuple[str, ...]


@cache
def modules() -> dict[Module, ast.Module]:
    """Each module of the library by its name; a package is its ``__init__``."""
    trees = {}
    for path in files(SOURCE):
        name = path.relative_to(SOURCE).with_suffix("").parts
        trees[name[:-1] if name[-1] == "__init__" else name] = ast.parse(path.read_text("utf-8"))
    return trees


def shown(module: Module) -> str:
    """The name of a module in its package."""
    return ".".join(module[1:]) or "__init__"


def is_package(module: Module) -> bool:
    return (SOURCE / Path(*module) / "__init__.py").exists()


def is_of(module: Module, parts: Collection[str]) -> bool:
    """Tell if a module of the library is one of these, or in one of these packages."""
    return len(module) > 1 and module[1] in parts


def modules_of(parts: Collection[str]) -> list[Module]:
    """Return the modules that are one of these, or in one of these packages, which all exist."""
    named = {module[1] for module in modules() if len(module) > 1}
    assert named.issuperset(parts), f"no module is named {set(parts) - named}"
    return [module for module in modules() if is_of(module, parts)]


def imported(module: Module) -> Iterator[Module]:
    """The imports of a module, also those in functions and for type checkers."""
    for node in ast.walk(modules()[module]):
        if isinstance(node, ast.Import):
            yield from (tuple(alias.name.split(".")) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = node.level - is_package(module)
            start = module[: len(module) - above] if node.level else ()
            whole = (*start, *(node.module or "").split(".")) if node.module else start
            for alias in node.names:
                yield (*whole, alias.name) if (*whole, alias.name) in modules() else whole


def imported_of_the_package(module: Module) -> set[Module]:
    """The modules of the library that are loaded before the module, without its own packages."""
    loaded: set[Module] = set()
    for name in imported(module):
        loaded.update(name[:length] for length in range(1, len(name) + 1))
    return {name for name in loaded & modules().keys() if name != module[: len(name)]}


def test_no_imports_go_in_a_circle() -> None:
    """Imports for type checkers and in functions included: a reader can begin at one end."""
    graph = {module: imported_of_the_package(module) for module in modules()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" imports ".join(shown(name) for name in reversed(error.args[1])))


CONSTRUCT, CHECK = "personalize_kms_constructs", "personalize_kms_check"

# The check from the ground up: a module imports from floors below its own. Rooms of a floor know
# nothing of each other; modules of no room do.
FLOORS = (
    ("matrix", "_terminal"),
    ("_shared",),
    ("_model",),
    ("_evaluation", "_reports", "_templates"),
    ("_needs", "_owners"),
    ("_advice", "_findings", "_requests"),
    ("_comparison", "_reading", "_checking", "_judging"),
    ("_account",),
    ("_cli", "__main__"),
)
# What the construct shares with the check, and the one module that its plugins ask.
SHARED = ("matrix", "_shared")
DOOR = "_judging"
# Packages of others, and the modules of the check that may import them.
OF_OTHERS = {
    "click": ("_cli", "_terminal", "_account.command"),
    "yaml": ("_templates.yaml_templates",),
    "boto3": ("_account.asking",),
    "botocore": ("_account.asking",),
}


def floor_of(part: str) -> int:
    (floor,) = (number for number, parts in enumerate(FLOORS) if part in parts)
    return floor


def modules_below(package: str) -> list[Module]:
    return [module for module in modules() if module[0] == package and len(module) > 1]


def test_every_part_of_the_check_is_on_a_floor() -> None:
    parts = [part for parts in FLOORS for part in parts]
    assert sorted(parts) == sorted({module[1] for module in modules_below(CHECK)})


def may_import(module: Module, name: Module) -> bool:
    """Tell if a module of the check may import this."""
    if name[0] == CHECK:
        is_of_a_room = is_package((CHECK, module[1]))
        below = floor_of(module[1]) + (not is_of_a_room)
        return name[1] == module[1] or floor_of(name[1]) < below
    return name[0] in sys.stdlib_module_names or shown(module) in OF_OTHERS.get(name[0], ())


def test_modules_of_the_check_import_from_floors_below() -> None:
    """The check knows no construct and no CDK, and a template is checked without boto3."""
    wrong = []
    for module in modules_below(CHECK):
        wrong += [(module, name) for name in imported(module) if not may_import(module, name)]
    assert wrong == []


def test_the_construct_imports_what_it_shares_and_its_plugins_the_door() -> None:
    """The construct can be read without the check, but for its data."""
    assert modules_of((*SHARED, DOOR, "_judge", "checks"))
    for module in modules_below(CONSTRUCT):
        allowed = {DOOR, "__init__"} if is_of(module, ("_judge", "checks")) else {*SHARED}
        names = {shown(name[:2]) for name in imported(module) if name[0] == CHECK}
        assert names <= allowed, shown(module)


def test_the_construct_is_below_its_plugins() -> None:
    """Permissions don't depend on what judges them."""
    below = ("_grant", "_refusals", "jobs", "encryption", "_metadata", "_managed_key_policy")
    for module in modules_of(below):
        wrong = [shown(name) for name in imported(module) if is_of(name, ("_judge", "checks"))]
        assert wrong == [], shown(module)
