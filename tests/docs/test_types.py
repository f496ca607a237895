"""The code of README and pages is right for pyright, as far as aws-cdk-lib lets it."""

import json
import re
import subprocess
import sys
from pathlib import Path

from tests.docs.code import DOCS, blocks

ROOT = DOCS.parent
# jsii's protocols name parameters otherwise than its classes, so pyright takes no Key for an IKey.
# Where a key may be missing, or a child is any construct, the CDK says no more.
OF_THE_CDK = re.compile(
    r'to parameter "\w+" of type "(Sequence\[)?I[A-Z]\w+\]?( \| None)?"'
    r'|is not a known attribute of "None"'
    r'|attribute "\w+" for class "IConstruct'
)


def test_pyright_finds_nothing_that_is_ours(tmp_path: Path) -> None:
    """The other findings are about parameters and results of aws-cdk-lib.

    Takes ten seconds: pyright reads all types of aws-cdk-lib that the pages use.
    """
    for page in (ROOT / "README.md", *DOCS.rglob("*.md")):
        if code := blocks(str(page), "python"):
            name = (
                page.relative_to(ROOT)
                .with_suffix("")
                .as_posix()
                .replace("/", "_")
                .replace("-", "_")
            )
            (tmp_path / f"{name}.py").write_text("\n".join(code), encoding="utf-8")
    (tmp_path / "pyrightconfig.json").write_text(
        '{"typeCheckingMode": "basic", "pythonVersion": "3.11"}'
    )
    command = [str(ROOT / "node_modules" / ".bin" / "pyright"), "-p", str(tmp_path), "--outputjson"]
    process = subprocess.run(
        [*command, "--pythonpath", sys.executable], capture_output=True, text=True, check=False
    )
    report = json.loads(process.stdout)

    assert report["summary"]["filesAnalyzed"] > 15
    ours = set()
    for diagnostic in report["generalDiagnostics"]:
        message = diagnostic["message"].split("\n")[0]
        if not OF_THE_CDK.search(message):
            ours.add((Path(diagnostic["file"]).stem, message))
    assert ours == set()
