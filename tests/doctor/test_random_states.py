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
from personalize_kms_constructs._doctor.check import Check
from personalize_kms_constructs._doctor.diagnosis import diagnose
from personalize_kms_constructs._doctor.facts import Facts, gather
from personalize_kms_constructs._doctor.groups import Group, Job, Jobs, Kind
from tests.doctor.test_diagnosis import (
    ACCOUNT,
    BASE_4,
    BASE_5,
    BUCKET,
    BUCKET_FACTS,
    BUCKET_KEY,
    GROUP,
    KEY,
    REGION,
    ROLE,
    ROLE_FACTS,
    SERVICE,
    allow,
    key,
    policy,
)

DEAD = "AROADEADDEADDEADDEAD1"
EXPORTING = "kms:GenerateDataKeyWithoutPlaintext"
ROOT = allow(["kms:*"], {"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
IN, OUT = f"{BUCKET}/in/*", f"{BUCKET}/out/*"
JOBS = (
    Job(Kind(matrix.DATASET_IMPORT_JOB), "load", f"{GROUP}/load", ROLE, source=("s3://ratings/in/", None)),
    Job(Kind(matrix.DATASET_EXPORT_JOB), "dump", f"{GROUP}/dump", ROLE, destination=("s3://ratings/out/", None)),
    Job(
        Kind(matrix.BATCH_INFERENCE_JOB),
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

    def facts(self) -> Facts:
        """What the doctor reads."""
        documents = {name: policy(*statements) for name, statements in self.policies.items()}
        for name in ("bucket", "trust"):
            for each in documents[name]["Statement"]:
                if name == "trust":
                    each.pop("Resource", None)
        boundary = ("permissions boundary limits", policy(*self.boundary)) if self.boundary is not None else None
        keys = {
            KEY: replace(key(KEY), policy=documents["key"]),
            BUCKET_KEY: replace(key(BUCKET_KEY), policy=documents["bucket key"]),
        }
        role = replace(
            ROLE_FACTS, trust=documents["trust"], policies=(("policy P", documents["role"]),), boundary=boundary
        )
        bucket = replace(BUCKET_FACTS, policy=documents["bucket"], key=BUCKET_KEY)
        reader: Any = SimpleNamespace(
            account=SimpleNamespace(id=ACCOUNT, region=REGION, partition="aws"),
            key=keys.__getitem__,
            role=lambda arn: role,
            bucket=lambda name: bucket,
        )
        return gather(reader, Group(GROUP, "movies", "ACTIVE", KEY, ROLE), Jobs(list(JOBS)))


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


def failed(checks: list[Check]) -> list[Check]:
    """The checks that failed."""
    return [each for each in checks if each.status.value == "failed"]


@settings(max_examples=300, deadline=None)
@given(st.lists(edits(), min_size=1, max_size=5))
def test_nothing_that_is_missing_is_lost(drawn: list[Edit]) -> None:
    """Each action that a report has as missing is in a check that failed, and there is no check without a reason."""
    state = State()
    for each in drawn:
        each(state)
    facts = state.facts()
    report = compare(facts.model)
    found = failed(diagnose(facts, REGION))
    told = {(action, resource) for each in found for action in each.actions for resource in each.resources}
    missing = {(each.action, each.resource) for each in report.missing}
    assert missing <= told
    assert {action for action, _ in told} == {action for action, _ in missing}
    assert bool(found) is bool(report.missing or report.problems)
    assert all(each.next_step or each.add for each in found)


@settings(max_examples=300, deadline=None)
@given(st.lists(edits(), min_size=1, max_size=5))
def test_what_is_to_be_added_mends_it(drawn: list[Edit]) -> None:
    """All statements pasted, and those that deny taken out: nothing fails any more."""
    state = State()
    for each in drawn:
        each(state)
    for _ in range(4):
        found = failed(diagnose(state.facts(), REGION))
        if not found:
            return
        for check in found:
            mend(state, check)
    raise AssertionError(found)


def mend(state: State, check: Check) -> None:
    """Do what the check tells to do."""
    owner = {KEY: "key", BUCKET_KEY: "bucket key", BUCKET: "bucket", ROLE: "role"}[check.of]
    if check.name == "denied":
        state.policies[owner] = [each for each in state.policies[owner] if each["Effect"] != "Deny"]
    elif check.name == "orphaned-principal":
        kept = [each for each in state.policies[owner] if each.get("Principal") != {"AWS": DEAD}]
        state.policies[owner] = [*kept, *(each.statement for each in check.add)]
    elif check.name == "boundary":
        state.boundary = [*(state.boundary or []), *(each.statement for each in check.add)]
    elif check.name == "trust":
        state.policies["trust"] += [each.statement for each in check.add]
    else:
        assert check.add
        for each in check.add:
            assert any(word in each.to for word in ("key policy", "bucket policy", "IAM policy"))
            in_iam = "IAM policy" in each.to
            to = "role" if in_iam else owner
            state.policies[to] = [*state.policies[to], each.statement]
