"""The lists of files for tools: every entry finds a file, and no package is left out."""

import re
import runpy
import tomllib
from fnmatch import fnmatch

import pytest

from tests.sources import ROOT, SOURCE, files, packages

TOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
MUTMUT = TOOLS["mutmut"]
MUTATED = MUTMUT["only_mutate"]
MAKEFILE = (ROOT / "Makefile").read_text()
DECIDES = ",".join(re.findall(r"^DECIDES := (?:\$\(DECIDES\),)?(.*)$", MAKEFILE, re.MULTILINE))
SOURCES = [path.relative_to(ROOT).as_posix() for path in files(SOURCE)]
SHIPPED = TOOLS["hatch"]["build"]["targets"]

PATHS = {
    "hatch's package": SHIPPED["wheel"]["packages"],
    "hatch's source distribution": [path.strip("/") for path in SHIPPED["sdist"]["include"]],
    "ruff's exceptions": [path.rstrip("*/") for path in TOOLS["ruff"]["lint"]["per-file-ignores"]],
    "ruff's formatting": TOOLS["ruff"]["format"]["exclude"],
    "mypy": TOOLS["mypy"]["files"] + TOOLS["mypy"]["exclude"],
    "pyright": TOOLS["pyright"]["include"],
    "pytest": TOOLS["pytest"]["ini_options"]["testpaths"],
    "mutmut's copies": MUTMUT["source_paths"] + MUTMUT["also_copy"],
    "mutmut's tests": MUTMUT["pytest_add_cli_args_test_selection"],
    "mutmut's options": re.findall(r"=(tests/\S+)", "\n".join(MUTMUT["pytest_add_cli_args"])),
}


@pytest.mark.parametrize("path", [f"{of}: {path}" for of, paths in PATHS.items() for path in paths])
def test_a_listed_path_is_there(path: str) -> None:
    """A tool that is given a path that isn't there may say nothing, and look at nothing."""
    assert (ROOT / path.partition(": ")[2]).exists()


@pytest.mark.parametrize("pattern", [*MUTATED, *DECIDES.split(",")])
def test_a_pattern_finds_modules(pattern: str) -> None:
    """Mutants and coverage of what decides are those of modules that there are."""
    assert [path for path in SOURCES if fnmatch(path, pattern)]


def test_explained_mutants_are_of_modules_that_are_mutated() -> None:
    """The mutants themselves take half an hour, and say the same in the end."""
    mutated = []
    for path in SOURCES:
        if any(fnmatch(path, pattern) for pattern in MUTATED):
            package_and_module = path.removeprefix("src/").removesuffix(".py")
            mutated.append(package_and_module.partition("/")[2].replace("/", "."))
    explained = runpy.run_path(str(ROOT / "scripts" / "test-mutants"))["EXPLAINED"]
    assert explained
    for function in explained:
        assert function.startswith(tuple(f"{module}." for module in mutated)), function


def test_every_package_is_covered_and_shipped_and_its_warnings_are_errors() -> None:
    """Coverage doesn't warn of a package that no process has imported."""
    assert TOOLS["coverage"]["run"]["source_pkgs"] == packages()
    assert SHIPPED["wheel"]["packages"] == [f"src/{package}" for package in packages()]
    assert TOOLS["pytest"]["ini_options"]["filterwarnings"] == [
        f"error::DeprecationWarning:{package}" for package in packages()
    ]
