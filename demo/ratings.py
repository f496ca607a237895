"""MovieLens 100K as the interactions CSV that Personalize imports.

The data set's licence forbids redistribution, so it is taken from a package that ships it, when it
is wanted.
"""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

_REQUIREMENTS = Path(__file__).resolve().parent.parent / "requirements" / "data.txt"
_MEMBER = "recbole/dataset_example/ml-100k/ml-100k.inter"


def ratings_csv(cache: Path) -> Path:
    """The CSV file, made in this folder unless it is there already."""
    path = cache / "ratings.csv"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_text(_convert(_download()), newline="")
        partial.replace(path)
    return path


def _download() -> str:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [
                *(
                    sys.executable,
                    "-m",
                    "pip",
                    "download",
                    "--quiet",
                    "--disable-pip-version-check",
                ),
                *(
                    "--no-deps",
                    "--only-binary=:all:",
                    "--require-hashes",
                    "--dest",
                    folder,
                    "-r",
                    str(_REQUIREMENTS),
                ),
            ],
            check=True,
        )
        (wheel,) = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            return archive.read(_MEMBER).decode()


def _convert(inter: str) -> str:
    """Convert tab-separated ``user_id item_id rating timestamp`` lines to interactions."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["USER_ID", "ITEM_ID", "EVENT_TYPE", "TIMESTAMP"])
    for row in csv.DictReader(io.StringIO(inter), delimiter="\t"):
        writer.writerow(
            [
                row["user_id:token"],
                row["item_id:token"],
                "rating",
                int(float(row["timestamp:float"])),
            ]
        )
    return out.getvalue()
