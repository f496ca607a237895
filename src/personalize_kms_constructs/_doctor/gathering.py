"""Everything that a dataset group and its jobs have to do with, as the judge's model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial

from .. import matrix
from .._access.causes import Cause, Reason
from .._access.model import AccessModel, Asked, Location, Problem
from .asking import Account, Once
from .groups import Group, Jobs, PersonalizeJob
from .owners import is_alias, read_bucket, read_key, read_role

_S3 = "s3://"


class AccountReader:
    """Reads keys, roles and buckets, each once."""

    def __init__(self, account: Account, organization: str) -> None:
        self.account = account
        self.organization = organization
        self.key = Once(partial(read_key, account))
        self.role = Once(partial(read_role, account))
        self.bucket = Once(partial(read_bucket, account))


def gather(reader: AccountReader, group: Group, jobs: Jobs) -> Gathered:
    """Read all keys, roles and buckets that a dataset group and its jobs have to do with."""
    names, organization = {group.arn: group.name}, reader.organization
    gathered = Gathered(reader, group, jobs, AccessModel(names=names, organization=organization))
    gathered.add_group()
    for job in jobs.newest:
        if job.permissions.is_job and not reader.role(job.role_arn).exists:
            gathered.of_no_role.append(job)  # the next one will have another
        else:
            gathered.add_job(job)
    return gathered


@dataclass
class Gathered:
    """A dataset group with its jobs, and the model of all that they have to do with."""

    reader: AccountReader
    group: Group
    jobs: Jobs
    model: AccessModel
    asked_by: dict[str, Asked] = field(default_factory=dict)
    """What a dataset group or job asks for, by its ARN."""
    of_no_role: list[PersonalizeJob] = field(default_factory=list)
    """The jobs whose role doesn't exist any more, which ask for nothing."""

    def add_group(self) -> None:
        """Add what the dataset group itself asks for; without a key it asks for nothing."""
        group = self.group
        if group.key_arn:
            self._add_key(group.key_arn)
            if group.role_arn:
                self._add(group.arn, self._asked(group.name, matrix.DATASET_GROUP, group.role_arn))

    def add_job(self, job: PersonalizeJob) -> None:
        """Add what a job or a metric attribution asks for."""
        asked = self._asked(job.name, job.permissions, job.role_arn)
        source = self._location(asked, job.source) if job.source else None
        destination = (
            self._location(asked, job.destination, is_folder=True) if job.destination else None
        )
        self._add(job.arn, replace(asked, source=source, destination=destination))

    def _asked(self, name: str, permissions: matrix.Permissions, role_arn: str) -> Asked:
        account = self.reader.account
        return Asked(name, permissions, role_arn, account.id, account.region, self.group.key_arn)

    def _add(self, by: str, asked: Asked) -> None:
        arn = asked.role_arn
        self.model.names[arn] = arn.rpartition("/")[2]
        self.model.roles[arn] = self.reader.role(arn)
        self.model.asked.append(asked)
        self.asked_by[by] = asked

    def _location(
        self, asked: Asked, path_and_key: tuple[str, str | None], *, is_folder: bool = False
    ) -> Location | None:
        path, key = path_and_key
        if not path.startswith(_S3):
            reason = Reason.of(Cause.NO_S3_URI, what="path", given=repr(path))
            page = asked.permissions.page
            self.model.problems.append(
                Problem.of("configuration", asked.label, reason, page, [asked])
            )
            return None
        name, _, prefix = path.removeprefix(_S3).partition("/")
        return Location(
            self._add_bucket(name), prefix, self._add_key(key) if key else None, is_folder
        )

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
