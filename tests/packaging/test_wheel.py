"""The installed wheel: it works, and needs nothing but its declared dependencies."""

import subprocess
import sys
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.templates import stacks


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with only the wheel and its declared dependencies."""
    python, info = _environment(wheel, tmp_path_factory.mktemp("environment"))
    for needed in _closure(Distribution.at(info)).values():
        _link(needed, info.parent)
    return python


@pytest.fixture(scope="session")
def of_command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with only the wheel and what its command needs."""
    python, info = _environment(wheel, tmp_path_factory.mktemp("command"))
    for name in ("click", "PyYAML"):
        _link(distribution(name), info.parent)
    return python


def _environment(wheel: Path, directory: Path) -> tuple[Path, Path]:
    """Return the Python of an environment with a wheel alone, and the wheel's metadata there."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(directory)], check=True)
    python = directory / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    install = ["--isolated", "install", "--quiet", "--no-index", "--no-deps", str(wheel)]
    subprocess.run([*pip, *install], check=True)
    (info,) = directory.glob("lib/python*/site-packages/personalize_kms_constructs-*.dist-info")
    return python, info


def _closure(dependent: Distribution) -> dict[str, Distribution]:
    """Return the distributions that another needs at run time, as installed here, by name."""
    closure: dict[str, Distribution] = {}
    todo = [dependent]
    while todo:
        for text in todo.pop().requires or []:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                needed = distribution(requirement.name)
                if needed.name not in closure:
                    closure[needed.name] = needed
                    todo.append(needed)
    return closure


def _link(needed: Distribution, site_packages: Path) -> None:
    """Link a distribution's files in another environment: several share the folder aws_cdk."""
    for file in needed.files or []:
        link = site_packages / file
        # Scripts are outside; one file is in two distributions.
        if ".." not in file.parts and not link.is_symlink():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(str(needed.locate_file(file)))


@pytest.mark.long
def test_wheel_makes_the_same_templates_where_only_its_dependencies_are(
    installed: Path, tmp_path: Path
) -> None:
    """No import of an undeclared package or of a file outside of the wheel.

    Takes ten seconds: all stacks are synthesized twice, once by an environment without byte code.
    """
    # Isolated: neither PYTHONPATH nor the working directory can lend it a module.
    python = [str(installed), "-I"]
    script = "import personalize_kms_constructs as package; print(package.__file__)"
    imported = subprocess.run([*python, "-c", script], check=True, capture_output=True, text=True)
    assert Path(imported.stdout.strip()).is_relative_to(installed.parents[1])

    subprocess.run([*python, stacks.__file__, str(tmp_path / "wheel")], check=True)
    stacks.synthesize(tmp_path / "sources")

    of_wheel = stacks.template_files(tmp_path / "wheel")
    assert of_wheel == stacks.template_files(tmp_path / "sources")
    assert len(of_wheel) == len(stacks.FLAGS) * len(stacks.STACKS)


def _distributions(python: Path) -> list[str]:
    """Return the names of what is installed for a Python."""
    script = "import importlib.metadata as m; print(*sorted(d.name for d in m.distributions()))"
    return subprocess.check_output([str(python), "-I", "-c", script], text=True).split()


@pytest.mark.long
def test_nothing_but_declared_dependencies_is_there(installed: Path) -> None:
    """Were a tool of development in the environment, the test above would prove nothing."""
    names = _distributions(installed)
    assert {"aws-cdk-lib", "constructs", "jsii", "personalize-kms-constructs"} <= set(names)
    assert not {"pytest", "boto3", "packaging", "pip", "PyYAML", "hatchling"} & set(names)


TEMPLATE = """
Resources:
  Key:
    Type: AWS::KMS::Key
    Properties: {KeyPolicy: {Statement: []}}
  Movies:
    Type: AWS::Personalize::DatasetGroup
    Properties:
      Name: movies
      KmsKeyArn: !GetAtt Key.Arn
      RoleArn: !GetAtt Role.Arn
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Statement: []}
"""


@pytest.mark.long
def test_the_command_runs_where_neither_the_cdk_nor_boto3_is(
    of_command: Path, tmp_path: Path
) -> None:
    """Templates in YAML and JSON are checked with click and PyYAML alone."""
    (tmp_path / "movies.yaml").write_text(TEMPLATE)
    assert _distributions(of_command) == ["PyYAML", "click", "personalize-kms-constructs"]

    command = [str(of_command), "-I", str(of_command.with_name("personalize-kms"))]
    check = [*command, "check", "movies.yaml"]
    checked = subprocess.run(check, cwd=tmp_path, capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (1, "")
    assert "kms:CreateGrant" in checked.stdout
    doctor = subprocess.run([*command, "doctor"], capture_output=True, text=True)
    assert (doctor.returncode, "doctor needs its extra" in doctor.stderr) == (2, True)
