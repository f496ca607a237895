"""The rules of the house: imports, layers, and modules that name an action."""

import ast
import re
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


# The table, what construct and check share, and the engine.
OF_ENGINE = (
    "matrix",
    "_answers",
    "_values",
    "_default_key_policy",
    "_causes",
    "_comparison",
    "_declarations",
    "_model",
    "_policy_documents",
    "_policy_to_change",
    "_asked",
    "_finding",
    "_evaluation",
    "_needs",
    "_findings",
    "_advice",
    "_reports",
)
ENGINE = modules_of(OF_ENGINE)


@pytest.mark.parametrize("module", ENGINE, ids=shown)
def test_a_module_of_the_engine_imports_the_standard_library_the_table_and_the_engine(
    module: Module,
) -> None:
    """An account can be judged without the CDK, and a template without boto3."""
    for name in imported(module):
        assert name[0] in sys.stdlib_module_names or name[1] in OF_ENGINE, name


def test_modules_of_construct_and_check_are_below_both() -> None:
    """The construct imports nothing of the engine, and the grants no judge."""
    above = (
        "_evaluation",
        "_needs",
        "_findings",
        "_advice",
        "_reports",
        "_templates",
        "_owners",
        "_requests",
        "_account",
        "_comparison",
        "_reading",
        "_checking",
        "checks",
        "_cli",
    )
    below = (
        "_grant",
        "_refusals",
        "jobs",
        "encryption",
        "_synth",
        "_metadata",
        "_managed_key_policy",
    )
    assert modules_of(above)
    for module in modules_of(below):
        wrong = [shown(name) for name in imported(module) if is_of(name, above)]
        assert wrong == [], shown(module)


# The modules that name an action of KMS or S3 though they aren't the table, and why they may.
NAME_ACTIONS = {
    "_owners.aws_managed_policies": "what policies of AWS allow, whatever the page asks for",
    "_findings.too_much": "what is read in a policy that gives more than the page asks for",
    "_default_key_policy": "KMS's default policy, which a key without one is given",
    "_managed_key_policy.shared_function": "calls of the managed function, not of Personalize",
}


def actions_in(module: Module) -> set[str]:
    """The actions in a module's texts, docstrings left out."""
    tree = modules()[module]
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    docstrings = {
        ast.get_docstring(node, clean=False)
        for node in ast.walk(tree)
        if isinstance(node, documented)
    }
    constants = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    texts = {value for value in constants if isinstance(value, str)}
    actions: set[str] = set()
    for text in texts - docstrings:
        actions.update(re.findall(r"(?<![:\w])(?:kms|s3):[A-Z*]\w*", text))
    return actions


def test_only_the_table_names_actions() -> None:
    """A permission of the page is added or removed in a single place."""
    naming = {shown(module): actions for module in modules() if (actions := actions_in(module))}
    assert naming.keys() == {"matrix", *NAME_ACTIONS}, naming
