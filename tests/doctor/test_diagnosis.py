"""What can't be made on the embedded AWS: things that are gone, and accounts that others own."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from personalize_kms_constructs import matrix
from personalize_kms_constructs._doctor.buckets import BucketFacts
from personalize_kms_constructs._doctor.check import Check
from personalize_kms_constructs._doctor.diagnosis import diagnose
from personalize_kms_constructs._doctor.facts import gather
from personalize_kms_constructs._doctor.groups import Group, Job, Jobs, Kind
from personalize_kms_constructs._doctor.keys import KeyFacts
from personalize_kms_constructs._doctor.roles import RoleFacts

ACCOUNT, REGION = "111122223333", "eu-west-1"
GROUP = f"arn:aws:personalize:{REGION}:{ACCOUNT}:dataset-group/movies"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/Reader"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
BUCKET_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/9999abcd-12ab-34cd-56ef-1234567890ab"
OTHER_KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/0000abcd-12ab-34cd-56ef-1234567890ab"
BUCKET = "arn:aws:s3:::ratings"
SERVICE = {"Service": "personalize.amazonaws.com"}
BASE_4 = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey", "kms:ListGrants"]
BASE_5 = ["kms:CreateGrant", *BASE_4]


def allow(actions: list[str], principal: Any = None, resource: Any = "*") -> dict[str, Any]:
    found: dict[str, Any] = {"Effect": "Allow", "Action": actions, "Resource": resource}
    return {**found, "Principal": principal} if principal else found


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def key(arn: str = KEY, *statements: dict[str, Any], **more: Any) -> KeyFacts:
    given = statements or (allow(BASE_5, {"AWS": ROLE}), allow(BASE_5, SERVICE))
    kind = {"state": "Enabled", "spec": "SYMMETRIC_DEFAULT", "usage": "ENCRYPT_DECRYPT"}
    return KeyFacts(arn, **{"policy": policy(*given), **kind, **more})


TRUST = policy({"Effect": "Allow", "Principal": SERVICE, "Action": "sts:AssumeRole"})
ROLE_FACTS = RoleFacts(
    ROLE,
    unique_id="AROALIVINGLIVING",
    trust=TRUST,
    policies=(("policy P", policy(allow([*BASE_4, "s3:GetObject", "s3:ListBucket", "s3:PutObject"]))),),
)
OPEN = policy(allow(["s3:GetObject", "s3:ListBucket", "s3:PutObject"], SERVICE, [BUCKET, f"{BUCKET}/*"]))
BUCKET_FACTS = BucketFacts("ratings", is_own=True, region=REGION, policy=OPEN, blocks_public_access=True)
IMPORTED = Job(
    Kind(matrix.DATASET_IMPORT_JOB), "load", f"{GROUP}/load", ROLE, source=("s3://ratings/in/", None), when="2026-11-01"
)


def look(
    *jobs: Job,
    keys: tuple[KeyFacts, ...] = (key(),),
    role: RoleFacts = ROLE_FACTS,
    bucket: BucketFacts = BUCKET_FACTS,
    group: Group | None = None,
) -> list[Check]:
    """The checks of a dataset group about which this was read."""
    known = {each.arn: each for each in keys}
    reader: Any = SimpleNamespace(
        account=SimpleNamespace(id=ACCOUNT, region=REGION, partition="aws"),
        key=lambda reference: known.get(reference) or KeyFacts(reference, exists=False),
        role=lambda arn: role,
        bucket=lambda name: bucket,
    )
    group = group or Group(GROUP, "movies", "ACTIVE", KEY, ROLE)
    return diagnose(gather(reader, group, Jobs(list(jobs))), REGION)


def bad(checks: list[Check]) -> list[tuple[str, str, str]]:
    """The name, status and subject of all checks that are not green."""
    return [(each.name, each.status.value, each.of) for each in checks if each.status.value not in ("ok", "note")]


def test_what_the_others_are_compared_with() -> None:
    """All green."""
    assert bad(look(IMPORTED)) == []


def test_a_dataset_group_without_a_key() -> None:
    """Nothing is asked of any key for it."""
    checks = look(IMPORTED, keys=(), group=Group(GROUP, "movies", "ACTIVE", None, None))
    assert bad(checks) == []
    assert "has no key of yours" in checks[0].title


def test_a_key_that_is_gone() -> None:
    """No statement is proposed for it, and what depends on it isn't told one by one."""
    checks = look(IMPORTED, keys=())
    assert bad(checks) == [("key-exists", "failed", KEY)]
    (check,) = [each for each in checks if each.status.value == "failed"]
    assert check.add == []
    assert check.needed_by == ["load (dataset import job)", "movies (dataset group)"]


def test_a_bucket_that_is_gone() -> None:
    """The same for a bucket."""
    assert bad(look(IMPORTED, bucket=BucketFacts("ratings", exists=False))) == [("bucket-exists", "failed", BUCKET)]


def test_a_bucket_of_another_region() -> None:
    """Personalize takes none."""
    found = look(IMPORTED, bucket=replace(BUCKET_FACTS, region="us-east-1"))
    assert bad(found) == [("bucket-state", "failed", BUCKET)]


def test_a_bucket_whose_owner_shows_nothing() -> None:
    """What Personalize may do there is undecided, and nothing is called missing."""
    why = "s3:GetBucketPolicy isn't allowed to you"
    bucket = BucketFacts("ratings", unseen=why, unseen_encryption="s3:GetEncryptionConfiguration isn't allowed to you")
    checks = look(IMPORTED, bucket=bucket)
    assert {status for _, status, _ in bad(checks)} == {"undecided"}
    assert {of for _, _, of in bad(checks)} == {BUCKET}


def test_a_key_whose_owner_shows_nothing() -> None:
    """A key of another account, or lacking permissions."""
    unseen = key(KEY, policy=None, unseen="kms:GetKeyPolicy isn't allowed to you")
    failed = replace(IMPORTED, failure="Insufficient privileges.")
    checks = look(failed, keys=(unseen,))
    assert {status for _, status, _ in bad(checks)} == {"undecided"}
    steps = {each.next_step for each in checks if each.status.value == "undecided"}
    assert steps == {"allow yourself what is listed at the end, or have somebody look who may"}
    (told,) = [each for each in checks if each.name == "failure"]
    assert told.because == "whether the policies give all that it needs can't be said, see below"


def test_an_id_that_nobody_needs_is_a_warning() -> None:
    """It keeps no role of Personalize's out, but KMS refuses the next change of the policy."""
    statements = (
        allow(BASE_5, {"AWS": ROLE}),
        allow(BASE_5, SERVICE),
        allow(["kms:Encrypt"], {"AWS": "AROADEADDEADDEADDEAD1"}),
    )
    checks = look(IMPORTED, keys=(key(KEY, *statements),))
    assert bad(checks) == [("orphaned-principal", "warning", KEY)]


def test_an_id_of_a_role_that_is_needed() -> None:
    """The statement to put in its place names the role."""
    checks = look(keys=(key(KEY, allow(BASE_5, {"AWS": "AROADEADDEADDEADDEAD1"}), allow(BASE_5, SERVICE)),))
    (check,) = [each for each in checks if each.status.value == "failed"]
    assert (check.name, check.of) == ("orphaned-principal", KEY)
    assert [each.statement for each in check.add] == [allow(BASE_5, {"AWS": ROLE})]


def test_an_id_of_the_role_that_is_gone() -> None:
    """It is told once, by the role."""
    statements = (allow(BASE_5, {"AWS": "AROADEADDEADDEADDEAD1"}), allow(BASE_5, SERVICE))
    checks = look(keys=(key(KEY, *statements),), role=RoleFacts(ROLE, exists=False))
    assert bad(checks) == [("role-exists", "failed", ROLE)]


def test_new_objects_have_another_key_than_the_job_names() -> None:
    """The bucket's default key is asked for too: what is uploaded next is encrypted with it."""
    job = Job(
        Kind(matrix.BATCH_INFERENCE_JOB),
        "recommend",
        f"{GROUP}/recommend",
        ROLE,
        source=("s3://ratings/in/", BUCKET_KEY),
        destination=("s3://ratings/out/", BUCKET_KEY),
    )
    bucket = replace(BUCKET_FACTS, key=OTHER_KEY)
    whole = (key(), key(BUCKET_KEY), key(OTHER_KEY))
    assert bad(look(job, keys=whole, bucket=bucket)) == []
    root = allow(["kms:*"], {"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    role = replace(ROLE_FACTS, policies=(*ROLE_FACTS.policies, ("named", policy(allow(BASE_5, None, BUCKET_KEY)))))
    checks = look(job, keys=(key(), key(BUCKET_KEY), key(OTHER_KEY, root)), bucket=bucket, role=role)
    assert bad(checks) == [("bucket-key", "failed", BUCKET)]
    (check,) = [each for each in checks if each.status.value == "failed"]
    assert check.because == f"the role's policies are about {BUCKET_KEY}"


def test_a_role_of_another_account() -> None:
    """Personalize doesn't take one."""
    role = "arn:aws:iam::444455556666:role/Reader"
    facts = RoleFacts(role, unseen="it is of another account", unseen_trust="it is of another account")
    checks = look(keys=(key(KEY, allow(BASE_5, SERVICE)),), role=facts, group=Group(GROUP, "m", "ACTIVE", KEY, role))
    assert ("role-state", "failed", role) in bad(checks)


def test_a_path_that_is_none() -> None:
    """It is a problem of the job alone."""
    job = replace(IMPORTED, source=("ratings/in/", None))
    (check,) = [each for each in look(job) if each.status.value == "failed"]
    assert (check.name, check.of) == ("configuration", GROUP)
    assert check.title == "load (dataset import job): its path is 'ratings/in/' but an s3:// URI is expected"
    assert check.next_step == "give one, for example s3://bucket/folder/"


def test_failures_are_told_beside_what_the_policies_say_today() -> None:
    """With Personalize's own reason; a failure of the past is no finding."""
    failed = replace(IMPORTED, failure="Insufficient privileges for accessing data in S3.")
    told = [each for each in look(failed) if each.name == "failure"]
    assert [each.title for each in told] == [
        "load (dataset import job) failed on 2026-11-01: Insufficient privileges for accessing data in S3."
    ]
    assert [each.because for each in told] == ["today the policies give all that it needs"]
    (check,) = [each for each in look(failed, bucket=replace(BUCKET_FACTS, policy=None)) if each.name == "failure"]
    assert check.because == "what it lacks is below"
    group = Group(GROUP, "movies", "CREATE FAILED", KEY, ROLE, failure="Insufficient privileges.")
    (check,) = [each for each in look(group=group) if each.name == "failure"]
    assert check.title == "its creation failed: Insufficient privileges."


def test_jobs_that_need_the_same_are_judged_together() -> None:
    """A night a job, the same place each time."""
    jobs = [replace(IMPORTED, name=f"night-{number}") for number in range(3)]
    checks = look(*jobs, bucket=replace(BUCKET_FACTS, policy=None))
    (check,) = [each for each in checks if each.status.value == "failed"]
    assert check.needed_by == ["night-0 and 2 more (dataset import job)"]


def test_an_export_needs_one_action_more_on_the_key_of_the_group() -> None:
    """``GenerateDataKeyWithoutPlaintext``, for the role and for Personalize."""
    job = Job(Kind(matrix.DATASET_EXPORT_JOB), "dump", f"{GROUP}/dump", ROLE, destination=("s3://ratings/out/", None))
    found = [(each.principal, each.actions) for each in look(job) if each.status.value == "failed"]
    missing = ["kms:GenerateDataKeyWithoutPlaintext"]
    assert sorted(found) == [(ROLE, missing), ("personalize.amazonaws.com", missing)]


def test_each_of_several_jobs_that_failed_is_told_what_it_lacks() -> None:
    """They are judged together, and named by the first of them."""
    jobs = [
        replace(IMPORTED, name=f"night-{number}", arn=f"{GROUP}/{number}", failure="Insufficient privileges.")
        for number in range(3)
    ]
    checks = look(
        *jobs, replace(IMPORTED, name="night", arn=f"{GROUP}/night"), bucket=replace(BUCKET_FACTS, policy=None)
    )
    told = {each.title.partition(" ")[0]: each.because for each in checks if each.name == "failure"}
    assert told == dict.fromkeys(("night-0", "night-1", "night-2"), "what it lacks is below")
    other = replace(
        IMPORTED, name="other", arn=f"{GROUP}/other", source=("s3://ratings/other/", None), failure="A line is wrong."
    )
    only = policy(allow(["s3:GetObject", "s3:ListBucket"], SERVICE, [BUCKET, f"{BUCKET}/other/*"]))
    checks = look(*jobs, other, bucket=replace(BUCKET_FACTS, policy=only))
    told = {each.title.partition(" ")[0]: each.because for each in checks if each.name == "failure"}
    assert told["other"] == "today the policies give all that it needs"
    assert told["night-2"] == "what it lacks is below"


def test_the_destination_of_an_export_is_a_folder() -> None:
    """Also if the job's path doesn't end in a slash, as in the check of a template."""
    job = Job(Kind(matrix.DATASET_EXPORT_JOB), "dump", f"{GROUP}/dump", ROLE, destination=("s3://ratings/out", None))
    only = policy(allow(["s3:PutObject", "s3:ListBucket"], SERVICE, [BUCKET, f"{BUCKET}/out/*"]))
    actions = [*BASE_5, "kms:GenerateDataKeyWithoutPlaintext"]
    whole = key(KEY, allow(actions, {"AWS": ROLE}), allow(actions, SERVICE))
    assert bad(look(job, keys=(whole,), bucket=replace(BUCKET_FACTS, policy=only))) == []


def test_a_bucket_that_is_gone_is_all_that_is_told_of_it() -> None:
    """Even where the role has no permission for it either."""
    role = replace(ROLE_FACTS, policies=(("policy P", policy(allow(BASE_4))),))
    found = look(IMPORTED, bucket=BucketFacts("ratings", exists=False), role=role)
    assert bad(found) == [("bucket-exists", "failed", BUCKET)]


def test_what_aws_has_taken_is_no_finding() -> None:
    """A sid that is there twice, and a policy of more characters than AWS takes without being asked."""
    twice = [{"Sid": "Twice", **allow(BASE_5, principal)} for principal in ({"AWS": ROLE}, SERVICE)]
    long = allow(
        ["sqs:SendMessage"], None, [f"arn:aws:sqs:eu-west-1:{ACCOUNT}:queue-{number}" for number in range(300)]
    )
    role = replace(ROLE_FACTS, policies=(*ROLE_FACTS.policies, ("long", policy(long))))
    assert bad(look(IMPORTED, keys=(key(KEY, *twice),), role=role)) == []


@pytest.mark.parametrize(
    ("state", "mend"),
    [
        ("Disabled", "enable it"),
        ("PendingDeletion", "cancel its deletion, and enable it, before everything that it encrypts is lost"),
        ("PendingReplicaDeletion", "cancel its deletion, and enable it, before everything that it encrypts is lost"),
        ("PendingImport", "import its key material"),
        ("Unavailable", "connect its custom key store"),
        ("Creating", "wait until KMS has made it"),
        ("Updating", "wait until KMS has changed its primary Region"),
    ],
)
def test_states_of_keys(state: str, mend: str) -> None:
    """Each has its own remedy."""
    (check,) = [each for each in look(IMPORTED, keys=(key(state=state),)) if each.status.value == "failed"]
    assert (check.name, check.of, check.title, check.next_step) == ("key-state", KEY, f"it is {state}", mend)
    assert check.needed_by == ["load (dataset import job)", "movies (dataset group)"]


def test_a_trust_policy_of_another_service() -> None:
    """It is said of the role under its own heading, and a colon leads to the statement."""
    of_lambda = {**TRUST["Statement"][0], "Principal": {"Service": "lambda.amazonaws.com"}}
    (check,) = [each for each in look(role=replace(ROLE_FACTS, trust=policy(of_lambda))) if each.name == "trust"]
    assert check.title == (
        "it doesn't trust Personalize, which has to assume it (the trust policy has no statement that allows it)"
    )
    assert check.next_step == "let personalize.amazonaws.com do sts:AssumeRole in its trust policy:"
    assert [each.to for each in check.add] == ["the trust policy"]


def test_a_trust_policy_that_denies() -> None:
    """A statement that allows it would change nothing."""
    denial = {**TRUST["Statement"][0], "Effect": "Deny"}
    facts = replace(ROLE_FACTS, trust=policy(*TRUST["Statement"], denial))
    (check,) = [each for each in look(role=facts) if each.name == "trust"]
    assert check.title.endswith("which has to assume it (denied by statement number 2 of the trust policy)")
    assert check.next_step == ("take the denial out of its trust policy, or except personalize.amazonaws.com from it")
    assert check.add == []


def test_an_id_in_a_trust_policy() -> None:
    """Nobody that Personalize needs: IAM refuses the next change of the policy all the same."""
    dead = {"Effect": "Allow", "Principal": {"AWS": "AIDADEADDEADDEADDEAD1"}, "Action": "sts:AssumeRole"}
    role = replace(ROLE_FACTS, trust=policy(*TRUST["Statement"], dead))
    assert bad(look(IMPORTED, role=role)) == [("orphaned-principal", "warning", ROLE)]


def titles(checks: list[Check], of: str) -> list[str]:
    """What is said of a thing."""
    return [each.title for each in checks if each.of == of]


def test_what_is_allowed_beside_what_is_not() -> None:
    """How many of the actions, and all of them only if it is all."""
    found = titles(look(keys=(key(KEY, allow(BASE_5, {"AWS": ROLE}), allow(BASE_5[:4], SERVICE)),)), KEY)
    assert "Personalize may do 4 of 5 needed actions (key policy)" in found
    assert "role Reader may do all that is needed (key policy)" in found


def test_each_reason_is_told_apart() -> None:
    """Two conditions that AWS doesn't document for Personalize."""
    via = {"Condition": {"StringEquals": {"kms:ViaService": "personalize.eu-west-1.amazonaws.com"}}}
    context = {"Condition": {"StringEquals": {"kms:EncryptionContext:app": "movies"}}}
    statements = (
        allow(BASE_5, {"AWS": ROLE}),
        allow(["kms:DescribeKey", "kms:ListGrants"], SERVICE),
        {**allow(["kms:CreateGrant"], SERVICE), **via},
        {**allow(["kms:Decrypt", "kms:GenerateDataKey"], SERVICE), **context},
    )
    checks = [each for each in look(keys=(key(KEY, *statements),)) if each.status.value == "undecided"]
    told = {each.title: each.because for each in checks}
    assert set(told) == {
        "Personalize may have or lack kms:CreateGrant (key policy)",
        "Personalize may have or lack kms:Decrypt, kms:GenerateDataKey (key policy)",
    }
    assert "kms:ViaService" in told["Personalize may have or lack kms:CreateGrant (key policy)"]
    assert all(each.next_step == "" for each in checks)


@pytest.mark.parametrize(
    ("jobs", "answers", "looked"),
    [
        (
            Jobs([IMPORTED], older=1, unseen=1),
            "1 answer is lacking, see the end",
            "1 job or metric attribution was looked at, 1 older one was not (--jobs)",
        ),
        (
            Jobs([IMPORTED, IMPORTED], older=30, unseen=2),
            "2 answers are lacking, see the end",
            "2 jobs and metric attributions were looked at, 30 older ones were not (--jobs)",
        ),
    ],
)
def test_how_many_jobs_were_looked_at(jobs: Jobs, answers: str, looked: str) -> None:
    """And how many were not: for their age, or for lack of a permission."""
    reader: Any = SimpleNamespace(
        account=SimpleNamespace(id=ACCOUNT, region=REGION, partition="aws"),
        key=lambda _: key(),
        role=lambda _: ROLE_FACTS,
        bucket=lambda _: BUCKET_FACTS,
    )
    checks = diagnose(gather(reader, Group(GROUP, "movies", "ACTIVE", KEY, ROLE), jobs), REGION)
    found = {each.title: each.because for each in checks if each.name == "jobs"}
    assert found == {
        "not all of its jobs, or of their listings, can be seen": answers,
        looked: "",
    }
