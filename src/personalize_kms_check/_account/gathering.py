"""Everything that a dataset group and its jobs have to do with, as the judge's model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from .. import matrix
from .._asked import Asked, Location
from .._model import AccessModel
from .asking import Account
from .deployed_owners import read_bucket, read_key, read_role
from .groups import Group, Jobs, LocationOfJob, PersonalizeJob

T = TypeVar("T")


class AccountReader:
    """Reads keys, roles and buckets, each with the same answer whenever it is asked for."""

    def __init__(self, account: Account, organization: str) -> None:
        self.account = account
        self.organization = organization
        self.key = answering_once(partial(read_key, account))
        self.role = answering_once(partial(read_role, account))
        self.bucket = answering_once(partial(read_bucket, account))


def answering_once(read: Callable[[str], T]) -> Callable[[str], T]:
    """Return a function that keeps the first answer, should two threads ask at one moment."""
    answers: dict[str, T] = {}

    def answer(name: str) -> T:
        return answers[name] if name in answers else answers.setdefault(name, read(name))

    return answer


def gather(reader: AccountReader, group: Group, jobs: Jobs) -> Gathered:
    """Read all keys, roles and buckets that a dataset group and its jobs have to do with."""
    names, organization = {group.arn: group.name}, reader.organization
    gathered = Gathered(reader, group, jobs, AccessModel(names=names, organization=organization))
    gathered.add_group()
    for job in jobs.newest:
        if not gathered.has_no_role(job):
            gathered.add_job(job)
    return gathered


@dataclass
class Gathered:
    """A dataset group with its jobs, and the model of all that they have to do with."""

    reader: AccountReader
    group: Group
    jobs: Jobs
    model: AccessModel

    @property
    def key_of_group(self) -> str | None:
        """The ARN of the dataset group's key, if it has one."""
        return self.group.described.get("kmsKeyArn")

    def has_no_role(self, job: PersonalizeJob) -> bool:
        """Tell if the role of a job doesn't exist any more: the next one will have another."""
        return job.permissions.is_job and not self.reader.role(job.role_arn).exists

    def add_group(self) -> None:
        """Add what the dataset group itself asks for; without a key it asks for nothing."""
        role_arn = self.group.described.get("roleArn")
        if self.key_of_group:
            self._add_key(self.key_of_group)
            if role_arn:
                self._add(self._asked(self.group.name, matrix.DATASET_GROUP, role_arn))

    def add_job(self, job: PersonalizeJob) -> None:
        """Add what a job or a metric attribution asks for."""
        asked = self._asked(job.name, job.permissions, job.role_arn)
        source, destination = self._location(job.source), self._location(job.destination)
        if destination:
            destination = destination._replace(is_folder=True)
        self._add(replace(asked, source=source, destination=destination))

    def _asked(self, name: str, permissions: matrix.Permissions, role_arn: str) -> Asked:
        account = self.reader.account
        return Asked(name, permissions, role_arn, account.id, account.region, self.key_of_group)

    def _add(self, asked: Asked) -> None:
        arn = asked.role_arn
        self.model.names[arn] = arn.partition(":role/")[2]
        self.model.roles[arn] = self.reader.role(arn)
        self.model.asked.append(asked)

    def _location(self, given: LocationOfJob | None) -> Location | None:
        if given is None:
            return None
        key_arn = self._add_key(given.key) if given.key else None
        return Location(self._add_bucket(given.bucket), given.prefix, key_arn)

    def _add_bucket(self, name: str) -> str:
        """Put a bucket into the model, and return its ARN."""
        bucket = self.reader.bucket(name)
        if bucket.arn in self.model.buckets:
            return bucket.arn
        if bucket.key_arn is not None:
            reference = bucket.key_arn
            key = self.reader.key(reference)
            if key.unseen_state and ":alias/" in key.arn:
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
