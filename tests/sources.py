"""The files that tests look at. A test that finds no file has nothing to look at, and fails."""

from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"


def files(place: Path, pattern: str = "*.py") -> list[Path]:
    """Return the matching files of a folder, of which there has to be one; or the file itself."""
    matching = [place] if place.is_file() else sorted(place.rglob(pattern))
    assert matching, f"nothing in {place} matches {pattern}"
    return matching


def packages() -> list[str]:
    """Return the names of the packages that the library consists of."""
    return [path.parent.name for path in files(SOURCE, "__init__.py") if path.parents[1] == SOURCE]
