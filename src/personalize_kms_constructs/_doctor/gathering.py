"""Everything that a dataset group and its jobs have to do with, as the judge's model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Any

from .. import matrix
from .._access.causes import Cause, Reason
from .._access.model import AccessModel, Asked, Bucket, Key, Location, Problem, Role
from .asking import Account
from .buckets import read_bucket
from .groups import Group, Jobs, PersonalizeJob
from .keys import is_alias, read_key
from .roles import read_role

_S3 = "s3://"
# Keys, roles and buckets are read once for the dataset groups that follow each other; more would fill the memory.
_REMEMBERED = 128


class AccountReader:
    """Reads keys, roles and buckets, and remembers the last ones."""

    def __init__(self, account: Account) -> None:
        self.account = account
        remember = lru_cache(_REMEMBERED)
        self.key: Callable[[str], Key] = remember(partial(read_key, account))
        self.role: Callable[[str], Role] = remember(partial(read_role, account))
        self.bucket: Callable[[str], Bucket] = remember(partial(read_bucket, account))


def gather(reader: AccountReader, group: Group, jobs: Jobs) -> Gathered:
    """Read all keys, roles and buckets that a dataset group and its jobs have to do with."""
    gathered = Gathered(reader, group, jobs, AccessModel(unseen="it couldn't be read", names={group.arn: group.name}))
    gathered.add_group()
    alike: dict[Any, list[PersonalizeJob]] = {}
    for job in jobs.found:
        alike.setdefault((job.permissions, job.role_arn, job.source, job.destination), []).append(job)
    for found in alike.values():
        gathered.add_jobs(found)
    return gathered


@dataclass
class Gathered:
    """A dataset group with its jobs, and the model of all that they have to do with."""

    reader: AccountReader
    group: Group
    jobs: Jobs
    model: AccessModel
    asked_by: dict[str, Asked] = field(default_factory=dict)
    """What a dataset group or job asks for, by its ARN; jobs that ask for the same share it."""

    def add_group(self) -> None:
        """Add what the dataset group itself asks for; without a key it asks for nothing."""
        group = self.group
        if group.key_arn:
            self._add_key(group.key_arn)
            if group.role_arn:
                self._add(self._asked(group.name, matrix.DATASET_GROUP, group.role_arn), [group.arn])

    def add_jobs(self, jobs: list[PersonalizeJob]) -> None:
        """Add jobs that ask for the same as one."""
        job = jobs[0]
        name = job.name if len(jobs) == 1 else f"{job.name} and {len(jobs) - 1} more"
        asked = self._asked(name, job.permissions, job.role_arn)
        source = self._location(asked, job.source) if job.source else None
        destination = self._location(asked, job.destination, is_folder=True) if job.destination else None
        asked = replace(asked, source=source, destination=destination)
        self._add(asked, [each.arn for each in jobs])

    def _asked(self, name: str, permissions: matrix.Permissions, role_arn: str) -> Asked:
        account = self.reader.account
        return Asked(name, permissions, role_arn, account.id, account.region, self.group.key_arn)

    def _add(self, asked: Asked, by: list[str]) -> None:
        arn = asked.role_arn
        self.model.names[arn] = arn.rpartition("/")[2]
        self.model.roles.setdefault(arn, self.reader.role(arn))
        self.model.asked.append(asked)
        self.asked_by |= dict.fromkeys(by, asked)

    def _location(self, asked: Asked, place: tuple[str, str | None], *, is_folder: bool = False) -> Location | None:
        path, key = place
        if not path.startswith(_S3):
            reason = Reason.of(Cause.NO_S3_URI, what="path", given=repr(path))
            page = asked.permissions.page
            self.model.problems.append(Problem.of("configuration", asked.label, reason, page, [asked]))
            return None
        name, _, prefix = path.removeprefix(_S3).partition("/")
        return Location(self._add_bucket(name), prefix, self._add_key(key) if key else None, is_folder)

    def _add_bucket(self, name: str) -> str:
        """Put a bucket into the model, and return its ARN."""
        bucket = self.reader.bucket(name)
        if bucket.arn in self.model.buckets:
            return bucket.arn
        if bucket.key_arn is not None:
            reference = bucket.key_arn
            key = self.reader.key(reference)
            if key.unseen_state and is_alias(key):
                why = f"its default key is {reference}, and {key.unseen_state}"
                bucket = replace(bucket, key_arn=None, unseen_encryption=why)
            else:
                bucket = replace(bucket, key_arn=self._add_key(reference))
        self.model.buckets[bucket.arn] = bucket
        self.model.names[bucket.arn] = name
        return bucket.arn

    def _add_key(self, reference: str) -> str:
        """Put a key into the model, and return its ARN."""
        key = self.reader.key(reference)
        self.model.keys.setdefault(key.arn, key)
        return key.arn
