"""The prover at work on broken templates: whatever is broken, it says so."""

import copy
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.proof.assembly import Assembly
from tests.proof.in_stacks import all_in_one_stack, three_stacks
from tests.proof.mutants import MUTATED
from tests.proof.needs import Use
from tests.proof.operators import OPERATORS
from tests.proof.outside_of_the_app import imported_key_and_role
from tests.proof.prover import differences
from tests.proof.proving import build, feature_flags

TOGETHER = "the service may do the same by a statement of its own already"
TWICE = "the same policy allows the action on these keys in another statement already"
SAME = "the number of an account and the ARN of its root are the same principal"

# The mutants that change nothing in effect, by name.
EQUIVALENT: Mapping[str, Mapping[str, str]] = {
    "everything": {},
    "three stacks": {
        "Key PersonalizeRole for its principal and the service": TOGETHER,
        "DataKey PersonalizeRole for its principal and the service": TOGETHER,
        "Key PersonalizeRole for the number of the account": SAME,
        "DataKey PersonalizeRole for the number of the account": SAME,
        "EncryptionPolicy CreateGrants with kms:Decrypt": TWICE,
        "EncryptionPolicy ExportData with kms:CreateGrant": TWICE,
        "EncryptionPolicy ExportData with kms:Decrypt": TWICE,
        "EncryptionPolicy UseKey with kms:CreateGrant": TWICE,
    },
}
TEMPLATES = {
    "everything": (all_in_one_stack, "flags_off"),
    "three stacks": (three_stacks, "recommended_flags"),
}

Unbroken = tuple[Assembly, list[Use]]


@pytest.fixture(scope="session")
def unbroken(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Unbroken]:
    """The unbroken templates, and the uses they are for."""
    assemblies = {}
    for name, (arrangement, flags) in TEMPLATES.items():
        directory = tmp_path_factory.mktemp("unbroken")
        _, uses, assembly = build(arrangement, directory, flags=feature_flags(flags), kinds=MUTATED)
        assemblies[name] = assembly, uses
    return assemblies


def noticed(assembly: Assembly, uses: list[Use]) -> bool:
    return next(differences(assembly.deployed(), uses), None) is not None


@pytest.mark.parametrize(
    "name", ["everything", pytest.param("three stacks", marks=pytest.mark.long)]
)
def test_every_way_to_break_a_template_is_noticed(
    name: str, unbroken: Mapping[str, Unbroken]
) -> None:
    """Only changes without an effect go unnoticed, and no change at all."""
    assembly, uses = unbroken[name]
    assert not noticed(assembly, uses)
    names: list[str] = []
    unnoticed = set()
    for operator in OPERATORS:
        before = len(names)
        for mutant in operator(assembly):
            names.append(mutant.name)
            if not noticed(mutant.assembly, uses):
                unnoticed.add(mutant.name)
        assert len(names) > before, operator.__name__
    assert len(set(names)) == len(names)
    assert unnoticed == set(EQUIVALENT[name])


@pytest.mark.parametrize("name", TEMPLATES)
def test_the_accounts_own_statement_is_not_needed(
    name: str, unbroken: Mapping[str, Unbroken]
) -> None:
    """Everything holds without the statement that CDK begins key policies with."""
    assembly, uses = unbroken[name]
    templates = copy.deepcopy(assembly.templates)
    removed = 0
    for template in templates:
        for resource in template.body["Resources"].values():
            if resource["Type"] == "AWS::KMS::Key":
                assert resource["Properties"]["KeyPolicy"]["Statement"].pop(0)["Action"] == "kms:*"
                removed += 1
    assert removed
    assert list(differences(Assembly(templates).deployed(), uses)) == []


def test_a_role_that_is_named_in_the_policy_of_others_is_noticed(tmp_path: Path) -> None:
    """It leaves a dead id there some day; the account with a condition doesn't."""
    deployed, uses, _ = build(imported_key_and_role, tmp_path)
    assert list(differences(deployed, uses)) == []
    (key,) = (key for arn, key in deployed.keys.items() if arn in deployed.outside)
    (role,) = deployed.roles
    for statement in key.policy["Statement"]:
        if statement.get("Sid", "").startswith("PersonalizeRole"):
            assert statement["Principal"] == {"AWS": "arn:aws:iam::111122223333:root"}
            statement["Principal"] = {"AWS": role}
    assert f"principal {role}" in {difference.action for difference in differences(deployed, uses)}
