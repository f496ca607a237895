"""Everything that dataset groups and their jobs have to do with, as the judge's model."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from .._asked import Asked, Location, OpenQuestion
from .._causes import Cause
from .._model import AccessModel, Bucket, Key
from ..matrix import Permissions
from .asking import Account, side_by_side
from .deployed_owners import read_bucket, read_key, read_role
from .groups import Group, PersonalizeJob


@dataclass(frozen=True)
class Gathered:
    """Dataset groups, and the model of all that they and their jobs have to do with."""

    groups: Sequence[Group]
    model: AccessModel
    worked: Container[Asked]
    """The requests for jobs that did what they were asked for."""
    retired: Sequence[PersonalizeJob]
    """The jobs whose roles don't exist any more: the next ones will have others."""


def gather(
    account: Account, groups: Sequence[Group], unknown: Iterable[Permissions], organization: str
) -> Gathered:
    """Read all keys, roles and buckets that dataset groups and their jobs have to do with.

    Each is read once. Roles are first: a job whose role is gone needs neither keys nor buckets.
    ``unknown`` has the kinds of jobs that the installed boto3 doesn't have.
    """
    jobs = [job for group in groups for job in group.jobs]
    roles = side_by_side(partial(read_role, account), [job.asked.role_arn for job in jobs], "roles")
    at_work: list[PersonalizeJob] = []
    retired: list[PersonalizeJob] = []
    locations: list[Location] = []
    for job in jobs:
        if job.asked.permissions.is_job and not roles[job.asked.role_arn].exists:
            retired.append(job)
        else:
            at_work.append(job)
            locations += job.asked.locations
    bucket_arns = [location.bucket_arn for location in locations]
    buckets = side_by_side(partial(read_bucket, account), bucket_arns, "buckets")
    references = [group.key for group in groups if group.key and group.is_at_work]
    references += [location.key_arn for location in locations if location.key_arn]
    references += [bucket.key_arn for bucket in buckets.values() if bucket.key_arn]
    keys = side_by_side(partial(read_key, account), references, "keys")
    asked = {_with_keys(job.asked, keys): job for job in at_work}
    worked = {request for request, job in asked.items() if job.has_worked}
    names = {request.role_arn: request.role_arn.partition(":role/")[2] for request in asked}
    model = AccessModel(
        keys={key.arn: key for key in keys.values()},
        roles={arn: roles[arn] for arn in names},
        buckets={arn: _with_key(bucket, keys) for arn, bucket in buckets.items()},
        asked=[*asked],
        without_key=[group.name for group in groups if group.is_at_work and not group.key],
        names=names | {arn: arn.rpartition(":")[2] for arn in buckets},
        open_questions=[*_questions(groups, unknown)],
        organization=organization,
    )
    return Gathered(groups, model, worked, retired)


def _with_keys(asked: Asked, keys: Mapping[str, Key]) -> Asked:
    def located(location: Location | None) -> Location | None:
        if location is None or not location.key_arn:
            return location
        return location._replace(key_arn=keys[location.key_arn].arn)

    source, destination = located(asked.source), located(asked.destination)
    own = keys[asked.dataset_group_key].arn if asked.dataset_group_key else None
    return replace(asked, dataset_group_key=own, source=source, destination=destination)


def _questions(groups: Sequence[Group], unknown: Iterable[Permissions]) -> Iterator[OpenQuestion]:
    for row in unknown:
        yield OpenQuestion(f"{row.resource}s", f"List{row.noun}s", cause=Cause.KIND_UNKNOWN)
    for group in groups:
        if group.unseen or group.jobs_unseen:
            cause = Cause.GROUP_UNSEEN if group.unseen else Cause.JOBS_UNSEEN
            yield OpenQuestion(group.label, group.unseen, cause=cause)


def _with_key(bucket: Bucket, keys: Mapping[str, Key]) -> Bucket:
    """Return a bucket with the ARN of its default key, or with the reason why it isn't known."""
    if bucket.key_arn is None:
        return bucket
    key = keys[bucket.key_arn]
    if key.unseen_state and ":alias/" in key.arn:
        why = f"its default key is {bucket.key_arn}, and {key.unseen_state}"
        return replace(bucket, key_arn=None, unseen_encryption=why)
    return replace(bucket, key_arn=key.arn)
