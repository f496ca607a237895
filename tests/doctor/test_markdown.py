"""The report for a ticket, with findings in it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from click.testing import Result

from tests.doctor import faults
from tests.doctor.conftest import Deployed
from tests.doctor.test_faults import boundary, role_made_anew

KMS_PAGE = "https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html"


def rows(text: str) -> list[list[str]]:
    """The cells of the table, less its head."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines][1:]


def failed(text: str) -> list[list[str]]:
    """The rows of what failed."""
    return [row for row in rows(text) if row[0] == "✘"]


def test_findings_in_a_ticket(deployed: Deployed, doctor: Callable[..., Result]) -> None:
    """A row for each check, and beneath the table each statement, with the finding that it is for."""
    with faults.key_policy(deployed, deployed.data_key, faults.without_action("PersonalizeService", "kms:ListGrants")):
        result = doctor("movies", "--format", "markdown")
    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout.startswith(
        f"# Amazon Personalize in account {deployed.aws.account}, Region eu-west-1\n"
        "\n"
        "## movies\n"
        "\n"
        "| | on | what | why | next step | page |\n"
        "|---|---|---|---|---|---|\n"
        "| ✔ | dataset group movies | it is ACTIVE, and has a key and a role |  |  |  |\n"
    )
    ((mark, on, what, why, next_step, page),) = failed(result.stdout)
    assert (mark, on) == ("✘", f"key {deployed.data_key}")
    assert what == "Personalize lacks kms:ListGrants"
    assert re.match(r"the key policy has no statement that allows it; needed by [\w-]+ \(\w+ \w+ job\), ", why)
    assert next_step == "add to the key policy, see below"
    assert page == f"[AWS]({KMS_PAGE})"
    assert (
        f"""
✘ key {deployed.data_key}: Personalize lacks kms:ListGrants

→ add to the key policy:

```json
{{
  "Effect": "Allow",
  "Principal": {{
    "Service": "personalize.amazonaws.com"
  }},
  "Action": [
    "kms:ListGrants"
  ],
  "Resource": "*",
  "Condition": {{
    "StringEqualsIfExists": {{
      "aws:SourceAccount": "{deployed.aws.account}"
    }}
  }}
}}
```

- dataset group movies: """
        in result.stdout
    )
    assert "\n- bucket " in result.stdout
    assert "\n## Control policies\n" in result.stdout
    assert result.stdout.endswith("\n\n1 dataset group: 1 failed, 0 undecided, 0 warnings, 12 ok\n")


def test_each_statement_can_be_pasted(deployed: Deployed, doctor: Callable[..., Result]) -> None:
    """The boundary lacks some actions on one key, and others on another."""
    with boundary(deployed):
        text = doctor("--format", "markdown").stdout
    statements = [json.loads(each) for each in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    assert sorted(each["Resource"] for each in statements) == sorted([[deployed.key], [deployed.data_key]])
    assert text.count("→ add to the boundary:") == 1


def test_what_is_to_be_replaced_is_not_called_an_addition(deployed: Deployed, doctor: Callable[..., Result]) -> None:
    """KMS refuses a policy that keeps the id of a deleted role."""
    with role_made_anew(deployed):
        text = doctor("--format", "markdown").stdout
    assert "\n→ put in the place of the statements with the id:\n" in text
    assert "dd to" not in text
    ((_, _, _, _, next_step, _),) = failed(text)
    assert next_step == "put in the place of the statements with the id, see below"


def test_what_is_not_answered_is_listed(deployed: Deployed, doctor: Callable[..., Result]) -> None:
    """With the actions that somebody has to be allowed."""
    deployed.aws.fail_next("ListSolutions", "AccessDeniedException", times=1)
    text = doctor("--format", "markdown").stdout
    assert f"\n## Not answered\n\n- `personalize:ListSolutions` on {deployed.group}\n" in text
    assert ["?", "dataset group movies", "not all of its jobs, or of their listings, can be seen"] in [
        row[:3] for row in rows(text)
    ]


def test_nothing_in_a_cell_is_markup(deployed: Deployed, doctor: Callable[..., Result]) -> None:
    """What AWS says may hold any character."""
    deny = {"Sid": "a|b`c<d>*", "Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}
    with faults.key_policy(deployed, deployed.key, faults.with_more(deny)):
        text = doctor("--format", "markdown").stdout
    ((_, _, _, why, *_),) = failed(text)
    assert why.startswith("denied by statement a\\|b\\`c\\<d>\\* of the key policy; needed by ")
