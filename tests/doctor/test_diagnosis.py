"""Causes in an account: what is gone, denied, hidden or named by a dead id, and jobs that failed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from personalize_kms_constructs import matrix
from personalize_kms_constructs._access.model import Bucket, Role
from personalize_kms_constructs._access.values import unknown
from personalize_kms_constructs._doctor.groups import Group, JobKind, Jobs, PersonalizeJob
from tests.doctor.findings import Finding, bad, failed, findings
from tests.doctor.read import (
    ACCOUNT,
    BASE_4,
    BASE_5,
    BUCKET,
    BUCKET_KEY,
    GROUP,
    IMPORTED,
    KEY,
    OTHER_KEY,
    REGION,
    ROLE,
    SERVICE,
    THE_BUCKET,
    THE_GROUP,
    THE_ROLE,
    TRUSTED,
    allow,
    bucket_policy,
    key,
    look,
    policy,
    trust,
)

EXPORTED = PersonalizeJob(
    JobKind(matrix.DATASET_EXPORT_JOB), "dump", f"{GROUP}/dump", ROLE, destination=("s3://ratings/out/", None)
)
EXPORT_6 = [*BASE_5, "kms:GenerateDataKeyWithoutPlaintext"]


def only(found: list[Finding]) -> Finding:
    (finding,) = found
    return finding


def test_what_the_others_are_compared_with() -> None:
    """All green."""
    assert bad(look(IMPORTED)) == []


def test_a_dataset_group_without_a_key() -> None:
    """Nothing is asked of any key for it."""
    report = look(IMPORTED, keys=(), group=Group(GROUP, "movies", "ACTIVE", None, None))
    assert bad(report) == []
    assert report.notes[0] == "it is ACTIVE, and has no key of yours: AWS's own key encrypts its data"


def test_a_dataset_group_whose_role_is_not_told() -> None:
    """The API's model promises none; what its jobs need is judged all the same."""
    assert failed(look(IMPORTED, group=Group(GROUP, "movies", "ACTIVE", KEY, None))) == []


def test_a_key_that_is_gone() -> None:
    """No statement is proposed for it, and what depends on it isn't told one by one."""
    report = look(IMPORTED, keys=())
    assert bad(report) == [("key-absent", "failed", KEY)]
    found = only(failed(report))
    assert (found.add, found.needed_by) == ([], ["load (dataset import job)", "movies (dataset group)"])


def test_a_role_that_is_gone() -> None:
    """It is told once, also where a policy has its id."""
    statements = (allow(BASE_5, {"AWS": "AROADEADDEADDEADDEAD1"}), allow(BASE_5, SERVICE))
    for keys in ((key(),), (key(KEY, *statements),)):
        assert bad(look(IMPORTED, keys=keys, roles=(Role(ROLE, exists=False),))) == [("role-absent", "failed", ROLE)]


def test_a_bucket_that_is_gone() -> None:
    """Even where the role has no permission for it either."""
    role = replace(THE_ROLE, identity=[policy("policy P", allow(BASE_4))])
    report = look(IMPORTED, bucket=Bucket(BUCKET, ACCOUNT, exists=False), roles=(role,))
    assert bad(report) == [("bucket-absent", "failed", BUCKET)]


def test_a_bucket_of_another_region() -> None:
    """Personalize takes none."""
    report = look(IMPORTED, bucket=replace(THE_BUCKET, region="us-east-1"))
    assert bad(report) == [("bucket-region", "failed", BUCKET)]
    assert only(failed(report)).says == [
        f"bucket ratings is in us-east-1, and Personalize works in {REGION}: use a bucket of that Region"
    ]


def test_a_bucket_whose_owner_shows_nothing() -> None:
    """What Personalize may do there is undecided, and nothing is called missing."""
    hidden = "s3:GetEncryptionConfiguration isn't allowed to you"
    why = "s3:GetBucketPolicy isn't allowed to you"
    found = findings(look(IMPORTED, bucket=Bucket(BUCKET, unknown("account"), unseen=why, unseen_encryption=hidden)))
    assert {each.status for each in found} == {"undecided"}
    said = {says for each in found for says in each.says}
    assert f"the bucket policy of {BUCKET} can't be seen: {why}" in said
    assert "whether role and bucket are of one account isn't known" in said
    assert any(hidden in each for each in said)


def test_a_key_whose_owner_shows_nothing() -> None:
    """A key of another account, or lacking permissions."""
    unseen = replace(key(), policies=[], unseen="kms:GetKeyPolicy isn't allowed to you")
    report = look(replace(IMPORTED, failure="Insufficient privileges."), keys=(unseen,))
    assert {each.status for each in findings(report)} == {"undecided"}
    assert report.notes[1] == (
        "load (dataset import job) failed on 2026-11-01: Insufficient privileges. (whether the policies give all that "
        "it needs can't be said, see below)"
    )


def test_a_key_that_cannot_be_described() -> None:
    """Its policy may be seen all the same."""
    report = look(keys=(key(unseen_state="kms:DescribeKey isn't allowed to you"),))
    assert bad(report) == [("key-state-unseen", "undecided", KEY)]
    assert only(findings(report)).needed_by == ["movies (dataset group)"]


def test_an_id_that_nobody_needs_is_a_warning() -> None:
    """It keeps no role of Personalize's out, but KMS refuses the next change of the policy."""
    dead = allow(["kms:Encrypt"], {"AWS": "AROADEADDEADDEADDEAD1"})
    report = look(IMPORTED, keys=(key(KEY, allow(BASE_5, {"AWS": ROLE}), allow(BASE_5, SERVICE), dead),))
    assert bad(report) == [("unused-id", "warning", KEY)]
    assert only(findings(report)).add == []


def test_an_id_of_a_role_that_is_needed() -> None:
    """The statement to put in its place names the role."""
    report = look(keys=(key(KEY, allow(BASE_5, {"AWS": "AROADEADDEADDEADDEAD1"}), allow(BASE_5, SERVICE)),))
    assert bad(report) == [("deleted-principal", "failed", KEY)]
    assert only(failed(report)).statements == [allow(BASE_5, {"AWS": ROLE})]
    assert only(failed(report)).needed_by == ["movies (dataset group)"]


def test_several_ids_of_one_policy() -> None:
    """The statements of one are put in their place, and nothing else of the policy."""
    admin = f"arn:aws:iam::{ACCOUNT}:role/Admin"
    dead = allow(BASE_5, {"AWS": ["AROADEADDEADDEADDEAD1", admin]})
    other = allow(["kms:Encrypt"], {"AWS": "AROADEADDEADDEADDEAD2"})
    found = findings(look(keys=(key(KEY, dead, allow(BASE_5, SERVICE), other),)))
    assert {(each.cause, each.status): each.statements for each in found} == {
        ("deleted-principal", "failed"): [allow(BASE_5, {"AWS": [ROLE, admin]})],
        ("unused-id", "warning"): [],
    }


def test_the_id_of_a_living_role() -> None:
    """It is no orphan."""
    named = allow(["kms:Encrypt"], {"AWS": THE_ROLE.unique_id})
    assert bad(look(keys=(key(KEY, allow(BASE_5, {"AWS": ROLE}), allow(BASE_5, SERVICE), named),))) == []


def test_an_id_in_a_trust_policy() -> None:
    """Nobody that Personalize needs: IAM refuses the next change of the policy all the same."""
    dead = {"Effect": "Allow", "Principal": {"AWS": "AIDADEADDEADDEADDEAD1"}, "Action": "sts:AssumeRole"}
    assert bad(look(IMPORTED, roles=(replace(THE_ROLE, trust=trust(TRUSTED, dead)),))) == [
        ("unused-id", "warning", ROLE)
    ]


def test_new_objects_have_another_key_than_the_job_names() -> None:
    """The bucket's default key is asked for too: what is uploaded next is encrypted with it."""
    job = PersonalizeJob(
        JobKind(matrix.BATCH_INFERENCE_JOB),
        "recommend",
        f"{GROUP}/recommend",
        ROLE,
        source=("s3://ratings/in/", BUCKET_KEY),
        destination=("s3://ratings/out/", BUCKET_KEY),
    )
    bucket = replace(THE_BUCKET, key_arn=OTHER_KEY)
    whole = (key(), key(BUCKET_KEY), key(OTHER_KEY))
    assert bad(look(job, keys=whole, bucket=bucket)) == []
    root = allow(["kms:*"], {"AWS": f"arn:aws:iam::{ACCOUNT}:root"})
    named = policy("named", allow(BASE_5, None, BUCKET_KEY))
    role = replace(THE_ROLE, identity=[*THE_ROLE.identity, named])
    report = look(job, keys=(key(), key(BUCKET_KEY), key(OTHER_KEY, root)), bucket=bucket, roles=(role,))
    assert bad(report) == [("another-default-key", "failed", OTHER_KEY)]


def test_a_role_of_another_account() -> None:
    """Personalize doesn't take one."""
    role = Role("arn:aws:iam::444455556666:role/Reader", unseen="it is of another account")
    report = look(keys=(key(KEY, allow(BASE_5, SERVICE)),), roles=(role,), group=replace(THE_GROUP, role_arn=role.arn))
    assert ("role-of-another-account", "failed", role.arn) in bad(report)


def test_a_path_that_is_none() -> None:
    """It is a problem of the job alone."""
    found = only(failed(look(replace(IMPORTED, source=("ratings/in/", None)))))
    assert (found.cause, found.of) == ("no-s3-uri", "load (dataset import job)")
    assert found.says == [
        "load (dataset import job): its path is 'ratings/in/' but an s3:// URI is expected: give one, for example "
        "s3://bucket/folder/"
    ]


def test_failures_are_told_beside_what_the_policies_say_today() -> None:
    """With Personalize's own reason; a failure of the past is no finding."""
    job = replace(IMPORTED, failure="Insufficient privileges for accessing data in S3.")
    told = "load (dataset import job) failed on 2026-11-01: Insufficient privileges for accessing data in S3."
    assert look(job).notes[1] == f"{told} (today the policies give all that it needs)"
    assert look(job, bucket=replace(THE_BUCKET, policies=[])).notes[1] == f"{told} (what it lacks is below)"
    group = replace(THE_GROUP, status="CREATE FAILED", failure="Insufficient privileges.")
    assert look(group=group).notes[0] == (
        "its creation failed: Insufficient privileges. (today the policies give all that it needs)"
    )


def test_jobs_that_need_the_same_are_judged_together() -> None:
    """A night a job, the same place each time; each that failed is told what it lacks."""
    jobs = [
        replace(IMPORTED, name=f"night-{number}", arn=f"{GROUP}/{number}", failure="Insufficient privileges.")
        for number in range(3)
    ]
    other = replace(
        IMPORTED, name="other", arn=f"{GROUP}/other", source=("s3://ratings/other/", None), failure="A line is wrong."
    )
    known = bucket_policy(allow(["s3:GetObject", "s3:ListBucket"], SERVICE, [BUCKET, f"{BUCKET}/other/*"]))
    report = look(*jobs, other, bucket=replace(THE_BUCKET, policies=known))
    assert only(failed(report)).needed_by == ["night-0 and 2 more (dataset import job)"]
    assert [(note.split()[0], note.partition(". (")[2]) for note in report.notes[1:5]] == [
        ("night-0", "what it lacks is below)"),
        ("night-1", "what it lacks is below)"),
        ("night-2", "what it lacks is below)"),
        ("other", "today the policies give all that it needs)"),
    ]


def test_an_export_needs_one_action_more_on_the_key_of_the_group() -> None:
    """``GenerateDataKeyWithoutPlaintext``, for the role and for Personalize."""
    found = only(failed(look(EXPORTED)))
    assert (found.of, found.actions) == (KEY, ["kms:GenerateDataKeyWithoutPlaintext"])
    assert found.principals == [ROLE, "personalize.amazonaws.com"]


def test_the_destination_of_an_export_is_a_folder() -> None:
    """Also if the job's path doesn't end in a slash, as in the check of a template."""
    job = replace(EXPORTED, destination=("s3://ratings/out", None))
    known = bucket_policy(allow(["s3:PutObject", "s3:ListBucket"], SERVICE, [BUCKET, f"{BUCKET}/out/*"]))
    whole = key(KEY, allow(EXPORT_6, {"AWS": ROLE}), allow(EXPORT_6, SERVICE))
    assert bad(look(job, keys=(whole,), bucket=replace(THE_BUCKET, policies=known))) == []


def test_jobs_with_other_destinations() -> None:
    """The bucket policy knows one of the folders."""
    known = bucket_policy(allow(["s3:PutObject", "s3:ListBucket"], SERVICE, [BUCKET, f"{BUCKET}/out/*"]))
    whole = key(KEY, allow(EXPORT_6, {"AWS": ROLE}), allow(EXPORT_6, SERVICE))
    other = replace(EXPORTED, name="other", arn=f"{GROUP}/other", destination=("s3://ratings/elsewhere/", None))
    found = only(failed(look(EXPORTED, other, keys=(whole,), bucket=replace(THE_BUCKET, policies=known))))
    assert (found.resources, found.needed_by) == ([f"{BUCKET}/elsewhere/*"], ["other (dataset export job)"])


def test_jobs_with_other_roles() -> None:
    """The second one has no permission at all."""
    writer = replace(THE_ROLE, arn=f"arn:aws:iam::{ACCOUNT}:role/Writer", identity=[], unique_id="AROAWRITERWRITER")
    other = replace(IMPORTED, name="other", arn=f"{GROUP}/other", role_arn=writer.arn)
    found = failed(look(IMPORTED, other, roles=(THE_ROLE, writer)))
    assert {who for each in found for who in each.principals} == {writer.arn}
    assert {each.of for each in found} == {writer.arn, KEY}
    assert {by for each in found for by in each.needed_by} == {"other (dataset import job)"}


def test_what_aws_has_taken_is_no_finding() -> None:
    """A sid that is there twice, and a policy of more characters than AWS takes without being asked."""
    twice = [{"Sid": "Twice", **allow(BASE_5, principal)} for principal in ({"AWS": ROLE}, SERVICE)]
    queues = [f"arn:aws:sqs:eu-west-1:{ACCOUNT}:queue-{number}" for number in range(300)]
    long = policy("long", allow(["sqs:SendMessage"], None, queues))
    role = replace(THE_ROLE, identity=[*THE_ROLE.identity, long])
    assert bad(look(IMPORTED, keys=(key(KEY, *twice),), roles=(role,))) == []


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
    found = only(failed(look(IMPORTED, keys=(key(state=state),))))
    assert (found.cause, found.of, found.says) == ("key-state", KEY, [f"key {KEY} is {state}: {mend}"])
    assert found.needed_by == ["load (dataset import job)", "movies (dataset group)"]


def test_a_trust_policy_of_another_service() -> None:
    """The statement to add comes with it."""
    of_lambda = {**TRUSTED, "Principal": {"Service": "lambda.amazonaws.com"}}
    found = only(failed(look(roles=(replace(THE_ROLE, trust=trust(of_lambda)),))))
    assert found.says == [
        "Reader doesn't trust Personalize, which has to assume it (the trust policy has no statement that allows it): "
        "let personalize.amazonaws.com do sts:AssumeRole in its trust policy"
    ]
    assert [each["Action"] for each in found.statements] == ["sts:AssumeRole"]


def test_a_trust_policy_that_denies() -> None:
    """A statement that allows it would change nothing."""
    found = only(failed(look(roles=(replace(THE_ROLE, trust=trust(TRUSTED, {**TRUSTED, "Effect": "Deny"})),))))
    assert found.says == [
        "Reader doesn't trust Personalize, which has to assume it (denied by statement number 2 of the trust policy): "
        "take the denial out of its trust policy, or except personalize.amazonaws.com from it"
    ]
    assert found.add == []


def test_a_trust_policy_that_cannot_be_seen() -> None:
    """It is undecided."""
    role = replace(THE_ROLE, trust=[], unseen_trust="iam:GetRole isn't allowed to you")
    report = look(roles=(role,))
    assert bad(report) == [("open", "undecided", ROLE)]
    assert "role Reader: Personalize may assume it" not in report.notes
    assert "role Reader: Personalize may assume it" in look().notes


def test_policies_of_a_role_that_cannot_be_seen() -> None:
    """One of them may deny what the others allow."""
    report = look(roles=(replace(THE_ROLE, unseen="iam:ListRolePolicies isn't allowed to you"),))
    assert bad(report) == [("may-be-denied-unseen", "undecided", ROLE)]
    assert only(findings(report)).says == [
        "not all of its IAM policies can be seen, and one that can't may deny: iam:ListRolePolicies isn't allowed to "
        "you"
    ]


def test_the_boundary_of_a_role() -> None:
    """One that leaves all that is needed, and one that doesn't."""
    wide = replace(THE_ROLE, boundary=policy("permissions boundary limits", allow(["*"])))
    assert bad(look(roles=(wide,))) == []
    narrow = replace(THE_ROLE, boundary=policy("permissions boundary limits", allow(BASE_5[:4])))
    found = only(failed(look(roles=(narrow,))))
    assert (found.cause, found.of, found.actions) == ("boundary", ROLE, ["kms:ListGrants"])
    assert found.add == [("boundary", {"Effect": "Allow", "Action": ["kms:ListGrants"], "Resource": KEY})]


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
    report = look(keys=(key(KEY, *statements),))
    assert {
        (each.action, "ViaService" in each.because, "Context:app" in each.because) for each in report.undecided
    } == {
        ("kms:CreateGrant", True, False),
        ("kms:Decrypt", False, True),
        ("kms:GenerateDataKey", False, True),
    }
    assert "personalize-kms doctor" not in report.to_text()


@pytest.mark.parametrize(
    ("jobs", "number", "looked"),
    [
        (Jobs([IMPORTED], older=1, unseen=1), 1, "1 job or metric attribution was looked at, 1 older one was not"),
        (
            Jobs([IMPORTED, IMPORTED], older=30, unseen=2),
            2,
            "2 jobs and metric attributions were looked at, 30 older ones were not",
        ),
    ],
)
def test_how_many_jobs_were_looked_at(jobs: Jobs, number: int, looked: str) -> None:
    """And how many were not: for their age, or for lack of a permission."""
    report = look(of_jobs=jobs)
    assert report.notes[1] == f"{looked} (--jobs)"
    assert only(findings(report)).says == [
        f"not all of its jobs, or of their listings, can be seen: {number} not answered"
    ]
