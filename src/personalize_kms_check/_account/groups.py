"""Dataset groups as Personalize describes them, with their jobs and metric attributions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from operator import itemgetter
from typing import Any

from .._model.requests import S3_URI, Location, Request
from ..matrix import DATASET_GROUP, ROWS, WRITE_OBJECTS, Permissions, S3Access
from .asking import Account, DoctorError, member_of, seen

# Roles, keys and buckets of older jobs may have lost what nobody needs any more.
_LOOKED_AT = timedelta(days=90)
_OF_VERSIONS = "SolutionVersionArn"


@dataclass(frozen=True)
class PersonalizeJob:
    """A dataset group, job or metric attribution: what it was asked for, and how it ended."""

    request: Request
    """The request, with keys as it names them."""
    failure: str = ""
    """Personalize's reason, if it failed."""
    created: float = 0
    """The time at which a job was made, in seconds."""
    has_worked: bool = False
    """True for a job that did what it was asked for, with the permissions of its day."""
    is_past: bool = False
    """True for a job after which another one of its kind was made."""


@dataclass(frozen=True)
class Group:
    """A dataset group as Personalize describes it, or the reason why it can't be seen."""

    arn: str
    status: str = ""
    key: str = ""
    """The ARN of its key; empty where it has none."""
    failure: str = ""
    """Personalize's reason, if it couldn't be created."""
    unseen: str = ""
    jobs: tuple[PersonalizeJob, ...] = ()
    """Itself, if it has a key and a role; its newest jobs, and all metric attributions."""
    older: int = 0
    """The number of jobs that weren't looked at."""
    jobs_unseen: bool = False
    """True if a job, or a listing, wasn't answered."""

    @property
    def name(self) -> str:
        return self.arn.rpartition("/")[2]

    @property
    def label(self) -> str:
        return f"{self.name} ({DATASET_GROUP.resource})"

    @property
    def is_at_work(self) -> bool:
        """False if it can't be seen, or is being deleted: it asks for nothing."""
        return not self.unseen and not self.status.startswith("DELETE")


def group_arns(account: Account, wanted: Sequence[str]) -> list[str]:
    """Return the ARNs of dataset groups given by ARN or name, or of all."""
    start = f"arn:{account.partition}:personalize:{account.region}:{account.id}:dataset-group/"
    arns = [name if name.startswith("arn:") else start + name for name in wanted]
    for arn in arns:
        if not arn.startswith(start):
            raise DoctorError(
                f"{arn} isn't a dataset group of account {account.id} and Region {account.region}: "
                "set --profile or --region, or pass another one"
            )
    if wanted:
        return arns
    groups = account.pages("personalize.ListDatasetGroups", "datasetGroups", "*", "datasetGroupArn")
    return sorted([str(group["datasetGroupArn"]) for group in groups])


class GroupReader:
    """Reads dataset groups, each with its newest jobs of each kind, and all metric attributions."""

    def __init__(self, account: Account, newest: int) -> None:
        self._account = account
        self._newest = newest
        self._since = datetime.now(UTC) - _LOOKED_AT
        rows = [row for row in ROWS if row.made_for]
        self.unknown = [row for row in rows if not account.knows(f"personalize.List{row.noun}s")]
        """The kinds of jobs that the installed boto3 doesn't have."""
        self._rows = [row for row in rows if row not in self.unknown]
        # The listings need no version, and a solution that is trained each day has hundreds
        # (https://docs.aws.amazon.com/personalize/latest/dg/API_ListBatchInferenceJobs.html).
        self._of_versions: dict[str, list[Any] | None] = {}
        for row in self._rows:
            if row.made_for == _OF_VERSIONS:
                fields = ("creationDateTime", "solutionVersionArn")
                self._of_versions[row.noun] = self._listed(row.noun, "*", *fields)

    def read(self, arn: str) -> Group | None:
        """Read a dataset group; none if it doesn't exist."""
        described, unseen = self._account.see(
            "personalize.DescribeDatasetGroup", "datasetGroup", arn, datasetGroupArn=arn
        )
        if described is None:
            return Group(arn, unseen=unseen) if unseen else None
        status, key = str(described.get("status") or ""), described.get("kmsKeyArn") or ""
        group = Group(arn, status, key, _failure(described))
        if not group.is_at_work:
            return group
        jobs: list[PersonalizeJob] = []
        if key and described.get("roleArn"):
            own = (described["roleArn"], self._account.id, self._account.region, key)
            jobs.append(PersonalizeJob(Request(group.name, DATASET_GROUP, *own)))
        return self._with_jobs(group, jobs)

    def _with_jobs(self, group: Group, jobs: list[PersonalizeJob]) -> Group:
        datasets = self._listed("Dataset", group.arn, datasetGroupArn=group.arn)
        solutions = self._listed("Solution", group.arn, datasetGroupArn=group.arn)
        made_for = {
            "DatasetGroupArn": [group.arn],
            "DatasetArn": sorted([dataset["datasetArn"] for dataset in datasets or ()]),
            _OF_VERSIONS: sorted([solution["solutionArn"] for solution in solutions or ()]),
        }
        older, unseen = 0, datasets is None or solutions is None
        for row in self._rows:
            newest_first = itemgetter("creationDateTime", f"{_field(row.noun)}Arn")
            for parent in made_for[row.made_for]:
                listed = self._made_for(row, parent)
                chosen = sorted(listed or (), key=newest_first, reverse=True)
                if row.is_job:  # a metric attribution is at work for as long as it exists
                    newest = chosen[: self._newest]
                    chosen = [job for job in newest if job["creationDateTime"] > self._since]
                older += len(listed or ()) - len(chosen)
                unseen |= listed is None
                for summary in chosen:
                    job, why = seen(partial(_read_job, self._account, row, group, summary))
                    unseen |= bool(why)
                    if job:  # otherwise it may be deleted since it was listed
                        is_past = row.is_job and summary is not chosen[0]
                        jobs.append(replace(job, is_past=is_past))
        return replace(group, jobs=tuple(jobs), older=older, jobs_unseen=unseen)

    def _made_for(self, row: Permissions, parent: str) -> list[Any] | None:
        """Return the jobs of a kind that were made for something; none if they can't be seen."""
        if row.made_for != _OF_VERSIONS:
            arguments = {_field(row.made_for): parent}
            return self._listed(row.noun, parent, "creationDateTime", **arguments)
        listed, versions = self._of_versions[row.noun], f"{parent}/"
        return listed and [job for job in listed if job["solutionVersionArn"].startswith(versions)]

    def _listed(self, noun: str, about: str, *fields: str, **arguments: Any) -> list[Any] | None:
        """Return a listing; none if it can't be seen."""
        member, operation = _field(noun), f"personalize.List{noun}s"
        listed, unseen = self._account.see_all(
            operation, f"{member}s", about, f"{member}Arn", *fields, **arguments
        )
        return None if unseen else listed or []


def _read_job(account: Account, row: Permissions, group: Group, summary: Any) -> PersonalizeJob:
    member = _field(row.noun)
    arn = str(summary[f"{member}Arn"])
    operation, arguments = f"personalize.Describe{row.noun}", {f"{member}Arn": arn}
    described = account.ask(operation, member, arn, **arguments)
    role_arn = _member(described, row.role_argument)
    if not role_arn:
        raise account.not_seen(operation, "was answered without a role", arn)
    for access in row.locations():
        path = _member(described, access.path_argument)
        if path is not None and not path.startswith(S3_URI):
            raise account.not_seen(operation, f"was answered with the path {path}", arn)
    name = str(described.get("jobName") or described.get("name") or arn.rpartition("/")[2])
    status = str(described.get("status") or "")
    created = summary["creationDateTime"]
    state = (f"{created:%Y-%m-%d}", status)
    request = Request(
        name,
        row,
        str(role_arn),
        account.id,
        account.region,
        group.key or None,
        source=_location(described, row.source, account.partition),
        destination=_location(described, row.destination, account.partition),
        state=", ".join(filter(None, state)) if row.is_job else "",
    )
    has_worked = row.is_job and status == row.finished
    return PersonalizeJob(request, _failure(described), created.timestamp(), has_worked)


def _location(described: Any, access: S3Access | None, partition: str) -> Location | None:
    path = _member(described, access.path_argument) if access else None
    if access is None or path is None:
        return None
    key = _member(described, access.key_argument) if access.key_argument else None
    is_folder = access.on_objects is WRITE_OBJECTS
    return Location.at(path, partition, key, is_folder=is_folder, is_read=False)


def _failure(described: Any) -> str:
    has_failed = str(described.get("status")).endswith("FAILED")
    return str(described.get("failureReason") or "it gave no reason") if has_failed else ""


def _member(description: Any, argument: str) -> Any:
    """Return an argument of the API's call from a description."""
    return member_of(description, ".".join(map(_field, argument.split(".")))) or None


def _field(name: str) -> str:
    """Return an argument's name as boto3 spells it."""
    return name[0].lower() + name[1:]
