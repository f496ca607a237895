"""Checks of a dataset group, its keys, roles and buckets themselves, whoever may do what with them."""

from __future__ import annotations

from collections.abc import Iterator

from .check import Check, Status
from .facts import Facts


def of_group(facts: Facts, found: list[Check]) -> Iterator[Check]:
    """Yield how a dataset group and its jobs are, and how many of these were looked at."""
    group, jobs = facts.group, facts.jobs
    if group.status == "CREATE FAILED":
        title = f"its creation failed: {group.failure or 'it gave no reason'}"
        yield Check(
            "failure",
            Status.NOTE,
            "dataset group",
            group.arn,
            title,
            because=_today(found, f"{group.name} (dataset group)"),
        )
    elif group.key_arn is None:
        title = f"it is {group.status}, and has no key of yours: AWS's own key encrypts its data"
        yield Check("dataset-group-state", Status.OK, "dataset group", group.arn, title)
    else:
        title = f"it is {group.status}, and has a key and a role"
        yield Check("dataset-group-state", Status.OK, "dataset group", group.arn, title)
    for job in facts.failed:
        title = f"{job.name} ({job.kind.permissions.resource}) failed on {job.when}: {job.failure}"
        yield Check(
            "failure", Status.NOTE, "dataset group", group.arn, title, because=_today(found, facts.labels[job.arn])
        )
    if jobs.unseen:
        title = "not all of its jobs, or of their listings, can be seen"
        because = f"{_count(jobs.unseen, 'answer is', 'answers are')} lacking, see the end"
        yield Check("jobs", Status.UNDECIDED, "dataset group", group.arn, title, because=because)
    looked = _count(len(jobs.found), "job or metric attribution was", "jobs and metric attributions were")
    older = f", {_count(jobs.older, 'older one was', 'older ones were')} not (--jobs)" if jobs.older else ""
    yield Check("jobs", Status.NOTE, "dataset group", group.arn, f"{looked} looked at{older}")


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _today(found: list[Check], label: str) -> str:
    """Return the words for what the policies say today of something that failed."""
    concerned = [each for each in found if label in each.needed_by]
    if any(each.status is Status.FAILED for each in concerned):
        return "what it lacks is below"
    if any(each.status is Status.UNDECIDED for each in concerned):
        return "whether the policies give all that it needs can't be said, see below"
    return "today the policies give all that it needs"


def of_keys(facts: Facts, region: str, found: list[Check]) -> Iterator[Check]:
    """Yield how keys are: their state, grants and rotation."""
    bad = {each.of for each in found if each.name in ("key-state", "key-exists")}
    for arn, key in facts.keys.items():
        if key.unseen_state:
            yield Check(
                "key-state", Status.UNDECIDED, "key", arn, "its state and kind can't be seen", because=key.unseen_state
            )
        elif arn not in bad:
            title = f"it is {key.state}, {key.spec} for {key.usage}, and in {region}"
            yield Check("key-state", Status.OK, "key", arn, title)
        if not key.exists or key.is_aws_managed:
            continue
        count = _count(key.grant_count, "grant", "grants") if key.grant_count else "no grant"
        shown = f": {'; '.join(key.grants)}" if key.grants else ""
        title = f"grants can't be seen: {key.unseen_grants}" if key.unseen_grants else f"{count} for Personalize{shown}"
        because = "which grants it makes, and when, isn't documented, so that this decides nothing"
        yield Check("key-grants", Status.NOTE, "key", arn, title, because="" if key.unseen_grants else because)
        if key.rotates is not None:
            yield Check("key-rotation", Status.NOTE, "key", arn, f"rotation is {'on' if key.rotates else 'off'}")


def of_roles(facts: Facts, found: list[Check]) -> Iterator[Check]:
    """Yield how roles are: what can be seen of them, their trust and their boundary."""
    bad = {each.of for each in found if each.name in ("trust", "trust-policy", "role-exists")}
    for arn, role in facts.roles.items():
        if role.unseen:
            title = "not all of its IAM policies can be seen, and one that can't may deny"
            yield Check("role-policy", Status.UNDECIDED, "role", arn, title, because=role.unseen)
        if arn not in bad:
            yield Check("trust", Status.OK, "role", arn, "Personalize may assume it (trust policy)")
        if (
            role.exists
            and not role.unseen_boundary
            and not any(each.of == arn and each.name == "boundary" for each in found)
        ):
            title = f"{role.boundary[0]} leaves it what it needs" if role.boundary else "it has no permissions boundary"
            yield Check("boundary", Status.OK, "role", arn, title)


def of_buckets(facts: Facts, region: str) -> Iterator[Check]:
    """Yield how buckets are: their Region, encryption and public access."""
    for arn, bucket in facts.buckets.items():
        if not bucket.exists:
            continue
        if bucket.region and bucket.region != region:
            yield Check(
                "bucket-state",
                Status.FAILED,
                "bucket",
                arn,
                f"it is in {bucket.region}, and Personalize works in {region}",
                next_step="use a bucket of that Region",
                page="https://docs.aws.amazon.com/personalize/latest/dg/granting-personalize-s3-access.html",
            )
        elif not facts.model.buckets[arn].unseen_encryption:
            key = facts.model.buckets[arn].key_arn
            where = f"it is in {bucket.region}, " if bucket.region else "it is "
            title = f"{where}encrypted with {key or 'a key of S3, which needs no permission'}"
            yield Check("bucket-encryption", Status.OK, "bucket", arn, title)
        if bucket.blocks_public_access is not None:
            title = "public access is blocked" if bucket.blocks_public_access else "public access isn't blocked"
            because = "" if bucket.blocks_public_access else "Personalize doesn't need it: block it if nobody else does"
            yield Check("public-access", Status.NOTE, "bucket", arn, title, because=because)
