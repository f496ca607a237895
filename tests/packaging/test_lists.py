"""The lists of modules for tools: every pattern finds some, and no package is left out."""

import re
import tomllib
from fnmatch import fnmatch

import pytest

from tests.sources import ROOT, SOURCE, files, packages

TOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
MUTATED = TOOLS["mutmut"]["only_mutate"]
MAKEFILE = (ROOT / "Makefile").read_text()
DECIDES = ",".join(re.findall(r"^DECIDES := (?:\$\(DECIDES\),)?(.*)$", MAKEFILE, re.MULTILINE))
SOURCES = [path.relative_to(ROOT).as_posix() for path in files(SOURCE)]


@pytest.mark.parametrize("pattern", [*MUTATED, *DECIDES.split(",")])
def test_a_pattern_finds_modules(pattern: str) -> None:
    """Mutants and coverage of what decides are those of modules that there are."""
    assert [path for path in SOURCES if fnmatch(path, pattern)]


def test_every_package_is_covered_and_shipped_and_its_warnings_are_errors() -> None:
    """Coverage doesn't warn of a package that no process has imported."""
    assert TOOLS["coverage"]["run"]["source_pkgs"] == packages()
    assert TOOLS["hatch"]["build"]["targets"]["wheel"]["packages"] == [
        f"src/{package}" for package in packages()
    ]
    assert TOOLS["pytest"]["ini_options"]["filterwarnings"] == [
        f"error::DeprecationWarning:{package}" for package in packages()
    ]
