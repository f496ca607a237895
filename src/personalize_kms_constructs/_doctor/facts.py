"""Facts that were read about one dataset group, and the access model that is made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from .. import matrix
from .._access.causes import Cause, because
from .._access.model import AccessModel, Asked, Bucket, Key, Location, Problem, Role
from .._access.values import unknown
from .._access.written import Policy
from .asking import Account
from .buckets import AWS_MANAGED_KEY, BucketFacts, read_bucket
from .groups import Group, Job, Jobs
from .keys import KeyFacts, read_key
from .roles import RoleFacts, read_role

_S3 = "s3://"
# Keys, roles and buckets are read once for the dataset groups that follow each other; more would fill the memory.
_REMEMBERED = 128


class Reader:
    """Reads keys, roles and buckets, and remembers the last ones."""

    def __init__(self, account: Account) -> None:
        remember: Callable[[Any], Any] = lru_cache(_REMEMBERED)
        self.account = account
        self.key: Callable[[str], KeyFacts] = remember(lambda reference: read_key(account, reference))
        self.role: Callable[[str], RoleFacts] = remember(lambda arn: read_role(account, arn))
        self.bucket: Callable[[str], BucketFacts] = remember(lambda name: read_bucket(account, name))


@dataclass
class Facts:
    """Everything that was read about one dataset group."""

    group: Group
    jobs: Jobs
    model: AccessModel = field(default_factory=AccessModel)
    keys: dict[str, KeyFacts] = field(default_factory=dict)
    """By the ARN in the model."""
    roles: dict[str, RoleFacts] = field(default_factory=dict)
    buckets: dict[str, BucketFacts] = field(default_factory=dict)
    """By ARN."""
    labels: dict[str, str] = field(default_factory=dict)
    """The report's name of a job, by its ARN; jobs that need the same are one."""
    failed: list[Job] = field(default_factory=list)


def gather(reader: Reader, group: Group, jobs: Jobs) -> Facts:
    """Read all keys, roles and buckets that a dataset group and its jobs have to do with."""
    facts = Facts(group, jobs, failed=[job for job in jobs.found if job.failure])
    facts.model.unseen = "it couldn't be read"
    facts.model.names[group.arn] = group.name
    _Gathering(reader, facts).all()
    return facts


class _Gathering:
    def __init__(self, reader: Reader, facts: Facts) -> None:
        self._reader = reader
        self._facts = facts
        self._model = facts.model

    def all(self) -> None:
        """Fill the model."""
        group = self._facts.group
        account = self._reader.account
        if group.key_arn and group.role_arn:
            self._add_key(group.key_arn)
            self._add_role(group.role_arn)
            self._model.asked.append(
                Asked(group.name, matrix.DATASET_GROUP, group.role_arn, account.id, account.region, group.key_arn)
            )
        for same in self._alike():
            self._add_job(same)

    def _alike(self) -> list[list[Job]]:
        """The jobs, those together that need the same."""
        found: dict[Any, list[Job]] = {}
        for job in self._facts.jobs.found:
            found.setdefault((job.kind, job.role_arn, job.source, job.destination), []).append(job)
        return list(found.values())

    def _add_job(self, jobs: list[Job]) -> None:
        job = jobs[0]
        name = job.name if len(jobs) == 1 else f"{job.name} and {len(jobs) - 1} more"
        self._facts.labels |= dict.fromkeys((each.arn for each in jobs), f"{name} ({job.kind.permissions.resource})")
        self._add_role(job.role_arn)
        source = self._location(job, job.source) if job.source else None
        destination = self._location(job, job.destination, is_folder=True) if job.destination else None
        for each in dict.fromkeys((source, self._with_default_key(source))):
            self._model.asked.append(
                Asked(
                    name,
                    job.kind.permissions,
                    job.role_arn,
                    self._reader.account.id,
                    self._reader.account.region,
                    self._facts.group.key_arn,
                    each,
                    destination,
                )
            )

    def _with_default_key(self, location: Location | None) -> Location | None:
        """A location as it is for objects that are written without naming a key.

        The key that a job names for its input is not the one that new objects have, if the bucket has another one.
        """
        if location is None or location.key_arn is None:
            return location
        default = self._model.bucket(location.bucket_arn, "").key_arn
        return location if default in (None, location.key_arn) else replace(location, key_arn=None)

    def _location(self, job: Job, place: tuple[str, str | None], *, is_folder: bool = False) -> Location | None:
        path, key = place
        if not path.startswith(_S3):
            label = self._facts.labels[job.arn]
            reason = because(Cause.NO_S3_URI, what="path", given=repr(path))
            page = job.kind.permissions.page
            self._model.problems.append(Problem("configuration", label, reason, page=page, needed_by=(label,)))
            return None
        bucket, _, prefix = path.removeprefix(_S3).partition("/")
        arn = f"arn:{self._reader.account.partition}:s3:::{bucket}"
        self._add_bucket(bucket, arn)
        return Location(arn, prefix, self._add_key(key) if key else None, is_folder)

    def _add_bucket(self, name: str, arn: str) -> None:
        if arn in self._model.buckets:
            return
        found = self._facts.buckets[arn] = self._reader.bucket(name)
        account = self._reader.account
        bucket = self._model.buckets[arn] = Bucket(
            arn,
            account.id if found.is_own or not found.exists else unknown(f"account of {arn}"),
            [] if found.policy is None else [Policy(found.policy, "the bucket policy")],
            unseen=found.unseen,
            unseen_encryption=found.unseen_encryption,
        )
        self._model.names[arn] = name
        if found.key and not self._is_hidden_by_alias(bucket, found.key):
            bucket.key_arn = self._add_key(found.key)

    def _is_hidden_by_alias(self, bucket: Bucket, reference: str) -> bool:
        """Leave open which key a bucket has, if all that can be seen is an alias."""
        if reference.endswith(AWS_MANAGED_KEY):
            return False
        key = self._reader.key(reference)
        if key.exists and key.is_alias:
            bucket.unseen_encryption = f"its default key is {reference}, and {key.unseen_state}"
        return bool(bucket.unseen_encryption)

    def _add_key(self, reference: str) -> str:
        """Put a key into the model, and return its ARN."""
        account = self._reader.account
        of_aws = f"arn:{account.partition}:kms:{account.region}:{account.id}:{AWS_MANAGED_KEY}"
        # It isn't there before S3 needs it for the first time.
        is_alias = reference.endswith(AWS_MANAGED_KEY)
        found = KeyFacts(of_aws, is_aws_managed=True) if is_alias else self._reader.key(reference)
        arn = of_aws if found.is_aws_managed else found.arn
        if arn not in self._model.keys:
            self._facts.keys[arn] = found
            self._model.keys[arn] = Key(
                arn,
                [] if found.policy is None else [Policy(found.policy, "the key policy")],
                unseen=found.unseen,
                spec=found.spec or "SYMMETRIC_DEFAULT",
                usage=found.usage or "ENCRYPT_DECRYPT",
                state=found.state or "Enabled",
            )
        return arn

    def _add_role(self, arn: str) -> None:
        if arn in self._model.roles:
            return
        found = self._facts.roles[arn] = self._reader.role(arn)
        self._model.names[arn] = arn.rpartition("/")[2]
        self._model.roles[arn] = Role(
            arn,
            trust=[] if found.trust is None else [Policy(found.trust, "the trust policy")],
            identity=[Policy(document, name) for name, document in found.policies],
            boundary=Policy(found.boundary[1], found.boundary[0]) if found.boundary else None,
            unseen=found.unseen,
            unseen_trust=found.unseen_trust,
            unseen_boundary=found.unseen_boundary,
            unique_id=found.unique_id,
        )
