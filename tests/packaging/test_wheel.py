"""The distributions that are published: what is in them, and that the wheel needs nothing but what it declares."""

import email.message
import email.parser
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.templates import stacks

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "src" / "personalize_kms_constructs"
FILES = [path for path in SOURCES.rglob("*") if path.is_file() and "__pycache__" not in path.parts]
PACKAGE = {path.relative_to(SOURCES.parent).as_posix() for path in FILES}


@pytest.fixture(scope="session")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a source distribution, and a wheel that is built from it."""
    directory = tmp_path_factory.mktemp("distributions")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(directory), str(ROOT)]
    built = subprocess.run(command, capture_output=True, text=True)
    assert built.returncode == 0, built.stdout + built.stderr
    return directory


@pytest.fixture(scope="session")
def wheel(distributions: Path) -> Path:
    (wheel,) = distributions.glob("*.whl")
    return wheel


@pytest.fixture(scope="session")
def metadata(wheel: Path) -> email.message.Message:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return email.parser.BytesParser().parsebytes(archive.read(name))


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment that has the wheel, what its metadata declares, and nothing else."""
    environment = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = environment / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check", "--isolated"]
    subprocess.run([*pip, "install", "--quiet", "--no-index", "--no-deps", str(wheel)], check=True)
    (site_packages,) = environment.glob("lib/python*/site-packages")
    (info,) = site_packages.glob("personalize_kms_constructs-*.dist-info")
    for needed in _closure(Distribution.at(info)).values():
        _link(needed, site_packages)
    return python


def _closure(dependent: Distribution) -> dict[str, Distribution]:
    """What a distribution needs at run time, as installed here, by name."""
    found: dict[str, Distribution] = {}
    todo = [dependent]
    while todo:
        for text in todo.pop().requires or []:
            requirement = Requirement(text)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                needed = distribution(requirement.name)
                if needed.name not in found:
                    found[needed.name] = needed
                    todo.append(needed)
    return found


def _link(needed: Distribution, site_packages: Path) -> None:
    """Have a distribution in another environment, file by file: aws_cdk is a folder of several distributions."""
    for file in needed.files or []:
        link = site_packages / file
        # Scripts are outside; one file is in two distributions.
        if ".." not in file.parts and not link.is_symlink():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(str(needed.locate_file(file)))


def _templates(directory: Path) -> dict[str, bytes]:
    """The templates in cloud assemblies, byte for byte."""
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.glob("*/*.template.json")}


def test_wheel_has_the_package_and_nothing_else(wheel: Path, metadata: email.message.Message) -> None:
    """A module, the marker of types or the licence that is left out, or a test that got in, would show here."""
    info = f"personalize_kms_constructs-{metadata['Version']}.dist-info"
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    assert "personalize_kms_constructs/py.typed" in names
    assert names == PACKAGE | {f"{info}/{name}" for name in ("METADATA", "RECORD", "WHEEL", "licenses/LICENSE")}


def test_source_distribution_has_what_a_build_needs(distributions: Path) -> None:
    """Whoever packages it from source gets sources, licence and changelog, and nothing that was installed here."""
    (sdist,) = distributions.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert names >= {f"src/{name}" for name in PACKAGE}
    assert names >= {"pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE"}
    assert not {name.partition("/")[0] for name in names} & {".venv", "node_modules", "cdk.out", "dist"}


def test_metadata_says_what_it_is_and_needs(metadata: email.message.Message) -> None:
    """Two dependencies, and each within its major version."""
    assert metadata["Name"] == "personalize-kms-constructs"
    assert f'\nversion = "{metadata["Version"]}"\n' in (ROOT / "pyproject.toml").read_text()
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.10"
    assert metadata.get_all("Requires-Dist") == ["aws-cdk-lib<3,>=2.160.0", "constructs<11,>=10.0.0"]
    assert {"Framework :: AWS CDK :: 2", "Typing :: Typed"} <= set(metadata.get_all("Classifier", []))


def test_wheel_makes_the_same_templates_where_only_its_dependencies_are(installed: Path, tmp_path: Path) -> None:
    """An import of anything that isn't declared would fail here, and a file left out of the wheel."""
    # Isolated: neither PYTHONPATH nor the working directory can lend it a module.
    python = [str(installed), "-I"]
    script = "import personalize_kms_constructs as package; print(package.__file__)"
    found = subprocess.run([*python, "-c", script], check=True, capture_output=True, text=True)
    assert Path(found.stdout.strip()).is_relative_to(installed.parents[1])

    subprocess.run([*python, stacks.__file__, str(tmp_path / "wheel")], check=True)
    stacks.synthesize(tmp_path / "sources")

    assert _templates(tmp_path / "wheel") == _templates(tmp_path / "sources")
    assert len(_templates(tmp_path / "wheel")) == len(stacks.FLAGS) * len(stacks.STACKS)


def test_nothing_but_declared_dependencies_is_there(installed: Path) -> None:
    """Were a tool of development in the environment, the test above would prove nothing."""
    script = "import importlib.metadata as m; print(*sorted(d.name for d in m.distributions()))"
    found = subprocess.run([str(installed), "-I", "-c", script], check=True, capture_output=True, text=True)

    names = found.stdout.split()
    assert {"aws-cdk-lib", "constructs", "jsii", "personalize-kms-constructs"} <= set(names)
    assert not {"pytest", "boto3", "packaging", "pip", "PyYAML", "hatchling"} & set(names)
