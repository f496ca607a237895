"""The report for a ticket, with findings in it."""

from __future__ import annotations

import re
from collections.abc import Callable

from click.testing import Result

from tests.doctor import faults
from tests.doctor.conftest import Deployed
from tests.doctor.test_faults import role_made_anew

KMS_PAGE = "https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html"


def rows(text: str, title: str) -> list[list[str]]:
    """The cells of the table below a heading, less its head."""
    (section,) = re.findall(rf"^## {title}\n\n(.*?)(?:^#|\Z)", text, re.MULTILINE | re.DOTALL)
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines][1:]


def test_findings_in_a_ticket(deployed: Deployed, doctor: Callable[..., Result]) -> None:
    """A row for each finding, and beneath the table each statement."""
    with faults.key_policy(deployed, deployed.data_key, faults.without_action("PersonalizeService", "kms:ListGrants")):
        result = doctor("movies", "--format", "markdown")
    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout.startswith(
        f"account {deployed.aws.account}, Region eu-west-1\n\n# Dataset group movies\n\n1 missing, 0 problems, 0 undec"
    )
    assert "\nNotes:\n\n- it is ACTIVE, and has a key and a role\n" in result.stdout
    ((on, who, what, where, why, needed_by, page),) = rows(result.stdout, "Missing")
    assert (on, who, what) == (f"key {deployed.data_key}", "Personalize", "`kms:ListGrants`")
    assert (where, why) == ("key policy", "the key policy has no statement that allows it")
    assert re.match(r"[\w-]+ \(\w+ \w+ job\), ", needed_by)
    assert page == f"[AWS]({KMS_PAGE})"
    assert f"\nAdd to the key policy of {deployed.data_key}:\n\n```json\n" in result.stdout
    assert "\n# Control policies\n" in result.stdout
    counts = "1 dataset group: 1 missing, 0 problems, 0 warnings, 0 undecided, "
    assert result.stdout.splitlines()[-1].startswith(counts)


def test_what_is_to_be_replaced_is_not_called_an_addition(deployed: Deployed, doctor: Callable[..., Result]) -> None:
    """KMS refuses a policy that keeps the id of a deleted role."""
    with role_made_anew(deployed):
        text = doctor("--format", "markdown").stdout
    assert "\nput the role in the place of the id:\n" in text
    assert "Add to" not in text
    ((_, message, *_),) = rows(text, "Problems")
    assert message.endswith(
        ", the id of a deleted role, and a role that is made anew has a new id: put the role in the place of the id"
    )


def test_what_is_not_answered_is_listed(deployed: Deployed, doctor: Callable[..., Result]) -> None:
    """With the actions that somebody has to be allowed."""
    deployed.aws.fail_next("ListSolutions", "AccessDeniedException", times=1)
    text = doctor("--format", "markdown").stdout
    assert f"\n# Not answered\n\n- `personalize:ListSolutions` on {deployed.group}\n" in text
    ((*_, why, needed_by, _),) = rows(text, "Undecided")
    assert (why, needed_by) == (
        "not all of its jobs, or of their listings, can be seen: 1 not answered",
        "movies (dataset group)",
    )


def test_nothing_in_a_cell_is_markup(deployed: Deployed, doctor: Callable[..., Result]) -> None:
    """What AWS says may hold any character."""
    deny = {"Sid": "a|b`c<d>*", "Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}
    with faults.key_policy(deployed, deployed.key, faults.with_more(deny)):
        text = doctor("--format", "markdown").stdout
    assert {row[4] for row in rows(text, "Missing")} == {"denied by statement a\\|b\\`c\\<d>\\* of the key policy"}
