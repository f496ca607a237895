"""Bad input: one line with the fault and its place, and never a traceback."""

import copy
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from personalize_kms_check import AssemblyError, check_assembly
from tests.checks.templates import complete, edit, of_type, policy, role, write
from tests.proof.in_stacks import in_sibling_nested_stacks
from tests.proof.proving import synthesized
from tests.templates.stacks import FLAGS


def message(directory: Path) -> str:
    with pytest.raises(AssemblyError) as caught:
        check_assembly(directory)
    text = str(caught.value)
    assert "\n" not in text
    assert isinstance(caught.value, ValueError)
    return text


def open_questions(directory: Path) -> list[str]:
    """The parts of an assembly that can't be read, all else of which is checked."""
    report = check_assembly(directory)
    assert report.asked == ("Main/Movies (dataset group)",)
    assert (report.missing, report.problems) == ((), ())
    return [entry.because for entry in report.undecided if not entry.principal]


def test_what_is_no_assembly(tmp_path: Path) -> None:
    """The message has path and remedy: for nothing, another file, and the app's directory."""
    assert message(tmp_path / "cdk.out") == (
        f"{tmp_path}/cdk.out: no such directory or file: pass another path, or run cdk synth first"
    )
    (tmp_path / "cdk.json").write_text('{"app": "python app.py"}')
    assert message(tmp_path / "cdk.json") == (
        f"{tmp_path}/cdk.json: not a CloudFormation template: it has no Resources"
    )
    assert message(tmp_path) == (
        f"{tmp_path}: no manifest.json and no template: run cdk synth first, or pass its output, "
        "cdk.out"
    )


def test_what_is_no_path() -> None:
    """The app, a stack, a template's content: the message says which object to pass."""
    wrong: tuple[Any, ...] = (cdk.App(), cdk.Stack(), {"Resources": {}}, None)
    assert [message(target) for target in wrong] == [
        f"an object of type {name} isn't an assembly: pass app.synth() or a path"
        for name in ("App", "Stack", "dict", "NoneType")
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"version": ', "can't be read as JSON: "),
        ("[]", "not a JSON object, as templates and the files of an assembly are"),
        ("[" * 100_000, "can't be read as JSON: "),
        ('{"name": "My web app", "icons": []}', "not the manifest of a cloud assembly"),
        ('{"version": "1", "artifacts": {"Main": []}}', "artifact Main has no type"),
        (
            '{"version": "1", "artifacts": {"Main": {"type": "aws:cloudformation:stack"}}}',
            "has no templateFile",
        ),
        (
            '{"version": "1", "artifacts": {"Prod": {"type": "cdk:cloud-assembly", '
            '"properties": {}}}}',
            "no directoryName",
        ),
    ],
)
def test_manifests_that_are_none(text: str, says: str, tmp_path: Path) -> None:
    """Broken JSON, another program's manifest, artifacts that lack a property."""
    (tmp_path / "manifest.json").write_text(text)
    told = message(tmp_path)
    assert told.startswith(f"{tmp_path}/manifest.json: ")
    assert says in told


def test_a_manifest_that_is_no_text(tmp_path: Path) -> None:
    """Bytes that aren't UTF-8."""
    (tmp_path / "manifest.json").write_bytes(b"\xff\xfe\x00")
    assert message(tmp_path).startswith(f"{tmp_path}/manifest.json: can't be read as UTF-8: ")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "no such file, though the assembly refers to it"),
        ("Resources: {A: !!binary aGk=}", "can't be read as YAML"),
        ('{"Resources": []}', "not a CloudFormation template: Resources isn't an object"),
        (
            '{"Resources": {"Key": {"Properties": {}}}}',
            "not a CloudFormation template: Resources.Key has no Type",
        ),
        (
            '{"Resources": {"Key": {"Type": "AWS::KMS::Key", "Properties": []}}}',
            "not a CloudFormation template: Resources.Key: its Properties aren't an object",
        ),
    ],
)
def test_templates_that_are_none(text: str | None, says: str, tmp_path: Path) -> None:
    """Missing, YAML, a macro's, or of another shape."""
    path = write(tmp_path, {"Main": complete()}) / "Main.template.json"
    path.unlink() if text is None else path.write_text(text)
    assert message(tmp_path).startswith(f"{path}: {says}")


def test_circular_references(tmp_path: Path) -> None:
    """CloudFormation refuses circles: of conditions, of the names of resources, and of stacks."""
    says = "something refers to itself, or is nested too deeply to be read"
    conditions = {"A": {"Condition": "B"}, "B": {"Condition": "A"}}
    template = {**complete(Policy={**policy(), "Condition": "A"}), "Conditions": conditions}
    assert says in message(write(tmp_path / "2", {"Main": template}))
    stacks = write(
        tmp_path / "3", {"One": {}, "Two": {}}, dependencies={"One": ["Two"], "Two": ["One"]}
    )
    assert check_assembly(stacks).asked == ()
    names = complete(Role=role(RoleName={"Ref": "Role"}))
    assert says in message(write(tmp_path / "4", {"Main": names}))


def test_nested_stacks_that_contain_themselves(tmp_path: Path) -> None:
    """One contains another that contains the first."""

    def nested(file: str) -> dict[str, Any]:
        stack = {"Type": "AWS::CloudFormation::Stack", "Metadata": {"aws:asset:path": file}}
        return {"Resources": {"Nested": stack}}

    directory = write(
        tmp_path, {"Main": nested("other.json")}, files={"other.json": nested("Main.template.json")}
    )
    assert (
        message(directory)
        == f"{directory}/Main.template.json: circular reference: the stack is nested in itself"
    )


@pytest.fixture
def usual_recursion_limit() -> Iterator[None]:
    """Python's own, whatever other tests of the process need."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)
    yield
    sys.setrecursionlimit(limit)


@pytest.mark.usefixtures("usual_recursion_limit")
@pytest.mark.parametrize("place", ["policy", "definition"])
def test_what_is_nested_too_deeply(place: str, tmp_path: Path) -> None:
    """No policy and no state machine is."""
    deep: dict[str, Any] = {}
    # Deeper than Python calls go, and not so deep that the file can't be read; both counted as one
    # up to Python 3.11.
    for _ in range(900 if sys.version_info < (3, 12) else 1200):
        deep = {"a": deep}
    template = complete()
    if place == "policy":
        template["Resources"]["Policy"]["Properties"]["PolicyDocument"] = deep
    else:
        task = {
            "Type": "Task",
            "Resource": "arn:aws:states:::aws-sdk:personalize:createDatasetGroup",
            "Arguments": deep,
        }
        definition = json.dumps({"States": {"Start": task}})
        template["Resources"]["Machine"] = of_type(
            "AWS::StepFunctions::StateMachine", DefinitionString=definition
        )
    write(tmp_path, {"Main": template})
    assert open_questions(tmp_path) == [
        f"{tmp_path}/Main.template.json: something refers to itself, or is nested too deeply to be "
        "read"
    ]


def test_a_definition_in_a_file_that_is_no_text(tmp_path: Path) -> None:
    """An asset of the app, as ``DefinitionS3Location`` names it."""
    machine = of_type(
        "AWS::StepFunctions::StateMachine",
        DefinitionS3Location={"Bucket": "assets", "Key": "abc.json"},
    )
    write(tmp_path, {"Main": complete(Machine=machine)})
    (tmp_path / "asset.abc.json").write_bytes(b"\xff\xfe")
    (because,) = open_questions(tmp_path)
    assert because.startswith(f"{tmp_path}/asset.abc.json: can't be read as UTF-8: ")


@pytest.mark.parametrize("export", ["Name", {"Nobody": "x"}])
def test_exports_that_are_none(export: Any, tmp_path: Path) -> None:
    """An imported value isn't known then."""
    outputs = {"Out": {"Value": "x", "Export": export}}
    stacks = {
        "One": {"Outputs": outputs},
        "Two": complete(Policy=policy({"Fn::ImportValue": "Name"})),
    }
    assert {entry.policy for entry in check_assembly(write(tmp_path, stacks)).undecided} == {"role"}


def test_an_import_that_goes_round(tmp_path: Path) -> None:
    """Two stacks that export values that they import from each other."""

    def stack(exported: str, imported: str) -> dict[str, Any]:
        outputs = {"Out": {"Value": {"Fn::ImportValue": imported}, "Export": {"Name": exported}}}
        return {**complete(Policy=policy({"Fn::ImportValue": imported})), "Outputs": outputs}

    write(tmp_path, {"One": stack("a", "b"), "Two": stack("b", "a")})
    undecided = check_assembly(tmp_path).undecided
    assert any("refers to itself" in entry.because for entry in undecided)


def test_a_link_to_itself(tmp_path: Path) -> None:
    """As a path, and as a file of an assembly."""
    link = tmp_path / "cdk.out"
    link.symlink_to(link.name)
    said = message(link)
    assert said == f"{link}: no such directory or file: pass another path, or run cdk synth first"
    template = write(tmp_path / "app", {"Main": complete()}) / "Main.template.json"
    template.unlink()
    template.symlink_to(template.name)
    assert message(tmp_path / "app").startswith(f"{template}: can't be read: ")


def test_assets_and_metadata_that_are_broken(tmp_path: Path) -> None:
    """Files beside the templates count too."""
    write(tmp_path, {"Main": complete()})
    (tmp_path / "Main.assets.json").write_text("{")
    assert message(tmp_path).startswith(f"{tmp_path}/Main.assets.json: can't be read as JSON")
    write(tmp_path, {"Main": complete()})
    edit(tmp_path / "manifest.json", Main={"additionalMetadataFile": "gone.json"})
    assert (
        message(tmp_path) == f"{tmp_path}/gone.json: no such file, though the assembly refers to it"
    )


STRANGE: tuple[Any, ...] = (
    None, True, 7, 1.5, "", "x", "${x}", "${a.b?}", "arn:aws:kms:::", "arn:",
    [], {}, [[]], [None], {"a": 1}, {"Ref": 3}, {"Ref": "Nobody"}, {"Fn::GetAtt": []},
    {"Fn::GetAtt": "x"}, {"Fn::Join": []}, {"Fn::Sub": []}, {"Fn::Select": [9, []]},
    {"Fn::Split": [1]}, {"Fn::If": []}, {"Fn::ImportValue": {}}, {"Fn::GetStackOutput": {}},
    {"Fn::FindInMap": ["a"]}, {"Ref": "AWS::NoValue"}, {"Fn::Sub": "${a"},
    {"Fn::Join": ["", {"Ref": "x"}]},
)  # fmt: skip


def places(value: Any) -> list[tuple[Any, Any]]:
    """Everything in a template that can be replaced."""
    all_places: list[tuple[Any, Any]] = []
    entries = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for name, entry in entries:
        all_places.append((value, name))
        all_places += places(entry)
    return all_places


def test_templates_with_anything_anywhere(tmp_path: Path) -> None:
    """A report or one line, whatever stands where: templates with one to three values replaced."""
    directory = tmp_path / "cdk.out"
    synthesized(in_sibling_nested_stacks, directory, flags=FLAGS["flags_off"]())
    draw = random.Random(57)
    files = [*sorted(directory.glob("*.template.json")), directory / "manifest.json"]
    originals = {path: path.read_text() for path in files}
    rounds = 60
    reports = refused = 0
    for _ in range(rounds):
        path = draw.choice(files)
        content = json.loads(originals[path])
        for _ in range(draw.randint(1, 3)):
            container, name = draw.choice(places(content))
            container[name] = copy.deepcopy(draw.choice(STRANGE))
        path.write_text(json.dumps(content))
        try:
            report = check_assembly(directory)
            report.to_text(), report.to_markdown(), report.to_json()
            reports += 1
        except AssemblyError as error:
            refused += len(str(error).splitlines()) == 1
        path.write_text(originals[path])
    assert reports + refused == rounds
    assert reports > rounds / 4
    assert refused > rounds / 40
