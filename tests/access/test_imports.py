"""The engine is data: an account can be judged without the CDK, and a template without boto3."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import personalize_kms_constructs

PACKAGE = Path(personalize_kms_constructs.__file__).parent
MODULES = sorted((PACKAGE / "_access").glob("*.py"))
FOREIGN = {"aws_cdk", "constructs", "jsii", "boto3", "botocore", "click", "rich"}


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """The level and the name of each import, wherever it stands in the module."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((0, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.level, (node.module or node.names[0].name).split(".")[0]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_of_the_engine_imports_the_standard_library_the_table_and_the_engine(path: Path) -> None:
    """Of the package only ``matrix``, which is data as well."""
    for level, name in imported(path):
        if level == 0:
            assert name in sys.stdlib_module_names, name
        elif level == 2:
            assert name == "matrix"
        else:
            assert level == 1
            assert (PACKAGE / "_access" / f"{name}.py").is_file()


def test_the_engine_works_without_the_cdk_and_boto3(tmp_path: Path) -> None:
    """Loaded beside the package's constructs, none of these is there."""
    code = f"""
import sys, types
for name in {sorted(FOREIGN)!r}:
    sys.modules[name] = None
package = types.ModuleType("personalize_kms_constructs")
package.__path__ = [{str(PACKAGE)!r}]
sys.modules["personalize_kms_constructs"] = package
from personalize_kms_constructs._access.comparison import compare
from personalize_kms_constructs._access.model import AccessModel
report = compare(AccessModel())
print(report.to_text(), report.to_markdown(), report.to_json())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    assert "0 missing" in done.stdout
