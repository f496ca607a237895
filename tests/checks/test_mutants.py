"""Synthesized templates, broken in every single way: each fault is found, and nothing else."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from personalize_kms_check import check_assembly
from personalize_kms_check._model.report import AccessReport
from tests.actions import FIVE, FOUR
from tests.checks.templates import Line, lines
from tests.proof import operators
from tests.proof.assembly import Assembly
from tests.proof.in_stacks import all_in_one_stack, three_stacks
from tests.proof.mutants import MUTATED, Mutant, places
from tests.proof.proving import HERE, synthesized
from tests.templates.stacks import FLAGS

EXPORT = ("kms:GenerateDataKeyWithoutPlaintext",)
READ = ["${Main/Data}/dataset-import-job/in/*", "${Main/Data}/batch-inference-job/in/*"]
WRITE = [
    "${Main/Data}/dataset-export-job/out/*",
    "${Main/Data}/batch-inference-job/out/*",
    "${Main/Data}/metric-attribution/out/*",
]
OWN_KEY, DATA_KEY, DATA = "${Main/Encryption/Key}", "${Main/DataKey}", "${Main/Data}"
BOTH_KEYS = (OWN_KEY, DATA_KEY)


def _lines(principal: str, policy: str, actions: Iterable[str], *resources: str) -> set[Line]:
    return {
        (principal, policy, action, resource)
        for action, resource in itertools.product(actions, resources)
    }


def _elsewhere(lines: set[Line]) -> set[Line]:
    """The same, with the bucket and its key in a stack of their own, and so the other key."""
    moved = set()
    for principal, policy, action, resource in lines:
        elsewhere = resource.replace("${Main/Data", "${Data/Data")
        elsewhere = elsewhere.replace("${Main/Encryption/Key", "${Security/Key")
        moved.add((principal, policy, action, elsewhere))
    return moved


# What each statement gives, by its policy and sid: written out from AWS's pages, not computed from
# the library's table. Everything is in one stack: the key policies name the role.
ONE_STACK: Mapping[str, set[Line]] = {
    "EncryptionKey PersonalizeRole": _lines("role", "key", (*FIVE, *EXPORT), OWN_KEY),
    "EncryptionKey PersonalizeService": _lines("service", "key", (*FIVE, *EXPORT), OWN_KEY),
    "DataKey PersonalizeRole": _lines("role", "key", FIVE, DATA_KEY),
    "DataKey PersonalizeService": _lines("service", "key", FIVE, DATA_KEY),
    "DataPolicy PersonalizeServiceListBucket": _lines("service", "bucket", ["s3:ListBucket"], DATA),
    "DataPolicy PersonalizeServiceReadObjects": _lines(
        "service", "bucket", ["s3:GetObject"], *READ
    ),
    "DataPolicy PersonalizeServiceWriteObjects": _lines(
        "service", "bucket", ["s3:PutObject"], *WRITE
    ),
    "EncryptionPolicy ListBucket": _lines("role", "role", ["s3:ListBucket"], DATA),
    "EncryptionPolicy PublishMetrics": _lines("role", "role", ["cloudwatch:PutMetricData"], "*"),
    "EncryptionPolicy ReadObjects": _lines("role", "role", ["s3:GetObject"], *READ),
    "EncryptionPolicy UseKey": _lines("role", "role", FOUR, *BOTH_KEYS),
    "EncryptionPolicy WriteObjects": _lines("role", "role", ["s3:PutObject"], *WRITE),
}
# In three stacks the key policies leave the role to IAM.
THREE_STACKS: Mapping[str, set[Line]] = {
    name.replace("EncryptionKey", "Key"): _elsewhere(lines)
    for name, lines in {
        **ONE_STACK,
        "EncryptionPolicy CreateGrants": _lines("role", "key", ["kms:CreateGrant"], *BOTH_KEYS),
        "EncryptionPolicy ExportData": _lines("role", "key", EXPORT, OWN_KEY),
        "EncryptionPolicy UseKey": _lines("role", "key", FOUR, *BOTH_KEYS),
    }.items()
}
TEMPLATES = {
    "one stack": (all_in_one_stack, ONE_STACK),
    "three stacks": (three_stacks, THREE_STACKS),
}


@pytest.fixture(scope="module", params=TEMPLATES)
def broken(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Broken:
    """An arrangement without the CDK's own key statements, which would hide missing access."""
    arrangement, given = TEMPLATES[request.param]
    directory = tmp_path_factory.mktemp("whole")
    synthesized(arrangement, directory, flags=FLAGS["flags_off"](), concrete=True, kinds=MUTATED)
    for path in directory.glob("*.template.json"):
        template = json.loads(path.read_text())
        for resource in template["Resources"].values():
            if resource["Type"] == "AWS::KMS::Key":
                assert resource["Properties"]["KeyPolicy"]["Statement"].pop(0)["Action"] == "kms:*"
        path.write_text(json.dumps(template))
    return Broken(directory, given)


class Broken:
    """An assembly on disk that is broken and mended again."""

    def __init__(self, directory: Path, given: Mapping[str, set[Line]]) -> None:
        self.directory = directory
        self.given = given
        self.assembly = Assembly.read(directory, HERE["aws"])
        self.whole = check_assembly(directory)

    def report(self, mutant: Mutant) -> AccessReport:
        """The report on a mutant."""
        for old, new in zip(self.assembly.templates, mutant.assembly.templates, strict=True):
            if new is not old:
                path = self.directory / new.file
                kept = path.read_text()
                path.write_text(json.dumps(new.body))
                try:
                    return check_assembly(self.directory)
                finally:
                    path.write_text(kept)
        raise AssertionError(f"{mutant.name} changes nothing")

    def missing(self, mutant: Mutant) -> set[Line]:
        """Return the permissions that the mutant lacks; nothing else is found."""
        report = self.report(mutant)
        assert [problem for problem in report.problems if problem.kind != "trust"] == []
        assert report.undecided == ()
        return lines(report, report.missing)


def test_the_whole_lacks_nothing(broken: Broken) -> None:
    """All reports below come from a fault; the tables above know each statement."""
    assert (broken.whole.missing, broken.whole.undecided, broken.whole.problems) == ((), (), ())
    known = {place.name for place in places(broken.assembly) if not place.name.endswith(" trust")}
    assert known == set(broken.given)


def _without_trust(mutants: Iterator[Mutant]) -> list[Mutant]:
    kept = [mutant for mutant in mutants if " trust" not in mutant.name]
    assert kept
    return kept


def test_each_action_that_is_taken_out_is_found(broken: Broken) -> None:
    """That action, on all that the statement gives it on, and nothing else."""
    for mutant in _without_trust(operators.drop_action(broken.assembly)):
        name, action = mutant.name.split(" without ")
        assert broken.missing(mutant) == {
            line for line in broken.given[name] if line[2] == action
        }, mutant.name


def test_each_resource_that_is_taken_out_is_found(broken: Broken) -> None:
    """The statement's actions on that resource, and nothing else."""
    mutants = []
    for mutant in _without_trust(operators.change_resource(broken.assembly)):
        *_, resource, change = mutant.name.split()
        if change == "dropped" and not resource.startswith("*"):
            mutants.append(mutant)
    assert mutants
    for mutant in mutants:
        missing = broken.missing(mutant)
        assert missing <= broken.given[" ".join(mutant.name.split()[:2])], mutant.name
        assert len({line[3] for line in missing}) == 1, mutant.name


def test_each_principal_that_is_another_is_found(broken: Broken) -> None:
    """The whole statement is missing for the role or the service that it named."""
    others = ("another role", "another account", "a longer name", "personalise.amazonaws.com")
    mutants = [
        mutant
        for mutant in _without_trust(operators.change_principal(broken.assembly))
        if mutant.name.partition(" for ")[2] in others
    ]
    assert mutants
    for mutant in mutants:
        assert broken.missing(mutant) == broken.given[mutant.name.partition(" for ")[0]], (
            mutant.name
        )


def test_each_denial_is_found(broken: Broken) -> None:
    """A statement of somebody else that denies everything, in each policy."""
    for mutant in operators.owner_denies(broken.assembly):
        report = broken.report(mutant)
        assert report.missing or [problem.kind for problem in report.problems] == ["trust"], (
            mutant.name
        )
        assert report.undecided == ()


def test_each_key_role_and_path_that_is_another_is_found(broken: Broken) -> None:
    """Somewhere the report isn't clean any more."""
    # Without a key of its own, the output gets the bucket's, which is the same.
    same = "S3DataDestination.KmsKeyArn None"
    mutants = [*operators.swap_keys(broken.assembly), *operators.swap_properties(broken.assembly)]
    for mutant in mutants:
        report = broken.report(mutant)
        assert bool(report.missing or report.undecided or report.problems) != mutant.name.endswith(
            same
        ), mutant.name
