"""Everything that dataset groups and their jobs have to do with, as the judge's model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

from .._model.model import AWS_MANAGED_KEY, AccessModel, Key
from .._model.report import first_of
from .._model.requests import Location, Request
from .asking import Account, side_by_side
from .deployed_owners import read_bucket, read_key, read_role
from .groups import Group


def gather(
    account: Account, groups: Sequence[Group], organization: str
) -> tuple[AccessModel, set[Request]]:
    """Read all keys, roles and buckets that dataset groups and their jobs have to do with.

    Each is read once. Roles are first: a job whose role is gone needs neither keys nor buckets.
    Also return the requests for jobs that are over: they have worked, or their roles are gone.
    """
    jobs = [job for group in groups for job in group.jobs]
    role_arns = [job.request.role_arn for job in jobs]
    roles = side_by_side(partial(read_role, account), role_arns, "roles")
    requests: list[Request] = []
    over: set[Request] = set()
    locations: list[Location] = []
    for job in jobs:
        request = job.request
        is_without_role = request.permissions.is_job and not roles[request.role_arn].exists
        if is_without_role and job.is_past:
            continue  # the next one is like a newer one
        if is_without_role:
            request = replace(request, dataset_group_key=None, source=None, destination=None)
        if is_without_role or job.has_worked:
            over.add(request)
        requests.append(request)
        locations += request.locations
    bucket_arns = [location.bucket_arn for location in locations]
    buckets = side_by_side(partial(read_bucket, account), bucket_arns, "buckets")
    references = [group.key for group in groups if group.key and group.is_at_work]
    references += [location.key_arn for location in locations if location.key_arn]
    references += [bucket.key_arn for bucket in buckets.values() if bucket.key_arn]
    keys = side_by_side(partial(read_key, account), references, "keys")
    # A job may name a key of AWS by its ARN.
    of_aws = {name: key for name, key in keys.items() if key.arn.endswith(AWS_MANAGED_KEY)}
    names = {arn: arn.partition(":role/")[2] for arn in roles}
    model = AccessModel(
        keys={key.arn: key for key in keys.values()} | of_aws,
        roles=roles,
        buckets=buckets,
        requests=requests,
        without_key=[group.name for group in groups if group.is_at_work and not group.key],
        names=names | {arn: arn.rpartition(":")[2] for arn in buckets},
        organization=organization,
    )
    _name_default_keys(model, keys)
    return model, over


def _name_default_keys(model: AccessModel, keys: Mapping[str, Key]) -> None:
    """Name the default keys of buckets by their ARNs, and in reports with their buckets."""
    names: dict[str, list[str]] = {}
    for bucket in model.buckets.values():
        key = keys.get(bucket.key_arn or "")
        if key and key.unseen_state and ":alias/" in key.arn:
            why = f"its default key is {bucket.key_arn}, and {key.unseen_state}"
            bucket.key_arn, bucket.unseen_encryption = None, why
        elif key:
            bucket.key_arn = key.arn
            names.setdefault(key.arn, []).append(model.label(bucket.arn))
    for arn, of_buckets in names.items():
        use = f"(default key of {first_of(sorted(of_buckets))})"
        model.names[arn] = f"{arn} {use}"
        if model.keys[arn].unseen:
            model.keys[arn].unseen += f" {use}"
