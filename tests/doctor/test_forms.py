"""The report for a terminal and for a ticket, with findings in it."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable

import pytest
from click.testing import Result

from personalize_kms_constructs import matrix
from tests.doctor.fake_account import ACCOUNT, BASE_5, GROUP, KEY, ROLE, SERVICE, FakeAccount, allow

KMS_PAGE = "https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html"

PLACE = "in the place of statements 1, 2"


@pytest.fixture
def markdown(account: FakeAccount, command: Callable[..., Result]) -> Callable[[], str]:
    """The report on an account with an import job."""
    account.add(matrix.DATASET_IMPORT_JOB, "load")
    return lambda: command("movies", "--format", "markdown").stdout


def rows(text: str) -> list[list[str]]:
    """The cells of the table of findings, less its head."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines][1:]


def test_findings_in_a_terminal(account: FakeAccount, command: Callable[..., Result]) -> None:
    """A line says what is missing, and below is all that the policy should have, which can be pasted as it is."""
    account.keys[KEY] = [allow(BASE_5, {"AWS": ROLE}), allow(BASE_5[:4], SERVICE)]
    result = command("movies")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert f"✘ key policy of {KEY} lacks kms:ListGrants for Personalize" in lines
    start = lines.index(f"key policy of {KEY}, for Personalize ({PLACE}):") + 1
    condition = {"StringEqualsIfExists": {"aws:SourceAccount": ACCOUNT}}
    assert [json.loads(line) for line in lines[start : start + 2]] == [
        allow(BASE_5, {"AWS": ROLE}),
        {**allow(BASE_5, SERVICE), "Condition": condition},
    ]
    assert lines[start + 2 : start + 4] == ["", "1 missing, 0 problems, 0 undecided, 13 as AWS's pages ask"]
    assert lines[-1].startswith("1 dataset group: 1 missing, 0 problems, 0 warnings, 0 undecided")


def test_findings_in_a_ticket(account: FakeAccount, markdown: Callable[[], str]) -> None:
    """A row for each finding, and beneath the table the statements that the policy should have."""
    account.keys[KEY] = [allow(BASE_5, {"AWS": ROLE}), allow(BASE_5[:4], SERVICE)]
    text = markdown()
    assert text.startswith(
        "account 111122223333, Region eu-west-1\n\n# Dataset group movies\n\n1 missing, 0 problems, 0 undecided"
    )
    assert "\nNotes:\n\n- it is ACTIVE, and has a key and a role\n" in text
    assert rows(text) == [
        [
            "✘",
            f"key policy of {KEY} lacks kms:ListGrants for Personalize",
            "",
            "load (dataset import job), movies (dataset group)",
            f"[AWS]({KMS_PAGE})",
        ]
    ]
    assert f"\nKey policy of {KEY}, for Personalize ({PLACE}):\n\n```json\n" in text
    assert "\n# Control policies\n" in text
    actions = ", ".join(f"`{action}`" for action in [*BASE_5, "s3:GetObject", "s3:ListBucket"])
    assert f"\n- for Personalize: {actions}\n" in text
    assert text.splitlines()[-1].startswith("1 dataset group: 1 missing, 0 problems, 0 warnings, 0 undecided, ")


def test_the_id_of_a_deleted_role_is_told_in_words(account: FakeAccount, markdown: Callable[[], str]) -> None:
    """KMS refuses a policy that keeps the id, and the rest of the statement may stay."""
    account.keys[KEY] = [allow(BASE_5, {"AWS": "AROADEADDEADDEADDEAD1"}), allow(BASE_5, SERVICE)]
    text = markdown()
    assert "```json" not in text
    ((mark, says, *_),) = rows(text)
    assert (mark, says) == (
        "✘",
        f"the key policy of {KEY} names AROADEADDEADDEADDEAD1, the id of a deleted role, and a role that is created "
        "again gets a new id (needed by load (dataset import job), movies (dataset group)): "
        "replace the id with the role",
    )


def test_what_is_not_answered_is_listed(account: FakeAccount, markdown: Callable[[], str]) -> None:
    """With the actions that somebody has to be allowed."""
    account.answer("ListSolutions", "AccessDeniedException")
    text = markdown()
    says = "not answered: allow these actions, ask somebody who has them to run it, or try again later"
    assert f"\n# Not answered\n\n{says}\n\n- `personalize:ListSolutions` on {GROUP}\n" in text
    ((mark, finding, _, needed_by, _),) = rows(text)
    assert (mark, finding) == (
        "?",
        "movies (dataset group): not all of its jobs, or of their listings, can be seen: 1 not answered",
    )
    assert needed_by == "movies (dataset group)"


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_nothing_steers_the_terminal(account: FakeAccount, command: Callable[..., Result], form: str) -> None:
    """Whoever names a job or a statement may write control characters; in JSON they stay what they are."""
    reason = "no\x1b[2J\x9b31m\x07\x7f\rway"
    account.add(matrix.DATASET_IMPORT_JOB, "load\x1b]0;", status="CREATE FAILED", failureReason=reason)
    account.keys[KEY] = [{**allow(BASE_5, SERVICE), "Effect": "Deny", "Sid": "A\x1b[8m"}]
    account.made["DatasetGroup"].append({**account.made["DatasetGroup"][0], "datasetGroupArn": f"{GROUP}\x1b"})
    account.answer("DescribeDatasetGroup", "Expired\x1bTokenException", "u001b")
    result = command("--format", form)
    written = result.stdout + result.stderr
    assert [each for each in written if unicodedata.category(each) == "Cc" and each != "\n"] == []
    assert "\\u001b" in written
    if form == "json":
        assert reason in json.loads(result.stdout)["dataset_groups"][0]["notes"][1]


@pytest.mark.parametrize(
    ("arguments", "causes", "left_out", "exit_code"),
    [
        ((), ["no-statement", "not-trusted", "unused-id"], 0, 1),
        (("--only", "not-trusted"), ["not-trusted"], 2, 1),
        (("--only", "unused-id"), ["unused-id"], 2, 0),
        (("--only", "unused-id", "--strict"), ["unused-id"], 2, 1),
        (("--only", "not-trusted", "--only", "no-statement"), ["no-statement", "not-trusted"], 1, 1),
        (("--ignore", "not-trusted", "--ignore", "no-statement"), ["unused-id"], 2, 0),
        (("--only", "not-trusted", "--ignore", "not-trusted"), [], 3, 0),
    ],
)
def test_findings_by_their_names(
    account: FakeAccount,
    command: Callable[..., Result],
    arguments: tuple[str, ...],
    causes: list[str],
    left_out: int,
    exit_code: int,
) -> None:
    """What is left out doesn't count, and is counted."""
    account.keys[KEY] = [allow(BASE_5, {"AWS": [ROLE, "AROADEADDEADDEADDEAD1"]}), allow(BASE_5[:4], SERVICE)]
    account.trust = []
    result = command(*arguments, "--format", "json")
    found = json.loads(result.stdout)
    (group,) = found["dataset_groups"]
    assert sorted(each["cause"] for each in (*group["missing"], *group["problems"])) == causes
    assert (group["left_out"], result.exit_code) == (left_out, exit_code)
    assert sum(found["summary"][each] for each in ("missing", "problems", "warnings")) == len(causes)
    assert found["control_policies"]["must_leave_alone"]["service"] == sorted(BASE_5)
    text = command(*arguments).stdout
    assert (f"\n{left_out} finding" in text) is (left_out > 0)
    told = {("key", KEY)} if "no-statement" in causes else set()
    told |= {("trust", ROLE)} if "not-trusted" in causes else set()
    assert {(policy["policy"], policy["policy_of"]) for policy in group["policies"]} == told
    assert re.findall(r"^(\w+) policy of .*, (?:for Personalize|to add)\b.*:$", text, re.MULTILINE) == sorted(
        kind for kind, _ in told
    )


@pytest.mark.parametrize("option", ["--only", "--ignore"])
def test_findings_of_no_such_name(account: FakeAccount, command: Callable[..., Result], option: str) -> None:
    """A name that is mistyped would leave out nothing, or everything."""
    result = command(option, "no-statment")
    assert (result.exit_code, account.calls.total()) == (2, 0)
    assert result.stderr.endswith(
        ": 'no-statment' is not a cause: take the \"cause\" of a finding from --format json\n"
    )
