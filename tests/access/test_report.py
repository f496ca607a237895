"""The reports: text for a terminal, Markdown for a pull request, JSON for programs."""

import json
from dataclasses import replace
from typing import Any

import pytest

from personalize_kms_check import matrix
from personalize_kms_check._comparison import compare
from personalize_kms_check._model.causes import Cause, Reason
from personalize_kms_check._model.finding import Finding
from personalize_kms_check._model.model import AccessModel
from personalize_kms_check._model.policy_to_change import PolicyToChange
from personalize_kms_check._model.report import AccessReport, merged
from personalize_kms_check._model.requests import OpenQuestion
from personalize_kms_check._reports.short_names import Names
from personalize_kms_check._reports.words import title
from tests.access.models import (
    BUCKET,
    EXPORT_JOB,
    IAM_ACTIONS,
    IMPORT_JOB,
    KEY,
    KEY_POLICY_ACTIONS,
    ON_KEY,
    ROLE,
    TRUST,
    asked,
    iam,
    in_main,
    lines,
    location,
    model_of,
    policy,
    report_of,
    role,
    service,
)
from tests.actions import FIVE, FOUR

NAMES = {KEY: "Main/Key", ROLE: "Main/Role", BUCKET: "Main/Data"}
IMPORT = asked(IMPORT_JOB, name="import", source=location())
ALL_ACTIONS = (
    '["kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]'
)


def one_of_each() -> AccessReport:
    """A report with a policy to complete, one with too much, a denial, a problem and a question."""
    denial = role(["kms:Decrypt"], Effect="Deny", Sid="NoDecrypt")
    model = model_of(
        key=[role(KEY_POLICY_ACTIONS[:4]), service(KEY_POLICY_ACTIONS), denial],
        iam=[iam([*IAM_ACTIONS, "kms:Encrypt"])],
    )
    model.keys[KEY].state = "Disabled"
    model.open_questions = [
        OpenQuestion("Main/Job", "it may create resources", role_arns=(f"{ROLE}2",))
    ]
    model.names = NAMES
    return compare(model)


DENIED = "✘ Main/Role may not kms:Decrypt on Main/Key: denied by statement NoDecrypt of key policy"
DISABLED = "✘ key Main/Key is Disabled: enable it (needed by movies (dataset group))"
SUM = "2 missing, 1 problem, 1 too much, 1 undecided, 12 as documented\n"


def test_the_text_has_a_line_for_each_finding_and_a_block_for_each_policy() -> None:
    """Errors come first, then warnings and questions, the statements to paste, and the sum."""
    assert (
        one_of_each().to_text()
        == f"""\
checked: dataset group movies

{DISABLED}
✘ key policy of Main/Key lacks kms:ListGrants for Main/Role
{DENIED} [1]
! statement 1 of IAM policy allows kms:Encrypt on Main/Key: AWS's pages don't ask for it
? Main/Job: it may create resources

[1] change that statement so that it doesn't apply to the role and Personalize (aws:PrincipalArn, \
aws:PrincipalIsAWSService): a denial overrides every permission

key policy of Main/Key, replacing statements 1, 2:
  {{"Effect": "Allow", "Principal": {{"AWS": "{ROLE}"}}, "Action": {ALL_ACTIONS}, "Resource": "*"}}
  {{"Effect": "Allow", "Principal": {{"Service": "personalize.amazonaws.com"}}, \
"Action": {ALL_ACTIONS}, \
"Resource": "*", "Condition": {{"StringEqualsIfExists": {{"aws:SourceAccount": "111122223333"}}}}}}

IAM policies of Main/Role, replacing the actions that are too much:
  {{"Effect": "Allow", "Action": \
["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"], "Resource": "{KEY}"}}

{SUM}"""
    )


def test_a_quiet_report_has_the_findings_alone() -> None:
    """Remedies, policies and the sum are left out; in Markdown the policies."""
    assert (
        one_of_each().to_text(quiet=True)
        == f"""\
{DISABLED}
✘ key policy of Main/Key lacks kms:ListGrants for Main/Role
{DENIED}
! statement 1 of IAM policy allows kms:Encrypt on Main/Key: AWS's pages don't ask for it
? Main/Job: it may create resources
"""
    )
    markdown = one_of_each().to_markdown(quiet=True)
    assert "AWS's pages don't ask for it" in markdown
    assert "```json" not in markdown


def test_a_clean_report_says_what_was_checked() -> None:
    """And how much; a quiet one is empty."""
    report = report_of(key=ON_KEY, iam=[iam(IAM_ACTIONS)])
    assert report.to_text() == (
        "checked: dataset group movies\n\n"
        "0 missing, 0 problems, 0 too much, 0 undecided, 14 as documented\n"
    )
    assert report.to_text(quiet=True) == ""


def test_of_more_than_six_resources_the_kinds_are_counted() -> None:
    """By name they would fill the screen."""
    seven = [asked(name=f"movies{number}") for number in range(6)] + [IMPORT]
    first, *_ = report_of(*seven).to_text().splitlines()
    assert first == "checked: 1 dataset import job, 6 dataset groups"
    first, *_ = report_of(*seven[1:]).to_text().splitlines()
    assert first == (
        "checked: dataset group movies1, dataset group movies2, dataset group movies3, "
        "dataset group movies4, dataset group movies5, dataset import job import"
    )


def test_a_remedy_that_several_lines_share_stands_below_them_once() -> None:
    """A remedy of one line stands in it, where that doesn't make it too wide."""
    movies, books = asked(name="movies"), asked(name="books")
    problems = []
    for cause, by in (
        (Cause.NO_ROLE, movies),
        (Cause.NO_ROLE, books),
        (Cause.KEY_IS_ALIAS, movies),
    ):
        reason = Reason.of(cause)
        problems.append(Finding(kind="configuration", subject="it", reason=reason, requests=(by,)))
    report = AccessReport(tuple(problems))
    no_role = "it has no role, without which Personalize can't create it"
    alias = "it is an alias, and Personalize takes only the ARN of a key"
    assert report.to_text().split("\n\n")[1:3] == [
        f"✘ {no_role} (needed by movies (dataset group)) [1]\n"
        f"✘ {no_role} (needed by books (dataset group)) [1]\n"
        f"✘ {alias} (needed by movies (dataset group)) [2]",
        "[1] set its RoleArn\n[2] pass the key's ARN",
    ]
    assert f"{no_role} (needed by books (dataset group)) [1]" in report.to_markdown()
    assert "\n\n[1] set its RoleArn\n" in report.to_markdown()


ETL = "arn:aws:iam::111122223333:role/Etl"
TOO_MUCH = report_of(key=[*ON_KEY, role(["kms:Encrypt"])], iam=[iam(IAM_ACTIONS)]).excess
CLAIM = "key policy of Main/Key, to add"
WAITING = (in_main("Movies/Resource"), in_main("Ratings"))
OWNERS = {"key": KEY, "bucket": BUCKET, "role": ROLE, "boundary": ROLE, "trust": ROLE}


@pytest.mark.parametrize(
    ("kind", "more", "words"),
    [
        ("key", {}, CLAIM),
        (
            "key",
            {"files": ("pending/A.json", "pending/B.json")},
            f"{CLAIM} (its owner adds the statements in pending/A.json and pending/B.json)",
        ),
        (
            "key",
            {"files": ("pending/Key.json",), "declared": (in_main("Key"),)},
            f"{CLAIM} (pass the construct Main/Key itself instead of its ARN)",
        ),
        (
            "key",
            {"unnamed_roles": (ROLE,)},
            f"{CLAIM} (first set RoleName on Main/Role, which replaces a deployed role; check "
            "again)",
        ),
        (
            "key",
            {"own_conditions": ("aws:PrincipalOrgID", "aws:SourceVpc"), "also_for": (ETL,)},
            f"{CLAIM} (keep your own conditions: aws:PrincipalOrgID, aws:SourceVpc; "
            f"others use it too: {ETL})",
        ),
        (
            "role",
            {"make": "AWS::IAM::Policy", "waiting": WAITING},
            "IAM policies of Main/Role, to add (a new AWS::IAM::Policy; "
            "have Main/Movies, Main/Ratings wait for it by DependsOn)",
        ),
        (
            "role",
            {"too_much": TOO_MUCH},
            "IAM policies of Main/Role, replacing the actions that are too much",
        ),
        (
            "role",
            {"too_much": TOO_MUCH, "should_have": ()},
            "IAM policies of Main/Role, without the actions that are too much",
        ),
        # The list takes the place of what the trust policy has for Personalize, or is added.
        ("trust", {"replaces": ("1",)}, "trust policy of Main/Role, replacing statement 1"),
        ("trust", {}, "trust policy of Main/Role, to add"),
    ],
)
def test_a_block_says_what_somebody_has_to_mind(
    kind: Any, more: dict[str, Any], words: str
) -> None:
    given = {"should_have": ({},), **more}
    change = PolicyToChange(policy=kind, policy_of=OWNERS[kind], **given)
    assert title(change, Names(NAMES)) == words


def test_what_a_key_policy_leaves_to_iam_is_told_once() -> None:
    """AWS's page asks for it in the key policy, which leaves a role that waits for it to IAM."""
    of_account = {
        "Principal": {"AWS": "111122223333"},
        "Condition": {"ArnEquals": {"aws:PrincipalArn": ROLE}},
    }
    model = model_of(
        key=[role(KEY_POLICY_ACTIONS, **of_account), ON_KEY[1]], iam=[iam(IAM_ACTIONS[1:])]
    )
    model.keys[KEY].declared = in_main("Key")
    model.roles[ROLE].waits_for = {in_main("Key")}
    assert marked(model, "✘") == [
        "✘ IAM policies of Role lack kms:CreateGrant, kms:Decrypt on Key, which the key policy "
        "leaves to IAM (2 permissions)",
    ]


def test_what_iam_lacks_is_no_reason_to_name_the_role_in_the_key_policy() -> None:
    """A policy that leaves the role to its account goes on to: one action is one line."""
    of_account = role(["kms:*"], Principal={"AWS": "arn:aws:iam::111122223333:root"})
    model = model_of(key=[of_account, ON_KEY[1]], iam=[iam(KEY_POLICY_ACTIONS[:-1])])
    assert marked(model, "✘") == [
        "✘ IAM policies of Role lack kms:ListGrants on Key, which the key policy leaves to IAM"
    ]


def marked(model: AccessModel, mark: str) -> list[str]:
    """Return the lines of a text with a mark, with the names of key, role and bucket."""
    model.names = {KEY: "Key", ROLE: "Role", BUCKET: "Data"}
    return [
        line for line in compare(model).to_text(quiet=True).splitlines() if line.startswith(mark)
    ]


def test_one_reason_is_one_line_whatever_needs_it() -> None:
    """An unseen key is reported once for role and Personalize, and so is an unseen bucket."""
    export = asked(EXPORT_JOB, name="export", destination=location("export/"))
    model = model_of(asked(), export, IMPORT, iam=[iam(["kms:*", "s3:*"], "*")])
    model.keys.clear()
    model.buckets.clear()
    assert marked(model, "?") == [
        "? Data: a key that encrypts it needs permissions, too, and can't be seen, since it isn't "
        "part of the app",
        "? not known whether Role and Personalize may kms:CreateGrant, kms:Decrypt, "
        "kms:DescribeKey, kms:GenerateDataKey, kms:GenerateDataKeyWithoutPlaintext, "
        f"kms:ListGrants, since the key policy of {KEY} can't be seen: it isn't part of the app "
        "(12 permissions)",
        "? not known whether Personalize may s3:GetObject, s3:ListBucket, s3:PutObject, since the "
        f"bucket policy of {BUCKET} can't be seen: it isn't part of the app (3 permissions)",
    ]


def test_what_may_be_too_much_is_there() -> None:
    """Its lines differ from those of permissions that may be lacking."""
    account = "arn:aws:iam::${Main.Account?}:root"
    trusting = {**TRUST, "Principal": {"AWS": account}, "Condition": {}}
    model = model_of(key=ON_KEY, iam=[iam([*IAM_ACTIONS, "kms:*"])], trust=[TRUST, trusting])
    model.open_questions = [OpenQuestion("Main/Job", "it may create resources")]
    assert marked(model, "?") == [
        "? Main/Job: it may create resources",
        "? maybe too much, statement 1 of IAM policy allows kms:* on Key: no resource in the "
        "templates needs it, and Main/Job, which can't be seen in full, may",
        "? maybe too much, statement 2 of trust policy may let another account in, since its "
        f"Principal is {account}",
    ]


def test_a_statement_is_a_line_for_each_reason_for_which_it_is_too_much() -> None:
    """With its actions, and the resources that they are on."""
    wide = ["s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:DeleteObject"]
    of_bucket = service(wide, Resource=[BUCKET, f"{BUCKET}/*"], Condition={}, Sid="Wide")
    assert marked(model_of(IMPORT, key=ON_KEY, bucket=[of_bucket]), "!") == [
        f"! statement Wide of bucket policy allows s3:DeleteObject on Data, {BUCKET}/*: AWS's "
        "pages don't ask for it (2 permissions)",
        f"! statement Wide of bucket policy allows s3:GetObject on {BUCKET}/*: it is on the whole "
        "bucket, not only the prefix that is used",
        "! statement Wide of bucket policy lets Personalize in for any account (2 permissions)",
        f"! statement Wide of bucket policy allows s3:PutObject on Data, {BUCKET}/*: no resource "
        "in the templates needs it (2 permissions)",
    ]


def test_what_a_boundary_refuses_is_told_once() -> None:
    """Not for each column of the pages, nor for each that needs it: one statement mends it all."""
    model = model_of(asked(), asked(IMPORT_JOB, name="import"), key=ON_KEY, iam=[iam(IAM_ACTIONS)])
    model.roles[ROLE].boundary = policy("boundary", [iam(["s3:*"], "*")])
    assert marked(model, "✘") == [
        "✘ permissions boundary of Role lacks kms:CreateGrant, kms:Decrypt, kms:DescribeKey, "
        "kms:GenerateDataKey, kms:ListGrants (5 permissions)"
    ]


MARKDOWN = """\
# Amazon Personalize's access

checked: dataset group movies.

1 missing, 0 problems, 0 too much, 0 undecided, 13 as documented.

| | finding | where | needed by | page |
|---|---|---|---|---|
| ✘ | key policy of Main/Key lacks kms:Decrypt for Personalize |  | movies (dataset group) | \
[AWS](https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html) |

Key policy of Main/Key, replacing statements 1, 2:

```json
{
  "Effect": "Allow",
  "Principal": {
    "AWS": "arn:aws:iam::111122223333:role/PersonalizeRole"
  },
  "Action": [
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:GenerateDataKey",
    "kms:ListGrants"
  ],
  "Resource": "*"
}
```

```json
{
  "Effect": "Allow",
  "Principal": {
    "Service": "personalize.amazonaws.com"
  },
  "Action": [
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:GenerateDataKey",
    "kms:ListGrants"
  ],
  "Resource": "*",
  "Condition": {
    "StringEqualsIfExists": {
      "aws:SourceAccount": "111122223333"
    }
  }
}
```

1 finding left out, acknowledged in the app or ignored.
"""


def test_the_markdown_has_a_table_of_findings_and_the_statements() -> None:
    report = report_of(key=[ON_KEY[0], service(KEY_POLICY_ACTIONS[1:])], iam=[iam(IAM_ACTIONS)])
    markdown = replace(report, names=NAMES, left_out=1).to_markdown()
    assert markdown == MARKDOWN


def test_markdown_keeps_its_table_whatever_names_are() -> None:
    """A bar or a line break in a name ends no cell."""
    markdown = report_of(asked(name='a|b\n"c"')).to_markdown()
    rows = [line for line in markdown.splitlines() if line.startswith("| ✘")]
    assert rows
    assert {row.replace("\\|", "").count("|") for row in rows} == {6}
    assert all('a\\|b "c" (dataset group)' in row for row in rows)


PAGE = "https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html"


def test_json_has_everything() -> None:
    """Every attribute that tests and programs read."""
    in_policy = policy(
        "IAM policy", [iam([*IAM_ACTIONS, "kms:Encrypt"])], declared=in_main("Role"), inline="Own"
    )
    model = model_of(key=[role(KEY_POLICY_ACTIONS[1:], Sid="UseKey"), ON_KEY[1]])
    model.keys[KEY].declared, model.roles[ROLE].declared = (in_main("Key"), in_main("Role"))
    model.roles[ROLE].identity = [in_policy]
    told = json.loads(compare(model).to_json())
    kinds = ["missing", "excess", "undecided", "problems", "allowed"]
    assert list(told) == [
        "asked",
        *kinds,
        "policies",
        "without_key",
        "left_out",
        "names",
        "assumed",
    ]
    lacks = {"principal_arn": ROLE, "action": "kms:Decrypt", "resource": KEY}
    too_much = {"principal_arn": ROLE, "action": "kms:Encrypt", "resource": KEY}
    of_key, of_role = ({"template": "Main", "logical_id": name} for name in ("Key", "Role"))
    assert told["missing"] == [
        {
            "principal": "role",
            **lacks,
            "policy": "key",
            "policy_of": KEY,
            "needed_by": ["movies (dataset group)"],
            "page": PAGE,
            "where": [of_key],
            "cause": "no-statement",
            "because": "the key policy has no statement that allows it",
        }
    ]
    assert told["excess"] == [
        {
            "principal": "role",
            **too_much,
            "policy": "role",
            "policy_of": ROLE,
            "needed_by": ["movies (dataset group)"],
            "page": PAGE,
            "where": [{**of_role, "policy_name": "Own", "statement": "1"}],
            "cause": "not-asked",
            "because": "statement 1 of IAM policy: AWS's pages don't ask for it",
        }
    ]
    named = {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": FIVE, "Resource": "*"}
    assert told["policies"] == [
        {
            "policy": "key",
            "policy_of": KEY,
            "where": [of_key],
            "lacks": [lacks],
            "too_much": [],
            "should_have": [named, service(FIVE)],
            "replaces": ["UseKey", "2"],
        },
        {
            "policy": "role",
            "policy_of": ROLE,
            "where": [of_role],
            "lacks": [],
            "too_much": [too_much],
            "should_have": [iam(FOUR)],
            "make": "AWS::IAM::Policy",
        },
    ]
    assert (told["undecided"], told["problems"]) == ([], [])


def test_a_report_depends_on_nothing_but_what_is_asked() -> None:
    """Not on the order in which it is read."""
    assert (
        compare(model_of(asked(), IMPORT)).to_json() == compare(model_of(IMPORT, asked())).to_json()
    )


def test_the_json_of_a_problem_has_its_severity() -> None:
    """And its subject, in the place of a policy."""
    (problem,) = json.loads(one_of_each().to_json())["problems"]
    assert problem == {
        "kind": "configuration",
        "cause": "key-state",
        "severity": "error",
        "subject": KEY,
        "message": "key Main/Key is Disabled: enable it",
        "where": [],
        "needed_by": ["movies (dataset group)"],
        "page": "https://docs.aws.amazon.com/kms/latest/developerguide/key-state.html",
    }


def test_warnings_are_counted_and_told_last() -> None:
    """They fail nothing."""
    warning = Finding(
        kind="trust", subject="Main/Movies", reason=Reason.of(Cause.NO_ROLE), is_warning=True
    )
    with_warning = replace(one_of_each(), findings=(*one_of_each().missing, warning))
    _, lines, *_, counts = with_warning.to_text().split("\n\n")
    told = lines.splitlines()[-1]
    assert (
        told
        == "! Main/Movies has no role, without which Personalize can't create it: set its RoleArn"
    )
    assert ", 1 problem (1 warning), " in counts


def test_a_permission_links_to_the_page_that_asks_for_it() -> None:
    """AWS's page on keys doesn't list data deletion jobs, so their link is the page on S3."""
    guide = "https://docs.aws.amazon.com/personalize/latest/dg"
    pages = {}
    for row in (IMPORT_JOB, matrix.DATA_DELETION_JOB):
        missing = report_of(asked(row, source=location())).missing
        pages[row.resource] = {entry.action: entry.page for entry in missing}
    for actions in pages.values():
        assert actions["s3:GetObject"] == f"{guide}/granting-personalize-s3-access.html"
    assert (
        pages["dataset import job"]["kms:Decrypt"]
        == f"{guide}/granting-personalize-key-access.html"
    )
    assert (
        pages["data deletion job"]["kms:Decrypt"] == f"{guide}/granting-personalize-s3-access.html"
    )


def test_problems_that_differ_in_their_remedies_alone_stay_apart() -> None:
    """One template that two stacks of two accounts nest, for example."""
    reports = []
    for account in ("111122223333", "444455556666"):
        reason = Reason.of(Cause.ROLE_OF_ANOTHER_ACCOUNT, account=account)
        problem = Finding(kind="configuration", subject=ROLE, reason=reason)
        reports.append(AccessReport((problem,)))
    assert len(merged(reports).problems) == 2


def test_reports_merge_without_repeating() -> None:
    """Reports of the stages of an app become one."""
    one, other = report_of(asked(name="movies")), report_of(asked(name="books"))
    both = merged([one, other, one])
    assert both.asked == ("books (dataset group)", "movies (dataset group)")
    assert len(both.missing) == 2 * len(one.missing)
    assert merged([one]) is one
    assert (merged([]).asked, merged([]).missing) == ((), ())


def test_a_policy_counts_as_long_as_a_finding_is_about_it() -> None:
    """Policies of acknowledged or ignored findings don't count."""
    report = report_of(
        key=ON_KEY[:1],
        iam=[iam([*IAM_ACTIONS, "kms:Encrypt"])],
        trust=[{**TRUST, "Action": "sts:TagSession"}],
    )
    assert [change.policy for change in report.policies] == ["key", "role", "trust"]
    needed = [finding for finding in report.findings if finding.kind != "excess"]
    left = report.with_findings(needed)
    assert [change.policy for change in left.policies] == ["key", "trust"]
    (of_key,) = report.with_findings(report.missing[:1]).policies
    assert lines(of_key.lacks) == {("service", "key", "kms:CreateGrant", KEY)}
