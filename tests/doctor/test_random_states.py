"""Several faults at once, drawn at random: nothing that is missing is lost, and what is to be added mends it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from personalize_kms_constructs import matrix
from personalize_kms_constructs._access.comparison import compare
from personalize_kms_constructs._access.model import Key
from personalize_kms_constructs._doctor.diagnosis import diagnose
from personalize_kms_constructs._doctor.gathering import Gathered, gather
from personalize_kms_constructs._doctor.groups import JobKind, Jobs, PersonalizeJob
from tests.doctor.findings import Finding, failed
from tests.doctor.read import (
    ACCOUNT,
    BASE_4,
    BASE_5,
    BUCKET,
    BUCKET_KEY,
    GROUP,
    KEY,
    REGION,
    ROLE,
    SERVICE,
    THE_BUCKET,
    THE_GROUP,
    THE_ROLE,
    allow,
    policy,
)

DEAD = "AROADEADDEADDEADDEAD1"
EXPORTING = "kms:GenerateDataKeyWithoutPlaintext"
ROOT = allow(["kms:*"], {"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
IN, OUT = f"{BUCKET}/in/*", f"{BUCKET}/out/*"
JOBS = (
    PersonalizeJob(
        JobKind(matrix.DATASET_IMPORT_JOB), "load", f"{GROUP}/load", ROLE, source=("s3://ratings/in/", None)
    ),
    PersonalizeJob(
        JobKind(matrix.DATASET_EXPORT_JOB), "dump", f"{GROUP}/dump", ROLE, destination=("s3://ratings/out/", None)
    ),
    PersonalizeJob(
        JobKind(matrix.BATCH_INFERENCE_JOB),
        "guess",
        f"{GROUP}/guess",
        ROLE,
        ("s3://ratings/in/", None),
        ("s3://ratings/out/", BUCKET_KEY),
    ),
)

Statements = list[dict[str, Any]]


@dataclass
class State:
    """What is deployed: by the name of the policy, its statements."""

    policies: dict[str, Statements] = field(
        default_factory=lambda: copy.deepcopy(
            {
                "key": [
                    allow([*BASE_5, EXPORTING], {"AWS": ROLE}),
                    allow([*BASE_5, EXPORTING], SERVICE),
                ],
                "bucket key": [allow(BASE_5, {"AWS": ROLE}), allow(BASE_5, SERVICE)],
                "bucket": [
                    allow(["s3:GetObject"], SERVICE, IN),
                    allow(["s3:PutObject"], SERVICE, OUT),
                    allow(["s3:ListBucket"], SERVICE, BUCKET),
                ],
                "role": [
                    allow(BASE_4, None, [KEY, BUCKET_KEY]),
                    allow(["s3:GetObject"], None, IN),
                    allow(["s3:PutObject"], None, OUT),
                    allow(["s3:ListBucket"], None, BUCKET),
                ],
                "trust": [allow(["sts:AssumeRole"], SERVICE)],
            }
        )
    )
    boundary: Statements | None = None

    def gathered(self) -> Gathered:
        """What the doctor reads."""
        for each in self.policies["trust"]:
            each.pop("Resource", None)
        of = {name: [policy(f"the {name} policy", *statements)] for name, statements in self.policies.items()}
        keys = {KEY: Key(KEY, of["key"]), BUCKET_KEY: Key(BUCKET_KEY, of["bucket key"])}
        boundary = None if self.boundary is None else policy("permissions boundary limits", *self.boundary)
        role = replace(THE_ROLE, trust=of["trust"], identity=of["role"], boundary=boundary)
        bucket = replace(THE_BUCKET, policies=of["bucket"], key_arn=BUCKET_KEY)
        reader: Any = SimpleNamespace(
            account=SimpleNamespace(id=ACCOUNT, region=REGION, partition="aws"),
            key=keys.__getitem__,
            role=lambda arn: role,
            bucket=lambda name: bucket,
        )
        return gather(reader, THE_GROUP, Jobs(list(JOBS)))


Edit = Callable[[State], None]


@st.composite
def edits(draw: st.DrawFn) -> Edit:
    """Return something that somebody may do to a policy."""
    kind = draw(
        st.sampled_from(
            [
                "action",
                "statement",
                "deny",
                "boundary",
                "dead",
                "root",
                "trust",
                "not action",
                "not principal",
                "unknown",
            ]
        )
    )
    name = draw(st.sampled_from(["key", "bucket key", "bucket", "role"]))
    number = draw(st.integers(0, 5))
    actions = {"bucket": ["s3:GetObject", "s3:PutObject", "s3:ListBucket"]}.get(name, [*BASE_5, EXPORTING])
    action = draw(st.sampled_from(actions))
    who = draw(st.sampled_from([SERVICE, {"AWS": ROLE}, "*"]))

    def edit(state: State) -> None:
        statements = state.policies[name]
        if kind == "boundary":
            allowed = {"Effect": "Allow", "NotAction": [action], "Resource": "*"}
            state.boundary = [allowed]
        elif kind == "trust":
            state.policies["trust"] = [allow(["sts:AssumeRole"], {"Service": "lambda.amazonaws.com"})]
        elif kind == "root" and name != "role":
            statements.append(ROOT)
        elif kind == "deny":
            principal = {} if name == "role" else {"Principal": who}
            resource = [BUCKET, f"{BUCKET}/*"] if name == "bucket" else "*"
            statements.append({"Sid": "No", "Effect": "Deny", "Action": [action], "Resource": resource, **principal})
        elif kind == "not principal" and name != "role":
            others = {"AWS": [f"arn:aws:iam::{ACCOUNT}:root", f"arn:aws:iam::{ACCOUNT}:role/Admin"]}
            resource = [BUCKET, f"{BUCKET}/*"] if name == "bucket" else "*"
            statements.append({"Effect": "Deny", "NotPrincipal": others, "Action": [action], "Resource": resource})
        elif not statements:
            return
        elif kind == "unknown":
            condition = {"StringEquals": {"kms:ViaService": f"personalize.{REGION}.amazonaws.com"}}
            statements[number % len(statements)]["Condition"] = condition
        elif kind == "statement":
            statements.pop(number % len(statements))
        elif kind == "action":
            each = statements[number % len(statements)]
            left = [other for other in each.get("Action", []) if other != action]
            if "Action" in each and left:
                each["Action"] = left
        elif kind == "not action" and name != "role":
            statements[number % len(statements)] = {
                "Effect": "Allow",
                "Principal": SERVICE,
                "NotAction": [action],
                "Resource": [BUCKET, f"{BUCKET}/*"] if name == "bucket" else "*",
            }
        elif kind == "dead" and name in ("key", "bucket key"):
            for each in statements:
                if each.get("Principal") == {"AWS": ROLE}:
                    each["Principal"] = {"AWS": DEAD}

    return edit


@settings(max_examples=300, deadline=None)
@given(st.lists(edits(), min_size=1, max_size=5))
def test_nothing_that_is_missing_is_lost(drawn: list[Edit]) -> None:
    """Each action that the judge has as missing is in the report, or in a statement with the id of a deleted role."""
    state = State()
    for each in drawn:
        each(state)
    gathered = state.gathered()
    judged = compare(gathered.model)
    found = failed(diagnose(gathered))
    told = {action for each in found for action in each.actions}
    told |= {action for each in found if each.cause == "deleted-principal" for action in actions_of(each)}
    missing = {each.action for each in judged.missing}
    assert missing <= told
    assert {action for each in found for action in each.actions} <= missing
    assert bool(found) is bool(judged.missing or judged.problems)
    assert all(each.says for each in found)


@settings(max_examples=300, deadline=None)
@given(st.lists(edits(), min_size=1, max_size=5))
def test_what_is_to_be_added_mends_it(drawn: list[Edit]) -> None:
    """All statements pasted, and those that deny taken out: nothing fails any more."""
    state = State()
    for each in drawn:
        each(state)
    for _ in range(5):
        found = failed(diagnose(state.gathered()))
        if not found:
            return
        for finding in found:
            mend(state, finding)
    raise AssertionError(found)


def actions_of(finding: Finding) -> list[str]:
    return [action for each in finding.statements for action in each.get("Action", [])]


def mend(state: State, finding: Finding) -> None:
    """Do what the finding tells to do."""
    owner = {KEY: "key", BUCKET_KEY: "bucket key", BUCKET: "bucket", ROLE: "role"}[finding.of]
    if finding.cause == "denied":
        for name, statements in state.policies.items():
            if any(f"the {name} policy" in says for says in finding.says):
                state.policies[name] = [each for each in statements if each["Effect"] != "Deny"]
    elif finding.cause == "deleted-principal":
        kept = [each for each in state.policies[owner] if each.get("Principal") != {"AWS": DEAD}]
        state.policies[owner] = [*kept, *finding.statements]
    elif finding.cause == "boundary":
        state.boundary = [*(state.boundary or []), *finding.statements]
    elif finding.cause == "not-trusted":
        state.policies["trust"] += finding.statements
    else:
        assert finding.add
        for to, statement in finding.add:
            assert to == ("role" if finding.of == ROLE else "bucket" if finding.of == BUCKET else "key")
            state.policies[owner] = [*state.policies[owner], statement]
