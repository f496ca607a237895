"""The reports: text for a terminal, JSON that can be compared, Markdown with a graph."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from personalize_kms_constructs import matrix
from personalize_kms_constructs._access.causes import Cause, because
from personalize_kms_constructs._access.comparison import compare
from personalize_kms_constructs._access.entries import Missing, Undecided
from personalize_kms_constructs._access.findings import findings_of
from personalize_kms_constructs._access.model import Location, OpenQuestion, Problem
from personalize_kms_constructs._access.report import AccessReport, merged
from tests.access.models import (
    ACCOUNT_STATEMENT,
    BUCKET,
    EXPORT_JOB,
    IAM_ACTIONS,
    IMPORT_JOB,
    KEY,
    KEY_POLICY_ACTIONS,
    ON_KEY,
    ROLE,
    SERVICE,
    TRUST,
    asked,
    iam,
    in_main,
    location,
    model,
    policy,
    report,
    role,
    service,
)

CLEAN = {"key": ON_KEY, "iam": [iam(IAM_ACTIONS)]}
LACKING = {
    "key": [role(KEY_POLICY_ACTIONS[1:]), service(KEY_POLICY_ACTIONS)],
    "iam": [iam([*IAM_ACTIONS, "kms:Encrypt"])],
}


def untidy() -> AccessReport:
    """One finding of each sort, with names as long as AWS takes them."""
    long_name = "Main/" + "/".join(["AConstructWithQuiteALongName"] * 6)
    requests = [
        asked(name=f"{long_name}/Movies"),
        asked(IMPORT_JOB, name="import", source=location("a/" * 100)),
        asked(EXPORT_JOB, name="export", destination=location("b/"), dataset_group_key=f"{KEY}2"),
    ]
    found = model(
        *requests,
        key=[ACCOUNT_STATEMENT, service(["kms:*"], Condition=None)],
        iam=[iam(["kms:Encrypt", "s3:*"], "*")],
        trust=[{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
    )
    found.names = {KEY: f"{long_name}/Key"}
    return compare(found)


def test_the_text_of_a_report_with_findings() -> None:
    """Grouped by key; what is missing has the statement to add, what is too much the remedy, and each has its page."""
    assert (
        report(**LACKING).to_text()
        == f"""\
1 missing, 0 problems, 1 too much, 0 undecided, 13 as AWS's pages ask

Amazon Personalize is asked for:
  movies (dataset group)

key {KEY}
  ✘ role {ROLE} lacks kms:Decrypt on
      {KEY} (key policy)
      the key policy has no statement that allows it
      → add to the key policy of
        {KEY}:
        {{
          "Effect": "Allow",
          "Principal": {{
            "AWS": "{ROLE}"
          }},
          "Action": [
            "kms:Decrypt"
          ],
          "Resource": "*"
        }}
      needed by movies (dataset group)
    https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html
  ! too much: role {ROLE} may kms:Encrypt on
      {KEY} (IAM)
      statement number 1 of IAM policy: AWS's pages don't ask for it
      → remove it
    https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html
  ✔ role {ROLE} may kms:Decrypt, kms:DescribeKey,
      kms:GenerateDataKey, kms:ListGrants (IAM)
  ✔ role {ROLE} may kms:CreateGrant, kms:DescribeKey,
      kms:GenerateDataKey, kms:ListGrants (key policy)
  ✔ Personalize may kms:CreateGrant, kms:Decrypt, kms:DescribeKey, kms:GenerateDataKey,
      kms:ListGrants (key policy)

1 missing, 0 problems, 1 too much, 0 undecided, 13 as AWS's pages ask
"""
    )


def statements(text: str) -> list[str]:
    """The statements of a report, as one copies them from a terminal."""
    return re.findall(r"^ {8}\{\n.*?^ {8}\}$", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("width", [20, 60, 100, 200])
def test_lines_are_as_long_as_they_may_be_and_names_are_whole(width: int) -> None:
    """Longer ones, but of statements, are single names: whoever searches for an ARN, an action or a path finds it."""
    found = untidy()
    text = found.to_text(width=width)
    prose = text
    for statement in statements(text):
        prose = prose.replace(statement, "")
    longer = [line for line in prose.splitlines() if len(line) > width]
    assert [line for line in longer if " " in line.strip(" →✔✘!?")] == []
    words = set(prose.replace(",", " ").replace("${", " ").replace("}", " ").split())
    findings = [*found.missing, *found.excess, *found.undecided, *found.allowed]
    names = {each for entry in findings for each in (entry.action, entry.principal_arn) if each not in ("", SERVICE)}
    assert {each.partition(" (")[0] for entry in findings for each in entry.needed_by} | names <= words


def test_a_quiet_report_has_what_is_wrong_or_not_known_and_the_counts() -> None:
    """Neither what is asked for nor what is as AWS's pages ask; what can't be pasted into a program has all of it."""
    found = report(**LACKING)
    text = found.to_text(quiet=True)
    assert "✔" not in text
    assert "is asked for" not in text
    lines = found.to_text().splitlines()
    assert text.splitlines() == [*lines[:2], *lines[5:-8], *lines[-2:]]
    markdown = found.to_markdown(quiet=True)
    assert [line for line in markdown.splitlines() if line.startswith("#")] == [
        "# Amazon Personalize's access",
        "## Missing",
        "## Too much",
    ]
    assert "1 missing, 0 problems, 1 too much, 0 undecided, 13 as AWS's pages ask.\n" in markdown
    clean = report(**CLEAN)
    counts = "0 missing, 0 problems, 0 too much, 0 undecided, 14 as AWS's pages ask\n"
    assert clean.to_text(quiet=True) == counts


def test_each_finding_has_a_next_step() -> None:
    """A line with an arrow, or the words of a problem."""
    text = untidy().to_text()
    marks = [
        line[2] for line in text.splitlines() if line.startswith("  ") and line[2:3] in "✘!?✔" and line[3:4] == " "
    ]
    assert set(marks) == set("✘!?✔")
    steps = sum(line.startswith("      → ") for line in text.splitlines())
    problems = len(untidy().problems)
    assert steps == sum(mark != "✔" for mark in marks) - problems


ON_ONE_KEY: dict[str, Any] = {
    "principal": "role",
    "principal_arn": ROLE,
    "action": "kms:Decrypt",
    "resource": KEY,
    "policy": "key",
    "policy_of": KEY,
}
ADD = {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": ["kms:Decrypt"], "Resource": "*"}
FILE = "personalize-kms-pending/Key.json"
FROM_FILE = f"have its owner add the statements in {FILE}, which the synth wrote, "


def test_a_statement_that_two_findings_ask_for_is_told_once() -> None:
    reasons = (because(Cause.NO_STATEMENT, policy="key"), because(Cause.LEFT_TO_IAM, policy="key"))
    found = AccessReport(missing=tuple(Missing(**ON_ONE_KEY, add=ADD, add_to="key", reason=each) for each in reasons))
    text = found.to_text(width=200)
    assert len(statements(text)) == 1
    assert re.findall("→ .*", text) == [
        f"→ add to the key policy of {KEY}:",
        f"→ add to the key policy of {KEY}: as above",
    ]


@pytest.mark.parametrize(
    ("kind", "cause", "add", "step"),
    [
        (Missing, Cause.LEFT_TO_IAM, ADD, f"{FROM_FILE}or add to the key policy of {KEY}"),
        (Missing, Cause.DENIED, None, "change what the reason names: no further statement helps"),
        (
            Undecided,
            Cause.BOUNDARY_OF_EVERYBODY,
            None,
            f"{FROM_FILE}then look at it where it is deployed, with personalize-kms doctor",
        ),
    ],
)
def test_every_form_says_the_same_of_pending_statements(kind: type[Any], cause: Cause, add: Any, step: str) -> None:
    """A file helps where a statement does."""
    more = {} if kind is Undecided else {"add": add, "add_to": "key"}
    entry = kind(**ON_ONE_KEY, **more, reason=because(cause, policy="key"), file=FILE)
    found = AccessReport(missing=(entry,)) if kind is Missing else AccessReport(undecided=(entry,))
    assert re.findall("→ (.*?):?$", found.to_text(width=400), re.MULTILINE) == [step]
    assert step[1:] in found.to_markdown()
    assert [each.fix.partition(": {")[0] for each in findings_of(found)] == [step]


def test_statements_can_be_pasted() -> None:
    """They are never wrapped: a string of JSON has no line breaks, and spaces in the name of an object count.

    One that several actions lack is told once.
    """
    found = model(
        asked(IMPORT_JOB, name="import", source=location("a  b/" * 40)),
        asked(EXPORT_JOB, name="export", destination=location("b/")),
        iam=[],
    )
    report = compare(found)
    told = [json.loads(each) for each in statements(report.to_text())]
    assert sorted(map(json.dumps, told)) == sorted({json.dumps(each.add) for each in report.missing})
    assert f"{BUCKET}/{'a  b/' * 40}*" in json.dumps(told)


def test_an_empty_report_says_that_nothing_was_asked() -> None:
    """A clean report on nothing isn't mistaken for one on everything."""
    text = " ".join(AccessReport().to_text().split())
    assert "Nothing in the templates asks Amazon Personalize for anything, so nothing was checked. " in text
    markdown = AccessReport().to_markdown()
    assert "\nNothing in the templates asks Amazon Personalize for anything, so nothing was checked. " in markdown


def test_json_is_complete_and_stable() -> None:
    """Every attribute that tests and programs read, in an order that depends on nothing but the content."""
    found = json.loads(report(**LACKING).to_json())
    kinds = ["missing", "excess", "undecided", "problems", "allowed"]
    assert list(found) == ["asked", *kinds, "without_key", "left_out", "names", "assumed"]
    assert found["missing"] == [
        {
            "principal": "role",
            "principal_arn": ROLE,
            "action": "kms:Decrypt",
            "resource": KEY,
            "policy": "key",
            "policy_of": KEY,
            "needed_by": ["movies (dataset group)"],
            "page": "https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html",
            "where": [],
            "cause": "no-statement",
            "because": "the key policy has no statement that allows it",
            "add": {"Effect": "Allow", "Principal": {"AWS": ROLE}, "Action": ["kms:Decrypt"], "Resource": "*"},
            "add_to": "key",
        }
    ]
    assert (found["undecided"], found["problems"]) == ([], [])
    one, other = asked(), asked(IMPORT_JOB, name="import", source=location())
    assert compare(model(one, other)).to_json() == compare(model(other, one)).to_json()


def test_needs_of_several_are_reported_once_with_all_that_need_them() -> None:
    """Two dataset groups on one key lack one statement."""
    found = report(asked(name="movies"), asked(name="books"))
    assert {tuple(each.needed_by) for each in found.missing} == {("books (dataset group)", "movies (dataset group)")}
    assert len(found.missing) == 14


def test_the_statements_to_add_have_all_that_their_policies_lack_and_no_more() -> None:
    """With them nothing is missing, and nothing is too much: no reading of exports, no writing of imports."""
    requests = [
        asked(),
        asked(IMPORT_JOB, name="import", source=location("import/")),
        asked(EXPORT_JOB, name="export", destination=location("export/")),
    ]
    added: dict[str, list[dict[str, object]]] = {"key": [], "role": [], "bucket": []}
    for each in report(*requests).missing:
        assert each.add is not None
        if each.add not in added[each.add_to]:
            added[each.add_to].append(each.add)
    in_iam = [
        (["s3:GetObject"], f"{BUCKET}/import/*"),
        (["s3:ListBucket"], BUCKET),
        (["s3:PutObject"], f"{BUCKET}/export/*"),
    ]
    on_bucket = [(each["Action"], each["Resource"]) for each in added["role"] if "kms:Decrypt" not in str(each)]
    assert on_bucket == in_iam
    assert [(each["Action"], each["Resource"]) for each in added["bucket"]] == in_iam
    mended = report(*requests, key=added["key"], iam=added["role"], bucket=added["bucket"])
    assert (mended.missing, mended.excess, mended.undecided, mended.problems) == ((), (), (), ())


def test_one_reason_is_one_row_whatever_needs_it() -> None:
    """A key that can't be seen is told of once for each principal, a bucket's once; each with all that needs it."""
    jobs = [
        asked(),
        asked(EXPORT_JOB, name="export", destination=location("export/")),
        asked(IMPORT_JOB, name="import", source=location("import/")),
    ]
    found = model(*jobs, iam=[iam(["kms:*", "s3:*"], "*")])
    found.keys.clear()
    found.buckets.clear()
    text = compare(found).to_text(width=10_000, quiet=True)
    assert [line for line in text.splitlines() if line.startswith(("  ?", "      needed by"))] == [
        f"  ? not known whether role {ROLE} may kms:CreateGrant, kms:Decrypt, kms:DescribeKey, kms:GenerateDataKey, "
        f"kms:GenerateDataKeyWithoutPlaintext, kms:ListGrants on {KEY} (key policy)",
        "      needed by export (dataset export job), import (dataset import job), movies (dataset group)",
        "  ? not known whether Personalize may kms:CreateGrant, kms:Decrypt, kms:DescribeKey, kms:GenerateDataKey, "
        f"kms:GenerateDataKeyWithoutPlaintext, kms:ListGrants on {KEY} (key policy)",
        "      needed by export (dataset export job), import (dataset import job), movies (dataset group)",
        "  ? export (dataset export job), import (dataset import job)",
        f"  ? not known whether Personalize may s3:ListBucket on {BUCKET}, s3:PutObject on {BUCKET}/export/*, "
        f"s3:GetObject on {BUCKET}/import/* (bucket policy)",
        "      needed by export (dataset export job), import (dataset import job)",
    ]


def test_a_statement_is_two_rows_whatever_is_too_much_in_it() -> None:
    """What is taken out, and what is replaced, by one statement for each resource; each reason with its actions."""
    wide = ["s3:GetObject", "s3:ListBucket", "s3:PutObject", "s3:DeleteObject"]
    jobs = [asked(IMPORT_JOB, name=name, source=location(f"{name}/")) for name in ("a", "b")]
    found = report(*jobs, key=ON_KEY, iam=[], bucket=[service(wide, Resource=[BUCKET, f"{BUCKET}/*"], Condition={})])
    text = found.to_text(width=10_000)
    assert [
        line.strip() for line in text.splitlines() if "! " in line or "statement number" in line or "→ rem" in line
    ] == [
        f"! too much: Personalize may s3:DeleteObject, s3:PutObject on {BUCKET}, {BUCKET}/* (bucket policy)",
        "statement number 1 of bucket policy: AWS's pages don't ask for it (s3:DeleteObject); nothing that can be seen "
        "asks for it (s3:PutObject)",
        "→ remove it",
        f"! too much: Personalize may s3:ListBucket on {BUCKET}, s3:GetObject on {BUCKET}/*, {BUCKET}/a/*, "
        f"{BUCKET}/b/* (bucket policy)",
        "statement number 1 of bucket policy: on the whole bucket, not only the prefix that is used (s3:GetObject); "
        "for any account: no condition on aws:SourceAccount or aws:SourceArn keeps others out (s3:GetObject, "
        "s3:ListBucket)",
    ]
    replaced = text.split("→ replace it with what is needed:")[1].split("https")[0]
    assert [(each["Action"], each["Resource"]) for each in map(json.loads, statements(replaced))] == [
        (["s3:GetObject"], [f"{BUCKET}/a/*", f"{BUCKET}/b/*"]),
        (["s3:ListBucket"], BUCKET),
    ]
    markdown = found.to_markdown()
    assert "| `s3:DeleteObject`, `s3:PutObject` on the bucket, `*` | bucket policy |" in markdown
    assert "| `s3:ListBucket`, `s3:GetObject` on `*`, `a/*`, `b/*` | bucket policy |" in markdown


def test_statements_that_replace_actions_of_one_statement_are_one() -> None:
    """They differ in their actions alone."""
    found = report(key=[service(KEY_POLICY_ACTIONS, Condition={})], iam=[])
    (told,) = statements(found.to_text().split("! too much")[1])
    assert json.loads(told) == service(sorted(KEY_POLICY_ACTIONS))


def test_keys_and_buckets_are_named_so_whatever_their_arns_are() -> None:
    """An ARN that is a parameter of the template says nothing of its kind."""
    key, bucket = "${Main.KeyArn?}", "${Main.BucketArn?}"
    source = Location(bucket, "import/", key_arn=None)
    job = asked(IMPORT_JOB, name="import", source=source, dataset_group_key=key)
    lines = report(job).to_text().splitlines()
    assert [line for line in lines if line.startswith(("key", "bucket", "role"))] == [f"key {key}", f"bucket {bucket}"]


def test_markdown_has_tables_statements_and_a_graph() -> None:
    """For a pull request and an auditor: who may do what, and why."""
    job = asked(IMPORT_JOB, name="import", source=location())
    markdown = report(asked(), job, **LACKING).to_markdown()
    assert (
        "## Missing\n\n| on | who | what | where | why | needed by | page |\n|---|---|---|---|---|---|---|\n"
        in markdown
    )
    page = "[AWS](https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-key-access.html)"
    assert (
        f"| key {KEY} | role {ROLE} | `kms:Decrypt` | key policy | the key policy has no statement that allows it | "
        f"import (dataset import job), movies (dataset group) | {page} |" in markdown
    )
    assert "```json\n{\n" in markdown
    graph = markdown.split("```mermaid\n")[1].split("```")[0]
    assert graph.startswith("graph LR\n")
    assert '-->|"kms:CreateGrant, kms:DescribeKey, kms:GenerateDataKey, kms:ListGrants<br/>for' in graph
    assert '-.->|"missing: s3:GetObject, s3:ListBucket<br/>for import (dataset import job)"|' in graph
    assert f'["bucket {BUCKET}"]' in graph


def test_a_row_has_the_statements_and_pages_of_all_its_actions() -> None:
    """Not those of the first one alone."""
    requests = [
        asked(IMPORT_JOB, name="import", source=location()),
        asked(EXPORT_JOB, name="export", destination=location("export/")),
    ]
    in_iam = [
        iam(["s3:GetObject"], f"{BUCKET}/import/*", Sid="Read"),
        iam(["s3:PutObject"], f"{BUCKET}/export/*", Sid="Write"),
        iam(["s3:ListBucket"], BUCKET, Sid="List"),
    ]
    markdown = report(*requests, iam=in_iam).to_markdown()
    guide = "https://docs.aws.amazon.com/personalize/latest/dg"
    assert (
        f"| bucket {BUCKET} | role {ROLE} | "
        "`s3:ListBucket`, `s3:PutObject` on `export/*`, `s3:GetObject` on `import/*` | IAM | "
        "statement Read of IAM policy; statement List of IAM policy; statement Write of IAM policy | "
        "export (dataset export job), import "
        f"(dataset import job) | [AWS]({guide}/export-permissions.html), "
        f"[AWS]({guide}/granting-personalize-s3-access.html) |"
    ) in markdown


def test_every_form_shows_the_prefix() -> None:
    """What is allowed on one folder is told apart from what is allowed on everything, needed or not."""
    statements = {"key": ON_KEY, "iam": [iam(["s3:GetObject"], f"{BUCKET}/import/*"), iam(["s3:ListBucket"], BUCKET)]}
    folder = report(asked(IMPORT_JOB, source=location()), **statements)
    text, markdown = folder.to_text(), folder.to_markdown()
    assert f"✔ role {ROLE} may s3:ListBucket, s3:GetObject on import/*" in " ".join(text.split())
    assert "| `s3:ListBucket`, `s3:GetObject` on `import/*` | IAM |" in markdown
    statements["iam"][0] = iam(["s3:GetObject"], "*")
    whole = report(asked(IMPORT_JOB, source=location("")), **statements)
    assert f"✔ role {ROLE} may s3:ListBucket, s3:GetObject on *" in " ".join(whole.to_text().split())
    assert "| `s3:ListBucket`, `s3:GetObject` on `*` | IAM |" in whole.to_markdown()
    assert f"| role {ROLE} | role {ROLE} | `s3:GetObject` on `*` | IAM |" in whole.to_markdown()


def test_a_row_has_a_statement_by_which_much_is_allowed_once() -> None:
    """Some of its actions are allowed by two statements, and others by one of these."""
    both = [iam(IAM_ACTIONS, KEY, Sid="Two"), iam(["kms:Decrypt"], KEY, Sid="One")]
    (row,) = [
        line for line in report(asked(), key=ON_KEY, iam=both).to_markdown().splitlines() if "of IAM policy" in line
    ]
    assert (row.count("statement One of"), row.count("statement Two of")) == (1, 1)


def test_what_may_be_too_much_is_there() -> None:
    """It is not told like what is needed and may be lacking."""
    account = "arn:aws:iam::${Main.Account?}:root"
    trusting = {**TRUST, "Principal": {"AWS": account}, "Condition": {}}
    found = model(key=ON_KEY, iam=[iam([*IAM_ACTIONS, "kms:*"])], trust=[TRUST, trusting])
    found.open_questions = [OpenQuestion("Main/Job", "it may create resources")]
    lines = compare(found).to_text(width=10_000, quiet=True).splitlines()
    assert [line for line in lines if line.startswith("  ?")] == [
        f"  ? maybe too much: role {ROLE} may kms:* on {KEY} (IAM)",
        f"  ? maybe too much: {account} may sts:AssumeRole on {ROLE} (trust policy)",
        "  ? Main/Job",
    ]


def test_what_a_boundary_refuses_is_told_once() -> None:
    """Not for each column of the pages, nor for each that needs it: one statement mends it all."""
    found = model(asked(), asked(IMPORT_JOB, name="import"), **CLEAN)
    found.roles[ROLE].boundary = policy("boundary", [iam(["s3:*"], "*")])
    text = compare(found).to_text()
    assert text.count("the role's permissions boundary doesn't allow it") == 1
    assert text.count("lacks kms:") == 1
    assert "needed by import (dataset import job), movies (dataset group)" in " ".join(text.split())
    markdown = compare(found).to_markdown()
    assert markdown.count("| permissions boundary |") == 1


def test_markdown_says_what_to_do_about_a_denial() -> None:
    """There is no statement to add."""
    denial = {**role(["kms:Decrypt"]), "Effect": "Deny"}
    markdown = report(key=[*ON_KEY, denial], iam=[iam(IAM_ACTIONS)]).to_markdown()
    assert (
        "| denied by statement number 3 of key policy: change what the reason names: no further statement helps |"
        in markdown
    )


def test_the_graph_has_one_node_for_one_role() -> None:
    """That uses a key, that is passed, and that passes it."""
    found = model(asked(caller_arn=f"{ROLE}2"), **CLEAN)
    found.roles[f"{ROLE}2"] = replace(found.roles[ROLE], arn=f"{ROLE}2", identity=[policy("2", [iam(["iam:*"], "*")])])
    found.names = {ROLE: "Main/Role", f"{ROLE}2": "Main/Caller", KEY: "Main/Key"}
    graph = compare(found).to_markdown().split("```mermaid\n")[1]
    nodes = re.findall(r'^  n\d+\["(.*)"\]$', graph, re.MULTILINE)
    assert sorted(nodes) == ["Personalize", "key Main/Key", "role Main/Caller", "role Main/Role"]


@pytest.mark.parametrize(("number", "length", "is_drawn"), [(500, 1, True), (501, 1, False), (90, 500, False)])
def test_a_graph_that_github_does_not_draw_is_left_out(number: int, length: int, is_drawn: bool) -> None:
    """Of more edges or characters than Mermaid takes by default."""
    one = report(**CLEAN).allowed[0]
    keys = [f"{KEY}{each:03}{'x' * length}" for each in range(number)]
    allowed = tuple(replace(one, policy="key", policy_of=each, resource=each) for each in keys)
    found = AccessReport(allowed=allowed, names={each: each.removeprefix(KEY) for each in keys})
    markdown = found.to_markdown()
    assert ("```mermaid" in markdown) is is_drawn
    assert ("The graph is left out: it is larger than GitHub draws.\n" in markdown) is not is_drawn


def test_the_graph_draws_what_everything_stands_for() -> None:
    """CloudWatch, whose actions take ``*`` alone; of an action that the rows don't know it says no more than ``*``."""
    unknown = matrix.Actions("Notify", ("made-up:Notify",))
    made_up = replace(matrix.METRIC_ATTRIBUTION, role_on_everything=(unknown, matrix.PUBLISH_METRICS))
    markdown = report(asked(made_up), iam=[iam(["cloudwatch:PutMetricData"], "*")]).to_markdown()
    graph = markdown.split("```mermaid\n")[1].split("```")[0]
    nodes = dict(re.findall(r'^  (n\d+)\["(.*)"\]$', graph, re.MULTILINE))
    edges = re.findall(r'^  n\d+ (\S+)\|"(.*)<br/>.*"\| (n\d+)$', graph, re.MULTILINE)
    assert [(arrow, actions, nodes[target]) for arrow, actions, target in edges if "kms" not in actions] == [
        ("-->", "cloudwatch:PutMetricData", "CloudWatch"),
        ("-.->", "missing: made-up:Notify", "*"),
    ]


def test_a_permission_links_to_the_page_that_asks_for_it() -> None:
    """Of a data deletion job's permissions on keys, that is the page on S3; AWS's page on keys doesn't list the job."""
    guide = "https://docs.aws.amazon.com/personalize/latest/dg"
    pages = {
        row.resource: {each.action: each.page for each in report(asked(row, source=location())).missing}
        for row in (IMPORT_JOB, matrix.DATA_DELETION_JOB)
    }
    for actions in pages.values():
        assert actions["s3:GetObject"] == f"{guide}/granting-personalize-s3-access.html"
    assert pages["dataset import job"]["kms:Decrypt"] == f"{guide}/granting-personalize-key-access.html"
    assert pages["data deletion job"]["kms:Decrypt"] == f"{guide}/granting-personalize-s3-access.html"


def test_markdown_keeps_its_tables_whatever_names_are() -> None:
    """A bar, a line break or a quotation mark in a name ends neither a cell nor a label."""
    markdown = report(asked(name='a|b\n"c"')).to_markdown()
    rows = [line for line in markdown.splitlines() if line.startswith("| key")]
    assert rows
    assert {row.replace("\\|", "").count("|") for row in rows} == {8}
    graph = markdown.split("```mermaid\n")[1].split("```")[0]
    assert 'a|b #quot;c#quot; (dataset group)"|' in graph


def test_the_problems_of_merged_reports_are_in_one_order() -> None:
    """Those that read alike too, in the order of a single report: by kind, place and message."""
    problems = [
        Problem(kind, name, because(Cause.NO_ROLE), needed_by=(where,), declared=(declared,))
        for kind in ("trust", "limit")
        for name in ("b", "a")
        for where in ("2", "1")
        for declared in (in_main("y"), in_main("x"))
    ]
    for order in (problems, problems[::-1]):
        both = merged([AccessReport(problems=tuple(order[:8])), AccessReport(problems=tuple(order[8:]))])
        told = [(each.kind, each.needed_by, each.subject, each.declared) for each in both.problems]
        assert told == sorted(told)
        assert len(told) == 16


def test_reports_merge_without_repeating() -> None:
    """Those of the stages of an app."""
    one, other = report(asked(name="movies")), report(asked(name="books"))
    both = merged([one, other, one])
    assert both.asked == ("books (dataset group)", "movies (dataset group)")
    assert len(both.missing) == 2 * len(one.missing)
    assert merged([one]) is one
    assert (merged([]).asked, merged([]).missing) == ((), ())
